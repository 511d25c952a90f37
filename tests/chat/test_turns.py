"""What arrives while something else is being saved waits for its turn, or is told why not."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from quad.chat.refusals import CannotSave
from quad.chat.system import ChatSystem
from quad.settings import ChatSettings
from quad.store import Mailbox, Store
from tests.chat.phones import PATIENCE_S, Station

CHAT = "team"


@contextmanager
def saving_blocked(database: Path) -> Iterator[None]:
    """Another program holds the database's lock; whoever wants to save waits."""
    other = sqlite3.connect(database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


async def until_busy(station: Station, key: object) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not station.system.chats.turns.is_busy(key):
            await asyncio.sleep(0.002)


async def test_messages_wait_while_a_member_is_being_added(
    station: Station, database: Path
) -> None:
    ann, ben, eve = [await station.phone(number) for number in ("111", "222", "333")]
    await ann.create(CHAT, ben)
    with saving_blocked(database):
        await ann.say("add_member", chat=CHAT, phone="333")
        await until_busy(station, CHAT)
        await ben.send(CHAT, "one", "two", "three")
        await ann.send(CHAT, "four")
        await ben.send("none", "five")
        assert "none" in (await ben.expect("error"))["detail"]
    for each in (ann, ben, eve):
        await each.expect("new_member")
        texts = [(await each.expect("message"))["message"] for _ in range(4)]
        assert [text for text in texts if text != "four"] == ["one", "two", "three"]


async def test_messages_that_wait_for_the_end_of_their_chat_are_declined(
    station: Station, database: Path
) -> None:
    ann, ben = await station.phone("111"), await station.phone("222", protocol=2)
    await ann.create(CHAT, ben)
    with saving_blocked(database):
        await ann.say("delete_chat", chat=CHAT)
        await until_busy(station, CHAT)
        await ben.send(CHAT, "too late")
    await ben.expect("chat_deleted")
    assert (await ben.expect("error"))["code"] == "not_a_member"


async def test_of_two_who_want_a_name_one_gets_it(station: Station, database: Path) -> None:
    ann, ben = [await station.phone(number, protocol=2) for number in ("111", "222")]
    with saving_blocked(database):
        for each in (ann, ben):
            await each.say("create_chat", name=CHAT)
        await until_busy(station, CHAT)
    answers = [await each.hear() for each in (ann, ben)]
    assert sorted(answer["type"] for answer in answers) == ["error", "new_member"]


async def test_of_two_who_claim_a_phone_at_once_one_gets_it(
    station: Station, database: Path
) -> None:
    phones = [await station.connect("111") for _ in range(2)]
    with saving_blocked(database):
        for each in phones:
            await each.say("register", user={"name": "Ann", "phone": "111"}, protocol=2)
        await until_busy(station, ("phone", "111"))
    answers = [await each.hear() for each in phones]
    assert sorted(answer["type"] for answer in answers) == ["error", "state"]


async def test_whoever_leaves_while_they_are_registered_is_not_online(
    station: Station, database: Path
) -> None:
    ann = await station.connect("111")
    with saving_blocked(database):
        await ann.say("register", user={"name": "Ann", "phone": "111"})
        await until_busy(station, ("phone", "111"))
        await ann.socket.close()
    ben = await station.phone("222")
    async with asyncio.timeout(PATIENCE_S):
        while station.system.chats.turns.is_busy(("phone", "111")):
            await asyncio.sleep(0.002)
    await ben.create(CHAT)
    await ben.say("add_member", chat=CHAT, phone="111")
    assert (await ben.expect("new_member"))["user"]["disconnection_date"] is not None


async def test_who_cannot_be_told_what_they_missed_is_told_so_and_may_try_again(
    station: Station, database: Path
) -> None:
    ann, ben = await station.phone("111"), await station.phone("222", protocol=2)
    await ann.create(CHAT, ben)
    await ben.leave()
    await ann.send(CHAT, "missed")
    await ann.expect_texts("missed")
    other = sqlite3.connect(database, isolation_level=None)
    other.execute("ALTER TABLE mailbox_entries RENAME TO elsewhere")
    again = await station.connect("222")
    keys: dict[str, Any] = {"protocol": 2, "token": ben.token}
    await again.say("register", user={"name": "Ben", "phone": "222"}, **keys)
    assert (await again.expect("error"))["code"] == "cannot_save"
    assert not station.system.chats.users["222"].seats
    other.execute("ALTER TABLE elsewhere RENAME TO mailbox_entries")
    other.close()
    await again.register(**keys)
    assert again.missed(CHAT) == ["missed"]


async def test_a_chat_that_cannot_read_its_tables_does_not_start(database: Path) -> None:
    store = await Store.open(f"sqlite+aiosqlite:///{database}")
    system = ChatSystem(store, await Mailbox.open(store), ChatSettings())
    with saving_blocked(database), pytest.raises(CannotSave):
        await system.start()
    await system.aclose()
    await store.aclose()


async def test_after_the_store_has_closed_nothing_can_be_saved_and_nobody_stumbles(
    station: Station,
) -> None:
    ann, ben = [await station.phone(number, protocol=2) for number in ("111", "222")]
    await ann.create(CHAT, ben)
    await ben.leave()
    await station.system.chats._store.aclose()
    await ann.send(CHAT, "not saved")
    assert (await ann.expect("error"))["code"] == "cannot_save"
    await ann.leave()
