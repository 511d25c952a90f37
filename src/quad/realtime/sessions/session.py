"""An Engine.IO session: one client, over long-polling or a WebSocket, or on the way between them.

    POLLING ──websocket with the sid──▶ PROBING ──2probe──▶ PROBED ──5──▶ WEBSOCKET
       ▲                                  │                    │              ▲
       └───────── timeout, websocket gone ┴────────────────────┘       direct handshake

From each of them to CLOSED; from POLLING also to CLOSING, where the last packets wait for the
client to fetch them.
"""

import enum
from collections.abc import Callable
from time import monotonic
from typing import Final, Protocol, assert_never

from quad.realtime.deadlines import Deadlines
from quad.realtime.delivery import Delivery, Item, Kind, Message
from quad.realtime.http.poll import Answer, Polling, PollRefused, size_of
from quad.realtime.http.request import Handshake
from quad.realtime.options import EngineOptions
from quad.realtime.sessions.lines import Lines
from quad.realtime.sessions.listener import NOBODY, Listener
from quad.realtime.sessions.liveness import QUESTION, Liveness, make_liveness
from quad.realtime.sessions.probe import Probe
from quad.realtime.sessions.quirks import NONE, Quirks
from quad.realtime.sessions.unread import CROWDED_S, LOOK_S, UNREAD_BYTES, Unread
from quad.realtime.sessions.websocket import (
    NORMAL_CLOSURE,
    PROTOCOL_ERROR,
    SERVICE_RESTART,
    WebSocket,
)
from quad.wire.engineio import (
    AnyPacket,
    Binary,
    Close,
    Noop,
    Open,
    Ping,
    Pong,
    Text,
    Upgrade,
    Version,
    decode_binary_message,
    decode_text_packet,
    encode_base64_message,
    encode_binary_message,
    encode_text_packet,
)
from quad.wire.errors import WireError
from quad.wire.websocket import BINARY, TEXT, encode_frame


class State(enum.Enum):
    """Where a session is in its life."""

    POLLING = "polling"
    PROBING = "probing"
    PROBED = "probed"
    WEBSOCKET = "websocket"
    CLOSING = "closing"
    CLOSED = "closed"


_MOVES = {
    State.POLLING: {State.PROBING, State.CLOSING, State.CLOSED},
    State.PROBING: {State.PROBED, State.POLLING, State.CLOSING, State.CLOSED},
    State.PROBED: {State.WEBSOCKET, State.POLLING, State.CLOSING, State.CLOSED},
    State.WEBSOCKET: {State.CLOSED},
    State.CLOSING: {State.CLOSED},
    State.CLOSED: set[State](),
}


# An attribute of an Enum's class is looked up the long way: measured, thrice as long as a global.
_V4: Final = Version.V4

_PING = (Ping(),)
_PING_FRAME = (encode_frame(TEXT, encode_text_packet(Ping()).encode()),)


class Keeper(Protocol):
    """Who has the session: its clocks, and the account of connections. See `Engine`.

    Sessions alone call it, on the loop; no method waits or raises.
    """

    options: EngineOptions
    delivery: Delivery
    adrift: Lines["Session"]
    """Those on long-polling whose client has no poll open: the first to go if others need room."""
    silences: Deadlines["Session"]
    """V3: begun anew with whatever the client says."""
    upgrades: Deadlines["Session"]
    """Within these a WebSocket has to take over that has begun to."""
    closings: Deadlines["Session"]
    """Within these a client has to fetch its last packets."""

    def let_wait(self, session: "Session") -> None:
        """A new session is no connection yet; others may be ended for it."""

    def let_in(self, session: "Session") -> bool:
        """It is a connection from now on; False: it has been ended, there are too many."""

    def heard_pong(self, session: "Session") -> None:
        """A V4 client lives."""

    def count(self, session: "Session", change: int) -> None:
        """Count the session in or out, by its present transport."""

    def note_slow_reader(self, session: "Session") -> None:
        """The session is being closed because its client does not read."""

    def forget(self, session: "Session") -> None:
        """The session has ended: no clock of it runs on. Twice is once."""


