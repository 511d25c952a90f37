"""Shards move with whoever is seated in them: clients see a pause of milliseconds, and no gap.

    old home   HOLD    ─▶ all        hold events of these shards from now on
    all        HELD    ─▶ old home   whatever they had sent has come before this
    old home                         ends what is at work, commits, writes the map
    old home   CLOSE   ─▶ all        behind its last word
    all        CLOSED  ─▶ new home   those words are told; behind introductions of the seated
    old home   SEATS   ─▶ new home
    new home   OPENED  ─▶ all        what was held is sent to it

Raw connections move as well. Their edges hold what clients say, byte by byte; at CLOSE they lead
their tunnels to the new home (MOVED, see `lanes`), which has them all before CLOSED.

Without the first barrier an event could come to the old home behind a later one at the new; without
the second the new home could be heard before the last words of the old one.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, Final, Protocol

from quad.cluster import records
from quad.cluster.events import Events
from quad.cluster.records import Close, Closed, Held, Hold, OfHandover, Opened, Seats
from quad.cluster.remote import RemoteClient
from quad.cluster.routes import kind_of
from quad.cluster.shards import shard_of
from quad.cluster.sockets import Sockets
from quad.realtime import Client
from quad.realtime.events.local import LocalClient

log = logging.getLogger("quad.cluster")

BARRIER_S: Final = 3.0
"""How long nodes may take to answer, and handlers to end; longer, and the shards stay."""

_LOOK_S: Final = 0.002

Place = tuple[int, int]
"""A client's edge, and its number there."""
Seat = tuple[str, int, int, Any]
"""See `records.Seats.seats`."""


class Rules(Protocol):
    """A system whose things move with whoever is seated in them.

    It is asked about all that moves, also of other systems.
    """

    def is_at_work(self, is_meant: Callable[[str], bool]) -> bool:
        """Whether something is under way there that no event waits for."""

    def give_up(self, is_meant: Callable[[str], bool]) -> list[tuple[str, Client, Any]]:
        """Forget what is meant: nothing of it may be decided any more.

        Returns who is seated where, with what `take_up` needs to know.
        """

    async def take_up(self, key: str, client: Client | None, seat: object) -> None:
        """A seat of another node's is here from now on; None: the client has left meanwhile."""


class _Expected:
    """What a new home waits for, for some shards that come from one node."""

    def __init__(self, giver: int, nodes: Iterable[int]) -> None:
        self.giver = giver
        self.waiting = set(nodes)
        self.seats: Seats | None = None
        self.clients: list[Place] = []
        self.is_settled = asyncio.Event()

    @property
    def is_whole(self) -> bool:
        """Whether all has come."""
        return not self.waiting and self.seats is not None

    def closed(self, node: int, clients: Iterable[int] = ()) -> None:
        """A node has answered, or is gone."""
        self.waiting.discard(node)
        self.clients += [(node, client) for client in clients]
        self.settle()

    def settle(self) -> None:
        """Wake who waits, if all has come."""
        if self.is_whole:
            self.is_settled.set()


