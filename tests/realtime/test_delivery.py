"""Delivery without sockets: order, sharing, and one write a turn."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quad.realtime.backlog import Shared
from quad.realtime.delivery import Delivery, Item, Kind, Message, SharedMessage, Topic
from quad.realtime.topics import Topics
from quad.wire.engineio import Binary, Noop, Text
from tests.realtime.memory import turn
from tests.thoroughness import examples


@dataclass(eq=False)
class Reader:
    """An outbox whose flushes are kept."""

    kind: Kind = Kind.FRAMES_V4
    queue: list[Item] = field(default_factory=list)
    flushes: list[list[Item]] = field(default_factory=list)
    direct: Callable[[bytes], object] | None = None

    def flush(self) -> None:
        if self.queue:
            self.flushes.append(self.queue[:])
            self.queue.clear()

    @property
    def items(self) -> list[Item]:
        return [item for flush in self.flushes for item in flush]

    @property
    def texts(self) -> list[str]:
        """Whatever came, as the texts that were sent."""
        if self.kind is Kind.PACKETS:
            return [item.data for item in self.items if isinstance(item, Text)]
        data = b"".join(item for item in self.items if isinstance(item, bytes))
        texts = []
        while data:
            length = data[1]
            texts.append(data[2 : 2 + length].decode().removeprefix("4"))
            data = data[2 + length :]
        return texts


def say(text: str) -> Message:
    return Message(text.encode())


def topic_of(delivery: Delivery, *readers: Reader) -> Topic:
    topic = Topic()
    for reader in readers:
        delivery.subscribe(topic, reader)
    return topic


# --- one message ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "items"),
    [
        (Kind.FRAMES_V4, [b"\x81\x034hi" + b"\x82\x02\x01\x02"]),
        (Kind.FRAMES_V3, [b"\x81\x034hi" + b"\x82\x03\x04\x01\x02"]),
        (Kind.FRAMES_V3_BASE64, [b"\x81\x034hi" + b"\x81\x06b4AQI="]),
        (Kind.RAW, [b"\x81\x02hi"]),
        (Kind.PACKETS, [Text("hi"), Binary(b"\1\2")]),
    ],
    ids=lambda value: value.value if isinstance(value, Kind) else "",
)
def test_a_message_with_an_attachment_as_each_kind_wants_it(kind: Kind, items: list[Item]) -> None:
    assert list(Message(b"hi", [b"\1\2"]).items(kind)) == items


@pytest.mark.parametrize("kind", [Kind.FRAMES_V4, Kind.FRAMES_V3, Kind.FRAMES_V3_BASE64, Kind.RAW])
@pytest.mark.parametrize("attachments", [[], [b"x"]], ids=["text", "attachments"])
def test_a_message_is_encoded_once_for_a_kind(kind: Kind, attachments: list[bytes]) -> None:
    message = Message(b"hi", attachments)
    assert message.items(kind)[0] is message.items(kind)[0]


def test_packets_are_made_once() -> None:
    message = Message(b"hi", [b"x"])
    assert message.packets() is message.packets()


async def test_readers_of_one_kind_share_one_encoding() -> None:
    delivery = Delivery()
    readers = [Reader(), Reader(), Reader()]
    topic = topic_of(delivery, *readers)
    delivery.publish(topic, say("one"))
    delivery.publish(topic, say("two"))
    await turn()
    first, second, third = (reader.items for reader in readers)
    assert len(first) == 1
    assert first[0] is second[0] is third[0]


# --- turns ----------------------------------------------------------------------------------------


async def test_all_of_a_turn_goes_out_in_one_flush_for_each_reader() -> None:
    delivery = Delivery()
    reader, other = Reader(), Reader()
    topic = topic_of(delivery, reader, other)
    delivery.send(reader, say("a"))
    delivery.publish(topic, say("b"))
    delivery.send(reader, say("c"))
    delivery.publish(topic, say("d"))
    assert reader.flushes == []
    await turn()
    assert (len(reader.flushes), len(other.flushes)) == (1, 1)
    assert (reader.texts, other.texts) == (["a", "b", "c", "d"], ["b", "d"])


async def test_whoever_can_be_written_to_directly_is_unless_something_is_queued() -> None:
    delivery = Delivery()
    free, busy, slow = Reader(), Reader(), Reader()
    written: list[bytes] = []
    free.direct = busy.direct = written.append
    topic = topic_of(delivery, free, busy, slow)
    delivery.publish(topic, say("a"))
    delivery.publish(topic, say("b"))
    await turn()
    assert written == [b"\x81\x024a\x81\x024b"] * 2
    delivery.send(busy, say("c"))
    delivery.publish(topic, say("d"))
    await turn()
    assert written[2:] == [b"\x81\x024d"]
    assert (free.texts, busy.texts, slow.texts) == ([], ["c", "d"], ["a", "b", "d"])


async def test_nothing_is_flushed_without_news() -> None:
    delivery = Delivery()
    reader = Reader()
    topic = topic_of(delivery, reader)
    delivery.publish(topic, say("a"))
    await turn(3)
    delivery.publish(Topic(), say("nobody hears this"))
    await turn(3)
    assert len(reader.flushes) == 1


async def test_a_flush_may_cause_the_next_message() -> None:
    delivery = Delivery()

    class Answering(Reader):
        def flush(self) -> None:
            super().flush()
            if len(self.flushes) < 3:
                delivery.send(self, say(f"again {len(self.flushes)}"))

    reader = Answering()
    delivery.send(reader, say("first"))
    await turn(5)
    assert reader.texts == ["first", "again 1", "again 2"]


async def test_very_many_readers_are_flushed_in_several_turns_and_in_order() -> None:
    delivery = Delivery()
    readers = [Reader() for _ in range(2_500)]
    topic = topic_of(delivery, *readers)
    delivery.publish(topic, say("a"))
    flushed = []
    for number in range(3):
        await turn()
        flushed.append(sum(len(reader.flushes) > 0 for reader in readers))
        delivery.publish(topic, say(f"b{number}"))
    assert flushed == [1_000, 2_000, 2_500]
    await turn(10)
    assert all(reader.texts == ["a", "b0", "b1", "b2"] for reader in readers)


async def test_a_flush_can_be_had_at_once() -> None:
    delivery = Delivery()
    reader = Reader()
    topic = topic_of(delivery, reader)
    delivery.publish(topic, say("a"))
    delivery.publish(topic, say("b"))
    delivery.flush()
    assert reader.texts == ["a", "b"]
    await turn()
    assert len(reader.flushes) == 1


# --- order ----------------------------------------------------------------------------------------


async def test_a_direct_message_between_two_publishes_keeps_its_place() -> None:
    delivery = Delivery()
    reader, other = Reader(), Reader()
    topic = topic_of(delivery, reader, other)
    delivery.publish(topic, say("a"))
    delivery.send(reader, say("for one"))
    delivery.publish(topic, say("b"))
    delivery.send_items(reader, (b"\x81\x04last",))
    await turn()
    assert (reader.texts, other.texts) == (["a", "for one", "b", "last"], ["a", "b"])


async def test_a_direct_message_to_somebody_else_disturbs_nobody() -> None:
    delivery = Delivery()
    reader, stranger = Reader(), Reader()
    topic = topic_of(delivery, reader)
    delivery.publish(topic, say("a"))
    delivery.send(stranger, say("x"))
    delivery.publish(topic, say("b"))
    await turn()
    assert (reader.texts, stranger.texts) == (["a", "b"], ["x"])
    assert len(reader.items) == 1  # both were joined


async def test_publishes_to_two_topics_keep_the_order_of_the_calls() -> None:
    delivery = Delivery()
    reader = Reader()
    one, two = topic_of(delivery, reader), topic_of(delivery, reader)
    for number, topic in enumerate([one, one, two, one, two, two]):
        delivery.publish(topic, say(str(number)))
    await turn()
    assert reader.texts == list("012345")


async def test_who_subscribes_gets_nothing_from_before() -> None:
    delivery = Delivery()
    reader, late = Reader(), Reader()
    topic = topic_of(delivery, reader)
    delivery.publish(topic, say("a"))
    delivery.subscribe(topic, late)
    delivery.publish(topic, say("b"))
    await turn()
    assert (reader.texts, late.texts) == (["a", "b"], ["b"])


async def test_who_unsubscribes_gets_everything_from_before() -> None:
    delivery = Delivery()
    reader, leaver = Reader(), Reader()
    topic = topic_of(delivery, reader, leaver)
    delivery.publish(topic, say("a"))
    delivery.publish(topic, say("b"))
    delivery.unsubscribe(topic, leaver)
    delivery.publish(topic, say("c"))
    await turn()
    assert (reader.texts, leaver.texts) == (["a", "b", "c"], ["a", "b"])


async def test_a_change_of_kind_in_the_middle_of_a_run_loses_nothing() -> None:
    delivery = Delivery()
    mover, other = Reader(Kind.PACKETS), Reader()
    topic = topic_of(delivery, mover, other)
    delivery.publish(topic, say("a"))
    delivery.settle(mover)
    delivery.unsubscribe(topic, mover)
    held = mover.queue[:]
    mover.queue.clear()
    mover.kind = Kind.FRAMES_V4
    delivery.subscribe(topic, mover)
    delivery.publish(topic, say("b"))
    await turn()
    assert held == [Text("a")]
    assert (mover.texts, other.texts) == (["b"], ["a", "b"])


async def test_settling_somebody_who_hears_nothing_of_the_run_changes_nothing() -> None:
    delivery = Delivery()
    reader, stranger = Reader(), Reader()
    topic = topic_of(delivery, reader)
    delivery.publish(topic, say("a"))
    delivery.settle(stranger)
    assert reader.queue == []
    delivery.settle(reader)
    assert len(reader.queue) == 1


async def test_all_but_one_hear_it_in_the_order_of_the_calls() -> None:
    delivery = Delivery()
    reader, skipped, packets = Reader(), Reader(), Reader(Kind.PACKETS)
    topic = topic_of(delivery, reader, skipped, packets)
    assert delivery.publish(topic, say("a")) == 3
    assert delivery.publish_except(topic, say("b"), [skipped]) == 2
    assert delivery.publish(topic, say("c")) == 3
    assert delivery.publish_except(topic, say("d"), [Reader()]) == 3
    await turn()
    assert reader.texts == packets.texts == ["a", "b", "c", "d"]
    assert skipped.texts == ["a", "c", "d"]
    assert delivery.delivered == 11


@pytest.mark.parametrize("kind", Kind)
async def test_a_shared_part_reaches_every_kind_and_raw_ones_as_the_same_object(
    kind: Kind,
) -> None:
    delivery, reader = Delivery(), Reader(kind)
    topic = topic_of(delivery, reader)
    shared = Shared(b"chat")
    for text in (b"1", b"2"):
        delivery.publish(topic, SharedMessage(b"<", shared, text))
    delivery.publish(topic, say("plain"))
    delivery.send(reader, SharedMessage(b"<", shared, b"3"))
    await turn()
    assert reader.texts == ["<chat1", "<chat2", "plain", "<chat3"]
    found = [item for item in reader.items if item is shared]
    assert len(found) == (3 if kind is Kind.RAW else 0)


async def test_every_delivery_is_counted_once() -> None:
    delivery = Delivery()
    readers = [Reader(kind) for kind in Kind]
    topic = topic_of(delivery, *readers)
    for text in "abc":
        delivery.publish(topic, say(text))
    delivery.send(readers[0], say("d"))
    delivery.send_items(readers[0], ())  # a packet of the protocol is nobody's message
    await turn()
    assert delivery.delivered == 3 * len(readers) + 1
    for reader in readers[1:]:
        assert reader.texts == ["a", "b", "c"], reader.kind


# --- topics ---------------------------------------------------------------------------------------


def test_subscribing_twice_is_once() -> None:
    topic, reader = Topic(), Reader()
    topic.add(reader)
    topic.add(reader)
    assert topic.size == 1
    assert reader in topic
    topic.discard(reader)
    topic.discard(reader)
    assert topic.size == 0
    assert reader not in topic


async def test_a_topic_is_forgotten_with_its_last_subscriber() -> None:
    topics = Topics(Delivery())
    one, two = Reader(), Reader()
    topics.subscribe("room", one)
    topics.subscribe("room", two)
    assert topics.subscribers("room") == [one, two]
    topics.unsubscribe("room", one)
    assert topics.subscribers("room") == [two]
    topics.unsubscribe("room", two)
    assert topics.get("room") is None
    assert topics.subscribers("room") == []
    assert len(topics) == 0


async def test_a_topics_only_subscriber_is_the_topic() -> None:
    topics = Topics(Delivery())
    one, two = Reader(), Reader()
    topics.subscribe("mine", one)
    topics.subscribe("mine", one)
    assert topics.get("mine") is one
    assert topics.subscribers("mine") == [one]
    topics.subscribe("mine", two)
    assert isinstance(topics.get("mine"), Topic)


async def test_what_reaches_a_topics_only_subscriber_is_counted_unless_it_is_left_out() -> None:
    delivery, reader = Delivery(), Reader()
    assert delivery.publish(reader, say("a")) == 1
    assert delivery.publish_except(reader, say("b"), [reader]) == 0
    assert delivery.publish_except(reader, say("c"), [Reader()]) == 1
    assert delivery.delivered == 2
    await turn()
    assert reader.texts == ["a", "c"]


# --- the promise ----------------------------------------------------------------------------------


@dataclass(eq=False)
class SlowReader(Reader):
    """Reads when it likes, and is closed when more is held for it than the limit."""

    is_reading: bool = True
    held: list[Item] = field(default_factory=list)
    is_closed: bool = False
    limit: int = 4

    def __post_init__(self) -> None:
        self.open_or_close_the_direct_way()

    def flush(self) -> None:
        queue = self.queue[:]
        self.queue.clear()
        self.take(queue)

    def open_or_close_the_direct_way(self) -> None:
        is_free = self.is_reading and not self.is_closed and self.kind is not Kind.PACKETS
        self.direct = (lambda frames: self.take([frames])) if is_free else None

    def take(self, items: list[Item]) -> None:
        if self.is_closed:
            return
        self.held += items
        if self.is_reading:
            self.read()
        elif len(self.held) > self.limit:
            self.close()

    def read(self) -> None:
        self.flushes.append(self.held)
        self.held = []

    def close(self) -> None:
        self.is_closed = True
        self.held = []
        self.open_or_close_the_direct_way()


TOPICS = 2
READERS = 4
_reader = st.integers(0, READERS - 1)
_topic = st.integers(0, TOPICS - 1)
acts = st.one_of(
    st.tuples(st.just("publish"), _topic),
    st.tuples(st.just("publish"), _topic),
    st.tuples(st.just("skip"), _topic, _reader),
    st.tuples(st.just("send"), _reader),
    st.tuples(st.just("join"), _topic, _reader),
    st.tuples(st.just("leave"), _topic, _reader),
    st.tuples(st.just("stop reading"), _reader),
    st.tuples(st.just("read on"), _reader),
    st.tuples(st.just("close"), _reader),
    st.tuples(st.just("change kind"), _reader, st.sampled_from(Kind)),
    st.tuples(st.just("turn")),
)


class School:
    """Readers of several topics, and what each of them has to get."""

    def __init__(self) -> None:
        self.delivery = Delivery()
        self.readers = [SlowReader(kind) for kind in list(Kind)[:READERS]]
        self.topics = Topics(self.delivery)
        self.members: list[set[int]] = [set() for _ in range(TOPICS)]
        self.due: list[list[str]] = [[] for _ in range(READERS)]
        self.got: list[list[str]] = [[] for _ in range(READERS)]
        self._count = 0

    def publish(self, topic: int) -> None:
        message, subscribers = self._next(self.members[topic]), self.topics.get(str(topic))
        if subscribers is not None:
            self.delivery.publish(subscribers, message)

    def skip(self, topic: int, reader: int) -> None:
        message = self._next(self.members[topic] - {reader})
        subscribers = self.topics.get(str(topic))
        if subscribers is not None:
            self.delivery.publish_except(subscribers, message, [self.readers[reader]])

    def send(self, reader: int) -> None:
        self.delivery.send(self.readers[reader], self._next({reader}))

    def join(self, topic: int, reader: int) -> None:
        self.topics.subscribe(str(topic), self.readers[reader])
        self.members[topic].add(reader)

    def leave(self, topic: int, reader: int) -> None:
        if reader in self.members[topic]:
            self.topics.unsubscribe(str(topic), self.readers[reader])
            self.members[topic].discard(reader)

    def stop_reading(self, reader: int) -> None:
        self.readers[reader].is_reading = False
        self.readers[reader].open_or_close_the_direct_way()

    def read_on(self, reader: int) -> None:
        self.readers[reader].is_reading = True
        self.readers[reader].open_or_close_the_direct_way()
        if not self.readers[reader].is_closed:
            self.readers[reader].read()

    def close(self, reader: int) -> None:
        for topic in range(TOPICS):
            self.leave(topic, reader)
        self.delivery.settle(self.readers[reader])
        self.readers[reader].flush()
        self.readers[reader].close()

    def change_kind(self, reader: int, kind: Kind) -> None:
        # As a session does it: what was queued is flushed as the old kind.
        slow = self.readers[reader]
        self.delivery.settle(slow)
        joined = [number for number in range(TOPICS) if reader in self.members[number]]
        for number in joined:
            self.topics.unsubscribe(str(number), slow)
        slow.flush()
        if not slow.is_closed:
            slow.read()
        self._collect(reader)
        slow.kind = kind
        slow.open_or_close_the_direct_way()
        for number in joined:
            self.topics.subscribe(str(number), slow)

    def _next(self, hearers: set[int]) -> Message:
        self._count += 1
        for reader in hearers:
            self.due[reader].append(f"message {self._count}")
        return say(f"message {self._count}")

    def _collect(self, reader: int) -> None:
        self.got[reader] += self.readers[reader].texts
        self.readers[reader].flushes = []

    def check(self) -> None:
        for number, reader in enumerate(self.readers):
            if not reader.is_closed:
                reader.read()
            self._collect(number)
            got, due = self.got[number], self.due[number]
            assert got == due[: len(got)], "a gap, or another order"
            assert reader.is_closed or got == due, "something is missing"


@settings(max_examples=examples(60, 3_000))
@given(st.lists(acts, max_size=60))
def test_whatever_happens_each_reader_gets_all_in_order_until_it_is_closed(
    plan: list[tuple[object, ...]],
) -> None:
    async def play() -> None:
        school = School()
        for name, *args in plan:
            if name == "turn":
                await turn()
            else:
                getattr(school, str(name).replace(" ", "_"))(*args)
        await turn(3)
        school.check()

    asyncio.run(play())


async def test_a_packet_of_the_protocol_keeps_its_place_among_messages() -> None:
    delivery = Delivery()
    reader = Reader(Kind.PACKETS)
    topic = topic_of(delivery, reader)
    delivery.publish(topic, say("a"))
    delivery.send_items(reader, (Noop(),))
    delivery.publish(topic, say("b"))
    await turn()
    assert reader.items == [Text("a"), Noop(), Text("b")]
