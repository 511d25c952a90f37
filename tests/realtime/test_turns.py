"""Whose turn it is, without any event: who may start, who waits, who is called."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quad.realtime.turns import BACKLOG_EVENTS, TooManyWaiting, Turns


class Desk:
    """Takes events by number, and says which of them are at work."""

    def __init__(self) -> None:
        self.turns = Turns()
        self.started: list[int] = []
        self.at_work: list[int] = []
        # Those end while they are being started, as a handler does that needs not wait.
        self.immediate: set[int] = set()

    def arrive(self, number: int, *, overlaps: bool) -> None:
        if self.turns.begin(overlaps=overlaps):
            self._start(number)()
        else:
            self.turns.wait(self._start(number), overlaps=overlaps)

    def finish(self, number: int) -> None:
        self.at_work.remove(number)
        self.turns.end()

    def _start(self, number: int) -> Callable[[], None]:
        def start() -> None:
            self.started.append(number)
            self.at_work.append(number)
            if number in self.immediate:
                self.finish(number)

        return start


def test_one_at_a_time_and_in_order() -> None:
    desk = Desk()
    for number in range(3):
        desk.arrive(number, overlaps=False)
    assert desk.at_work == [0]
    desk.finish(0)
    assert desk.at_work == [1]
    desk.finish(1)
    assert desk.at_work == [2]


def test_those_that_overlap_are_at_work_together() -> None:
    desk = Desk()
    for number in range(3):
        desk.arrive(number, overlaps=True)
    assert desk.at_work == [0, 1, 2]


def test_one_that_does_not_overlap_waits_for_all_and_lets_nobody_pass() -> None:
    desk = Desk()
    for number, overlaps in enumerate([True, True, False, True, True]):
        desk.arrive(number, overlaps=overlaps)
    assert desk.at_work == [0, 1]
    desk.finish(1)
    desk.finish(0)
    assert desk.at_work == [2]
    desk.finish(2)
    assert desk.at_work == [3, 4]


def test_a_long_queue_of_short_ones_needs_no_deep_stack() -> None:
    desk = Desk()
    desk.immediate = set(range(1, BACKLOG_EVENTS))
    for number in range(BACKLOG_EVENTS):
        desk.arrive(number, overlaps=False)
    assert desk.started == [0]
    desk.finish(0)
    assert desk.started == list(range(BACKLOG_EVENTS))
    assert desk.at_work == []


def test_too_many_waiting_are_refused() -> None:
    desk = Desk()
    for number in range(BACKLOG_EVENTS + 1):
        desk.arrive(number, overlaps=False)
    with pytest.raises(TooManyWaiting):
        desk.arrive(-1, overlaps=False)
    desk.finish(0)
    desk.arrive(-2, overlaps=False)


arrivals = st.tuples(st.just("arrive"), st.booleans(), st.booleans())
ends = st.tuples(st.just("finish"), st.integers(0, 20), st.just(value=False))


@given(st.lists(st.one_of(arrivals, arrivals, ends), max_size=40))
def test_whatever_happens_the_order_is_kept_and_only_the_overlapping_overlap(
    plan: list[tuple[str, int, bool]],
) -> None:
    desk = Desk()
    overlapping: list[bool] = []
    for act, choice, is_immediate in plan:
        if act == "arrive":
            number = len(overlapping)
            overlapping.append(bool(choice))
            if is_immediate:
                desk.immediate.add(number)
            desk.arrive(number, overlaps=bool(choice))
        elif desk.at_work:
            desk.finish(desk.at_work[choice % len(desk.at_work)])
        assert len(desk.at_work) <= 1 or all(overlapping[number] for number in desk.at_work)
    while desk.at_work:
        desk.finish(desk.at_work[0])
    assert desk.started == list(range(len(overlapping)))
