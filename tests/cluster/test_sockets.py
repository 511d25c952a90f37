"""Raw WebSockets of real clients, whose home moves from node to node: they do not notice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import msgspec
import pytest
import uvloop
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode

from quad.bus.links import Channel
from quad.cluster.events import Events
from quad.cluster.handover import Handover
from quad.cluster.member import Channeled
from quad.cluster.shards import shard_of
from quad.cluster.sockets import Sockets
from quad.realtime import (
    EngineOptions,
    Message,
    MovedConnection,
    Payload,
    RawConnection,
    RawServer,
    Refused,
    Socket,
)
from tests.cluster.halls import Owners
from tests.cluster.nodes import FIRST, Cluster, Node, cluster
from tests.patience import patience
from tests.realtime.serving import until

KEY = "campus"
SHARDS = frozenset({shard_of(KEY)})
HOME, EDGE, OTHER = FIRST, FIRST + 1, FIRST + 2


class Say(Payload, frozen=True, kw_only=True, tag_field="type", tag="say"):
    text: str


class Wait(Payload, frozen=True, kw_only=True, tag_field="type", tag="wait"):
    """Until what was told so far is proven."""


class Hall:
    """One node's part: whoever is connected hears what anybody says, with a number."""

    key = KEY

    def __init__(self, options: EngineOptions) -> None:
        self.server = RawServer("hall", self, options)
        self.server.on(Say, self.say)
        self.server.on(Wait, self.wait)
        self.proofs: list[int] = []
        self.closed_because: list[str] = []
        self.gone = 0
        self.follows = True
        self.gate: asyncio.Event | None = None
        self.told = 0

    async def say(self, _: RawConnection, request: Say) -> None:
        if self.gate is not None:
            await self.gate.wait()
        self.tell(request.text)

    def tell(self, text: str) -> None:
        self.told = self.server.position = self.told + 1
        self.server.publish("all", Message(json.dumps([self.told, text]).encode()))

    async def wait(self, connection: RawConnection, _: Wait) -> None:
        self.tell("wait")
        await asyncio.sleep(0)  # until it is written
        await connection.proof()

    def opened(self, connection: RawConnection) -> None:
        if self.follows:
            connection.follow(self.told)
        connection.subscribe("all")

    def closed(self, _: RawConnection, reason: str) -> None:
        self.closed_because.append(reason)

    def proven(self, _: RawConnection, position: int) -> None:
        self.proofs.append(position)

    def explain(self, _: RawConnection, _name: str | None, refused: Refused, _said: Any) -> Message:
        return Message(refused.code.encode())

    def refusal(self, _: BaseException) -> Refused | None:
        return None

    # What moves: see `RawRules`

    def suspend(self) -> None:
        self.server.suspend()

    @property
    def is_at_work(self) -> bool:
        return self.server.is_at_work

    def give_up(self) -> list[tuple[Socket, Any]]:
        given = self.server.give_up()
        return [(socket, (moved, self.told)) for _, socket, moved in given]

    def take_up(self, socket: Socket | None, seat: object) -> None:
        moved, told = msgspec.convert(seat, tuple[MovedConnection, int])
        self.told = self.server.position = max(self.told, told)
        if socket is None:
            self.gone += 1
        else:
            self.server.take_up(socket, moved).subscribe("all")

    def resume(self) -> None:
        self.server.resume()


class Town:
    """Three nodes, the first of which is the home."""

    def __init__(self, nodes: Cluster, halls: dict[int, Hall], parts: dict[int, Handover]) -> None:
        self.nodes = {node.number: node for node in nodes.nodes}
        self.cluster = nodes
        self.halls = halls
        self.parts = parts
        self.home = HOME

    async def hold(self, taker: int) -> bool:
        return await self.parts[self.home].hold(taker, SHARDS)

    def give_up(self) -> None:
        self._lies_at(None)
        self.parts[self.home].give_up(SHARDS)

    async def take_up(self, taker: int) -> None:
        self.parts[self.home].pass_on(taker, SHARDS)
        await self.parts[taker].take_up(SHARDS)
        self._lies_at(taker)
        self.home = taker
        self.parts[taker].opened(SHARDS)

    async def move(self, taker: int) -> None:
        """What the membership does."""
        assert await self.hold(taker)
        self.give_up()
        await self.take_up(taker)

    @asynccontextmanager
    async def client(self, node: int, **options: Any) -> AsyncIterator[ClientConnection]:
        url = self.nodes[node].target.url("/raw").replace("http", "ws", 1)
        options = {"compression": None, "max_size": None, "close_timeout": 2, **options}
        async with connect(url, proxy=None, **options) as connection:
            yield connection

    def _lies_at(self, home: int | None) -> None:
        for node in self.nodes.values():
            node.home = home


