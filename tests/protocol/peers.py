"""Peers of the server that speak Engine.IO by hand: every byte is the test's."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as websocket_connect
from websockets.exceptions import ConnectionClosed

# A close "by decision": far below the 20 s after which a timeout would do the same.
PROMPT_S = 1.0

ENGINE = "/engine.io/"
SOCKET = "/socket.io/"

SESSION_UNKNOWN = '{"code":1,"message":"Session ID unknown"}'

_RECORD_SEPARATOR = "\x1e"
_TEXT_LENGTH = re.compile(r"(\d+):")

Packet = str | bytes


@dataclass(frozen=True)
class Target:
    """Where a server listens."""

    host: str
    port: int

    def url(self, path: str, /, **query: str | int) -> str:
        return str(httpx.URL(f"http://{self.host}:{self.port}{path}", params=query or None))


def payload(eio: int, *packets: str) -> str:
    """Several text packets as one body: `\\x1e` between them in V4, UTF-16 lengths in V3."""
    if eio == 4:
        return _RECORD_SEPARATOR.join(packets)
    return "".join(f"{len(packet.encode('utf-16-le')) // 2}:{packet}" for packet in packets)


def binary_payload(*packets: Packet) -> bytes:
    """V3's binary framing: kind, decimal digits of the length in bytes, ff, the packet."""
    framed = b""
    for packet in packets:
        body = packet.encode() if isinstance(packet, str) else packet
        length = bytes(int(digit) for digit in str(len(body)))
        framed += bytes([isinstance(packet, bytes)]) + length + b"\xff" + body
    return framed


def unpack(eio: int, body: str) -> list[str]:
    """The packets of a text body; raises `AssertionError` for one that is not framed exactly."""
    if eio == 4:
        return body.split(_RECORD_SEPARATOR)
    packets = []
    units = body.encode("utf-16-le")
    at = 0
    while at < len(units):
        text = units[at:].decode("utf-16-le")
        length = _TEXT_LENGTH.match(text)
        assert length, f"no length at the beginning of {text!r}"
        start = at + 2 * length.end()
        at = start + 2 * int(length[1])
        assert at <= len(units), f"{body!r} is shorter than it says"
        packets.append(units[start:at].decode("utf-16-le"))
    return packets


def unpack_binary(body: bytes) -> list[Packet]:
    """The packets of a body in V3's binary framing."""
    packets: list[Packet] = []
    while body:
        kind, rest = body[0], body[1:]
        assert kind in (0, 1), f"no packet begins with byte {kind}"
        digits, _, rest = rest.partition(b"\xff")
        assert all(digit <= 9 for digit in digits), f"{digits!r} are no digits"
        length = int("".join(str(digit) for digit in digits))
        packet, body = rest[:length], rest[length:]
        assert len(packet) == length, "a body shorter than it says"
        packets.append(packet.decode() if kind == 0 else packet)
    return packets


def packets_of(eio: int, answer: httpx.Response) -> list[Packet]:
    """What a poll brought, whichever framing the answer says it has."""
    if answer.headers["content-type"].startswith("application/octet-stream"):
        return unpack_binary(answer.content)
    return list(unpack(eio, answer.content.decode()))


