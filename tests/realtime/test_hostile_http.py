"""What a client may send instead of a request: it is answered in good order, and nobody waits."""

import asyncio
import gc
import logging
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from quad.realtime import EngineOptions, SocketServer
from quad.realtime.http.front import Front, find_end
from tests.patience import patience
from tests.protocol.peers import SOCKET, Target
from tests.realtime.serving import serving, until
from tests.realtime.test_listening import expect_cut, tcp

HOST = b"Host: x\r\n"
LAST = b"Connection: close\r\n"


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the body it got and the headers it saw."""
    body, is_whole = b"", False
    while not is_whole:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body += message["body"]
        is_whole = not message["more_body"]
    seen = b"; ".join(name + b"=" + value for name, value in scope["headers"])
    answer = b"%b %b [%b] {%b}" % (scope["method"].encode(), scope["path"].encode(), body, seen)
    headers = [(b"content-length", str(len(answer)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


@asynccontextmanager
async def echo(**options: Any) -> AsyncIterator[Target]:
    async with serving(SocketServer(), application=application, **options) as target:
        yield target


async def ask(target: Target, *segments: bytes) -> bytes:
    """Everything that is answered to one connection until it ends."""
    async with tcp(target) as (reader, writer):
        answer = asyncio.create_task(expect_cut(reader, 5))
        for segment in segments:
            writer.write(segment)
            await asyncio.sleep(0.01)  # lets the kernel send this segment by itself
        return await answer


@pytest.fixture(autouse=True)
def no_traceback(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Nothing that a client sends makes one."""
    caplog.set_level(logging.DEBUG, "quad")
    yield
    assert not [record for record in caplog.records if record.exc_info]
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


# --- heads ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("cuts", [1, 2, 7], ids="{} segments".format)
@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(b"a:b\r\n" * 25_000 + b"Connection:x\r\n" * 8_500, id="many lines"),
        pytest.param(b"a:b\r\n" * 201, id="a line too many"),
        pytest.param(b"X: " + b"y" * 66_000 + b"\r\n", id="a long value"),
        pytest.param(b"y" * 66_000 + b": x\r\n", id="a long name"),
        pytest.param(b"X: " + b"y" * 900_000, id="a value without end"),
    ],
)
async def test_a_head_over_the_limit_is_refused_at_once(lines: bytes, cuts: int) -> None:
    head = b"GET / HTTP/1.1\r\n" + HOST + lines + b"\r\n"
    step = len(head) // cuts + 1
    async with echo() as target:
        began = time.perf_counter()
        answer = await ask(target, *(head[at : at + step] for at in range(0, len(head), step)))
        took_s = time.perf_counter() - began
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert took_s < 1.5


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(b"GET / HTTP/1.1\r\n" + HOST + b"a:b\r\n" * 1_000, id="a refused head"),
        pytest.param(
            b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 9\r\n\r\nhalf", id="half a body"
        ),
        pytest.param(b"GET / HTTP/1.1\r\n" + HOST + b"\r\nGET / HT", id="half a second head"),
    ],
)
async def test_what_a_client_leaves_behind_is_forgotten_without_a_search_for_garbage(
    request_: bytes,
) -> None:
    async with echo(handshake_timeout_s=0.1) as target:
        await ask(target, request_)
        gc.collect()
        gc.disable()
        try:
            for _ in range(3):
                await ask(target, request_)
            await asyncio.sleep(0.05)
            assert not [one for one in gc.get_objects() if isinstance(one, Front)]
        finally:
            gc.enable()


async def test_a_head_over_the_limit_behind_a_request_is_refused_after_its_answer() -> None:
    good = b"GET /good HTTP/1.1\r\n" + HOST + b"\r\n"
    async with echo() as target:
        answer = await ask(target, good + b"GET / HTTP/1.1\r\nX: " + b"y" * 15_000, b"y" * 66_000)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"HTTP/1.1 431 " in answer


async def test_a_large_head_of_few_lines_is_read_whole() -> None:
    lines = b"X: " + b"y" * 8_000 + b"\r\n"
    async with echo() as target:
        answer = await ask(target, b"GET / HTTP/1.1\r\n" + HOST + LAST + lines * 7 + b"\r\n")
    assert answer.count(b"y" * 8_000) == 7


