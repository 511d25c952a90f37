"""Alert and a classroom on one server in this process, and people with python-socketio."""

import asyncio
import contextlib
import ipaddress
import sqlite3
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import httpx
import socketio
from litestar import Litestar

from quad.alert import AlertSystem
from quad.classroom.events import register as register_classroom
from quad.classroom.service import ClassroomService
from quad.identity import Keys
from quad.realtime import Client, Host, Site, SocketServer, listen
from quad.realtime.http.host import Application
from quad.settings import AlertSettings, ClassroomSettings, ServerSettings, Settings
from quad.store import Store
from tests import nodes
from tests.patience import patience

PATIENCE_S = patience(5.0)
KEYS = Keys("k" * 43)
HERE = ipaddress.ip_network("127.0.0.1")

Heard = tuple[str, Any]


class Guest:
    """One python-socketio client; what it hears is kept in order until somebody takes it."""

    def __init__(self) -> None:
        self.heard: deque[Heard] = deque()
        self._arrival = asyncio.Event()
        self._socket = socketio.AsyncClient(reconnection=False)
        self._socket.on("*", self._hear)

    async def connect(self, url: str, headers: dict[str, str]) -> None:
        await self._socket.connect(
            url, headers=headers, transports=["websocket"], wait_timeout=patience(1)
        )

    async def emit(self, event: str, payload: object = None) -> None:
        await self._socket.emit(event, {} if payload is None else payload)

    async def call(self, event: str, payload: object = None) -> Any:
        """Emit and return the acknowledgement."""
        return await self._socket.call(
            event, {} if payload is None else payload, timeout=patience(5)
        )

    async def join(self, name: str, room: str) -> Any:
        """Enter without a browser."""
        return await self.call("joined", {"name": name, "room": room, "headless": True})

    async def say(self, text: str) -> Any:
        return await self.call("text", {"msg": text, "name": "ignored", "headless": True})

    async def leave(self) -> Any:
        return await self.call("left", {"headless": True})

    async def take(self) -> list[Heard]:
        """Everything heard since it was last taken."""
        await self.call("test/settle")
        heard = list(self.heard)
        self.heard.clear()
        return heard

    async def texts(self) -> list[str]:
        """The same, only what people see."""
        return [payload["msg"] for _, payload in await self.take()]

    async def expect(self, event: str) -> Any:
        """Take what was heard up to the next event of this name, and return its payload."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                while self.heard:
                    name, payload = self.heard.popleft()
                    if name == event:
                        return payload
                self._arrival.clear()
                await self._arrival.wait()

    async def drop(self) -> None:
        """The connection is gone without a word of Socket.IO."""
        await self._socket.eio.ws.close()
        await self._socket.eio.wait()

    async def close(self) -> None:
        await self._socket.disconnect()
        await self._socket.eio.wait()

    async def _hear(self, event: str, payload: Any) -> None:
        self.heard.append((event, payload))
        self._arrival.set()


class Hall:
    """A running server."""

    def __init__(self, url: str, alert: AlertSystem, store: Store) -> None:
        self.url = url
        self.alert = alert
        self.store = store
        self._guests: list[Guest] = []

    async def guest(self, cookie: str | None = None) -> Guest:
        """Connect."""
        guest = Guest()
        await guest.connect(self.url, {"Cookie": cookie} if cookie else {})
        self._guests.append(guest)
        return guest

    async def member(self, name: str, room: str) -> Guest:
        """Connect, join, and have heard what comes of it."""
        guest = await self.guest()
        await guest.join(name, room)
        await guest.take()
        return guest

    def browser(self, **headers: str) -> httpx.AsyncClient:
        """Something that speaks HTTP and keeps cookies."""
        return httpx.AsyncClient(base_url=self.url, headers=headers)

    @property
    def connections(self) -> int:
        """How many connections are in rooms."""
        return len(self.alert.service.presence)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                await asyncio.sleep(0.002)

    async def drop(self, guest: Guest) -> None:
        """End a connection, and return when the server has noticed."""
        before = self.connections
        await guest.drop()
        await self.until(lambda: self.connections == before - 1)

    async def close_guests(self) -> None:
        for guest in self._guests:
            await guest.close()


@contextlib.asynccontextmanager
async def open_hall(
    database: Path, settings: AlertSettings, *, is_limited: bool = True, port: int = 0
) -> AsyncIterator[Hall]:
    """Serve alert, and a classroom beside it, from a database file while the block runs."""
    if nodes.COUNT:
        async with _hall_of_nodes(database, settings, is_limited, port) as hall:
            yield hall
        return
    async with (
        contextlib.aclosing(await Store.open(f"sqlite+aiosqlite:///{database}")) as store,
        serve_hall(store, settings, is_limited=is_limited, port=port) as hall,
    ):
        yield hall


@contextlib.asynccontextmanager
async def _hall_of_nodes(
    database: Path, settings: AlertSettings, is_limited: bool, port: int
) -> AsyncIterator[Hall]:
    whole = Settings(server=ServerSettings(trusted_proxies=(str(HERE),)), alert=settings)
    with nodes.opened(database, whole, limits=is_limited, port=port) as served:
        hall = Hall(served.url, nodes.beyond("alert"), nodes.beyond("store"))
        try:
            yield hall
        finally:
            await hall.close_guests()


@contextlib.asynccontextmanager
async def serve_hall(
    store: Store, settings: AlertSettings, *, is_limited: bool, port: int
) -> AsyncIterator[Hall]:
    server, site = SocketServer(), Site(trusted_proxies=(HERE,))
    alert = AlertSystem(server, store, settings, keys=KEYS, is_limited=is_limited)
    classroom = ClassroomService(store, server, ClassroomSettings(), cast(Any, None))
    register_classroom(server, classroom)

    @server.on("test/settle")
    def settle(client: Client) -> None:
        """Answered behind everything that was queued for the client."""

    await alert.start()
    application = Litestar([*alert.routers], openapi_config=None, logging_config=None)
    host = Host({"/socket.io/": server.engine}, cast(Application, application), site=site)
    async with listen(host, port=port, drain_s=0.1) as url:
        hall = Hall(url, alert, store)
        try:
            yield hall
        finally:
            await hall.close_guests()
            await server.aclose()
            await classroom.aclose()
            await alert.aclose()


@contextlib.contextmanager
def locked(database: Path) -> Iterator[None]:
    """Nobody else can write while the block runs."""
    connection = sqlite3.connect(database, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
    finally:
        connection.close()


def rows(database: Path) -> int:
    """How many messages are on disk."""
    connection = sqlite3.connect(database)
    try:
        (count,) = connection.execute("SELECT count(*) FROM alert_messages").fetchone()
        return int(count)
    finally:
        connection.close()


def shown(heard: Sequence[Heard]) -> list[tuple[str, str]]:
    """Events and their texts; nothing else may be in a payload."""
    assert all(set(payload) == {"msg"} for _, payload in heard)
    return [(event, payload["msg"]) for event, payload in heard]
