"""A connection between a client and a database server that can be cut or fall silent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType

from sqlalchemy import URL


class Proxy:
    """Forwards bytes to a server.

    With `cut_at` set, the first packet from a client that holds these bytes ends its connection:
    before the server gets it, or after (`is_forwarded`), before the answer comes back. While
    `is_silent`, nothing is forwarded and nothing is closed; a packet that holds `silent_at` begins
    that.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._port = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.cut_at: bytes | None = None
        self.is_forwarded = False
        self.is_silent = False
        self.silent_at: bytes | None = None
        self.connections = 0
        self.cuts = 0

    def url(self, url: URL) -> str:
        """The server's URL, by way of this proxy."""
        assert self._server is not None
        host, port = self._server.sockets[0].getsockname()
        through = url.set(host=host, port=port)
        if url.get_backend_name() == "postgresql":
            # asyncpg would encrypt, and there would be nothing to see.
            through = through.update_query_dict({"ssl": "disable"})
        return through.render_as_string(hide_password=False)

    async def start(self) -> None:
        """Listens; always at the same address."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Ends all connections; further ones are refused."""
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        await self._server.wait_closed()

    async def __aenter__(self) -> Proxy:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        async with _closing(writer):
            server_reader, server_writer = await asyncio.open_connection(*self._target)
            async with _closing(server_writer):
                back = asyncio.create_task(self._answers(server_reader, writer))
                try:
                    await self._requests(reader, server_writer)
                finally:
                    back.cancel()
                    await asyncio.wait([back])

    async def _requests(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if self.cut_at is not None and self.cut_at in data:
                self.cut_at = None
                self.cuts += 1
                if self.is_forwarded:
                    writer.write(data)
                    await writer.drain()
                return
            if self.silent_at is not None and self.silent_at in data:
                self.silent_at, self.is_silent = None, True
            if not self.is_silent:
                writer.write(data)

    async def _answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if not self.is_silent:
                writer.write(data)
        writer.close()


@asynccontextmanager
async def _closing(writer: asyncio.StreamWriter) -> AsyncIterator[None]:
    try:
        yield
    finally:
        writer.close()