async def test_repeated_connection_lines_are_one() -> None:
    lines = b"Connection: keep-alive\r\nX: 1\r\nConnection: close\r\n"
    async with echo() as target:
        answer = await ask(target, b"GET / HTTP/1.1\r\n" + HOST + lines + b"\r\n")
    assert b"connection=keep-alive, close;" in answer


@pytest.mark.parametrize(
    ("version", "lines", "status"),
    [
        pytest.param(b"1.1", b"", 400, id="none"),
        pytest.param(b"1.1", b"Host: a\r\nHost: a\r\n", 400, id="two"),
        pytest.param(b"1.1", b"Host: a b\r\n", 400, id="a blank"),
        pytest.param(b"1.1", b"Host: a/b\r\n", 400, id="a path"),
        pytest.param(b"1.1", b"Host: a@b\r\n", 400, id="a user"),
        pytest.param(b"1.1", b"Host: a:b\r\n", 400, id="no port"),
        pytest.param(b"1.1", b"Host: [::1\r\n", 400, id="half an address"),
        pytest.param(b"1.1", b"Host: [::1]:80\r\n", 200, id="IPv6"),
        pytest.param(b"1.1", b"Host: a_b.example:80\r\n", 200, id="a name and a port"),
        pytest.param(b"1.1", b"Host:\r\n", 200, id="empty"),
        pytest.param(b"1.0", b"", 200, id="HTTP/1.0, none"),
        pytest.param(b"1.0", b"Host: a\r\nHost: b\r\n", 400, id="HTTP/1.0, two"),
    ],
)
async def test_a_request_has_exactly_one_valid_host(
    version: bytes, lines: bytes, status: int
) -> None:
    async with echo() as target:
        answer = await ask(target, b"GET / HTTP/%b\r\n%b%b\r\n" % (version, lines, LAST))
    assert answer.startswith(b"HTTP/1.1 %d " % status)


@pytest.mark.parametrize(
    ("url", "path", "host"),
    [
        (b"http://a.example:1/p?q", b"/p", b"host=a.example:1"),
        (b"HTTP://b", b"/", b"host=b"),
        (b"http://b?q", b"/", b"host=b"),
    ],
)
async def test_an_address_in_full_is_a_target(url: bytes, path: bytes, host: bytes) -> None:
    async with echo() as target:
        answer = await ask(target, b"GET %b HTTP/1.1\r\n%b%b\r\n" % (url, HOST, LAST))
    assert b"GET " + path + b" []" in answer
    assert host in answer


@pytest.mark.parametrize(
    "request_",
    [
        b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
        b"GET ftp://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http://a b/ HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http://[::1/ HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http:///a HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200) + b"\r\n\r\n",
        b"BAD LINE\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n folded: x\r\n\r\n",
    ],
    ids=lambda request: request[:24],
)
async def test_what_is_no_request_is_a_400(request_: bytes) -> None:
    async with echo() as target:
        assert (await ask(target, request_)).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("coding", [b"gzip, chunked", b"deflate,chunked", b"GZIP , Chunked"])
async def test_a_transfer_coding_that_nobody_undoes_is_a_501(coding: bytes) -> None:
    body = b"Transfer-Encoding: %b\r\n\r\n2\r\nhi\r\n0\r\n\r\n"
    async with echo() as target:
        assert (await ask(target, POST + body % coding)).startswith(b"HTTP/1.1 501 ")
        assert b"[hi]" in await ask(target, POST + LAST + body % b"Chunked")


async def test_a_bad_line_behind_a_request_does_not_cost_its_answer() -> None:
    async with echo() as target:
        answer = await ask(target, b"GET / HTTP/1.1\r\n" + HOST + b"\r\nBAD LINE\r\n\r\n")
    first, _, second = answer.partition(b"HTTP/1.1 400 ")
    assert first.startswith(b"HTTP/1.1 200 ")
    assert second


