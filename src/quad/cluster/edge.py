"""The edge's side: this node's clients, and those of their events that are handled elsewhere."""

import asyncio
import itertools
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import msgspec

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
from quad.cluster.routes import Owners, Route, Routes
from quad.cluster.shards import shard_of
from quad.realtime import AckTimeout, BadPayload, Message, SocketServer
from quad.realtime.ending import Work, close_spread
from quad.realtime.events.handlers import EventHandler
from quad.realtime.events.local import LocalClient
from quad.refusals import Unavailable
from quad.wire.socketio import Event

log = logging.getLogger("quad.cluster")

HOLD_S = 10.0
"""Longer than any hand-over takes that comes to an end."""

HEARD_EVERY_S = 5.0
"""How often homes are told who gave a sign of life."""

_HEARD_A_RECORD = 1_000
# As at the end of a server: a client costs about 0.2 ms to take in again.
_SPREAD_S = 0.001
_SPREAD_LIMIT_S = 2.0

_encode_values = msgspec.msgpack.encode
_decode_json = msgspec.json.decode


class _Known:
    """What is known of a client that other nodes have to do with, or will have."""

    __slots__ = ("entering", "heard_at", "is_cut_off", "number", "seats", "under_way")

    def __init__(self, number: int) -> None:
        self.number = number
        # The shard of what it is entering here, or was.
        self.entering: int | None = None
        # Events at work, by the node where they are; every node to which it was introduced.
        self.under_way: Counter[int] = Counter()
        # By system: the key, and the node that was its home when the seat was taken.
        self.seats: dict[str, tuple[str, int]] = {}
        self.heard_at = 0.0
        # Its seats are lost, and its connection is about to be closed.
        self.is_cut_off = False


class _Waiting(NamedTuple):
    """An event that has its turn, and whose shard is on its way to another home."""

    shard: int
    client: LocalClient
    handler: EventHandler
    event: Event
    values: list[Any] | None


