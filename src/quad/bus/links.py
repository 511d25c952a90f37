"""Ordered streams of records between this node and the others: the links, a loop and a clock."""

import asyncio
import enum
import logging
import math
import time
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

from quad.bus.link import BATCH_RECORDS, Link, Record
from quad.bus.port import Bus
from quad.bus.seal import Batch, Beat, Seal

log = logging.getLogger("quad.bus")

BEAT_S: Final = 0.5
# A beat of ours that came back counts for as long as four of them take.
_HEARS_ITSELF_S: Final = 4 * BEAT_S

Received = Callable[[int, bytes], object]
Reset = Callable[[int], object]


class Channel(enum.IntEnum):
    """Whom a record is for."""

    CONTROL = 0
    EVENTS = 1
    HTTP = 2
    TUNNEL = 3
    QUESTIONS = 4


class NodeFigures(NamedTuple):
    """What happened on the link to one node since `connect`."""

    unacknowledged_bytes: int
    silence_s: float
    batches_sent: int
    batches_received: int
    resends: int
    duplicates: int
    resets: int


class Figures(NamedTuple):
    """What happened on the bus since the start."""

    forged: int  # not signed with our secret, or damaged
    strangers: int  # from nodes, or other lives of nodes, that are not connected
    failures: int  # records whose receiver raised, or that had none
    resends: int  # of all links, also to nodes that are gone
    resets: int
    nodes: dict[int, NodeFigures]


class _Peer:
    """Another node, while it is connected."""

    __slots__ = ("beat", "heard_at", "is_forgotten", "link", "node")

    def __init__(self, node: int, now: float) -> None:
        self.node = node
        self.link = Link()
        self.heard_at = now
        self.beat = 0  # the number of its last
        self.is_forgotten = False


