"""From one message to many connections: topics, outboxes and the one write per loop turn.

A message is encoded once for each kind of connection and the bytes are shared. Each
connection has an outbox; the first message of a loop turn schedules one flush for all
outboxes, and a flush is one write per connection.

Most turns publish to one topic several times in a row. Those messages are first gathered
beside the topic (`Delivery._run`) and joined once, and every subscriber gets the joined
bytes: the cost for each subscriber is then that of one message. Whatever could overtake a
gathered message (something for one of these subscribers alone, another topic, a change of
the subscribers) first spills what was gathered, so each connection's order is that of the calls.
"""

import asyncio
import enum
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final, Protocol

from quad.realtime.backlog import Shared
from quad.wire.engineio import (
    AnyPacket,
    Binary,
    Text,
    Version,
    encode_base64_message,
    encode_binary_message,
)
from quad.wire.websocket import BINARY, TEXT, encode_frame, text_head

# After this many flushed outboxes the loop gets a turn (heartbeats, new connections).
_FLUSHES_PER_TURN = 1_000


class Kind(enum.Enum):
    """How a connection wants its messages."""

    FRAMES_V4 = "frames-4"
    FRAMES_V3 = "frames-3"
    FRAMES_V3_BASE64 = "frames-3-base64"
    # Long-polling and compressed WebSockets: framed later, each for itself.
    PACKETS = "packets"
    # WebSockets without Engine.IO.
    RAW = "raw"

    # Members are singletons; the default hash of an Enum is computed in Python, and kinds
    # are keys on the hottest path.
    __hash__ = object.__hash__


# An attribute of an Enum's class is looked up the long way: measured, thrice as long as a global.
_PACKETS: Final = Kind.PACKETS
_RAW: Final = Kind.RAW

# A queued thing: bytes are whole frames, packets are framed by whoever writes them.
Item = bytes | AnyPacket


class Message:
    """One message, encoded at most once for each kind of connection."""

    __slots__ = ("_attachments", "_frames", "_packets", "_text", "_text_frame")

    def __init__(self, text: bytes, attachments: Sequence[bytes] = ()) -> None:
        """`text` is UTF-8 without the packet's type digit."""
        self._text = text
        self._attachments = attachments
        self._text_frame: bytes | None = None
        self._frames: dict[Kind, bytes] | None = None
        self._packets: list[AnyPacket] | None = None

    @property
    def text(self) -> bytes:
        """UTF-8 without the packet's type digit."""
        return self._text

    @property
    def attachments(self) -> Sequence[bytes]:
        """The binary messages that follow the text."""
        return self._attachments

    def frames(self, kind: Kind) -> bytes:
        """Whole frames for a connection of this kind, which is any but PACKETS."""
        if kind is Kind.RAW or self._attachments:
            return self._special_frames(kind)
        frame = self._text_frame
        if frame is None:  # text alone is the same for all generations
            frame = self._text_frame = encode_frame(TEXT, self._text, b"4")
        return frame

    def packets(self) -> list[AnyPacket]:
        """The message as packets."""
        if self._packets is None:
            self._packets = [Text(self._text.decode()), *map(Binary, self._attachments)]
        return self._packets

    def items(self, kind: Kind) -> Sequence[Item]:
        """What to append to the outbox of a connection of this kind."""
        return self.packets() if kind is Kind.PACKETS else (self.frames(kind),)

    def _special_frames(self, kind: Kind) -> bytes:
        if self._frames is None:
            self._frames = {}
        frames = self._frames.get(kind)
        if frames is None:
            frames = self._frames[kind] = self._encode(kind)
        return frames

    def _encode(self, kind: Kind) -> bytes:
        if kind is Kind.RAW:
            return encode_frame(TEXT, self._text)
        attachments = (_encode_attachment(data, kind) for data in self._attachments)
        return encode_frame(TEXT, self._text, b"4") + b"".join(attachments)


class SharedMessage(Message):
    """A text message with a long part that it shares with others, which is kept once."""

    __slots__ = ("_parts",)

    def __init__(self, before: bytes, shared: Shared, after: bytes) -> None:
        """The three parts of the text, UTF-8."""
        super().__init__(b"")
        self._parts = (before, shared, after)

    def items(self, kind: Kind) -> Sequence[Item]:
        """For raw connections the parts of the frame, of which the long one is always the same."""
        if kind is not Kind.RAW:
            return super().items(kind)
        before, shared, after = self._parts
        return (text_head(sum(map(len, self._parts))) + before, shared, after)

    @property
    def text(self) -> bytes:
        """The three parts, joined."""
        self._join()
        return self._text

    def frames(self, kind: Kind) -> bytes:
        """Whole frames, without sharing."""
        self._join()
        return super().frames(kind)

    def packets(self) -> list[AnyPacket]:
        """The message as packets."""
        self._join()
        return super().packets()

    def _join(self) -> None:
        if not self._text:
            self._text = b"".join(self._parts)


