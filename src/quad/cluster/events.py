"""Events across nodes: what a server hands to others, and what it takes from them."""

import logging
from collections.abc import Callable, Collection
from typing import Any, Protocol

from quad.cluster.edge import Edge
from quad.cluster.home import Home
from quad.cluster.records import OfHandover, ToHome, Unreadable, decode
from quad.cluster.remote import RemoteClient
from quad.cluster.routes import Owners, Routes
from quad.cluster.seats import Seats
from quad.realtime import BadPayload, Client, Message, SocketServer
from quad.realtime.events.caller import Caller
from quad.realtime.events.handlers import EventHandler
from quad.realtime.events.local import LocalClient
from quad.wire.socketio import Event

log = logging.getLogger("quad.cluster")

SILENT_S = 5.0
"""A node that was not heard of for so long is asked nothing."""


class Streams(Protocol):
    """The links to the other nodes, as far as events need them."""

    def send(self, node: int, record: bytes) -> None:
        """In order for each node; never waits."""

    def silence_s(self, node: int) -> float:
        """Since the node was heard of."""


class Events:
    """A server's `Forwarding`: an edge for its own clients, a home for those of others."""

    def __init__(
        self, server: SocketServer, owners: Owners, routes: Routes, streams: Streams
    ) -> None:
        """Sets the `forwarding` of the server's reception."""
        self._owners = owners
        self.seats = Seats()
        self.home = Home(server, owners, self.seats, streams.send)
        self.edge = Edge(
            server, owners, routes, streams.send, lambda node: streams.silence_s(node) > SILENT_S
        )
        self.on_handover: Callable[[int, OfHandover], object] | None = None
        """Called with what is said about shards that move."""
        self.unreadable = 0
        """Records that were dropped: of another version, or a bug."""
        server.reception.forwarding = self

    def start(self) -> None:
        """Begin to tell homes who gives signs of life."""
        self.edge.start()

    async def aclose(self) -> None:
        """Stop what is at work."""
        await self.edge.aclose()
        self.home.close()

    # What links say

    def received(self, node: int, data: bytes) -> None:
        """A record of another node."""
        try:
            record = decode(data)
        except Unreadable as error:
            self.unreadable += 1
            log.error("a record of node %d cannot be read: %s", node, error)
            return
        if isinstance(record, ToHome):
            self.home.received(node, record)
        elif not isinstance(record, OfHandover):
            self.edge.received(node, record)
        elif self.on_handover is not None:
            self.on_handover(node, record)

    def reset(self, node: int) -> None:
        """What is under way to or from a node is in doubt, or the node is gone."""
        self.home.reset(node)
        self.edge.reset(node)

    # What the server says

    def may_forward(self, client: LocalClient, handler: EventHandler) -> bool:
        """See `Forwarding`."""
        return self.edge.may_forward(client, handler)

    def forward(
        self,
        client: LocalClient,
        handler: EventHandler,
        event: Event,
        values: list[Any] | BadPayload | None,
    ) -> bool:
        """See `Forwarding`."""
        return self.edge.forward(client, handler, event, values)

    def publish(
        self, namespace: str, topic: str, message: Message, skipped: Collection[Client]
    ) -> int:
        """See `Forwarding`."""
        return self.home.publish(namespace, topic, message, skipped)

    def has_subscribers(self, namespace: str, topic: str) -> bool:
        """See `Forwarding`."""
        return self.home.has_subscribers(namespace, topic)

    def subscribers(self, namespace: str, topic: str) -> list[Client]:
        """See `Forwarding`."""
        return self.home.subscribers(namespace, topic)

    def owns(self, key: str) -> bool:
        """See `Forwarding`."""
        return self._owners.owner(key) == self._owners.me

    def seat(self, client: Caller, system: str, key: str | None) -> None:
        """See `Forwarding`."""
        if key is None:
            self.seats.leave(client, system)
        elif client.is_open:
            self.seats.take(client, system, key)
        if isinstance(client, RemoteClient):
            self.home.seat(client, system, key)
        elif isinstance(client, LocalClient):
            self.edge.seat(client, system, key, self._owners.me)

    def left(self, client: LocalClient) -> None:
        """See `Forwarding`."""
        self.edge.left(client)

    def parted(self, client: LocalClient, reason: str) -> None:
        """See `Forwarding`."""
        self.edge.parted(client, reason)
        self.seats.forget(client)
