"""What nobody has used for long is forgotten, in the database and in memory."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from quad.chat import tables
from quad.chat.retention import KINDS
from quad.store.mailbox import entries, readers
from tests.chat.phones import Station, open_chat

CHAT = "team"
DAY = timedelta(days=1)


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 5, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def station(database: Path, clock: Clock) -> AsyncIterator[Station]:
    async with open_chat(database, now=clock) as station:
        yield station


async def count(station: Station, kind: str, before: datetime) -> int:
    """What the database alone says."""
    (found,) = [each for each in KINDS if each.name == kind]
    return int((await station.system.chats.read(found.count(before)))[0][0])


async def forget(station: Station, kind: str, before: datetime, limit: int = 100) -> int:
    (found,) = [each for each in station.system.expiries if each.kind.name == kind]
    return await found.forget(before, limit)


async def kept(station: Station) -> list[str]:
    return [row.content for row in await station.system.chats.read(select(entries.c.content))]


async def test_messages_go_when_they_are_old_and_not_when_all_have_them(
    station: Station, clock: Clock
) -> None:
    ann, ben = await station.phone("111"), await station.phone("222")
    await ann.create(CHAT, ben)
    await ann.create("other")
    for text in ("one", "two", "three"):
        await ann.send(CHAT, text)
        await ben.expect_texts(text)
        clock.now += DAY
    await ann.send("other", "elsewhere")
    await ann.expect_texts("one", "two", "three", "elsewhere")
    await ann.proven()
    await ben.proven()
    before = clock.now - 2 * DAY
    assert await count(station, "chat_messages", before) == 1
    assert await forget(station, "chat_messages", before) == 1
    assert len(await kept(station)) == 3
    clock.now += 30 * DAY
    assert await count(station, "chat_messages", clock.now) == 3
    assert [await forget(station, "chat_messages", clock.now, 2) for _ in range(3)] == [2, 1, 0]
    assert await kept(station) == []
    # What comes later is found again.
    await ann.send(CHAT, "four")
    await ben.expect_texts("four")
    clock.now += DAY
    assert await forget(station, "chat_messages", clock.now) == 1


async def test_removals_go_with_the_messages(station: Station, clock: Clock) -> None:
    ann, ben = await station.phone("111"), await station.phone("222")
    await ann.create(CHAT, ben)
    await ben.leave()
    await ann.say("remove_member", chat=CHAT, phone="222")
    await ann.expect("member_removed")
    clock.now += DAY
    assert await forget(station, "chat_removals", clock.now - 2 * DAY) == 0
    assert await count(station, "chat_removals", clock.now) == 1
    assert await forget(station, "chat_removals", clock.now) == 1
    assert await count(station, "chat_removals", clock.now) == 0
    ben = await station.phone("222")
    assert ben.state == {"chats": []}
    await ben.expect_silence()


async def test_phones_without_a_chat_go_with_everything_they_had(
    station: Station, clock: Clock
) -> None:
    away, online, member = [
        await station.phone(number, protocol=2) for number in ("111", "222", "333")
    ]
    await away.create(CHAT, member)
    await away.say("send_message", chat=CHAT, message="hi", key="k")
    await member.expect_texts("hi")
    await away.say("remove_member", chat=CHAT, phone="111")
    await member.expect("member_removed")
    await away.leave()
    await member.leave()
    for number in ("111", "333"):
        while station.system.chats.users[number].seats:
            await online.proven()
    await station.system.chats.mailbox.flush()
    clock.now += 2 * DAY
    assert await count(station, "chat_phones", clock.now - 3 * DAY) == 0
    assert await count(station, "chat_phones", clock.now - DAY) == 1
    assert await forget(station, "chat_phones", clock.now - DAY) == 1
    assert set(station.system.chats.users) == {"222", "333"}
    read = station.system.chats.read
    assert {row.phone for row in await read(select(tables.users))} == {"222", "333"}
    for table in (tables.keys, tables.removals):
        assert await read(select(table)) == []
    await station.system.chats.mailbox.flush()
    assert "chat/111" not in {row.reader for row in await read(select(readers))}
    # The number is free again, and what was said under it is still there to read.
    assert (await station.phone("111", protocol=2)).token
    back = await station.phone("333", protocol=2, token=member.token)
    await back.say("history", chat=CHAT)
    (message,) = (await back.expect("history"))["messages"]
    assert message["message"] == "hi"


async def test_messages_of_a_phone_that_was_forgotten_are_told_with_its_number(
    database: Path, clock: Clock
) -> None:
    async with open_chat(database, now=clock) as station:
        ann, ben = await station.phone("111"), await station.phone("222", protocol=2)
        await ann.create(CHAT, ben)
        await ann.send(CHAT, "hi")
        await ben.expect_texts("hi")
        await ann.say("remove_member", chat=CHAT, phone="111")
        await ben.expect("member_removed")
        await ann.leave()
        while station.system.chats.users["111"].seats:
            await ben.proven()
        clock.now += DAY
        assert await forget(station, "chat_phones", clock.now) == 1
        await ben.say("history", chat=CHAT)
        (message,) = (await ben.expect("history"))["messages"]
        assert (message["from"]["name"], message["from"]["phone"]) == ("111", "111")
