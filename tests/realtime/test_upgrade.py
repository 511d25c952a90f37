"""Messages that flow both ways while a client moves from long-polling to a WebSocket."""

import asyncio
import json
from contextlib import AsyncExitStack

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from quad.realtime import Client, SocketServer
from tests.patience import patience
from tests.protocol.peers import SOCKET, Polling, Target, receive, websocket
from tests.realtime.memory import turn
from tests.realtime.serving import serving

COUNT = 40
Word = tuple[str, int]  # how a number is said, and the pause behind it


class Room:
    """Numbers published to everybody, and what is heard of each client."""

    def __init__(self) -> None:
        self.server = SocketServer()
        self.heard: list[int] = []
        self.clients: list[Client] = []
        self.server.on_connect(self.enter)
        self.server.on("number")(self.hear)

    def enter(self, client: Client) -> None:
        client.subscribe("all")
        self.clients.append(client)

    def hear(self, client: Client, number: int) -> None:
        self.heard.append(number)

    def say(self, number: int, way: str) -> None:
        if way == "publish":
            self.server.publish("all", "number", number)
        else:
            self.clients[-1].emit("number", number)


class Mover:
    """A client that polls until it has moved."""

    def __init__(self, session: Polling) -> None:
        self.session = session
        self.got: list[int] = []
        self.has_moved = asyncio.Event()

    def read(self, *packets: object) -> None:
        for packet in packets:
            if packet != "6":
                self.got.append(json.loads(str(packet)[2:])[1])

    async def poll(self) -> None:
        """As clients do: until a noop says that the way is free."""
        while True:
            packets = await self.session.poll()
            self.read(*packets)
            if "6" in packets:
                return

    async def move(self, target: Target, eio: int, pauses: list[int]) -> None:
        polling = asyncio.create_task(self.poll())
        await turns(pauses[0])
        async with websocket(target, SOCKET, eio, sid=self.session.sid) as socket:
            await turns(pauses[1])
            await socket.send("2probe")
            assert await receive(socket) == "3probe"
            await polling
            await turns(pauses[2])
            await socket.send("5")
            await socket.send('42["number",0]')
            self.has_moved.set()
            while len(self.got) < COUNT:
                self.read(await receive(socket))


async def turns(count: int) -> None:
    """A little while, in steps of the network."""
    for _ in range(count):
        await asyncio.sleep(0.001)


plans = st.tuples(
    st.lists(st.integers(0, 12), min_size=3, max_size=3),
    st.lists(
        st.tuples(st.sampled_from(["publish", "emit"]), st.integers(0, 3)),
        min_size=COUNT,
        max_size=COUNT,
    ),
    st.sampled_from([3, 4]),
)


def test_nothing_is_lost_and_the_order_is_kept_whenever_the_client_moves() -> None:
    room = Room()

    async def play(target: Target, pauses: list[int], words: list[Word], eio: int) -> None:
        room.heard.clear()
        async with httpx.AsyncClient(trust_env=False, verify=False) as http:
            session = await Polling.open(http, target, SOCKET, eio=eio)
            if eio == 4:
                await session.send("40")
            assert str((await session.receive(1))[0]).startswith("40")
            mover = Mover(session)
            moving = asyncio.create_task(mover.move(target, eio, pauses))
            for number, (way, pause) in enumerate(words):
                room.say(number, way)
                await turns(pause)
            await mover.has_moved.wait()
            async with asyncio.timeout(patience(5)):
                await moving
        assert mover.got == list(range(COUNT))
        assert room.heard == [0]

    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        target = runner.run(stack.enter_async_context(serving(room.server)))

        @settings(max_examples=15)
        @given(plans)
        def check(plan: tuple[list[int], list[Word], int]) -> None:
            runner.run(play(target, *plan))

        check()
        runner.run(stack.aclose())


async def test_a_topic_follows_the_client_to_its_new_transport(http: httpx.AsyncClient) -> None:
    room = Room()
    async with serving(room.server) as target:
        session = await Polling.open(http, target, SOCKET)
        await session.send("40")
        await session.receive(1)
        async with websocket(target, SOCKET, sid=session.sid) as socket:
            await socket.send("2probe")
            assert await receive(socket) == "3probe"
            assert await session.poll() == ["6"]
            room.server.publish("all", "bytes", b"\0")
            room.clients[0].emit("direct", 1)
            await turn()
            await socket.send("5")
            assert str(await receive(socket)).startswith('451-["bytes"')
            assert await receive(socket) == b"\0"
            assert await receive(socket) == '42["direct",1]'
            assert room.server.publish("all", "number", 1) == 1
            assert await receive(socket) == '42["number",1]'
            assert +room.server.counters.connections == {("websocket", "V4"): 1}
