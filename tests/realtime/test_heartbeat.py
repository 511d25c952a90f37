"""Heartbeats with short intervals: who is silent ends in time, who lives stays."""

import asyncio
import contextlib
import time

import httpx
import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

import quad.realtime.sessions.engine
from quad.realtime import Client, EngineOptions, HandshakeRefused, Session, SocketServer
from quad.realtime.http.request import Request
from quad.realtime.http.site import Site
from quad.wire.engineio import Ping
from tests.patience import patience
from tests.protocol.peers import SOCKET, Polling, expect_closed, opened, receive, websocket
from tests.realtime.serving import connected, serving, until
from tests.realtime.test_session import open_polling

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
        async with asyncio.timeout(patience(2)):
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


# --- on the clock, and not when somebody looks at it ----------------------------------------------


def poll_of(session: Session) -> Request:
    query = f"EIO={int(session.version)}&transport=polling&sid={session.sid}".encode()
    return Site().request("GET", SOCKET, query, [], "192.0.2.1")


def block_until(moment: float) -> None:
    """Keep the loop, so that none of its timers is called."""
    time.sleep(max(0.0, moment - asyncio.get_running_loop().time()) + 0.002)


@pytest.mark.parametrize("eio", [3, 4])
async def test_a_poll_that_comes_too_late_is_refused_before_the_clock_has_struck(eio: int) -> None:
    server = SocketServer(EngineOptions(ping_interval_ms=20, ping_timeout_ms=500))
    loop = asyncio.get_running_loop()
    session = open_polling(server, eio)
    opened_at = loop.time()
    if eio == 4:
        session.begin_poll()
        await until(lambda: not is_polled(session))  # by the Ping
        assert server.engine.check(poll_of(session), is_upgrade=False) is session
    block_until(opened_at + 0.52 + (0.1 if eio == 4 else 0))
    with pytest.raises(HandshakeRefused) as refused:
        server.engine.check(poll_of(session), is_upgrade=False)
    assert (refused.value.status, refused.value.code) == (400, 1)
    assert not session.is_open


async def test_a_ping_that_goes_out_late_gives_no_longer_time_to_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(quad.realtime.sessions.engine, "_TIMER_LATE_S", 10.0)
    server = SocketServer(EngineOptions(ping_interval_ms=20, ping_timeout_ms=300))
    session = open_polling(server, 4)
    opened_at = asyncio.get_running_loop().time()
    poll = session.begin_poll()
    block_until(opened_at + 0.2)
    assert await poll == [Ping()]
    block_until(opened_at + 0.32)
    with pytest.raises(HandshakeRefused):
        server.engine.check(poll_of(session), is_upgrade=False)


async def test_a_ping_that_a_busy_loop_held_up_gives_the_whole_time() -> None:
    server = SocketServer(EngineOptions(ping_interval_ms=20, ping_timeout_ms=300))
    session = open_polling(server, 4)
    opened_at = asyncio.get_running_loop().time()
    poll = session.begin_poll()
    block_until(opened_at + 0.2)
    assert await poll == [Ping()]
    block_until(opened_at + 0.34)
    assert server.engine.check(poll_of(session), is_upgrade=False) is session
    session.fail("enough")


def is_polled(session: Session) -> bool:
    return session._polling is not None and session._polling.is_waiting
