"""What must not be done is answered with an `error`; the connection stays, and nothing changes."""

import json
from typing import Any, NamedTuple

import pytest
from sqlalchemy import select

from quad.chat import tables
from quad.settings import ChatSettings
from quad.store.mailbox import entries
from tests.chat.phones import Phone, Station, open_chat

LONG = "x" * 65_537
CHAT = "team"


class Cast(NamedTuple):
    """Ann owns the chat, Ben is a member, Eve is neither, and nobody has registered yet."""

    station: Station
    ann: Phone
    ben: Phone
    eve: Phone
    nobody: Phone


@pytest.fixture
async def cast(station: Station) -> Cast:
    ann, ben, eve = [await station.phone(number, protocol=2) for number in ("111", "222", "333")]
    await ann.create(CHAT, ben)
    return Cast(station, ann, ben, eve, await station.connect())


def say(type_: str, **keys: object) -> str:
    return json.dumps({"type": type_, **keys})


def deep(levels: int) -> str:
    return '{"type":"create_chat","more":' + "[" * levels + "]" * levels + ',"name":"deep"}'


REGISTER = {"name": "Zoe", "phone": "444"}

# Who, what, the code, and a part of the sentence for people.
CASES: dict[str, tuple[str, str, str, str]] = {
    "nothing": ("ben", "", "bad_payload", "not JSON"),
    "not JSON": ("ben", "{", "bad_payload", "not JSON"),
    "half a surrogate pair": ("ben", '{"type":"\\ud800x"}', "bad_payload", "`type`"),
    "a number": ("ben", "1", "bad_payload", "Expected `object`"),
    "an array": ("ben", "[]", "bad_payload", "Expected `object`"),
    "null": ("ben", "null", "bad_payload", "Expected `object`"),
    "no type": ("ben", '{"chat":"team"}', "bad_payload", "`type`"),
    "a type that is a number": ("ben", '{"type":1}', "bad_payload", "`type`"),
    "an unknown type": ("ben", '{"type":"fly"}', "unknown_event", "'fly'"),
    "nested too deeply": ("ben", deep(100_000), "bad_payload", "nested too deeply"),
    "a missing key": ("ben", say("send_message", chat=CHAT), "bad_payload", "`message`"),
    "a key of another type": ("ben", say("create_chat", name=1), "bad_payload", "`name`"),
    "a text that is an object": (
        "ben",
        say("send_message", chat=CHAT, message={}),
        "bad_payload",
        "`message`",
    ),
    "register without a user": ("nobody", say("register"), "bad_payload", "`user`"),
    "register without a phone": (
        "nobody",
        say("register", user={"name": "Zoe"}),
        "bad_payload",
        "`phone`",
    ),
    "a phone of two digits": (
        "nobody",
        say("register", user={"name": "Zoe", "phone": "12"}),
        "bad_payload",
        "'phone'",
    ),
    "a phone of sixteen digits": (
        "nobody",
        say("register", user={"name": "Zoe", "phone": "1" * 16}),
        "bad_payload",
        "'phone'",
    ),
    "a phone with a letter": (
        "nobody",
        say("register", user={"name": "Zoe", "phone": "12a"}),
        "bad_payload",
        "'phone'",
    ),
    "a plus in the middle": (
        "nobody",
        say("register", user={"name": "Zoe", "phone": "1+23"}),
        "bad_payload",
        "'phone'",
    ),
    "digits of another script": (
        "nobody",
        say("register", user={"name": "Zoe", "phone": "٣٣٣٣"}),
        "bad_payload",
        "'phone'",
    ),
    "an empty name": (
        "nobody",
        say("register", user={"name": "", "phone": "444"}),
        "bad_payload",
        "'name'",
    ),
    "a protocol that is a text": (
        "nobody",
        say("register", user=REGISTER, protocol="2"),
        "bad_payload",
        "`protocol`",
    ),
    "a name of a hundred and one characters": (
        "ben",
        say("create_chat", name="x" * 101),
        "bad_payload",
        "'name'",
    ),
    "a name with a line break": ("ben", say("create_chat", name="a\nb"), "bad_payload", "'name'"),
    "a name that shows nothing": (
        "ben",
        say("create_chat", name="\u3164"),
        "bad_payload",
        "'name'",
    ),
    "a name that turns its text": (
        "ben",
        say("create_chat", name="\u202egpj.exe"),
        "bad_payload",
        "'name'",
    ),
    "create before register": ("nobody", say("create_chat", name="x"), "not_registered", ""),
    "send before register": (
        "nobody",
        say("send_message", chat=CHAT, message="x"),
        "not_registered",
        "",
    ),
    "add before register": (
        "nobody",
        say("add_member", chat=CHAT, phone="333"),
        "not_registered",
        "",
    ),
    "remove before register": (
        "nobody",
        say("remove_member", chat=CHAT, phone="222"),
        "not_registered",
        "",
    ),
    "delete before register": ("nobody", say("delete_chat", chat=CHAT), "not_registered", ""),
    "a key that is too long": (
        "ben",
        say("send_message", chat=CHAT, message="x", key="я" * 33),
        "bad_payload",
        "64 bytes",
    ),
    "reset before register": ("nobody", say("reset_token"), "unknown_event", "'reset_token'"),
    "history before register": (
        "nobody",
        say("history", chat=CHAT),
        "unknown_event",
        "'history'",
    ),
    "history of no chat": ("ben", say("history", chat="none"), "not_a_member", "'none'"),
    "history as no member": ("eve", say("history", chat=CHAT), "not_a_member", "you are"),
    "history before what is no message": (
        "ben",
        say("history", chat=CHAT, before="x"),
        "bad_payload",
        "'before'",
    ),
    "a name that is taken": ("eve", say("create_chat", name=CHAT), "name_taken", "'team'"),
    "send to no chat": (
        "ben",
        say("send_message", chat="none", message="x"),
        "not_a_member",
        "'none'",
    ),
    "send as no member": (
        "eve",
        say("send_message", chat=CHAT, message="x"),
        "not_a_member",
        "you are",
    ),
    "a text over the limit": (
        "ben",
        say("send_message", chat=CHAT, message=LONG),
        "text_too_long",
        "65536",
    ),
    "a text over the limit in UTF-8": (
        "ben",
        say("send_message", chat=CHAT, message="я" * 32_769),
        "text_too_long",
        "65536",
    ),
    "add to no chat": ("ben", say("add_member", chat="none", phone="333"), "not_a_member", ""),
    "add as no member": (
        "eve",
        say("add_member", chat=CHAT, phone="333"),
        "not_a_member",
        "you are",
    ),
    "add an unknown phone": (
        "ben",
        say("add_member", chat=CHAT, phone="999"),
        "unknown_phone",
        "999",
    ),
    "add what is no phone": (
        "ben",
        say("add_member", chat=CHAT, phone="x"),
        "bad_payload",
        "'phone'",
    ),
    "add a member": ("ben", say("add_member", chat=CHAT, phone="111"), "already_a_member", "111"),
    "remove another as no owner": (
        "ben",
        say("remove_member", chat=CHAT, phone="111"),
        "not_the_owner",
        "",
    ),
    "remove as no member": (
        "eve",
        say("remove_member", chat=CHAT, phone="222"),
        "not_a_member",
        "you are",
    ),
    "remove oneself as no member": (
        "eve",
        say("remove_member", chat=CHAT, phone="333"),
        "not_a_member",
        "you are",
    ),
    "remove no member": (
        "ann",
        say("remove_member", chat=CHAT, phone="333"),
        "not_a_member",
        "333 is",
    ),
    "delete as no owner": ("ben", say("delete_chat", chat=CHAT), "not_the_owner", ""),
    "delete as no member": ("eve", say("delete_chat", chat=CHAT), "not_a_member", ""),
    "delete no chat": ("ann", say("delete_chat", chat="none"), "not_a_member", ""),
}


