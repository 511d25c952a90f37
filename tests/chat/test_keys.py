"""A message with a key is said once, however often its client repeats it."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from quad.chat import keys
from quad.chat.tables import keys as key_table
from quad.store.mailbox import entries
from tests.chat.phones import Phone, Station, open_chat
from tests.chat.test_turns import saving_blocked

CHAT = "team"


async def say(phone: Phone, text: str, key: str, chat: str = CHAT) -> None:
    await phone.say("send_message", chat=chat, message=text, key=key)


async def stored(station: Station) -> int:
    return len(await station.system.chats.read(entries.select()))


async def pair(station: Station) -> tuple[Phone, Phone]:
    ann, ben = [await station.phone(number, protocol=2) for number in ("111", "222")]
    await ann.create(CHAT, ben)
    return ann, ben


async def test_a_key_comes_back_to_the_senders_devices_alone(station: Station) -> None:
    ann, ben = await pair(station)
    tablet = await station.phone("111", protocol=2, token=ann.token)
    old = await station.phone("333")
    await ann.say("add_member", chat=CHAT, phone="333")
    for each in (ann, ben, tablet, old):
        await each.expect("new_member")
    await say(ann, "hi", 'my "key" é')
    for each, key in ((ann, 'my "key" é'), (tablet, 'my "key" é'), (ben, None), (old, None)):
        assert (await each.expect("message")).get("key") == key


async def test_a_repeated_message_is_told_again_to_who_asks_and_saved_once(
    station: Station,
) -> None:
    ann, ben = await pair(station)
    tablet = await station.phone("111", protocol=2, token=ann.token)
    await say(ann, "once", "k")
    first = await ann.expect("message")
    assert await tablet.expect("message") == first
    await say(tablet, "in other words", "k")
    assert await tablet.expect("message") == first
    await ben.expect_texts("once")
    await ben.expect_silence()
    await ann.expect_silence()
    assert await stored(station) == 1


async def test_the_same_key_of_another_phone_is_another_message(station: Station) -> None:
    ann, ben = await pair(station)
    await say(ann, "of Ann", "k")
    await ben.expect_texts("of Ann")
    await say(ben, "of Ben", "k")
    await ann.expect_texts("of Ann", "of Ben")


async def test_repeats_that_come_before_the_commit_wait_for_it(
    station: Station, database: Path
) -> None:
    ann, ben = await pair(station)
    await say(ann, "warm up", "w")
    await ann.expect_texts("warm up")
    with saving_blocked(database):
        for _ in range(3):
            await say(ann, "once", "k")
    ids = {(await ann.expect("message"))["id"] for _ in range(3)}
    assert len(ids) == 1
    await ben.expect_texts("warm up", "once")
    await ben.expect_silence()


async def test_a_message_that_was_not_saved_may_be_repeated(
    station: Station, database: Path
) -> None:
    ann, ben = await pair(station)
    other = sqlite3.connect(database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    await say(ann, "not saved", "k")
    error = await ann.expect("error")
    assert (error["code"], error["key"]) == ("cannot_save", "k")
    other.execute("ROLLBACK")
    other.close()
    await say(ann, "saved", "k")
    await ben.expect_texts("saved")


async def test_keyed_and_other_messages_of_one_sender_keep_their_order(station: Station) -> None:
    """The first keyed one has to be looked up, and those behind it wait for that."""
    ann, ben = await pair(station)
    for number in range(20):
        if number % 3:
            await ann.send(CHAT, str(number))
        else:
            await say(ann, str(number), f"key {number}")
    await ben.expect_texts(*map(str, range(20)))


async def test_every_error_says_which_message_it_is_about(station: Station) -> None:
    ann, _ = await pair(station)
    for refused in (
        {"chat": "none", "message": "x"},
        {"chat": CHAT, "message": "x" * 70_000},
        {"chat": CHAT},
        {"chat": CHAT, "message": 1},
    ):
        await ann.say("send_message", key="k", **refused)
        error = await ann.expect("error")
        assert (error["operation"], error["key"]) == ("send_message", "k")


async def test_errors_to_original_clients_begin_with_the_operation_and_quote_the_message(
    station: Station,
) -> None:
    ann = await station.phone("111")
    await ann.say("send_message", chat="none", message="Shall we meet\n at the usual place at six?")
    detail = (await ann.expect("error"))["detail"]
    quoted = 'send_message "Shall we meet at the usual place at six…"'
    assert detail == f"{quoted}: you are not a member of a chat 'none'"
    await ann.say("send_message", chat=1, message="short")
    assert (await ann.expect("error"))["detail"].startswith('send_message "short": ')
    await ann.say("add_member", chat="none", phone="222")
    assert (await ann.expect("error"))["detail"].startswith("add_member: you are not")
    await ann.say("add_member", chat="none")
    assert (await ann.expect("error"))["detail"].startswith("add_member: Object missing")


class Clock:
    def __init__(self) -> None:
        self.at = datetime(2026, 5, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


async def test_keys_outlive_a_restart_for_a_day(database: Path) -> None:
    clock = Clock()
    async with open_chat(database, now=clock) as station:
        ann, _ = await pair(station)
        await say(ann, "once", "k")
        first = await ann.expect("message")
        token = ann.token
    clock.at += timedelta(hours=23)
    async with open_chat(database, now=clock) as station:
        ann = await station.phone("111", protocol=2, token=token)
        await say(ann, "once", "k")
        assert await ann.expect("message") == first
        # Logging out and in forgets nothing either.
        await ann.leave()
        ann = await station.phone("111", protocol=2, token=token)
        await say(ann, "once", "k")
        assert await ann.expect("message") == first
        clock.at += timedelta(hours=2)
        await say(ann, "a day later", "k")
        assert (await ann.expect("message"))["message"] == "a day later"
        await say(ann, "again", "k")
        assert (await ann.expect("message"))["message"] == "a day later"
        clock.at += timedelta(days=2)
        station.system.trimming.trim()
        await station.system.chats.write()
        assert await station.system.chats.read(key_table.select()) == []


async def test_more_keys_than_are_in_memory_are_known_all_the_same(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "KEPT_LIMIT", 3)
    monkeypatch.setattr("quad.chat.messages.KEPT_LIMIT", 3)
    async with open_chat(database) as station:
        ann, _ = await pair(station)
        ids: list[Any] = []
        token = ann.token
        for number in range(8):
            await say(ann, str(number), str(number))
            ids.append((await ann.expect("message"))["id"])
        for _ in range(2):
            for number in range(8):
                await say(ann, "again", str(number))
                heard = await ann.expect("message")
                assert (heard["id"], heard["message"]) == (ids[number], str(number))
            await ann.leave()
            ann = await station.phone("111", protocol=2, token=token)


async def test_a_repeated_message_of_a_chat_that_is_left_is_not_told(station: Station) -> None:
    ann, ben = await pair(station)
    await say(ben, "once", "k")
    await ben.expect("message")
    await ann.say("remove_member", chat=CHAT, phone="222")
    await ben.expect("member_removed")
    await say(ben, "once", "k")
    error = await ben.expect("error")
    assert (error["code"], error["key"]) == ("not_a_member", "k")


async def test_messages_that_wait_for_a_key_to_be_looked_up_wait_for_their_chat_alone(
    station: Station,
) -> None:
    ann, ben = await pair(station)
    await ann.create("other")
    await say(ann, "keyed", "k", chat="other")
    await ann.send(CHAT, "elsewhere")
    texts = {(await ann.expect("message"))["message"] for _ in range(2)}
    assert texts == {"keyed", "elsewhere"}
    await ben.expect_texts("elsewhere")
