"""A small web server on loopback whose every answer a test decides."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Request:
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    write: asyncio.StreamWriter

    async def answer(
        self, body: bytes = b"", status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.write.write("\r\n".join([*lines, "", ""]).encode() + body)
        await self.write.drain()


Answer = Callable[[Request], Awaitable[None]]


@dataclass
class Web:
    """The running server: `requests` so far and the names that clients asked for in TLS."""

    port: int = 0
    requests: list[Request] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"


@asynccontextmanager
async def serving(answer: Answer, tls: ssl.SSLContext | None = None) -> AsyncIterator[Web]:
    web = Web()
    connections: set[asyncio.Task[None]] = set()

    async def serve(read: asyncio.StreamReader, write: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        try:
            request = await _read_request(read, write)
            web.requests.append(request)
            await answer(request)
        except (OSError, EOFError, asyncio.CancelledError):
            pass  # the client left, or the test is over
        finally:
            connections.discard(task)
            write.transport.abort() if write.is_closing() else write.close()

    if tls is not None:
        tls.sni_callback = lambda _, name, __: web.names.append(name)
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    web.port = server.sockets[0].getsockname()[1]
    try:
        yield web
    finally:
        server.close()
        for task in list(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
        await server.wait_closed()


async def _read_request(read: asyncio.StreamReader, write: asyncio.StreamWriter) -> Request:
    head = (await read.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = head[0].split(" ")
    headers = {
        name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])
    }
    body = await read.readexactly(int(headers.get("content-length", "0")))
    return Request(method, path, headers, body, write)
