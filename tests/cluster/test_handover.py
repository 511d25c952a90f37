"""A hall moves to another node while people speak in it: nothing is lost, or out of order."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from quad.cluster.events import Events
from quad.cluster.handover import Handover
from quad.cluster.routes import Route, kind_of
from quad.cluster.shards import shard_of
from quad.cluster.sockets import Sockets
from quad.cluster.tunnels import Tunnels
from quad.realtime import Client, Payload, Refused, SocketServer
from tests.cluster.halls import Enter, Owners, Say, make_nodes
from tests.cluster.linking import Network as TunnelNetwork
from tests.patience import patience
from tests.realtime.memory import MemoryClient, entered, turn, until

HALL = "hall/red"
SHARDS = frozenset({shard_of(HALL)})
ROUTES = {
    "enter": Route("halls", entering=lambda enter: enter.hall),
    "say": Route("halls"),
    "count": Route("halls"),
}


class Network:
    """Streams between nodes: in order for each pair, and each message as late as it likes."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.nodes: dict[int, Hall] = {}
        self.dead: set[int] = set()
        self._queues: dict[tuple[int, int], asyncio.Queue[bytes]] = {}
        self._pumps: list[asyncio.Task[None]] = []

    def send(self, sender: int, receiver: int, record: bytes) -> None:
        pair = sender, receiver
        if pair not in self._queues:
            self._queues[pair] = asyncio.Queue()
            self._pumps.append(asyncio.create_task(self._pump(*pair)))
        self._queues[pair].put_nowait(record)

    async def aclose(self) -> None:
        for pump in self._pumps:
            pump.cancel()
        for ended in await asyncio.gather(*self._pumps, return_exceptions=True):
            assert isinstance(ended, asyncio.CancelledError), ended

    async def _pump(self, sender: int, receiver: int) -> None:
        queue = self._queues[sender, receiver]
        while True:
            record = await queue.get()
            await turn(self.random.randrange(6))
            if not {sender, receiver} & self.dead:
                self.nodes[receiver].events.received(sender, record)


class Streams:
    def __init__(self, me: int, network: Network) -> None:
        self.me = me
        self.network = network

    def send(self, node: int, record: bytes) -> None:
        self.network.send(self.me, node, record)

    def silence_s(self, node: int) -> float:
        return 0.0


class Hall:
    """A node where the hall may be at home. What was said is numbered in a database of its own."""

    said: list[str]

    def __init__(self, me: int, network: Network, said: list[str]) -> None:
        self.said = said
        self.network = network
        self.server = SocketServer(refuses_unknown_events=True)
        self.owners = Owners(me, {HALL: 1})
        streams = Streams(me, network)
        self.events = Events(self.server, self.owners, ROUTES, streams)
        rules = {kind_of(HALL): self}
        sockets = Sockets(Tunnels(TunnelNetwork().links_of(me)), ())
        self.handover = Handover(me, self.events, rules, sockets, self._others, streams.send)
        self.handover._barrier_s = patience(2)
        self.events.on_handover = self.handover.received
        self.seats: dict[Client, str] = {}
        self.is_working = False
        network.nodes[me] = self
        self.server.on("enter")(self.enter)
        self.server.on("say", overlap=True)(self.say)
        self.server.on("count")(self.count)
        self.server.on_disconnect(self.farewell)

    async def enter(self, client: Client, request: Enter) -> int:
        await turn(self.network.random.randrange(4))
        self.seats[client] = request.hall
        self.server.seat(client, "halls", request.hall)
        client.subscribe(request.hall)
        return len(self.said)

    async def say(self, client: Client, request: Say) -> None:
        if client not in self.seats:
            raise NoSeat("no seat")
        await turn(3)  # as a commit: as long for each
        self.said.append(request.text)
        self.server.publish(HALL, "said", len(self.said), request.text)

    def count(self, client: Client, request: Nothing) -> int:
        if client not in self.seats:
            raise NoSeat("no seat")
        client.emit("counted", len(self.said))
        return len(self.said)

    def farewell(self, client: Client, reason: str) -> None:
        if self.seats.pop(client, None):
            self.server.seat(client, "halls", None)

    # What moves

    def is_at_work(self, is_meant: Callable[[str], bool]) -> bool:
        return self.is_working

    def give_up(self, is_meant: Callable[[str], bool]) -> list[tuple[str, Client, Any]]:
        given = [(hall, client, None) for client, hall in self.seats.items() if is_meant(hall)]
        for hall, client, _ in given:
            del self.seats[client]
            client.unsubscribe(hall)
        return given

    async def take_up(self, key: str, client: Client | None, seat: Any) -> None:
        await turn(self.network.random.randrange(3))
        if client is not None and client.is_open:
            self.seats[client] = key
            self.server.seat(client, "halls", key)
            client.subscribe(key)

    def _others(self) -> list[int]:
        me = self.owners.me
        return [node for node in self.network.nodes if node not in self.network.dead | {me}]


