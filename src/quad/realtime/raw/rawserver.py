"""A server for raw WebSockets: handlers by the `type` of a JSON object, topics, one clock."""

import asyncio
import inspect
import logging
import secrets
import time
from collections.abc import Callable, Collection, Coroutine
from functools import partial
from typing import Any, Protocol, TypeVar, Union

import msgspec

from quad.realtime.counters import Counters, EventCounter
from quad.realtime.deadlines import Deadlines
from quad.realtime.delivery import Delivery, Message
from quad.realtime.drive import Finished
from quad.realtime.ending import Work, close_spread
from quad.realtime.errors import BadPayload, HandshakeRefused, Internal, Refused, UnknownEvent
from quad.realtime.http.door import Door
from quad.realtime.http.opening import Opening
from quad.realtime.http.request import Request
from quad.realtime.options import EngineOptions
from quad.realtime.payload import Payload
from quad.realtime.raw.raw import RawConnection
from quad.realtime.sessions.pace import RateLimit
from quad.realtime.sessions.websocket import SERVICE_RESTART
from quad.realtime.topics import Topics
from quad.realtime.turns import TooManyWaiting
from quad.wire.surrogates import replace_lone_surrogates
from quad.wire.websocket import PING, encode_frame

log = logging.getLogger("quad.raw")

P = TypeVar("P", bound=Payload)

# A Ping and its Pong cost about 10 µs: so many a second are 2 % of a core.
_PINGS_PER_S = 2_000.0
_PINGS_BURST = 4_000.0
# Beyond that, a connection is asked so long after the first message that is not proven.
_LATER_S = 1.0


class RawApplication(Protocol):
    """What a raw server carries messages for, which alone calls it.

    On the loop. No method may wait or raise; each may send and close.
    """

    def opened(self, connection: RawConnection) -> None:
        """Somebody has connected; nothing has arrived. Once for each connection, and first."""

    def closed(self, connection: RawConnection, reason: str) -> None:
        """The connection has ended and its last handler has finished. Once, and last."""

    def proven(self, connection: RawConnection, position: int) -> None:
        """A connection that is followed has read all that was written to it up to `position`.

        Handlers of the connection may be at work meanwhile.
        """

    def explain(
        self,
        connection: RawConnection,
        operation: str | None,
        refused: Refused,
        said: Payload | str,
    ) -> Message:
        """What a client is told of an operation that was declined; None: nobody knows which.

        `said` is its payload, or the text that could not be read as one. Called before the
        operation gives its turn back.
        """

    def refusal(self, error: BaseException) -> Refused | None:
        """The refusal that an error of a handler means; None: it is a bug."""


class _Handler(msgspec.Struct):
    """What handles one type of payload."""

    operation: str
    call: Callable[[RawConnection, Any], Any]
    is_overlapping: bool
    is_deferred: bool
    counter: EventCounter


