"""Clients whose every request comes to another node: a balancer that knows no stickiness."""

import asyncio
import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from websockets.exceptions import ConnectionClosedError

from quad.realtime import Client, EngineOptions, SocketServer
from quad.wire.engineio import Version
from tests.cluster.nodes import Cluster, balancer, cluster
from tests.patience import patience
from tests.protocol.peers import (
    SESSION_UNKNOWN,
    SOCKET,
    Polling,
    Target,
    opened,
    receive,
    websocket,
)
from tests.realtime.serving import client_of, until


def with_echo(nodes: Cluster) -> list[Client]:
    """Have every node echo; returns who is connected."""
    clients: list[Client] = []
    for node in nodes.nodes:
        node.server.on_connect(clients.append)
        node.server.on("say")(_echo)
        node.server.on("bytes")(_echo_bytes)
    return clients


def _echo(client: Client, word: str) -> str:
    client.emit("said", word)
    return word


def _echo_bytes(client: Client, data: bytes) -> bytes:
    return data[::-1]


def sessions_of(server: SocketServer) -> list[Any]:
    return list(server.engine.sessions.values())


@pytest.mark.parametrize("transports", [("polling",), ("polling", "websocket"), ("websocket",)])
async def test_a_client_of_python_socketio_needs_no_stickiness(transports: tuple[str, ...]) -> None:
    async with cluster(3) as nodes, balancer(nodes.nodes) as where:
        clients = with_echo(nodes)
        async with client_of(where, *transports) as client:
            heard: list[str] = []
            client.on("said", heard.append)
            for number in range(20):
                answer = await client.call("say", f"word {number}", timeout=patience(5))
                assert answer == f"word {number}"
            data = bytes(range(256)) * 1_000
            assert await client.call("bytes", data, timeout=patience(5)) == data[::-1]
            await until(lambda: len(heard) == 20, patience(2))
            assert heard == [f"word {number}" for number in range(20)]
            assert len(clients) == 1
            if transports != ("polling",):
                assert client.transport() == "websocket"
        await until(lambda: not any(map(sessions_of, (n.server for n in nodes.nodes))), patience(5))


async def test_many_clients_at_once_keep_their_order() -> None:
    async with cluster(3) as nodes, balancer(nodes.nodes) as where:
        with_echo(nodes)

        async def talk(name: str) -> None:
            async with client_of(where, "polling") as client:
                words = [f"{name}{number}" for number in range(10)]
                said = asyncio.Queue[str]()
                client.on("said", said.put_nowait)
                for word in words:
                    await client.emit("say", word)
                assert [await said.get() for _ in words] == words

        async with asyncio.timeout(patience(15)):
            await asyncio.gather(*(talk(name) for name in "abcdef"))


class Alternating:
    """A long-polling session whose requests go to one node after another."""

    def __init__(self, session: Polling, targets: list[Target]) -> None:
        self._session = session
        self._targets = targets

    def next(self) -> Polling:
        self._targets.append(self._targets.pop(0))
        self._session.target = self._targets[0]
        return self._session


@pytest.mark.parametrize("eio", [3, 4])
async def test_a_session_is_polled_and_posted_to_over_every_node(
    http: httpx.AsyncClient, eio: int
) -> None:
    async with cluster(3) as nodes:
        with_echo(nodes)
        targets = [node.target for node in nodes.nodes]
        session = await Polling.open(http, targets[0], SOCKET, eio)
        turns = Alternating(session, targets)
        if eio == 4:
            await turns.next().send("40")
        assert str((await turns.next().receive(1))[0]).startswith("40")
        for number in range(6):
            await turns.next().send(f'42["say","{number}"]')
            assert await turns.next().receive(1) == [f'42["said","{number}"]']


async def test_a_script_of_jsonp_is_answered_over_another_node(http: httpx.AsyncClient) -> None:
    async with cluster() as nodes:
        with_echo(nodes)
        opening = await http.get(nodes.home.target.url(SOCKET, EIO=3, transport="polling", j=0))
        sid = json.loads(json.loads(opening.text[len("___eio[0](") : -2]).partition(":0")[2])["sid"]
        url = nodes.edge.target.url(SOCKET, EIO=3, transport="polling", j=1, sid=sid)
        assert (await http.get(url)).text == '___eio[1]("2:40");'
        packet = '42["say","\\"quoted\\""]'
        form = "d=" + quote(f"{len(packet)}:{packet}")
        posted = await http.post(
            url, content=form, headers={"content-type": "application/x-www-form-urlencoded"}
        )
        assert (posted.status_code, posted.text) == (200, "ok")
        said = await http.get(url)
        assert said.headers["content-type"].startswith("text/javascript")
        assert "quoted" in said.text


