"""A loop that stood still doubts its session until that is proven."""

import pytest

from quad.cluster.pulse import Pulse


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pulse(clock: Clock) -> Pulse:
    return Pulse(clock)


def test_a_loop_that_runs_doubts_nothing(pulse: Pulse, clock: Clock) -> None:
    for _ in range(20):
        clock.now += 0.6
        assert not pulse.is_in_doubt
        pulse.tick()
    assert pulse.steady_s > 10


def test_a_pause_is_doubted_before_the_next_tick_and_until_a_proof(
    pulse: Pulse, clock: Clock
) -> None:
    clock.now += 3.1
    assert pulse.is_in_doubt
    pulse.tick()
    assert pulse.is_in_doubt
    pulse.proven(pulse.begin_proof())
    assert not pulse.is_in_doubt


def test_an_answer_to_a_question_from_before_the_pause_proves_nothing(
    pulse: Pulse, clock: Clock
) -> None:
    proof = pulse.begin_proof()
    clock.now += 8.0
    pulse.proven(proof)
    pulse.tick()
    pulse.proven(proof)
    assert pulse.is_in_doubt


def test_a_short_pause_costs_only_the_right_to_suspect_others(pulse: Pulse, clock: Clock) -> None:
    clock.now += 1.5
    pulse.tick()
    assert not pulse.is_in_doubt
    clock.now += 0.5
    assert pulse.steady_s == 0.5