class RawServer:
    """An `Endpoint`: connections, handlers by payload, topics."""

    def __init__(
        self,
        name: str,
        application: RawApplication,
        options: EngineOptions | None = None,
        *,
        counters: Counters | None = None,
        door: Door | None = None,
    ) -> None:
        """`name` begins the names of the counters. `door` and `counters` may be an engine's."""
        self.application = application
        self.options = options or EngineOptions()
        self.counters = counters or Counters()
        self.delivery = Delivery()
        self.topics = Topics(self.delivery)
        self.position = 0
        """Everything published so far is at or before this; to be set before publishing."""
        self.connections: set[RawConnection] = set()
        self._name = name
        self._door = door or Door(self.options, self.counters)
        self._handlers: dict[type, _Handler] = {}
        self._decoder: msgspec.json.Decoder[Any] | None = None
        self._ping: tuple[int, bytes] = (0, encode_frame(PING, bytes(8)))
        self._is_draining = False
        self._work = Work(log)
        interval_s = self.options.ping_interval_ms / 1000
        timeout_s = self.options.ping_timeout_ms / 1000
        self._pings = Deadlines(interval_s, RawConnection.ask, self.options.ping_early_s)
        self._pongs = Deadlines(timeout_s, RawConnection.fail_silent)
        self._later: Deadlines[RawConnection] = Deadlines(_LATER_S, RawConnection.ask)
        self._asking = RateLimit(_PINGS_PER_S, _PINGS_BURST)

    # What applications say

    def on(
        self,
        payload: type[P],
        handler: Callable[..., Any],
        *,
        overlap: bool = False,
        deferred: bool = False,
    ) -> None:
        """Call the handler, plain or asynchronous, with every operation of this type.

        The class says so by `tag_field="type", tag="..."`. Operations of one connection are
        handled in order, one at a time. With `overlap` the next one may start while this one
        waits. A handler whose end is a future returns that: it costs less than a task. One that is
        `deferred` gets `finished(value, error)` behind the payload, and has it called once when it
        has come to its end, unless it returns a future or a coroutine.
        """
        config = payload.__struct_config__
        assert config.tag_field == "type"
        assert isinstance(config.tag, str)
        counter = self.counters.event(f"{self._name}/{config.tag}")
        self._handlers[payload] = _Handler(config.tag, handler, overlap, deferred, counter)
        self._decoder = msgspec.json.Decoder(Union[tuple(self._handlers)])  # noqa: UP007 - a tuple

    @property
    def payloads(self) -> tuple[type, ...]:
        """The types of all operations that are handled."""
        return tuple(self._handlers)

    def publish(self, topic: str, message: Message) -> int:
        """Queue a message for every subscriber of a topic; returns how many there are.

        Never waits. Every subscriber gets messages in the order of the calls.
        """
        subscribers = self.topics.get(topic)
        return self.delivery.publish(subscribers, message) if subscribers else 0

    def publish_except(
        self, topic: str, message: Message, skipped: Collection[RawConnection]
    ) -> None:
        """Queue a message for every subscriber of a topic but some, as `publish` does."""
        subscribers = self.topics.get(topic)
        if subscribers:
            self.delivery.publish_except(subscribers, message, skipped)

    async def aclose(self, grace_s: float = 2.0) -> None:
        """Wait for the handlers that are at work; those that take too long are cancelled."""
        await self._work.finish(grace_s)

    # What the host says

    def __len__(self) -> int:
        return len(self.connections)

    def open(self, request: Request, transport: asyncio.Transport) -> None:
        """Take a connection; see `Endpoint`."""
        if not request.is_allowed:
            raise HandshakeRefused(4, "Forbidden", 403)
        if self._is_draining:
            raise HandshakeRefused(4, "Shutting down", 503)
        opening = Opening(
            request,
            transport,
            max_message_bytes=self.options.max_payload_bytes,
            outbox_limit_bytes=self.options.outbox_limit_bytes,
            compression=self.options.compression,
        )
        self._door.check(request.address)
        self._door.enter(request.address)
        connection = RawConnection(self, request.handshake())
        self.connections.add(connection)
        self.counters.connections["websocket", "raw"] += 1
        connection.start_on(opening.connect(connection))
        self._pings.start(connection)
        self.application.opened(connection)

    async def drain(self, spread_s: float) -> None:
        """Close every connection, in random order over `spread_s`, so that not all return at once.

        What was queued is written first. The code says that the service restarts.
        """
        self._is_draining = True
        await close_spread(self.connections, _send_away, spread_s)
        self.delivery.flush()

    def stop_clocks(self) -> None:
        """No timer of this server outlives it."""
        self._pings.clear()
        self._pongs.clear()
        self._later.clear()

    # What connections say

    def receive(self, connection: RawConnection, text: str) -> None:
        """Handle an operation when it is its turn."""
        try:
            payload = self._decode(text)
        except (msgspec.MsgspecError, RecursionError) as error:
            # Not the error itself: it would hold this frame, which holds what waits here, and all
            # that was read until then would stay until somebody looks for garbage.
            operation = _operation(text)
            refused = _refusal(operation, self._known(operation), error)
            refuse = partial(self._refuse_text, connection, text, operation, refused)
            if connection.begin(overlaps=False):
                refuse()
            else:
                self._wait_for_turn(connection, refuse, len(text), overlaps=False)
            return
        handler = self._handlers[type(payload)]
        if connection.begin(overlaps=handler.is_overlapping):
            self._handle(connection, handler, payload)
        else:
            start = partial(self._handle, connection, handler, payload)
            overlaps = handler.is_overlapping
            self._wait_for_turn(connection, start, len(text), overlaps=overlaps)

    def _decode(self, text: str) -> Any:
        assert self._decoder is not None  # a server without handlers is not served
        try:
            return self._decoder.decode(text)
        except msgspec.DecodeError:
            if "\\u" not in text:
                raise
            return self._decoder.decode(replace_lone_surrogates(text))

    def forget(self, connection: RawConnection, reason: str) -> None:
        """A connection has ended."""
        self.connections.discard(connection)
        self.counters.connections["websocket", "raw"] -= 1
        self._door.leave(connection.address)
        self._pings.stop(connection)
        self._pongs.stop(connection)
        self._later.stop(connection)
        for topic in connection.topics:
            connection.unsubscribe(topic)
        connection.is_open = False
        connection.part(partial(self._say_farewell, connection, reason))

    def may_ask(self, connection: RawConnection) -> bool:
        """Whether a connection may be asked now for what is not proven; otherwise it will be."""
        if not self._asking.take():
            return True
        if connection not in self._later:
            self._later.start(connection)
        return False

    def sent_ping(self, connection: RawConnection) -> None:
        """An answer is due."""
        self._later.stop(connection)
        self._pings.stop(connection)
        self._pongs.start(connection)

    def heard_pong(self, connection: RawConnection) -> None:
        """The client lives; it is asked again after an interval without a message."""
        self._pongs.stop(connection)
        self._pings.start(connection)

    def ping_frame(self, position: int) -> bytes:
        """The Ping that asks for the proof of a position; many connections share it."""
        if self._ping[0] != position:
            self._ping = (position, encode_frame(PING, position.to_bytes(8, "big")))
        return self._ping[1]

    def note_slow_reader(self, connection: RawConnection, unread_bytes: int) -> None:
        """A connection is being closed because its client does not read."""
        self.counters.slow_readers_closed += 1
        log.warning("closing %r: slow reader, %d bytes unread", connection, unread_bytes)

    # Handlers

    def _wait_for_turn(
        self,
        connection: RawConnection,
        start: Callable[[], object],
        size_bytes: int,
        *,
        overlaps: bool,
    ) -> None:
        try:
            connection.wait(start, overlaps=overlaps, size_bytes=size_bytes)
        except TooManyWaiting:
            connection.too_many_waiting()
        else:
            connection.has_to_wait()

    def _handle(self, connection: RawConnection, handler: _Handler, payload: Any) -> None:
        started = time.perf_counter()
        finished: tuple[Finished, ...] = ()
        if handler.is_deferred:
            finished = (partial(self._finish, connection, handler, payload, started),)
        try:
            result = handler.call(connection, payload, *finished)
        except Exception as error:  # noqa: BLE001 - a bug costs its operation, not the server
            self._fail(connection, handler, payload, error)
            connection.end()
            return
        if isinstance(result, asyncio.Future):
            result.add_done_callback(partial(self._settle, connection, handler, payload, started))
        elif inspect.iscoroutine(result):
            self._work.own(self._wait(connection, handler, payload, started, result))
        elif not handler.is_deferred:
            _succeed(handler, started)
            connection.end()

    def _settle(
        self,
        connection: RawConnection,
        handler: _Handler,
        payload: Any,
        started: float,
        result: asyncio.Future[Any],
    ) -> None:
        error = asyncio.CancelledError() if result.cancelled() else result.exception()
        self._finish(connection, handler, payload, started, None, error)

    def _finish(
        self,
        connection: RawConnection,
        handler: _Handler,
        payload: Any,
        started: float,
        _: object,
        error: BaseException | None,
    ) -> None:
        if error is None:
            _succeed(handler, started)
        else:
            self._fail(connection, handler, payload, error)
        connection.end()

    async def _wait(
        self,
        connection: RawConnection,
        handler: _Handler,
        payload: Any,
        started: float,
        result: Coroutine[Any, Any, Any],
    ) -> None:
        try:
            await result
        except Exception as error:  # noqa: BLE001 - a bug costs its operation, not the server
            self._fail(connection, handler, payload, error)
        else:
            _succeed(handler, started)
        finally:
            connection.end()

    def _fail(
        self, connection: RawConnection, handler: _Handler, payload: Any, error: BaseException
    ) -> None:
        operation = handler.operation
        refused = error if isinstance(error, Refused) else self.application.refusal(error)
        if refused is not None:
            self._refuse(connection, handler.counter, operation, refused, payload)
            return
        bug_id = secrets.token_hex(4)
        log.error("bug %s in the handler of %r", bug_id, operation, exc_info=error)
        handler.counter.failed += 1
        internal = Internal(f"something went wrong on the server ({bug_id})", id=bug_id)
        connection.send(self.application.explain(connection, operation, internal, payload))

    def _refuse_text(
        self, connection: RawConnection, text: str, operation: str | None, refused: Refused
    ) -> None:
        self._refuse(connection, self._known(operation), operation, refused, text)
        connection.end()

    def _refuse(
        self,
        connection: RawConnection,
        counter: EventCounter | None,
        operation: str | None,
        refused: Refused,
        said: Payload | str,
    ) -> None:
        # Unknown names are counted as one: clients choose them freely, and memory is ours.
        counter = counter or self.counters.event(f"{self._name}/(unknown)")
        counter.refused += 1
        connection.send(self.application.explain(connection, operation, refused, said))

    def _known(self, operation: str | None) -> EventCounter | None:
        for handler in self._handlers.values():
            if handler.operation == operation:
                return handler.counter
        return None

    def _say_farewell(self, connection: RawConnection, reason: str) -> None:
        self.application.closed(connection, reason)
        connection.end()


class _Typed(msgspec.Struct):
    type: str


_decode_type = msgspec.json.Decoder(_Typed).decode


def _operation(text: str) -> str | None:
    try:
        return _decode_type(text).type
    except (msgspec.MsgspecError, RecursionError):
        return None


def _refusal(operation: str | None, counter: EventCounter | None, error: Exception) -> Refused:
    if operation is not None and counter is None:
        return UnknownEvent(f"there is no operation of the type {operation!r}")
    if isinstance(error, RecursionError):
        return BadPayload("nested too deeply")
    if not isinstance(error, msgspec.ValidationError):
        return BadPayload(f"not JSON: {error}")
    # "$" is the root in msgspec's paths; people know the key's name.
    sentence = str(error).replace("`$.", "`").replace(" - at `$`", "")
    return BadPayload(sentence if operation is None else f"{operation}: {sentence}")


def _succeed(handler: _Handler, started: float) -> None:
    handler.counter.succeeded += 1
    handler.counter.latency_s.observe(time.perf_counter() - started)


def _send_away(connection: RawConnection) -> None:
    connection.close(SERVICE_RESTART, "server shutting down")
