"""Links of nodes in one loop, as the rest of the program uses them."""

import asyncio
import itertools
import random
import time
from collections.abc import AsyncIterator, Callable

import pytest

from quad.bus.link import BATCH_RECORDS, UNACKNOWLEDGED_S
from quad.bus.links import Channel, Links
from quad.bus.memory import MemoryBroker, at_random
from quad.bus.seal import Batch, Beat, Seal
from tests.bus.waiting import until

SECRET = b"of this cluster"


class Node:
    """A node whose receivers write down what they get."""

    def __init__(self, broker: MemoryBroker, me: int, secret: bytes = SECRET) -> None:
        self.me = me
        self.skipped_s = 0.0
        self.links = Links(
            broker.bus(me), me, secret, clock=lambda: time.monotonic() + self.skipped_s
        )
        self.received: list[tuple[int, Channel, bytes]] = []
        self.resets: list[tuple[int, Channel]] = []
        for channel in Channel:
            self._listen(channel)

    def _listen(self, channel: Channel) -> None:
        self.links.on(
            channel,
            lambda node, record: self.received.append((node, channel, record)),
            lambda node: self.resets.append((node, channel)),
        )

    @property
    def records(self) -> list[bytes]:
        return [record for _, _, record in self.received]


NewNode = Callable[[int], Node]


@pytest.fixture
def broker() -> MemoryBroker:
    return MemoryBroker()


@pytest.fixture
async def new_node(broker: MemoryBroker) -> AsyncIterator[NewNode]:
    made: list[Node] = []

    def make(me: int) -> Node:
        made.append(Node(broker, me))
        return made[-1]

    yield make
    for node in made:
        await node.links.aclose()


@pytest.fixture
async def pair(new_node: NewNode) -> tuple[Node, Node]:
    first, second = new_node(1), new_node(2)
    for node in (first, second):
        await node.links.start()
    first.links.connect(2)
    second.links.connect(1)
    return first, second


Pair = tuple[Node, Node]
ALL_RESET = [(2, channel) for channel in Channel]


async def test_records_arrive_in_the_order_of_sending_over_all_channels(pair: Pair) -> None:
    first, second = pair
    sent = [(Channel(number % 4), b"%d" % number) for number in range(2_000)]
    for channel, record in sent:
        first.links.send(2, channel, record)
    await until(lambda: len(second.received) == len(sent))
    assert second.received == [(1, channel, record) for channel, record in sent]
    await until(lambda: first.links.unacknowledged_bytes(2) == 0)
    assert first.resets == second.resets == []


async def test_what_is_sent_in_one_turn_is_one_message(pair: Pair, broker: MemoryBroker) -> None:
    first, second = pair
    await asyncio.sleep(0.1)  # both have said that they are there
    messages: list[bytes] = []

    def record(sender: int, receiver: int, data: bytes) -> tuple[float, ...]:
        messages.append(data)
        return (0.0,)

    broker.fate = record
    for number in range(100):
        first.links.send(2, Channel.EVENTS, b"%d" % number)
    await until(lambda: len(second.received) == 100)
    opened = [letter for each in messages if (letter := Seal(SECRET).open(each)) is not None]
    batches = [letter for letter in opened if isinstance(letter.content, Batch)]
    assert len([letter for letter in batches if letter.content.number]) == 1


async def test_receivers_get_at_most_500_records_a_turn(pair: Pair) -> None:
    first, second = pair
    loop = asyncio.get_running_loop()
    received: list[int] = []

    def count() -> None:
        received.append(len(second.received))
        if received[-1] < 5_000:
            loop.call_soon(count)

    for _ in range(5_000):
        first.links.send(2, Channel.EVENTS, b"x")
    loop.call_soon(count)
    await until(lambda: len(second.received) == 5_000)
    steps = [after - before for before, after in itertools.pairwise(received)]
    assert max(steps) == BATCH_RECORDS


async def test_many_nodes_take_turns(new_node: NewNode) -> None:
    busy, calm, hearer = new_node(1), new_node(2), new_node(3)
    for node in (busy, calm, hearer):
        await node.links.start()
    for node in (busy, calm):
        node.links.connect(3)
        hearer.links.connect(node.me)
    for _ in range(20_000):
        busy.links.send(3, Channel.EVENTS, b"busy")
    calm.links.send(3, Channel.EVENTS, b"calm")
    await until(lambda: len(hearer.received) == 20_001)
    assert hearer.records.index(b"calm") < 3 * BATCH_RECORDS


