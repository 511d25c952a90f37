"""HTTP under long-polling: what a client may do with connections, segments and bodies."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from tests.patience import patience
from tests.protocol.peers import ENGINE, PROMPT_S, Polling, Target, payload

BOTH = pytest.mark.parametrize("eio", [4, 3], ids=["V4", "V3"])


class RawHttp:
    """One TCP connection that carries requests as written."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def write(self, *segments: bytes, pause_s: float = 0.002) -> None:
        for segment in segments:
            self.writer.write(segment)
            await self.writer.drain()
            await asyncio.sleep(pause_s)  # lets the kernel send this segment by itself

    async def read_answer(self) -> tuple[int, bytes]:
        async with asyncio.timeout(patience(5.0)):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower()
            status = int(head.split(" ")[1])
            if "transfer-encoding: chunked" in head:
                return status, await self._chunks()
            length = next(
                int(line.split(":")[1])
                for line in head.split("\r\n")
                if line.startswith("content-length:")
            )
            return status, await self.reader.readexactly(length)

    async def _chunks(self) -> bytes:
        body = b""
        while True:
            size = int(await self.reader.readline(), 16)
            body += (await self.reader.readexactly(size + 2))[:-2]
            if not size:
                return body


@asynccontextmanager
async def raw_http(target: Target) -> AsyncIterator[RawHttp]:
    reader, writer = await asyncio.open_connection(target.host, target.port)
    try:
        yield RawHttp(reader, writer)
    finally:
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)


def get(target: Target, eio: int = 4, sid: str = "") -> bytes:
    query = f"EIO={eio}&transport=polling" + (f"&sid={sid}" if sid else "")
    return f"GET {ENGINE}?{query} HTTP/1.1\r\nHost: {target.host}\r\n\r\n".encode()


def post(target: Target, body: bytes, sid: str, eio: int = 4, *headers: str) -> bytes:
    extra = "".join(f"{header}\r\n" for header in headers)
    return (
        f"POST {ENGINE}?EIO={eio}&transport=polling&sid={sid} HTTP/1.1\r\nHost: {target.host}\r\n"
        f"Content-Type: text/plain\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
    ).encode() + body


@BOTH
async def test_a_whole_session_fits_one_connection(patient: Target, eio: int) -> None:
    async with raw_http(patient) as raw:
        await raw.write(get(patient, eio))
        status, body = await raw.read_answer()
        assert status == 200
        sid = json.loads(body[body.index(b"{") :])["sid"]
        for turn in range(3):
            packet = payload(eio, f"4turn {turn}").encode()
            await raw.write(post(patient, packet, sid, eio))
            assert await raw.read_answer() == (200, b"ok")
            await raw.write(get(patient, eio, sid))
            assert await raw.read_answer() == (200, packet)


@BOTH
async def test_a_post_may_come_byte_by_byte(
    http: httpx.AsyncClient, patient: Target, eio: int
) -> None:
    session = await Polling.open(http, patient, eio=eio)
    async with raw_http(patient) as raw:
        wire = post(patient, payload(eio, "4Привет 😀").encode(), session.sid, eio)
        await raw.write(*(wire[at : at + 1] for at in range(len(wire))), pause_s=0)
        assert await raw.read_answer() == (200, b"ok")
    assert await session.poll() == ["4Привет 😀"]


async def test_a_body_may_be_cut_anywhere_even_within_a_character(
    http: httpx.AsyncClient, patient: Target
) -> None:
    session = await Polling.open(http, patient)
    body = "4Привет 😀\x1e4ё".encode()
    async with raw_http(patient) as raw:
        for cut in range(1, len(body)):
            wire = post(patient, body, session.sid)
            await raw.write(wire[: len(wire) - cut], wire[len(wire) - cut :])
            assert await raw.read_answer() == (200, b"ok")
            assert await session.receive(2) == ["4Привет 😀", "4ё"]


