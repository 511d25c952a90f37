"""`python -m bench.senders`: chats of one member each, each with a window of messages in flight.

Prints one line of JSON. An accepted message is one that came back to its sender; Pings are
answered. Frames are read and written by hand, so that this is not what is measured.
"""

import argparse
import asyncio
import base64
import json
import os
import time
from functools import partial
from pathlib import Path
from typing import Any, cast

import uvloop

from bench.subject import TEXT

_MESSAGE = b'{"type":"message"'
_TEXT_FRAME, _PING_FRAME = 0x81, 0x89
# A mask of zeros is a mask; the payload is then written as it is.
_MASK = bytes(4)


class Sender(asyncio.Protocol):
    """One connection: registers, creates its chat, then keeps the window full."""

    def __init__(self, index: int, window: int) -> None:
        loop = asyncio.get_running_loop()
        self.ready: asyncio.Future[None] = loop.create_future()
        self.accepted = 0
        self.is_sending = False
        self._window = window
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        number = f"{os.getpid()}{index:04}"  # so that one server can be measured twice
        name = f"chat {number}"
        user = {"name": f"Sender {index}", "phone": number}
        self._lead = [{"type": "register", "user": user}, {"type": "create_chat", "name": name}]
        self._say = frame({"type": "send_message", "chat": name, "message": TEXT})

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none by inheritance.
        self._transport = transport = cast(asyncio.Transport, transport)
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            "GET /chat/ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\n\r\n".encode()
        )

    def start(self) -> None:
        """Fill the window."""
        self.is_sending = True
        self._write(self._say * self._window)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self.ready.done() and self._buffer.startswith(b"HTTP/1.1 101"):
            _, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
            self._write(b"".join(map(frame, self._lead)))
        accepted = self._read()
        self.accepted += accepted
        if self.is_sending and accepted:
            self._write(self._say * accepted)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ready.done():
            self.ready.set_exception(ConnectionError("the server closed the connection"))

    def _read(self) -> int:
        """How many messages came; whole frames are taken off the buffer."""
        data, position, accepted = self._buffer, 0, 0
        while len(data) - position >= 2:
            length, body = data[position + 1], position + 2
            if length == 126:
                length, body = int.from_bytes(data[body : body + 2], "big"), body + 2
            if len(data) < body + length:
                break
            if data[position] == _PING_FRAME:
                payload = data[body : body + length]
                self._write(bytes((0x8A, 0x80 | length)) + _MASK + payload)
            elif data.startswith(_MESSAGE, body):
                accepted += 1
            elif data.startswith(b'{"type":"new_member"', body):
                self.ready.set_result(None)
            elif data.startswith(b'{"type":"error"', body):
                self.ready.set_exception(RuntimeError(data[body : body + length].decode()))
            position = body + length
        self._buffer = data[position:]
        return accepted

    def _write(self, data: bytes) -> None:
        assert self._transport is not None
        self._transport.write(data)

    def close(self) -> None:
        assert self._transport is not None
        self._transport.abort()


def frame(content: object) -> bytes:
    """One masked text frame."""
    data = json.dumps(content, separators=(",", ":")).encode()
    length = len(data)
    head = bytes((0x80 | length,)) if length < 126 else b"\xfe" + length.to_bytes(2, "big")
    return bytes((_TEXT_FRAME,)) + head + _MASK + data


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Accepted messages and the processor's time of both sides between two moments."""
    loop = asyncio.get_running_loop()
    senders = []
    for index in range(options.connections):
        sender = Sender(index, options.window)
        await loop.create_connection(partial(_same, sender), "127.0.0.1", options.port)
        await sender.ready
        senders.append(sender)
    for sender in senders:
        sender.start()
    await asyncio.sleep(options.warmup)
    accepted, server_s, load_s, start = _now(senders, options.server)
    await asyncio.sleep(options.seconds)
    accepted_then, server_then_s, load_then_s, end = _now(senders, options.server)
    for sender in senders:
        sender.close()
    return {
        "seconds": end - start,
        "accepted": accepted_then - accepted,
        "server_cpu_s": server_then_s - server_s,
        "load_cpu_s": load_then_s - load_s,
    }


def _same(sender: Sender) -> Sender:
    return sender


def _now(senders: list[Sender], server: int) -> tuple[int, float, float, float]:
    accepted = sum(sender.accepted for sender in senders)
    return accepted, _cpu_s(server), time.process_time(), time.perf_counter()


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--server", type=int, required=True, help="process id, for its CPU time")
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--window", type=int, default=64)
    parser.add_argument("--warmup", type=float, default=1.0)
    parser.add_argument("--seconds", type=float, default=3.0)
    print(json.dumps(uvloop.run(measure(parser.parse_args()))))


if __name__ == "__main__":
    main()
