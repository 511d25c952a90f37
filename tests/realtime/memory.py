"""WebSocket clients without sockets: the test decides when bytes move.

The transport is the edge of our code, so it is what stands in for the network; the frames are
made and read by an implementation that is not ours.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from websockets.frames import Close, Frame, Opcode
from websockets.protocol import Protocol, Side

from quad.realtime import Engine
from quad.realtime.http.site import Site
from quad.realtime.sessions.session import Session
from quad.realtime.sessions.websocket import Receiver, WebSocket
from quad.wire.websocket import TEXT, encode_frame

Message = str | bytes

_SITE = Site()
_addresses = (f"10.{a}.{b}.{c}" for a, b, c in itertools.product(range(256), repeat=3))


class MemoryTransport(asyncio.Transport):
    """What is written arrives at once, or, while the peer does not read, stays in the buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.protocol: asyncio.Protocol | None = None
        self.arrived: list[bytes] = []  # one item a write
        self.is_stalled = False
        self.is_reading_paused = False
        self.has_eof = False
        self.is_aborted = False
        self._buffer: list[bytes] = []
        self._buffered_bytes = 0
        self._high_bytes = 65_536
        self._is_paused = False
        self._is_lost = False

    # What our code says

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._high_bytes = 65_536 if high is None else high

    def get_write_buffer_size(self) -> int:
        return self._buffered_bytes

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        assert isinstance(protocol, asyncio.Protocol)
        self.protocol = protocol

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        if self.has_eof:
            raise RuntimeError("Cannot call write() after write_eof()")
        if self._is_lost:
            return
        if not self.is_stalled:
            self.arrived.append(bytes(data))
            return
        self._buffer.append(bytes(data))
        self._buffered_bytes += len(data)
        if self._buffered_bytes > self._high_bytes and not self._is_paused:
            self._is_paused = True
            self._get_protocol().pause_writing()

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.has_eof = True

    def is_closing(self) -> bool:
        return self._is_lost

    def abort(self) -> None:
        self.is_aborted = True
        self.lose()

    def close(self) -> None:
        self.lose()

    def pause_reading(self) -> None:
        self.is_reading_paused = True

    def resume_reading(self) -> None:
        self.is_reading_paused = False

    # What the network does

    def stall(self) -> None:
        """The peer reads no more."""
        self.is_stalled = True

    def read_on(self) -> None:
        """The peer reads again, and everything there is."""
        self.is_stalled = False
        while self._buffer or self._is_paused:
            self.arrived += self._buffer
            self._buffer, self._buffered_bytes = [], 0
            if self._is_paused:
                self._is_paused = False
                self._get_protocol().resume_writing()

    def lose(self, error: Exception | None = None) -> None:
        """The connection is gone."""
        if not self._is_lost:
            self._is_lost = True
            self._buffer, self._buffered_bytes = [], 0
            loop = asyncio.get_running_loop()
            loop.call_soon(self._get_protocol().connection_lost, error)

    def _get_protocol(self) -> asyncio.Protocol:
        assert self.protocol is not None
        return self.protocol


