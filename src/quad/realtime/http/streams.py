"""Answers without end (server-sent events): so many for one address."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import msgspec

from quad.realtime.http.door import Counts
from quad.realtime.http.polling import Receive, Scope, Send
from quad.realtime.http.site import request_of

Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_REFUSAL = msgspec.json.encode(
    {"detail": "Too many open streams from this address.", "code": "rate_limited"}
)


class Streams:
    """Counts the streams of all routes by address; give the same one to all of them."""

    def __init__(self, per_address: int | None = 500) -> None:
        """None: as many as somebody likes."""
        self._per_address = per_address
        self._open = Counts()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def bound(self, stream: Application) -> Application:
        """The stream as an ASGI application that is 429 for who has too many."""

        async def serve(scope: Scope, receive: Receive, send: Send) -> None:
            address = request_of(scope).address
            if self._open.full(self._per_address, address) is not None:
                await _refuse(send)
                return
            with self._counted(address):
                await stream(scope, receive, send)

        return serve

    @contextmanager
    def _counted(self, address: str) -> Iterator[None]:
        self._open.add(address)
        self._count += 1
        try:
            yield
        finally:
            self._count -= 1
            self._open.take(address)


async def _refuse(send: Send) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(_REFUSAL)).encode()),
        (b"retry-after", b"60"),
        (b"connection", b"close"),  # whoever asks for so many would keep as many open
    ]
    await send({"type": "http.response.start", "status": 429, "headers": headers})
    await send({"type": "http.response.body", "body": _REFUSAL})
