"""What people in alert rooms see of each other, over the wire."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from quad.settings import AlertSettings
from quad.store import Change, StoreUnavailable
from tests.alert.hall import Hall, locked, open_hall, rows, shown

SOON_S = 0.05


# --- joining, speaking, leaving -------------------------------------------------------------------


async def test_everybody_sees_who_joins_the_newcomer_included(hall: Hall) -> None:
    alice = await hall.guest()
    bob = await hall.guest()
    await alice.join("alice", "R101")
    await bob.join("Боб", "R101")
    assert shown(await alice.take()) == [
        ("status", "ALICE has joined the chat!"),
        ("status", "БОБ has joined the chat!"),
    ]
    assert shown(await bob.take()) == [("status", "БОБ has joined the chat!")]


async def test_everybody_sees_a_text_the_sender_included(hall: Hall) -> None:
    alice, bob = await hall.member("Alice", "R101"), await hall.member("bob", "R101")
    await alice.take()
    await bob.say("Class ends in 5 minutes")
    expected = [("message", "BOB: Class ends in 5 minutes")]
    assert shown(await alice.take()) == expected
    assert shown(await bob.take()) == expected


async def test_everybody_sees_who_leaves_and_whoever_left_sees_nothing_more(hall: Hall) -> None:
    alice, bob = await hall.member("alice", "R101"), await hall.member("bob", "R101")
    await alice.take()
    await bob.leave()
    await alice.say("Are you still there?")
    goodbye = ("status", "BOB has left the chat :(")
    assert shown(await bob.take()) == [goodbye]
    assert shown(await alice.take()) == [goodbye, ("message", "ALICE: Are you still there?")]
    assert (await bob.say("No"))["code"] == "not_in_room"


async def test_a_text_is_shown_exactly_as_it_was_written(hall: Hall) -> None:
    alice = await hall.member("ß ﬁ", "R101")
    text = '  <b>"5 min"</b> & 😀\n\tüber ﷽ \u202e '
    await alice.say(text)
    assert await alice.texts() == [f"SS FI: {text}"]


async def test_what_is_said_in_a_room_stays_there(hall: Hall) -> None:
    here, there = await hall.member("alice", "R101"), await hall.member("alice", "R102")
    await here.say("Only here")
    await here.leave()
    assert await there.take() == []


async def test_the_answer_to_joining_names_who_is_there(hall: Hall) -> None:
    await hall.member("alice", "R101")
    bob = await hall.guest()
    assert await bob.join("bob", "R101") == {"people": ["ALICE", "BOB"]}


# --- several connections, several rooms -----------------------------------------------------------


async def test_a_second_connection_of_a_name_shows_nothing_until_the_last_one_leaves(
    hall: Hall,
) -> None:
    watcher = await hall.member("watcher", "R101")
    phone, display = await hall.member("alice", "R101"), await hall.member("ALICE", "R101")
    assert await watcher.texts() == ["ALICE has joined the chat!"]
    await phone.leave()
    assert await phone.take() == []
    await display.say("Still here")
    await display.leave()
    assert await watcher.texts() == ["ALICE: Still here", "ALICE has left the chat :("]


async def test_joining_the_same_room_again_shows_the_others_nothing(hall: Hall) -> None:
    bob, alice = await hall.member("bob", "R101"), await hall.member("alice", "R101")
    await alice.say("Hello")
    await alice.take()
    await bob.take()
    await alice.join(" Alice ", " R101 ")
    assert await alice.texts() == ["ALICE has joined the chat!"]
    assert await bob.take() == []


async def test_joining_another_room_is_a_move(hall: Hall) -> None:
    watcher = await hall.member("watcher", "R101")
    alice = await hall.member("alice", "R101")
    await alice.join("alice", "R102")
    assert await alice.texts() == ["ALICE has left the chat :(", "ALICE has joined the chat!"]
    await watcher.say("Where is she?")
    await alice.say("Here")
    assert await alice.texts() == ["ALICE: Here"]
    assert await watcher.texts() == [
        "ALICE has joined the chat!",
        "ALICE has left the chat :(",
        "WATCHER: Where is she?",
    ]


async def test_joining_under_another_name_is_leaving_and_coming(hall: Hall) -> None:
    watcher = await hall.member("watcher", "R101")
    alice = await hall.member("alice", "R101")
    await alice.say("Hello")
    await watcher.take()
    await alice.take()
    await alice.join("eve", "R101")
    seen = ["ALICE has left the chat :(", "EVE has joined the chat!"]
    assert await watcher.texts() == seen
    assert await alice.texts() == seen


async def test_a_join_that_is_refused_leaves_a_connection_where_it_is(hall: Hall) -> None:
    alice = await hall.member("alice", "R101")
    await alice.join("", "R102")
    assert [event for event, _ in await alice.take()] == ["error"]
    await alice.say("Still here")
    assert await alice.texts() == ["ALICE: Still here"]


# --- history --------------------------------------------------------------------------------------


async def test_a_newcomer_gets_the_last_messages_before_their_own_status(database: Path) -> None:
    async with open_hall(database, AlertSettings(history_limit=3)) as hall:
        alice = await hall.member("alice", "R101")
        for number in range(5):
            await alice.say(str(number))
        bob = await hall.guest()
        await bob.join("bob", "R101")
        assert shown(await bob.take()) == [
            ("message", "ALICE: 2"),
            ("message", "ALICE: 3"),
            ("message", "ALICE: 4"),
            ("status", "BOB has joined the chat!"),
        ]


@pytest.mark.parametrize("before", [0, 1, 3, 7])
async def test_the_last_messages_survive_a_restart_and_an_empty_room(
    database: Path, before: int
) -> None:
    settings = AlertSettings(history_limit=3)
    said = [f"ALICE: {number}" for number in range(before)]
    async with open_hall(database, settings) as hall:
        alice = await hall.member("alice", "R101")
        for number in range(before):
            await alice.say(str(number))
    async with open_hall(database, settings) as hall:
        alice = await hall.guest()
        await alice.join("carol", "R101")
        assert await alice.texts() == [*said[-3:], "CAROL has joined the chat!"]
        await alice.join("alice", "R101")
        await alice.say("and on")
        await alice.leave()
        await hall.until(lambda: len(hall.alert.service.rooms) == 0)
        await alice.take()
        await alice.join("alice", "R101")
        latest = [*said, "ALICE: and on"][-3:]
        assert await alice.texts() == [*latest, "ALICE has joined the chat!"]


async def test_messages_that_are_not_replayed_any_more_are_deleted(database: Path) -> None:
    async with open_hall(database, AlertSettings(history_limit=4)) as hall:
        alice, other = await hall.member("alice", "R101"), await hall.member("bob", "R102")
        await other.say("kept")
        for number in range(50):
            await alice.say(str(number))
            assert rows(database) <= 1 + 2 * 4 + 1
        newcomer = await hall.guest()
        await newcomer.join("carol", "R101")
        assert (await newcomer.texts())[:-1] == [f"ALICE: {number}" for number in range(46, 50)]


async def test_a_lower_limit_clears_up_what_a_higher_one_kept(database: Path) -> None:
    async with open_hall(database, AlertSettings(history_limit=20)) as hall:
        alice = await hall.member("alice", "R101")
        for number in range(20):
            await alice.say(str(number))
    async with open_hall(database, AlertSettings(history_limit=2)) as hall:
        alice = await hall.member("alice", "R101")
        await alice.say("now")
        assert rows(database) == 3


async def test_without_history_nothing_is_kept_or_replayed(database: Path) -> None:
    async with open_hall(database, AlertSettings(history_limit=0)) as hall:
        alice = await hall.member("alice", "R101")
        await alice.say("gone")
        assert await alice.texts() == ["ALICE: gone"]
        bob = await hall.guest()
        await bob.join("bob", "R101")
        assert await bob.texts() == ["BOB has joined the chat!"]
    assert rows(database) == 0


async def test_whoever_comes_while_much_is_said_misses_nothing_and_sees_nothing_twice(
    hall: Hall,
) -> None:
    alice = await hall.member("alice", "R101")
    newcomers = [await hall.guest() for _ in range(5)]
    for number in range(40):
        await alice.emit("text", {"msg": str(number)})
        if number % 8 == 0:
            newcomer = newcomers[number // 8]
            await newcomer.emit("joined", {"name": f"n{number}", "room": "R101", "headless": True})
    await alice.take()
    for newcomer in newcomers:
        heard = [text for event, text in shown(await newcomer.take()) if event == "message"]
        assert heard == [f"ALICE: {number}" for number in range(40)]


async def test_sixty_four_texts_in_flight_are_shown_in_order(hall: Hall) -> None:
    alice, bob = await hall.member("alice", "R101"), await hall.member("bob", "R101")
    answers = await asyncio.gather(*(alice.say(str(number)) for number in range(64)))
    assert answers == [None] * 64
    expected = [f"ALICE: {number}" for number in range(64)]
    assert (await bob.texts())[-64:] == expected
    assert (await alice.texts())[-64:] == expected


async def test_texts_in_flight_do_not_wait_for_each_others_commit(
    hall: Hall, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = await hall.member("alice", "R101")
    writes = 0
    write = hall.store.write

    def counted(*changes: Change) -> asyncio.Future[None]:
        nonlocal writes
        writes += 1
        return write(*changes)

    monkeypatch.setattr(hall.store, "write", counted)
    with locked(database):
        for number in range(10):
            await alice.emit("text", {"msg": str(number)})
        await hall.until(lambda: writes == 10)
        assert not alice.heard
    assert await alice.texts() == [f"ALICE: {number}" for number in range(10)]


async def test_texts_that_are_on_their_way_are_said_before_their_sender_leaves(hall: Hall) -> None:
    alice, bob = await hall.member("alice", "R101"), await hall.member("bob", "R101")
    await bob.take()
    for number in range(10):
        await alice.emit("text", {"msg": str(number)})
    await alice.leave()
    said = [f"ALICE: {number}" for number in range(10)]
    assert await bob.texts() == [*said, "ALICE has left the chat :("]


# --- grace ----------------------------------------------------------------------------------------


async def test_whoever_is_lost_has_left_after_the_grace(database: Path) -> None:
    async with open_hall(database, AlertSettings(grace_s=SOON_S)) as hall:
        bob, alice = await hall.member("bob", "R101"), await hall.member("alice", "R101")
        await bob.take()
        await hall.drop(alice)
        assert await bob.expect("status") == {"msg": "ALICE has left the chat :("}
        back = await hall.guest()
        await back.join("alice", "R101")
        assert await bob.texts() == ["ALICE has joined the chat!"]


async def test_whoever_comes_back_within_the_grace_has_never_been_away(hall: Hall) -> None:
    bob, alice = await hall.member("bob", "R101"), await hall.member("alice", "R101")
    await bob.take()
    await hall.drop(alice)
    await bob.say("Are you there?")
    back = await hall.guest()
    assert await back.join("alice", "R101") == {"people": ["BOB", "ALICE"]}
    assert await back.texts() == ["BOB: Are you there?", "ALICE has joined the chat!"]
    await back.say("Always")
    assert await bob.texts() == ["BOB: Are you there?", "ALICE: Always"]


async def test_the_end_of_a_grace_that_was_used_shows_nothing(database: Path) -> None:
    grace_s = 1.0  # time enough for coming back, on the busiest machine
    async with open_hall(database, AlertSettings(grace_s=grace_s)) as hall:
        bob, alice = await hall.member("bob", "R101"), await hall.member("alice", "R101")
        back = await hall.guest()
        await bob.take()
        await hall.drop(alice)
        await back.join("alice", "R101")
        await asyncio.sleep(grace_s + SOON_S)
        assert await bob.take() == []
        await back.leave()
        assert await bob.texts() == ["ALICE has left the chat :("]


async def test_a_lost_connection_of_somebody_with_another_one_shows_nothing(
    database: Path,
) -> None:
    async with open_hall(database, AlertSettings(grace_s=0)) as hall:
        bob = await hall.member("bob", "R101")
        phone, display = await hall.member("alice", "R101"), await hall.member("alice", "R101")
        await bob.take()
        await hall.drop(phone)
        await asyncio.sleep(SOON_S)
        assert await bob.take() == []
        await hall.drop(display)
        assert await bob.expect("status") == {"msg": "ALICE has left the chat :("}


async def test_coming_back_to_another_room_does_not_count(hall: Hall) -> None:
    bob, alice = await hall.member("bob", "R101"), await hall.member("alice", "R101")
    await hall.drop(alice)
    await bob.take()
    elsewhere = await hall.guest()
    await elsewhere.join("alice", "R102")
    assert await elsewhere.texts() == ["ALICE has joined the chat!"]
    assert await bob.take() == []


async def test_rooms_without_anybody_are_let_go_of(database: Path) -> None:
    async with open_hall(database, AlertSettings(grace_s=0)) as hall:
        alice, bob = await hall.member("alice", "R101"), await hall.member("bob", "R102")
        await alice.leave()
        await hall.drop(bob)
        await hall.until(lambda: len(hall.alert.service.rooms) == 0)


async def test_a_connection_that_is_gone_before_its_room_was_read_has_not_joined(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_read, is_reading = asyncio.Event(), asyncio.Event()
    read = hall.store.read

    async def read_late(statement: Any, values: Any = None) -> Any:
        is_reading.set()
        await may_read.wait()
        return await read(statement, values)

    monkeypatch.setattr(hall.store, "read", read_late)
    alice = await hall.guest()
    await alice.emit("joined", {"name": "alice", "room": "R101", "headless": True})
    await is_reading.wait()
    bob = await hall.guest()
    await bob.emit("joined", {"name": "bob", "room": "R101", "headless": True})
    await alice.drop()
    may_read.set()
    assert await bob.expect("status") == {"msg": "BOB has joined the chat!"}
    await hall.until(lambda: hall.connections == 1)
    assert (await hall.alert.service.look("R101")).people == ["BOB"]


# --- refusals -------------------------------------------------------------------------------------

A_ROOM = {"room": "R101", "headless": True}


@pytest.mark.parametrize(
    ("event", "payload", "code"),
    [
        pytest.param("joined", {**A_ROOM}, "bad_name", id="no name"),
        pytest.param("joined", {**A_ROOM, "name": ""}, "bad_name", id="an empty name"),
        pytest.param("joined", {**A_ROOM, "name": " \t "}, "bad_name", id="a blank name"),
        pytest.param("joined", {**A_ROOM, "name": "x" * 65}, "bad_name", id="a long name"),
        pytest.param("joined", {**A_ROOM, "name": "a\nb"}, "bad_name", id="two lines of name"),
        pytest.param("joined", {**A_ROOM, "name": None}, "bad_name", id="null as a name"),
        pytest.param("joined", {**A_ROOM, "name": 7}, "bad_payload", id="a number as a name"),
        pytest.param("joined", {"name": "a", "headless": True}, "bad_room", id="no room"),
        pytest.param("joined", {"name": "a", "room": ""}, "bad_room", id="an empty room"),
        pytest.param("joined", {"name": "a", "room": "r" * 65}, "bad_room", id="a long room"),
        pytest.param("joined", {"name": "a", "room": "r\0"}, "bad_room", id="U+0000 in a room"),
        pytest.param("joined", {"name": "a", "room": ["r"]}, "bad_payload", id="a list as a room"),
        pytest.param("joined", {}, "bad_name", id="neither name nor session"),
        pytest.param("joined", "alice", "bad_payload", id="no object"),
        pytest.param("text", {"msg": "hello"}, "not_in_room", id="a text before joining"),
        pytest.param("text", {"name": "a", **A_ROOM}, "bad_payload", id="no text"),
        pytest.param("left", {}, "not_in_room", id="leaving before joining"),
    ],
)
async def test_bad_input_is_told_to_its_sender_and_changes_nothing(
    hall: Hall, event: str, payload: Any, code: str
) -> None:
    watcher = await hall.member("watcher", "R101")
    guest = await hall.guest()
    answer = await guest.call(event, payload)
    ((heard, error),) = await guest.take()
    assert heard == "error"
    assert set(error) == {"message", "event", "code"}
    assert error["message"].startswith("Error: ")
    assert (error["event"], error["code"]) == (event, code)
    assert answer == error
    assert hall.connections == 1
    assert await watcher.take() == []


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param(" \n ", id="blanks"),
        pytest.param("ж" * 5_001, id="too many bytes"),
        pytest.param("a\0b", id="U+0000"),
    ],
)
async def test_a_text_that_cannot_be_shown_is_refused(hall: Hall, text: str) -> None:
    alice, bob = await hall.member("alice", "R101"), await hall.member("bob", "R101")
    await alice.take()
    assert (await alice.say(text))["code"] == "bad_text"
    assert await bob.take() == []
    assert await alice.say("ж" * 5_000) is None


async def test_what_cannot_be_saved_is_not_shown(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quad.store.sqlite.BUSY_TIMEOUT_S", 0.02)
    async with open_hall(database, AlertSettings(grace_s=60)) as hall:
        alice, bob = await hall.member("alice", "R101"), await hall.member("bob", "R101")
        await alice.take()
        with locked(database):
            assert (await alice.say("lost"))["code"] == "store_unavailable"
        assert await bob.take() == []
        await alice.say("kept")
        assert await bob.texts() == ["ALICE: kept"]
        carol = await hall.guest()
        await carol.join("carol", "R101")
        assert await carol.texts() == ["ALICE: kept", "CAROL has joined the chat!"]


async def test_a_room_that_cannot_be_read_is_not_joined_and_can_be_later(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(statement: Any, values: Any = None) -> Any:
        raise StoreUnavailable

    alice = await hall.guest()
    with monkeypatch.context() as patch:
        patch.setattr(hall.store, "read", fail)
        assert (await alice.join("alice", "R101"))["code"] == "store_unavailable"
    assert len(hall.alert.service.rooms) == 0
    assert await alice.join("alice", "R101") == {"people": ["ALICE"]}
