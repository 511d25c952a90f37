"""One ordered stream each way between two incarnations, over a bus that promises nothing.

Pure: batches in, batches out; the clock is given, in seconds of any origin.

Both directions share one **stream number**. Batches of a stream are numbered from 1 and are handed
out in that order, each once; the other end acknowledges them when they have been handed out, so
that what the receiver keeps is bounded by what the sender keeps. What is not acknowledged is sent
again. What cannot be repaired is a **reset**: the next stream begins, empty, in both directions.

        send          batches_to_send             receive              take
    ---------> waiting --------------> sent · bus -------> early, ready -----> to the receivers
                                        |  ^                              |
                                        +--+ again, until acknowledged <--+

Why both ends agree on a reset: whoever gives up a stream goes to the next number, and says that
number in all that it sends; who hears a higher number than its own gives up its stream, too, and
goes there. So in one stream both ends have begun anew, and a record of an older one is dropped by
its number alone. Two ends that give up at once meet in the same stream.
"""

import itertools
import math
from collections import deque
from typing import Final

import msgspec

from quad.bus.port import MESSAGE_LIMIT_BYTES
from quad.bus.seal import HEAD_BYTES, Batch

# A batch of more records would keep the loop, and with it heartbeats, for too long.
BATCH_RECORDS: Final = 500
# A record's channel and length, packed, and about what its place in a list takes.
RECORD_BYTES: Final = 8
# 16 more for the lengths of both lists.
BATCH_BYTES: Final = MESSAGE_LIMIT_BYTES - HEAD_BYTES - 16

# Not acknowledged: what waits and what was sent. Beyond either, the stream is given up.
UNACKNOWLEDGED_BYTES: Final = 32 * 1024 * 1024
UNACKNOWLEDGED_S: Final = 15.0

# Of that, what may be under way: it bounds what the other end has to put in order. The rest waits,
# and goes in larger batches: so a broker that is too slow for many messages gets fewer.
IN_FLIGHT_BATCHES: Final = 256
IN_FLIGHT_BYTES: Final = 4 * 1024 * 1024

# The oldest are sent again when nothing was acknowledged for so long, which is late enough for a
# busy loop at the other end; then after twice the time, and so on.
RESEND_S: Final = 0.25
RESEND_LONGEST_S: Final = 2.0
# At a time: all of it at once would make a broker slower that is only slow.
RESEND_BATCHES: Final = 64
RESEND_BYTES: Final = 1024 * 1024

# An acknowledgement waits so long for a batch to ride on, unless this much was handed out.
ACKNOWLEDGE_S: Final = 0.05
ACKNOWLEDGE_BATCHES: Final = 64
ACKNOWLEDGE_BYTES: Final = 1024 * 1024

# In the channel of a piece of a record, of which more follows.
_MORE: Final = 0x80

Record = tuple[int, bytes]


class _Body(msgspec.Struct, array_like=True):
    """Records, column by column: half the cost of a list of pairs."""

    channels: bytes
    records: list[bytes]


class _Sent:
    """A batch that is not acknowledged."""

    __slots__ = ("body", "number", "sent_at", "size")

    def __init__(self, number: int, body: bytes, size: int, now: float) -> None:
        self.number = number
        self.body = body
        self.size = size
        self.sent_at = now


