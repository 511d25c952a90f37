"""What was said before can be read again by members, whatever their devices have fetched."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from quad.realtime import EngineOptions
from tests.chat.phones import Phone, Station, open_chat

CHAT = "team"


async def ask(phone: Phone, **keys: object) -> list[dict[str, Any]]:
    await phone.say("history", chat=CHAT, **keys)
    heard = await phone.expect("history")
    assert list(heard) == ["chat", "messages"]
    assert heard["chat"] == CHAT
    messages: list[dict[str, Any]] = heard["messages"]
    return messages


async def texts(phone: Phone, **keys: object) -> list[str]:
    return [message["message"] for message in await ask(phone, **keys)]


async def talk(ann: Phone, *said: str) -> None:
    for text in said:
        await ann.send(CHAT, text)
    await ann.expect_texts(*said)


async def test_the_newest_messages_come_last_and_older_ones_by_their_id(station: Station) -> None:
    ann = await station.phone("111", protocol=2)
    await ann.create(CHAT)
    assert await ask(ann) == []
    await talk(ann, *map(str, range(10)))
    assert await texts(ann) == [*map(str, range(10))]
    newest = await ask(ann, limit=3)
    assert [message["message"] for message in newest] == ["7", "8", "9"]
    assert list(newest[0]) == ["from", "date", "message", "id"]
    assert await texts(ann, limit=3, before=newest[0]["id"]) == ["4", "5", "6"]
    first = (await ask(ann))[0]
    assert await ask(ann, before=first["id"]) == []


async def test_it_does_not_matter_what_other_devices_have_fetched(station: Station) -> None:
    ann = await station.phone("111", protocol=2)
    await ann.create(CHAT)
    await talk(ann, "one", "two")
    await ann.leave()
    again = await station.phone("111", protocol=2, token=ann.token)
    assert again.missed(CHAT) == []
    assert await texts(again) == ["one", "two"]


@pytest.mark.parametrize("is_open", [False, True])
async def test_who_comes_later_reads_from_then_on_or_in_an_open_chat_all(
    station: Station, is_open: bool
) -> None:
    ann, ben = [await station.phone(number, protocol=2) for number in ("111", "222")]
    await ann.say("create_chat", name=CHAT, open=is_open)
    await ann.expect("new_member")
    await talk(ann, "before")
    await ann.say("add_member", chat=CHAT, phone="222")
    for each in (ann, ben):
        assert list((await each.expect("new_member"))["chat"]) == ["name", "members", "owner"]
    await talk(ann, "after")
    await ben.expect_texts("after")
    assert await texts(ben) == (["before", "after"] if is_open else ["after"])


async def test_whether_a_chat_is_open_outlives_a_restart(database: Path) -> None:
    async with open_chat(database) as station:
        ann = await station.phone("111", protocol=2)
        await ann.say("create_chat", name=CHAT, open=True)
        await ann.expect("new_member")
        await talk(ann, "before")
    async with open_chat(database) as station:
        ann, ben = (
            await station.phone("111", protocol=2, token=ann.token),
            await station.phone("222", protocol=2),
        )
        await ann.say("add_member", chat=CHAT, phone="222")
        await ben.expect("new_member")
        assert await texts(ben) == ["before"]


async def test_original_clients_make_no_open_chats(station: Station) -> None:
    ann, ben = await station.phone("111"), await station.phone("222", protocol=2)
    await ann.say("create_chat", name=CHAT, open=True)
    await ann.expect("new_member")
    await talk(ann, "before")
    await ann.say("add_member", chat=CHAT, phone="222")
    await ben.expect("new_member")
    assert await texts(ben) == []


async def test_at_most_200_come_and_fewer_when_they_are_long(database: Path) -> None:
    options = EngineOptions(outbox_limit_bytes=200_000)
    async with open_chat(database, options=options) as station:
        ann = await station.phone("111", protocol=2)
        await ann.create(CHAT)
        await talk(ann, *map(str, range(250)))
        assert await texts(ann, limit=1000) == [*map(str, range(50, 250))]
        assert await texts(ann, limit=-5) == ["249"]
        long = [f"{index} " + "x" * 60_000 for index in range(5)]
        for text in long:
            await talk(ann, text)
        found: list[str] = []
        before: dict[str, object] = {}
        rounds = 0
        while len(found) < 5:
            part = await ask(ann, limit=5 - len(found), **before)
            found[:0] = [message["message"] for message in part]
            before = {"before": part[0]["id"]}
            rounds += 1
        assert found == long
        assert rounds > 2


class Clock:
    def __init__(self) -> None:
        self.at = datetime(2026, 5, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


async def test_after_the_clock_was_set_back_dates_are_of_today_and_the_order_stays(
    database: Path,
) -> None:
    clock = Clock()
    clock.at += timedelta(days=2)
    async with open_chat(database, now=clock) as station:
        ann = await station.phone("111", protocol=2)
        await ann.create(CHAT)
        await talk(ann, "from the future")
        clock.at -= timedelta(days=2)
        await ann.send(CHAT, "now")
        assert (await ann.expect("message"))["date"] == "2026-05-01 12:00:00"
        token = ann.token
    clock.at += timedelta(minutes=1)
    async with open_chat(database, now=clock) as station:
        ann = await station.phone("111", protocol=2, token=token)
        await ann.send(CHAT, "a minute later")
        assert (await ann.expect("message"))["date"] == "2026-05-01 12:01:00"
        told = await ask(ann)
    assert [(message["message"], message["date"]) for message in told] == [
        ("from the future", "2026-05-01 12:01:00"),
        ("now", "2026-05-01 12:00:00"),
        ("a minute later", "2026-05-01 12:01:00"),
    ]
    ids = [message["id"] for message in told]
    assert ids == sorted(ids)