class Handover:
    """One node's part in all hand-overs: as old home, as new home, and as everybody else."""

    def __init__(
        self,
        me: int,
        events: Events,
        rules: Mapping[str, Rules],
        sockets: Sockets,
        others: Callable[[], Iterable[int]],
        send: Callable[[int, bytes], object],
    ) -> None:
        """`rules` are by the kind of key; `others` are the nodes that live, without this one."""
        self._me = me
        self._events = events
        self._edge, self._home = events.edge, events.home
        self._rules = rules
        self._sockets = sockets
        self._others = others
        self._send = send
        self._edge.on_released = sockets.tunnels.release
        self._barrier_s = BARRIER_S
        self.is_changing: Callable[[frozenset[int]], bool] = lambda _: False
        """Whether something is under way in these shards that neither events nor rules know of."""
        # Of a hand-over by this node: who has to answer, and what it has given up.
        self._asked: set[int] = set()
        self._has_answers = asyncio.Event()
        self._given: list[Seat] = []
        self._expected: dict[frozenset[int], _Expected] = {}

    # The old home, one hand-over at a time

    async def hold(self, taker: int, shards: frozenset[int]) -> bool:
        """Returns True when nothing of these shards is under way any more, here or anywhere.

        False if that takes too long: then all goes on as before.
        """
        self._asked = set(self._others())
        nodes = [self._me, *self._asked]
        self._hold(shards, self._me)
        self._sockets.suspend(shards)
        self._tell(self._asked, Hold(taker, sorted(shards), nodes))
        try:
            async with asyncio.timeout(self._barrier_s):
                await self._answers()
                # Who is at work is known in three places, and this is asked for seldom.
                while self._is_at_work(shards):  # noqa: ASYNC110
                    await asyncio.sleep(_LOOK_S)
        except TimeoutError:
            log.warning("%d shards stay here: something in them takes too long", len(shards))
            self.opened(shards)
            return False
        return True

    def give_up(self, shards: frozenset[int]) -> None:
        """Nothing of these shards is decided here any more; to be committed before `pass_on`."""
        for rules in self._rules.values():
            for key, client, seat in rules.give_up(_among(shards)):
                place = self._place_of(client)
                if place is not None:
                    self._given.append((key, *place, seat))
                self._events.seats.move_away(client, key)
        self._sockets.give_up(shards)

    def pass_on(self, taker: int, shards: frozenset[int]) -> None:
        """Tell who is seated there: the taker is their home from now on."""
        given, self._given = self._given, []
        sockets = self._sockets.pass_on(self._me)
        close = Close(taker, sorted(shards))
        self._tell(self._others(), close)
        self._close(self._me, close)
        self._send(taker, records.encode(Seats(close.shards, given, sockets)))

    def send_away(self) -> None:
        """What was given up could not be passed on: its clients come back by themselves."""
        given, self._given = self._given, []
        self._cut_off((node, number) for _, node, number, _ in given)
        self._sockets.abandon()

    async def _answers(self) -> None:
        while self._asked:
            self._has_answers.clear()
            await self._has_answers.wait()

    def _is_at_work(self, shards: frozenset[int]) -> bool:
        return (
            self._edge.is_at_work(shards)
            or self._home.is_at_work(shards)
            or self.is_changing(shards)
            or any(rules.is_at_work(_among(shards)) for rules in self._rules.values())
            or self._sockets.is_at_work(shards)
        )

    def _place_of(self, client: Client) -> Place | None:
        if isinstance(client, RemoteClient):
            return client.node, client.number
        assert isinstance(client, LocalClient)
        number = self._edge.number_of(client)
        return None if number is None else (self._me, number)

    # The new home

    async def take_up(self, shards: frozenset[int]) -> None:
        """Take the seats in shards that are this node's now, if they were handed over."""
        for handed, expected in list(self._expected.items()):
            if handed & shards:
                await self._take_up(expected)
                self._expected.pop(handed, None)
                self._sockets.tunnels.settle(handed)

    async def _take_up(self, expected: _Expected) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._barrier_s):
                await expected.is_settled.wait()
        if not expected.is_whole or expected.seats is None:
            log.warning("the seats of node %d have not come: clients come back", expected.giver)
            self._cut_off(expected.clients)
            return
        seats = [
            (key, self._client(node, number), seat)
            for key, node, number, seat in expected.seats.seats
        ]
        # Whoever is told that somebody has left meanwhile has to be seated by then.
        for key, client, seat in sorted(seats, key=_has_left):
            await self._rules[kind_of(key)].take_up(key, client, seat)
        self._sockets.take_up(self._me, expected.seats.sockets)

    def opened(self, shards: frozenset[int]) -> None:
        """Events of these shards are taken here: everybody lets go of what they held."""
        self._sockets.resume(shards)
        self._tell(self._others(), Opened(sorted(shards)))
        self._edge.release(shards)
        self._home.opened()

    def _client(self, node: int, number: int) -> LocalClient | RemoteClient | None:
        if node == self._me:
            return self._edge.client(number)
        return self._home.client(node, number)

    def _cut_off(self, places: Iterable[Place]) -> None:
        for node, number in places:
            client = self._client(node, number)
            if isinstance(client, LocalClient):
                self._edge.cut_off([client])
            elif isinstance(client, RemoteClient):
                self._home.send_away(client)

    # Everybody

    def received(self, node: int, record: OfHandover) -> None:
        """A record of a hand-over."""
        match record:
            case Hold(taker, shards, nodes):
                if taker == self._me:
                    self._expected[frozenset(shards)] = _Expected(node, nodes)
                    self._sockets.tunnels.expect(shards)
                self._hold(shards, node)
                self._send(node, records.encode(Held(shards)))
            case Held():
                self._answered(node)
            case Close():
                self._close(node, record)
            case Closed(shards, clients):
                self._closed(node, shards, clients)
            case Seats(shards):
                expected = self._expected.get(frozenset(shards))
                if expected is not None:
                    expected.seats = record
                    expected.settle()
            case Opened(shards):
                if self._expected.pop(frozenset(shards), None):  # they stay where they were
                    self._sockets.tunnels.settle(shards)
                self._edge.release(shards)

    def reset(self, node: int) -> None:
        """The node is gone, or what is under way to or from it is in doubt."""
        self._answered(node)
        self._edge.release_of(node)
        for expected in self._expected.values():
            if expected.giver == node:
                expected.is_settled.set()
            else:
                expected.closed(node)

    def _hold(self, shards: Iterable[int], giver: int) -> None:
        self._edge.hold(shards, giver)
        self._sockets.tunnels.hold(shards)

    def _answered(self, node: int) -> None:
        self._asked.discard(node)
        self._has_answers.set()

    def _close(self, giver: int, close: Close) -> None:
        clients = self._edge.move_seats(close.shards, giver, close.taker)
        old, new = (None if node == self._me else node for node in (giver, close.taker))
        self._sockets.tunnels.move(close.shards, old, new)
        if close.taker == self._me:
            self._closed(self._me, close.shards, clients)
        else:
            self._send(close.taker, records.encode(Closed(close.shards, clients)))

    def _closed(self, node: int, shards: Iterable[int], clients: Iterable[int]) -> None:
        expected = self._expected.get(frozenset(shards))
        if expected is not None:
            expected.closed(node, clients)

    def _tell(self, nodes: Iterable[int], record: OfHandover) -> None:
        data = records.encode(record)
        for node in nodes:
            self._send(node, data)


def _has_left(seat: tuple[str, Client | None, Any]) -> bool:
    client = seat[1]
    return client is None or not client.is_open


def _among(shards: frozenset[int]) -> Callable[[str], bool]:
    return lambda key: shard_of(key) in shards
