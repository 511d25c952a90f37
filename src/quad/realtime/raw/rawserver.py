"""A server for raw WebSockets, as applications see it: handlers by payload, and topics."""

import asyncio
from collections.abc import Callable, Collection
from typing import Any

from quad.realtime.counters import Counters
from quad.realtime.delivery import Message
from quad.realtime.ending import close_spread
from quad.realtime.errors import HandshakeRefused
from quad.realtime.http.door import Door
from quad.realtime.http.opening import Opening
from quad.realtime.http.request import Request
from quad.realtime.options import EngineOptions
from quad.realtime.payload import Payload
from quad.realtime.raw.application import RawApplication
from quad.realtime.raw.connection import RawConnection
from quad.realtime.raw.local import LocalConnection
from quad.realtime.raw.moved import MovedConnection, Socket
from quad.realtime.raw.reception import RawReception


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
        self.options = options or EngineOptions()
        self.counters = counters or Counters()
        self._door = door or Door(self.options, self.counters)
        self._reception = RawReception(name, application, self.options, self.counters, self._door)
        self._topics = self._reception.topics
        self._delivery = self._reception.delivery
        self._is_draining = False

    # What applications say

    def on(
        self,
        payload: type[Payload],
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
        self._reception.register(payload, handler, overlap=overlap, deferred=deferred)

    @property
    def payloads(self) -> tuple[type, ...]:
        """The types of all operations that are handled."""
        return self._reception.payloads

    @property
    def position(self) -> int:
        """Everything published so far is at or before this; to be set before publishing."""
        return self._reception.position

    @position.setter
    def position(self, position: int) -> None:
        self._reception.position = position

    @property
    def connections(self) -> Collection[RawConnection]:
        """All that are open."""
        return self._reception.connections

    @property
    def deliveries(self) -> int:
        """How many messages were queued for connections so far, once for each of them."""
        return self._delivery.delivered

    def has_subscribers(self, topic: str) -> bool:
        """Whether anybody would get what is published to a topic."""
        return self._topics.get(topic) is not None

    def publish(self, topic: str, message: Message) -> int:
        """Queue a message for every subscriber of a topic; returns how many there are.

        Never waits. Every subscriber gets messages in the order of the calls.
        """
        subscribers = self._topics.get(topic)
        return self._delivery.publish(subscribers, message) if subscribers else 0

    def publish_except(
        self, topic: str, message: Message, skipped: Collection[RawConnection]
    ) -> None:
        """Queue a message for every subscriber of a topic but some, as `publish` does."""
        subscribers = self._topics.get(topic)
        if subscribers:
            outboxes = [each for each in skipped if isinstance(each, LocalConnection)]
            self._delivery.publish_except(subscribers, message, outboxes)

    async def aclose(self, grace_s: float = 2.0) -> None:
        """Wait for the handlers that are at work; those that take too long are cancelled."""
        await self._reception.aclose(grace_s)

    # Moving to another process: `suspend`, `give_up` there, `take_up` and `resume` here

    def suspend(self) -> None:
        """Hear nothing more, and let nobody in, until `resume`. What is at work goes on."""
        self._reception.suspend()

    def resume(self) -> None:
        """Hear everybody again, what has come meanwhile first."""
        self._reception.resume()

    @property
    def is_at_work(self) -> bool:
        """Whether an operation of any connection has not come to its end."""
        return any(each.turns_taken for each in self._reception.connections)

    def give_up(self) -> list[tuple[RawConnection, Socket, MovedConnection]]:
        """Let go of all connections; the application hears no farewell of those returned.

        To be called while suspended and nothing is at work. Whoever cannot move is sent away: who
        speaks in fragments, or compressed, or leaves more than 256 kB unread.
        """
        return self._reception.give_up()

    def take_up(self, socket: Socket, moved: MovedConnection) -> RawConnection:
        """Go on with a connection that another process has given up; to be called suspended.

        The application does not hear that it is opened, and has to subscribe it anew.
        """
        return self._reception.take_up(socket, moved)

    # What the host says

    def __len__(self) -> int:
        return len(self._reception.connections)

    def open(self, request: Request, transport: asyncio.Transport) -> None:
        """Take a connection; see `Endpoint`."""
        if not request.is_allowed:
            raise HandshakeRefused(4, "Forbidden", 403)
        if self._is_draining or self._reception.is_suspended:
            raise HandshakeRefused(4, "Shutting down", 503)
        opening = Opening(
            request,
            transport,
            max_message_bytes=self.options.max_payload_bytes,
            outbox_limit_bytes=self.options.outbox_limit_bytes,
            compression=self.options.compression,
        )
        self._door.check(request.address)
        self._reception.enter(request.handshake(), opening.connect)

    async def drain(self, spread_s: float) -> None:
        """Close every connection, in random order over `spread_s`, so that not all return at once.

        What was queued is written first. The code says that the service restarts.
        """
        self._is_draining = True
        await close_spread(self._reception.connections, LocalConnection.send_away, spread_s)
        self._delivery.flush()

    def stop_clocks(self) -> None:
        """No timer of this server outlives it."""
        self._reception.asking.clear()