class Edge:
    """Hands events away, and passes on to the clients what homes say."""

    def __init__(
        self,
        server: SocketServer,
        owners: Owners,
        routes: Routes,
        send: Callable[[int, bytes], object],
        is_silent: Callable[[int], bool],
    ) -> None:
        """`send(node, record)` keeps the order for each node and never waits.

        `is_silent(node)`: nothing was heard of it for so long that nothing should be sent to it.
        """
        self._server = server
        self._owners = owners
        self._routes = routes
        self._send = send
        self._is_silent = is_silent
        self._known: dict[LocalClient, _Known] = {}
        self._clients: dict[int, LocalClient] = {}
        self._numbers = itertools.count(1)
        # Shards on their way to another home, and who is giving them away.
        self._held: dict[int, int] = {}
        self._waiting: list[_Waiting] = []
        self._work = Work(log)
        self.on_released: Callable[[Iterable[int]], object] = lambda _: None
        """Called with shards that are held no longer."""
        self._clock: asyncio.TimerHandle | None = None
        self._hold_clock: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to tell homes who gives signs of life."""
        self._clock = asyncio.get_running_loop().call_later(HEARD_EVERY_S, self._tell_heard)

    async def aclose(self) -> None:
        """Stop the clock, and what is at work."""
        for clock in (self._clock, self._hold_clock):
            if clock is not None:
                clock.cancel()
        await self._work.finish(0)

    # What the server says

    def may_forward(self, client: LocalClient, handler: EventHandler) -> bool:
        """See `Forwarding`."""
        route = self._routes.get(handler.name)
        if route is None:
            return False
        if self._is_cut_off(client):
            return True
        key = self._seat(client, route)
        if key is None:
            return route.entering is not None or self._must_open_elsewhere(route)
        if route.key is not None and not self._is_seated(client, route):
            # It may be entering, and is waited for if that goes on when the key moves.
            self._know(client).entering = shard_of(key)
        return bool(self._held) or self._owners.owner(key) != self._owners.me

    def forward(
        self,
        client: LocalClient,
        handler: EventHandler,
        event: Event,
        values: list[Any] | BadPayload | None,
    ) -> bool:
        """See `Forwarding`."""
        route = self._routes.get(event.name)
        if route is None or isinstance(values, BadPayload):
            return False
        if self._is_cut_off(client):
            # The new home would say that it has no seat, and it might believe that.
            raise Unavailable
        key = self._seat(client, route) or _entered(route, handler, event, values)
        if key is None and route.opening is not None and self._must_open_elsewhere(route):
            key = route.opening()
        if key is None:
            return False
        node = self._owners.owner(key)
        if node is None and self._owners.is_coming(key):
            self.hold([shard_of(key)], self._owners.me)
        if self._held and shard_of(key) in self._held:
            self._waiting.append(_Waiting(shard_of(key), client, handler, event, values))
            return True
        if node == self._owners.me:
            if route.entering is not None:
                self._know(client).entering = shard_of(key)
            return False
        if node is None or self._is_silent(node):
            raise Unavailable
        known = self._introduce(client, node)
        known.under_way[node] += 1
        args = b"[%b]" % b",".join(map(bytes, event.args))
        packed = None if values is None else _encode_values(values)
        self._tell(node, Happened(known.number, key, event.name, args, packed, event.ack_id))
        return True

    def seat(self, client: LocalClient, system: str, key: str | None, node: int) -> None:
        """See `Forwarding`; the key is at home on that node."""
        if key is not None:
            if client.is_open:
                self._know(client).seats[system] = key, node
        elif client in self._known:
            self._known[client].seats.pop(system, None)

    def left(self, client: LocalClient) -> None:
        """See `Forwarding`."""
        known = self._known.get(client)
        if known is not None:
            age_s = time.monotonic() - client.last_heard
            for node in known.under_way:
                self._tell(node, Left(known.number, age_s, time.time()))

    def parted(self, client: LocalClient, reason: str) -> None:
        """See `Forwarding`."""
        known = self._known.pop(client, None)
        if known is not None:
            del self._clients[known.number]
            for node in known.under_way:
                self._tell(node, Parted(known.number, reason))

    def _seat(self, client: LocalClient, route: Route) -> str | None:
        if route.key is not None:
            return route.key
        known = self._known.get(client)
        seat = None if known is None else known.seats.get(route.system)
        return None if seat is None else seat[0]

    def _is_seated(self, client: LocalClient, route: Route) -> bool:
        known = self._known.get(client)
        return known is not None and route.system in known.seats

    def _is_cut_off(self, client: LocalClient) -> bool:
        known = self._known.get(client)
        return known is not None and known.is_cut_off

    def _must_open_elsewhere(self, route: Route) -> bool:
        # A node that has just joined may have to wait long for shards in which nobody is seated.
        return route.opening is not None and not self._owners.has_shards

    def _introduce(self, client: LocalClient, node: int) -> _Known:
        known = self._know(client)
        if node not in known.under_way:
            known.under_way[node] = 0
            self._tell(node, _introduction(client, known.number))
        return known

    def _know(self, client: LocalClient) -> _Known:
        known = self._known.get(client)
        if known is None:
            known = self._known[client] = _Known(next(self._numbers))
            self._clients[known.number] = client
        return known

    # What homes say

    def received(self, node: int, record: ToEdge) -> None:
        """A record of the node where something is at home."""
        if isinstance(record, Published):
            self._publish(record)
            return
        client = self._clients.get(record.client)
        if client is None:  # it has left meanwhile
            if isinstance(record, Ask):
                self._tell(node, Answered(record.question, None))
            return
        match record:
            case Packet(_, text, attachments):
                client.send(Message(text, attachments))
            case Ended():
                self._ended(client, node)
            case Subscribe(_, topic):
                client.subscribe(topic)
            case Unsubscribe(_, topic):
                client.unsubscribe(topic)
            case Seat(_, system, key):
                self.seat(client, system, key, node)
            case Dismiss(_, reason):
                client.disconnect(reason)
            case SendAway():
                self.cut_off([client])
            case Ask():
                self._work.own(self._ask(node, client, record))

    def reset(self, node: int) -> None:
        """The node is gone, or what was sent to or by it is in doubt.

        Whoever has a seat there, or an event under way, is cut off and resumes. The others never
        notice; their next event introduces them anew.
        """
        doubtful = []
        for client, known in list(self._known.items()):
            count = known.under_way.pop(node, None)
            if count is None:
                continue
            if count or any(home == node for _, home in known.seats.values()):
                doubtful.append(client)
            for _ in range(count):
                client.end()
        self.cut_off(doubtful)

    def cut_off(self, clients: list[LocalClient]) -> None:
        """Close these connections, spread over a little time, so that the clients come back."""
        for client in clients:
            if client in self._known:
                self._known[client].is_cut_off = True
        spread_s = min(_SPREAD_LIMIT_S, len(clients) * _SPREAD_S)
        self._work.own(close_spread(clients, _send_away, spread_s))

    def _ended(self, client: LocalClient, node: int) -> None:
        known = self._known[client]
        if known.under_way.get(node):
            known.under_way[node] -= 1
            client.end()

    def _publish(self, record: Published) -> None:
        skipped = [self._clients[each] for each in record.skipped if each in self._clients]
        message = Message(record.text, record.attachments)
        self._server.deliver(record.topic, message, record.namespace, skipped)

    async def _ask(self, node: int, client: LocalClient, ask: Ask) -> None:
        value: list[Any] | None
        if ask.event is None:
            value = [] if await client.is_alive() else None
        else:
            try:
                args = _decode_json(ask.args)
                value = await client.call(ask.event, *args, timeout_s=ask.timeout_s)
            except AckTimeout:
                value = None
        self._tell(node, Answered(ask.question, value))

    # Shards that move; see `handover`

    def hold(self, shards: Iterable[int], giver: int) -> None:
        """Keep events of these shards until they are released."""
        self._held.update(dict.fromkeys(shards, giver))
        if self._hold_clock is None:
            loop = asyncio.get_running_loop()
            self._hold_clock = loop.call_later(HOLD_S, self._give_up_holding)

    def release(self, shards: Iterable[int]) -> None:
        """Hand on what was kept, in its order: by now it is known to whom."""
        shards = list(shards)
        for shard in shards:
            self._held.pop(shard, None)
        self.on_released(shards)
        if not self._held and self._hold_clock is not None:
            self._hold_clock.cancel()
            self._hold_clock = None
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            if each.shard in self._held:
                self._waiting.append(each)
            elif each.client.is_open:
                self._server.reception.handle(each.client, each.handler, each.event, each.values)
            else:
                each.client.end()

    def release_of(self, giver: int) -> None:
        """The same for all that one node was giving away."""
        self.release([shard for shard, node in self._held.items() if node == giver])

    def move_seats(self, shards: Iterable[int], giver: int, taker: int) -> list[int]:
        """Whoever is seated there has another home; it is told of them, and their numbers returned.

        Nobody may be told of the move before all that the old home said.
        """
        moved, moving = [], frozenset(shards)
        for client, known in list(self._known.items()):
            for system, (key, home) in known.seats.items():
                if home == giver and shard_of(key) in moving:
                    known.seats[system] = key, taker
                    moved.append(known.number)
                    if taker != self._owners.me:
                        self._introduce(client, taker)
        return moved

    def is_at_work(self, shards: frozenset[int]) -> bool:
        """Whether an event of a client of this node is at work here that concerns them."""
        # What waits here, or is at work on other nodes, has its turn as well.
        waiting = Counter(each.client for each in self._waiting)
        return any(
            client.turns_taken > waiting[client] + known.under_way.total()
            and _is_concerned(known, shards)
            for client, known in self._known.items()
        )

    def client(self, number: int) -> LocalClient | None:
        """The client of this number."""
        return self._clients.get(number)

    def number_of(self, client: LocalClient) -> int | None:
        """The number of a client that has to do with other nodes, or has a seat."""
        known = self._known.get(client)
        return None if known is None else known.number

    def _give_up_holding(self) -> None:
        self._hold_clock = None
        log.error("%d shards were not released within %.0f s", len(self._held), HOLD_S)
        self.release(list(self._held))

    # Signs of life

    def _tell_heard(self) -> None:
        self.start()
        now = time.monotonic()
        ages: dict[int, list[tuple[int, float]]] = {}
        for client, known in self._known.items():
            heard_at = client.last_heard
            if heard_at != known.heard_at:
                known.heard_at = heard_at
                for node in known.under_way:
                    ages.setdefault(node, []).append((known.number, now - heard_at))
        for node, told in ages.items():
            for start in range(0, len(told), _HEARD_A_RECORD):
                self._tell(node, Heard(told[start : start + _HEARD_A_RECORD], time.time()))

    def _tell(self, node: int, record: ToHome) -> None:
        self._send(node, records.encode(record))


def _entered(
    route: Route, handler: EventHandler, event: Event, values: list[Any] | None
) -> str | None:
    """The key that an entering event is about. Raises BadPayload."""
    if route.entering is None:
        return None
    args = handler.decode(event.args) if values is None else handler.convert(values)
    return route.entering(*args)


def _is_concerned(known: _Known, shards: frozenset[int]) -> bool:
    return known.entering in shards or any(
        shard_of(key) in shards for key, _ in known.seats.values()
    )


def _introduction(client: LocalClient, number: int) -> Introduce:
    return Introduce(
        number,
        client.namespace,
        client.id,
        client.engine_id,
        client.address,
        client.has_certain_address,
        client.is_of_another_page,
        client.headers.get("cookie", ""),
        client.auth,
        time.monotonic() - client.last_heard,
        time.time(),
    )


def _send_away(client: LocalClient) -> None:
    client.session.send_away("a part of the server has gone")
