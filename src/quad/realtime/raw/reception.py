"""The engine's side of a raw server: who is connected, and what they say.

Connections speak to it. Applications have the `RawServer` in front of it.
"""

import logging
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, Union

import msgspec

from quad.realtime.counters import Counters, EventCounter
from quad.realtime.delivery import Delivery
from quad.realtime.dispatch import Dispatch, Handler, wait_for_turn
from quad.realtime.errors import BadPayload, Refused, UnknownEvent
from quad.realtime.http.door import Door
from quad.realtime.http.request import Handshake
from quad.realtime.options import EngineOptions
from quad.realtime.payload import Payload
from quad.realtime.raw.application import RawApplication
from quad.realtime.raw.asking import Asking
from quad.realtime.raw.connection import RawConnection
from quad.realtime.raw.local import LocalConnection
from quad.realtime.raw.moved import MovedConnection, Socket
from quad.realtime.sessions.websocket import WebSocket
from quad.realtime.topics import Topics
from quad.wire.surrogates import replace_lone_surrogates

log = logging.getLogger("quad.raw")


class Unreadable(NamedTuple):
    """A text that is no operation, or none that is known, and the name that it gives itself."""

    text: str
    operation: str | None


class RawReception(Dispatch[LocalConnection, Payload | Unreadable]):
    """Has operations handled, and says farewell. All is called by the loop, and nothing waits."""

    def __init__(
        self,
        name: str,
        application: RawApplication,
        options: EngineOptions,
        counters: Counters,
        door: Door,
    ) -> None:
        super().__init__(log)
        self.options = options
        self.delivery = Delivery()
        self.topics = Topics(self.delivery)
        self.position = 0
        self.is_suspended = False
        self.asking = Asking(options)
        self.connections: set[LocalConnection] = set()
        self.proven: Callable[[RawConnection, int], None] = application.proven
        self._name = name
        self._application = application
        self._counters = counters
        self._door = door
        self._handlers: dict[type, Handler] = {}
        self._decoder: msgspec.json.Decoder[Payload] | None = None

    # What is handled

    def register(
        self, payload: type[Payload], call: Callable[..., Any], *, overlap: bool, deferred: bool
    ) -> None:
        """See `RawServer.on`."""
        config = payload.__struct_config__
        assert config.tag_field == "type"
        assert isinstance(config.tag, str)
        counter = self._counters.event(f"{self._name}/{config.tag}")
        self._handlers[payload] = Handler(
            config.tag,
            call,
            counter,
            is_overlapping=overlap,
            is_deferred=deferred,
            is_driven=False,
        )
        self._decoder = msgspec.json.Decoder(Union[tuple(self._handlers)])  # noqa: UP007 - a tuple

    @property
    def payloads(self) -> tuple[type, ...]:
        """The types of all operations that are handled."""
        return tuple(self._handlers)

    # What connections say

    def enter(self, handshake: Handshake, connect: Callable[[LocalConnection], WebSocket]) -> None:
        """Somebody comes, whom the door lets in; `connect` answers the handshake."""
        connection = self._let_in(handshake)
        connection.start_on(connect(connection))
        self.asking.begin(connection)
        self._application.opened(connection)

    def _let_in(self, handshake: Handshake) -> LocalConnection:
        self._door.enter(handshake.address)
        connection = LocalConnection(self, handshake)
        self.connections.add(connection)
        self._counters.connections["websocket", "raw"] += 1
        return connection

    def receive(self, connection: LocalConnection, text: str) -> None:
        """Handle an operation when it is its turn."""
        try:
            payload = self._decode(text)
        except (msgspec.MsgspecError, RecursionError) as error:
            # Not the error itself: it would hold this frame, which holds what waits here, and all
            # that was read until then would stay until somebody looks for garbage.
            said = Unreadable(text, _operation(text))
            refused = _refusal(said.operation, self._known(said.operation), error)
            refuse = partial(self._refuse_unreadable, connection, said, refused)
            if connection.begin(overlaps=False):
                refuse()
            else:
                wait_for_turn(connection, refuse, len(text), overlaps=False)
            return
        handler = self._handlers[type(payload)]
        if connection.begin(overlaps=handler.is_overlapping):
            self.call(connection, handler, payload, (payload,))
        else:
            start = partial(self.call, connection, handler, payload, (payload,))
            wait_for_turn(connection, start, len(text), overlaps=handler.is_overlapping)

    def note_slow_reader(self, connection: LocalConnection, unread_bytes: int) -> None:
        """A connection is being closed because its client does not read."""
        self._counters.slow_readers_closed += 1
        log.warning("closing %r: slow reader, %d bytes unread", connection, unread_bytes)

    def forget(self, connection: LocalConnection, reason: str) -> None:
        """A connection has ended: its farewell waits for its handlers that are still at work."""
        self._let_go(connection)
        connection.part(partial(self._say_farewell, connection, reason))

    def _let_go(self, connection: LocalConnection) -> None:
        self.connections.discard(connection)
        self._counters.connections["websocket", "raw"] -= 1
        self._door.leave(connection.address)
        self.asking.forget(connection)
        for topic in connection.topics:
            connection.unsubscribe(topic)
        connection.is_open = False

    def _say_farewell(self, connection: LocalConnection, reason: str) -> None:
        self._application.closed(connection, reason)
        connection.end()

    # Moving to another process; see `RawServer`

    def suspend(self) -> None:
        """Hear nobody. Whoever is in the middle of proving something cannot, and is sent away."""
        self.is_suspended = True
        for connection in list(self.connections):
            connection.suspend()
            if connection.awaits_proof:
                connection.send_away()

    def resume(self) -> None:
        """Hear everybody on."""
        self.is_suspended = False
        for connection in list(self.connections):
            connection.resume()

    def give_up(self) -> list[tuple[RawConnection, Socket, MovedConnection]]:
        """Let go of all that can move; the others are sent away."""
        given: list[tuple[RawConnection, Socket, MovedConnection]] = []
        for connection in list(self.connections):
            moved = connection.give_up()
            if moved is None:
                connection.send_away()
            else:
                self._let_go(connection)
                given.append((connection, *moved))
        return given

    def take_up(self, socket: Socket, moved: MovedConnection) -> LocalConnection:
        """Go on with a connection; the reception is suspended."""
        connection = self._let_in(moved.handshake)
        websocket = WebSocket(
            socket.transport,
            connection,
            max_message_bytes=self.options.max_payload_bytes,
            outbox_limit_bytes=self.options.outbox_limit_bytes,
        )
        socket.transport.set_protocol(websocket)
        connection.go_on(websocket, socket, moved)
        return connection

    # How they are answered

    def answer(self, sender: LocalConnection, said: Payload | Unreadable, value: object) -> None:
        """See `Dispatch`: whoever is to hear of it is told by the handler."""

    def explain(
        self, sender: LocalConnection, said: Payload | Unreadable, refused: Refused
    ) -> None:
        """See `Dispatch`: as the application puts it."""
        if isinstance(said, Unreadable):
            message = self._application.explain(sender, said.operation, refused, said.text)
        else:
            operation = self._handlers[type(said)].name
            message = self._application.explain(sender, operation, refused, said)
        sender.send(message)

    def refusal_of(self, _said: Payload | Unreadable, error: BaseException) -> Refused | None:
        """See `Dispatch`."""
        return error if isinstance(error, Refused) else self._application.refusal(error)

    def _refuse_unreadable(
        self, connection: LocalConnection, said: Unreadable, refused: Refused
    ) -> None:
        # Unknown names are counted as one: clients choose them freely, and memory is ours.
        known = self._known(said.operation)
        counter = known or self._counters.event(f"{self._name}/(unknown)")
        self.refuse(connection, counter, said, refused)
        connection.end()

    # How they are read

    def _decode(self, text: str) -> Payload:
        assert self._decoder is not None  # a server without handlers is not served
        try:
            return self._decoder.decode(text)
        except msgspec.DecodeError:
            if "\\u" not in text:
                raise
            return self._decoder.decode(replace_lone_surrogates(text))

    def _known(self, operation: str | None) -> EventCounter | None:
        for handler in self._handlers.values():
            if handler.name == operation:
                return handler.counter
        return None


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
