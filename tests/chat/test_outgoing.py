"""Every frame of the chat, which is built by hand, has the shape that is declared."""

import shutil
from pathlib import Path
from typing import Any, Union

import msgspec

from quad.chat.outgoing import OUTGOING, ChatError, ShownChat
from quad.settings import ChatSettings
from tests.chat.phones import Phone, Station, open_chat
from tests.outgoing import check_outgoing

Frame = dict[str, Any]

CHAT = "team"
FRAME = Union[OUTGOING]  # type: ignore[valid-type]  # noqa: UP007 - a tuple
NEWER = frozenset({"id", "key", "token", "operation", "code"})
"""The keys that original phones are not told."""
ASKED = frozenset({"history", "token"})
"""The frames that only current phones ask for."""


async def test_a_current_phone_is_told_every_declared_frame_and_no_other(station: Station) -> None:
    heard = await _evening(station, protocol=2)
    for frame in heard:
        check_outgoing(frame, FRAME)
    assert {frame["type"] for frame in heard} == {kind.__struct_config__.tag for kind in OUTGOING}


async def test_an_original_phone_is_told_the_same_with_chats_for_names_and_no_newer_keys(
    empty_database: Path, tmp_path: Path
) -> None:
    heard = []
    for protocol in (1, 2):
        database = Path(shutil.copy(empty_database, tmp_path / f"{protocol}.sqlite3"))
        async with open_chat(database) as station:
            heard.append(await _evening(station, protocol=protocol))
    original, current = heard
    told = [frame for frame in current if frame["type"] not in ASKED]
    assert _timeless(_named(original)) == _timeless(_named(_older(told)))
    for frame in original:
        if frame["type"] not in ("state", "error"):
            msgspec.convert(frame["chat"], ShownChat)


async def test_errors_with_details_are_declared(database: Path) -> None:
    settings = ChatSettings(
        text_limit_bytes=5, wrong_tokens_per_minute_per_address=1, wrong_tokens_burst=1
    )
    async with open_chat(database, settings) as station:
        ann = await station.phone("111", protocol=2)
        await ann.create(CHAT)
        await ann.send(CHAT, "Far too long")
        stranger = await station.connect("111")
        guess = {"user": {"name": "Eve", "phone": "111"}, "protocol": 2, "token": "guess"}
        await stranger.say("register", **guess)
        await stranger.say("register", **guess)
        errors = [await ann.hear(), await stranger.hear(), await stranger.hear()]
    for error in errors:
        check_outgoing(error, ChatError)
    assert [error.keys() & {"limit", "retry_after_s"} for error in errors] == [
        {"limit"},
        set(),
        {"retry_after_s"},
    ]


async def _evening(station: Station, *, protocol: int) -> list[Frame]:
    """All that a phone is told in a chat in which everything happens."""
    ann, ben = await station.phone("111"), await station.phone("222", protocol=protocol)
    is_current = protocol == 2
    await ann.create(CHAT)
    await ann.say("add_member", chat=CHAT, phone="222")
    await ann.expect("new_member")
    await ann.send(CHAT, "Hello")
    await ann.expect_texts("Hello")
    heard = [{"type": "state", **ben.state}, *await _heard(ben)]
    await ben.leave()
    await ann.send(CHAT, "Are you there?")
    await ann.expect_texts("Are you there?")
    token = {"token": ben.token} if is_current else {}
    ben = await station.phone("222", protocol=protocol, **token)
    await ann.say("remove_member", chat=CHAT, phone="111")
    await ann.expect("member_removed")
    await ben.say("send_message", chat=CHAT, message="Yes", key="my first")
    if is_current:
        await ben.say("history", chat=CHAT)
        await ben.say("reset_token")
    await ben.say("delete_chat", chat=CHAT)
    return [*heard, {"type": "state", **ben.state}, *await _heard(ben)]


async def _heard(phone: Phone) -> list[Frame]:
    """What was said so far, and then that there is no such operation."""
    await phone.say("nothing")
    heard = [await phone.hear()]
    while heard[-1]["type"] != "error":
        heard.append(await phone.hear())
    return heard


def _named(frames: list[Frame]) -> list[Frame]:
    """The chats by their names, and errors by nothing."""
    named = []
    for frame in frames:
        chat = frame.get("chat")
        more = {"chat": chat["name"]} if isinstance(chat, dict) else {}
        more |= {"detail": ""} if frame["type"] == "error" else {}
        named.append(frame | more)
    return named


def _older(value: Any) -> Any:
    match value:
        case dict():
            return {key: _older(item) for key, item in value.items() if key not in NEWER}
        case list():
            return [_older(item) for item in value]
        case _:
            return value


def _timeless(value: Any) -> Any:
    match value:
        case dict():
            return {
                key: "some time" if item and "date" in key else _timeless(item)
                for key, item in value.items()
            }
        case list():
            return [_timeless(item) for item in value]
        case _:
            return value
