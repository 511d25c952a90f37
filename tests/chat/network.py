"""A network between phones and the chat that can lose everything without a word."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit


class Line:
    """One connection through the network."""

    def __init__(self) -> None:
        self.is_cut = False
        self._transports: list[asyncio.Transport] = []

    def cut(self) -> None:
        """From now on nothing arrives, and neither side is told: no FIN, no RST."""
        self.is_cut = True

    def end(self) -> None:
        """Let both sides know, as a router does that comes back and remembers nothing."""
        for transport in self._transports:
            transport.abort()

    def add(self, transport: asyncio.Transport) -> None:
        self._transports.append(transport)


class _Half(asyncio.Protocol):
    """One side of a line: what arrives here goes out on the other side."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.other: _Half | None = None
        self.transport: asyncio.Transport | None = None
        self._early: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.line.add(transport)

    def data_received(self, data: bytes) -> None:
        if self.line.is_cut:
            return
        if self.other is None or self.other.transport is None:
            self._early.append(data)
        else:
            self.other.transport.write(data)

    def join(self, other: "_Half") -> None:
        self.other, other.other = other, self
        early, self._early = self._early, []
        for data in early:
            self.data_received(data)

    def eof_received(self) -> bool:
        if not self.line.is_cut and self.other is not None and self.other.transport is not None:
            self.other.transport.close()
        return self.line.is_cut

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.line.is_cut and self.other is not None and self.other.transport is not None:
            self.other.transport.close()


class Network:
    """Forwards to a server; `lines` are the connections in the order in which they came."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self._target = (str(parts.hostname), parts.port or 80)
        self.port = 0
        self.lines: list[Line] = []
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/chat/ws"

    def accept(self) -> asyncio.Protocol:
        line = Line()
        self.lines.append(line)
        near = _Half(line)
        task = asyncio.create_task(self._connect(near, line))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return near

    async def _connect(self, near: _Half, line: Line) -> None:
        far = _Half(line)
        try:
            await asyncio.get_running_loop().create_connection(lambda: far, *self._target)
        except OSError:
            line.end()
        else:
            near.join(far)

    async def aclose(self) -> None:
        while self._tasks:
            await asyncio.wait(self._tasks)
        for line in self.lines:
            line.end()


@asynccontextmanager
async def network_to(url: str) -> AsyncIterator[Network]:
    network = Network(url)
    server = await asyncio.get_running_loop().create_server(network.accept, "127.0.0.1", 0)
    network.port = server.sockets[0].getsockname()[1]
    try:
        yield network
    finally:
        server.close()
        await network.aclose()
        await server.wait_closed()
