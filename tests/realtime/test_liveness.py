"""The question whether a client is still there, asked of real connections of every kind."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from quad.realtime import Client, EngineOptions, SocketServer
from quad.realtime.http.site import Site
from tests.patience import patience
from tests.protocol.peers import SOCKET, Polling, Target, receive, websocket
from tests.realtime.serving import client_of, connected, serving, until
from tests.realtime.sessions import session_of
from tests.realtime.test_raw import house

PATIENT_MS = 10_000  # for those who answer, however slow the machine
SHORT_MS = 40  # for those who do not


def options(wait_ms: int, holds_ms: int = 2_000) -> EngineOptions:
    return EngineOptions(
        probe_timeout_ms=wait_ms, probe_loopback_timeout_ms=wait_ms, probe_holds_ms=holds_ms
    )


class Watch:
    """A server that keeps its clients."""

    def __init__(self, options: EngineOptions) -> None:
        self.server = SocketServer(options)
        self.clients: list[Client] = []
        self.server.on_connect(self.clients.append)

    @property
    def client(self) -> Client:
        (client,) = self.clients
        return client


@asynccontextmanager
async def unread(client: ClientConnection) -> AsyncIterator[None]:
    """The other end has gone dead: its kernel takes what comes, but nobody answers."""
    client.transport.pause_reading()
    yield
    client.transport.resume_reading()


@pytest.mark.parametrize("eio", [3, 4])
async def test_a_websocket_that_answers_pings_is_alive(eio: int) -> None:
    watch = Watch(options(PATIENT_MS))
    async with serving(watch.server) as target, connected(target, eio):
        began = asyncio.get_running_loop().time()
        assert await watch.client.is_alive() is True
        assert asyncio.get_running_loop().time() - began < PATIENT_MS / 2_000


@pytest.mark.parametrize("eio", [3, 4])
async def test_a_websocket_that_is_silent_is_not_alive_and_stays_open(eio: int) -> None:
    watch = Watch(options(SHORT_MS, holds_ms=1))
    async with (
        serving(watch.server) as target,
        connected(target, eio) as client,
    ):
        async with unread(client):
            assert await watch.client.is_alive() is False
            assert watch.client.is_open
        await until(lambda: watch.client.last_heard > 0)
        await client.send('42["here"]')
        watch.client.emit("said")
        assert await receive(client) == '42["said"]'


async def test_whatever_else_arrives_meanwhile_is_a_sign_of_life() -> None:
    watch = Watch(options(200))
    async with serving(watch.server) as target, connected(target) as client, unread(client):
        asked = asyncio.ensure_future(watch.client.is_alive())
        await asyncio.sleep(0)
        await client.send('42["here"]')
        assert await asked is True


async def test_what_arrived_before_the_question_is_none() -> None:
    watch = Watch(options(SHORT_MS))
    async with serving(watch.server) as target, connected(target) as client, unread(client):
        heard = watch.client.last_heard
        await client.send('42["here"]')
        await until(lambda: watch.client.last_heard > heard)
        assert await watch.client.is_alive() is False


async def test_many_who_ask_share_one_question_and_its_answer_holds() -> None:
    watch = Watch(options(PATIENT_MS, holds_ms=PATIENT_MS))
    async with serving(watch.server) as target, connected(target) as client:
        pings = 0

        class Counting(type(client.protocol)):  # type: ignore[misc]
            def recv_frame(self, frame: object) -> None:
                nonlocal pings
                pings += frame.opcode == 0x9  # type: ignore[attr-defined]
                super().recv_frame(frame)

        client.protocol.__class__ = Counting
        assert await asyncio.gather(*(watch.client.is_alive() for _ in range(50))) == [True] * 50
        assert await watch.client.is_alive() is True
        assert pings == 1


async def test_an_answer_holds_no_longer_than_it_should() -> None:
    watch = Watch(options(SHORT_MS, holds_ms=1))
    async with serving(watch.server) as target, connected(target) as client:
        while await watch.client.is_alive() is False:  # a slow machine
            pass
        await asyncio.sleep(0.002)
        async with unread(client):
            assert await watch.client.is_alive() is False


async def test_who_was_silent_and_speaks_again_is_alive_at_once() -> None:
    watch = Watch(options(SHORT_MS, holds_ms=PATIENT_MS))
    async with serving(watch.server) as target, connected(target) as client:
        async with unread(client):
            assert await watch.client.is_alive() is False
            assert await watch.client.is_alive() is False
        heard = watch.client.last_heard
        await until(lambda: watch.client.last_heard > heard)  # the Pong, late
        assert await watch.client.is_alive() is True


async def test_one_who_gives_up_asking_takes_nobodys_answer() -> None:
    watch = Watch(options(PATIENT_MS))
    async with serving(watch.server) as target, connected(target):
        hasty = asyncio.ensure_future(watch.client.is_alive())
        patient = asyncio.ensure_future(watch.client.is_alive())
        await asyncio.sleep(0)
        hasty.cancel()
        assert await patient is True


async def test_a_client_that_leaves_while_it_is_asked_is_not_alive() -> None:
    watch = Watch(options(PATIENT_MS))
    async with serving(watch.server) as target, connected(target) as client:
        client.transport.pause_reading()
        asked = asyncio.ensure_future(watch.client.is_alive())
        await asyncio.sleep(0)
        client.transport.abort()
        async with asyncio.timeout(PATIENT_MS / 2_000):
            assert await asked is False
        assert await watch.client.is_alive() is False


@pytest.mark.parametrize("eio", [3, 4])
async def test_a_poll_that_waits_is_answered_and_the_next_one_proves_life(
    http: httpx.AsyncClient, eio: int
) -> None:
    watch = Watch(options(PATIENT_MS))
    async with serving(watch.server) as target:
        session = await entered(http, target, eio)
        poll = asyncio.ensure_future(session.poll())
        await until(lambda: is_waiting(watch))
        asked = asyncio.ensure_future(watch.client.is_alive())
        assert await poll == ["6"]
        await asyncio.sleep(0.01)
        assert not asked.done()
        poll = asyncio.ensure_future(session.poll())
        assert await asked is True
        watch.client.emit("said")
        assert await poll == ['42["said"]']


@pytest.mark.parametrize("eio", [3, 4])
async def test_a_packet_proves_the_life_of_a_polling_client_too(
    http: httpx.AsyncClient, eio: int
) -> None:
    watch = Watch(options(PATIENT_MS))
    async with serving(watch.server) as target:
        session = await entered(http, target, eio)
        asked = asyncio.ensure_future(watch.client.is_alive())
        await asyncio.sleep(0)
        await session.send('42["here"]')
        assert await asked is True


async def test_a_polling_client_that_does_not_come_again_is_not_alive(
    http: httpx.AsyncClient,
) -> None:
    watch = Watch(options(SHORT_MS))
    async with serving(watch.server) as target:
        session = await entered(http, target, 4)
        poll = asyncio.ensure_future(session.poll())
        await until(lambda: is_waiting(watch))
        assert await watch.client.is_alive() is False
        assert await poll == ["6"]
        assert watch.client.is_open


@pytest.mark.parametrize("answer", ["pong", "poll", "upgrade"])
async def test_a_client_on_its_way_to_a_websocket_may_answer_there_or_by_a_poll(
    http: httpx.AsyncClient, answer: str
) -> None:
    watch = Watch(options(PATIENT_MS))
    async with serving(watch.server) as target:
        session = await entered(http, target, 4)
        async with websocket(target, SOCKET, sid=session.sid) as moving:
            await moving.send("2probe")
            assert await receive(moving) == "3probe"
            async with unread(moving) if answer != "pong" else contextlib.nullcontext():
                asked = asyncio.ensure_future(watch.client.is_alive())
                await asyncio.sleep(0)
                if answer == "poll":
                    assert await session.poll() == ["6"]
                elif answer == "upgrade":
                    await moving.send("5")
                assert await asked is True


async def test_a_client_that_went_silent_on_its_way_is_not_alive(http: httpx.AsyncClient) -> None:
    watch = Watch(options(SHORT_MS))
    async with serving(watch.server) as target:
        session = await entered(http, target, 4)
        async with websocket(target, SOCKET, sid=session.sid) as moving:
            await moving.send("2probe")
            assert await receive(moving) == "3probe"
            async with unread(moving):
                assert await watch.client.is_alive() is False


@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_a_real_client_is_alive(transport: str) -> None:
    watch = Watch(options(PATIENT_MS))
    async with serving(watch.server) as target, client_of(target, transport):
        assert await watch.client.is_alive() is True


async def test_a_raw_connection_that_answers_is_alive_and_proves_nothing_by_it() -> None:
    async with house(options(PATIENT_MS)) as it:
        _, connection = await it.enter()
        connection.follow(0)
        assert await connection.is_alive() is True
        assert it.application.proofs == []
        assert connection.last_heard > 0


async def test_a_raw_connection_that_is_silent_is_not_alive() -> None:
    async with house(options(SHORT_MS)) as it:
        socket, connection = await it.enter()
        async with unread(socket):
            assert await connection.is_alive() is False
        assert connection.is_open
        socket.transport.abort()
        with contextlib.suppress(ConnectionClosed):
            await socket.recv()
        await until(lambda: not connection.is_open)
        assert await connection.is_alive() is False


async def test_the_last_sign_of_life_is_that_of_the_last_frame_or_request(
    http: httpx.AsyncClient,
) -> None:
    watch = Watch(options(PATIENT_MS))
    async with serving(watch.server) as target:
        session = await entered(http, target, 4)
        client, heard = watch.client, watch.client.last_heard
        await session.send('42["here"]')
        assert client.last_heard > heard
        async with websocket(target, SOCKET, sid=session.sid) as moving:
            await moving.send("2probe")
            assert await receive(moving) == "3probe"
            await moving.send("5")
            await until(lambda: session_of(client).transport == "websocket")
            heard = client.last_heard
            await moving.send("3")
            await until(lambda: client.last_heard > heard)


@pytest.mark.parametrize(
    ("peer", "host", "headers", "is_near"),
    [
        ("127.0.0.1", b"127.0.0.1:8000", [], True),
        ("::1", b"localhost", [], True),
        ("192.0.2.1", b"127.0.0.1", [], False),
        ("127.0.0.1", b"quad.example.org", [], False),
        ("127.0.0.1", b"127.0.0.1", [(b"x-forwarded-for", b"127.0.0.1")], False),
        ("127.0.0.1", b"127.0.0.1", [(b"x-forwarded-proto", b"https")], False),
        ("127.0.0.1", b"127.0.0.1", [(b"forwarded", b"for=127.0.0.1")], False),
        ("127.0.0.1", b"127.0.0.1", [(b"via", b"1.1 proxy")], False),
        ("127.0.0.1", b"127.0.0.1", [(b"user-agent", b"forwarded: by nobody")], True),
    ],
)
@pytest.mark.parametrize("proxies", [(), ("127.0.0.0/8", "::1/128")])
async def test_only_a_client_on_this_machine_without_a_proxy_has_to_be_quick(
    peer: str,
    host: bytes,
    headers: list[tuple[bytes, bytes]],
    is_near: bool,
    proxies: tuple[str, ...],
) -> None:
    site = Site(trusted_proxies=tuple(map(ipaddress.ip_network, proxies)))
    request = site.request("GET", "/", b"", [(b"host", host), *headers], peer)
    assert request.handshake().is_from_this_machine is (is_near and not proxies)


async def test_a_silent_client_on_this_machine_costs_no_long_wait() -> None:
    watch = Watch(EngineOptions(probe_timeout_ms=60_000))
    async with serving(watch.server) as target, connected(target) as client, unread(client):
        async with asyncio.timeout(patience(5)):
            assert await watch.client.is_alive() is False


async def entered(http: httpx.AsyncClient, target: Target, eio: int) -> Polling:
    """A polling session in the main namespace, with no poll open and nothing to fetch."""
    session = await Polling.open(http, target, SOCKET, eio)
    if eio == 4:
        await session.send("40")
    await session.receive(1)
    return session


def is_waiting(watch: Watch) -> bool:
    polling = session_of(watch.client)._polling
    return polling is not None and polling.is_waiting
