"""A raw WebSocket, as the engine sees it: on the engine's delivery, with proofs of arrival.

What a client has *certainly* received is known here: it answers a Ping only after it has read what
was sent before (RFC 6455, section 5.5.3, and the order of TCP). The application numbers what it
publishes by a position that grows; each Ping carries the position of what was written before it,
and its Pong proves that position. One Ping is under way per connection, so a quiet connection
proves every message at once and a busy one proves many with one Pong. A Pong costs about as much
as a message; when there are too many, connections are asked once a second (`Asking.may_ask`).
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Protocol

from quad.realtime.backlog import Shared
from quad.realtime.delivery import Delivery, Item, Kind, Message
from quad.realtime.http.request import Handshake
from quad.realtime.options import EngineOptions
from quad.realtime.raw.asking import Asking
from quad.realtime.raw.connection import RawConnection
from quad.realtime.raw.moved import MovedConnection, Socket
from quad.realtime.sessions.liveness import QUESTION, Liveness, make_liveness
from quad.realtime.sessions.websocket import (
    INTERNAL_ERROR,
    NORMAL_CLOSURE,
    POLICY_VIOLATION,
    SERVICE_RESTART,
    UNSUPPORTED_DATA,
    WebSocket,
)
from quad.realtime.topics import Topics
from quad.realtime.turns import Turns
from quad.wire.engineio import Text


class Keeper(Protocol):
    """Who has the connection. Connections alone call it, on the loop; no method waits."""

    options: EngineOptions
    delivery: Delivery
    topics: Topics
    asking: Asking
    position: int
    """Everything published so far is at or before this."""
    is_suspended: bool
    """Whether nothing is read now: everything is about to move."""

    def receive(self, connection: "LocalConnection", text: str) -> None:
        """An operation; it may have to wait for its turn."""

    def proven(self, connection: "LocalConnection", position: int) -> None:
        """The client has read all that was written up to there."""

    def note_slow_reader(self, connection: "LocalConnection", unread_bytes: int) -> None:
        """The connection is being closed because its client does not read."""

    def forget(self, connection: "LocalConnection", reason: str) -> None:
        """The connection has ended. Once, and last."""


class LocalConnection(Turns, RawConnection):
    """See `RawConnection`; what is beyond that is for the engine.

    A receiver of the WebSocket's messages, and an outbox of the delivery.
    """

    __slots__ = (
        "__weakref__",
        "_asked",
        "_held",
        "_held_bytes",
        "_held_shared",
        "_is_followed",
        "_keeper",
        "_liveness",
        "_proof",
        "_told",
        "_websocket",
        "close_code",
        "direct",
        "handshake",
        "is_open",
        "kind",
        "queue",
        "topics",
    )

    def __init__(self, keeper: Keeper, handshake: Handshake) -> None:
        super().__init__()
        self.handshake = handshake
        self.kind = Kind.RAW
        self.queue: list[Item] = []
        self.direct: Callable[[bytes], object] | None = None
        self.topics: tuple[str, ...] = ()
        self.is_open = True
        self.close_code = 0
        self._keeper = keeper
        self._websocket: WebSocket | None = None
        # What is held back, in order, while what belongs before it is being read.
        self._held: list[Item] | None = None
        self._held_bytes = 0
        # The ids of what many messages share, which counts once; alive as long as it is held.
        self._held_shared: set[int] | None = None
        self._is_followed = False
        self._liveness: Liveness | None = None
        # The position of what was written last, and the one that the Ping under way carries.
        self._told = 0
        self._asked: int | None = None
        self._proof: asyncio.Future[None] | None = None

    # What the application says

    @property
    def address(self) -> str:
        """See `RawConnection`."""
        return self.handshake.address

    @property
    def has_certain_address(self) -> bool:
        """See `RawConnection`."""
        return self.handshake.has_certain_address

    @property
    def headers(self) -> Mapping[str, str]:
        """See `RawConnection`."""
        return self.handshake.headers

    @property
    def queued_bytes(self) -> int:
        """See `RawConnection`."""
        return self._websocket.queued_bytes if self._websocket else 0

    @property
    def told(self) -> int:
        """See `RawConnection`."""
        return self._told

    @property
    def last_heard(self) -> float:
        """See `RawConnection`."""
        return self._websocket.last_heard if self._websocket else 0.0

    async def is_alive(self) -> bool:
        """See `RawConnection`."""
        if not self.is_open:
            return False
        if self._liveness is None:
            self._liveness = make_liveness(self, self.handshake, self._keeper.options)
        return await self._liveness.ask()

    def send(self, message: Message) -> None:
        """See `RawConnection`."""
        if self.is_open:
            self._keeper.delivery.send(self, message)

    def subscribe(self, topic: str) -> None:
        """See `RawConnection`."""
        if self.is_open and topic not in self.topics:
            self.topics = (*self.topics, topic)
            self._keeper.topics.subscribe(topic, self)

    def unsubscribe(self, topic: str) -> None:
        """See `RawConnection`."""
        if topic in self.topics:
            self.topics = tuple(other for other in self.topics if other != topic)
            self._keeper.topics.unsubscribe(topic, self)

    def follow(self, position: int) -> None:
        """See `RawConnection`."""
        self._is_followed = True
        self._told = position

    def hold(self) -> None:
        """See `RawConnection`."""
        self._keeper.delivery.settle(self)
        self.flush()
        self._held = []

    def send_ahead(self, messages: Sequence[Message], position: int) -> None:
        """See `RawConnection`."""
        if not self.is_open:
            return
        items = [item for message in messages for item in message.items(self.kind)]
        size = sum(map(_size, items))
        if size > self._keeper.options.outbox_limit_bytes // 2:
            # One answer may be as large as it has to be: that is not the fault of a slow reader.
            self._open_websocket().allow(size)
        self._write_and_ask(items, position)

    async def send_parts(self, parts: AsyncIterator[bytes]) -> None:
        """See `RawConnection`."""
        is_first = True
        try:
            part = await anext(parts)
            async for following in parts:
                if not self.is_open:
                    return
                self._open_websocket().write_part(part, is_first=is_first, is_last=False)
                is_first, part = False, following
                self.ask()
                await self.proof()
        except BaseException:
            self._abort("half a message")
            raise
        if self.is_open:
            self._open_websocket().write_part(part, is_first=is_first, is_last=True)

    async def proof(self) -> None:
        """See `RawConnection`."""
        while self.is_open and self._asked is not None:
            if self._keeper.is_suspended:
                self.send_away()  # nothing is read now, and no Pong either
                return
            if self._proof is None:
                self._proof = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._proof)

    def release(self) -> None:
        """See `RawConnection`."""
        if self._held is None or not self.is_open:
            return
        self._keeper.delivery.settle(self)
        held, self._held = self._held, None
        self._held_bytes = 0
        self._held_shared = None
        self.queue[:0] = held
        self.flush()

    def close(self, code: int = NORMAL_CLOSURE, reason: str = "") -> None:
        """See `RawConnection`."""
        if self.is_open:
            self._keeper.delivery.settle(self)
            self.flush()
        if self._websocket is not None:  # what was queued may have been too much for the reader
            self._websocket.close(code, reason)

    # What the server says

    def start_on(self, websocket: WebSocket) -> None:
        """The handshake is done."""
        self._websocket = websocket
        websocket.pace = self._keeper.options.pace()
        if websocket.is_compressed:
            self.kind = Kind.PACKETS

    def flush(self) -> None:
        """Write, or hold, what is queued."""
        queue = self.queue
        if not queue:
            return
        if self._held is not None:
            self._hold(self._held, queue)
            return
        position = self._keeper.position
        is_news = self._is_followed and position > self._told
        if is_news and self._asked is None and self._keeper.asking.may_ask(self):
            self._write_and_ask(queue, position)
        else:
            if is_news:
                self._told = position
            self._write(queue)
        queue.clear()

    def ask(self) -> None:
        """Ask for a Pong now, unless one is due."""
        if self._asked is None and self._websocket is not None:
            self._asked = self._told
            self._keeper.asking.sent_ping(self)
            self._websocket.ping(self._told.to_bytes(8, "big"))

    def send_question(self) -> None:
        """Have the client answer a Ping that proves nothing but its life."""
        if self._websocket is not None:
            self._websocket.ping(QUESTION)

    def fail_silent(self) -> None:
        """A Ping was not answered in time."""
        if not self.is_open:
            return
        if self._open_websocket().is_held_back:
            self._keeper.asking.sent_ping(self)  # its Pong is behind what we have not read
        else:
            self._open_websocket().close(INTERNAL_ERROR, "ping timeout")

    # Moving to another process

    @property
    def awaits_proof(self) -> bool:
        """Whether somebody waits for a Pong."""
        return self._proof is not None

    def suspend(self) -> None:
        """Hear nothing until `resume`."""
        self._open_websocket().suspend()

    def resume(self) -> None:
        """Hear on, what has come meanwhile first."""
        self._open_websocket().resume()

    def send_away(self) -> None:
        """Close as at the end of a server: the client comes back."""
        self.close(SERVICE_RESTART, "server shutting down")

    def give_up(self) -> tuple[Socket, MovedConnection] | None:
        """Another process goes on with it; `forget` is not called. None: it cannot move.

        No operation may be at work, and nothing is sent any more.
        """
        if self._held is not None or self._proof is not None:
            return None
        self._keeper.delivery.settle(self)
        self.flush()
        websocket = self._open_websocket()
        unread = websocket.detach()
        if unread is None:
            return None
        self._websocket = None
        if self._liveness is not None:
            self._liveness.settle(is_alive=True)
        moved = MovedConnection(self.handshake, unread, self._is_followed, self._told, self._asked)
        return Socket(websocket.transport, is_full=websocket.is_paused), moved

    def go_on(self, websocket: WebSocket, socket: Socket, moved: MovedConnection) -> None:
        """Go on, suspended, as a connection that another process has given up."""
        self.start_on(websocket)
        websocket.go_on(moved.unread + socket.unread, is_full=socket.is_full)
        self._is_followed, self._told, self._asked = moved.is_followed, moved.told, moved.asked
        self._keeper.asking.begin(self)
        if self._asked is not None:
            self._keeper.asking.sent_ping(self)

    # What the WebSocket says

    def text_received(self, text: str) -> None:
        """One operation."""
        self._keeper.receive(self, text)

    def binary_received(self, _data: bytes) -> None:
        """Nothing here is binary."""
        self._open_websocket().close(UNSUPPORTED_DATA, "text frames only")

    def pong_received(self, data: bytes) -> None:
        """The client has read all that was written before the Ping."""
        if self._liveness is not None:
            self._liveness.settle(is_alive=True)
        asked = self._asked
        if asked is None or data != asked.to_bytes(8, "big"):
            return  # a Pong that nobody asked for proves nothing
        self._asked = None
        self._keeper.asking.heard_pong(self)
        if self._is_followed:
            self._keeper.proven(self, asked)
            if self._told > asked and self._keeper.asking.may_ask(self):
                self.ask()
            self._wake()

    def connection_ended(self, reason: str) -> None:
        """Nothing follows."""
        if self._websocket is not None:
            self.close_code = self._websocket.close_code
        self._websocket = None
        self._keeper.delivery.settle(self)
        if self.queue or self._held:
            self._told = self._keeper.position
        self.queue.clear()
        if self._liveness is not None:
            self._liveness.settle(is_alive=False)
        self._keeper.forget(self, reason)
        self._wake()

    def write_path_changed(self, direct: Callable[[bytes], object] | None) -> None:
        """Everything goes through `flush`, which keeps the account of what was told."""

    def slow_reader_closed(self) -> None:
        """The client does not read."""
        self._keeper.note_slow_reader(self, self.queued_bytes)

    def slow_down(self) -> None:
        """Read no more for as long as too much waits for its turn."""
        if self._websocket is not None:
            self._websocket.slow_down()

    def too_many_waiting(self) -> None:
        """More operations wait for their turn than memory should be spent on."""
        self._open_websocket().close(POLICY_VIOLATION, "too many operations are waiting")

    # How it is written

    def _hold(self, held: list[Item], queue: list[Item]) -> None:
        held += queue
        for item in queue:
            if type(item) is Shared:
                shared = self._held_shared = self._held_shared or set()
                if id(item) in shared:
                    continue
                shared.add(id(item))
            self._held_bytes += _size(item)
        queue.clear()
        if self._held_bytes > self._keeper.options.outbox_limit_bytes:
            self._keeper.note_slow_reader(self, self._held_bytes)
            # Not at once: whoever flushes us is in the middle of its list.
            asyncio.get_running_loop().call_soon(self._abort, "slow reader")

    def _abort(self, reason: str) -> None:
        if self._websocket is not None:
            self._websocket.abort(reason)

    def _write(self, items: Sequence[Item]) -> None:
        websocket = self._websocket
        if websocket is None:
            return
        if self.kind is Kind.PACKETS:
            websocket.write_messages([item.data for item in items if isinstance(item, Text)])
        else:
            websocket.write(items)  # type: ignore[arg-type]  # only PACKETS queues packets

    def _write_and_ask(self, items: list[Item], position: int) -> None:
        self._told = position
        if self._asked is None and self.kind is Kind.RAW:
            # The usual case: messages and Ping in one write.
            self._asked = position
            self._keeper.asking.sent_ping(self)
            items.append(self._keeper.asking.frame(position))
            self._write(items)
        else:
            self._write(items)
            self.ask()

    def _wake(self) -> None:
        proof, self._proof = self._proof, None
        if proof is not None:
            proof.set_result(None)

    def _open_websocket(self) -> WebSocket:
        assert self._websocket is not None  # it is there as long as the connection is open
        return self._websocket


def _size(item: Item) -> int:
    if isinstance(item, bytes):
        return len(item)
    return len(item.data) if isinstance(item, Text) else 0
