"""Real client libraries, each held by a process of its own, behind one interface."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
import shutil
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tests.patience import patience

HERE = Path(__file__).resolve().parent

Transport = Literal["websocket", "polling", "upgrade"]

_TRANSPORTS: dict[Transport, list[str]] = {
    "websocket": ["websocket"],
    "polling": ["polling"],
    "upgrade": ["polling", "websocket"],
}


@dataclass(frozen=True)
class Library:
    """One client library: how to run its driver, and what it can do."""

    name: str
    command: tuple[str, ...]
    transports: tuple[Transport, ...] = ("websocket", "polling", "upgrade")
    has_binary: bool = True

    @property
    def is_node(self) -> bool:
        return self.command[0] == "node"


def _node(name: str, package: str) -> Library:
    return Library(name, ("node", str(HERE / "driver.cjs"), package))


JS4 = _node("socket.io-client 4", "socket.io-client")
JS3 = _node("socket.io-client 3", "socket.io-client-3")
JS2 = _node("socket.io-client 2", "socket.io-client-2")
JS1 = _node("socket.io-client 1", "socket.io-client-1")
PYTHON = Library("python-socketio", (sys.executable, str(HERE / "drive_python_socketio.py")))
LEGACY_PYTHON = Library(
    "socketIO-client 0.7.2",
    (sys.executable, str(HERE / "drive_socketio_client.py")),
    # It opens every session by long-polling; "websocket" alone it does not know.
    transports=("polling", "upgrade"),
    has_binary=False,
)
LIBRARIES = (JS4, JS3, JS2, JS1, PYTHON, LEGACY_PYTHON)


@dataclass(frozen=True)
class Received:
    """One event as the library delivered it."""

    event: str
    args: list[Any]


@dataclass
class RealClient:
    """One client of one library.

    Events are kept in the order of their arrival; `expect` takes the oldest unread one of a name.
    """

    library: Library
    label: str
    _process: asyncio.subprocess.Process
    events: list[Received] = field(default_factory=list)
    """Everything that ever came, in order."""
    connects: int = 0
    transport: str = ""
    """The transport in use, as the library names it."""
    socket_id: str = ""
    engine_id: str = ""
    """What pages see as `socket.io.engine.id`."""
    is_connected: bool = False
    failures: list[str] = field(default_factory=list)
    _unread: dict[str, deque[list[Any]]] = field(default_factory=dict)
    _acks: dict[int, asyncio.Future[list[Any]]] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _reader: asyncio.Task[None] | None = None

    async def connect(self, url: str, transport: Transport, **options: Any) -> None:
        """Returns once it is connected, and over WebSocket if it is to upgrade."""
        await self.begin(url, transport, **options)
        await self.until(lambda: self.is_connected, "was connected", within_s=10.0)
        if transport == "upgrade" and self.library is not PYTHON:
            await self.until(lambda: self.transport == "websocket", "was upgraded", within_s=10.0)

    async def begin(self, url: str, transport: Transport, **options: Any) -> None:
        """Ask the library to connect; does not wait for it."""
        settings = {
            "transports": _TRANSPORTS[transport],
            "reconnectionDelay": 100,
            "reconnectionDelayMax": 300,
            "randomizationFactor": 0,
            "forceNew": True,
            **options,
        }
        await self._command("connect", url=url, options=settings)

    async def emit(self, event: str, *args: Any) -> None:
        await self._command("emit", event=event, args=_packed(args))

    async def burst(self, event: str, each: Sequence[Sequence[Any]]) -> None:
        """Emit one event many times without a pause, each time with other arguments."""
        await self._command("burst", event=event, each=_packed(each))

    async def call(self, event: str, *args: Any, within_s: float = 5.0) -> list[Any]:
        """Emit and wait for the acknowledgement; returns its arguments."""
        number = next(self._numbers)
        answer: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        self._acks[number] = answer
        await self._command("emit", event=event, args=_packed(args), ack=number)
        async with asyncio.timeout(patience(within_s)):
            return await answer

    async def expect(self, event: str, within_s: float = 5.0) -> Any:
        """The only argument of the oldest unread event of that name."""
        args = await self.expect_args(event, within_s)
        assert len(args) == 1, f"{self.label}: {event} came with {args}"
        return args[0]

    async def expect_args(self, event: str, within_s: float = 5.0) -> list[Any]:
        await self.until(lambda: bool(self._unread.get(event)), f"got {event!r}", within_s)
        return self._unread[event].popleft()

    async def expect_where(
        self, event: str, holds: Callable[[Any], bool], within_s: float = 5.0
    ) -> Any:
        """The first unread event of that name that is as wanted; those before it are read over."""
        async with asyncio.timeout(patience(within_s)):
            while not holds(payload := await self.expect(event, within_s)):
                pass
            return payload

    def unread(self, event: str | None = None) -> list[Any]:
        """What came and was not expected yet, of one event or of all."""
        if event is not None:
            return list(self._unread.get(event, ()))
        return [
            (name, args) for name, waiting in self._unread.items() if waiting for args in waiting
        ]

    def forget(self) -> None:
        """Read over all that came."""
        self._unread.clear()

    def of(self, event: str) -> list[Any]:
        """The first argument of every event of that name that ever came, in order."""
        return [received.args[0] for received in self.events if received.event == event]

    async def until(self, holds: Callable[[], bool], what: str, within_s: float = 5.0) -> None:
        try:
            async with asyncio.timeout(patience(within_s)), self._changed:
                await self._changed.wait_for(holds)
        except TimeoutError:
            came = [(received.event, received.args) for received in self.events[-10:]]
            raise AssertionError(
                f"{self.label} never {what} within {patience(within_s):.0f} s; it came to {came}, "
                f"failures {self.failures[-3:]}, connected: {self.is_connected}"
            ) from None

    async def until_reconnected(self, before: int, within_s: float = 15.0) -> None:
        """Connected once more than `before` times (see `connects`)."""
        await self.until(
            lambda: self.connects > before and self.is_connected, "reconnected", within_s
        )

    async def close(self) -> None:
        await self._command("close")

    async def _command(self, action: str, **rest: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write((json.dumps({"do": action, **rest}) + "\n").encode())
        await self._process.stdin.drain()

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            report = json.loads(line)
            async with self._changed:
                self._take(report)
                self._changed.notify_all()

    def _take(self, report: dict[str, Any]) -> None:
        match report["kind"]:
            case "event":
                received = Received(report["event"], _unpacked(report["args"]))
                self.events.append(received)
                self._unread.setdefault(received.event, deque()).append(received.args)
            case "ack":
                self._acks.pop(report["ack"]).set_result(_unpacked(report["args"]))
            case "connect":
                self.connects += 1
                self.is_connected = True
                self.transport, self.socket_id = report["transport"], report["id"]
                self.engine_id = report.get("engine", self.socket_id)
            case "upgrade":
                self.transport = report["transport"]
            case "disconnect":
                self.is_connected = False
            case "failure":
                self.failures.append(report["message"])

    async def _end(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        if self._reader is not None:
            await self._reader
        assert self._process.stdin is not None
        self._process.stdin.close()


@asynccontextmanager
async def real_client(library: Library, label: str = "") -> AsyncIterator[RealClient]:
    """One client in a process of its own, not connected yet; ended with the block."""
    program, *arguments = library.command
    process = await asyncio.create_subprocess_exec(
        shutil.which(program) or program,
        *arguments,
        cwd=HERE,
        # Nothing of ours runs there: counting what is covered would only make it slow.
        env={name: value for name, value in os.environ.items() if "COVERAGE" not in name},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=8_000_000,
    )
    client = RealClient(library, label or library.name, process)
    client._reader = asyncio.create_task(client._read())
    try:
        yield client
    finally:
        await client._end()


@asynccontextmanager
async def connected_client(
    library: Library, url: str, transport: Transport = "websocket", label: str = "", **options: Any
) -> AsyncIterator[RealClient]:
    """One client that is connected."""
    async with real_client(library, label) as client:
        await client.connect(url, transport, **options)
        yield client


def _packed(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_packed(item) for item in value]
    if isinstance(value, dict):
        return {key: _packed(item) for key, item in value.items()}
    return value


def _unpacked(value: Any) -> Any:
    if isinstance(value, list):
        return [_unpacked(item) for item in value]
    if isinstance(value, dict):
        if isinstance(value.get("$bytes"), str):
            return base64.b64decode(value["$bytes"])
        return {key: _unpacked(item) for key, item in value.items()}
    return value