class Session:
    """One Engine.IO session: a receiver of WebSocket messages and an outbox of the delivery."""

    __slots__ = (
        "__weakref__",
        "_heard_at",
        "_keeper",
        "_listener",
        "_liveness",
        "_polling",
        "_probe",
        "_state",
        "_websocket",
        "direct",
        "handshake",
        "kind",
        "pace",
        "queue",
        "quirks",
        "sid",
        "version",
        "wants_base64",
    )

    def __init__(
        self,
        keeper: Keeper,
        sid: str,
        version: Version,
        handshake: Handshake,
        *,
        wants_base64: bool = False,
        quirks: Quirks = NONE,
    ) -> None:
        self.sid = sid
        self.version = version
        self.handshake = handshake
        self.wants_base64 = wants_base64
        self.quirks = quirks
        self.pace = keeper.options.pace()
        self.kind = Kind.PACKETS
        self.queue: list[Item] = []
        self.direct: Callable[[bytes], object] | None = None
        self._keeper = keeper
        self._listener = NOBODY
        self._liveness: Liveness | None = None
        self._heard_at = monotonic()
        self._state = State.POLLING
        self._polling: Polling | None = Polling(quirks.packets_per_poll)
        self._probe: Probe | None = None
        self._websocket: WebSocket | None = None

    # What the application says

    @property
    def is_open(self) -> bool:
        """Whether what is sent now can still arrive."""
        return self._state is not State.CLOSED and self._state is not State.CLOSING

    @property
    def state(self) -> State:
        """Where the session is in its life."""
        return self._state

    @property
    def is_probing(self) -> bool:
        """Whether a WebSocket is there that has not been probed."""
        return self._state is State.PROBING

    @property
    def is_probed(self) -> bool:
        """Whether the client may move to the WebSocket."""
        return self._state is State.PROBED

    @property
    def transport(self) -> str:
        """`polling` or `websocket`: what the next message goes over."""
        return "polling" if self._websocket is None else "websocket"

    @property
    def is_held_back(self) -> bool:
        """Whether something has arrived that is not read yet: a sign of life may be behind that."""
        if self._websocket is not None:
            return self._websocket.is_held_back
        return self._polling is not None and self._polling.is_delivering

    @property
    def queued_bytes(self) -> int:
        """What the client has not fetched or read, as far as this process knows."""
        if self._websocket is not None:
            return self._websocket.queued_bytes
        return self._polling.held_bytes if self._polling else 0

    @property
    def last_heard(self) -> float:
        """When the client last gave a sign of life, by `time.monotonic`."""
        websocket = self._websocket
        return self._heard_at if websocket is None else websocket.last_heard

    async def is_alive(self) -> bool:
        """Ask the client for a sign of life. False: none came in time; the session stays open.

        The session's options say how long that takes at most. Any number of callers may ask at
        once: the client is asked one question at a time, and an answer holds for a while.
        """
        if not self.is_open:
            return False
        if self._liveness is None:
            self._liveness = make_liveness(self, self.handshake, self._keeper.options)
        return await self._liveness.ask()

    def send(self, message: Message) -> None:
        """Queue a message."""
        self._keeper.delivery.send(self, message)

    def send_text(self, text: bytes) -> None:
        """Queue a text message for this client alone; UTF-8."""
        self._keeper.delivery.send_text(self, text)

    def send_packet(self, packet: AnyPacket) -> None:
        """Queue a packet, behind the messages that are queued already."""
        self._keeper.delivery.send_items(self, (self._as_item(packet),))

    def ping(self) -> None:
        """Ask a V4 client for a Pong."""
        items = _PING_FRAME if self.kind is Kind.FRAMES_V4 else _PING
        self._keeper.delivery.send_items(self, items)

    def close(self, reason: str, code: int = NORMAL_CLOSURE) -> None:
        """End the session after everything queued so far has been delivered."""
        if not self.is_open:
            return
        self._keeper.delivery.settle(self)
        self.flush()
        if self._websocket is not None:
            self._websocket.close(code, reason)
            return
        polling = self._polling
        if polling is None:
            return  # what was queued is more than a client may leave unread
        self._end_probe()
        polling.hold(Close())
        self._move(State.CLOSING)
        if polling.answer() and polling.is_empty:
            self._end(reason)
        else:
            self._keeper.closings.start(self)
            self._tell_closed(reason)

    def send_away(self, reason: str) -> None:
        """The server stops: end the session as `close` does, so that the client comes again."""
        self._keeper.delivery.settle(self)
        self.flush()
        polling = self._polling
        if self._websocket is not None and self.quirks.is_deaf_to_close:
            self._websocket.hang_up(reason)
            return
        if polling is None or not self.is_open:
            self.close(reason, SERVICE_RESTART)
            return
        self._end_probe()
        if polling.is_empty:
            # Not a Close packet: after that one, clients of Python stay away for good.
            polling.refuse()
            self._end(reason)
        else:
            self._move(State.CLOSING)
            self._keeper.closings.start(self)
            self._tell_closed(reason)

    def fail(self, reason: str) -> None:
        """End the session now: the peer broke the protocol, or is gone."""
        if self._state is State.CLOSED:
            return
        self._end_probe()
        if self._websocket is not None:
            self._websocket.close(PROTOCOL_ERROR, reason)
        if self._polling is not None:
            self._polling.end(Close())
        self._end(reason)

    # What the engine says

    def start_on(self, websocket: WebSocket) -> None:
        """The handshake came by WebSocket."""
        self._use(websocket)
        self._state = State.WEBSOCKET

    @property
    def listener(self) -> Listener:
        """Whom messages go to."""
        return self._listener

    def listen(self, listener: Listener) -> None:
        """From now on messages go to this listener."""
        self._listener = listener

    def wait_to_enter(self) -> None:
        """The client has its session, and has not said yet what it wants."""
        self._keeper.let_wait(self)

    def enter(self) -> bool:
        """The client counts as a connection from now on; False: too many are, it has ended."""
        return self._keeper.let_in(self)

    @property
    def is_crowded(self) -> bool:
        """Whether so much waits to be handled that no more should be read."""
        return self._listener.is_crowded

    def slow_down(self) -> None:
        """Read no more, for as long as the session is crowded."""
        if self._websocket is not None:
            self._websocket.slow_down()
        elif self._polling is not None:
            self._polling.is_slowed = True

    def send_question(self) -> None:
        """Make the client say something: over a WebSocket a Pong, on long-polling a new poll."""
        if self._websocket is not None:
            self._websocket.ping(QUESTION)
        if self._polling is not None:
            self._polling.release()
        if self._probe is not None:
            self._probe.send_question()

    def hear(self) -> None:
        """The client has said something by long-polling or by the WebSocket it moves to."""
        self._heard_at = monotonic()
        if self._liveness is not None:
            self._liveness.settle(is_alive=True)

    def flush(self) -> None:
        """Write, or hold, what is queued."""
        queue = self.queue
        if not queue:
            return
        websocket = self._websocket
        if websocket is None:
            self._hold(queue)
        elif self.kind is Kind.PACKETS:
            websocket.write_messages([self._as_message(item) for item in queue])
        else:
            websocket.write(queue)  # type: ignore[arg-type]  # only PACKETS queues packets
        queue.clear()

    # Long-polling

    def begin_poll(self) -> Answer:
        """A GET has arrived: the packets of its answer.

        Raises:
            PollRefused: another one waits already.
        """
        polling = self._polling
        assert polling is not None  # the engine lets nobody poll a WebSocket
        self.hear()
        if polling.is_waiting:
            self.fail("two polls at once")
            raise PollRefused
        answer = polling.wait()
        self._keeper.adrift.discard(self)
        if self._state is State.PROBED:
            polling.release()  # about to move; what is queued goes over the WebSocket
        elif polling.answer() and self._state is State.CLOSING and polling.is_empty:
            self._end("server close")
        return answer

    def end_poll(self) -> None:
        """The GET has its answer, or is gone."""
        polling = self._polling
        if polling is not None and self._state is State.POLLING and not polling.is_waiting:
            self._keeper.adrift.add(self)

    def abandon_poll(self, poll: Answer) -> None:
        """The GET went away before its answer was written: the next one gets the packets."""
        polling = self._polling
        if not poll.done():
            poll.cancel()
        elif polling is not None and self.is_open and not poll.cancelled():
            polling.give_back(poll.result())
            if self._state is not State.PROBED:
                polling.answer()  # the next one may wait already

    def begin_post(self) -> None:
        """A POST has arrived.

        Raises:
            PollRefused: another one is under way.
        """
        polling = self._polling
        assert polling is not None  # the engine lets nobody post to a WebSocket
        self.hear()
        if polling.is_posting:
            self.fail("two posts at once")
            raise PollRefused
        polling.is_posting = True

    def receive_post(self, packet: AnyPacket) -> float:
        """One packet of the POST; returns how many seconds the next one has to wait."""
        if self._polling is not None:
            self._polling.is_delivering = True
        self.hear()
        self._receive(packet)
        wait_s = 0.0 if self.pace is None else self.pace.spend()
        polling = self._polling
        if polling is not None and (polling.is_slowed or polling.held_bytes > UNREAD_BYTES):
            return max(wait_s, self._slow_s(polling, packet))
        return wait_s

    def _slow_s(self, polling: Polling, packet: AnyPacket) -> float:
        """How long the next packet waits because the client does not poll, or is not heard."""
        polling.is_slowed = self.is_crowded
        wait_s = CROWDED_S if polling.is_slowed else 0.0
        if polling.held_bytes <= UNREAD_BYTES:
            return wait_s
        if polling.unread is None:
            polling.unread = Unread(polling.held_bytes)
        if polling.unread.is_hopeless(polling.held_bytes):
            self.slow_reader_closed()
            self.fail("slow reader")
        return max(wait_s, min(LOOK_S, polling.unread.spend(1.0, size_of(packet))))

    def end_post(self) -> None:
        """The POST has been read."""
        if self._polling is not None:
            self._polling.is_posting = self._polling.is_delivering = False

    def _hold(self, queue: list[Item]) -> None:
        polling = self._polling
        if polling is None or self._state is State.CLOSING:
            return
        for item in queue:
            assert not isinstance(item, bytes)  # long-polling is of the kind PACKETS
            polling.hold(item)
        if self._state is not State.PROBED:
            polling.answer()
        if polling.held_bytes > self._keeper.options.outbox_limit_bytes:
            self.slow_reader_closed()
            self.fail("slow reader")

    # The upgrade

    def begin_probe(self, probe: Probe) -> bool:
        """A WebSocket with this sid has been opened; False if it comes too late or too often."""
        if self._state is not State.POLLING:
            return False
        self._move(State.PROBING)
        self._keeper.adrift.discard(self)
        self._probe = probe
        self._keeper.upgrades.start(self)
        return True

    def probed(self) -> None:
        """The probe has been answered: a GET that waits ends, so that the client can move."""
        self._move(State.PROBED)
        if self._polling is not None:
            self._polling.release()

    def upgraded(self, websocket: WebSocket) -> None:
        """The client has moved: everything goes over the WebSocket, first what was held."""
        self._keeper.upgrades.stop(self)
        self._keeper.delivery.settle(self)
        polling, self._polling = self._polling, None
        assert polling is not None
        self._probe = None
        queued = [*polling.take_all(), *self.queue]
        self.queue.clear()
        self._keeper.count(self, -1)
        self._listener.leave_topics()
        self._use(websocket)
        self._listener.return_to_topics()
        self._keeper.count(self, +1)
        self._move(State.WEBSOCKET)
        for packet in queued:
            assert not isinstance(packet, bytes)
            self.send_packet(packet)

    def probe_lost(self) -> None:
        """The upgrade did not come about: long-polling goes on."""
        self._end_probe()
        if self._state in (State.PROBING, State.PROBED):
            self._move(State.POLLING)
            if self._polling is not None and not self._polling.answer():
                self.end_poll()

    def _end_probe(self) -> None:
        probe, self._probe = self._probe, None
        self._keeper.upgrades.stop(self)
        if probe is not None:
            probe.end()

    # The WebSocket

    def text_received(self, text: str) -> None:
        """A text frame is a packet; nearly all of them are messages."""
        if text[:1] == "4" and self.version is _V4:
            self._listener.text_received(text[1:])
            return
        if text == "3" and self.version is Version.V4:
            self._keeper.heard_pong(self)
            return
        try:
            packet = decode_text_packet(text, self.version)
        except WireError as error:
            self.fail(f"parse error: {error}")
        else:
            self._receive(packet)

    def binary_received(self, data: bytes) -> None:
        """A binary frame is a binary message."""
        try:
            packet = decode_binary_message(data, self.version)
        except WireError as error:
            self.fail(f"parse error: {error}")
        else:
            self._receive(packet)

    def pong_received(self, _data: bytes) -> None:
        """Engine.IO has heartbeats of its own: this answers the question for life."""
        if self._liveness is not None:
            self._liveness.settle(is_alive=True)

    def connection_ended(self, reason: str) -> None:
        """The WebSocket has ended, and the session with it."""
        self._end(reason)

    def write_path_changed(self, direct: Callable[[bytes], object] | None) -> None:
        """Frames may be written past the queue, or no longer."""
        self.direct = None if self.kind is Kind.PACKETS else direct

    def slow_reader_closed(self) -> None:
        """The client does not read."""
        self._keeper.note_slow_reader(self)

    # Packets

    def _receive(self, packet: AnyPacket) -> None:
        if self.version is Version.V3:
            self._keeper.silences.start(self)  # whatever a V3 client sends shows that it lives
        match packet:
            case Text(data):
                self._listener.text_received(data)
            case Binary(data=content):
                self._listener.binary_received(content)
            case Ping(data):
                self._receive_ping(data)
            case Pong():
                self._receive_pong()
            case Close():
                self._receive_close()
            case Noop():
                pass
            case Open() | Upgrade():
                self.fail("parse error: a packet out of place")
            case unknown:
                assert_never(unknown)

    def _receive_ping(self, data: str) -> None:
        if self.version is Version.V4:
            self.fail("parse error: a client of this version does not ping")
        else:
            self.send_packet(Pong(data))

    def _receive_pong(self) -> None:
        if self.version is Version.V3:
            self.fail("parse error: a client of this version does not pong")
        else:
            self._keeper.heard_pong(self)

    def _receive_close(self) -> None:
        self._keeper.delivery.settle(self)
        self.flush()
        polling, websocket = self._polling, self._websocket
        if polling is not None:
            self._end_probe()
            polling.end(Noop())
        self._end("client close")
        if websocket is not None:
            websocket.close(NORMAL_CLOSURE)

    # Forms

    def _use(self, websocket: WebSocket) -> None:
        self._polling = None
        self._websocket = websocket
        self._heard_at = 0.0  # the WebSocket knows
        websocket.receiver = self
        websocket.pace = self.pace
        if websocket.is_compressed:
            self.kind = Kind.PACKETS
        elif self.version is Version.V4:
            self.kind = Kind.FRAMES_V4
        else:
            self.kind = Kind.FRAMES_V3_BASE64 if self.wants_base64 else Kind.FRAMES_V3
        self.write_path_changed(websocket.direct)

    def _as_item(self, packet: AnyPacket) -> Item:
        if self.kind is Kind.PACKETS:
            return packet
        message = self._as_message(packet)
        if isinstance(message, str):
            return encode_frame(TEXT, message.encode())
        return encode_frame(BINARY, message)

    def _as_message(self, item: Item) -> str | bytes:
        assert not isinstance(item, bytes)
        if not isinstance(item, Binary):
            return encode_text_packet(item)
        if self.wants_base64 and self.version is Version.V3:
            return encode_base64_message(item.data, Version.V3)
        return encode_binary_message(item.data, self.version)

    # The end

    def _move(self, state: State) -> None:
        if state not in _MOVES[self._state]:
            raise AssertionError(f"a session cannot go from {self._state} to {state}")
        self._state = state

    def _end(self, reason: str) -> None:
        if self._state is State.CLOSED:
            return
        self._keeper.forget(self)
        self.direct = None
        self._move(State.CLOSED)
        self._websocket = None
        self._polling = None
        self._tell_closed(reason)

    def _tell_closed(self, reason: str) -> None:
        if self._liveness is not None:
            self._liveness.settle(is_alive=False)
        listener, self._listener = self._listener, NOBODY
        listener.session_closed(reason)
