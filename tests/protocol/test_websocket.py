"""WebSocket: packets as frames, and what TCP and RFC 6455 allow a client to do to them."""

import asyncio
import base64
import os
import socket as sockets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from tests.patience import patience
from tests.protocol.peers import (
    ENGINE,
    PROMPT_S,
    Target,
    expect_closed,
    expect_open,
    opened,
    receive,
    websocket,
)

BOTH = pytest.mark.parametrize("eio", [4, 3], ids=["V4", "V3"])

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA


@BOTH
async def test_text_comes_back_unchanged(patient: Target, eio: int) -> None:
    async with opened(patient, eio=eio) as connection:
        for text in ("hello", "Привет 😀", "", "\0\x1e\n", "x" * 70_000):
            await connection.send(f"4{text}")
            assert await receive(connection) == f"4{text}"


async def test_a_binary_frame_is_a_binary_message_without_a_type_byte(patient: Target) -> None:
    async with opened(patient) as connection:
        for data in (b"\x01\x02\x03\x04", b"\x04", b"", bytes(range(256)) * 300):
            await connection.send(data)
            assert await receive(connection) == data


@BOTH
async def test_many_messages_keep_their_order(patient: Target, eio: int) -> None:
    async with opened(patient, eio=eio) as connection:
        sent = [f"4message {number}" for number in range(500)]
        for packet in sent:
            await connection.send(packet)
        assert [await receive(connection) for _ in sent] == sent


@BOTH
@pytest.mark.parametrize("packet", ["abc", "7", "x", ""])
async def test_a_packet_that_cannot_be_decoded_closes_at_once(
    patient: Target, eio: int, packet: str
) -> None:
    async with opened(patient, eio=eio) as connection:
        await connection.send(packet)
        await expect_closed(connection)


@BOTH
@pytest.mark.differs("Node leaves the socket open until the heartbeat fails")
async def test_a_close_packet_closes_the_websocket(patient: Target, eio: int) -> None:
    async with opened(patient, eio=eio) as connection:
        await connection.send("1")
        await expect_closed(connection)


@BOTH
@pytest.mark.differs("Node leaves the socket open until the heartbeat fails")
async def test_what_was_sent_before_a_close_packet_is_answered(patient: Target, eio: int) -> None:
    async with opened(patient, eio=eio) as connection:
        await connection.send("4last words")
        assert await receive(connection) == "4last words"
        await connection.send("1")
        await expect_closed(connection)


@BOTH
async def test_a_message_in_fragments_is_one_message(patient: Target, eio: int) -> None:
    async with opened(patient, eio=eio) as connection:
        await connection.send(["4he", "", "llo ", "😀", "!"])
        assert await receive(connection) == "4hello 😀!"
        kind = b"\x04" if eio == 3 else b""
        await connection.send([kind + b"\x01", b"\x02", b"\x03"])
        assert await receive(connection) == kind + b"\x01\x02\x03"


async def test_a_websocket_ping_is_answered_with_its_own_bytes(patient: Target) -> None:
    async with opened(patient) as connection:
        pong = await connection.ping(b"are you there")
        async with asyncio.timeout(PROMPT_S):
            await pong
        await expect_open(connection)


async def test_a_message_of_the_limit_is_delivered_and_a_longer_one_closes(
    patient: Target,
) -> None:
    async with opened(patient) as connection:
        message = "4" + "x" * 999_999
        await connection.send(message)
        assert await receive(connection) == message
        await connection.send("4" + "x" * 1_000_100)
        await expect_closed(connection)


