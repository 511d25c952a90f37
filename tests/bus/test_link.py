"""Links between incarnations over a network that loses, doubles, delays, reorders and forges."""

import random
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from quad.bus import link as limits
from quad.bus.link import (
    ACKNOWLEDGE_BYTES,
    ACKNOWLEDGE_S,
    BATCH_BYTES,
    BATCH_RECORDS,
    IN_FLIGHT_BATCHES,
    IN_FLIGHT_BYTES,
    RESEND_BATCHES,
    UNACKNOWLEDGED_BYTES,
    Link,
)
from quad.bus.port import MESSAGE_LIMIT_BYTES
from quad.bus.seal import Batch, Seal
from tests.thoroughness import examples

SEAL = Seal(b"secret")
FORGER = Seal(b"guessed")

# So small that a few records reach every limit.
SMALL = {
    "BATCH_RECORDS": 3,
    "BATCH_BYTES": 40,
    "UNACKNOWLEDGED_BYTES": 400,
    "IN_FLIGHT_BATCHES": 4,
    "IN_FLIGHT_BYTES": 200,
    "RESEND_BYTES": 80,
    "ACKNOWLEDGE_BATCHES": 3,
    "ACKNOWLEDGE_BYTES": 60,
}


class End:
    """One end, and what its receivers have seen."""

    def __init__(self, me: int, peer: int) -> None:
        self.me = me
        self.peer = peer
        self.link = Link()
        self.sent: dict[int, list[bytes]] = defaultdict(list)
        self.received: dict[int, list[bytes]] = defaultdict(list)
        self.told_stream = self.link.stream
        self.resets = 0

    def send(self, record: bytes) -> None:
        self.sent[self.link.stream].append(record)
        self.link.send(1, record)

    def messages(self, now: float) -> list[bytes]:
        batches = self.link.batches_to_send(now)
        self.see_reset()
        return [SEAL.batch(self.me, self.peer, batch) for batch in batches]

    def hear(self, message: bytes, now: float) -> None:
        """As `Links` does it."""
        letter = SEAL.open(message)
        if letter is None or (letter.sender, letter.receiver) != (self.peer, self.me):
            return
        assert isinstance(letter.content, Batch)
        self.link.receive(letter.content, now)
        self.see_reset()

    def take(self, most: int, now: float) -> None:
        if self.link.is_ready:
            records = self.link.take(most, now)
            assert len(records) <= most
            self.see_reset()
            # Whoever receives a record was told before that its stream is another one.
            assert self.told_stream == self.link.stream
            self.received[self.link.stream] += [record for _, record in records]

    def see_reset(self) -> None:
        before = self.told_stream
        if self.link.take_reset():
            self.resets += 1
            self.told_stream = self.link.stream
        assert self.link.stream == self.told_stream >= before