class Nothing(Payload, frozen=True):
    pass


class NoSeat(Refused):
    code = "no_seat"


class Talker:
    """Somebody who has entered, and says things with a number of their own."""

    def __init__(self, name: str, client: MemoryClient) -> None:
        self.name = name
        self.client = client
        self.words = 0
        self.since = -1
        self.heard: list[tuple[int, str]] = []
        self.errors: list[str] = []

    @classmethod
    async def of(cls, name: str, node: Hall) -> Talker:
        talker = cls(name, await entered(node.server.engine))
        talker.client.emit("enter", {"hall": HALL}, id=1)
        await until(lambda: talker.take() and talker.since >= 0, patience(5))
        return talker

    def say(self) -> None:
        self.words += 1
        self.client.emit("say", {"text": f"{self.name} {self.words}"})

    def has_heard(self, number: int) -> bool:
        self.take()
        return bool(self.heard) and self.heard[-1][0] == number

    def take(self) -> bool:
        """Read what has come; whether anything did."""
        messages = self.client.take()
        for message in messages:
            assert isinstance(message, str)
            if message.startswith("431["):
                (self.since,) = json.loads(message[3:])
            elif message.startswith('42["said"'):
                _, number, text = json.loads(message[2:])
                self.heard.append((number, text))
            elif message.startswith('42["error"'):
                self.errors.append(message)
        return bool(messages)


async def move(network: Network, giver: int, taker: int) -> bool:
    """What the membership does."""
    old, new = network.nodes[giver], network.nodes[taker]
    if not await old.handover.hold(taker, SHARDS):
        return False
    old.owners.homes[HALL] = None
    old.handover.give_up(SHARDS)
    await turn(5)
    for node in network.nodes.values():
        node.owners.homes[HALL] = None if node is new else taker
    old.handover.pass_on(taker, SHARDS)
    await new.handover.take_up(SHARDS)
    new.owners.homes[HALL] = taker
    new.handover.opened(SHARDS)
    return True


@asynccontextmanager
async def halls(seed: int) -> AsyncIterator[Network]:
    network, said = Network(seed), list[str]()
    for me in (1, 2, 3):
        Hall(me, network, said)
    try:
        yield network
    finally:
        await network.aclose()
        for node in network.nodes.values():
            await node.events.aclose()


