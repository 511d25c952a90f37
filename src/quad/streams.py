"""Server-sent events (HTML Living Standard, 9.2)."""

from typing import Final

HEADERS: Final = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx would collect the events
}

HEARTBEAT: Final = b":\n\n"
"""A comment: nothing has happened, and the connection lives."""

HEARTBEAT_S: Final = 15.0
"""The longest silence of a stream; proxies cut those that are silent for longer."""


def encode_frame(data: bytes, *, event: str = "", id: str = "") -> bytes:
    """One event; `data` is a single line, as JSON is."""
    head = (f"id: {id}\n" if id else "") + (f"event: {event}\n" if event else "")
    return head.encode() + b"data: " + data + b"\n\n"