async def test_ten_megabytes_pass(pair: Pair) -> None:
    first, second = pair
    large = random.Random(1).randbytes(10_000_000)
    first.links.send(2, Channel.HTTP, large)
    first.links.send(2, Channel.HTTP, b"after")
    await until(lambda: len(second.received) == 2)
    assert second.records == [large, b"after"]


async def test_a_bad_network_is_not_noticed(pair: Pair, broker: MemoryBroker) -> None:
    first, second = pair
    broker.fate = at_random(random.Random(7), lost=0.2, doubled=0.2, delayed_s=0.03)
    sent = [b"%d" % number for number in range(300)]
    for record in sent:
        first.links.send(2, Channel.EVENTS, record)
        second.links.send(1, Channel.EVENTS, record)
        await asyncio.sleep(0.002)
    await until(lambda: len(first.received) == len(second.received) == 300, within_s=30)
    assert first.records == second.records == sent
    assert first.resets == second.resets == []
    assert first.links.counters.nodes[2].resends > 0


async def test_an_outage_of_the_broker_is_not_noticed(pair: Pair, broker: MemoryBroker) -> None:
    first, second = pair
    broker.is_up = False
    first.links.send(2, Channel.EVENTS, b"before")
    await until(lambda: first.links.counters.nodes[2].resends > 1)
    broker.is_up = True
    first.links.send(2, Channel.EVENTS, b"after")
    await until(lambda: len(second.received) == 2)
    assert second.records == [b"before", b"after"]


async def test_after_15_seconds_both_ends_are_told_of_a_reset_once(
    pair: Pair, broker: MemoryBroker
) -> None:
    first, second = pair
    broker.is_up = False
    first.links.send(2, Channel.EVENTS, b"in doubt")
    await until(lambda: first.links.counters.nodes[2].batches_sent)
    first.skipped_s += UNACKNOWLEDGED_S
    await until(lambda: first.resets)
    assert second.resets == []
    first.links.send(2, Channel.EVENTS, b"new")
    broker.is_up = True
    await until(lambda: second.received)
    assert first.resets == ALL_RESET
    assert second.resets == [(1, channel) for channel in Channel]
    assert second.records == [b"new"]


async def test_what_was_sent_before_the_other_end_knows_of_us_arrives(new_node: NewNode) -> None:
    first, second = new_node(1), new_node(2)
    first.links.connect(2)
    first.links.send(2, Channel.EVENTS, b"early")
    await first.links.start()
    await second.links.start()
    await until(lambda: second.links.counters.strangers)
    second.links.connect(1)
    second.links.connect(1)
    await until(lambda: second.received)
    assert second.received == [(1, Channel.EVENTS, b"early")]


async def test_a_node_that_is_forgotten_is_reset_and_never_heard_again(pair: Pair) -> None:
    first, second = pair
    second.links.send(1, Channel.EVENTS, b"heard")
    await until(lambda: first.received)
    first.links.forget(2)
    assert first.resets == ALL_RESET
    first.links.forget(2)
    first.links.connect(2)
    second.links.send(1, Channel.EVENTS, b"of the dead")
    await until(lambda: first.links.counters.strangers > 1)
    assert first.records == [b"heard"]
    assert first.resets == ALL_RESET
    assert first.links.silence_s(2) == float("inf")
    assert first.links.unacknowledged_bytes(2) == 0


async def test_who_forgets_a_node_while_it_is_heard_hears_no_more_of_it(pair: Pair) -> None:
    first, second = pair
    first.links.on(Channel.CONTROL, lambda node, record: first.links.forget(node), lambda node: 0)
    for channel in (Channel.EVENTS, Channel.CONTROL, Channel.EVENTS):
        second.links.send(1, channel, channel.name.encode())
    await until(lambda: first.resets)
    await asyncio.sleep(0)
    assert first.records == [b"EVENTS"]


async def test_a_record_to_a_node_that_is_not_connected_is_in_doubt_at_once(pair: Pair) -> None:
    first, _ = pair
    first.links.send(9, Channel.EVENTS, b"to nobody")
    assert first.resets == []
    await until(lambda: first.resets)
    assert first.resets == [(9, channel) for channel in Channel]


