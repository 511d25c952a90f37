"""A classroom server in this process, and the smallest Socket.IO client that can attend it."""

import asyncio
import contextlib
import json
import sqlite3
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from quad.classroom.events import register
from quad.classroom.model import Imported, LeftOut, Step
from quad.classroom.service import ClassroomService
from quad.realtime import Client, EngineOptions, Host, Site, SocketServer, listen
from quad.settings import (
    ClassroomSettings,
    EngineSettings,
    LimitSettings,
    ServerSettings,
    Settings,
)
from quad.store import Store
from tests import nodes
from tests.patience import patience

PATIENCE_S = patience(5.0)
PROBE_MS = round(patience(0.3) * 1000)
"""How long a connection is asked whether it lives."""
HOME = "10.0.0.1"
"""Where peers come from unless they say otherwise."""
PROXY = "127.0.0.1"
STRANGER = "127.0.0.2"
"""Not trusted: what it says of addresses makes them uncertain."""

Heard = tuple[str, Any]


class Peer:
    """One connection; what it hears is kept in order until somebody takes it."""

    def __init__(self, websocket: ClientConnection) -> None:
        self.heard: deque[Heard] = deque()
        self.journal: list[str] = []
        """What came and, with a `>` before it, what was sent, in order."""
        self.is_closed = asyncio.Event()
        self.sid = ""
        self._websocket = websocket
        self._acks: dict[int, asyncio.Future[list[Any]]] = {}
        self._arrival = asyncio.Event()
        self._reading = asyncio.create_task(self._read())

    async def emit(self, event: str, *args: object) -> None:
        await self.send_text("42" + json.dumps([event, *args]))

    async def call(self, event: str, *args: object) -> list[Any]:
        """Emit and return the acknowledgement's arguments."""
        number = len(self._acks)
        answer: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        self._acks[number] = answer
        await self.send_text(f"42{number}" + json.dumps([event, *args]))
        async with asyncio.timeout(PATIENCE_S):
            return await answer

    async def send_text(self, text: str) -> None:
        self.journal.append(f">{text}")
        await self._websocket.send(text)

    async def settle(self) -> None:
        """Return when everything sent to this peer so far has been heard."""
        await self.call("test/settle")

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

    async def take(self) -> list[Heard]:
        """Everything heard since it was last taken."""
        await self.settle()
        heard = list(self.heard)
        self.heard.clear()
        return heard

    async def wait_closed(self) -> None:
        async with asyncio.timeout(PATIENCE_S):
            await self.is_closed.wait()

    def fall_silent(self) -> None:
        """Go as clients go whose network is lost: the connection stays, and nobody answers."""
        self._websocket.transport.pause_reading()

    async def close(self) -> None:
        self._websocket.transport.resume_reading()
        await self._websocket.close()
        await self._reading

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for text in self._websocket:
                assert isinstance(text, str)
                await self._receive(text)
        self.is_closed.set()

    async def _receive(self, text: str) -> None:
        if text == "2":
            await self._websocket.send("3")
            return
        self.journal.append(text)
        if text.startswith("42"):
            event, *args = json.loads(text[2:])
            self.heard.append((event, args[0] if args else None))
            self._arrival.set()
        elif text.startswith("43"):
            start = text.index("[")
            self._acks[int(text[2:start])].set_result(json.loads(text[start:]))
        elif text.startswith("41"):
            self.is_closed.set()


async def enter(
    url: str,
    address: str = HOME,
    *,
    by: str = PROXY,
    kind: Callable[[ClientConnection], Peer] = Peer,
) -> Peer:
    """Connect to a server from an address, as a machine says that may be trusted or not."""
    websocket = await connect(
        url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket",
        additional_headers={"X-Forwarded-For": address} if address else {},
        local_addr=(by, 0),
    )
    await websocket.recv()
    await websocket.send("40")
    answer = await websocket.recv()
    assert isinstance(answer, str)
    peer = kind(websocket)
    peer.sid = json.loads(answer[2:])["sid"]
    return peer


class Importer:
    """Stands where the web would be: what the page holds is decided by the test."""

    def __init__(self) -> None:
        self.answer: list[Step] | Exception = []
        self.left_out: dict[LeftOut, int] = {}
        self.asked: list[str] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def load(self, url: str) -> Imported:
        self.asked.append(url)
        await self.may_answer.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return Imported(self.answer, self.left_out)


