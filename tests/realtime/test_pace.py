"""Token buckets, by a clock of our own."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quad.realtime import EngineOptions
from quad.realtime.sessions.pace import Pace, RateLimit


class Clock:
    """Stands still until it is moved."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


# --- what waits -----------------------------------------------------------------------------------


def test_a_burst_is_free_and_then_each_waits_for_its_turn() -> None:
    clock = Clock()
    pace = Pace(2.0, 3, clock)
    assert [pace.spend() for _ in range(3)] == [0, 0, 0.5]
    clock.now += 0.5
    assert pace.spend() == 0.5


def test_what_is_read_before_the_wait_is_over_waits_longer() -> None:
    pace = Pace(2.0, 1, Clock())
    assert [pace.spend() for _ in range(3)] == [0.5, 1.0, 1.5]


def test_a_fast_connection_is_not_read_more_often_than_fifty_times_a_second() -> None:
    pace = Pace(10_000.0, 1, Clock())
    assert pace.spend() == 0.02


def test_parts_of_a_packet_cost_parts() -> None:
    pace = Pace(2.0, 2, Clock())
    assert [pace.spend(0.25) for _ in range(5)] == [0, 0, 0, 0, 0.125]


def test_silence_earns_no_more_than_a_burst() -> None:
    clock = Clock()
    pace = Pace(10.0, 2, clock)
    clock.now += 3_600
    assert [pace.spend() for _ in range(3)] == [0, 0.1, 0.2]


@given(
    st.floats(0.1, 1_000),
    st.integers(1, 50),
    st.lists(st.floats(0, 1), min_size=1, max_size=60),
)
def test_who_waits_as_told_never_takes_more_than_the_burst_and_what_was_earned(
    per_s: float, burst: int, pauses: list[float]
) -> None:
    clock = Clock()
    pace = Pace(per_s, burst, clock)
    began = clock.now
    for count, pause in enumerate(pauses, 1):
        wait_s = pace.spend()
        assert count <= burst + per_s * (clock.now - began) + 1e-6
        clock.now += max(wait_s, pause)


def test_without_a_rate_there_is_no_pace() -> None:
    assert EngineOptions().pace() is None
    assert EngineOptions(events_per_s=5).pace() is not None


@pytest.mark.parametrize("burst", [1, 7])
def test_the_burst_is_an_option(burst: int) -> None:
    pace = EngineOptions(events_per_s=0.001, events_burst=burst).pace()
    assert pace is not None
    assert [pace.spend() == 0 for _ in range(burst)] == [True] * (burst - 1) + [False]


# --- what is refused ------------------------------------------------------------------------------


def drain(limit: RateLimit) -> Iterator[None]:
    while limit.take() == 0.0:
        yield


def test_a_burst_passes_at_once_and_the_next_one_waits() -> None:
    limit = RateLimit(rate_per_s=2, burst=3, clock=Clock())
    assert [limit.take() for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]


def test_a_refused_try_costs_nothing() -> None:
    clock = Clock()
    limit = RateLimit(rate_per_s=1, burst=1, clock=clock)
    limit.take()
    waits = [limit.take() for _ in range(10)]
    assert waits == [1.0] * 10
    clock.now = 1.0
    assert limit.take() == 0.0


def test_permits_come_back_with_time_but_never_beyond_the_burst() -> None:
    clock = Clock()
    limit = RateLimit(rate_per_s=10, burst=5, clock=clock)
    assert len(list(drain(limit))) == 5
    clock.now = 0.2
    assert len(list(drain(limit))) == 2
    clock.now = 1000.0
    assert len(list(drain(limit))) == 5


@pytest.mark.parametrize(("rate_per_s", "burst"), [(0, 1), (-1, 1), (1, 0), (1, 0.5)])
def test_numbers_that_would_refuse_everyone_for_ever_are_no_limit(
    rate_per_s: float, burst: float
) -> None:
    with pytest.raises(ValueError, match="rate limit needs"):
        RateLimit(rate_per_s, burst)


rates = st.floats(min_value=0.01, max_value=10_000)
bursts = st.integers(min_value=1, max_value=50)
pauses = st.lists(st.floats(min_value=0, max_value=10), max_size=150)
starts = st.floats(min_value=0, max_value=1e7)


@given(rates, bursts, pauses, starts)
def test_no_span_of_time_allows_more_than_burst_plus_rate_times_its_length(
    rate_per_s: float, burst: int, pauses: list[float], start: float
) -> None:
    clock = Clock(start)
    limit = RateLimit(rate_per_s, burst, clock)
    allowed: list[float] = []
    for pause in pauses:
        clock.now += pause
        if limit.take() == 0.0:
            allowed.append(clock.now)
    for first, begin in enumerate(allowed):
        for last, end in enumerate(allowed[first:], start=first):
            # The clock itself, a float at up to 1e7 s, is exact to 2e-9 s.
            slack = 1e-5 + rate_per_s * 1e-8
            assert last - first + 1 <= burst + rate_per_s * (end - begin) + slack


@given(rates, bursts, st.integers(min_value=1, max_value=100), starts)
def test_whoever_waits_as_long_as_told_is_let_in(
    rate_per_s: float, burst: int, tries: int, start: float
) -> None:
    clock = Clock(start)
    limit = RateLimit(rate_per_s, burst, clock)
    for _ in range(tries):
        wait_s = limit.take()
        if wait_s:
            # One step of the float at most: the sum may round down.
            clock.now += wait_s + 1e-8
            assert limit.take() == 0.0


def test_the_wait_shrinks_as_time_passes() -> None:
    clock = Clock()
    limit = RateLimit(rate_per_s=1, burst=1, clock=clock)
    limit.take()
    waits = []
    for now in (0.0, 0.25, 0.5, 0.75):
        clock.now = now
        waits.append(limit.take())
    assert all(later < earlier for earlier, later in pairwise(waits))


def test_asking_for_the_wait_takes_nothing() -> None:
    limit = RateLimit(rate_per_s=1, burst=1, clock=Clock())
    assert [limit.wait(), limit.wait(), limit.take(), limit.wait()] == [0.0, 0.0, 0.0, 1.0]
