"""A tiny server in the test's own loop: what the load generator needs, with a record of it."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

UPGRADE = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
OPEN = '0{"sid":"x","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}'


def frame(text: str) -> bytes:
    """One unmasked text frame."""
    data = text.encode()
    if len(data) < 126:
        return struct.pack("!BB", 0x81, len(data)) + data
    if len(data) < 65536:
        return struct.pack("!BBH", 0x81, 126, len(data)) + data
    return struct.pack("!BBQ", 0x81, 127, len(data)) + data


async def read_frame(reader: asyncio.StreamReader) -> str:
    """The text of one masked frame."""
    _, length = await reader.readexactly(2)
    length &= 0x7F
    if length == 126:
        (length,) = struct.unpack("!H", await reader.readexactly(2))
    elif length == 127:
        (length,) = struct.unpack("!Q", await reader.readexactly(8))
    mask = await reader.readexactly(4)
    data = await reader.readexactly(length)
    return bytes(byte ^ mask[i % 4] for i, byte in enumerate(data)).decode()


@dataclass
class Room:
    """What everyone said, in order, and what each message becomes for a member.

    `deliver` turns the number of a message into the bytes for one member; tests break it.
    """

    deliver: Callable[[int, int], bytes] = lambda member, message: frame('42["said",{}]')
    ping: bool = False
    port: int = 0
    requests: list[str] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    messages: int = 0
    members: list[asyncio.StreamWriter] = field(default_factory=list)
    leader: asyncio.StreamWriter | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.requests.append((await reader.readuntil(b"\r\n\r\n")).decode())
            writer.write(UPGRADE + frame(OPEN))
            while True:
                self.take(await read_frame(reader), writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    def take(self, text: str, writer: asyncio.StreamWriter) -> None:
        self.heard.append(text)
        if text == "40":
            writer.write(frame('40{"sid":"y"}'))
        elif text.startswith('42["lead"'):
            self.leader = writer
            writer.write(frame('42["led",{"name":"x","id":4711}]'))
        elif text.startswith('42["join"'):
            self.members.append(writer)
            # With a ping right before it, and in two pieces, as networks do.
            answer = (frame("2") if self.ping else b"") + frame('42["joined",{}]')
            writer.write(answer[:5])
            asyncio.get_running_loop().call_soon(writer.write, answer[5:])
        elif text.startswith('42["say"'):
            for member, each in enumerate(self.members):
                each.write(self.deliver(member, self.messages))
            self.messages += 1
        elif text.startswith('{"hello"'):
            writer.write(frame('{"welcome"'))
        elif text.startswith('42["echo"'):
            writer.write(self.deliver(0, self.messages))
            self.messages += 1
        elif text.startswith('42["tell"') and self.leader is not None:
            self.leader.write(frame('42["told",{}]'))
            self.messages += 1


@asynccontextmanager
async def open_room(room: Room) -> AsyncIterator[Room]:
    """Serve the room at a free port; all its connections have ended when the block has."""
    serving: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(room.serve(reader, writer))
        serving.add(task)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    room.port = server.sockets[0].getsockname()[1]
    try:
        yield room
    finally:
        server.close()
        await asyncio.gather(*serving)
        await server.wait_closed()
