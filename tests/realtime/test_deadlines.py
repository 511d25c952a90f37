"""Timers for many: who waits longest is due first, and one broken call stops nobody."""

import asyncio
from typing import Any

from quad.realtime.deadlines import Deadlines
from tests.realtime.memory import until

# Long enough to be told from at once, short enough to wait for.
DELAY_S = 0.03


async def test_each_is_called_once_in_the_order_of_their_start() -> None:
    due: list[str] = []
    deadlines = Deadlines(DELAY_S, due.append)
    for key in "abc":
        deadlines.start(key)
    assert len(deadlines) == 3
    await until(lambda: len(due) == 3)
    await asyncio.sleep(2 * DELAY_S)
    assert due == ["a", "b", "c"]
    assert len(deadlines) == 0


async def test_nobody_is_called_before_the_time() -> None:
    loop = asyncio.get_running_loop()
    due: list[float] = []
    deadlines: Deadlines[str] = Deadlines(DELAY_S, lambda key: due.append(loop.time()))
    began = loop.time()
    deadlines.start("a")
    await until(lambda: due)
    # The loop's clock is allowed to be early by its own resolution.
    assert due[0] - began >= DELAY_S - 0.001


async def test_starting_again_begins_anew() -> None:
    due: list[str] = []
    deadlines = Deadlines(DELAY_S, due.append)
    deadlines.start("a")
    deadlines.start("b")
    deadlines.start("a")
    await until(lambda: len(due) == 2)
    assert due == ["b", "a"]


async def test_those_who_are_due_soon_after_are_called_with_the_first() -> None:
    due: list[str] = []
    deadlines = Deadlines(DELAY_S, due.append, early_s=30.0)
    for key, later_s in (("a", 0.0), ("b", 20.0), ("c", 40.0)):
        deadlines.start(key, late_s=-later_s)
    await until(lambda: due)
    assert due == ["a", "b"]
    deadlines.clear()


async def test_who_was_stopped_is_not_called() -> None:
    due: list[str] = []
    deadlines = Deadlines(DELAY_S, due.append)
    deadlines.start("a")
    deadlines.start("b")
    deadlines.stop("a")
    deadlines.stop("nobody")
    await until(lambda: due)
    assert due == ["b"]


async def test_a_clock_without_anybody_can_be_started_again() -> None:
    due: list[str] = []
    deadlines = Deadlines(DELAY_S, due.append)
    deadlines.start("a")
    deadlines.stop("a")
    await asyncio.sleep(2 * DELAY_S)
    deadlines.start("b")
    await until(lambda: due)
    assert due == ["b"]


async def test_a_call_may_start_its_own_key_again_and_others() -> None:
    due: list[str] = []

    def again(key: str) -> None:
        due.append(key)
        if len(due) < 5:
            deadlines.start(key)
            deadlines.start(key.upper())

    deadlines = Deadlines(DELAY_S / 10, again)
    deadlines.start("a")
    await until(lambda: len(deadlines) == 0)
    assert due[:3] == ["a", "a", "A"]


async def test_an_exception_is_reported_and_the_others_are_called() -> None:
    due: list[str] = []
    reports: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, report: reports.append(report))

    def call(key: str) -> None:
        due.append(key)
        if key == "broken":
            raise ZeroDivisionError

    deadlines = Deadlines(DELAY_S, call)
    for key in ("a", "broken", "b"):
        deadlines.start(key)
    await until(lambda: len(due) == 3)
    deadlines.start("c")
    await until(lambda: len(due) == 4)
    assert due == ["a", "broken", "b", "c"]
    assert [type(report["exception"]) for report in reports] == [ZeroDivisionError]
    assert "broken" in reports[0]["message"]


async def test_after_clearing_nobody_is_called() -> None:
    due: list[str] = []
    deadlines = Deadlines(DELAY_S, due.append)
    deadlines.clear()
    deadlines.start("a")
    deadlines.clear()
    assert len(deadlines) == 0
    await asyncio.sleep(2 * DELAY_S)
    assert due == []