@dataclass
class Polling:
    """One long-polling session, from its handshake on."""

    http: httpx.AsyncClient
    target: Target
    path: str = ENGINE
    eio: int = 4
    query: dict[str, str | int] = field(default_factory=dict)
    sid: str = ""

    @classmethod
    async def open(
        cls,
        http: httpx.AsyncClient,
        target: Target,
        path: str = ENGINE,
        /,
        eio: int = 4,
        **query: str | int,
    ) -> Polling:
        session = cls(http, target, path, eio, query)
        answer = await http.get(session.url())
        assert answer.status_code == 200, answer.text
        (packet,) = packets_of(eio, answer)
        assert isinstance(packet, str)
        session.sid = json.loads(packet[1:])["sid"]
        return session

    def url(self, **query: str | int) -> str:
        known: dict[str, str | int] = {"EIO": self.eio, "transport": "polling", **self.query}
        if self.sid:
            known["sid"] = self.sid
        return self.target.url(self.path, **{**known, **query})

    async def get(self, **query: str | int) -> httpx.Response:
        return await self.http.get(self.url(**query))

    async def post(
        self, body: str | bytes, content_type: str = "text/plain;charset=UTF-8", **query: str | int
    ) -> httpx.Response:
        return await self.http.post(
            self.url(**query), content=body, headers={"content-type": content_type}
        )

    async def send(self, *packets: str) -> None:
        """POST the packets in one body; the answer has to be `ok`."""
        answer = await self.post(payload(self.eio, *packets))
        assert (answer.status_code, answer.text) == (200, "ok")

    async def poll(self) -> list[Packet]:
        """The packets of one GET, which has to succeed."""
        answer = await self.get()
        assert answer.status_code == 200, answer.text
        return packets_of(self.eio, answer)

    async def receive(self, count: int) -> list[Packet]:
        """Poll until `count` packets came, in as many answers as the server likes."""
        got: list[Packet] = []
        while len(got) < count:
            got += await self.poll()
        return got

    async def expect_ended(self, within_s: float = PROMPT_S) -> None:
        """The session is gone within `within_s`; until then a poll may bring a close or a noop."""
        async with asyncio.timeout(within_s):
            while (answer := await self.get()).text != SESSION_UNKNOWN:
                if answer.status_code == 200:
                    assert set(packets_of(self.eio, answer)) <= {"1", "6"}
                await asyncio.sleep(0.01)
        assert answer.status_code == 400

    @asynccontextmanager
    async def waiting_get(self, **query: str | int) -> AsyncIterator[asyncio.Task[httpx.Response]]:
        """A GET that the server has received and holds open; cancelled when left."""
        task = asyncio.create_task(self.get(**query))
        try:
            # Nothing tells that a request has reached a server that does not answer. An answer to
            # a later request on another connection is the best sign; the rest is this pause.
            await self.http.get(self.target.url(self.path))
            await asyncio.sleep(0.03)
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def websocket(
    target: Target, path: str = ENGINE, eio: int = 4, **query: str | int
) -> AsyncIterator[ClientConnection]:
    """A WebSocket to the engine; nothing is read from it yet."""
    url = target.url(path, EIO=eio, transport="websocket", **query)
    async with websocket_connect(
        url.replace("http", "ws", 1),
        proxy=None,
        compression=None,
        ping_interval=None,
        max_size=4_000_000,
        close_timeout=1.0,
    ) as connection:
        yield connection


@asynccontextmanager
async def opened(
    target: Target, path: str = ENGINE, eio: int = 4, **query: str | int
) -> AsyncIterator[ClientConnection]:
    """A WebSocket whose open packet has been read."""
    async with websocket(target, path, eio, **query) as connection:
        assert str(await receive(connection)).startswith("0{")
        yield connection


@asynccontextmanager
async def connected(
    target: Target, eio: int = 4, **query: str | int
) -> AsyncIterator[ClientConnection]:
    """A WebSocket connected to Socket.IO's main namespace, `auth` already read."""
    async with opened(target, SOCKET, eio, **query) as connection:
        if eio == 4:
            await connection.send("40")
        assert str(await receive(connection)).startswith("40")
        assert await receive(connection) == '42["auth",{}]'
        yield connection


async def receive(connection: ClientConnection, within_s: float = 5.0) -> Packet:
    """The next message."""
    async with asyncio.timeout(within_s):
        return await connection.recv()


async def receive_many(
    connection: ClientConnection, count: int, within_s: float = 5.0
) -> list[Packet]:
    """The next messages, heartbeats left out."""
    got: list[Packet] = []
    while len(got) < count:
        message = await receive(connection, within_s)
        if message == "2":
            await connection.send("3")
        else:
            got.append(message)
    return got


async def expect_closed(
    connection: ClientConnection, within_s: float = PROMPT_S, allowed: Sequence[Packet] = ()
) -> None:
    """The server closes within `within_s`, and sends nothing before but what is allowed."""
    try:
        async with asyncio.timeout(within_s):
            while True:
                message = await connection.recv()
                assert message in allowed, f"{message!r} before the close"
    except ConnectionClosed:
        pass


async def expect_open(connection: ClientConnection, path: str = ENGINE) -> None:
    """The connection is alive: what is sent comes back, and nothing came before it."""
    sent, back = ("4alive", "4alive")
    if path == SOCKET:
        sent, back = ('42["message","alive"]', '42["message-back","alive"]')
    await connection.send(sent)
    assert await receive(connection) == back


async def expect_silence(connection: ClientConnection, for_s: float) -> None:
    """Nothing comes for so long."""
    try:
        async with asyncio.timeout(for_s):
            message: Any = await connection.recv()
    except TimeoutError:
        return
    raise AssertionError(f"{message!r} came unasked")
