"""Whole requests that are answered on another node than the one they came to."""

import asyncio
import gc
import random
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from quad.addresses import parse_network
from quad.bus.memory import at_random
from quad.cluster.lanes import WINDOW_BYTES
from quad.cluster.requests import BrokenOff, Requests
from quad.realtime import Site, request_of
from tests.cluster.linking import Network
from tests.cluster.nodes import FIRST, cluster
from tests.patience import patience
from tests.protocol.peers import Target
from tests.realtime.serving import until

MEGABYTE = 1_000_000


async def reply(
    send: Any, status: int = 200, body: bytes = b"", headers: Any = (), *, more: bool = False
) -> None:
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": body, "more_body": more})


async def read_all(receive: Any) -> bytes:
    body = b""
    while True:
        message = await receive()
        assert message["type"] == "http.request"
        body += bytes(message["body"])
        if not message["more_body"]:
            return body


class Waiting:
    """An application that begins an answer, or not, and goes on when it is told to."""

    def __init__(self, *, begins: bool = False) -> None:
        self.begins = begins
        self.scopes: list[Any] = []
        self.left = 0
        self.may_end = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        if self.begins:
            await reply(send, body=b"begun ", more=True)
        leaving = asyncio.ensure_future(self._leave(receive))
        ending = asyncio.ensure_future(self.may_end.wait())
        try:
            await asyncio.wait((leaving, ending), return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            ending.cancel()
        if not self.begins:
            await reply(send, body=b"ended")
        else:
            await send({"type": "http.response.body", "body": b"ended"})

    async def _leave(self, receive: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.left += 1


@asynccontextmanager
async def raw(where: Target) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    sock = socket.socket()
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        sock.setsockopt(socket.SOL_SOCKET, option, 262_144)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, (where.host, where.port))
    reader, writer = await asyncio.open_connection(sock=sock)
    try:
        yield reader, writer
    finally:
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)


# What crosses


async def test_the_home_sees_the_request_as_if_it_had_come_in_there(
    http: httpx.AsyncClient,
) -> None:
    seen: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope, await read_all(receive)))
        await reply(send, 201, b"made", [(b"x-made-by", b"home")])

    site = Site(trusted_proxies=[parse_network("127.0.0.1")])
    async with cluster(application=application, site=site) as nodes:
        for node in nodes.nodes:
            answer = await http.put(
                node.target.url("/a%20thing/%D1%8F", q="1 2"),
                content=b"the body",
                headers={"x-forwarded-for": "192.0.2.7", "cookie": "a=b", "host": "school.example"},
            )
            assert (answer.status_code, answer.text) == (201, "made")
            assert answer.headers["x-made-by"] == "home"
    (here, here_body), (there, there_body) = seen
    assert here_body == there_body == b"the body"
    for name in ("method", "path", "raw_path", "query_string", "headers", "http_version", "scheme"):
        assert here[name] == there[name], name
    assert here["client"][0] == there["client"][0]
    requests = [request_of(scope) for scope in (here, there)]
    assert [request.address for request in requests] == ["192.0.2.7"] * 2
    assert [request.has_certain_address for request in requests] == [True, True]
    assert [request.has_crossed for request in requests] == [False, True]


@pytest.mark.parametrize("name", ["x-forwarded-for", "quad.has_crossed", "quad.client"])
async def test_no_header_makes_a_client_somebody_else(http: httpx.AsyncClient, name: str) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        request = request_of(scope)
        await reply(send, body=f"{request.address} {request.has_crossed}".encode())

    async with cluster(application=application) as nodes:
        headers = {name: "192.0.2.66"}
        there = await http.get(nodes.edge.target.url("/"), headers=headers)
        here = await http.get(nodes.home.target.url("/"), headers=headers)
    assert (there.text, here.text) == ("127.0.0.1 True", "127.0.0.1 False")


