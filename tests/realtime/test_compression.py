"""permessage-deflate: every generation gets its messages whole, compressed for each by itself."""

import asyncio
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from quad.realtime import Client, EngineOptions, SocketServer
from tests.protocol.peers import SOCKET, Polling, Target, receive, receive_many
from tests.realtime.serving import serving, until
from tests.realtime.sessions import session_of

LONG = "abcdefgh" * 20_000


async def enter(target: Target, eio: int, **query: str) -> ClientConnection:
    url = target.url(SOCKET, EIO=eio, transport="websocket", **query).replace("http", "ws", 1)
    socket = await connect(url, proxy=None, compression="deflate", max_size=None)
    assert [type(extension).__name__ for extension in socket.protocol.extensions] == [
        "PerMessageDeflate"
    ]
    assert str(await receive(socket)).startswith("0{")
    if eio == 4:
        await socket.send("40")
    assert str(await receive(socket)).startswith("40")
    return socket


def make_server() -> tuple[SocketServer, list[Client]]:
    server = SocketServer(EngineOptions(compression=True))
    clients: list[Client] = []
    server.on_connect(clients.append)
    server.on_connect(lambda client: client.subscribe("all"))

    @server.on("echo")
    def echo(client: Client, *args: Any) -> tuple[Any, ...]:
        return args

    return server, clients


PLACE = '{"_placeholder":true,"num":0}'


@pytest.mark.parametrize(
    ("eio", "query", "binary"),
    [
        pytest.param(4, {}, b"\0\1", id="V4"),
        pytest.param(3, {}, b"\4\0\1", id="V3"),
        pytest.param(3, {"b64": "1"}, "b4AAE=", id="V3 with b64"),
    ],
)
async def test_text_and_bytes_arrive_whole(
    eio: int, query: dict[str, str], binary: str | bytes
) -> None:
    server, _ = make_server()
    async with serving(server) as target:
        socket = await enter(target, eio, **query)
        server.publish("all", "long", LONG)
        server.publish("all", "bytes", b"\0\1")
        server.publish("all", "again", LONG)
        assert await receive_many(socket, 4) == [
            f'42["long","{LONG}"]',
            f'451-["bytes",{PLACE}]',
            binary,
            f'42["again","{LONG}"]',
        ]
        await socket.send(f'421["echo","{LONG}"]')
        assert await receive(socket) == f'431["{LONG}"]'
        await socket.send(f'451-2["echo",{PLACE}]')
        await socket.send(binary)
        assert await receive_many(socket, 2) == [f"461-2[{PLACE}]", binary]
        await socket.close()


async def test_it_saves_what_it_is_for() -> None:
    server, clients = make_server()
    async with serving(server) as target:
        socket = await enter(target, 4)
        session = session_of(clients[0])
        socket.transport.pause_reading()
        server.publish("all", "long", LONG * 20)  # 3 MB, over every buffer and the limit
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert session.is_open
        assert session.queued_bytes < len(LONG)
        socket.transport.resume_reading()
        assert len(await receive(socket)) > len(LONG) * 20
        await socket.close()


async def test_clients_without_it_live_beside_those_with_it(http: Any) -> None:
    server, clients = make_server()
    async with serving(server) as target:
        deflated = await enter(target, 4)
        plain = await connect(
            target.url(SOCKET, EIO=3, transport="websocket").replace("http", "ws", 1),
            proxy=None,
            compression=None,
        )
        assert await receive_many(plain, 2)
        polling = await Polling.open(http, target, SOCKET)
        await polling.send("40")
        await polling.receive(1)
        await until(lambda: len(clients) == 3)
        for number in range(20):
            server.publish("all", "number", number)
            clients[number % 3].emit("own", number)
        numbers = [f'42["number",{number}]' for number in range(20)]
        for got in (
            await receive_many(deflated, 27),
            await receive_many(plain, 27),
            await polling.receive(26),
        ):
            assert [text for text in got if "own" not in str(text)] == numbers
        await deflated.close()
        await plain.close()


async def test_an_answer_and_a_farewell_are_compressed_in_order() -> None:
    server, clients = make_server()
    server.on("bye")(lambda client: client.disconnect("bye"))
    async with serving(server) as target:
        socket = await enter(target, 4)
        await socket.send('42["bye"]')
        server.publish("all", "first", 1)
        assert await receive(socket) == '42["first",1]'
        assert await receive(socket) == "41"
        await socket.wait_closed()
        assert socket.close_reason == "bye"
        assert not clients[0].is_open
