"""WebSockets of real clients, whose server is on another node than their connection."""

import asyncio
import gc
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from quad.realtime import EngineOptions, Message, Payload, RawConnection, RawServer, Refused
from tests.cluster.nodes import Cluster, cluster
from tests.patience import patience
from tests.realtime.serving import until


class Say(Payload, frozen=True, kw_only=True, tag_field="type", tag="say"):
    text: str


class Echo:
    """An application that answers with what it is told."""

    def __init__(self, options: EngineOptions | None = None) -> None:
        self.connections: list[RawConnection] = []
        self.closed_because: list[str] = []
        self.server = RawServer("test", self, options)
        self.server.on(Say, self.say)

    def say(self, connection: RawConnection, request: Say) -> None:
        connection.send(_message(request.text))

    def opened(self, connection: RawConnection) -> None:
        self.connections.append(connection)

    def closed(self, connection: RawConnection, reason: str) -> None:
        self.closed_because.append(reason)

    def proven(self, connection: RawConnection, position: int) -> None:
        pass

    def explain(
        self, connection: RawConnection, operation: str | None, refused: Refused, said: Any
    ) -> Message:
        return _message(refused.code)

    def refusal(self, error: BaseException) -> Refused | None:
        return None


def _message(content: object) -> Message:
    return Message(json.dumps(content).encode())


@asynccontextmanager
async def echoing(options: EngineOptions | None = None) -> AsyncIterator[tuple[Cluster, Echo]]:
    echo = Echo(options)
    async with cluster(raw=echo.server) as nodes:
        yield nodes, echo
    await echo.server.aclose()


@asynccontextmanager
async def entered(nodes: Cluster, **options: Any) -> AsyncIterator[ClientConnection]:
    """A client at the node that does not have the server."""
    url = nodes.edge.target.url("/raw").replace("http", "ws", 1)
    async with connect(url, proxy=None, max_size=None, close_timeout=2, **options) as connection:
        yield connection


async def test_messages_pass_both_ways_whole_and_in_order() -> None:
    async with echoing() as (nodes, echo), entered(nodes) as client:
        words = [f"word {number} " + "x" * (number * 997 % 70_000) for number in range(100)]
        for word in words:
            await client.send(json.dumps({"type": "say", "text": word}))
        assert [json.loads(await client.recv()) for _ in words] == words
        assert echo.connections[0].address == "127.0.0.1"


async def test_what_is_sent_compressed_arrives_compressed() -> None:
    async with echoing(EngineOptions(compression=True)) as (nodes, _), entered(nodes) as client:
        assert client.protocol.extensions
        await client.send(json.dumps({"type": "say", "text": "a " * 10_000}))
        assert json.loads(await client.recv()) == "a " * 10_000


async def test_pings_are_answered_both_ways() -> None:
    options = EngineOptions(ping_interval_ms=50, ping_timeout_ms=int(patience(1_000)))
    async with echoing(options) as (nodes, echo), entered(nodes) as client:
        await (await client.ping())
        (connection,) = echo.connections
        await asyncio.sleep(0.2)
        assert await connection.is_alive()


async def test_a_goodbye_of_the_client_is_answered_and_heard() -> None:
    async with echoing() as (nodes, echo):
        async with entered(nodes) as client:
            await client.close(1000)
            assert client.close_code == 1000
        await until(lambda: echo.closed_because, patience(2))
        assert len(echo.server) == 0


async def test_a_goodbye_of_the_server_comes_behind_what_it_has_sent() -> None:
    async with echoing() as (nodes, echo), entered(nodes) as client:
        echo.connections[0].send(_message("last"))
        await echo.server.drain(0)
        assert json.loads(await client.recv()) == "last"
        with pytest.raises(ConnectionClosed):
            await client.recv()
        assert client.close_code == 1012


async def test_a_client_that_vanishes_is_heard_of() -> None:
    async with echoing() as (nodes, echo), entered(nodes) as client:
        client.transport.abort()
        await until(lambda: echo.closed_because, patience(2))


async def test_a_client_that_does_not_read_is_found_and_cut() -> None:
    options = EngineOptions(outbox_limit_bytes=500_000)
    async with echoing(options) as (nodes, echo), entered(nodes, max_queue=1) as client:
        client.transport.pause_reading()
        (connection,) = echo.connections
        for _ in range(200):
            connection.send(_message("x" * 100_000))
            await asyncio.sleep(0.001)
            if echo.closed_because:
                break
        assert echo.closed_because == ["slow reader"]
        assert echo.server.counters.slow_readers_closed == 1
        client.transport.resume_reading()


async def test_a_handshake_that_is_not_valid_is_refused_by_the_home() -> None:
    async with echoing() as (nodes, _):
        with pytest.raises(InvalidStatus) as refused:
            async with entered(nodes, origin="https://elsewhere.example"):
                pass
        assert refused.value.response.status_code == 403


async def test_a_home_that_dies_cuts_its_clients() -> None:
    async with echoing() as (nodes, _), entered(nodes) as client:
        nodes.kill(nodes.home)
        with pytest.raises(ConnectionClosed):
            await client.recv()


async def test_a_tunnel_that_has_ended_is_freed_without_a_search_for_garbage() -> None:
    async with echoing() as (nodes, echo):
        gc.collect()
        gc.disable()
        try:
            async with entered(nodes) as client:
                await client.send(json.dumps({"type": "say", "text": "hello"}))
                await client.recv()
            echo.connections.clear()
            await until(lambda: echo.closed_because, patience(2))
            await asyncio.sleep(0.05)
            kinds = [type(each).__name__ for each in gc.get_objects()]
        finally:
            gc.enable()
    assert [kinds.count(name) for name in ("Lane", "Mouth", "TunnelTransport")] == [0, 0, 0]


async def test_a_thing_without_a_home_takes_no_websocket() -> None:
    async with echoing() as (nodes, _):
        nodes.edge.home = None
        with pytest.raises(InvalidStatus) as refused:
            async with entered(nodes):
                pass
        answer = refused.value.response
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


async def test_a_thing_that_is_not_at_home_any_more_or_yet_takes_no_websocket() -> None:
    async with echoing() as (nodes, echo):
        nodes.home.home = None  # of which the edge has not heard
        with pytest.raises(InvalidStatus) as refused:
            async with entered(nodes):
                pass
        answer = refused.value.response
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        assert not echo.connections