class Clock:
    """Times that only move when they are told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime(2024, 5, 17, 9, 30, tzinfo=UTC) + timedelta(seconds=self.seconds)


class School:
    """A running server."""

    def __init__(
        self, url: str, service: ClassroomService, store: Store, importer: Importer, clock: Clock
    ) -> None:
        self.service = service
        self.store = store
        self.importer = importer
        self.clock = clock
        self.url = url
        self._peers: list[Peer] = []

    async def peer(self, address: str = HOME, *, by: str = PROXY) -> Peer:
        """Connect from an address, as a machine says that may be trusted or not."""
        peer = await enter(self.url, address, by=by)
        self._peers.append(peer)
        return peer

    async def teacher(self, name: str = "Teacher", **more: object) -> tuple[Peer, dict[str, Any]]:
        """Connect and open a room; returns its first update."""
        peer = await self.peer()
        await peer.emit("room/create", {"name": name, **more})
        return peer, await peer.expect("room/update")

    async def student(
        self, room: int, name: str = "Ann", address: str = HOME, **more: object
    ) -> tuple[Peer, dict[str, Any]]:
        """Connect and join; returns the answer."""
        peer = await self.peer(address)
        await peer.emit("room/join", {"room_id": room, "name": name, **more})
        return peer, await peer.expect("room/join")

    async def close_peers(self) -> None:
        for peer in self._peers:
            await peer.close()


@contextlib.asynccontextmanager
async def open_school(
    database: Path | str,
    settings: ClassroomSettings,
    limits: LimitSettings | None = None,
    *,
    has_proxy: bool = True,
    is_shared: bool = False,
    address: str = "",
) -> AsyncIterator[School]:
    """Serve the classroom from a database (a file or a URL) while the block runs.

    With the proxy, peers come from wherever they say. Nodes may be shared by who looks at nothing
    but classes of their own.
    """
    url = f"sqlite+aiosqlite:///{database}" if isinstance(database, Path) else database
    if nodes.COUNT and isinstance(database, Path):
        async with _school_of_nodes(
            database, settings, limits, has_proxy, is_shared, address
        ) as school:
            yield school
        return
    async with contextlib.AsyncExitStack() as stack:
        store = await Store.open(url)
        stack.push_async_callback(store.aclose)
        server = SocketServer(EngineOptions(probe_timeout_ms=PROBE_MS))
        importer, clock = Importer(), Clock()
        service = ClassroomService(
            store, server, settings, importer, limits, now=clock.now, clock=clock, address=address
        )
        register(server, service)

        @server.on("test/settle")
        def settle(client: Client) -> None:
            """Answered behind everything that was queued for the client."""

        service.start()
        stack.push_async_callback(service.aclose)
        stack.push_async_callback(server.aclose)
        proxies = (ip_network(PROXY),) if has_proxy else ()
        host = Host({"/socket.io/": server.engine}, site=Site(trusted_proxies=proxies))
        url = await stack.enter_async_context(listen(host, drain_s=0.1))
        school = School(url, service, store, importer, clock)
        stack.push_async_callback(school.close_peers)
        yield school


@contextlib.asynccontextmanager
async def _school_of_nodes(
    database: Path,
    settings: ClassroomSettings,
    limits: LimitSettings | None,
    has_proxy: bool,
    is_shared: bool,
    address: str,
) -> AsyncIterator[School]:
    whole = Settings(
        server=ServerSettings(trusted_proxies=(PROXY,) if has_proxy else (), public_url=address),
        engine=EngineSettings(probe_timeout_ms=PROBE_MS),
        limits=limits or LimitSettings(),
        classroom=settings,
    )
    parts = [nodes.beyond(name) for name in ("service", "store", "importer", "clock")]
    has_limits = limits is not None
    with nodes.opened(database, whole, limits=has_limits, is_shared=is_shared) as served:
        school = School(served.url, *parts)
        try:
            yield school
        finally:
            await school.close_peers()


@contextlib.contextmanager
def locked(database: Path) -> Iterator[None]:
    """Nobody else can write while the block runs."""
    connection = sqlite3.connect(database, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
    finally:
        connection.close()


def is_seated(school: School, sid: str) -> bool:
    """Whether the server takes the connection of this id for somebody's."""
    return any(
        each.sid == sid
        for room in school.service.rooms
        for each in (room.host, *room.students.values())
    )


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what the server will do."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.005)


def rows(database: Path, table: str) -> int:
    """How many rows a table has on disk."""
    connection = sqlite3.connect(database)
    try:
        (count,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        return int(count)
    finally:
        connection.close()


def events(heard: Sequence[Heard]) -> list[str]:
    """The names of what was heard."""
    return [event for event, _ in heard]


def refusal(heard: Sequence[Heard]) -> str:
    """The code of the one refusal; original clients, which hear notices only, are told twice."""
    assert events(heard) in (["error"], ["alerts", "alert", "error"])
    if len(heard) > 1:
        assert heard[0][1]["type"] == "ERROR"
        assert f"Error: {heard[0][1]['message']}" == heard[-1][1]["message"]
    return str(heard[-1][1]["code"])


def exercise(name: str, content: str) -> dict[str, str]:
    """A task as the wire has it."""
    return {"name": name, "content": content, "language": "html", "type": "exercise"}


def code(filename: str, content: str, status: str = "CREATED") -> dict[str, str]:
    """A file as the wire has it."""
    return {"filename": filename, "status": status, "content": content}
