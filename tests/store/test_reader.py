"""A reader's position moves on proof alone, whatever the reader's devices do."""

from collections.abc import Iterable

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from quad.store import Device, Gap, Reader, SavedDevice, SavedReader
from tests.thoroughness import examples


def owed(device: Device) -> set[int]:
    """What a device is told at its beginning."""
    return {
        entry
        for entry in range(1, device.upto + 1)
        if entry > device.after or (device.gap and device.gap.after < entry <= device.gap.upto)
    }


def test_a_new_reader_is_owed_everything_after_the_position() -> None:
    device = Reader(3).begin(6)
    assert owed(device) == {4, 5, 6}


def test_the_position_moves_on_proof_and_never_back() -> None:
    reader = Reader()
    device = reader.begin(0)
    assert reader.position == 0
    reader.prove(device, 5)
    reader.prove(device, 3)
    assert reader.position == 5
    reader.end(device, 9)
    assert reader.position == 5
    assert reader.gap is None


def test_the_slowest_device_holds_the_position() -> None:
    reader = Reader()
    fast, slow = reader.begin(0), reader.begin(0)
    reader.prove(fast, 8)
    reader.prove(slow, 2)
    assert reader.position == reader.proven == 2


def test_a_device_that_goes_with_everything_proven_leaves_nothing() -> None:
    reader = Reader()
    stays, goes = reader.begin(0), reader.begin(0)
    for device in (stays, goes):
        reader.prove(device, 4)
    reader.end(goes, 4)
    assert (reader.position, reader.gap) == (4, None)


def test_a_device_that_goes_while_others_stay_leaves_a_gap() -> None:
    reader = Reader()
    stays, goes = reader.begin(0), reader.begin(0)
    reader.prove(goes, 2)
    reader.prove(stays, 5)
    reader.end(goes, 5)
    assert (reader.position, reader.gap, reader.proven) == (5, Gap(2, 5), 2)
    assert owed(reader.begin(7)) == {3, 4, 5, 6, 7}


def test_a_gap_may_be_a_single_entry() -> None:
    reader = Reader()
    stays, goes = reader.begin(0), reader.begin(0)
    reader.prove(goes, 4)
    reader.prove(stays, 5)
    reader.end(goes, 5)
    assert reader.gap == Gap(4, 5)
    assert owed(reader.begin(5)) == {5}


def test_a_gap_is_filled_when_a_later_device_has_proven_all_of_it() -> None:
    reader = Reader()
    stays, goes = reader.begin(0), reader.begin(0)
    reader.prove(stays, 5)
    reader.end(goes, 5)
    later = reader.begin(7)
    reader.prove(later, 6)
    assert reader.gap == Gap(0, 5)
    reader.prove(later, 7)
    assert reader.gap is None


def test_gaps_of_two_devices_need_two_to_be_filled() -> None:
    reader = Reader()
    stays, first, second = reader.begin(0), reader.begin(0), reader.begin(0)
    for device, proven in ((stays, 9), (first, 2), (second, 4)):
        reader.prove(device, proven)
    reader.end(first, 6)
    reader.end(second, 8)
    for left in (Gap(2, 8), None):
        later = reader.begin(9)
        assert owed(later) >= {3, 4, 5, 6, 7, 8}
        reader.prove(later, 9)
        assert reader.gap == left


def test_a_silent_device_that_was_replaced_leaves_nothing() -> None:
    reader = Reader()
    old = reader.begin(0)
    reader.prove(old, 2)
    new = reader.begin(4)
    assert owed(new) == {3, 4}
    reader.prove(new, 4)
    reader.end(old, 6)
    assert (reader.position, reader.gap) == (4, None)


def test_a_device_that_was_alive_after_another_began_was_not_replaced() -> None:
    reader = Reader()
    old = reader.begin(0)
    new = reader.begin(0)
    reader.prove(new, 4)
    reader.prove(old, 4)
    reader.end(old, 6)
    assert reader.gap == Gap(4, 6)


