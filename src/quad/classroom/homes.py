"""Where the classroom is at home: each class by itself, by its number."""

import re
import secrets
from typing import Final, Protocol

from quad.classroom.model import ROOM_NUMBERS
from quad.cluster.routes import Route, Routes

SYSTEM: Final = "classroom"
KIND: Final = "class"

_PAGE: Final = re.compile(r"/(?:roomstats/(\d{1,9})(?:/.*)?|classes/(\d{1,9})/history/.*)$")


def key_of(room: int) -> str:
    """The key of a class."""
    return f"{KIND}/{room}"


def room_of(key: str) -> int:
    """The number of the class that has this key."""
    return int(key.partition("/")[2])


def key_of_path(path: str) -> str | None:
    """The key of the class that a request is about."""
    found = _PAGE.match(path)
    return None if found is None else key_of(int(found[1] or found[2]))


class _OfRoom(Protocol):
    room_id: int


def _of_room(request: _OfRoom) -> str:
    return key_of(request.room_id)


_ENTERING: Final = Route(SYSTEM, entering=_of_room)
_SEATED: Final = Route(SYSTEM)
# At its home, whatever the key, it gets a number that is at home there.
_OPENING: Final = Route(SYSTEM, opening=lambda: key_of(secrets.choice(ROOM_NUMBERS)))

ROUTES: Final[Routes] = {
    **dict.fromkeys(("room/join", "room/rejoin", "room/rehost"), _ENTERING),
    # A class is made where its teacher is connected, unless they have one already.
    "room/create": _OPENING,
    **dict.fromkeys(
        (
            "checks/report",
            "door/set",
            "error/from_client",
            "exercise",
            "exercise/feedback",
            "exercise/reset",
            "help/ask",
            "help/cancel",
            "help/done",
            "help/pause",
            "help/take",
            "message/to_client",
            "message/to_mentor",
            "message/user",
            "notice/send",
            "room/close",
            "room/kill",
            "room/leave",
            "room/pass",
            "rules/set",
            "run/report",
            "settings",
            "sharing/code_send",
            "sharing/code_update",
            "sharing/end",
            "sharing/left_out",
            "sharing/start",
            "signal",
            "steps/all",
            "steps/import",
            "steps/status/to_client",
            "steps/status/to_mentor",
            "steps/table",
            "tasks/report",
            "tasks/reveal",
            "tasks/review",
            "tasks/set",
        ),
        _SEATED,
    ),
}
"""Where each of its events belongs. Those that are about a teacher's key are at home nowhere: the
database has all that they ask for."""
