"""What is signed, and everything that is not."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quad.bus.seal import HEAD_BYTES, Batch, Beat, Letter, Seal

SEAL = Seal(b"secret")
numbers = st.integers(0, 2**64 - 1)
batches = st.builds(Batch, numbers, numbers, numbers, st.binary(max_size=50))
beats = st.builds(
    Beat,
    numbers,
    st.floats(allow_nan=False),
    st.dictionaries(numbers, st.tuples(numbers, numbers), max_size=5),
)


@given(numbers, numbers, batches)
def test_a_batch_is_opened_as_it_was_sealed(sender: int, receiver: int, batch: Batch) -> None:
    message = SEAL.batch(sender, receiver, batch)
    assert SEAL.open(message) == Letter(sender, receiver, batch)
    assert len(message) == HEAD_BYTES + len(batch.body)


@given(numbers, beats)
def test_a_beat_is_opened_as_it_was_sealed(sender: int, beat: Beat) -> None:
    assert SEAL.open(SEAL.beat(sender, beat)) == Letter(sender, 0, beat)


@given(st.binary(max_size=200))
def test_any_other_bytes_are_not_opened(message: bytes) -> None:
    assert SEAL.open(message) is None


@given(batches, st.data())
def test_a_message_with_one_bit_changed_is_not_opened(batch: Batch, data: st.DataObject) -> None:
    message = bytearray(SEAL.batch(1, 2, batch))
    message[data.draw(st.integers(0, len(message) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert SEAL.open(bytes(message)) is None


@given(batches, st.data())
def test_a_part_of_a_message_is_not_opened(batch: Batch, data: st.DataObject) -> None:
    message = SEAL.batch(1, 2, batch)
    assert SEAL.open(message[: data.draw(st.integers(0, len(message) - 1))]) is None


def test_another_secret_does_not_open_it() -> None:
    assert Seal(b"another").open(SEAL.batch(1, 2, Batch(1, 1, 0, b""))) is None


@pytest.mark.parametrize("kind", [0, 3, 255])
def test_a_kind_of_a_later_version_is_not_opened(
    monkeypatch: pytest.MonkeyPatch, kind: int
) -> None:
    monkeypatch.setattr("quad.bus.seal._BATCH", kind)
    message = SEAL.batch(1, 2, Batch(1, 1, 0, b""))
    monkeypatch.undo()
    assert SEAL.open(message) is None


@pytest.mark.parametrize("body", [b"", b"\xc1", msgspec.msgpack.encode(["now", {}])])
def test_a_signed_beat_that_cannot_be_read_is_not_opened(
    monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    monkeypatch.setattr("quad.bus.seal._encode", lambda _: body)
    message = SEAL.beat(1, Beat(1, 0.0, {}))
    assert SEAL.open(message) is None
