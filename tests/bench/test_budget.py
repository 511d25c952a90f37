"""What a message and a participant cost, counted and not timed: the same on a busy machine."""

import asyncio
import gc
import sys
import tracemalloc
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from types import CodeType, FrameType

import pytest

import quad
from bench.anatomy import Class, Wire, frame
from quad.store import Store, migrate
from tests.patience import patience

_SOURCE = str(Path(quad.__file__).parent)
_MESSAGES = 32
_STUDENTS = 400


@pytest.fixture
async def lesson(tmp_path: Path) -> AsyncIterator[Class]:
    url = f"sqlite+aiosqlite:///{tmp_path}/quad.sqlite3"
    await migrate(url)
    store = await Store.open(url)
    it = Class(store)
    await it.begin()
    yield it
    await it.service.aclose()
    await store.aclose()


async def relay(lesson: Class) -> None:
    done = lesson.teacher.expect(_MESSAGES)
    lesson.hear(lesson.says(_MESSAGES))
    async with asyncio.timeout(patience(10)):
        await done


async def test_a_relayed_file_passes_no_more_functions_than_it_has_to(lesson: Class) -> None:
    await relay(lesson)
    calls: Counter[CodeType] = Counter()

    def count(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(_SOURCE):
            calls[frame.f_code] += 1

    sys.setprofile(count)
    try:
        await relay(lesson)
    finally:
        sys.setprofile(None)
    # What is called once for many messages is a matter of how they met the commits.
    each = [code.co_qualname for code, times in calls.items() for _ in range(times // _MESSAGES)]
    assert len(each) <= 32, " ".join(sorted(each))


async def test_a_student_who_sits_there_keeps_little_memory(lesson: Class) -> None:
    await join(lesson, range(100))
    gc.collect()
    tracemalloc.start()
    try:
        kept = await join(lesson, range(100, 100 + _STUDENTS))
        gc.collect()
        ours = tracemalloc.Filter(inclusive=True, filename_pattern=f"{_SOURCE}/*")
        snapshot = tracemalloc.take_snapshot().filter_traces([ours])
    finally:
        tracemalloc.stop()
    assert len(kept) == _STUDENTS
    each_bytes = sum(trace.size for trace in snapshot.traces) / _STUDENTS
    assert 500 < each_bytes < 1_630


async def join(lesson: Class, numbers: range) -> Sequence[object]:
    """So many students, whose connections are returned: nobody else holds them."""
    room = lesson.service.rooms.known(lesson.room_id)
    assert room is not None
    before, kept = len(room.students), []
    for number in numbers:
        connection = lesson.connect(Wire())
        said = f'42["room/join",{{"room_id":{lesson.room_id},"name":"Student {number}"}}]'
        connection.data_received(frame(said))
        kept.append(connection)
    async with asyncio.timeout(patience(30)):
        while len(room.students) < before + len(numbers) or room.update_timer is not None:
            await asyncio.sleep(0.01)
    return kept