@pytest.mark.parametrize("seed", range(12))
async def test_everybody_hears_everything_once_and_in_one_order(seed: int) -> None:
    async with halls(seed) as network:
        choose = network.random
        talkers = [await Talker.of(f"T{i}", network.nodes[1 + i % 3]) for i in range(6)]
        home, moves = 1, 0
        moving: asyncio.Task[bool] | None = None
        for _ in range(500):
            choose.choice(talkers).say()
            await turn(choose.randrange(8))
            if moving is None or moving.done():
                if moving is not None:
                    assert moving.result()
                    moves += 1
                taker = choose.choice([node for node in (1, 2, 3) if node != home])
                moving = asyncio.create_task(move(network, home, taker))
                home = taker
        assert moving is not None
        assert await moving
        said = network.nodes[1].said
        await until(lambda: len(said) == sum(each.words for each in talkers), patience(10))
        await until(
            lambda: not [each for each in talkers if not each.has_heard(len(said))],
            patience(10),
        )
        assert moves >= 2
        for talker in talkers:
            assert talker.errors == []
            own = [text for text in said if text.startswith(f"{talker.name} ")]
            assert own == [f"{talker.name} {word + 1}" for word in range(talker.words)]
            numbers = [number for number, _ in talker.heard]
            assert numbers == list(range(numbers[0], len(said) + 1))
            assert numbers[0] <= talker.since + 1
            assert [text for _, text in talker.heard] == said[numbers[0] - 1 :]
        assert all(talker.client.session.is_open for talker in talkers)


async def test_what_takes_too_long_stays_where_it_is() -> None:
    async with halls(1) as network:
        old = network.nodes[1]
        talker = await Talker.of("T", network.nodes[2])
        old.handover._barrier_s = 0.05
        old.is_working = True
        assert not await move(network, 1, 2)
        talker.say()
        await until(lambda: talker.take() and talker.heard == [(1, "T 1")], patience(5))
        old.is_working = False
        old.handover._barrier_s = patience(2)
        assert await move(network, 1, 2)
        talker.say()
        await until(lambda: talker.take() and len(talker.heard) == 2, patience(5))
        assert not talker.errors


async def test_who_is_entering_what_has_one_key_is_waited_for_at_home() -> None:
    home, _ = make_nodes(news=1)
    shards = frozenset({shard_of("news")})
    client = await entered(home.server.engine)
    client.emit("visit", {"text": "door"})
    await until(lambda: "door" in home.gates, patience(5))
    assert home.events.edge.is_at_work(shards)
    assert not home.events.edge.is_at_work(SHARDS)
    home.gates["door"].set()
    await until(lambda: not home.events.edge.is_at_work(shards), patience(5))


async def test_whoever_leaves_meanwhile_has_left_at_the_new_home() -> None:
    async with halls(2) as network:
        old, new = network.nodes[1], network.nodes[2]
        leaving, staying = await Talker.of("L", network.nodes[3]), await Talker.of("S", old)
        moving = asyncio.create_task(move(network, 1, 2))
        await turn(20)
        leaving.client.transport.lose()
        assert await moving
        await until(lambda: len(new.seats) == 1, patience(5))
        staying.say()
        await until(lambda: staying.take() and staying.heard, patience(5))
        await until(lambda: not old.seats and len(new.seats) == 1, patience(5))
        await until(lambda: not network.nodes[3].events.edge._known, patience(5))


@pytest.mark.parametrize("dies", ["giver", "taker"])
async def test_if_a_node_dies_in_the_middle_clients_come_back(dies: str) -> None:
    async with halls(3) as network:
        old, new, other = (network.nodes[node] for node in (1, 2, 3))
        talker = await Talker.of("T", other)
        assert await old.handover.hold(2, SHARDS)
        old.owners.homes[HALL] = None
        old.handover.give_up(SHARDS)
        dead = 1 if dies == "giver" else 2
        if dies == "taker":
            for node in network.nodes.values():
                node.owners.homes[HALL] = 2
            old.handover.pass_on(2, SHARDS)
            await turn(200)
        network.dead.add(dead)
        for node in (old, new, other):
            if node.owners.me != dead:
                node.events.reset(dead)
                node.handover.reset(dead)
        if dies == "giver":
            new.handover._barrier_s = 0.05
            await new.handover.take_up(SHARDS)
        await until(lambda: not talker.client.session.is_open, patience(5))