class Network(RuleBasedStateMachine):
    """Two ends, of which either may begin a new life, and everything that is under way."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        for name, value in SMALL.items():
            self.patch.setattr(limits, name, value)
        self.now = 100.0
        self.incarnations = 2
        self.ends = [End(1, 2), End(2, 1)]
        self.under_way: list[tuple[int, bytes]] = []  # to which end
        self.records = 0

    def teardown(self) -> None:
        try:
            self.heal()
        finally:
            self.patch.undo()

    @rule(end=st.integers(0, 1), sizes=st.lists(st.integers(0, 150), max_size=6))
    def send(self, end: int, sizes: list[int]) -> None:
        for size in sizes:
            self.records += 1
            self.ends[end].send(b"%d." % self.records + b"x" * size)

    @rule(end=st.integers(0, 1))
    def flush(self, end: int) -> None:
        messages = self.ends[end].messages(self.now)
        self.under_way += [(1 - end, message) for message in messages]

    @rule(seconds=st.sampled_from([0.001, 0.05, 0.3, 2.0, 16.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(end=st.integers(0, 1), most=st.integers(1, 3))
    def take(self, end: int, most: int) -> None:
        self.ends[end].take(most, self.now)

    @precondition(lambda self: self.under_way)
    @rule(data=st.data(), is_doubled=st.booleans())
    def arrive(self, data: st.DataObject, is_doubled: bool) -> None:
        index = data.draw(st.integers(0, len(self.under_way) - 1))
        end, message = self.under_way[index]
        if not is_doubled:
            del self.under_way[index]
        self.ends[end].hear(message, self.now)

    @precondition(lambda self: self.under_way)
    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        del self.under_way[data.draw(st.integers(0, len(self.under_way) - 1))]

    @precondition(lambda self: self.under_way)
    @rule(data=st.data())
    def forge(self, data: st.DataObject) -> None:
        end, message = data.draw(st.sampled_from(self.under_way))
        at = data.draw(st.integers(0, len(message) - 1))
        damaged = message[:at] + bytes([message[at] ^ 0xFF]) + message[at + 1 :]
        self.ends[end].hear(damaged, self.now)
        letter = SEAL.open(message)
        assert letter is not None
        assert isinstance(letter.content, Batch)
        ours = letter.content._replace(stream=letter.content.stream + 1)
        self.ends[end].hear(FORGER.batch(letter.sender, letter.receiver, ours), self.now)

    @rule(end=st.integers(0, 1))
    def give_up(self, end: int) -> None:
        self.ends[end].link.reset(self.now)
        self.ends[end].see_reset()

    @rule(end=st.integers(0, 1))
    def restart(self, end: int) -> None:
        self.check()
        self.incarnations += 1
        other = self.ends[1 - end].me
        self.ends[end] = End(self.incarnations, other)
        self.ends[1 - end] = End(other, self.incarnations)

    @invariant()
    def check(self) -> None:
        for end, other in (self.ends, self.ends[::-1]):
            for stream, received in other.received.items():
                assert received == end.sent[stream][: len(received)]
            most = limits.UNACKNOWLEDGED_BYTES + limits.BATCH_BYTES
            assert end.link.unacknowledged_bytes <= most

    def heal(self) -> None:
        """The network works again: everything is received that was sent in the last stream."""
        for _ in range(200):
            for index, end in enumerate(self.ends):
                self.flush(index)
                arriving, self.under_way = self.under_way, []
                for to, message in arriving:
                    self.ends[to].hear(message, self.now)
                while end.link.is_ready:
                    end.take(3, self.now)
                self.ends[1 - index].link.hear(*end.link.position, self.now)
                self.ends[1 - index].see_reset()
            self.now += 0.1
        first, second = self.ends
        self.check()
        assert first.link.stream == second.link.stream
        for end, other in (self.ends, self.ends[::-1]):
            assert other.received[end.link.stream] == end.sent[end.link.stream]
            assert end.link.unacknowledged_bytes == 0
            assert not end.link.is_waiting
            assert (end.resets > 0) == (end.link.stream > 1)


@settings(max_examples=examples(60, 3_000))
@given(st.integers(0, 2**32))
def test_no_storm_loses_doubles_or_reorders_a_record(seed: int) -> None:
    """Long schedules, which shrink worse than those of the state machine, but meet more."""
    chance = random.Random(seed)
    weather = [chance.random() for _ in range(7)]
    network = Network()
    try:
        for _ in range(300):
            (step,) = chance.choices(range(7), weather)
            storm_step(network, chance, step)
            network.check()
    finally:
        network.teardown()


def storm_step(network: Network, chance: random.Random, step: int) -> None:
    side = chance.randrange(2)
    if step == 0:
        network.send(side, [chance.choice((0, 5, 30, 150)) for _ in range(chance.randrange(5))])
        network.flush(side)
    elif step == 1:
        network.take(side, chance.randrange(1, 4))
        network.take(1 - side, chance.randrange(1, 4))
    elif step == 2:
        network.wait(chance.choice((0.01, 0.1, 0.5, 2.0)))
        network.flush(side)
    elif step == 6 and chance.random() < 0.1:
        chance.choice((network.give_up, network.restart))(side)
    elif network.under_way:
        index = chance.randrange(min(len(network.under_way), 4))
        if step == 3:
            del network.under_way[index]
            return
        network.ends[network.under_way[index][0]].hear(network.under_way[index][1], network.now)
        if step == 4:
            del network.under_way[index]


TestNetwork = Network.TestCase
TestNetwork.settings = settings(max_examples=examples(40, 1_000), stateful_step_count=60)


@pytest.fixture
def pair() -> tuple[End, End]:
    return End(1, 2), End(2, 1)


def exchange(sender: End, receiver: End, now: float) -> None:
    """One way, and the acknowledgements back."""
    for message in sender.messages(now):
        receiver.hear(message, now)
    while receiver.link.is_ready:
        receiver.take(BATCH_RECORDS, now)
    for message in receiver.messages(now + ACKNOWLEDGE_S):
        sender.hear(message, now)


def test_what_is_sent_in_one_turn_goes_in_one_batch(pair: tuple[End, End]) -> None:
    first, second = pair
    for number in range(64):
        first.send(b"%d" % number)
    (message,) = first.messages(0.0)
    second.hear(message, 0.0)
    assert second.link.take(BATCH_RECORDS, 0.0) == [(1, b"%d" % number) for number in range(64)]


def test_no_message_is_larger_than_a_bus_carries_nor_has_more_than_500_records(
    pair: tuple[End, End],
) -> None:
    first, second = pair
    records = [b"", b"x" * 300_000, *[b"y" * 700] * 1_200, *[b""] * 1_200, b"z" * 262_000]
    for record in records:
        first.send(record)
    messages = first.messages(0.0)
    assert max(map(len, messages)) <= MESSAGE_LIMIT_BYTES
    exchange(first, second, 0.0)
    for message in messages:
        second.hear(message, 0.0)
    while second.link.is_ready:
        second.take(BATCH_RECORDS, 0.0)
    assert second.received[1] == records


def test_a_record_of_ten_megabytes_passes_in_pieces(pair: tuple[End, End]) -> None:
    first, second = pair
    large = bytes(range(256)) * 40_000
    for record in (b"before", large, b"after"):
        first.send(record)
    turns = 0
    while first.link.unacknowledged_bytes:
        turns += 1
        exchange(first, second, float(turns) / 100)
    assert second.received[1] == [b"before", large, b"after"]
    assert turns <= 4


def test_a_record_that_could_never_arrive_is_refused(pair: tuple[End, End]) -> None:
    first, _ = pair
    with pytest.raises(ValueError, match="more than a link can keep"):
        first.send(bytes(UNACKNOWLEDGED_BYTES + 1))
    assert first.link.unacknowledged_bytes == 0


def test_what_nobody_takes_is_not_sent_without_end_and_then_the_stream_is_given_up(
    pair: tuple[End, End],
) -> None:
    first, second = pair
    megabyte = bytes(1024 * 1024)
    under_way = 0
    for count in range(1, 32):
        first.send(megabyte)
        under_way += sum(map(len, first.messages(0.0)))
        assert under_way <= IN_FLIGHT_BYTES + 10_000  # and the heads
        assert first.link.unacknowledged_bytes >= count * len(megabyte)
    assert first.resets == 0
    for _ in range(3):
        first.send(megabyte)
    (reset,) = first.messages(0.0)
    assert first.resets == 1
    assert first.link.unacknowledged_bytes == 0
    second.hear(reset, 0.0)
    assert second.resets == 1


def test_even_within_one_turn_not_more_is_kept_than_may_be(pair: tuple[End, End]) -> None:
    first, _ = pair
    for _ in range(64):
        first.send(bytes(1024 * 1024))
    assert first.link.unacknowledged_bytes <= UNACKNOWLEDGED_BYTES + BATCH_BYTES


def test_what_is_lost_is_sent_again_at_growing_intervals_and_given_up_after_15_seconds(
    pair: tuple[End, End],
) -> None:
    first, _ = pair
    first.send(b"lost")
    first.messages(0.0)
    times = []
    now = 0.0
    while not first.resets:
        now = first.link.due_at()
        if first.messages(now):
            times.append(now)
    assert times == [0.25, 0.75, 1.75, 3.75, 5.75, 7.75, 9.75, 11.75, 13.75, 15.0]
    assert first.link.resends == 9


def test_while_nothing_comes_through_what_is_new_is_gathered(pair: tuple[End, End]) -> None:
    first, second = pair
    first.send(b"0")
    (lost,) = first.messages(0.0)
    (again,) = first.messages(0.25)
    for number in range(1, 100):
        first.send(b"%d" % number)
        assert first.messages(0.26) == []
    second.hear(lost, 0.3)
    second.hear(again, 0.3)
    second.take(1, 0.3)
    first.link.hear(*second.link.position, 0.3)
    (batch,) = first.messages(0.3)
    second.hear(batch, 0.3)
    second.take(BATCH_RECORDS, 0.3)
    assert second.received[1] == [b"%d" % number for number in range(100)]


def test_a_slow_broker_gets_larger_batches_instead_of_more(pair: tuple[End, End]) -> None:
    first, second = pair
    messages = []
    for number in range(IN_FLIGHT_BATCHES + 400):
        first.send(b"%d" % number)
        messages += first.messages(0.1)
    assert len(messages) == IN_FLIGHT_BATCHES
    for message in messages:
        second.hear(message, 0.2)
    while second.link.is_ready:
        second.take(1, 0.2)
    first.link.hear(*second.link.position, 0.2)
    assert len(first.messages(0.2)) == 1


def test_after_an_outage_all_that_was_lost_is_sent_again_as_fast_as_it_is_acknowledged(
    pair: tuple[End, End],
) -> None:
    first, second = pair
    for number in range(200):
        first.send(b"%d" % number)
        first.messages(0.0)
    assert len(first.messages(0.25)) == RESEND_BATCHES  # lost, too
    now = 4.0
    first.link.hear(*second.link.position, now)
    while first.link.unacknowledged_bytes:
        exchange(first, second, now)
        now += 0.05
    assert now < 6
    assert second.received[1] == [b"%d" % number for number in range(200)]


def test_who_is_heard_again_after_an_outage_gets_at_once_what_was_lost(
    pair: tuple[End, End],
) -> None:
    first, second = pair
    first.send(b"lost")
    for now in (0.0, 0.25, 0.75, 1.75, 3.75):
        first.messages(now)
    assert first.link.due_at() == 5.75
    first.link.hear(*second.link.position, 4.5)
    assert first.link.due_at() <= 4.5


def test_a_batch_is_acknowledged_when_its_last_record_was_taken(pair: tuple[End, End]) -> None:
    first, second = pair
    for record in (b"a", b"b", b"c"):
        first.send(record)
    for message in first.messages(0.0):
        second.hear(message, 0.0)
    second.take(2, 0.0)
    assert second.link.position == (1, 0)
    second.take(2, 0.0)
    assert second.received[1] == [b"a", b"b", b"c"]
    assert second.link.position == (1, 1)


def test_an_acknowledgement_rides_on_a_batch_or_goes_alone_after_a_while(
    pair: tuple[End, End],
) -> None:
    first, second = pair
    exchange(first, second, 0.0)
    first.send(b"question")
    for message in first.messages(1.0):
        second.hear(message, 1.0)
    second.take(1, 1.0)
    assert second.messages(1.0) == []
    assert second.link.due_at() == 1.0 + ACKNOWLEDGE_S
    second.send(b"answer")
    assert len(second.messages(1.01)) == 1
    assert second.messages(1.0 + ACKNOWLEDGE_S) == []

    first.send(b"another")
    for message in first.messages(2.0):
        second.hear(message, 2.0)
    second.take(1, 2.0)
    assert len(second.messages(2.0 + ACKNOWLEDGE_S)) == 1


def test_who_takes_much_acknowledges_without_waiting(pair: tuple[End, End]) -> None:
    first, second = pair
    first.send(bytes(2 * ACKNOWLEDGE_BYTES))
    for message in first.messages(1.0):
        second.hear(message, 1.0)
    second.messages(1.0)
    while second.link.is_ready:
        second.take(1, 1.0)
    assert second.link.due_at() <= 1.0


def test_a_copy_says_nothing_new_and_is_acknowledged_again(pair: tuple[End, End]) -> None:
    first, second = pair
    first.send(b"once")
    (message,) = first.messages(0.0)
    second.hear(message, 0.0)
    second.take(1, 0.0)
    second.messages(1.0)
    assert second.link.due_at() == float("inf")
    second.hear(message, 2.0)
    assert not second.link.is_ready
    assert second.link.duplicates == 1
    assert second.link.due_at() == 2.0 + ACKNOWLEDGE_S


def test_a_number_that_cannot_have_been_sent_yet_is_not_kept(pair: tuple[End, End]) -> None:
    first, _ = pair
    assert first.link.receive(Batch(1, IN_FLIGHT_BATCHES, 0, b""), 0.0)
    assert not first.link.receive(Batch(1, IN_FLIGHT_BATCHES + 1, 0, b""), 0.0)


@pytest.mark.parametrize("body", [b"", b"\xc1", b"\x93", b"\x92\xc4\x01\x01\x90"])
def test_a_signed_batch_that_cannot_be_read_resets_the_stream(
    pair: tuple[End, End], body: bytes
) -> None:
    first, _ = pair
    first.link.receive(Batch(1, 1, 0, body), 0.0)
    assert first.link.take(1, 0.0) == []
    first.see_reset()
    assert first.resets == 1


def test_two_ends_that_give_up_at_once_meet_in_one_stream(pair: tuple[End, End]) -> None:
    first, second = pair
    for end in pair:
        end.send(b"lost")
        end.messages(0.0)
        end.link.reset(1.0)
        end.see_reset()
        end.send(b"new")
    exchange(first, second, 1.0)
    exchange(second, first, 1.0)
    assert first.resets == second.resets == 1
    assert first.received[2] == second.received[2] == [b"new"]


def test_whoever_is_in_an_old_stream_learns_of_the_new_one(pair: tuple[End, End]) -> None:
    first, second = pair
    first.link.reset(0.0)
    first.messages(0.0)  # lost
    second.send(b"old")
    exchange(second, first, 1.0)
    assert second.resets == 1
    assert not first.received
