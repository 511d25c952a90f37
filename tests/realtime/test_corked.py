"""An answer leaves in one piece: no half of it is left behind, and it is one system call."""

import asyncio
import socket
from typing import Any

from quad.realtime import SocketServer
from quad.realtime.http.corked import Corked
from tests.protocol.peers import Target
from tests.realtime.serving import serving

BODY = b"x" * 40


class Recording(asyncio.Transport):
    """Notes what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.is_closed = False

    def write(self, data: Any) -> None:
        assert not self.is_closed
        self.written.append(bytes(data))

    def close(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed


def corked() -> tuple[Corked, Recording]:
    transport = Recording()
    return Corked(transport, asyncio.get_running_loop()), transport


async def one_turn() -> None:
    await asyncio.sleep(0)


async def test_head_and_body_are_one_piece_and_what_follows_is_not_kept() -> None:
    answer, transport = corked()
    for piece in (b"head", b"body", b"more", b"still more"):
        answer.write(piece)
    assert transport.written == [b"headbody", b"more", b"still more"]
    await one_turn()
    assert transport.written == [b"headbody", b"more", b"still more"]


async def test_a_head_whose_body_is_not_there_yet_leaves_with_the_next_turn() -> None:
    answer, transport = corked()
    answer.write(b"head")
    assert transport.written == []
    await one_turn()
    assert transport.written == [b"head"]
    answer.write(b"body")
    assert transport.written == [b"head", b"body"]


async def test_a_large_body_is_not_copied() -> None:
    answer, transport = corked()
    body = bytes(1_000_000)
    answer.write(b"head")
    answer.write(body)
    assert transport.written == [b"head", body]


async def test_the_end_of_a_connection_keeps_nothing_back() -> None:
    answer, transport = corked()
    answer.write(b"head")
    assert not answer.is_closing()
    answer.close()
    assert transport.written == [b"head"]
    assert answer.is_closing()


async def test_a_connection_that_is_gone_is_not_written_to() -> None:
    answer, transport = corked()
    answer.write(b"head")
    transport.close()
    await one_turn()
    assert transport.written == []


async def test_no_answer_is_ever_seen_by_halves() -> None:
    """Two writes are seen apart, by a client on another core, most of the time."""

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-length", str(len(BODY)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": BODY})

    async with serving(SocketServer(), application=answer) as target:
        pieces = await asyncio.to_thread(_pieces, target, 200)
    assert {piece[-len(BODY) :] for piece in pieces} == {BODY}
    assert len(pieces) == 200


def _pieces(target: Target, requests: int) -> list[bytes]:
    """What each request's first read gives."""
    with socket.create_connection((target.host, target.port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pieces = []
        for _ in range(requests):
            connection.sendall(b"GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n")
            pieces.append(connection.recv(65_536))
        return pieces
