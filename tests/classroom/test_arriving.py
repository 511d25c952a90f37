"""Rooms that come into memory: after a restart all of them at once."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from quad.classroom import rooms as rooms_module
from quad.refusals import CannotSave
from quad.store import Store
from tests.classroom.school import School, until
from tests.classroom.test_moving import anything


class SlowStore:
    """Stands before a store, and answers when it may."""

    def __init__(self, store: Store) -> None:
        self.may_answer = asyncio.Event()
        self.under_way = 0
        self.most = 0
        self._store = store

    async def read_all(self, *queries: Any) -> list[Sequence[Any]]:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await self.may_answer.wait()
        try:
            return await self._store.read_all(*queries)
        finally:
            self.under_way -= 1


@pytest.fixture
async def numbers(school: School) -> list[int]:
    """Classes that are in the database alone."""
    opened = [(await school.teacher())[1]["id"] for _ in range(12)]
    school.service.moving.give_up(anything)
    return opened


@pytest.fixture
def slow(school: School, monkeypatch: pytest.MonkeyPatch) -> SlowStore:
    slow = SlowStore(school.store)
    monkeypatch.setattr(school.service.rooms, "_store", slow)
    return slow


async def test_all_classes_come_at_once_and_wait_for_each_other(
    school: School, numbers: list[int], slow: SlowStore
) -> None:
    finding = asyncio.gather(*map(school.service.rooms.find, numbers))
    await until(lambda: slow.under_way > 0)
    slow.may_answer.set()
    assert [room.number for room in await finding] == numbers
    assert slow.most == rooms_module._READ_AT_ONCE


async def test_whoever_waits_too_long_for_the_database_is_told(
    school: School, numbers: list[int], slow: SlowStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rooms_module, "_TURN_S", 0.05)
    first, later = numbers[: rooms_module._READ_AT_ONCE], numbers[rooms_module._READ_AT_ONCE :]
    reading = asyncio.gather(*map(school.service.rooms.find, first))
    await until(lambda: slow.under_way == len(first))
    with pytest.raises(CannotSave):
        await school.service.rooms.find(later[0])
    slow.may_answer.set()
    await reading
    # Nothing is held against it.
    assert (await school.service.rooms.find(later[0])).number == later[0]
