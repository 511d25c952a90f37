"""Whoever comes back hears what they missed, and nothing from yesterday as if it were new."""

import asyncio
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from quad.settings import AlertSettings
from tests.alert.hall import Hall, open_hall
from tests.realtime.sessions import session_of

DAY = timedelta(days=1)


class Unanswered:
    """The question to a connection whose other end is gone."""

    async def ask(self) -> bool:
        return False

    def settle(self, *, is_alive: bool) -> None:
        pass


async def test_whoever_was_lost_for_a_moment_hears_only_what_was_said_meanwhile(
    hall: Hall,
) -> None:
    office, display = await hall.member("office", "K1"), await hall.member("hall", "K1")
    await office.say("yesterday")
    await display.take()
    await hall.drop(display)
    await office.say("now")
    back = await hall.guest()
    await back.join("hall", "K1")
    assert await back.texts() == ["OFFICE: now", "HALL has joined the chat!"]


async def test_what_was_written_to_a_connection_that_had_ended_is_told_to_who_comes_back(
    hall: Hall,
) -> None:
    office = await hall.member("office", "K1")
    url = hall.url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket"
    async with connect(url) as display:
        await display.recv()
        await display.send("40")
        await display.recv()
        await display.send('420["joined",{"name":"hall","room":"K1","headless":true}]')
        while not str(await display.recv()).startswith("430"):
            pass
        service = hall.alert.service
        async with service.rooms.hold("K1") as room:
            message = room.make_message("OFFICE", "now", datetime.now(UTC))
            await service.rooms.save(room, message, None)
            display.transport.abort()
            # The server's loop, which is this one, has not read yet that it has ended.
            service._tell(room, message, None)
    await hall.until(lambda: hall.connections == 1)
    back = await hall.guest()
    await back.join("hall", "K1")
    assert await back.texts() == ["OFFICE: now", "HALL has joined the chat!"]
    await office.close()


async def test_each_lost_display_of_one_name_hears_what_it_missed(hall: Hall) -> None:
    office = await hall.member("office", "K1")
    displays = [await hall.member("hall", "K1") for _ in range(3)]
    await hall.drop(displays[0])
    await office.say("one")
    await hall.drop(displays[1])
    await office.say("two")
    heard = []
    for _ in range(3):
        back = await hall.guest()
        await back.join("hall", "K1")
        heard.append(await back.texts())
    own = "HALL has joined the chat!"
    # The third was never away: it is a further one, and has missed nothing.
    assert heard == [["OFFICE: one", "OFFICE: two", own], ["OFFICE: two", own], [own]]


async def test_a_second_connection_of_a_name_hears_its_own_status_and_the_others_do_not(
    hall: Hall,
) -> None:
    office, display = await hall.member("office", "K1"), await hall.member("hall", "K1")
    await office.say("before")
    await office.take()
    await display.take()
    second = await hall.guest()
    await second.join("HALL", "K1")
    assert await second.texts() == ["HALL has joined the chat!"]
    assert await office.take() == []
    assert await display.take() == []


async def test_a_restart_is_a_silence_and_no_goodbye(database: Path) -> None:
    settings = AlertSettings(grace_s=60, restart_grace_s=60)
    async with open_hall(database, settings) as hall:
        office = await hall.member("office", "K1")
        display = await hall.member("hall", "K1")
        await office.say("before")
        await display.take()
        # As if both had spoken a minute after that.
        hall.alert.service.presence._now = lambda: datetime.now(UTC) + timedelta(seconds=60)
    async with open_hall(database, settings) as hall:
        async with hall.browser() as curl:
            await curl.post("/v1/rooms/k1/messages", content=b"while it was away")
        display = await hall.guest()
        assert (await display.join("hall", "K1"))["people"] == ["HALL", "OFFICE"]
        assert await display.texts() == [
            "ALERT: while it was away",
            "HALL has joined the chat!",
        ]


async def test_who_does_not_come_back_after_a_restart_has_left(database: Path) -> None:
    async with open_hall(database, AlertSettings(grace_s=60)) as hall:
        await hall.member("bob", "K1")
    async with open_hall(database, AlertSettings(grace_s=0, restart_grace_s=0.2)) as hall:
        watcher = await hall.guest()
        assert (await watcher.join("eve", "K1"))["people"] == ["BOB", "EVE"]
        assert await watcher.expect("status") == {"msg": "EVE has joined the chat!"}
        assert await watcher.expect("status") == {"msg": "BOB has left the chat :("}
        await watcher.leave()
        await hall.until(lambda: people(database) == 0)


async def test_who_left_before_a_restart_is_not_there_after_it(database: Path) -> None:
    async with open_hall(database, AlertSettings()) as hall:
        alice = await hall.member("alice", "K1")
        await alice.leave()
        await alice.take()
    assert people(database) == 0