@dataclass
class RawWebSocket:
    """A WebSocket client that decides about every byte and every TCP segment."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def write(self, *segments: bytes, pause_s: float = 0.002) -> None:
        for segment in segments:
            self.writer.write(segment)
            await self.writer.drain()
            await asyncio.sleep(pause_s)  # lets the kernel send this segment by itself

    async def read_frame(self, within_s: float = 5.0) -> tuple[int, bytes]:
        """Opcode and payload of the next frame; servers do not mask theirs."""
        async with asyncio.timeout(within_s):
            first, second = await self.reader.readexactly(2)
            assert first & 0x80, "the server sends whole messages"
            assert not second & 0x80, "the server does not mask"
            length = second & 0x7F
            if length == 126:
                length = int.from_bytes(await self.reader.readexactly(2), "big")
            elif length == 127:
                length = int.from_bytes(await self.reader.readexactly(8), "big")
            return first & 0x0F, await self.reader.readexactly(length)

    async def read_close(self) -> int | None:
        """The close code, reading over other frames; None for an end without a close frame."""
        try:
            while True:
                opcode, body = await self.read_frame(PROMPT_S)
                if opcode == CLOSE:
                    return int.from_bytes(body[:2], "big")
        except (asyncio.IncompleteReadError, ConnectionResetError):
            return None


def frame(opcode: int, body: bytes, *, fin: bool = True, mask: bool = True, rsv: int = 0) -> bytes:
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    bit = 0x80 if mask else 0
    if len(body) < 126:
        head += bytes([bit | len(body)])
    elif len(body) < 65536:
        head += bytes([bit | 126]) + len(body).to_bytes(2, "big")
    else:
        head += bytes([bit | 127]) + len(body).to_bytes(8, "big")
    if not mask:
        return head + body
    key = os.urandom(4)
    return head + key + bytes(byte ^ key[at % 4] for at, byte in enumerate(body))


def request(target: Target, *headers: str, path: str = ENGINE, eio: int = 4) -> bytes:
    lines = [
        f"GET {path}?EIO={eio}&transport=websocket HTTP/1.1",
        f"Host: {target.host}:{target.port}",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
        *headers,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


@asynccontextmanager
async def raw_connection(target: Target) -> AsyncIterator[RawWebSocket]:
    reader, writer = await asyncio.open_connection(target.host, target.port)
    writer.get_extra_info("socket").setsockopt(sockets.IPPROTO_TCP, sockets.TCP_NODELAY, 1)
    try:
        yield RawWebSocket(reader, writer)
    finally:
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)


@asynccontextmanager
async def raw_websocket(target: Target, eio: int = 4) -> AsyncIterator[RawWebSocket]:
    """A raw client after the handshake and the open packet."""
    async with raw_connection(target) as raw:
        await raw.write(request(target, "Connection: Upgrade", eio=eio))
        assert b" 101 " in await status_line(raw)
        opcode, body = await raw.read_frame()
        assert opcode == TEXT
        assert body.startswith(b"0{")
        yield raw


async def status_line(raw: RawWebSocket) -> bytes:
    async with asyncio.timeout(patience(5.0)):
        head = await raw.reader.readuntil(b"\r\n\r\n")
    return head.split(b"\r\n")[0]


@pytest.mark.parametrize(
    "lines",
    [
        ["Connection: Upgrade", "Connection: keep-alive"],
        ["Connection: keep-alive", "Connection: Upgrade"],
        ["Connection: keep-alive, Upgrade"],
        ["connection: upgrade"],
    ],
    ids=["upgrade first", "upgrade last", "one line", "lower case"],
)
@BOTH
async def test_the_connection_header_may_be_repeated(
    patient: Target, eio: int, lines: list[str]
) -> None:
    async with raw_connection(patient) as raw:
        await raw.write(request(patient, *lines, eio=eio))
        assert b" 101 " in await status_line(raw)
        assert (await raw.read_frame())[1].startswith(b"0{")
        await raw.write(frame(TEXT, b"4hello"))
        assert await raw.read_frame() == (TEXT, b"4hello")


async def test_a_handshake_may_come_byte_by_byte(patient: Target) -> None:
    async with raw_connection(patient) as raw:
        wire = request(patient, "Connection: Upgrade")
        await raw.write(*(wire[at : at + 1] for at in range(len(wire))), pause_s=0)
        assert b" 101 " in await status_line(raw)
        assert (await raw.read_frame())[1].startswith(b"0{")


@BOTH
async def test_a_frame_may_come_byte_by_byte(patient: Target, eio: int) -> None:
    async with raw_websocket(patient, eio) as raw:
        wire = frame(TEXT, "4Привет 😀".encode())
        await raw.write(*(wire[at : at + 1] for at in range(len(wire))))
        assert await raw.read_frame() == (TEXT, "4Привет 😀".encode())


@BOTH
async def test_many_frames_may_come_in_one_segment(patient: Target, eio: int) -> None:
    async with raw_websocket(patient, eio) as raw:
        await raw.write(b"".join(frame(TEXT, f"4{n}".encode()) for n in range(50)))
        got = [await raw.read_frame() for _ in range(50)]
    assert got == [(TEXT, f"4{n}".encode()) for n in range(50)]


async def test_a_segment_may_end_within_the_next_frame(patient: Target) -> None:
    async with raw_websocket(patient) as raw:
        wire = frame(TEXT, b"4first") + frame(TEXT, b"4second") + frame(BINARY, b"\x01" * 300)
        for at in (3, 8, 15, 20, 25, 30):
            await raw.write(wire[:at], wire[at:])
            assert await raw.read_frame() == (TEXT, b"4first")
            assert await raw.read_frame() == (TEXT, b"4second")
            assert await raw.read_frame() == (BINARY, b"\x01" * 300)


async def test_control_frames_may_come_between_fragments(patient: Target) -> None:
    async with raw_websocket(patient) as raw:
        await raw.write(
            frame(TEXT, b"4hel", fin=False)
            + frame(PING, b"ping")
            + frame(0, b"l", fin=False)
            + frame(PONG, b"unasked")
            + frame(0, b"o")
        )
        assert await raw.read_frame() == (PONG, b"ping")
        assert await raw.read_frame() == (TEXT, b"4hello")


async def test_a_character_may_be_split_between_fragments(patient: Target) -> None:
    smile = "😀".encode()
    async with raw_websocket(patient) as raw:
        await raw.write(frame(TEXT, b"4" + smile[:2], fin=False), frame(0, smile[2:]))
        assert await raw.read_frame() == (TEXT, b"4" + smile)


@pytest.mark.parametrize(
    ("wire", "code"),
    [
        (frame(TEXT, b"4hello", mask=False), 1002),
        (frame(TEXT, b"4hello", rsv=4), 1002),
        (frame(0x3, b"4hello"), 1002),
        (frame(0, b"4hello"), 1002),
        (frame(TEXT, b"4\xff\xfe"), 1007),
        (frame(PING, b"x" * 126), 1002),
        (frame(PING, b"", fin=False), 1002),
    ],
    ids=[
        "unmasked",
        "reserved bit",
        "unknown opcode",
        "continuation of nothing",
        "not UTF-8",
        "long control frame",
        "fragmented control frame",
    ],
)
async def test_a_breach_of_the_websocket_protocol_closes_with_its_code(
    patient: Target, wire: bytes, code: int
) -> None:
    async with raw_websocket(patient) as raw:
        await raw.write(wire)
        assert await raw.read_close() in (code, None)


async def test_a_huge_announced_length_closes_before_it_is_read(patient: Target) -> None:
    async with raw_websocket(patient) as raw:
        await raw.write(b"\x81\xff" + (1 << 40).to_bytes(8, "big") + b"\0\0\0\0" + b"4")
        assert await raw.read_close() in (1009, None)


async def test_fragments_over_the_limit_close(patient: Target) -> None:
    async with raw_websocket(patient) as raw:
        piece = b"4" * 400_000
        await raw.write(frame(TEXT, piece, fin=False))
        await raw.write(frame(0, piece, fin=False))
        await raw.write(frame(0, piece))
        assert await raw.read_close() in (1009, None)


async def test_a_close_frame_is_answered_with_a_close_frame(patient: Target) -> None:
    async with raw_websocket(patient) as raw:
        await raw.write(frame(CLOSE, (1000).to_bytes(2, "big")))
        assert await raw.read_close() == 1000
        async with asyncio.timeout(PROMPT_S):
            assert await raw.reader.read() == b""


async def test_frames_before_a_close_frame_in_one_segment_are_answered(patient: Target) -> None:
    async with raw_websocket(patient) as raw:
        await raw.write(frame(TEXT, b"4last") + frame(TEXT, b"4words"))
        assert await raw.read_frame() == (TEXT, b"4last")
        assert await raw.read_frame() == (TEXT, b"4words")


async def test_a_connection_that_vanishes_harms_nobody(patient: Target) -> None:
    async with opened(patient) as witness:
        for _ in range(5):
            async with raw_websocket(patient) as raw:
                await raw.write(frame(TEXT, b"4half")[:5])
                raw.writer.transport.abort()
        await expect_open(witness)


async def test_an_offered_compression_leaves_the_messages_intact(patient: Target) -> None:
    async with raw_connection(patient) as raw:
        await raw.write(
            request(
                patient,
                "Connection: Upgrade",
                "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
            )
        )
        assert b" 101 " in await status_line(raw)
        opcode, body = await raw.read_frame()
        assert (opcode, body[:2]) == (TEXT, b"0{")


async def test_a_hundred_websockets_live_side_by_side(patient: Target) -> None:
    async def one(number: int) -> None:
        async with websocket(patient) as connection:
            await receive(connection)
            for turn in range(5):
                await connection.send(f"4{number} {turn}")
                assert await receive(connection) == f"4{number} {turn}"

    await asyncio.gather(*(one(number) for number in range(100)))