@asynccontextmanager
async def town(**options: Any) -> AsyncIterator[Town]:
    halls = {number: Hall(EngineOptions(**options)) for number in (HOME, EDGE, OTHER)}
    parts: dict[int, Handover] = {}
    events: list[Events] = []

    def prepare(node: Node) -> None:
        streams = Channeled(node.links, Channel.EVENTS)
        of_node = Events(node.server, Owners(node.number, {}), {}, streams)
        sockets = Sockets(node.tunnels, [halls[node.number]])

        def others() -> list[int]:
            return [number for number in halls if number != node.number]

        part = Handover(node.number, of_node, {}, sockets, others, streams.send)
        part._barrier_s = patience(2)
        of_node.on_handover = part.received
        node.links.on(Channel.EVENTS, of_node.received, part.reset)
        parts[node.number] = part
        events.append(of_node)

    raws = [hall.server for hall in halls.values()]
    async with cluster(3, raw=raws, prepare=prepare) as nodes:
        yield Town(nodes, halls, parts)
    for each in events:
        await each.aclose()
    for hall in halls.values():
        await hall.server.aclose()


def frame(text: str) -> bytes:
    return Frame(Opcode.TEXT, json.dumps({"type": "say", "text": text}).encode()).serialize(
        mask=True
    )


async def say(client: ClientConnection, text: str) -> None:
    await client.send(json.dumps({"type": "say", "text": text}))


async def hear(client: ClientConnection, count: int) -> list[str]:
    """The next texts, whose numbers leave nothing out."""
    async with asyncio.timeout(patience(5)):
        heard = [json.loads(await client.recv()) for _ in range(count)]
    numbers = [number for number, _ in heard]
    assert numbers == list(range(numbers[0], numbers[0] + count))
    return [text for _, text in heard]


async def test_under_way_from_node_to_node_everybody_hears_all_of_it_once_and_in_one_order() -> (
    None
):
    async with (
        town() as here,
        here.client(HOME) as a,
        here.client(EDGE) as b,
        here.client(OTHER) as c,
    ):
        clients = {"a": a, "b": b, "c": c}
        is_over = asyncio.Event()
        said = dict.fromkeys(clients, 0)

        async def talk(name: str) -> None:
            while not is_over.is_set():
                said[name] += 1
                await say(clients[name], f"{name}{said[name]}")
                await asyncio.sleep(0)

        talking = [asyncio.create_task(talk(name)) for name in clients]
        # Each has a connection of its own node, one that was, and one that never was.
        for home in (EDGE, OTHER, HOME, OTHER):
            await asyncio.sleep(0.05)
            await here.move(home)
        is_over.set()
        await asyncio.gather(*talking)
        count = sum(said.values())
        heard = [await hear(client, count) for client in clients.values()]
        assert heard[0] == heard[1] == heard[2]
        for name, words in said.items():
            own = [text for text in heard[0] if text.startswith(name)]
            assert own == [f"{name}{word + 1}" for word in range(words)]
        # And what was heard is proven at the last home.
        await until(lambda: here.halls[OTHER].proofs[-1:] == [count], patience(5))
        assert sum(len(hall.server) for hall in here.halls.values()) == 3
        assert not any(hall.closed_because for hall in here.halls.values())


async def test_what_is_half_said_is_heard_whole_at_the_new_home() -> None:
    async with town() as here, AsyncExitStack() as stack:
        here.halls[HOME].follows = False  # or there were a Pong between the halves
        a, b = [await stack.enter_async_context(here.client(node)) for node in (HOME, EDGE)]
        halves = frame("one"), frame("two")
        for client, half in zip((a, b), halves, strict=True):
            client.transport.write(frame("whole") + half[:9])
        for client in (a, b):
            assert await hear(client, 2) == ["whole", "whole"]
        await here.move(EDGE)
        for client, half in zip((a, b), halves, strict=True):
            client.transport.write(half[9:])
        for client in (a, b):
            assert sorted(await hear(client, 2)) == ["one", "two"]


async def test_a_ping_under_way_is_answered_at_the_new_home() -> None:
    async with town() as here, here.client(OTHER, max_queue=1) as client:
        client.transport.pause_reading()
        here.halls[HOME].tell("hello")
        await asyncio.sleep(0.05)
        assert here.halls[HOME].proofs == []
        await here.move(EDGE)
        client.transport.resume_reading()
        await until(lambda: here.halls[EDGE].proofs == [1], patience(5))
        assert await hear(client, 1) == ["hello"]


async def test_what_a_slow_reader_has_not_read_comes_before_what_is_new() -> None:
    async with town(outbox_limit_bytes=50_000_000) as here, here.client(EDGE, max_queue=1) as b:
        b.transport.pause_reading()
        (connection,) = here.halls[HOME].server.connections
        count = 0
        while connection.queued_bytes < 250_000:  # more than its tunnel takes, and may yet move
            count += 1
            here.halls[HOME].tell(f"{count} " + "x" * 4_000)
            await asyncio.sleep(0)
        await here.move(OTHER)
        here.halls[OTHER].tell("new")
        b.transport.resume_reading()
        heard = await hear(b, count + 1)
        assert [text.split(" ")[0] for text in heard[:-1]] == [str(n + 1) for n in range(count)]
        assert heard[-1] == "new"