def _encode_attachment(data: bytes, kind: Kind) -> bytes:
    if kind is Kind.FRAMES_V3_BASE64:
        return encode_frame(TEXT, encode_base64_message(data, Version.V3).encode())
    version = Version.V3 if kind is Kind.FRAMES_V3 else Version.V4
    return encode_frame(BINARY, encode_binary_message(data, version))


class Outbox(Protocol):
    """One connection's end of the delivery: what waits for the next flush. All on the loop.

    The delivery appends to `queue`, in the order of the calls that meant it; the connection takes
    out of it. A connection that takes anything out by itself, or ends, calls `Delivery.settle`
    first: what was published before may be gathered elsewhere still. `kind` changes only behind
    that, and while the connection is in no topic: topics keep their members by it.
    """

    kind: Kind
    queue: list[Item]
    # Writes whole frames at once, while nothing is in the way (a peer that does not read, a
    # close); None otherwise, and then `flush` knows what to do. Called with an empty queue only;
    # it may end the connection, and must not raise.
    direct: Callable[[bytes], object] | None

    def flush(self) -> None:
        """Write, or hold, all that is queued, and leave the queue empty, also after the end.

        Called at the end of the turn in which something was queued, or some turns later where
        many connections wait; perhaps with nothing in the queue. It must not raise: others are
        flushed behind it, and a queue that is not empty is not flushed again.
        """


class Topic:
    """The local subscribers of one name, by kind."""

    __slots__ = ("members", "size")

    def __init__(self) -> None:
        self.members: dict[Kind, dict[Outbox, None]] = {}
        self.size = 0

    def __contains__(self, outbox: Outbox) -> bool:
        return outbox in self.members.get(outbox.kind, ())

    def add(self, outbox: Outbox) -> None:
        """Subscribe; twice is once."""
        if outbox not in self:
            self.members.setdefault(outbox.kind, {})[outbox] = None
            self.size += 1

    def discard(self, outbox: Outbox) -> None:
        """Unsubscribe, if subscribed."""
        if outbox in self:
            del self.members[outbox.kind][outbox]
            self.size -= 1


Subscribers = Topic | Outbox
"""Of one name: many, or the only one."""