async def everything(station: Station) -> list[Any]:
    """All rows, apart from how far the readers are."""
    store = station.system.chats._store
    every = (tables.users, tables.chats, tables.members, entries)
    return [list(map(tuple, await store.read(select(table)))) for table in every]


@pytest.mark.parametrize(("who", "text", "code", "part"), CASES.values(), ids=CASES.keys())
async def test_what_is_declined_changes_nothing(
    cast: Cast, who: str, text: str, code: str, part: str
) -> None:
    before = await everything(cast.station)
    phone: Phone = getattr(cast, who)
    await phone.say_text(text)
    error = await phone.expect("error")
    assert part in error["detail"]
    if who == "nobody":  # whoever has not registered speaks no protocol yet
        assert list(error) == ["detail"]
    else:
        assert error["code"] == code
        assert error["operation"] == operation_of(text)
    assert await everything(cast.station) == before
    for other in (cast.ann, cast.ben, cast.eve, cast.nobody):
        await other.expect_silence()
    await cast.ann.send(CHAT, "still here")
    await cast.ben.expect_texts("still here")


def operation_of(text: str) -> str | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    name = found.get("type") if isinstance(found, dict) else None
    # Half a surrogate pair is JSON to some and not to others.
    return name if isinstance(name, str) and name.isascii() else None


@pytest.mark.parametrize(
    ("protocol", "is_current"),
    [
        pytest.param({"protocol": 2}, True, id="a current client"),
        pytest.param({"protocol": 9}, True, id="a later one"),
        pytest.param({"protocol": 1}, False, id="an original client that says so"),
        pytest.param({"protocol": None}, False, id="one that says nothing"),
        pytest.param({"protocol": "2"}, False, id="no number"),
        pytest.param({}, False, id="an original client"),
    ],
)
async def test_who_cannot_register_hears_why_as_the_client_that_it_is(
    cast: Cast, protocol: dict[str, object], is_current: bool
) -> None:
    await cast.nobody.say_text(say("register", user=REGISTER, token=5, **protocol))
    error = await cast.nobody.expect("error")
    if is_current:
        assert error.items() >= {"operation": "register", "code": "bad_payload"}.items()
    else:
        assert list(error) == ["detail"]
        assert error["detail"].startswith("register: ")


async def test_a_binary_frame_closes_with_1003(cast: Cast) -> None:
    await cast.ben.socket.send(b"{}")
    await cast.ben.socket.wait_closed()
    assert cast.ben.socket.close_code == 1003


async def test_a_frame_over_the_limit_closes_with_1009(cast: Cast) -> None:
    await cast.ben.say_text("x" * 1_000_001)
    await cast.ben.socket.wait_closed()
    assert cast.ben.socket.close_code == 1009


async def test_chats_and_members_are_bounded(database: Any) -> None:
    settings = ChatSettings(chats_limit=2, members_limit=2)
    async with open_chat(database, settings) as station:
        ann, ben, eve = [
            await station.phone(number, protocol=2) for number in ("111", "222", "333")
        ]
        await ann.create("one", ben)
        await ann.say("add_member", chat="one", phone="333")
        assert (await ann.expect("error"))["code"] == "limit_reached"
        await ann.create("two")
        await ann.say("create_chat", name="three")
        assert (await ann.expect("error"))["limit"] == "chats_limit"
        await eve.create("three", ben)
        await eve.say("remove_member", chat="three", phone="222")
        await eve.expect("member_removed")
        await eve.say("add_member", chat="three", phone="111")
        assert (await eve.expect("error"))["code"] == "limit_reached"