async def test_what_has_crossed_once_goes_no_further(http: httpx.AsyncClient) -> None:
    async with cluster(3) as nodes:
        # Each takes the next one for the home: a map that is just changing.
        for at, node in enumerate(nodes.nodes):
            node.home = nodes.nodes[(at + 1) % 3].number
        assert (await http.get(nodes.edge.target.url("/"))).status_code == 503


async def test_a_thing_that_is_not_at_home_any_more_or_yet_answers_nothing(
    http: httpx.AsyncClient,
) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("it is not open")

    async with cluster(application=application) as nodes:
        nodes.home.home = None  # of which the edge has not heard
        answer = await http.get(nodes.edge.target.url("/"))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


async def test_head_is_answered_without_a_body() -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert scope["method"] == "GET"
        await reply(send, body=b"12345", headers=[(b"content-length", b"5")])

    async with (
        cluster(application=application) as nodes,
        raw(nodes.edge.target) as (reader, writer),
    ):
        request = b"%s /x HTTP/1.1\r\nhost: a\r\n\r\n"
        writer.write(request % b"HEAD" + request % b"GET")
        assert b"content-length: 5" in await reader.readuntil(b"\r\n\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK")
        assert await reader.readexactly(5) == b"12345"


async def test_a_body_is_asked_for_only_when_the_application_wants_it() -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/refused":
            await reply(send, 413, b"no", [(b"content-length", b"2")])
        else:
            await reply(send, body=await read_all(receive), headers=[(b"content-length", b"4")])

    head = b"POST %s HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\nexpect: 100-continue\r\n\r\n"
    async with cluster(application=application) as nodes:
        async with raw(nodes.edge.target) as (reader, writer):
            writer.write(head % b"/refused")
            assert (await reader.readline()).startswith(b"HTTP/1.1 413")
        async with raw(nodes.edge.target) as (reader, writer):
            writer.write(head % b"/taken")
            assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
            writer.write(b"body")
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
            assert await reader.readexactly(4) == b"body"


async def test_a_body_may_be_refused_before_it_is_read(http: httpx.AsyncClient) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await reply(send, 413, b"too large")

    async with cluster(application=application) as nodes:
        answer = await http.post(nodes.edge.target.url("/"), content=b"x" * 3 * MEGABYTE)
        assert (answer.status_code, answer.text) == (413, "too large")
        assert (await http.get(nodes.edge.target.url("/"))).status_code == 413


# Long bodies


async def test_long_bodies_pass_whole_both_ways(http: httpx.AsyncClient) -> None:
    body = bytes(range(256)) * 12_000

    async def application(scope: Any, receive: Any, send: Any) -> None:
        got = await read_all(receive)
        await reply(send, body=got, more=True)
        await send({"type": "http.response.body", "body": got[::-1]})

    async with cluster(application=application) as nodes:
        answer = await http.post(nodes.edge.target.url("/"), content=body)
        assert answer.content == body + body[::-1]

        async def pieces() -> AsyncIterator[bytes]:
            for at in range(0, len(body), 100_000):
                yield body[at : at + 100_000]

        answer = await http.post(nodes.edge.target.url("/"), content=pieces())  # chunked
        assert answer.content == body + body[::-1]


async def test_a_broker_that_loses_and_reorders_is_not_noticed(http: httpx.AsyncClient) -> None:
    body = bytes(range(256)) * 4_000

    async def application(scope: Any, receive: Any, send: Any) -> None:
        await reply(send, body=await read_all(receive))

    fate = at_random(random.Random(1), lost=0.05, doubled=0.1, delayed_s=0.01)
    async with cluster(application=application, fate=fate) as nodes:
        for _ in range(3):
            answer = await http.post(nodes.edge.target.url("/"), content=body)
            assert answer.content == body


