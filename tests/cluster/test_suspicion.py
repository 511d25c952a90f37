"""Who is taken for dead, and by whom."""

import pytest

from quad.cluster.suspicion import Signs

WELL = Signs({2: 0.2, 3: 0.2}, hears_itself=True, steady_s=60.0, session_s=60.0)


def test_whoever_beats_is_not_suspected() -> None:
    assert WELL.suspects == []


def test_the_lock_of_a_silent_node_is_tried_but_its_session_is_left() -> None:
    signs = WELL._replace(silence_s={2: 1.6, 3: 0.2})
    assert signs.suspects == [2]
    assert not signs.is_frozen(2)


def test_the_lock_of_a_node_that_is_said_to_have_ended_is_tried_at_once() -> None:
    signs = WELL._replace(ended=[2, 9])
    assert signs.suspects == [2]
    assert not signs.is_frozen(2)


@pytest.mark.parametrize(
    "changed",
    [
        {"hears_itself": False},
        {"steady_s": 1.0},
        {"session_s": 4.0},
    ],
    ids=["lost the broker", "has just slept", "has just got its session back"],
)
def test_nobody_is_suspected_by_one_who(changed: dict[str, float]) -> None:
    signs = WELL._replace(silence_s={2: 60.0, 3: 0.2}, **changed)  # type: ignore[arg-type]
    assert signs.suspects == []
    assert not signs.is_frozen(2)


@pytest.mark.parametrize(
    ("silence_s", "is_frozen"),
    [
        ({2: 5.1}, True),
        ({2: 4.9}, False),
        ({2: 5.1, 3: 0.3}, True),
        ({2: 5.1, 3: 1.6}, False),
        ({2: 5.1, 3: 60.0, 4: 0.3}, True),
    ],
    ids=["of two", "too soon", "a witness", "no witness", "one witness of two"],
)
def test_a_session_is_ended_after_five_seconds_if_a_third_node_is_heard(
    silence_s: dict[int, float], is_frozen: bool
) -> None:
    assert WELL._replace(silence_s=silence_s).is_frozen(2) is is_frozen
    assert not WELL._replace(silence_s=silence_s).is_frozen(9)