@pytest.mark.differs("Node takes pipelined POSTs for POSTs at once")
async def test_pipelined_posts_are_handled_one_after_the_other(
    http: httpx.AsyncClient, patient: Target
) -> None:
    session = await Polling.open(http, patient)
    async with raw_http(patient) as raw:
        await raw.write(b"".join(post(patient, f"4{n}".encode(), session.sid) for n in range(5)))
        for _ in range(5):
            assert await raw.read_answer() == (200, b"ok")
    assert await session.receive(5) == ["40", "41", "42", "43", "44"]


async def test_a_post_pipelined_behind_a_get_of_its_own_connection_does_not_deadlock_others(
    http: httpx.AsyncClient, patient: Target
) -> None:
    session = await Polling.open(http, patient)
    async with raw_http(patient) as raw:
        await raw.write(get(patient, sid=session.sid))
        await session.send("4from elsewhere")
        assert await raw.read_answer() == (200, b"4from elsewhere")


async def test_a_client_may_wait_for_100_continue(http: httpx.AsyncClient, patient: Target) -> None:
    session = await Polling.open(http, patient)
    async with raw_http(patient) as raw:
        wire = post(patient, b"4patient", session.sid, 4, "Expect: 100-continue")
        head, _, body = wire.partition(b"\r\n\r\n")
        await raw.write(head + b"\r\n\r\n")
        async with asyncio.timeout(PROMPT_S):
            assert (await raw.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
        await raw.write(body)
        assert await raw.read_answer() == (200, b"ok")
    assert await session.poll() == ["4patient"]


@BOTH
@pytest.mark.differs("Node writes it to the closed connection")
@pytest.mark.parametrize("abort", [True, False], ids=["reset", "closed"])
async def test_no_packet_is_lost_in_a_get_that_was_just_abandoned(
    http: httpx.AsyncClient, patient: Target, eio: int, abort: bool
) -> None:
    """The server may learn of the end and of the packet in one turn of its loop."""
    for number in range(20):
        session = await Polling.open(http, patient, eio=eio)
        async with raw_http(patient) as raw:
            await raw.write(get(patient, eio, session.sid), pause_s=0.02)
            if abort:
                raw.writer.transport.abort()
            else:
                raw.writer.close()
            posted = await session.post(payload(eio, f"4{number}"))
            if posted.status_code == 200:
                async with asyncio.timeout(PROMPT_S):
                    answer = await session.get()
                # The session may also end while this GET waits already.
                is_over = answer.status_code == 400 or answer.text == payload(eio, "1")
                assert is_over or answer.text == payload(eio, f"4{number}")


async def test_an_abandoned_post_delivers_nothing(http: httpx.AsyncClient, patient: Target) -> None:
    session = await Polling.open(http, patient)
    async with raw_http(patient) as raw:
        await raw.write(post(patient, b"4never finished", session.sid)[:-5])
        await asyncio.sleep(0.05)
        raw.writer.transport.abort()
    await asyncio.sleep(0.05)
    posted = await session.post("4next")
    if posted.status_code == 200:
        assert await session.poll() == ["4next"]
    else:
        await session.expect_ended()


async def test_an_announced_length_over_the_limit_is_refused_before_the_body(
    http: httpx.AsyncClient, patient: Target
) -> None:
    session = await Polling.open(http, patient)
    async with raw_http(patient) as raw:
        wire = post(patient, b"4", session.sid).replace(
            b"Content-Length: 1", b"Content-Length: 50000000"
        )
        await raw.write(wire + b"x" * 1_000_001)
        assert (await raw.read_answer())[0] == 413


async def test_keep_alive_is_kept_after_a_refusal(patient: Target) -> None:
    async with raw_http(patient) as raw:
        for _ in range(3):
            await raw.write(get(patient, sid="unknown"))
            status, body = await raw.read_answer()
            assert (status, json.loads(body)["code"]) == (400, 1)


async def test_answers_to_polls_are_not_cached(http: httpx.AsyncClient, patient: Target) -> None:
    session = await Polling.open(http, patient)
    await session.send("4x")
    answer = await session.get()
    assert "no-store" in answer.headers.get("cache-control", "no-store")