async def test_a_receiver_that_fails_costs_its_record_alone(
    pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = pair

    def fail(node: int, record: bytes) -> None:
        raise RuntimeError("a bug")

    def fail_reset(node: int) -> None:
        raise RuntimeError("another")

    second.links.on(Channel.HTTP, fail, fail_reset)
    for channel in (Channel.EVENTS, Channel.HTTP, Channel.TUNNEL):
        first.links.send(2, channel, b"x")
    await until(lambda: len(second.received) == 2)
    second.links.forget(1)
    assert len(second.resets) == len(Channel)
    assert second.links.counters.failures == 2
    assert "a bug" in caplog.text
    assert "another" in caplog.text


async def test_a_channel_that_nobody_knows_is_counted(broker: MemoryBroker) -> None:
    first, second = Links(broker.bus(1), 1, SECRET), Links(broker.bus(2), 2, SECRET)
    for links, other in ((first, 2), (second, 1)):
        links.connect(other)
        await links.start()
    first.send(2, Channel.TUNNEL, b"x")
    await until(lambda: second.counters.failures)
    for links in (first, second):
        await links.aclose()


async def test_beats_break_the_silence_and_come_back(pair: Pair, broker: MemoryBroker) -> None:
    first, _ = pair
    await until(lambda: first.links.hears_itself)
    broker.is_up = False
    await until(lambda: not first.links.hears_itself)
    assert first.links.silence_s(2) > 1.5
    broker.is_up = True
    await until(lambda: first.links.hears_itself)
    await until(lambda: first.links.silence_s(2) < 0.5)


async def test_who_hears_only_others_does_not_hear_itself(pair: Pair, broker: MemoryBroker) -> None:
    first, _ = pair
    broker.fate = lambda sender, receiver, data: () if sender == 1 else (0.0,)
    await until(lambda: not first.links.hears_itself)
    assert first.links.silence_s(2) < 1.5


async def test_forged_messages_are_dropped_and_counted(pair: Pair, broker: MemoryBroker) -> None:
    _, second = pair
    forger = Seal(b"guessed")
    broker.bus(1).send(2, forger.batch(1, 2, Batch(9, 1, 0, b"")))
    broker.bus(1).send(2, forger.beat(1, Beat(99, 0.0, {2: (9, 0)})))
    broker.bus(1).send(2, b"")
    broker.bus(1).send(2, b"x" * 1000)
    await until(lambda: second.links.counters.forged == 4)
    assert second.resets == []


async def test_a_newcomer_hears_of_a_node_as_soon_as_that_connects(
    new_node: NewNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quad.bus.links.BEAT_S", 3_600.0)
    first, newcomer = new_node(1), new_node(2)
    await first.links.start()
    await newcomer.links.start()
    newcomer.links.connect(1)
    await asyncio.sleep(0.05)
    assert not newcomer.links.has_heard(1)
    first.links.connect(2)
    await until(lambda: newcomer.links.has_heard(1))


async def test_repeated_messages_do_not_make_a_dead_node_seem_alive(
    pair: Pair, broker: MemoryBroker
) -> None:
    first, second = pair
    messages: list[bytes] = []

    def record(sender: int, receiver: int, data: bytes) -> tuple[float, ...]:
        if sender == 1 and receiver == 2:
            messages.append(data)
        return (0.0,)

    broker.fate = record
    first.links.send(2, Channel.EVENTS, b"once")
    await until(lambda: second.received and len(messages) > 3)
    broker.fate = lambda sender, receiver, data: () if sender == 1 else (0.0,)
    await asyncio.sleep(0.05)
    silence_s = second.links.silence_s(1)
    for message in messages:
        broker.bus(2).send(2, message)
    await until(lambda: second.links.counters.nodes[1].duplicates)
    assert second.links.silence_s(1) >= silence_s
    assert second.records == [b"once"]


async def test_a_batch_for_a_former_life_of_this_node_is_dropped(
    pair: Pair, broker: MemoryBroker
) -> None:
    _, second = pair
    broker.bus(1).send(2, Seal(SECRET).batch(1, 3, Batch(1, 1, 0, b"")))
    await until(lambda: second.links.counters.strangers)
    assert second.received == []


async def test_what_was_sent_before_the_end_still_goes_out(pair: Pair) -> None:
    first, second = pair
    first.links.send(2, Channel.EVENTS, b"last")
    await first.links.aclose()
    first.links.send(2, Channel.EVENTS, b"too late")
    await until(lambda: second.received)
    assert second.records == [b"last"]


def test_an_empty_secret_is_refused(broker: MemoryBroker) -> None:
    with pytest.raises(ValueError, match="secret"):
        Links(broker.bus(1), 1, b"")
