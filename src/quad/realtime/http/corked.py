"""The head of an answer leaves together with what follows it at once."""

import asyncio

# What is longer is worth a system call of its own, and not a copy.
_JOINED_BYTES = 65_536


class Corked:
    """What one request's answer is written to: a transport that keeps the first piece for a moment.

    uvicorn writes the head and the body apart, and uvloop then makes two system calls. A server
    that dies in between leaves half an answer, on which one real client never polls again
    (socketIO-client 0.7.2), and the second call costs as much as the rest of a small answer.

    A head whose body is not there yet leaves with the loop's next turn.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._first = b""
        self._is_open = False
        self._timer: asyncio.Handle | None = None

    def write(self, data: bytes) -> None:
        """In order, like that of the transport."""
        if self._is_open:
            self._transport.write(data)
        elif self._timer is None:
            self._first = data
            self._timer = self._loop.call_soon(self._uncork)
        elif len(data) <= _JOINED_BYTES:
            self._first += data
            self._uncork()
        else:
            self._uncork()
            self._transport.write(data)

    def close(self) -> None:
        """End the connection once everything is written."""
        self._uncork()
        self._transport.close()

    def is_closing(self) -> bool:
        """Whether the connection ends, or has ended."""
        return self._transport.is_closing()

    def _uncork(self) -> None:
        self._is_open = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._first and not self._transport.is_closing():
            self._transport.write(self._first)
        self._first = b""
