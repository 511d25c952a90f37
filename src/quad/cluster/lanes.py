"""Lanes: many two-way streams of bytes over one channel of the links, none of which fills it.

    record = kind (1 byte; 0x80: from who was asked) | number (8 bytes) | data

The edge numbers the lanes that it opens. Each direction has a window: so many bytes may be under
way or unread at the other end, which says (`READ`) when it has read some. The end is said once, by
who ends it; what comes for a lane that has ended is dropped.
"""

import asyncio
import enum
import struct
from collections import Counter, deque
from collections.abc import Callable, Iterable
from typing import Final, Protocol

from quad.bus.links import Channel, Links

WINDOW_BYTES: Final = 262_144
"""Of one direction of a lane, what may be under way or unread at the other end."""
SLACK_BYTES: Final = 16_384
"""So much may have been read at the other end without its having been said yet."""

# A piece holds up what else goes to the node; a link is cut at 32 MB that are not acknowledged.
_PIECE_BYTES = 65_536
# What all lanes together may have under way to a node, and when no new one may begin.
_ROOM_BYTES = 8_000_000
_FULL_BYTES = 16_000_000
# How often to look whether a node has taken some of that.
_LOOK_S = 0.01

_HEAD = struct.Struct(">BQ")
_COUNT = struct.Struct(">I")
_FROM_ASKED = 0x80


class Kind(enum.IntEnum):
    """What a record says."""

    OPEN = 1
    DATA = 2
    LAST = 3  # with the last of the data: this direction has ended
    READ = 4
    START = 5  # the head of an answer
    CONTINUE = 6  # the body is wanted (RFC 9110, section 10.1.1)
    CLOSE = 7  # end the client's connection once everything is written
    CUT = 8  # from who was asked: it breaks off here
    GONE = 9  # from the edge: its client has left
    TAKEN = 10  # from the edge: the whole answer is on its way to the client
    MOVED = 11  # in place of OPEN: another node has had the other end until now


_BEGINNINGS: Final = (Kind.OPEN, Kind.MOVED)


class User(Protocol):
    """Who has an end of a lane. No method may wait."""

    def received(self, kind: Kind, data: bytes) -> None:
        """The other end has said something, in the order in which it did."""

    def written(self) -> None:
        """Some of what waited to be sent has gone, or was read at the other end."""

    def lost(self) -> None:
        """The other node is gone, or what was under way to it is. The lane has ended."""


class Lane:
    """One end of a two-way stream."""

    __slots__ = (
        "_credit",
        "_direction",
        "_has_ended",
        "_is_held",
        "_lanes",
        "_unsaid",
        "_waiting",
        "node",
        "number",
        "unsent_bytes",
        "user",
    )

    def __init__(self, lanes: "Lanes", node: int, number: int, direction: int) -> None:
        self.node = node
        self.number = number
        """The one that its edge has given it."""
        self.user: User | None = None
        self.unsent_bytes = 0
        """What was written and waits for the other end, or for room on the link."""
        self._lanes = lanes
        self._direction = direction
        self._waiting: list[tuple[Kind, bytes | memoryview]] = []
        self._credit = WINDOW_BYTES
        self._unsaid = 0
        self._is_held = False
        self._has_ended = False

    @property
    def is_asked(self) -> bool:
        """Whether the other node has opened it."""
        return self._direction == _FROM_ASKED

    @property
    def key(self) -> tuple[int, int, int]:
        """What tells it from all others of this node."""
        return self._direction, self.node, self.number

    @property
    def unread_bytes(self) -> int:
        """What was written and is not known to be read at the other end."""
        return self.unsent_bytes + WINDOW_BYTES - self._credit

    def write(self, data: bytes, kind: Kind = Kind.DATA) -> None:
        """Send data behind everything written so far, as far as the other end reads.

        Cut in pieces where it is long; `kind` is that of the last one.
        """
        if self._has_ended or (not data and kind is Kind.DATA):
            return
        self._waiting.append((kind, data))
        self.unsent_bytes += len(data)
        self._send_on()

    def say(self, kind: Kind, data: bytes = b"") -> None:
        """Send a word at once, past what waits."""
        if not self._has_ended:
            self._lanes.send(self.node, self._direction | kind, self.number, data)

    def take_back(self) -> list[tuple[Kind, bytes]]:
        """What was written and has not been sent; it never will be."""
        waiting, self._waiting = self._waiting, []
        self.unsent_bytes = 0
        return [(kind, bytes(data)) for kind, data in waiting]

    def flush(self) -> None:
        """Send all that waits, whether the other end has read or not."""
        for kind, data in self.take_back():
            for start in range(0, len(data), _PIECE_BYTES):
                self.say(Kind.DATA, data[start : start + _PIECE_BYTES])
            if kind is not Kind.DATA:
                self.say(kind)

    def have_read(self, size_bytes: int) -> None:
        """Let the other end write so much more."""
        self._unsaid += size_bytes
        if self._unsaid >= SLACK_BYTES:
            self.say(Kind.READ, _COUNT.pack(self._unsaid))
            self._unsaid = 0

    def end(self) -> None:
        """Forget it: nothing is sent any more, and what comes is dropped."""
        self._has_ended = True
        self._waiting.clear()
        self.unsent_bytes, self._credit = 0, WINDOW_BYTES
        self.user = None  # or the two would keep each other
        self._lanes.forget(self)

    def hear(self, kind: Kind, data: bytes) -> None:
        """A record has come; only `Lanes` may call this."""
        if self.user is None:
            return
        if kind is Kind.READ:
            self._credit += _COUNT.unpack(data)[0]
            self._send_on()
            self._tell_written()
        else:
            self.user.received(kind, data)

    def _send_on(self) -> None:
        while self._waiting and not self._is_held:
            kind, data = self._waiting[0]
            if data and not self._credit:
                return
            if not self._lanes.room.is_open(self.node):
                self._is_held = True
                self._lanes.room.wait(self.node, self._go_on)
                return
            self._send_piece(kind, data)

    def _send_piece(self, kind: Kind, data: bytes | memoryview) -> None:
        size = min(len(data), _PIECE_BYTES, self._credit)
        self._credit -= size
        self.unsent_bytes -= size
        if size == len(data):
            del self._waiting[0]
            self._lanes.send(self.node, self._direction | kind, self.number, data)
        else:
            view = memoryview(data)
            self._waiting[0] = (kind, view[size:])
            self._lanes.send(self.node, self._direction | Kind.DATA, self.number, view[:size])

    def _go_on(self) -> None:
        self._is_held = False
        self._send_on()
        self._tell_written()

    def _tell_written(self) -> None:
        if self.user is not None:
            self.user.written()


