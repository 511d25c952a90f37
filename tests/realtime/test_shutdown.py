"""The end in good order: what was queued arrives, clients are told to come again, nobody new."""

import asyncio

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from quad.realtime import Client, EngineOptions, Host, SocketServer, listen
from tests.protocol.peers import SOCKET, Polling, opened, receive
from tests.realtime.serving import connected, receive_event, serving, target, until
from tests.realtime.sessions import session_of


def make_room() -> tuple[SocketServer, list[Client]]:
    server = SocketServer()
    clients: list[Client] = []
    server.on_connect(clients.append)
    server.on_connect(lambda client: client.subscribe("all"))
    return server, clients


async def test_websockets_get_what_was_queued_and_then_a_close_that_says_restart() -> None:
    server, clients = make_room()
    reasons: list[str] = []
    server.on_disconnect(lambda client, reason: reasons.append(reason))
    async with listen(Host({SOCKET: server.engine})) as url:
        opening = [connected(target(url), eio) for eio in (4, 3, 4)]
        sockets = [await context.__aenter__() for context in opening]
        await until(lambda: len(clients) == 3)
        for number in range(100):
            server.publish("all", "number", number)
    for socket in sockets:
        assert [(await receive_event(socket))[1] for _ in range(100)] == list(range(100))
        with pytest.raises(ConnectionClosed):
            await receive(socket)
        assert (socket.close_code, socket.close_reason) == (1012, "server shutting down")
    assert reasons == ["server shutting down"] * 3
    for context in opening:
        await context.__aexit__(None, None, None)
    await server.aclose()


async def test_a_client_that_is_deaf_to_a_close_gets_what_was_queued_and_then_the_end() -> None:
    server, clients = make_room()
    async with listen(Host({SOCKET: server.engine})) as url:
        opening = connected(target(url), 3, t="1234567890-1")
        socket = await opening.__aenter__()
        await until(lambda: clients)
        server.publish("all", "last", "x" * 100_000)
    assert (await receive_event(socket))[0] == "last"
    with pytest.raises(ConnectionClosed) as closed:
        await receive(socket)
    assert closed.value.rcvd is None
    await opening.__aexit__(None, None, None)
    await server.aclose()


async def test_a_poll_that_waits_gets_what_was_queued_and_a_close(http: httpx.AsyncClient) -> None:
    server, clients = make_room()
    async with listen(Host({SOCKET: server.engine})) as url:
        session = await Polling.open(http, target(url), SOCKET)
        await session.send("40")
        await session.receive(1)
        poll = asyncio.create_task(session.poll())
        await until(lambda: clients and is_waiting(clients[0]))
        server.publish("all", "last", 1)
    assert await poll == ['42["last",1]']
    assert not clients[0].is_open
    await server.aclose()


async def test_a_poll_that_waits_with_nothing_queued_is_told_to_come_again(
    http: httpx.AsyncClient,
) -> None:
    server, clients = make_room()
    async with listen(Host({SOCKET: server.engine})) as url:
        session = await Polling.open(http, target(url), SOCKET)
        await session.send("40")
        await session.receive(1)
        poll = asyncio.create_task(session.get())
        await until(lambda: clients and is_waiting(clients[0]))
    answer = await poll
    assert (answer.status_code, answer.json()["message"]) == (503, "Shutting down")
    assert not server.engine.sessions
    await server.aclose()


async def test_who_is_between_two_polls_fetches_what_is_left_and_is_told_to_come_again(
    http: httpx.AsyncClient,
) -> None:
    server, clients = make_room()
    async with serving(server) as where:
        session = await Polling.open(http, where, SOCKET)
        other = await Polling.open(http, where, SOCKET)
        await session.send("40")
        await session.receive(1)
        server.publish("all", "last", 1)
        await server.engine.drain(0)
        assert not clients[0].is_open
        assert await session.poll() == ['42["last",1]']
        for gone in (session, other):
            assert (await gone.get()).status_code == 503
            assert (await gone.post("3")).status_code == 503


async def test_closing_who_has_too_much_unread_is_no_error(http: httpx.AsyncClient) -> None:
    server = SocketServer(EngineOptions(outbox_limit_bytes=1_000))
    clients: list[Client] = []
    server.on_connect(clients.append)
    async with serving(server) as where:
        session = await Polling.open(http, where, SOCKET)
        await session.send("40")
        clients[0].emit("long", "x" * 2_000)
        clients[0].disconnect()
        assert (await session.get()).status_code == 400
        assert server.counters.slow_readers_closed == 1


async def test_a_client_between_two_polls_fetches_the_rest_with_the_next(
    http: httpx.AsyncClient,
) -> None:
    server, clients = make_room()
    async with serving(server) as where:
        session = await Polling.open(http, where, SOCKET)
        await session.send("40")
        await session.receive(1)
        server.publish("all", "last", 1)
        clients[0].disconnect("bye")
        session_of(clients[0]).close("twice")
        assert not session_of(clients[0]).is_open
        assert await session.poll() == ['42["last",1]', "41", "1"]
        assert (await session.get()).status_code == 400


def is_waiting(client: Client) -> bool:
    polling = session_of(client)._polling
    return polling is not None and polling.is_waiting


async def test_while_draining_nobody_new_is_let_in(http: httpx.AsyncClient) -> None:
    server, _ = make_room()
    host = Host({SOCKET: server.engine})
    async with listen(host) as url:
        where = target(url)
        async with connected(where) as socket:
            await host.drain(0.0)
            answer = await http.get(where.url(SOCKET, EIO=4, transport="polling"))
            assert (answer.status_code, answer.json()["message"]) == (503, "Shutting down")
            with pytest.raises(Exception, match="503"):
                await opened(where, SOCKET).__aenter__()
            with pytest.raises(ConnectionClosed):
                await receive(socket)
    await server.aclose()


async def test_many_are_closed_over_a_while_and_not_all_at_once() -> None:
    server, clients = make_room()
    host = Host({SOCKET: server.engine})
    async with listen(host) as url:
        opening = [connected(target(url)) for _ in range(5)]
        for context in opening:
            await context.__aenter__()
        await until(lambda: len(clients) == 5)
        began = asyncio.get_running_loop().time()
        draining = asyncio.create_task(server.engine.drain(0.1))
        await until(lambda: 0 < sum(client.is_open for client in clients) < 5)
        await draining
        assert not any(client.is_open for client in clients)
        assert asyncio.get_running_loop().time() - began >= 0.07
        for context in opening:
            await context.__aexit__(None, None, None)
    await server.aclose()


async def test_an_engine_can_be_stopped_without_any_session() -> None:
    server, _ = make_room()
    async with serving(server):
        pass
    assert not server.engine.sessions
