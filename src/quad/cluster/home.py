"""The home's side: events of clients that other nodes hold are handled here.

A node that holds subscribers of a topic gets each message once, whatever their number; who they
are is known here. A topic's only subscriber gets it as what is emitted to it.
"""

import asyncio
import itertools
import logging
from collections.abc import Callable, Collection, Iterable
from typing import Any

import msgspec
from msgspec import structs

from quad.cluster import records
from quad.cluster.records import (
    Answered,
    Ask,
    Dismiss,
    Ended,
    Happened,
    Heard,
    Introduce,
    Left,
    Packet,
    Parted,
    Published,
    Seat,
    SendAway,
    Subscribe,
    ToEdge,
    ToHome,
    Unsubscribe,
)
from quad.cluster.remote import RemoteClient, heard_at
from quad.cluster.routes import Owners
from quad.cluster.seats import Seats
from quad.cluster.shards import shard_of
from quad.cluster.subscribers import Subscribers
from quad.realtime import Client, Message, SocketServer, UnknownEvent
from quad.realtime.errors import Refused
from quad.refusals import Unavailable
from quad.wire.socketio import Event

log = logging.getLogger("quad.cluster")

# Beyond what the client itself has for its answer: for the way there and back.
_WAY_S = 2.0
# What the engine takes for a sign of life to arrive; see `Session.is_alive`.
_LIFE_S = 10.0
# Longer than it takes to read what is saved of a large campus.
_COMING_S = 10.0

_encode_json = msgspec.json.encode
_decode_args = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_values = msgspec.msgpack.Decoder(list[Any]).decode