class MemoryPeer:
    """The client's end of one WebSocket."""

    def __init__(
        self,
        receiver: Receiver | None = None,
        *,
        max_message_bytes: int = 1_000_000,
        outbox_limit_bytes: int = 1_048_576,
    ) -> None:
        """Without a receiver, `attach` makes the server's end."""
        self.transport = MemoryTransport()
        self.pongs: list[bytes] = []
        self.close: Close | None = None
        self._limits = (max_message_bytes, outbox_limit_bytes)
        self._parser = Protocol(Side.CLIENT, max_size=None)
        self._fragments: list[Frame] = []
        self._got: list[Message] = []
        if receiver is not None:
            self.websocket = self.attach(receiver)

    def attach(self, receiver: Receiver, first: str = "") -> WebSocket:
        max_message_bytes, outbox_limit_bytes = self._limits
        self.websocket = WebSocket(
            self.transport,
            receiver,
            max_message_bytes=max_message_bytes,
            outbox_limit_bytes=outbox_limit_bytes,
        )
        self.transport.set_protocol(self.websocket)
        if first:
            self.websocket.write([encode_frame(TEXT, first.encode())])
        return self.websocket

    def frames(self, *messages: Message) -> bytes:
        """The messages as a client would put them on the network."""
        for message in messages:
            if isinstance(message, str):
                self._parser.send_text(message.encode())
            else:
                self._parser.send_binary(message)
        return b"".join(self._parser.data_to_send())

    def send(self, *messages: Message) -> None:
        """All of them in one segment."""
        self.websocket.data_received(self.frames(*messages))

    async def send_all(self, *messages: Message) -> None:
        """All of them in one segment, which the server reads in several turns."""
        self.send(*messages)
        await self.is_read()

    async def is_read(self) -> None:
        """Until the server has read all that has arrived."""
        while self.websocket.is_held_back:
            await asyncio.sleep(0)

    def take(self) -> list[Message]:
        """The messages that have arrived since the last time."""
        data, self.transport.arrived = b"".join(self.transport.arrived), []
        self._parser.receive_data(data)
        for event in self._parser.events_received():
            assert isinstance(event, Frame)
            self._read(event)
        assert self._parser.parser_exc is None, self._parser.parser_exc
        got, self._got = self._got, []
        return got

    def _read(self, frame: Frame) -> None:
        match frame.opcode:
            case Opcode.TEXT:
                self._got.append(bytes(frame.data).decode())
            case Opcode.BINARY:
                self._got.append(bytes(frame.data))
            case Opcode.PONG:
                self.pongs.append(bytes(frame.data))
            case Opcode.CLOSE:
                self.close = Close.parse(bytes(frame.data))


class MemoryClient(MemoryPeer):
    """A client of an engine, past its handshake."""

    def __init__(
        self,
        engine: Engine,
        eio: int = 4,
        *,
        address: str | None = None,
        headers: tuple[tuple[bytes, bytes], ...] = (),
        **query: str,
    ) -> None:
        options = engine.options
        super().__init__(
            max_message_bytes=options.max_payload_bytes,
            outbox_limit_bytes=options.outbox_limit_bytes,
        )
        raw_query = urlencode({"EIO": str(eio), "transport": "websocket", **query}).encode()
        request = _SITE.request(
            "GET", "/socket.io/", raw_query, list(headers), address or next(_addresses)
        )
        assert engine.check(request, is_upgrade=True) is None
        self.session: Session = engine.open_websocket(request, self.attach)

    def enter(self, namespace: str = "/", auth: object = None) -> None:
        """Ask to be connected to a namespace."""
        prefix = "" if namespace == "/" else f"{namespace},"
        self.send(f"40{prefix}" + ("" if auth is None else json.dumps(auth)))

    def emit(self, event: str, *args: object, id: int | str = "", namespace: str = "/") -> None:
        self.send(self.event(event, *args, id=id, namespace=namespace))

    @staticmethod
    def event(event: str, *args: object, id: int | str = "", namespace: str = "/") -> str:
        prefix = "" if namespace == "/" else f"{namespace},"
        return f"42{prefix}{id}" + json.dumps([event, *args])

    async def news(self) -> list[Message]:
        """What has arrived after the loop's next turn."""
        await turn()
        return self.take()


async def entered(engine: Engine, eio: int = 4) -> MemoryClient:
    """A client connected to the main namespace, with everything read that this brought."""
    client = MemoryClient(engine, eio)
    if eio == 4:
        client.enter()
    await turn()
    client.take()
    return client


async def turn(count: int = 1) -> None:
    """Let everything that is ready run, as many times."""
    for _ in range(count):
        await asyncio.sleep(0)


async def until(condition: Callable[[], object], within_s: float = 5.0) -> None:
    """Let others run until the condition holds."""
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.002)
