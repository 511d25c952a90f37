"""Heartbeats with short intervals: who is silent ends in time, who lives stays."""

import asyncio
import contextlib

import httpx
import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from quad.realtime import Client, EngineOptions, SocketServer
from tests.protocol.peers import SOCKET, Polling, expect_closed, opened, receive, websocket
from tests.realtime.serving import connected, serving, until

INTERVAL_S = 0.08
SHORT_S = 0.06  # to answer, for those who will not
LONG_S = 1.0  # for those who will, however slow the machine


class Watch:
    """A server with a quick heart, and the farewells that it says."""

    def __init__(self, timeout_s: float) -> None:
        options = EngineOptions(
            ping_interval_ms=round(INTERVAL_S * 1000),
            ping_timeout_ms=round(timeout_s * 1000),
            connect_timeout_ms=150,
            upgrade_timeout_ms=100,
        )
        self.server = SocketServer(options)
        self.reasons: list[str] = []
        self.server.on_disconnect(self.farewell)

    def farewell(self, client: Client, reason: str) -> None:
        self.reasons.append(reason)


async def test_who_answers_pings_stays() -> None:
    watch = Watch(LONG_S)
    async with serving(watch.server) as target, connected(target) as client:
        loop = asyncio.get_running_loop()
        began = loop.time()
        for _ in range(4):
            assert await receive(client) == "2"
            await client.send("3")
        assert loop.time() - began >= 4 * INTERVAL_S * 0.9
        assert watch.reasons == []


async def test_who_does_not_answer_ends_in_time() -> None:
    watch = Watch(SHORT_S)
    async with serving(watch.server) as target, connected(target) as client:
        await expect_closed(client, allowed=["2"])
        assert watch.reasons == ["ping timeout"]
        assert not watch.server.engine.sessions


async def test_a_polling_client_that_does_not_answer_ends_too(http: httpx.AsyncClient) -> None:
    watch = Watch(SHORT_S)
    async with serving(watch.server) as target:
        session = await Polling.open(http, target, SOCKET)
        await session.send("40")
        await session.receive(1)
        assert await session.poll() == ["2"]
        await until(lambda: watch.reasons)
        assert watch.reasons == ["ping timeout"]
        assert (await session.get()).status_code == 400


async def test_a_polling_client_that_answers_stays(http: httpx.AsyncClient) -> None:
    watch = Watch(LONG_S)
    async with serving(watch.server) as target:
        session = await Polling.open(http, target, SOCKET)
        await session.send("40")
        await session.receive(1)
        for _ in range(3):
            assert await session.poll() == ["2"]
            await session.send("3")
        assert watch.reasons == []


@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_a_version_3_client_that_is_silent_ends(
    http: httpx.AsyncClient, transport: str
) -> None:
    watch = Watch(SHORT_S)
    async with serving(watch.server) as target:
        if transport == "polling":
            await Polling.open(http, target, SOCKET, eio=3)
            await until(lambda: watch.reasons)
        else:
            async with connected(target, eio=3) as client:
                await expect_closed(client)
        assert watch.reasons == ["ping timeout"]


async def test_whatever_a_version_3_client_sends_shows_that_it_lives(
    http: httpx.AsyncClient,
) -> None:
    watch = Watch(LONG_S)
    async with serving(watch.server) as target, connected(target, eio=3) as client:
        for packet in ("2", '42["anything"]', "2alive"):
            await asyncio.sleep(0.4 * (INTERVAL_S + LONG_S))
            await client.send(packet)
            if packet.startswith("2"):
                assert await receive(client) == packet.replace("2", "3", 1)
        assert watch.reasons == []


async def test_who_never_connects_is_closed() -> None:
    watch = Watch(LONG_S)
    async with serving(watch.server) as target, opened(target, SOCKET) as client:
        async with asyncio.timeout(2):
            await answer_pings(client)
        assert client.close_reason == "no CONNECT in time"
        assert watch.reasons == []


async def answer_pings(client: ClientConnection) -> None:
    with contextlib.suppress(ConnectionClosed):
        while await client.recv() == "2":
            await client.send("3")


async def test_an_upgrade_that_does_not_come_leaves_the_session_to_polling(
    http: httpx.AsyncClient,
) -> None:
    watch = Watch(LONG_S)
    async with serving(watch.server) as target:
        session = await Polling.open(http, target, SOCKET, eio=3)
        assert await session.receive(1) == ["40"]
        async with websocket(target, SOCKET, 3, sid=session.sid) as probe:
            await session.send("2")
            await expect_closed(probe)
        await session.send("2")
        assert "3" in await session.poll()
