"""The shape of every payload an original client may get: these keys, no others, these types."""

import re
from collections.abc import Callable
from typing import Any

from tests.clients.real import RealClient

Check = Callable[[Any], bool]

_STATUSES = {"NONE", "IN_PROGRESS", "HELP", "DONE", "ACCEPTED"}
_LAST_INT = 2**31 - 1


def _is_id(value: Any) -> bool:
    # The plugin parses ids with getInt: a JSON integer of 32 bits.
    return type(value) is int and 0 < value <= _LAST_INT


def _is_room(value: Any) -> bool:
    return type(value) is int and 100_000 <= value <= 999_999


def _is_text(value: Any) -> bool:
    return type(value) is str


def _is_bool(value: Any) -> bool:
    return type(value) is bool


def _is_steps(value: Any) -> bool:
    return type(value) is dict and all(
        re.fullmatch(r"theory|[1-9]|1[0-6]", name) and status in _STATUSES
        for name, status in value.items()
    )


def _is_clock(value: Any) -> bool:
    return bool(re.fullmatch(r"[0-2]\d:[0-5]\d:[0-5]\d", value))


def _among(*values: Any) -> Check:
    return lambda value: value in values


def _shape(**keys: Check) -> Check:
    return lambda value: (
        type(value) is dict
        and value.keys() == keys.keys()
        and all(check(value[key]) for key, check in keys.items())
    )


def _list_of(check: Check) -> Check:
    return lambda value: type(value) is list and all(map(check, value))


_USER = _shape(
    id=_is_id,
    sid=_is_text,
    room=_is_room,
    name=_is_text,
    role=_among("host", "client"),
    steps=_is_steps,
)
_MESSAGE = _shape(
    sender=_is_id,
    receiver=_is_id,
    content=_is_text,
    status=_among(None),
    created_at=_is_clock,
)
_STEP = _shape(
    name=_is_text,
    content=_is_text,
    language=_among("html"),
    type=_among("exercise", "theory"),
)
_FILE = _shape(
    filename=_is_text,
    status=_among("CREATED", "CHANGED", "UPDATED", "REMOVED"),
    content=_is_text,
)
_NOTE = _shape(message=_is_text)
_ALERT = _shape(message=_is_text, type=_among("INFO", "SUCCESS", "WARNING", "ERROR"))
_CODE = _shape(room_id=_is_room, files=_list_of(_FILE), user_id=_is_id)
_STATUS = _shape(user_id=_is_id, steps=_is_steps)
_NOTHING = _shape()

PAYLOADS: dict[str, Check] = {
    "room/update": _shape(id=_is_room, host=_is_id, users=_list_of(_USER)),
    "room/join": _shape(user_id=_is_id, room_id=_is_room),
    "room/closed": _NOTE,
    "message": _NOTE,
    "message/to_client": _MESSAGE,
    "message/to_mentor": _MESSAGE,
    "message/user": _shape(user_id=_is_id, messages=_list_of(_MESSAGE)),
    "alerts": _ALERT,
    "alert": _ALERT,
    "error": _shape(message=_is_text, event=_is_text, code=_is_text),
    "settings": _shape(
        names=_list_of(_is_text), dirs=_list_of(_is_text), extensions=_list_of(_is_text)
    ),
    "sharing/start": _NOTHING,
    "sharing/end": _NOTHING,
    "sharing/code_send": _CODE,
    "sharing/code_update": _CODE,
    "steps/all": _list_of(_STEP),
    "steps/load": _list_of(_STEP),
    "steps/table": _list_of(_STATUS),
    "steps/status/to_mentor": _STATUS,
    "steps/status/to_client": _is_steps,
    "signal": _shape(user_id=_is_id, value=_among("NONE", "IN_PROGRESS", "HELP", "DONE")),
    "exercise": _shape(content=_is_text),
    "exercise/feedback": _shape(accepted=_is_bool),
    "exercise/reset": _NOTHING,
}


def check_payloads(*clients: RealClient) -> None:
    """Everything that these original clients ever got has exactly its contract's shape."""
    for client in clients:
        for received in client.events:
            assert len(received.args) == 1, f"{client.label}: {received}"
            check = PAYLOADS.get(received.event)
            assert check is not None, f"{client.label}: no contract for {received}"
            assert check(received.args[0]), f"{client.label}: not as in the contract: {received}"