async def test_requests_ahead_are_answered_in_order() -> None:
    requests = [b"GET /%d HTTP/1.1\r\n%b\r\n" % (number, HOST) for number in range(100)]
    requests.append(b"GET /last HTTP/1.1\r\n" + HOST + LAST + b"\r\n")
    async with echo() as target:
        answer = await ask(target, b"".join(requests))
    paths = [line.split()[1] for line in answer.split(b"\r\n") if b" [] {" in line]
    assert paths == [b"/%d" % number for number in range(100)] + [b"/last"]


# --- bodies ---------------------------------------------------------------------------------------

POST = b"POST / HTTP/1.1\r\n" + HOST
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


async def test_trailers_are_no_headers_neither_of_this_request_nor_of_the_next() -> None:
    trailers = b"0\r\nContent-Type: application/json\r\nX-Last: 1\r\n\r\n"
    async with echo() as target:
        answer = await ask(
            target,
            CHUNKED + b"1\r\nx\r\n" + trailers,
            b"GET /next HTTP/1.1\r\n" + HOST + LAST,
            b"\r\n",
        )
    assert b"[x]" in answer
    assert b"GET /next" in answer
    assert b"json" not in answer
    assert b"x-last" not in answer


@pytest.mark.parametrize(
    "endless",
    [
        pytest.param(b"0\r\n" + b"a:b\r\n" * 30_000, id="trailers"),
        pytest.param(b"0\r\na: " + b"b" * 200_000, id="a trailer"),
        pytest.param(b"1;" + b"x" * 200_000, id="an extension"),
        pytest.param((b"1;" + b"x" * 2_000 + b"\r\ny\r\n") * 100, id="extensions"),
        pytest.param(b"0" * 200_000, id="a size"),
    ],
)
async def test_what_is_beside_the_body_is_bounded(endless: bytes) -> None:
    async with echo() as target:
        answer = await ask(target, CHUNKED + endless)
    assert answer[:13] in (b"HTTP/1.1 400 ", b"HTTP/1.1 431 ")


async def test_small_chunks_are_no_offence() -> None:
    async with echo() as target:
        chunks = b"1\r\nx\r\n" * 50_000
        answer = await ask(target, CHUNKED + chunks + b"0\r\n\r\nGET / HTTP/1.0\r\n\r\n")
    assert b"[" + b"x" * 50_000 + b"]" in answer


async def test_a_chunked_body_of_blank_lines_costs_no_time_and_is_whole() -> None:
    blank = b"\r\n" * 100_000
    body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(blank), blank)
    async with echo() as target:
        began = time.perf_counter()
        answer = await ask(target, CHUNKED + body + b"GET /behind HTTP/1.1\r\n" + HOST + b"\r\n")
    assert time.perf_counter() - began < 1.5
    assert b"[" + blank + b"]" in answer
    assert b"/behind" not in answer


@pytest.mark.parametrize("cut", range(1, 12))
async def test_a_chunked_body_may_end_anywhere_in_a_segment(cut: int) -> None:
    whole = CHUNKED + b"1\r\nx\r\n0\r\n\r\n"
    following = b"GET /next HTTP/1.1\r\n" + HOST + LAST + b"\r\n"
    async with echo() as target:
        answer = await ask(target, whole[:-cut], whole[-cut:] + following)
    assert b"[x]" in answer
    assert b"GET /next []" in answer


@pytest.mark.parametrize("is_cut", [False, True], ids=["one segment", "two segments"])
@pytest.mark.parametrize("is_chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize(
    "offer",
    [
        pytest.param(
            b"Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\n"
            b"HTTP2-Settings: AAMA\r\n",
            id="HTTP/2",
        ),
        pytest.param(b"Connection: Upgrade, close\r\nUpgrade: websocket\r\n", id="a WebSocket"),
    ],
)
async def test_an_offer_to_change_the_protocol_leaves_the_body_alone(
    offer: bytes, is_cut: bool, is_chunked: bool
) -> None:
    framing, body = b"Content-Length: 5\r\n\r\n", b"hello"
    if is_chunked:
        framing, body = b"Transfer-Encoding: chunked\r\n\r\n", b"5\r\nhello\r\n0\r\n\r\n"
    head = POST + offer + framing
    async with echo() as target:
        answer = await (ask(target, head, body) if is_cut else ask(target, head + body))
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"[hello]" in answer
    assert b"connection=close" in answer
    assert b"h2c" not in answer
    assert b"websocket" not in answer