class Link:
    """One end of the streams between two incarnations, of which neither ever returns.

    `send`, `receive` and `hear` come as they come. After them, and at `due_at` at the latest:
    `take_reset`, `batches_to_send`, and `take` while it `is_ready`.
    """

    __slots__ = (
        "_acknowledge_at",
        "_channels",
        "_delivered",
        "_early",
        "_full",
        "_full_bytes",
        "_handed_out_batches",
        "_handed_out_bytes",
        "_heard_at",
        "_in_flight_bytes",
        "_is_overfull",
        "_is_reset",
        "_is_stalled",
        "_last_number",
        "_open_bytes",
        "_opened",
        "_pieces",
        "_ready",
        "_received",
        "_records",
        "_resend_at",
        "_resend_s",
        "_sent",
        "batches_received",
        "batches_sent",
        "duplicates",
        "resends",
        "resets",
        "stream",
    )

    _opened: list[Record]
    _resend_s: float
    _resend_at: float

    def __init__(self) -> None:
        self.batches_sent = self.batches_received = 0
        self.duplicates = self.resends = self.resets = 0
        self._heard_at = -math.inf
        self._begin(1)
        self._is_reset = False
        self._acknowledge_at = -math.inf  # the other end learns that there is somebody

    # Sending

    @property
    def is_waiting(self) -> bool:
        """Whether there are records that were not put into a batch."""
        return bool(self._records or self._full)

    @property
    def unacknowledged_bytes(self) -> int:
        """How much was given to `send` and not handed out at the other end, as far as is known."""
        return self._open_bytes + self._full_bytes + self._in_flight_bytes

    def send(self, channel: int, record: bytes) -> None:
        """Put a record behind all others; `channel` is below 128.

        Raises ValueError for one that is larger than all that may be unacknowledged.
        """
        size = len(record) + RECORD_BYTES
        if size > BATCH_BYTES:
            self._send_pieces(channel, record)
            return
        if self._open_bytes + size > BATCH_BYTES or len(self._records) == BATCH_RECORDS:
            self._close_batch()
        self._channels.append(channel)
        self._records.append(record)
        self._open_bytes += size

    def batches_to_send(self, now: float) -> list[Batch]:
        """What is to be sent now, in this order. It may reset the stream first."""
        if self._is_hopeless(now):
            self.reset(now)
        batches = self._due_again(now)
        while self.is_waiting and self._may_send():
            batches.append(self._next_batch(now))
        if not batches and self._acknowledge_at <= now:
            batches.append(self._batch(0, b""))
        if batches:
            self._acknowledge_at = math.inf
            self._handed_out_batches = self._handed_out_bytes = 0
        return batches

    def due_at(self) -> float:
        """When `batches_to_send` will have something to say, if nothing else happens: perhaps a
        time that is past, perhaps never, which is infinity.
        """
        if not self._sent:
            return self._acknowledge_at
        hopeless_at = self._sent[0].sent_at + UNACKNOWLEDGED_S
        return min(self._acknowledge_at, self._resend_at, hopeless_at)

    # Receiving

    @property
    def is_ready(self) -> bool:
        """Whether `take` has a batch."""
        return bool(self._ready)

    def receive(self, batch: Batch, now: float) -> bool:
        """Take in what the other end sent. False if there is nothing new in it: somebody may have
        repeated an old message. It may reset the stream.
        """
        stream, number, acknowledged, body = batch
        if not self.hear(stream, acknowledged, now) or number == 0:
            return False
        if not self._put_in_order(number, body):
            self._owe_acknowledgement(now)  # the last one may have been lost
            self.duplicates += 1
            return False
        self.batches_received += 1
        return True

    def hear(self, stream: int, acknowledged: int, now: float) -> bool:
        """Learn in which stream the other end is, and what it has handed out. It may reset ours.

        False: it is in an old stream, of which nothing is to be heard any more.
        """
        if stream < self.stream:
            self._owe_acknowledgement(now)  # which tells it the number of ours
            return False
        if stream > self.stream:
            self._give_up_for(stream)
        if self._heard_at + RESEND_LONGEST_S < now:
            # It is back: what it missed in an outage does not wait as long as during that.
            self._resend_s = RESEND_S
            self._resend_at = now
        self._heard_at = now
        self._forget_sent(acknowledged, now)
        return True

    def take(self, most: int, now: float) -> list[Record]:
        """The next records in order, all of one batch and not more than `most`.

        A batch counts as handed out when its last record is taken. There may be none in it, if it
        is a piece of a larger record. It may reset the stream.
        """
        if not self._opened:
            try:
                self._opened = self._open(self._ready[0])
            except (msgspec.MsgspecError, ValueError):
                # Signed and yet not ours: a bug, or another version. To go on would be a gap.
                self.reset(now)
                return []
        records = self._opened
        self._opened = records[most:]
        if not self._opened:
            self._note_handed_out(len(self._ready.popleft()), now)
        return records[:most]

    @property
    def position(self) -> tuple[int, int]:
        """The number of the stream, and of the last batch that was handed out: for `hear` at the
        other end.
        """
        return self.stream, self._delivered

    # Resets

    def reset(self, now: float) -> None:
        """Give up the stream, in both directions and at both ends."""
        self._give_up_for(self.stream + 1)
        self._acknowledge_at = now  # the other end is told at once

    def take_reset(self) -> bool:
        """Whether the stream was reset since the last call: whatever was sent before by either end
        and was not taken by the other, never will be.
        """
        is_reset, self._is_reset = self._is_reset, False
        return is_reset

    def _give_up_for(self, stream: int) -> None:
        self._begin(stream)
        self._is_reset = True
        self.resets += 1

    def _begin(self, stream: int) -> None:
        self.stream = stream
        self._acknowledge_at = math.inf
        self._begin_sending()
        self._begin_receiving()

    def _begin_sending(self) -> None:
        # Records for the next batch; then whole batches that wait; then what is under way.
        self._channels = bytearray()
        self._records: list[bytes] = []
        self._open_bytes = 0
        self._full: deque[tuple[_Body, int]] = deque()
        self._full_bytes = 0
        self._sent: deque[_Sent] = deque()
        self._in_flight_bytes = 0
        self._is_overfull = False
        self._is_stalled = False  # since a resend, nothing was acknowledged
        self._last_number = 0
        self._resend_s = RESEND_S
        self._resend_at = math.inf

    def _begin_receiving(self) -> None:
        # Batches up to `_received` are here, up to `_delivered` handed out; `_early` comes later.
        self._received = self._delivered = 0
        self._early: dict[int, bytes] = {}
        self._ready: deque[bytes] = deque()
        self._pieces: list[bytes] = []
        self._opened = []  # of the first ready batch, what was not taken
        self._handed_out_batches = self._handed_out_bytes = 0

    def _is_hopeless(self, now: float) -> bool:
        if self._is_overfull or self.unacknowledged_bytes > UNACKNOWLEDGED_BYTES:
            return True
        return bool(self._sent) and self._sent[0].sent_at + UNACKNOWLEDGED_S <= now

    # Packing

    def _send_pieces(self, channel: int, record: bytes) -> None:
        if len(record) > UNACKNOWLEDGED_BYTES:
            raise ValueError(f"a record of {len(record)} bytes is more than a link can keep")
        piece = BATCH_BYTES - RECORD_BYTES
        last = (len(record) - 1) // piece * piece
        for start in range(0, last, piece):
            self.send(channel | _MORE, record[start : start + piece])
        self.send(channel, record[last:])

    def _close_batch(self) -> None:
        if self.unacknowledged_bytes > UNACKNOWLEDGED_BYTES:
            self._is_overfull = True  # so nothing of this stream will be sent: nothing is kept
        else:
            self._full.append((_Body(bytes(self._channels), self._records), self._open_bytes))
            self._full_bytes += self._open_bytes
        self._channels = bytearray()
        self._records = []
        self._open_bytes = 0

    def _may_send(self) -> bool:
        # While nothing comes through, more of it would only wait elsewhere.
        return (
            not self._is_stalled
            and len(self._sent) < IN_FLIGHT_BATCHES
            and self._in_flight_bytes + BATCH_BYTES <= IN_FLIGHT_BYTES
        )

    def _next_batch(self, now: float) -> Batch:
        if not self._full:
            self._close_batch()
        content, size = self._full.popleft()
        self._full_bytes -= size
        self._in_flight_bytes += size
        self._last_number += 1
        self.batches_sent += 1
        if not self._sent:
            self._resend_at = now + self._resend_s
        body = _encode(content)
        self._sent.append(_Sent(self._last_number, body, size, now))
        return self._batch(self._last_number, body)

    def _batch(self, number: int, body: bytes) -> Batch:
        return Batch(self.stream, number, self._delivered, body)

    # Unpacking

    def _put_in_order(self, number: int, body: bytes) -> bool:
        """False for what is here already, or so early that the other end cannot have sent it."""
        received = self._received
        if not received < number <= received + IN_FLIGHT_BATCHES or number in self._early:
            return False
        if number > received + 1:
            self._early[number] = body
            return True
        following: bytes | None = body
        while following is not None:
            self._received += 1
            self._ready.append(following)
            following = self._early.pop(self._received + 1, None)
        return True

    def _open(self, body: bytes) -> list[Record]:
        content = _decode(body)
        channels, records = content.channels, content.records
        # A piece fills its batch, so it is the only one in it; the last one may have company.
        if self._pieces or (channels and channels[0] & _MORE):
            return self._join_pieces(channels, records)
        return list(zip(channels, records, strict=True))

    def _join_pieces(self, channels: bytes, records: list[bytes]) -> list[Record]:
        whole = []
        for channel, record in zip(channels, records, strict=True):
            self._pieces.append(record)
            if not channel & _MORE:
                whole.append((channel, b"".join(self._pieces)))
                self._pieces.clear()
        return whole

    # Acknowledging and repairing

    def _forget_sent(self, acknowledged: int, now: float) -> None:
        sent = self._sent
        if not sent or sent[0].number > acknowledged:
            return
        while sent and sent[0].number <= acknowledged:
            self._in_flight_bytes -= sent.popleft().size
        self._is_stalled = False
        self._resend_s = RESEND_S
        self._resend_at = now + RESEND_S

    def _owe_acknowledgement(self, now: float) -> None:
        if self._acknowledge_at == math.inf:
            self._acknowledge_at = now + ACKNOWLEDGE_S

    def _note_handed_out(self, size: int, now: float) -> None:
        self._delivered += 1
        self._handed_out_batches += 1
        self._handed_out_bytes += size
        self._owe_acknowledgement(now)
        if (
            self._handed_out_batches >= ACKNOWLEDGE_BATCHES
            or self._handed_out_bytes >= ACKNOWLEDGE_BYTES
        ):
            self._acknowledge_at = now

    def _due_again(self, now: float) -> list[Batch]:
        if not self._sent or self._resend_at > now:
            return []
        due: list[Batch] = []
        size = 0
        for each in itertools.islice(self._sent, RESEND_BATCHES):
            if each.sent_at + RESEND_S > now or size > RESEND_BYTES:
                break  # what was sent just now is under way
            size += each.size
            due.append(self._batch(each.number, each.body))
        if not due:
            self._resend_at = self._sent[0].sent_at + RESEND_S
            return []
        self._is_stalled = True
        self.resends += len(due)
        self._resend_s = min(2 * self._resend_s, RESEND_LONGEST_S)
        self._resend_at = now + self._resend_s
        return due


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Body).decode