class Home:
    """Clients of other nodes, by node and by the number that it gave them."""

    def __init__(
        self,
        server: SocketServer,
        owners: Owners,
        seats: Seats,
        send: Callable[[int, bytes], object],
    ) -> None:
        """`send(node, record)` keeps the order for each node, and never waits."""
        self._server = server
        self._owners = owners
        self._seats = seats
        self._send = send
        self._clients: dict[int, dict[int, RemoteClient]] = {}
        self._subscribers = Subscribers()
        # Events whose shards are about to be opened here, and the nodes that sent them.
        self._early: list[tuple[int, Happened]] = []
        self._early_clock: asyncio.TimerHandle | None = None
        self._questions: dict[int, tuple[int, asyncio.Future[list[Any] | None]]] = {}
        self._numbers = itertools.count(1)

    def __len__(self) -> int:
        """How many clients of other nodes are known."""
        return sum(map(len, self._clients.values()))

    def close(self) -> None:
        """Forget what waits."""
        self._take_early()

    # What edges say

    def received(self, node: int, record: ToHome) -> None:
        """A record of the node where the client is connected."""
        match record:
            case Happened():
                self._handle(node, record)
            case Introduce():
                self._introduced(node, record)
            case Heard(ages_s, told_at):
                self._heard(node, ages_s, told_at)
            case Answered(question, value):
                self._answered(question, value)
            case Left(number, age_s, told_at):
                client = self.client(node, number)
                if client is not None:
                    client.last_heard_at = heard_at(age_s, told_at)
                    self._leave(client)
            case Parted(number, reason):
                client = self._clients.get(node, {}).pop(number, None)
                if client is not None:
                    self._leave(client)
                    self._say_farewell(client, reason)

    def reset(self, node: int) -> None:
        """The node is gone, or what it has said is in doubt: so are its clients."""
        clients = self._clients.pop(node, {})
        for client in clients.values():
            self._leave(client)
        for question, (asked, answer) in list(self._questions.items()):
            if asked == node:
                self._settle(answer, None)
                del self._questions[question]
        for client in clients.values():
            # Nobody knows what it has heard: as with a connection that breaks.
            self._say_farewell(client, "transport error")

    def _say_farewell(self, client: RemoteClient, reason: str) -> None:
        self._server.reception.say_farewell(client, reason)
        self._seats.forget(client)

    def _introduced(self, node: int, record: Introduce) -> None:
        space = self._server.namespace(record.namespace)
        client = RemoteClient(self, node, space, record)
        self._clients.setdefault(node, {})[record.client] = client

    def _handle(self, node: int, record: Happened) -> None:
        client = self.client(node, record.client)
        if client is None:
            return  # it has been told to leave, and its edge will say so
        if self._owners.is_coming(record.key):
            self._keep(node, record)
        else:
            self._handle_now(client, record)

    def _handle_now(self, client: RemoteClient, record: Happened) -> None:
        client.at_work += 1
        client.worked_on.add(shard_of(record.key))
        event = Event(client.namespace, record.name, _decode_args(record.args), record.ack_id)
        handler = client.space.handlers.get(record.name)
        if handler is None:
            self._refuse(client, event, UnknownEvent(f"there is no event {record.name!r} here"))
        elif not self._owners.is_open(record.key):
            self._refuse(client, event, Unavailable())
        else:
            values = None if record.values is None else _decode_values(record.values)
            self._server.reception.run(client, handler, event, values)

    def _refuse(self, client: RemoteClient, event: Event, refused: Refused) -> None:
        self._server.reception.refuse_event(client, event, refused)
        client.end()

    def _keep(self, node: int, record: Happened) -> None:
        self._early.append((node, record))
        if self._early_clock is None:
            loop = asyncio.get_running_loop()
            self._early_clock = loop.call_later(_COMING_S, self._keep_no_longer)

    def _keep_no_longer(self) -> None:
        log.error("shards were not opened within %.0f s", _COMING_S)
        for node, record in self._take_early():
            client = self.client(node, record.client)
            if client is not None:
                self._handle_now(client, record)

    def _take_early(self) -> list[tuple[int, Happened]]:
        early, self._early = self._early, []
        if self._early_clock is not None:
            self._early_clock.cancel()
            self._early_clock = None
        return early

    def _heard(self, node: int, ages_s: Iterable[tuple[int, float]], told_at: float) -> None:
        clients = self._clients.get(node, {})
        for number, age_s in ages_s:
            client = clients.get(number)
            if client is not None:
                client.last_heard_at = heard_at(age_s, told_at)

    def _answered(self, question: int, value: list[Any] | None) -> None:
        _, answer = self._questions.pop(question, (0, None))
        if answer is not None:
            self._settle(answer, value)

    def _settle(self, answer: "asyncio.Future[list[Any] | None]", value: list[Any] | None) -> None:
        if not answer.done():
            answer.set_result(value)

    def opened(self) -> None:
        """Shards were opened here: handle what has come before, in its order."""
        for node, record in self._take_early():
            self._handle(node, record)

    # What hand-overs ask

    def client(self, node: int, number: int) -> RemoteClient | None:
        """The client of this number at a node."""
        return self._clients.get(node, {}).get(number)

    def is_at_work(self, shards: frozenset[int]) -> bool:
        """Whether an event that is about them is at work."""
        return any(
            client.at_work and client.worked_on & shards
            for clients in self._clients.values()
            for client in clients.values()
        )

    # What the server says

    def publish(
        self, namespace: str, topic: str, message: Message, skipped: Collection[Client]
    ) -> int:
        """See `Forwarding`."""
        nodes = self._subscribers.get(namespace, topic)
        if nodes is None:
            return 0
        if isinstance(nodes, RemoteClient):
            if nodes in skipped:
                return 0
            self.send(nodes, message)
            return 1
        left_out: dict[int, list[int]] = {}
        for client in skipped:
            if isinstance(client, RemoteClient) and topic in client.topics:
                left_out.setdefault(client.node, []).append(client.number)
        published = Published(namespace, topic, message.text, list(message.attachments), [])
        for_all = records.encode(published)
        for node in nodes:
            if node in left_out:
                self._tell(node, structs.replace(published, skipped=left_out[node]))
            else:
                self._send(node, for_all)
        return sum(map(len, nodes.values())) - sum(map(len, left_out.values()))

    def has_subscribers(self, namespace: str, topic: str) -> bool:
        """See `Forwarding`."""
        return self._subscribers.get(namespace, topic) is not None

    def subscribers(self, namespace: str, topic: str) -> list[Client]:
        """See `Forwarding`."""
        return [*self._subscribers.all(namespace, topic)]

    def seat(self, client: RemoteClient, system: str, key: str | None) -> None:
        """See `Forwarding`."""
        if client.is_open:
            self._tell(client.node, Seat(client.number, system, key))

    # What clients say

    def send(self, client: RemoteClient, message: Message) -> None:
        """Send a packet to a client that is here."""
        packet = Packet(client.number, message.text, list(message.attachments))
        self._tell(client.node, packet)

    def subscribe(self, client: RemoteClient, topic: str) -> None:
        """Count the client among the topic's subscribers, and have its edge add it."""
        self._subscribers.add(client, topic)
        self._tell(client.node, Subscribe(client.number, topic))

    def unsubscribe(self, client: RemoteClient, topic: str) -> None:
        """Count the client no longer, and have its edge remove it."""
        self._subscribers.discard(client, topic)
        self._tell(client.node, Unsubscribe(client.number, topic))

    def dismiss(self, client: RemoteClient, reason: str) -> None:
        """Send the client away, behind all that was said to it."""
        self._leave(client)
        self._tell(client.node, Dismiss(client.number, reason))

    def send_away(self, client: RemoteClient) -> None:
        """Have the client's connection closed, so that it comes back."""
        self._tell(client.node, SendAway(client.number))

    def end(self, client: RemoteClient) -> None:
        """One of its events has come to its end."""
        self._tell(client.node, Ended(client.number))

    async def ask(
        self,
        client: RemoteClient,
        event: str | None = None,
        args: Collection[object] = (),
        timeout_s: float = _LIFE_S,
    ) -> list[Any] | None:
        """What a client answers to an event or, without one, to a sign of life; None: nothing."""
        number = next(self._numbers)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[Any] | None] = loop.create_future()
        self._questions[number] = client.node, answer
        encoded = _encode_json(list(args))
        self._tell(client.node, Ask(client.number, number, event, encoded, timeout_s))
        # Not `asyncio.timeout`: handlers may run without a task.
        clock = loop.call_later(timeout_s + _WAY_S, self._settle, answer, None)
        try:
            return await answer
        finally:
            clock.cancel()
            self._questions.pop(number, None)

    def _leave(self, client: RemoteClient) -> None:
        client.is_open = False
        for topic in client.topics:
            self._subscribers.discard(client, topic)
        client.topics = ()

    def _tell(self, node: int, record: ToEdge) -> None:
        self._send(node, records.encode(record))