class Links:
    """The links of this node to all others; every method is for the loop's own thread."""

    def __init__(
        self, bus: Bus, me: int, secret: bytes, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`me`: the incarnation of this node; `secret`: the same on all nodes, not empty."""
        self._bus = bus
        self._me = me
        self._seal = Seal(secret)
        self._clock = clock
        self._peers: dict[int, _Peer] = {}
        self._forgotten: set[int] = set()
        self._receivers: dict[int, Received] = {}
        self._resets: list[Reset] = []
        self._is_running = False
        # Nodes with something to send at the end of the turn, or to be told that they are gone.
        self._unflushed: set[int] = set()
        self._flush_handle: asyncio.Handle | None = None
        # Nodes with batches for the receivers, each in its turn.
        self._ready: deque[_Peer] = deque()
        self._delivery_handle: asyncio.Handle | None = None
        self._wake_at = math.inf
        self._wake_handle: asyncio.TimerHandle | None = None
        self._beat_handle: asyncio.Handle | None = None
        self._beats = 0
        self._own_beat_sent_at = -math.inf
        self._forged = self._strangers = self._failures = 0
        # Of links that are gone.
        self._past_resends = self._past_resets = 0

    # For everybody

    def on(self, channel: Channel, received: Received, reset: Reset) -> None:
        """Hear a channel; once each, before `start`.

        `received(node, record)` is called in the order of sending, once for each record. After
        `reset(node)`, nothing comes any more of what was under way from that node, and what was
        under way to it is in doubt: perhaps it arrived. What either raises is logged.
        """
        self._receivers[channel] = received
        self._resets.append(reset)

    def send(self, node: int, channel: Channel, record: bytes) -> None:
        """Send a record, behind every other to that node, whatever the channel. Never waits.

        It goes out at the end of the loop turn, with all that was sent in it. If the node is not
        connected, it is lost, and `reset` is called at the end of the turn.
        Raises ValueError for a record of more than 32 MB.
        """
        peer = self._peers.get(node)
        if peer is not None:
            peer.link.send(channel, record)
        self._unflushed.add(node)
        if self._flush_handle is None:
            self._flush_soon()

    def unacknowledged_bytes(self, node: int) -> int:
        """What was sent and not handed out there, as far as is known; 0 if it is not connected."""
        peer = self._peers.get(node)
        return 0 if peer is None else peer.link.unacknowledged_bytes

    # For the membership

    def connect(self, node: int) -> None:
        """There is such a node. Twice is once; one that was forgotten does not return.

        Before that, its batches are dropped: it will send them again.
        """
        if node not in self._peers and node not in self._forgotten and node != self._me:
            self._peers[node] = _Peer(node, self._clock())
            self._flush_later(node)
            self._beat_soon()

    def forget(self, node: int) -> None:
        """It is dead: `reset` is called before this returns, and nothing is heard of it again."""
        self._forgotten.add(node)
        peer = self._peers.pop(node, None)
        if peer is not None:
            peer.is_forgotten = True
            self._past_resends += peer.link.resends
            self._past_resets += peer.link.resets
            self._tell_reset(node)

    def silence_s(self, node: int) -> float:
        """For how long nothing was heard of it, at first since `connect`; infinity if it is not
        connected.
        """
        peer = self._peers.get(node)
        return math.inf if peer is None else self._clock() - peer.heard_at

    def has_heard(self, node: int) -> bool:
        """Whether it has beaten since `connect`; it does at once when it connects to us."""
        peer = self._peers.get(node)
        return peer is not None and peer.beat > 0

    @property
    def hears_itself(self) -> bool:
        """Whether a beat that this node sent lately came back to it over the broker."""
        return self._clock() - self._own_beat_sent_at < _HEARS_ITSELF_S

    @property
    def counters(self) -> Figures:
        """What happened until now."""
        nodes = {node: self._figures(peer) for node, peer in self._peers.items()}
        return Figures(
            self._forged,
            self._strangers,
            self._failures,
            self._past_resends + sum(node.resends for node in nodes.values()),
            self._past_resets + sum(node.resets for node in nodes.values()),
            nodes,
        )

    async def start(self) -> None:
        """Begin to hear and to beat. The broker may be away: `hears_itself` says so."""
        self._is_running = True
        await self._bus.start(self._hear)
        self._beat()
        self._flush_turn()  # what was sent before

    async def aclose(self) -> None:
        """Send what waits, once; then hear and say nothing more. Nobody is told of resets."""
        for node in self._unflushed & self._peers.keys():
            self._send_batches(self._peers[node])
        self._is_running = False
        for handle in (
            self._flush_handle,
            self._delivery_handle,
            self._wake_handle,
            self._beat_handle,
        ):
            if handle is not None:
                handle.cancel()
        await self._bus.aclose()

    # Sending

    def _flush_later(self, node: int) -> None:
        self._unflushed.add(node)
        if self._flush_handle is None:
            self._flush_soon()

    def _flush_soon(self) -> None:
        if self._is_running:
            self._flush_handle = asyncio.get_running_loop().call_soon(self._flush_turn)

    def _flush_turn(self) -> None:
        self._flush_handle = None
        nodes, self._unflushed = self._unflushed, set()
        for node in nodes:
            peer = self._peers.get(node)
            if peer is None:
                self._tell_reset(node)
            else:
                self._flush(peer)

    def _flush(self, peer: _Peer) -> None:
        self._send_batches(peer)
        self._notice_reset(peer)
        self._wake_by(peer.link.due_at())

    def _send_batches(self, peer: _Peer) -> None:
        for batch in peer.link.batches_to_send(self._clock()):
            self._bus.send(peer.node, self._seal.batch(self._me, peer.node, batch))

    # Timers: one for all links, at the first time at which one of them has something to do.

    def _wake_by(self, due: float) -> None:
        if due >= self._wake_at or not self._is_running:
            return
        if self._wake_handle is not None:
            self._wake_handle.cancel()
        self._wake_at = due
        delay_s = max(0.0, due - self._clock())
        self._wake_handle = asyncio.get_running_loop().call_later(delay_s, self._wake)

    def _wake(self) -> None:
        self._wake_at = math.inf
        now = self._clock()
        for peer in list(self._peers.values()):
            if peer.link.due_at() <= now:
                self._flush(peer)
            else:
                self._wake_by(peer.link.due_at())

    def _beat(self) -> None:
        self._beats += 1
        positions = {node: peer.link.position for node, peer in self._peers.items()}
        beat = Beat(self._beats, self._clock(), positions)
        self._bus.broadcast(self._seal.beat(self._me, beat))
        self._beat_handle = asyncio.get_running_loop().call_later(BEAT_S, self._beat)

    def _beat_soon(self) -> None:
        """A newcomer waits to hear of us; however many there are in this turn."""
        if self._is_running and self._beat_handle is not None:
            self._beat_handle.cancel()
            self._beat_handle = asyncio.get_running_loop().call_soon(self._beat)

    # Hearing

    def _hear(self, message: bytes) -> None:
        letter = self._seal.open(message)
        if letter is None:
            self._forged += 1
        elif letter.sender == self._me and isinstance(letter.content, Beat):
            self._own_beat_sent_at = max(self._own_beat_sent_at, letter.content.sent_at)
        elif letter.sender not in self._peers:
            self._strangers += 1
        elif isinstance(letter.content, Beat):
            self._hear_beat(self._peers[letter.sender], letter.content)
        elif letter.receiver == self._me:
            self._hear_batch(self._peers[letter.sender], letter.content)
        else:
            self._strangers += 1  # a batch to a former life of this node

    def _hear_beat(self, peer: _Peer, beat: Beat) -> None:
        # An old one says nothing, and somebody may have repeated it.
        if beat.number <= peer.beat:
            return
        peer.beat = beat.number
        peer.heard_at = now = self._clock()
        position = beat.peers.get(self._me)
        if position is not None:
            peer.link.hear(*position, now)
            self._follow(peer)

    def _hear_batch(self, peer: _Peer, batch: Batch) -> None:
        now = self._clock()
        if peer.link.receive(batch, now):
            peer.heard_at = now
        self._follow(peer)

    def _follow(self, peer: _Peer) -> None:
        """Do what follows from what a link has heard."""
        self._notice_reset(peer)
        link = peer.link
        if link.is_ready:
            self._deliver_later(peer)
        if link.is_waiting:  # there may be room for it now
            self._flush_later(peer.node)
        self._wake_by(link.due_at())

    def _notice_reset(self, peer: _Peer) -> None:
        if peer.link.take_reset():
            log.warning("the link to node %d was reset", peer.node)
            self._tell_reset(peer.node)

    def _tell_reset(self, node: int) -> None:
        for reset in self._resets:
            try:
                reset(node)
            except Exception:
                self._failures += 1
                log.exception("a link was reset, and who was told of it failed")

    # Handing out

    def _deliver_later(self, peer: _Peer) -> None:
        if peer not in self._ready:
            self._ready.append(peer)
        if self._delivery_handle is None and self._is_running:
            loop = asyncio.get_running_loop()
            self._delivery_handle = loop.call_soon(self._delivery_turn)

    def _delivery_turn(self) -> None:
        self._delivery_handle = None
        left = BATCH_RECORDS
        while self._ready and left > 0:
            peer = self._ready.popleft()
            left -= self._deliver(peer, left)
            if peer.link.is_ready and not peer.is_forgotten:
                self._deliver_later(peer)
        if self._ready:
            self._deliver_later(self._ready[0])

    def _deliver(self, peer: _Peer, most: int) -> int:
        """Hand out of one batch."""
        if not peer.link.is_ready or peer.is_forgotten:  # a reset came between
            return 0
        records = peer.link.take(most, self._clock())
        self._notice_reset(peer)
        self._hand_out(peer, records)
        self._wake_by(peer.link.due_at())
        return max(1, len(records))  # a piece of a record is work, too

    def _hand_out(self, peer: _Peer, records: list[Record]) -> None:
        node, receivers = peer.node, self._receivers
        for channel, record in records:
            if peer.is_forgotten:
                return
            try:
                receivers.get(channel, self._drop)(node, record)
            except Exception:
                self._failures += 1
                log.exception("a record of node %d was lost: its receiver failed", node)

    def _drop(self, _node: int, _record: bytes) -> None:
        # A channel that this version of the program does not know.
        self._failures += 1

    def _figures(self, peer: _Peer) -> NodeFigures:
        link = peer.link
        return NodeFigures(
            link.unacknowledged_bytes,
            self._clock() - peer.heard_at,
            link.batches_sent,
            link.batches_received,
            link.resends,
            link.duplicates,
            link.resets,
        )
