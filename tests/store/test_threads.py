import asyncio
import gc
import threading
import weakref
from typing import Any

import pytest

from quad.store.threads import Threads
from tests.patience import patience


async def test_calls_of_one_thread_are_done_in_their_order_and_answered() -> None:
    threads = Threads(1, "test")
    done: list[int] = []
    calls = [threads.call(done.append, number) for number in range(100)]
    assert await asyncio.gather(*calls) == [None] * 100
    assert done == list(range(100))
    assert await threads.call(divmod, 7, 2) == (3, 1)
    await asyncio.to_thread(threads.close)


async def test_what_a_call_raises_is_raised_to_its_caller_alone() -> None:
    threads = Threads(1, "test")
    wrong, right = threads.call(int, "x"), threads.call(int, "1")
    with pytest.raises(ValueError, match="invalid literal"):
        await wrong
    assert await right == 1
    await asyncio.to_thread(threads.close)


async def test_several_threads_work_at_once() -> None:
    threads = Threads(2, "test")
    meeting = threading.Barrier(2, timeout=patience(5))
    await asyncio.gather(threads.call(meeting.wait), threads.call(meeting.wait))
    await asyncio.to_thread(threads.close)


async def test_a_call_that_nobody_waits_for_any_more_is_not_begun() -> None:
    threads = Threads(1, "test")
    gate = threading.Event()
    done: list[int] = []
    first = threads.call(gate.wait, patience(5))
    second, third = threads.call(done.append, 2), threads.call(done.append, 3)
    second.cancel()
    gate.set()
    assert await first
    await third
    assert done == [3]
    await asyncio.to_thread(threads.close)


async def test_one_that_is_cancelled_while_it_is_done_harms_nobody() -> None:
    threads = Threads(1, "test")
    begun, gate = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        gate.wait(patience(5))

    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, what: complaints.append(what))
    call = threads.call(work)
    await asyncio.to_thread(begun.wait, patience(5))
    call.cancel()
    gate.set()
    assert await threads.call(int, "2") == 2
    assert complaints == []
    await asyncio.to_thread(threads.close)


async def test_closing_waits_for_what_was_queued() -> None:
    threads = Threads(1, "test")
    done: list[int] = []
    gate = threading.Event()
    calls: list[asyncio.Future[Any]] = [
        threads.call(gate.wait, patience(5)),
        threads.call(done.append, 1),
    ]
    closing = asyncio.create_task(asyncio.to_thread(threads.close))
    await asyncio.wait([closing], timeout=0.05)
    assert not closing.done()
    gate.set()
    await closing
    assert done == [1]
    await asyncio.gather(*calls)


def test_a_loop_that_has_closed_is_not_told() -> None:
    gate = threading.Event()

    async def begin() -> Threads:
        threads = Threads(1, "test")
        threads.call(gate.wait, patience(5))
        return threads

    threads = asyncio.run(begin())
    gate.set()
    threads.close()


async def test_nothing_is_held_while_no_call_comes() -> None:
    class Large:
        pass

    threads = Threads(1, "test")
    large = Large()
    known = weakref.ref(large)
    await threads.call(id, large)
    del large
    async with asyncio.timeout(patience(5)):
        while known() is not None:
            await asyncio.sleep(0.001)
            gc.collect()
    await asyncio.to_thread(threads.close)