async def test_a_client_that_does_not_read_makes_the_application_wait() -> None:
    sent = 0

    async def application(scope: Any, receive: Any, send: Any) -> None:
        nonlocal sent
        await reply(send, more=True)
        for _ in range(400):
            await send({"type": "http.response.body", "body": b"x" * 50_000, "more_body": True})
            sent += 50_000
        await send({"type": "http.response.body"})

    async with (
        cluster(application=application) as nodes,
        raw(nodes.edge.target) as (reader, writer),
    ):
        writer.write(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        await _is_steady(lambda: sent)
        # The kernel's buffers, the edge's, and one window.
        assert sent < 8 * MEGABYTE
        got = await asyncio.wait_for(reader.read(-1), patience(10))
        assert got.count(b"x") == 20 * MEGABYTE
    assert sent == 20 * MEGABYTE


async def test_an_application_that_does_not_read_makes_the_client_wait() -> None:
    may_read = asyncio.Event()
    got = 0

    async def application(scope: Any, receive: Any, send: Any) -> None:
        nonlocal got
        await may_read.wait()
        got = len(await read_all(receive))
        await reply(send)

    async with (
        cluster(application=application) as nodes,
        raw(nodes.edge.target) as (reader, writer),
    ):
        size = 10 * MEGABYTE
        writer.write(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n" % size)
        writer.write(b"x" * size)
        await _is_steady(lambda: -writer.transport.get_write_buffer_size())
        assert writer.transport.get_write_buffer_size() > 2 * MEGABYTE
        (lane,) = nodes.edge.requests._lanes._lanes.values()
        assert WINDOW_BYTES <= lane.unread_bytes < 3 * WINDOW_BYTES
        may_read.set()
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    assert got == size


async def _is_steady(amount: Any) -> None:
    """Until it has not grown for a while."""
    last, since = amount(), 0
    async with asyncio.timeout(patience(10)):
        while since < 20:
            await asyncio.sleep(0.01)
            since = since + 1 if amount() == last else 0
            last = amount()


# Ends before the end


@pytest.mark.parametrize("begins", [False, True], ids=["waiting", "half answered"])
async def test_a_client_that_leaves_is_a_disconnect_to_the_application(begins: bool) -> None:
    application = Waiting(begins=begins)
    async with cluster(application=application) as nodes:
        async with raw(nodes.edge.target) as (reader, writer):
            writer.write(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
            await until(lambda: application.scopes, patience(2))
            if begins:
                await reader.readuntil(b"begun ")
            assert application.left == 0
        await until(lambda: application.left == 1, patience(2))
        assert nodes.edge.requests._lanes.count(FIRST) == 0


async def test_a_client_that_leaves_in_the_middle_of_its_body_is_a_disconnect() -> None:
    events: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        while (message := await receive())["type"] != "http.disconnect":
            events.append(message["body"].decode())
        events.append("left")

    async with cluster(application=application) as nodes:
        async with raw(nodes.edge.target) as (_, writer):
            writer.write(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 900000\r\n\r\nhalf")
            await until(lambda: "half" in "".join(events), patience(2))
        await until(lambda: events[-1] == "left", patience(2))


async def test_an_application_that_fails_before_its_answer_is_a_500(
    http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/silent":
            return
        raise ZeroDivisionError

    async with cluster(application=application) as nodes:
        for path in ("/silent", "/broken"):
            here = await http.get(nodes.home.target.url(path))
            there = await http.get(nodes.edge.target.url(path))
            assert (here.status_code, here.text) == (500, "Internal Server Error")
            assert (there.status_code, there.text) == (here.status_code, here.text)
    assert "another node" in caplog.text


@pytest.mark.parametrize("fails", [False, True])
async def test_an_application_that_ends_halfway_cuts_the_connection(
    http: httpx.AsyncClient, fails: bool
) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await reply(send, body=b"half", more=True)
        if fails:
            raise ZeroDivisionError

    async with cluster(application=application) as nodes:
        for node in nodes.nodes:
            with pytest.raises(httpx.RemoteProtocolError):
                await http.get(node.target.url("/"))


def is_unavailable(answer: httpx.Response) -> bool:
    return (
        answer.status_code == 503
        and answer.headers["retry-after"] == "1"
        and answer.json()["code"] == "unavailable"
    )


async def test_a_home_that_is_lost_before_it_has_answered_is_a_503(
    http: httpx.AsyncClient,
) -> None:
    application = Waiting()
    async with cluster(application=application) as nodes:
        answer = asyncio.create_task(http.get(nodes.edge.target.url("/")))
        await until(lambda: application.scopes, patience(2))
        nodes.kill(nodes.home)
        assert is_unavailable(await answer)
        # Nobody has been told of the new home yet.
        assert is_unavailable(await http.get(nodes.edge.target.url("/")))
        application.may_end.set()


async def test_whether_a_home_that_is_lost_has_changed_anything_nobody_knows(
    http: httpx.AsyncClient,
) -> None:
    application = Waiting()
    async with cluster(application=application) as nodes:
        posting = asyncio.create_task(http.post(nodes.edge.target.url("/"), content=b"x"))
        await until(lambda: application.scopes, patience(2))
        nodes.kill(nodes.home)
        answer = await posting
        assert (answer.status_code, answer.json()["code"]) == (503, "in_doubt")
        assert "retry-after" not in answer.headers
        application.may_end.set()


async def test_a_home_that_is_lost_while_it_takes_a_body_is_a_503() -> None:
    application = Waiting()
    async with (
        cluster(application=application) as nodes,
        raw(nodes.edge.target) as (reader, writer),
    ):
        writer.write(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 900000\r\n\r\nhalf")
        await until(lambda: application.scopes, patience(2))
        nodes.kill(nodes.home)
        assert (await reader.readline()).startswith(b"HTTP/1.1 503")
        application.may_end.set()


async def test_a_home_that_is_lost_halfway_cuts_the_connection(
    http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    application = Waiting(begins=True)
    async with cluster(application=application) as nodes:
        async with http.stream("GET", nodes.edge.target.url("/")) as answer:
            parts = answer.aiter_raw()
            assert await anext(parts) == b"begun "
            nodes.kill(nodes.home)
            with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
                await anext(parts)
        assert not [each for each in caplog.records if each.levelname == "ERROR"]
        application.may_end.set()


async def test_an_edge_that_is_lost_is_a_disconnect_to_the_application(
    http: httpx.AsyncClient,
) -> None:
    application = Waiting()
    async with cluster(application=application) as nodes:
        answer = asyncio.create_task(http.get(nodes.edge.target.url("/")))
        await until(lambda: application.scopes, patience(2))
        nodes.kill(nodes.edge)
        await until(lambda: application.left == 1, patience(2))
        answer.cancel()
        await asyncio.gather(answer, return_exceptions=True)


async def test_a_thing_without_a_home_is_a_503(http: httpx.AsyncClient) -> None:
    async with cluster() as nodes:
        nodes.edge.home = None
        assert is_unavailable(await http.get(nodes.edge.target.url("/")))


async def test_a_node_that_does_not_serve_yet_is_a_503(http: httpx.AsyncClient) -> None:
    async with cluster() as nodes:
        await nodes.home.requests.aclose()
        assert is_unavailable(await http.get(nodes.edge.target.url("/")))


async def test_answers_under_way_are_waited_for_at_the_end_and_then_cancelled(
    http: httpx.AsyncClient,
) -> None:
    application = Waiting()
    async with cluster(application=application) as nodes:
        finished, endless = (
            asyncio.create_task(http.get(nodes.edge.target.url("/"))) for _ in range(2)
        )
        await until(lambda: len(application.scopes) == 2, patience(2))
        ending = asyncio.create_task(nodes.home.requests.aclose(patience(0.2)))
        await asyncio.sleep(0)
        application.may_end.set()
        answers = await asyncio.gather(finished, endless)
        assert [answer.text for answer in answers] == ["ended", "ended"]
        await ending
        assert not nodes.home.requests._work._tasks


async def test_an_answer_without_end_is_cancelled_at_the_end(http: httpx.AsyncClient) -> None:
    application = Waiting()
    async with cluster(application=application) as nodes:
        answer = asyncio.create_task(http.get(nodes.edge.target.url("/")))
        await until(lambda: application.scopes, patience(2))
        await nodes.home.requests.aclose(0.01)
        assert is_unavailable(await answer)


async def test_an_edge_that_ends_lets_nobody_wait_for_other_nodes(
    http: httpx.AsyncClient,
) -> None:
    application = Waiting()
    async with cluster(application=application) as nodes:
        answers = [asyncio.create_task(http.get(nodes.edge.target.url("/"))) for _ in range(3)]
        await until(lambda: len(application.scopes) == 3, patience(2))
        assert len(nodes.edge.requests) == 3
        assert len(nodes.home.requests) == 0
        await nodes.edge.host.drain(1.0)
        assert all(map(is_unavailable, await asyncio.gather(*answers)))
        await until(lambda: application.left == 3, patience(2))
        assert len(nodes.edge.requests) == 0


# Bounds


async def test_too_many_requests_to_one_node_are_503(http: httpx.AsyncClient) -> None:
    application = Waiting()
    async with cluster(application=application, per_node=3) as nodes:
        under_way = [asyncio.create_task(http.get(nodes.edge.target.url("/"))) for _ in range(3)]
        await until(lambda: len(application.scopes) == 3, patience(2))
        assert is_unavailable(await http.get(nodes.edge.target.url("/")))
        application.may_end.set()
        assert {answer.text for answer in await asyncio.gather(*under_way)} == {"ended"}
        assert (await http.get(nodes.edge.target.url("/"))).text == "ended"


async def test_streams_that_are_silent_cost_no_records_and_are_all_served(
    http: httpx.AsyncClient,
) -> None:
    count = 150
    application = Waiting(begins=True)
    async with cluster(application=application) as nodes:

        async def read() -> bytes:
            return (await http.get(nodes.edge.target.url("/"))).content

        readers = [asyncio.create_task(read()) for _ in range(count)]
        await until(lambda: len(application.scopes) == count, patience(10))
        assert nodes.edge.requests._lanes.count(FIRST) == count
        application.may_end.set()
        assert set(await asyncio.gather(*readers)) == {b"begun ended"}
        assert nodes.edge.requests._lanes.count(FIRST) == 0
        assert not nodes.home.requests._lanes._lanes


async def test_what_has_crossed_is_freed_without_a_search_for_garbage(
    http: httpx.AsyncClient,
) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert not request_of(scope).is_gone()
        await reply(send, body=await read_all(receive))

    async with cluster(application=application) as nodes:
        gc.collect()
        gc.disable()
        try:
            for _ in range(5):
                await http.post(nodes.edge.target.url("/"), content=b"x" * 100_000)
            await asyncio.sleep(0.05)
            kinds = [type(each).__name__ for each in gc.get_objects()]
        finally:
            gc.enable()
    assert [kinds.count(name) for name in ("Lane", "_Served", "_Forwarded")] == [0, 0, 0]


# Without a server around it


async def test_half_an_answer_is_an_error_where_nobody_says_how_to_cut() -> None:
    network = Network()
    home, edge = (Requests(network.links_of(node)) for node in (1, 2))
    application = Waiting(begins=True)
    home.serve(application)
    await network.start()
    sent: list[Any] = []

    async def receive() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "headers": [],
        "client": None,
    }
    forwarding = asyncio.create_task(edge.forward(1, scope, receive, send))
    await until(lambda: len(sent) == 2, patience(2))
    network.kill(1)
    with pytest.raises(BrokenOff):
        await forwarding
    application.may_end.set()
    await home.aclose()
    await edge.aclose()
    await network.aclose()
    assert sent[0]["status"] == 200