@pytest.mark.parametrize("version", list(Version))
async def test_an_aborted_poll_means_what_it_means_at_home(
    http: httpx.AsyncClient, version: Version
) -> None:
    eio = int(version)
    async with cluster() as nodes:
        with_echo(nodes)
        session = await Polling.open(http, nodes.home.target, SOCKET, eio)
        if eio == 4:
            await session.send("40")
        await session.receive(1)
        session.target = nodes.edge.target
        poll = asyncio.create_task(session.get())
        (known,) = sessions_of(nodes.home.server)
        await until(lambda: known._polling is not None and known._polling.is_waiting, patience(2))
        poll.cancel()
        await asyncio.gather(poll, return_exceptions=True)
        if version is Version.V4:
            await until(lambda: not known.is_open, patience(2))
        else:
            await until(lambda: not known._polling.is_waiting, patience(2))
            assert known.is_open
            await session.send('42["say","still there"]')
            assert await session.receive(1) == ['42["said","still there"]']


async def test_a_second_poll_ends_the_session_over_two_nodes_as_well(
    http: httpx.AsyncClient,
) -> None:
    async with cluster() as nodes:
        with_echo(nodes)
        session = await Polling.open(http, nodes.home.target, SOCKET)
        await session.send("40")
        await session.receive(1)
        first = asyncio.create_task(session.get())
        (known,) = sessions_of(nodes.home.server)
        await until(lambda: known._polling.is_waiting, patience(2))
        session.target = nodes.edge.target
        assert (await session.get()).status_code == 400
        assert (await first).status_code == 200


async def test_a_body_that_is_too_large_is_413_and_ends_the_session(
    http: httpx.AsyncClient,
) -> None:
    async with cluster(options=EngineOptions(max_payload_bytes=100_000)) as nodes:
        session = await Polling.open(http, nodes.home.target, SOCKET)
        await session.send("40")
        session.target = nodes.edge.target
        assert (await session.post("4" + "x" * 100_000)).status_code == 413
        await session.expect_ended(patience(2))


async def test_a_session_of_a_dead_node_is_unknown(http: httpx.AsyncClient) -> None:
    async with cluster() as nodes:
        session = await Polling.open(http, nodes.home.target, SOCKET)
        nodes.kill(nodes.home)
        session.target = nodes.edge.target
        answer = await session.get()
        assert (answer.status_code, answer.text) == (400, SESSION_UNKNOWN)


async def test_a_poll_that_waits_when_its_node_dies_is_told_to_come_again(
    http: httpx.AsyncClient,
) -> None:
    async with cluster() as nodes:
        session = await Polling.open(http, nodes.home.target, SOCKET)
        session.target = nodes.edge.target
        await session.send("40")
        await session.receive(1)
        poll = asyncio.create_task(session.get())
        (known,) = sessions_of(nodes.home.server)
        await until(lambda: known._polling.is_waiting, patience(2))
        nodes.kill(nodes.home)
        assert (await poll).status_code == 503
        await session.expect_ended(patience(2))


async def test_a_websocket_is_cut_with_the_node_of_its_session(http: httpx.AsyncClient) -> None:
    async with cluster() as nodes:
        with_echo(nodes)
        session = await Polling.open(http, nodes.home.target, SOCKET)
        await session.send("40")
        await session.receive(1)
        async with websocket(nodes.edge.target, SOCKET, sid=session.sid) as upgrade:
            await upgrade.send("2probe")
            assert await upgrade.recv() == "3probe"
            await upgrade.send("5")
            await upgrade.send('42["say","moved"]')
            assert await upgrade.recv() == '42["said","moved"]'
            nodes.kill(nodes.home)
            with pytest.raises(ConnectionClosedError):
                await upgrade.recv()


async def test_an_upgrade_of_an_unknown_session_is_refused_here(http: httpx.AsyncClient) -> None:
    async with cluster() as nodes:
        offer = {
            "connection": "Upgrade",
            "upgrade": "websocket",
            "sec-websocket-version": "13",
            "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        }
        url = nodes.edge.target.url(SOCKET, EIO=4, transport="websocket", sid="AAAAnobody")
        answer = await http.get(url, headers=offer)
        assert (answer.status_code, answer.text) == (400, SESSION_UNKNOWN)


async def test_new_sessions_are_of_the_node_they_come_to() -> None:
    async with cluster() as nodes:
        for node in nodes.nodes:
            async with opened(node.target, SOCKET) as connection:
                await connection.send("40")
                assert str(await receive(connection)).startswith("40")
                assert len(sessions_of(node.server)) == 1
