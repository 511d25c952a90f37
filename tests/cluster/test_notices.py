"""What nodes tell each other survives the way, and what is broken is dropped."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quad.cluster.notices import Gone, Look, Moved, Moving, Notice, decode, encode
from quad.cluster.shards import Placing

SHARD = st.integers(0, 255)
PLACING = st.builds(Placing, SHARD, st.integers(1, 2**31 - 1), st.integers(0, 2**63 - 1))
NOTICES = st.one_of(
    st.just(Look()),
    st.builds(Moving, st.lists(SHARD)),
    st.builds(Moved, st.lists(PLACING)),
    st.builds(Gone, st.integers(1, 2**31 - 1), st.lists(PLACING)),
)


@given(NOTICES)
def test_a_notice_comes_out_as_it_went_in(notice: Notice) -> None:
    assert decode(encode(notice)) == notice


@given(st.binary())
def test_bytes_that_are_none_are_dropped(data: bytes) -> None:
    found = decode(data)
    assert found is None or decode(encode(found)) == found


@pytest.mark.parametrize("shard", [-1, 256, 10**6])
def test_a_shard_that_cannot_be_is_dropped(shard: int) -> None:
    assert decode(msgspec.msgpack.encode([2, [shard]])) is None
    assert decode(msgspec.msgpack.encode([3, [[shard, 1, 1]]])) is None


def test_a_later_version_may_add_fields() -> None:
    assert decode(msgspec.msgpack.encode([2, [1, 2], "more"])) == Moving([1, 2])