class Lanes:
    """All lanes of a channel: those that this node opens, and those that others do."""

    def __init__(
        self,
        links: Links,
        channel: Channel,
        opened: Callable[[Lane, bytes], object],
        moved: Callable[[Lane, bytes], object] | None = None,
    ) -> None:
        """`opened(lane, data)` is called when another node opens one, and gives it a user.

        `moved` is, if it goes on with one that has led elsewhere. If one of them raises, the lane
        is cut.
        """
        self.room = Room(links)
        self._links = links
        self._channel = channel
        self._opened = opened
        self._moved = moved or opened
        self._lanes: dict[tuple[int, int, int], Lane] = {}
        self._counts: Counter[int] = Counter()
        self._last = 0
        links.on(channel, self._received, self._reset)

    def count(self, node: int) -> int:
        """How many lanes of this node to that one are open."""
        return self._counts[node]

    def users(self) -> Iterable[User]:
        """Who has a lane, at either end."""
        return [lane.user for lane in self._lanes.values() if lane.user is not None]

    def open(self, node: int, data: bytes, user: User, kind: Kind = Kind.OPEN) -> Lane:
        """Begin a lane to a node; `kind` may be MOVED."""
        lane = Lane(self, node, self.next_number(), 0)
        lane.user = user
        self._lanes[lane.key] = lane
        self._counts[node] += 1
        lane.say(kind, data)
        return lane

    def next_number(self) -> int:
        """A number that no lane of this node has, or will have."""
        self._last += 1
        return self._last

    def send(self, node: int, kind: int, number: int, data: bytes | memoryview) -> None:
        """Send a record of a lane; only lanes call this."""
        self._links.send(node, self._channel, b"".join((_HEAD.pack(kind, number), data)))

    def forget(self, lane: Lane) -> None:
        """A lane has ended; only lanes call this."""
        if self._lanes.pop(lane.key, None) is None or lane.is_asked:
            return
        self._counts[lane.node] -= 1
        if not self._counts[lane.node]:
            del self._counts[lane.node]

    def close(self) -> None:
        """End every lane, as if all other nodes were lost; no timer outlives this."""
        for lane in list(self._lanes.values()):
            self._break(lane)
        self.room.close()

    def _received(self, node: int, record: bytes) -> None:
        byte, number = _HEAD.unpack_from(record)
        kind, data = Kind(byte & ~_FROM_ASKED), record[_HEAD.size :]
        # What this node has opened hears from who was asked, and the other way round.
        key = (byte & _FROM_ASKED ^ _FROM_ASKED, node, number)
        lane = self._lanes.get(key)
        if kind in _BEGINNINGS and lane is None:
            lane = self._lanes[key] = Lane(self, node, number, _FROM_ASKED)
        if lane is not None:
            self._hear(lane, kind, data)

    def _hear(self, lane: Lane, kind: Kind, data: bytes) -> None:
        try:
            if kind is Kind.OPEN:
                self._opened(lane, data)
            elif kind is Kind.MOVED:
                self._moved(lane, data)
            else:
                lane.hear(kind, data)
        except Exception:
            self._break(lane)  # a bug costs its lane, and not the link, which logs it
            raise

    def _break(self, lane: Lane) -> None:
        lane.say(Kind.CUT if lane.is_asked else Kind.GONE)
        _lose(lane)

    def _reset(self, node: int) -> None:
        self.room.forget(node)
        for lane in [each for each in self._lanes.values() if each.node == node]:
            _lose(lane)


class Room:
    """Keeps the bulk of all lanes from filling a link: what is beyond waits, each in its turn."""

    def __init__(self, links: Links) -> None:
        self._links = links
        self._waiting: dict[int, deque[Callable[[], object]]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def is_open(self, node: int) -> bool:
        """Whether more may be sent now."""
        return self._links.unacknowledged_bytes(node) < _ROOM_BYTES

    def is_full(self, node: int) -> bool:
        """Whether so much is under way that nothing new should begin."""
        return self._links.unacknowledged_bytes(node) > _FULL_BYTES

    def wait(self, node: int, go_on: Callable[[], object]) -> None:
        """Have this called, once, when there is room; those who have waited longer come first."""
        self._waiting.setdefault(node, deque()).append(go_on)
        self._look_later()

    def forget(self, node: int) -> None:
        """Nothing goes to that node any more."""
        self._waiting.pop(node, None)

    def close(self) -> None:
        """Nobody waits any more."""
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look_later(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_LOOK_S, self._look)

    def _look(self) -> None:
        self._timer = None
        for node, waiting in list(self._waiting.items()):
            while waiting and self.is_open(node):
                waiting.popleft()()
            if not waiting:
                self._waiting.pop(node, None)
        if self._waiting:
            self._look_later()


def _lose(lane: Lane) -> None:
    user = lane.user
    lane.end()
    if user is not None:
        user.lost()
