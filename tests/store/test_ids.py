"""Ids sort by time and never come twice, whatever the clock does."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quad.store.ids import Ids, id_at, milliseconds_at, milliseconds_of

BITS = [10, 12, 20]


@pytest.mark.parametrize("bits", BITS)
def test_an_id_tells_when_it_was_given(bits: int) -> None:
    ids = Ids(bits)
    assert ids.next_id(2_000) == id_at(2_000, bits) == 2_000 << bits
    assert milliseconds_at(ids.next_id(2_000), bits) == 2_000
    assert ids.next_id(2_001) == id_at(2_001, bits)


def test_more_ids_than_a_millisecond_has_room_for_run_ahead() -> None:
    ids = Ids(1)
    assert [ids.next_id(5) for _ in range(4)] == [10, 11, 12, 13]
    assert ids.next_id(6) == 14


def test_a_sequence_goes_on_behind_what_was_kept_even_if_the_clock_is_slow() -> None:
    ids = Ids(10, last=id_at(9_000, 10) + 7)
    assert ids.next_id(1_000) == id_at(9_000, 10) + 8
    ids.skip_to(id_at(9_500, 10))
    ids.skip_to(3)
    assert ids.last == id_at(9_500, 10)
    assert ids.next_id(1_000) == id_at(9_500, 10) + 1


@given(st.sampled_from(BITS), st.integers(0, 2**53), st.lists(st.integers(0, 2**41), min_size=1))
def test_each_id_is_larger_than_all_before(bits: int, last: int, clock: list[int]) -> None:
    ids = Ids(bits, last)
    given_ids = [ids.next_id(now_ms) for now_ms in clock]
    assert [last, *given_ids] == sorted({last, *given_ids})
    assert all(id_at(now_ms, bits) <= each for now_ms, each in zip(clock, given_ids, strict=True))


def test_a_moment_is_counted_in_whole_milliseconds() -> None:
    assert milliseconds_of(datetime(1970, 1, 1, 0, 0, 1, 234_900, tzinfo=UTC)) == 1_234
