"""The token bucket, by a clock of our own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quad.realtime import EngineOptions
from quad.realtime.pace import Pace


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


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
