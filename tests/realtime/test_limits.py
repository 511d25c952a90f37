"""What one client may take from all: connections, events, memory."""

import asyncio
import contextlib
import json
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from quad.realtime import Client, EngineOptions, SocketServer
from tests.protocol.peers import SOCKET, Polling, Target, receive
from tests.realtime.memory import entered, turn
from tests.realtime.serving import connected, receive_event, serving, until

KIB = 1_024


# --- events ---------------------------------------------------------------------------------------


async def test_too_many_events_are_refused_by_name_and_told_when_to_come_again() -> None:
    server = SocketServer(EngineOptions(events_per_s=0.5, events_burst=3))
    said: list[int] = []

    @server.on("say")
    def say(client: Client, number: int) -> None:
        said.append(number)

    client, other = await entered(server.engine), await entered(server.engine)
    for number in range(4):
        client.emit("say", number, id=number)
    *answers, error, refusal = await client.news()
    assert answers == ["430[]", "431[]", "432[]"]
    _, content = json.loads(str(error)[2:])
    assert content["code"] == "rate_limited"
    assert content["event"] == "say"
    assert content["limit"] == "events_per_s"
    assert 1.5 < content["retry_after_s"] <= 2
    assert f"try again in {content['retry_after_s']} s" in content["message"]
    assert json.loads(str(refusal)[3:]) == [content]
    other.emit("say", 10)
    assert said == [0, 1, 2, 10]
    assert client.session.is_open


# --- connections ----------------------------------------------------------------------------------


async def test_an_address_has_so_many_connections_and_no_more(http: httpx.AsyncClient) -> None:
    server = SocketServer(EngineOptions(connections_per_address=2))
    async with serving(server) as target:
        async with connected(target):
            polling = await Polling.open(http, target, SOCKET)
            answer = await http.get(target.url(SOCKET, EIO=4, transport="polling"))
            assert (answer.status_code, answer.json()["code"]) == (429, 4)
            assert "Too many connections" in answer.json()["message"]
            with pytest.raises(InvalidStatus) as caught:
                await connected(target).__aenter__()
            assert caught.value.response.status_code == 429
            await polling.send("1")
            async with connected(target):
                pass
        await until(lambda: not server.engine.sessions)
        assert server.counters.refused_handshakes["connections_per_address"] == 2
        async with connected(target), connected(target):
            pass


async def test_who_admits_connections_may_ask_an_address_to_wait(http: httpx.AsyncClient) -> None:
    waits = {"127.0.0.1": 2.5}
    server = SocketServer(admit=lambda address: waits.get(address, 0.0))
    async with serving(server) as target:
        answer = await http.get(target.url(SOCKET, EIO=4, transport="polling"))
        assert answer.status_code == 429
        assert "try again in 2.5 s" in answer.json()["message"]
        assert server.counters.refused_handshakes["connects_per_s"] == 1
        waits.clear()
        await Polling.open(http, target, SOCKET)


async def test_connections_are_counted_by_what_they_are(http: httpx.AsyncClient) -> None:
    server = SocketServer()
    counted = server.counters.connections
    async with serving(server) as target:
        async with connected(target, eio=3), connected(target):
            polling = await Polling.open(http, target, SOCKET)
            assert counted == {("websocket", "V3"): 1, ("websocket", "V4"): 1, ("polling", "V4"): 1}
            await polling.send("1")
        await until(lambda: not server.engine.sessions)
        assert counted.total() == 0


# --- readers that do not read ---------------------------------------------------------------------


def make_school(limit_bytes: int = 256 * KIB) -> SocketServer:
    server = SocketServer(EngineOptions(outbox_limit_bytes=limit_bytes))
    server.on_connect(lambda client: client.subscribe("all"))
    return server


def most_queued(server: SocketServer) -> int:
    return max((session.queued_bytes for session in server.engine.sessions.values()), default=0)


