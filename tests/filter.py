"""A network that does not like WebSockets, as schools and hotels have them: a small proxy."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal
from urllib.parse import urlsplit

Upgrades = Literal["pass", "refuse", "swallow", "reset"]

_REFUSAL = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
# How long a WebSocket lives that is reset.
_RESET_S = 0.5


class Filter:
    """What is between a browser and a server; `url` is where the browser finds it.

    `upgrades` says what becomes of WebSockets that are opened from now on: they pass, are refused,
    are opened but carry nothing, or are reset soon.
    """

    def __init__(self, server: str) -> None:
        self.upgrades: Upgrades = "pass"
        self.is_open = True
        """Whether who connects from now on reaches the server, and is not let in to silence."""
        self.url = ""
        self.asked = 0
        """How many WebSockets were asked for."""
        self._server = urlsplit(server)
        self._at_work: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._asked_again = asyncio.Event()
        self._is_dead: dict[asyncio.Task[None], bool] = {}

    async def until_asked(self, count: int) -> None:
        """Wait until so many WebSockets were asked for."""
        while self.asked < count:
            self._asked_again.clear()
            await self._asked_again.wait()

    def swallow(self, *, is_open: bool = True) -> None:
        """What is connected now carries nothing any more, and nobody is told."""
        self.is_open = is_open
        self._is_dead.update(dict.fromkeys(self._at_work, True))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._at_work[task] = writer
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._pass_on(task, reader, writer)
        finally:
            writer.transport.abort()
            del self._at_work[task]

    async def aclose(self) -> None:
        tasks = list(self._at_work)
        for writer in self._at_work.values():
            writer.transport.abort()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _pass_on(
        self,
        task: asyncio.Task[None],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        if not self.is_open:
            while await reader.read(65_536):
                pass
            return
        head = await reader.readuntil(b"\r\n\r\n")
        is_upgrade = b"\r\nupgrade: websocket" in head.lower()
        if is_upgrade:
            self.asked += 1
            self._asked_again.set()
        upgrades = self.upgrades if is_upgrade else "pass"
        if upgrades == "refuse":
            writer.write(_REFUSAL)
            await writer.drain()
            return
        far_reader, far_writer = await asyncio.open_connection(
            self._server.hostname, self._server.port
        )
        try:
            far_writer.write(head)
            if upgrades == "swallow":
                writer.write(await far_reader.readuntil(b"\r\n\r\n"))
                self._is_dead[task] = True
            async with asyncio.timeout(_RESET_S if upgrades == "reset" else None):
                await self._carry(task, (reader, far_writer), (far_reader, writer))
        except TimeoutError:
            pass
        finally:
            far_writer.transport.abort()

    async def _carry(
        self,
        task: asyncio.Task[None],
        *ways: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        """Both ways, until either end is closed."""

        async def carry(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            while data := await source.read(65_536):
                if not self._is_dead.get(task):
                    target.write(data)
                    await target.drain()

        carriers = [asyncio.ensure_future(carry(*way)) for way in ways]
        try:
            await asyncio.wait(carriers, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for carrier in carriers:
                carrier.cancel()
            await asyncio.gather(*carriers, return_exceptions=True)


@asynccontextmanager
async def a_filter(server: str) -> AsyncIterator[Filter]:
    """Before the server of this address, while the block runs."""
    between = Filter(server)
    listener = await asyncio.start_server(between.serve, "127.0.0.1", 0)
    host, port = listener.sockets[0].getsockname()
    between.url = f"http://{host}:{port}"
    try:
        yield between
    finally:
        listener.close()
        await between.aclose()
