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


def test_a_burst_is_free_and_the_next_one_is_told_when_to_come() -> None:
    clock = Clock()
    pace = Pace(2.0, 3, clock)
    assert [pace.take() for _ in range(3)] == [None] * 3
    refused = pace.take()
    assert refused is not None
    assert refused.details == {"limit": "events_per_s", "retry_after_s": 0.5}
    assert str(refused) == "more than 2 events a second (events_per_s): try again in 0.5 s"
    clock.now += 0.5
    assert pace.take() is None
    assert pace.take() is not None


def test_silence_earns_no_more_than_a_burst() -> None:
    clock = Clock()
    pace = Pace(10.0, 2, clock)
    clock.now += 3_600
    assert [pace.take() is None for _ in range(3)] == [True, True, False]


@given(
    st.floats(0.1, 1_000),
    st.integers(1, 50),
    st.lists(st.floats(0, 1), min_size=1, max_size=60),
)
def test_never_more_than_the_burst_and_what_was_earned(
    per_s: float, burst: int, pauses: list[float]
) -> None:
    clock = Clock()
    pace = Pace(per_s, burst, clock)
    taken = 0
    for pause in pauses:
        clock.now += pause
        refused = pace.take()
        taken += refused is None
        if refused is not None:
            assert 0 <= float(str(refused.details["retry_after_s"])) <= 1 / per_s + 0.001
    assert taken <= burst + per_s * sum(pauses) + 1e-6


def test_without_a_rate_there_is_no_pace() -> None:
    assert EngineOptions().pace() is None
    assert EngineOptions(events_per_s=5).pace() is not None


@pytest.mark.parametrize("burst", [1, 7])
def test_the_burst_is_an_option(burst: int) -> None:
    pace = EngineOptions(events_per_s=0.001, events_burst=burst).pace()
    assert pace is not None
    assert [pace.take() is None for _ in range(burst + 1)] == [True] * burst + [False]
