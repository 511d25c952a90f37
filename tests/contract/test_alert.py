"""What alert keeps is the same on every database, and older tables become these."""

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from quad.alert import tables
from quad.alert.model import Message, id_at
from quad.alert.rooms import Rooms
from quad.store import Store, migrate
from tests.contract.databases import connected, migrate_to

AT = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
NAME = "ÉCOLE \U0001f9d1\u200d\U0001f393"
"""Upper case, an accent, and an emoji of several characters."""


async def test_messages_keys_and_people_are_kept_as_they_were(database_url: str) -> None:
    async with aclosing(await Store.open(database_url)) as store:
        rooms = Rooms(store, 50)
        async with rooms.hold("Raum Ä") as room:
            message = room.make_message(NAME, "текст\uffff 🎓", AT)
            kept = await asyncio.gather(*(rooms.save(room, message, "k") for _ in range(3)))
            assert [each.message for each in kept] == [message] * 3
            assert [each.is_new for each in kept].count(True) == 1
            await rooms.write(
                room, [tables.keep_person(tables.Presence(room.key, NAME, message.id, 2))]
            )
    async with aclosing(await Store.open(database_url)) as store:
        rooms = Rooms(store, 50)
        async with rooms.hold("RAUM ä") as room:
            assert (room.code, list(room.history)) == ("Raum Ä", [message])
        (person,) = await store.read(tables.select_people())
        assert tuple(person) == ("raum ä", NAME, "Raum Ä", message.id, 2)
        await store.write(tables.delete_sent(AT), tables.delete_empty_rooms(["x"]))
        assert len(await store.read(tables.select_sent(room.key, NAME, "k"))) == 1
        await store.write(
            tables.delete_person(room.key, NAME),
            tables.delete_message(room.key, message.id),
            tables.delete_sent(AT + timedelta(seconds=1)),
            tables.delete_empty_rooms([]),
        )
        assert await store.read(tables.select_sent(room.key, NAME, "k")) == []
        assert await store.read(tables.select_code(room.key)) == []


async def test_a_room_goes_on_behind_its_last_message_on_a_machine_with_a_slow_clock(
    database_url: str,
) -> None:
    async with aclosing(await Store.open(database_url)) as store:
        async with Rooms(store, 50).hold("slow") as room:
            first = room.make_message(NAME, "first", AT)
        await store.write(tables.insert_message("slow", first))
        # Read anew, as by another process.
        async with Rooms(store, 50).hold("slow") as room:
            second = room.make_message(NAME, "second", AT - timedelta(minutes=1))
        assert second.id == first.id + 1


async def test_codes_that_differ_in_case_alone_become_one_room_with_messages_by_time(
    empty_url: str,
) -> None:
    await migrate_to(empty_url, "0007")
    said = [
        ("r101", id_at(AT), "one"),
        ("R101", id_at(AT), "two"),
        ("R101", id_at(AT) + 1, "three"),
        ("R101", id_at(AT + timedelta(seconds=1)), "four"),
        ("r102", id_at(AT), "elsewhere"),
    ]
    insert = text(
        "INSERT INTO alert_messages (room, id, name, text, at) VALUES (:room, :id, 'A', :text, :at)"
    )
    async with connected(empty_url) as connection:
        for number, (code, id, line) in enumerate(said):
            await connection.execute(insert, {"room": code, "id": id, "text": line, "at": number})
        await connection.commit()
    await migrate(empty_url)
    async with aclosing(await Store.open(empty_url)) as store:
        rooms = Rooms(store, 50)
        async with rooms.hold("R101") as room:
            assert room.code == "r101"
            assert sorted(message.text for message in list(room.history)[:3]) == sorted(
                ["one", "two", "three"]
            )
            assert room.history[-1].text == "four"
            assert len({message.id for message in room.history}) == 4
        async with rooms.hold("R102") as room:
            assert [message.text for message in room.history] == ["elsewhere"]


def test_ids_of_messages_sort_by_time() -> None:
    earlier, later = id_at(AT), id_at(AT + timedelta(milliseconds=1))
    assert earlier < Message(earlier + 1, "A", "x", AT).id < later