@pytest.mark.parametrize("why", ["unread", "fragments", "proof"])
async def test_who_cannot_move_is_sent_away_and_the_others_stay(why: str) -> None:
    async with (
        town(outbox_limit_bytes=50_000_000) as here,
        here.client(EDGE, max_queue=1) as moving,
        here.client(EDGE) as other,
    ):
        home = here.halls[HOME]
        if why == "unread":
            moving.transport.pause_reading()
            for _ in range(120):
                home.tell("x" * 100_000)
                await hear(other, 1)
        elif why == "fragments":
            text = json.dumps({"type": "say", "text": "in parts"})
            await moving.send([text[:5], text[5:]])
            assert await hear(moving, 1) == ["in parts"]
            await hear(other, 1)
        else:
            moving.transport.pause_reading()
            await moving.send(json.dumps({"type": "wait"}))
            assert await hear(other, 1) == ["wait"]
        await here.move(OTHER)
        moving.transport.resume_reading()
        async with asyncio.timeout(patience(5)):
            with suppress(ConnectionClosed):
                async for _ in moving:
                    pass
        assert moving.close_code == (1006 if why == "unread" else 1012)
        assert len(home.closed_because) == 1
        await say(other, "still here")
        assert await hear(other, 1) == ["still here"]


async def test_whoever_leaves_meanwhile_has_left_at_the_new_home() -> None:
    async with (
        town() as here,
        here.client(EDGE) as b,
        here.client(HOME) as a,
        here.client(OTHER) as c,
        here.client(EDGE) as known,
    ):
        assert await here.hold(OTHER)
        here.give_up()
        for client in (a, b, c):
            client.transport.abort()
        # Nobody reads meanwhile, and so nobody sees that; of one it is known.
        await say(known, "the last word")
        mouths = here.nodes[EDGE].tunnels._mouths()
        mouths[-1]._transport.abort()
        await asyncio.sleep(0.05)
        await here.take_up(OTHER)
        other = here.halls[OTHER]
        await until(lambda: len(other.closed_because) == 3, patience(5))
        assert other.gone == 1
        assert len(other.server) == 0


async def test_what_takes_too_long_stays_and_everybody_is_heard_again() -> None:
    async with town() as here, here.client(EDGE) as b, here.client(HOME) as a:
        home = here.halls[HOME]
        home.gate = asyncio.Event()
        await say(b, "slow")
        await until(lambda: home.is_at_work, patience(2))
        here.parts[HOME]._barrier_s = 0.1
        holding = asyncio.create_task(here.hold(OTHER))
        await asyncio.sleep(0.02)
        await say(b, "held by its edge")
        await say(a, "held by its home")
        assert not await holding
        home.gate.set()
        assert sorted(await hear(a, 3)) == ["held by its edge", "held by its home", "slow"]
        await hear(b, 3)


async def test_what_could_not_be_passed_on_sends_its_clients_back() -> None:
    async with town() as here, here.client(EDGE) as b, here.client(HOME) as a:
        assert await here.hold(OTHER)
        here.give_up()
        here.parts[HOME].send_away()
        for client in (a, b):
            with pytest.raises(ConnectionClosed):
                await client.recv()


async def test_if_the_old_home_dies_behind_its_last_word_clients_come_back() -> None:
    async with town() as here, here.client(EDGE) as b, here.client(OTHER) as c:
        assert await here.hold(OTHER)
        here.give_up()
        seats = here.parts[HOME]._sockets.pass_on(HOME)
        assert len(seats) == 2
        for number in (EDGE, OTHER):  # they hear CLOSE, and nobody hears SEATS
            here.nodes[number].tunnels.move(SHARDS, HOME, None if number == OTHER else OTHER)
        await asyncio.sleep(0.05)
        here.cluster.kill(here.nodes[HOME])
        await here.parts[OTHER].take_up(SHARDS)
        for client in (b, c):
            with pytest.raises(ConnectionClosed):
                await client.recv()
        assert not here.nodes[OTHER].tunnels._arrived


async def test_nobody_new_is_let_in_meanwhile() -> None:
    async with town() as here:
        assert await here.hold(OTHER)
        for node in (HOME, EDGE):
            with pytest.raises(InvalidStatus) as refused:
                async with here.client(node):
                    pass
            assert refused.value.response.status_code == 503
        here.give_up()
        await here.take_up(OTHER)
        for node in (HOME, EDGE, OTHER):
            async with here.client(node) as client:
                await say(client, "hello")
                assert await hear(client, 1) == ["hello"]


@pytest.mark.parametrize(
    "test",
    [
        test_under_way_from_node_to_node_everybody_hears_all_of_it_once_and_in_one_order,
        test_what_a_slow_reader_has_not_read_comes_before_what_is_new,
        test_whoever_leaves_meanwhile_has_left_at_the_new_home,
    ],
    ids=lambda test: test.__name__,
)
def test_the_same_holds_on_the_loop_of_the_server(test: Any) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(test())
