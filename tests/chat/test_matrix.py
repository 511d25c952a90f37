"""Every operation for everybody who may not do it: one error to them alone, nothing changes."""

import json
from typing import Any, NamedTuple

import pytest
from sqlalchemy import select

from quad.chat import tables
from quad.identity import new_token
from quad.store.mailbox import entries
from tests.chat.phones import Phone, Station

CHAT = "team"

# What is asked, by operation; the chat has the members 111 (the owner), 222 and 333.
OPERATIONS: dict[str, dict[str, Any]] = {
    "create_chat": {"name": "mine"},
    "send_message": {"chat": CHAT, "message": "x", "key": "k"},
    "add_member": {"chat": CHAT, "phone": "444"},
    "remove_member": {"chat": CHAT, "phone": "333"},
    "delete_chat": {"chat": CHAT},
    "history": {"chat": CHAT},
    "reset_token": {},
}

# The code with which each role is declined; what is not here is done.
DECLINED: dict[str, dict[str, str]] = {
    "nobody": {
        **dict.fromkeys(OPERATIONS, "not_registered"),
        "history": "unknown_event",
        "reset_token": "unknown_event",
    },
    "original stranger": {
        **dict.fromkeys(
            ["send_message", "add_member", "remove_member", "delete_chat"], "not_a_member"
        ),
        "history": "unknown_event",
        "reset_token": "unknown_event",
    },
    "stranger": dict.fromkeys(
        ["send_message", "add_member", "remove_member", "delete_chat", "history"], "not_a_member"
    ),
    "member": {"remove_member": "not_the_owner", "delete_chat": "not_the_owner"},
    "owner": {},
}


class Cast(NamedTuple):
    station: Station
    people: dict[str, Phone]
    others: list[Phone]


@pytest.fixture
async def cast(station: Station) -> Cast:
    owner, member, third = [
        await station.phone(number, protocol=2) for number in ("111", "222", "333")
    ]
    await owner.create(CHAT, member, third)
    people = {
        "nobody": await station.connect(),
        "original stranger": await station.phone("444"),
        "stranger": await station.phone("555", protocol=2),
        "member": member,
        "owner": owner,
    }
    return Cast(station, people, [third])


async def rows(station: Station) -> list[Any]:
    every = (tables.users, tables.chats, tables.members, tables.keys, tables.removals, entries)
    read = station.system.chats.read
    return [sorted(map(str, await read(select(table)))) for table in every]


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("role", DECLINED)
async def test_who_may_do_what(cast: Cast, role: str, operation: str) -> None:
    code = DECLINED[role].get(operation)
    before = await rows(cast.station)
    phone = cast.people[role]
    await phone.say(operation, **OPERATIONS[operation])
    heard = await phone.hear()
    if code is None:
        assert heard["type"] != "error", heard
        return
    assert heard["type"] == "error"
    assert heard.get("code", code) == code
    assert await rows(cast.station) == before
    for other in (*cast.people.values(), *cast.others):
        await other.expect_silence()


async def test_a_chat_that_is_not_there_and_one_of_others_are_the_same_to_a_stranger(
    cast: Cast,
) -> None:
    stranger = cast.people["stranger"]
    for operation in DECLINED["stranger"]:
        answers = []
        for name in (CHAT, "none"):
            keys = OPERATIONS[operation] | {"chat": name}
            await stranger.say(operation, **keys)
            answers.append(json.dumps(await stranger.expect("error")).replace(name, ""))
        assert answers[0] == answers[1]


@pytest.mark.parametrize("protocol", [1, 2])
@pytest.mark.parametrize(
    "credential",
    [
        "none",
        "empty",
        "a guess",
        "another phone's",
        "another phone's code",
        "of another system",
        "the hash of the right one",
        "the right one and more",
        "longer than any",
    ],
)
async def test_no_credential_but_its_own_lets_anybody_in(
    station: Station, credential: str, protocol: int
) -> None:
    ann = await station.phone("111", protocol=2)
    ben = await station.phone("222", protocol=2)
    secret = {
        "none": None,
        "empty": "",
        "a guess": "a-token-of-my-own-making-0123456789",
        "another phone's": ben.token,
        "another phone's code": (await station.system.admission.make_code("222")).code,
        # Classroom, nearby and alert make theirs in the same way.
        "of another system": new_token(),
        "the hash of the right one": station.system.chats.users["111"].token,
        "the right one and more": ann.token + "x",
        "longer than any": "x" * 100_000,
    }[credential]
    before = await rows(station)
    stranger = await station.connect()
    given = {} if secret is None else {"token": secret}
    user = {"name": "Eve", "phone": "111"}
    await stranger.say("register", user=user, protocol=protocol, **given)
    error = await stranger.expect("error")
    expected = "token_required" if secret is None else "wrong_token"
    assert error.get("code", expected) == expected
    assert await rows(station) == before
    await stranger.say("create_chat", name="x")
    assert "register first" in (await stranger.expect("error"))["detail"]
    await ann.expect_silence()
