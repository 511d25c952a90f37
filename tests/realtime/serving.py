"""A real server in this very process, and what real clients need to know of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import socketio
from websockets.asyncio.client import ClientConnection

from quad.realtime import Host, Site, SocketServer, listen
from tests.patience import patience
from tests.protocol.peers import SOCKET, Target, opened, receive


@asynccontextmanager
async def serving(
    server: SocketServer,
    *,
    site: Site | None = None,
    handshake_timeout_s: float = 10.0,
    body_bytes_per_s: float = 500.0,
    application: Callable[[Any, Any, Any], Awaitable[None]] | None = None,
) -> AsyncIterator[Target]:
    """Serve at /socket.io/ on a free port; everything of the server has ended afterwards."""
    host = Host(
        {SOCKET: server.engine},
        application,
        site=site,
        door=server.engine.door,
        vital_paths=frozenset({"/health"}),
    )
    listening = listen(
        host, handshake_timeout_s=handshake_timeout_s, body_bytes_per_s=body_bytes_per_s
    )
    async with listening as url:
        yield target(url)
    await server.aclose()


def target(url: str) -> Target:
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    return Target(parts.hostname, parts.port)


@asynccontextmanager
async def client_of(
    target: Target, *transports: str, auth: dict[str, Any] | None = None, namespace: str = "/"
) -> AsyncIterator[socketio.AsyncClient]:
    """A connected client of python-socketio, which does not come back by itself."""
    client = socketio.AsyncClient(reconnection=False)
    await client.connect(
        f"http://{target.host}:{target.port}",
        transports=list(transports or ("websocket",)),
        auth=auth,
        namespaces=[namespace],
        wait_timeout=patience(1),
    )
    loops = [client.eio.read_loop_task, client.eio.write_loop_task]
    try:
        yield client
    finally:
        await client.disconnect()
        # Sent away between two polls, the library waits half a minute for something to send.
        for task in filter(None, loops):
            task.cancel()
        await asyncio.gather(*filter(None, loops), return_exceptions=True)
        http = client.eio.http
        if http is not None and not http.closed:
            await http.close()


@asynccontextmanager
async def connected(
    target: Target, eio: int = 4, **query: str | int
) -> AsyncIterator[ClientConnection]:
    """A WebSocket that has entered the main namespace."""
    async with opened(target, SOCKET, eio, **query) as connection:
        if eio == 4:
            await connection.send("40")
        assert str(await receive(connection)).startswith("40")
        yield connection


async def receive_event(connection: ClientConnection, within_s: float = 5.0) -> list[Any]:
    """Name and arguments of the next message, which has to be an event."""
    message = await receive(connection, within_s)
    assert isinstance(message, str)
    assert message.startswith("42"), message
    event: list[Any] = json.loads(message[2:])
    return event


async def until(condition: Callable[[], object], within_s: float = 5.0) -> None:
    """Let others run until the condition holds."""
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.002)