def test_a_saved_gap_is_owed_after_a_restart_until_it_is_filled() -> None:
    reader = Reader(9, Gap(2, 4))
    device = reader.begin(10)
    assert owed(device) == {3, 4, 10}
    reader.prove(device, 10)
    assert (reader.position, reader.gap) == (10, None)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.integers(1, 3)),
        st.tuples(st.just("begin"), st.just(0)),
        st.tuples(st.just("read"), st.integers(0, 2)),
        st.tuples(st.just("prove"), st.integers(0, 2)),
        st.tuples(st.just("end"), st.integers(0, 2)),
        st.tuples(st.just("restart"), st.just(0)),
    ),
    max_size=60,
)


class Wire:
    """What one device was told, and how much of it has come through."""

    def __init__(self, device: Device, at: int) -> None:
        self.device = device
        self.told = sorted(owed(device))
        self.upto = device.upto
        self.read = 0
        # When it began and when it last gave a sign of life, in steps.
        self.began = self.heard = at

    @property
    def received(self) -> set[int]:
        return set(self.told[: self.read])

    @property
    def lost(self) -> set[int]:
        """What it was told and has not read, if it has gone."""
        return set(self.told[self.read :])


# Few devices and short stories, beginning with two of them: a loss hides in the corners.
FEW_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("send"), st.integers(1, 2)),
        st.tuples(st.sampled_from(["read", "prove", "hear", "hear", "end"]), st.integers(0, 1)),
        st.tuples(st.sampled_from(["begin", "restart", "move"]), st.just(0)),
    ),
    max_size=12,
).map(lambda steps: [("begin", 0), ("begin", 0), *steps])


@settings(max_examples=examples(100, 3_000))
@given(FEW_STEPS)
def test_what_a_device_has_lost_is_owed_until_one_that_may_be_the_same_has_read_it(
    steps: Iterable[tuple[str, int]],
) -> None:
    reader = Reader()
    wires: list[Wire] = []
    gone: list[Wire] = []
    said = 0
    for at, (step, number) in enumerate(steps, start=1):
        if step == "send":
            for _ in range(number):
                said += 1
                for wire in wires:
                    wire.told.append(said)
                    wire.upto = said
        elif step == "begin":
            wires.append(Wire(reader.begin(said), at))
        elif step in ("restart", "move"):
            reader = _elsewhere(step, reader, wires, gone)
        elif number < len(wires):
            wire = wires[number]
            if step in ("read", "hear"):
                wire.read = len(wire.told)
            if step in ("prove", "hear"):
                # The Pong speaks of what was read, or, in the middle of a login, of less.
                everything = wire.read == len(wire.told)
                last = wire.upto if everything else max(wire.told[: wire.read], default=0)
                reader.prove(wire.device, last)
                wire.heard = at
            if step == "end":
                reader.end(wire.device, wire.upto)
                gone.append(wires.pop(number))
        owed_now = owed(Reader(reader.position, reader.gap).begin(said))
        received = set[int]().union(*[wire.received for wire in (*wires, *gone)])
        assert received | owed_now == set(range(1, said + 1))
        for lost in gone:
            later = [wire.received for wire in (*wires, *gone) if wire.began > lost.heard]
            assert lost.lost <= owed_now.union(*later)


def _elsewhere(step: str, reader: Reader, wires: list[Wire], gone: list[Wire]) -> Reader:
    """Another process goes on with what was saved and, after a move, with the devices."""
    there = Reader(reader.position, reader.gap)
    if step == "restart":
        gone += wires
        wires.clear()
        return there
    all_of_it = (reader.saved(), [reader.saved_device(wire.device) for wire in wires])
    saved = msgspec.msgpack.encode(all_of_it)
    of_reader, devices = msgspec.msgpack.decode(saved, type=tuple[SavedReader, list[SavedDevice]])
    there.restore(of_reader)
    for wire, device in zip(wires, devices, strict=True):
        wire.device = there.restore_device(device)
    assert all_of_it == (there.saved(), [there.saved_device(wire.device) for wire in wires])
    return there