class Delivery:
    """Queues messages and flushes outboxes, once per loop turn.

    To be called on the loop; no method waits or raises. What one call has queued for a connection
    goes out before what any later call queues for it.
    """

    __slots__ = ("_dirty", "_flush_handle", "_run", "_run_topic", "delivered")

    def __init__(self) -> None:
        self._dirty: list[Outbox] = []
        self._run_topic: Topic | None = None
        self._run: list[Message] = []
        self._flush_handle: asyncio.Handle | None = None
        self.delivered = 0

    def publish(self, subscribers: Subscribers, message: Message) -> int:
        """Queue for every subscriber; returns how many there are, reached or not."""
        if not isinstance(subscribers, Topic):
            self.send(subscribers, message)
            return 1
        topic = subscribers
        if self._run_topic is not topic:
            self._spill()
            self._run_topic = topic
        self._run.append(message)
        self._schedule()
        return topic.size

    def publish_except(
        self, subscribers: Subscribers, message: Message, skipped: Collection[Outbox]
    ) -> int:
        """Queue for every subscriber but some; returns for how many."""
        if not isinstance(subscribers, Topic):
            return 0 if subscribers in skipped else self.publish(subscribers, message)
        self._spill()
        count = 0
        for kind, members in subscribers.members.items():
            items = message.items(kind)
            for outbox in members:
                if outbox not in skipped:
                    self._queue(outbox, items)
                    count += 1
        self.delivered += count
        return count

    def send(self, outbox: Outbox, message: Message) -> None:
        """Queue for one connection."""
        topic = self._run_topic
        if topic is not None and outbox in topic:
            self._spill()
        self.delivered += 1
        queue = outbox.queue
        if not queue:
            self._dirty.append(outbox)
            self._schedule()
        kind = outbox.kind
        if kind is _PACKETS:
            queue.extend(message.packets())
        elif kind is _RAW:
            queue.extend(message.items(kind))
        else:
            queue.append(message.frames(kind))

    def send_text(self, outbox: Outbox, text: bytes) -> None:
        """As `send`, for a text that nobody else gets: measured, a third of the time."""
        kind = outbox.kind
        if kind is _PACKETS or kind is _RAW:
            self.send(outbox, Message(text))
            return
        topic = self._run_topic
        if topic is not None and outbox in topic:
            self._spill()
        self.delivered += 1
        queue = outbox.queue
        if not queue:
            self._dirty.append(outbox)
            self._schedule()
        queue.append(encode_frame(TEXT, text, b"4"))

    def send_items(self, outbox: Outbox, items: Sequence[Item]) -> None:
        """Queue for one connection what is encoded already."""
        self._spill_for(outbox)
        self._queue(outbox, items)

    def subscribe(self, topic: Topic, outbox: Outbox) -> None:
        """Everything published from now on reaches the outbox, and nothing from before."""
        self._spill_if(topic)
        topic.add(outbox)

    def unsubscribe(self, topic: Topic, outbox: Outbox) -> None:
        """Everything published until now still reaches the outbox."""
        self._spill_if(topic)
        topic.discard(outbox)

    def settle(self, outbox: Outbox) -> None:
        """Move everything meant for this outbox into its queue, before it changes or closes."""
        self._spill_for(outbox)

    def flush(self) -> None:
        """Flush every outbox now: for the end of the process and for tests."""
        self._spill()
        dirty, self._dirty = self._dirty, []
        for outbox in dirty:
            outbox.flush()

    def _queue(self, outbox: Outbox, items: Iterable[Item]) -> None:
        queue = outbox.queue
        if not queue:
            self._dirty.append(outbox)
            self._schedule()
        queue.extend(items)

    def _spill_for(self, outbox: Outbox) -> None:
        topic = self._run_topic
        if topic is not None and outbox in topic:
            self._spill()

    def _spill_if(self, topic: Topic) -> None:
        if self._run_topic is topic:
            self._spill()

    def _spill(self) -> None:
        topic = self._run_topic
        if topic is None:
            return
        messages, self._run = self._run, []
        self._run_topic = None
        self.delivered += topic.size * len(messages)
        for kind, members in topic.members.items():
            if members:
                self._queue_for_all(members, _join(messages, kind))

    def _queue_for_all(self, members: Iterable[Outbox], items: Sequence[Item]) -> None:
        # The hottest loop of the engine: once for every subscriber of every run.
        mark_dirty = self._dirty.append
        for outbox in members:
            queue = outbox.queue
            if not queue:
                mark_dirty(outbox)
            queue.extend(items)

    def _write_run(self, topic: Topic) -> None:
        """Spill, but write to whoever has nothing queued and can be written to directly.

        That halves what a broadcast costs beside the system calls: no queue, no flush.
        """
        messages, self._run = self._run, []
        self._run_topic = None
        self.delivered += topic.size * len(messages)
        for kind, members in list(topic.members.items()):
            items = _join(messages, kind)
            frames = items[0] if kind is not Kind.PACKETS else None
            # A copy, because a write may end a connection, and with it a subscription.
            for outbox in tuple(members):
                if outbox.direct is not None and not outbox.queue:
                    outbox.direct(frames)  # type: ignore[arg-type]  # frames, as it is direct
                else:
                    self._queue(outbox, items)

    def _schedule(self) -> None:
        if self._flush_handle is None:
            self._flush_handle = asyncio.get_running_loop().call_soon(self._flush_turn)

    def _flush_turn(self) -> None:
        self._flush_handle = None
        topic = self._run_topic
        if topic is not None and topic.size <= _FLUSHES_PER_TURN:
            self._write_run(topic)
        self._spill()
        dirty = self._dirty
        if len(dirty) <= _FLUSHES_PER_TURN:
            self._dirty = []
        else:
            dirty, self._dirty = dirty[:_FLUSHES_PER_TURN], dirty[_FLUSHES_PER_TURN:]
            self._schedule()
        for outbox in dirty:
            outbox.flush()


def _join(messages: list[Message], kind: Kind) -> Sequence[Item]:
    if len(messages) == 1:
        return messages[0].items(kind)
    if kind is Kind.PACKETS:
        return [packet for message in messages for packet in message.packets()]
    if kind is Kind.RAW and SharedMessage in map(type, messages):
        return [item for message in messages for item in message.items(kind)]
    return (b"".join([message.frames(kind) for message in messages]),)