async def test_an_opening_handshake_that_is_no_get_is_a_plain_request() -> None:
    opening = (
        b" /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\n"
        b"Connection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    async with echo() as target:
        answers = [await ask(target, method + opening) for method in (b"POST", b"HEAD")]
    for answer, body in zip(
        answers, [b'{"code":2,"message":"Bad handshake method"}', b""], strict=True
    ):
        head, _, rest = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400 ")
        assert rest == body


async def test_an_upgrade_of_http_1_0_is_not_taken() -> None:
    head = (
        b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.0\r\nHost: x\r\nConnection: Upgrade\r\n"
        b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    async with echo() as target:
        assert (await ask(target, head)).startswith(b"HTTP/1.1 400 ")
        full = head.replace(b"1.0", b"1.1").replace(b"/socket.io/", b"http://x/socket.io/")
        async with tcp(target) as (reader, writer):
            writer.write(full)
            assert (await reader.readline()).startswith(b"HTTP/1.1 101 ")


@pytest.mark.parametrize("compression", [False, True], ids=["plain", "compression"])
@pytest.mark.parametrize(
    ("before", "after", "status"),
    [
        pytest.param(b"", b"", 101, id="valid"),
        pytest.param(b"Connection: Upgrade", b"Connection: keep-alive, uPgrade", 101, id="options"),
        pytest.param(b"Upgrade: websocket", b"upgrade: WebSocket", 101, id="case"),
        pytest.param(b"dGhlIHNhbXBsZSBub25jZQ==", b"dGhlIHNhbXBsZQ==", 400, id="a short key"),
        pytest.param(b"dGhlIHNhbXBsZSBub25jZQ==", b"no key \xff", 400, id="no key"),
        pytest.param(b"Sec-WebSocket-Key", b"X-Key", 400, id="key missing"),
        pytest.param(b"Sec-WebSocket-Version", b"X-Version", 400, id="version missing"),
        pytest.param(b"\r\n\r\n", b"\r\nSec-WebSocket-Key: x\r\n\r\n", 400, id="two keys"),
    ],
)
async def test_an_opening_handshake_is_valid_or_refused(
    before: bytes, after: bytes, status: int, compression: bool
) -> None:
    head = (
        b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
        b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    ).replace(before or b"!", after)
    server = serving(SocketServer(EngineOptions(compression=compression)))
    async with server as target, tcp(target) as (reader, writer):
        writer.write(head)
        answer = await reader.readuntil(b"\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    if status == 101:
        assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in answer
    else:
        assert b"Sec-WebSocket-Version: 13\r\n" in answer


@pytest.mark.parametrize("version", [b"8", b"14", b"x", b""], ids=repr)
async def test_another_version_of_websocket_is_told_ours(version: bytes) -> None:
    head = (
        b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\n"
        b"Upgrade: websocket\r\nSec-WebSocket-Version: %b\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    async with echo() as target:
        answer = await ask(target, head % version)
    assert answer.startswith(b"HTTP/1.1 426 ")
    assert b"Sec-WebSocket-Version: 13\r\n" in answer
    assert b"Upgrade: websocket\r\n" in answer


async def test_a_slow_body_is_cut_whatever_it_drips() -> None:
    server = echo(handshake_timeout_s=0.1, body_bytes_per_s=100)
    async with server as target, tcp(target) as (reader, writer):
        writer.write(POST + b"Content-Length: 50000\r\n\r\n")
        began = time.perf_counter()
        cut = asyncio.create_task(expect_cut(reader, 5))
        while not cut.done():
            writer.write(b"x")
            await asyncio.sleep(0.04)
        assert await cut == b""
    assert time.perf_counter() - began < 2


async def test_bodies_that_do_not_end_are_bounded_together_and_the_oldest_goes_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("quad.realtime.http.front._BODIES_BYTES", 350_000)
    head = POST + LAST + b"Content-Length: 100001\r\n\r\n"
    async with echo() as target, AsyncExitStack() as stack:
        hoarders = [await stack.enter_async_context(tcp(target)) for _ in range(4)]
        for _, writer in hoarders:
            writer.write(head + b"x" * 100_000)
            await asyncio.sleep(0.05)
        assert await expect_cut(hoarders[0][0]) == b""
        for reader, writer in hoarders[1:]:
            writer.write(b"x")
            assert b"x" * 100_001 in await expect_cut(reader)


async def test_nobody_answers_before_a_small_body_is_whole() -> None:
    began: list[str] = []

    async def watched(scope: Any, receive: Any, send: Any) -> None:
        began.append(scope["path"])
        await application(scope, receive, send)

    async with serving(SocketServer(), application=watched) as target:
        async with tcp(target) as (reader, writer):
            writer.write(POST + LAST + b"Content-Length: 5\r\n\r\nhel")
            await asyncio.sleep(0.1)
            assert began == []
            writer.write(b"lo")
            assert b"[hello]" in await expect_cut(reader)
        async with tcp(target) as (reader, writer):
            writer.write(POST + LAST + b"Content-Length: 100000\r\n\r\nhel")
            await until(lambda: len(began) == 2)
            writer.write(b"x" * 99_997)
            assert b"[hel" + b"x" * 99_997 + b"]" in await expect_cut(reader)


async def test_the_end_of_the_server_does_not_wait_for_half_a_body() -> None:
    async with echo() as target:
        _, writer = await asyncio.open_connection(target.host, target.port)
        writer.write(POST + b"Content-Length: 5\r\n\r\nhel")
        await asyncio.sleep(0.1)
        began = time.perf_counter()
    assert time.perf_counter() - began < 0.8
    writer.close()


async def test_blank_lines_keep_no_connection_open() -> None:
    async with echo(handshake_timeout_s=0.1) as target, tcp(target) as (reader, writer):
        cut = asyncio.create_task(expect_cut(reader, 5))
        while not cut.done():
            writer.write(b"\r\n")
            await asyncio.sleep(0.02)
        assert await cut == b""


# --- leaving --------------------------------------------------------------------------------------


@pytest.mark.parametrize("ahead", [0, 200, 60_000], ids="{} bytes ahead".format)
async def test_who_leaves_ends_its_poll_at_once(http: httpx.AsyncClient, ahead: int) -> None:
    server = SocketServer()
    async with serving(server) as target:
        answer = await http.get(target.url(SOCKET, EIO=4, transport="polling"))
        sid = answer.text.split('"')[3]
        poll = f"GET {SOCKET}?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nHost: x\r\n\r\n"
        async with tcp(target) as (_, writer):
            writer.write(poll.encode())
            await asyncio.sleep(0.05)
            writer.write((b"GET /health HTTP/1.1\r\n" + HOST + b"\r\n" + b"x" * 60_000)[:ahead])
            await asyncio.sleep(0.05)
        await until(lambda: sid not in server.engine.sessions, 2)


# --- how many -------------------------------------------------------------------------------------


async def test_plain_connections_of_an_address_are_counted(http: httpx.AsyncClient) -> None:
    server = SocketServer(EngineOptions(connections_per_address=3))
    async with serving(server, application=application) as target:
        open_ = [await asyncio.open_connection(target.host, target.port) for _ in range(3)]
        answer = await http.get(target.url("/hello"))
        assert answer.status_code == 429
        assert answer.json()["code"] == 4
        assert (await http.get(target.url("/health"))).status_code == 200
        for _, writer in open_:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for _, writer in open_))
        await asyncio.sleep(0.05)
        assert (await http.get(target.url("/hello"))).status_code == 200


async def test_a_health_check_is_answered_in_a_crowd_that_is_not_let_in(
    http: httpx.AsyncClient,
) -> None:
    server = SocketServer(EngineOptions(connections_per_address=1))
    async with serving(server, application=application) as target:
        crowd = [await asyncio.open_connection(target.host, target.port) for _ in range(100)]
        assert (await http.get(target.url("/health"))).status_code == 200
        ended = [asyncio.create_task(expect_cut(reader, 5)) for reader, _ in crowd[1:60]]
        await asyncio.gather(*ended)
        for _, writer in crowd:
            writer.close()


# --- HEAD -----------------------------------------------------------------------------------------


async def test_head_is_answered_as_get_without_the_body() -> None:
    async with echo() as target:
        answer = await ask(
            target,
            b"HEAD /a HTTP/1.1\r\n" + HOST + b"\r\n",
            b"GET /b HTTP/1.1\r\n" + HOST + LAST,
            b"\r\n",
        )
    first, _, second = answer.partition(b"\r\n\r\n")
    assert b"content-length: " in first
    assert second.startswith(b"HTTP/1.1 200 ")  # nothing was between the two


@pytest.mark.parametrize(
    "segments",
    [
        pytest.param([b"/ HTTP/1.1\r\n\r\n"], id="no host"),
        pytest.param([b"/\xff HTTP/1.1\r\n" + HOST + b"\r\n"], id="a target that is none"),
        pytest.param([b"/ HTTP/1.1\r\n" + b"a:b\r\n" * 202], id="many lines"),
        pytest.param([b"/ HTTP/1.1\r\nX: " + b"y" * 66_000], id="a large head"),
        pytest.param([b"", b"/ HTTP/1.1\r\nX: " + b"y" * 66_000], id="a large head, cut"),
        pytest.param(
            [b"/ HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip\r\n\r\n"], id="a coding"
        ),
        pytest.param(
            [
                b"/ HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n",
                b"1;" + b"x" * 70_000,
            ],
            id="a chunk extension",
        ),
    ],
)
@pytest.mark.parametrize("before", [b"", b"\r\n", b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"])
async def test_head_is_refused_as_get_without_the_body(
    before: bytes, segments: list[bytes]
) -> None:
    async def refused(method: bytes) -> bytes:
        answer = await ask(target, before + method + b" " + segments[0], *segments[1:])
        return answer[answer.rindex(b"HTTP/1.1 ") :]

    async with echo() as target:
        got, head = await refused(b"GET"), await refused(b"HEAD")
    assert got.startswith((b"HTTP/1.1 4", b"HTTP/1.1 501"))
    first, end, body = got.partition(b"\r\n\r\n")
    assert body
    assert b"x-content-type-options: nosniff" in first
    assert head == first + end


async def test_what_follows_a_head_is_refused_with_its_reason() -> None:
    async with echo() as target:
        answer = await ask(target, b"HEAD / HTTP/1.1\r\n" + HOST + b"\r\n", b"BAD LINE\r\n\r\n")
    assert answer.endswith(b"Bad request.")


async def test_head_is_not_let_in_as_get_without_the_body(http: httpx.AsyncClient) -> None:
    server = SocketServer(EngineOptions(connections_per_address=1))
    async with serving(server, application=application) as target, tcp(target):
        got = await http.get(target.url("/hello"))
        head = await http.head(target.url("/hello"))
    assert (head.status_code, head.content) == (429, b"")
    assert head.headers == got.headers


async def test_head_of_a_stream_ends(http: httpx.AsyncClient) -> None:
    left = asyncio.Event()

    async def stream(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await receive()
        while (await receive())["type"] != "http.disconnect":
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
        left.set()

    async with serving(SocketServer(), application=stream) as target:
        answer = await http.head(target.url("/stream"))
        assert (answer.status_code, answer.content) == (200, b"")
        async with asyncio.timeout(patience(2)):
            await left.wait()


@given(
    st.lists(st.sampled_from([b"\r\n", b"\n", b"\r", b"ab", b"\r\n\r\n"]), max_size=12).map(
        b"".join
    ),
    st.integers(0, 8),
)
@example(b"a\r\n" * 500 + b"\r\nb", 0)
@example(b"a\r\n" * 500, 0)
def test_the_end_of_a_head_is_found(data: bytes, begin: int) -> None:
    assert find_end(data, begin) == data.find(b"\r\n\r\n", begin)
