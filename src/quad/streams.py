"""Server-sent events (HTML Living Standard, 9.2): answers that go on until their reader leaves."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from litestar.types import Receive, Scope, Send

_HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # nginx would collect the events
]

HEARTBEAT: Final = b":\n\n"
"""A comment: nothing has happened, and the connection lives."""

HEARTBEAT_S: Final = 15.0
"""The longest silence of a stream; proxies cut those that are silent for longer."""


class EventStream:
    """An ASGI response that sends frames until they end or the reader leaves."""

    def __init__(self, frames: AsyncGenerator[bytes, None]) -> None:
        self._frames = frames

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        async with asyncio.TaskGroup() as group:
            leaving = group.create_task(_reader_leaves(receive))
            sending = group.create_task(self._send(send))
            await asyncio.wait((leaving, sending), return_when=asyncio.FIRST_COMPLETED)
            leaving.cancel()
            sending.cancel()

    async def _send(self, send: Send) -> None:
        async with aclosing(self._frames) as frames:
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            async for frame in frames:
                await send({"type": "http.response.body", "body": frame, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})


def encode_frame(data: bytes, *, event: str = "", id: str = "") -> bytes:
    """One event; `data` is a single line, as JSON is."""
    head = (f"id: {id}\n" if id else "") + (f"event: {event}\n" if event else "")
    return head.encode() + b"data: " + data + b"\n\n"


async def is_set_within(limit_s: float, event: asyncio.Event) -> bool:
    """Wait for an event; False if the time passed before it was set."""
    try:
        async with asyncio.timeout(limit_s):
            return await event.wait()
    except TimeoutError:
        return False


async def _reader_leaves(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