@asynccontextmanager
async def reader(target: Target) -> AsyncIterator[ClientConnection]:
    """A client with small buffers, which reads no more than it is asked for."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * KIB)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, (target.host, target.port))
    url = target.url(SOCKET, EIO=4, transport="websocket").replace("http", "ws", 1)
    async with connect(
        url, sock=sock, max_queue=1, compression=None, ping_interval=None, close_timeout=0.1
    ) as connection:
        await receive(connection)
        await connection.send("40")
        assert str(await receive(connection)).startswith("40")
        yield connection


async def read(connection: ClientConnection, got: list[int], count: int) -> None:
    """Add the numbers of the messages to `got`, until there are `count` or the connection ends."""
    with contextlib.suppress(ConnectionClosed):
        while len(got) < count:
            _, number, _ = await receive_event(connection)
            got.append(number)


def have(lists: list[list[int]], counts: list[int]) -> bool:
    """Whether each list has at least so many numbers."""
    return all(len(got) >= count for got, count in zip(lists, counts, strict=True))


async def test_a_stalled_websocket_is_closed_and_the_others_get_everything(
    caplog: pytest.LogCaptureFixture,
) -> None:
    count = 300
    server = make_school()
    async with AsyncExitStack() as stack:
        target = await stack.enter_async_context(serving(server))
        stalled, *others = [await stack.enter_async_context(reader(target)) for _ in range(3)]
        heard: list[list[int]] = [[], []]
        tasks = [
            asyncio.create_task(read(client, got, count))
            for client, got in zip(others, heard, strict=True)
        ]
        most = 0
        for number in range(count):
            server.publish("all", "number", number, "x" * 50 * KIB)
            await turn()
            most = max(most, most_queued(server))
            await until(partial(have, heard, [number + 1] * 2))
        await asyncio.gather(*tasks)
        assert heard == [list(range(count))] * 2
        assert server.counters.slow_readers_closed == 1
        assert len(server.engine.sessions) == 2
        assert most <= 256 * KIB
        late: list[int] = []
        await read(stalled, late, count)
        assert late == list(range(len(late)))
        assert len(late) < count
        assert stalled.close_code is not None
    closings = [record for record in caplog.records if "slow reader" in record.getMessage()]
    assert [record.levelno for record in closings] == [logging.WARNING]
    assert "websocket" in closings[0].getMessage()


async def test_a_client_that_does_not_poll_is_closed_and_the_others_get_everything(
    http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    server = make_school(64 * KIB)
    async with serving(server) as target, connected(target) as fine:
        stalled = await Polling.open(http, target, SOCKET)
        await stalled.send("40")
        most = 0
        for number in range(100):
            server.publish("all", "number", number, "x" * KIB)
            server.publish("all", "number", 100 + number, b"x" * KIB)
            await turn()
            most = max(most, most_queued(server))
        assert 60 * KIB < most <= 64 * KIB
        assert len(server.engine.sessions) == 1
        assert server.counters.slow_readers_closed == 1
        answer = await stalled.get()
        assert answer.status_code == 400
        for number in range(100):
            assert (await receive_event(fine))[1] == number
            assert str(await receive(fine)).startswith("451-")
            assert await receive(fine) == b"x" * KIB
    assert caplog.text.count("slow reader") == 1
    assert "polling" in caplog.text


COUNT = 60


@dataclass
class Behaviour:
    """Reads so many messages, and then leaves, or reads no more until everything is published."""

    stops: int
    leaves: bool
    got: list[int] = field(default_factory=list)

    async def follow(self, client: ClientConnection, is_over: asyncio.Event) -> None:
        await read(client, self.got, self.stops)
        if not self.leaves:
            await is_over.wait()
            await read(client, self.got, COUNT)
            assert len(self.got) == COUNT or client.close_code is not None


behaviours = st.lists(
    st.builds(Behaviour, st.integers(0, COUNT), st.booleans()), min_size=1, max_size=4
)
sizes = st.lists(st.sampled_from([10, KIB, 60 * KIB, 100 * KIB]), min_size=1, max_size=4)


def test_every_readers_messages_have_no_gap_whoever_stalls_or_leaves() -> None:
    """The promise, over real connections."""
    server = make_school(128 * KIB)

    async def play(target: Target, plan: list[Behaviour], sizes: list[int]) -> None:
        is_over = asyncio.Event()
        async with AsyncExitStack() as stack:
            reading = []
            for behaviour in plan:
                client = await stack.enter_async_context(reader(target))
                reading.append(asyncio.create_task(behaviour.follow(client, is_over)))
            for number in range(COUNT):
                server.publish("all", "number", number, "x" * sizes[number % len(sizes)])
                await turn()
                assert most_queued(server) <= 128 * KIB
                # Whoever reads is not to blame for a slow machine.
                counts = [min(number + 1, behaviour.stops) for behaviour in plan]
                await until(partial(have, [behaviour.got for behaviour in plan], counts))
            is_over.set()
            await asyncio.gather(*reading)
        for behaviour in plan:
            assert behaviour.got == list(range(len(behaviour.got)))
            assert len(behaviour.got) >= behaviour.stops
        await until(lambda: not server.engine.sessions)

    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        target = runner.run(stack.enter_async_context(serving(server)))

        @settings(max_examples=10)
        @example([Behaviour(0, leaves=False), Behaviour(COUNT, leaves=False)], [100 * KIB])
        @given(behaviours, sizes)
        def check(plan: list[Behaviour], sizes: list[int]) -> None:
            runner.run(play(target, plan, sizes))

        check()
        runner.run(stack.aclose())
    assert server.counters.slow_readers_closed > 0