async def test_what_is_too_old_is_not_shown(hall: Hall) -> None:
    alice = await hall.member("alice", "K1")
    await alice.say("old")
    hall.alert.service.presence._now = lambda: datetime.now(UTC) + timedelta(hours=13)
    newcomer = await hall.guest()
    await newcomer.join("bob", "K1")
    assert await newcomer.texts() == ["BOB has joined the chat!"]


async def test_a_silent_connection_counts_as_lost_when_somebody_asks(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    office, display = await hall.member("office", "K1"), await hall.member("hall", "K1")
    await display.take()
    dead = next(
        client
        for client, place in hall.alert.service.presence._places.items()
        if place.person.name == "HALL"
    )

    monkeypatch.setattr(session_of(dead), "_liveness", Unanswered())
    await office.say("swallowed by the network")
    back = await hall.guest()
    await back.join("hall", "K1")
    assert await back.texts() == [
        "OFFICE: swallowed by the network",
        "HALL has joined the chat!",
    ]
    assert not dead.is_open
    assert hall.connections == 2


# --- codes of rooms -------------------------------------------------------------------------------


async def test_case_and_blanks_of_a_code_do_not_count_and_it_is_shown_as_first_written(
    database: Path,
) -> None:
    async with open_hall(database, AlertSettings()) as hall:
        alice, bob = await hall.member("alice", "Raum Ä1"), await hall.member("bob", " raum ä1 ")
        await alice.take()
        await bob.say("Hello")
        assert await alice.texts() == ["BOB: Hello"]
        assert (await hall.alert.service.look("RAUM Ä1")).code == "Raum Ä1"
    async with open_hall(database, AlertSettings()) as hall:
        assert (await hall.alert.service.look("raum ä1")).code == "Raum Ä1"
        assert (await hall.alert.service.look("raum a1")).code == "raum a1"


@pytest.mark.parametrize("code", ["R1\u202e", "R\n1", "\u200b", "ß" * 33])
async def test_a_code_that_only_pretends_is_refused(hall: Hall, code: str) -> None:
    guest = await hall.guest()
    assert (await guest.join("alice", code))["code"] == "bad_room"


async def test_names_that_look_alike_are_one_person(hall: Hall) -> None:
    watcher = await hall.member("watcher", "K1")
    await hall.member("Anna", "K1")
    await hall.member("An\u200bna ", "K1")
    assert await watcher.texts() == ["ANNA has joined the chat!"]


# --- current clients ------------------------------------------------------------------------------


async def test_current_clients_get_ids_and_times_and_original_ones_do_not(hall: Hall) -> None:
    original = await hall.member("old", "K1")
    current = await hall.guest()
    answer = await current.call(
        "joined", {"name": "new", "room": "K1", "headless": 1, "protocol": 9}
    )
    assert answer == {"people": ["OLD", "NEW"], "messages": 0}
    await original.take()
    await current.take()
    accepted = await current.call("text", {"msg": "hi"})
    assert set(accepted) == {"id", "at"}
    assert await original.take() == [("message", {"msg": "NEW: hi"})]
    assert await current.take() == [("message", {"msg": "NEW: hi", **accepted})]
    assert datetime.fromisoformat(accepted["at"]).tzinfo is not None
    later = await current.call("text", {"msg": "ho"})
    assert later["id"] > accepted["id"]
    another = await hall.guest()
    answer = await another.call("joined", {"name": "x", "room": "k1", "headless": 1, "protocol": 2})
    assert answer["messages"] == 2
    replayed = [payload for event, payload in await another.take() if event == "message"]
    assert replayed == [{"msg": "NEW: hi", **accepted}, {"msg": "NEW: ho", **later}]


@pytest.mark.parametrize("protocol", [None, 1, 0, -1])
async def test_who_says_no_protocol_or_an_old_one_is_an_original_client(
    hall: Hall, protocol: int | None
) -> None:
    guest = await hall.guest()
    joined = {"name": "new", "room": "K1", "headless": True, "protocol": protocol}
    assert await guest.call("joined", joined) == {"people": ["NEW"]}


async def test_a_key_makes_one_message_of_many_tries_and_only_its_sender_sees_it(
    hall: Hall,
) -> None:
    watcher = await hall.guest()
    await watcher.call("joined", {"name": "w", "room": "K1", "headless": True, "protocol": 2})
    devices = [await hall.guest() for _ in range(2)]
    for device in devices:
        await device.call("joined", {"name": "a", "room": "K1", "headless": True, "protocol": 2})
        await device.take()
    await devices[0].take()
    await watcher.take()
    tries = [{"msg": "hi", "key": "k1"}] * 3
    answers = await asyncio.gather(*(devices[0].call("text", each) for each in tries))
    assert answers[0] == answers[1] == answers[2]
    shown = {"msg": "A: hi", **answers[0]}
    assert await watcher.take() == [("message", shown)]
    assert await devices[1].take() == [("message", {**shown, "key": "k1"})]
    assert await devices[0].take() == [("message", {**shown, "key": "k1"})] * 3
    other = await devices[0].call("text", {"msg": "hi", "key": "k2"})
    assert other["id"] > answers[0]["id"]
    await devices[1].call("joined", {"name": "b", "room": "K1", "headless": True, "protocol": 2})
    await devices[1].take()
    answer = await devices[0].call("text", {"msg": "ho", "key": "k3"})
    assert await devices[1].take() == [("message", {"msg": "A: ho", **answer})]


async def test_a_key_counts_for_its_sender_alone_and_outlives_a_restart(database: Path) -> None:
    async with open_hall(database, AlertSettings()) as hall, hall.browser() as program:
        for name in ("a", "b"):
            answer = await program.post(
                "/v1/rooms/K1/messages", json={"name": name, "msg": "hi", "key": "k"}
            )
            assert answer.json() == {"delivered": 0}
    async with open_hall(database, AlertSettings()) as hall, hall.browser() as program:
        member = await hall.member("m", "K1")
        again = {"name": "a", "msg": "hi", "key": "k"}
        assert (await program.post("/v1/rooms/k1/messages", json=again)).json() == {"delivered": 0}
        assert await member.take() == []
        plain = await program.post("/v1/rooms/K1/messages?name=a&key=k2", content=b"ho")
        assert plain.json() == {"delivered": 1}
        plain = await program.post("/v1/rooms/K1/messages?name=a&key=k2", content=b"ho")
        assert plain.json() == {"delivered": 0}
        assert await member.texts() == ["A: ho"]


@pytest.mark.parametrize("key", ["", "x" * 65, "ж" * 33, "a\0b"])
async def test_a_key_that_is_none_is_refused(hall: Hall, key: str) -> None:
    guest = await hall.guest()
    await guest.call("joined", {"name": "a", "room": "K1", "headless": True, "protocol": 2})
    assert (await guest.call("text", {"msg": "hi", "key": key}))["code"] == "bad_key"


async def test_an_original_client_may_send_what_it_likes_as_a_key(hall: Hall) -> None:
    guest = await hall.member("a", "K1")
    for _ in range(2):
        assert await guest.call("text", {"msg": "hi", "key": "k"}) is None
    assert await guest.texts() == ["A: hi", "A: hi"]


@pytest.mark.parametrize("headless", ["True", 1, [0], {"a": 1}, True])
async def test_headless_is_whatever_is_not_empty(hall: Hall, headless: object) -> None:
    guest = await hall.guest()
    await guest.call("joined", {"name": "hall", "room": "K1", "headless": headless})
    assert await guest.texts() == ["HALL has joined the chat!"]


# --- what is kept ---------------------------------------------------------------------------------


async def test_old_messages_keys_and_empty_rooms_are_forgotten(database: Path) -> None:
    async with open_hall(database, AlertSettings()) as hall:
        member = await hall.member("m", "K1")
        async with hall.browser() as program:
            for room in ("K1", "K2"):
                await program.post(
                    f"/v1/rooms/{room}/messages", json={"name": "a", "msg": "hi", "key": "k"}
                )
        (expiry,) = hall.alert.expiries
        now = datetime.now(UTC)
        assert await expiry.forget(now - DAY, 10) == 0
        assert counts(database) == (2, 2, 2)
        hall.alert.service._now = lambda: now + 40 * DAY
        assert await expiry.forget(now + DAY, 1) == 1
        assert await expiry.forget(now + DAY, 10) == 1
        assert counts(database) == (0, 0, 1)
        newcomer = await hall.guest()
        await newcomer.join("n", "K1")
        assert await newcomer.texts() == ["N has joined the chat!"]
        await member.leave()


async def test_retention_counts_old_messages_by_the_database_alone(database: Path) -> None:
    async with open_hall(database, AlertSettings()) as hall:
        alice = await hall.member("alice", "K1")
        await alice.say("hi")
        (expiry,) = hall.alert.expiries
        now = datetime.now(UTC)
        for before, count in ((now - DAY, 0), (now + DAY, 1)):
            assert (await hall.store.read(expiry.kind.count(before)))[0][0] == count


def people(database: Path) -> int:
    return _count(database, "alert_people")


def counts(database: Path) -> tuple[int, ...]:
    return tuple(_count(database, f"alert_{table}") for table in ("messages", "sent", "rooms"))


def _count(database: Path, table: str) -> int:
    connection = sqlite3.connect(database)
    try:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
    finally:
        connection.close()
