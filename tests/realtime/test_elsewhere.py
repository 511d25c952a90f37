"""What a host leaves to other nodes, and what it never does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from quad.realtime import Host, Site, SocketServer, listen
from quad.realtime.http.host import last_answer
from quad.realtime.http.site import HAS_CROSSED
from tests.protocol.peers import SOCKET, Polling, Target
from tests.realtime.serving import serving, target

NODE = 7


class Neighbour:
    """Answers whatever is not under `/here`, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.taken: list[tuple[int, str]] = []
        self.drained_s: float | None = None

    def node_of(self, scope: Any) -> int | None:
        self.asked.append((scope["type"], scope["path"]))
        return None if scope["path"].startswith("/here") else NODE

    def __len__(self) -> int:
        return len(self.taken)

    async def drain(self, spread_s: float) -> None:
        self.drained_s = spread_s

    async def forward(self, node: int, scope: Any, receive: Any, send: Any) -> None:
        self.taken.append((node, scope["path"]))
        await send({"type": "http.response.start", "status": 299, "headers": []})
        await send({"type": "http.response.body", "body": b"from elsewhere"})

    def tunnel(self, node: int, scope: Any, url: bytes, transport: asyncio.Transport) -> None:
        self.taken.append((node, url.decode()))
        transport.write(last_answer(418, b"text/plain", b"from elsewhere", {}))
        transport.close()


async def _page(scope: Any, receive: Any, send: Any) -> None:
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"from here"})


@asynccontextmanager
async def beside(neighbour: Neighbour, site: Site | None = None) -> AsyncIterator[Target]:
    host = Host(
        {SOCKET: SocketServer().engine},
        _page,
        site=site,
        vital_paths=frozenset({"/health"}),
        elsewhere=neighbour,
    )
    async with listen(host) as url:
        yield target(url)


async def test_a_request_is_asked_about_once_and_answered_where_it_belongs(
    http: httpx.AsyncClient,
) -> None:
    neighbour = Neighbour()
    async with beside(neighbour) as where:
        assert (await http.get(where.url("/here"))).text == "from here"
        assert (await http.get(where.url("/there"))).text == "from elsewhere"
        assert (await http.get(where.url(SOCKET))).text == "from elsewhere"
    assert neighbour.asked == [("http", "/here"), ("http", "/there"), ("http", SOCKET)]
    assert neighbour.taken == [(NODE, "/there"), (NODE, SOCKET)]
    assert neighbour.drained_s == 0.002  # a millisecond for each


async def test_a_request_to_become_a_websocket_is_told_apart(http: httpx.AsyncClient) -> None:
    neighbour = Neighbour()
    offer = {
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    async with beside(neighbour) as where:
        assert (await http.get(where.url("/here"), headers=offer)).status_code == 404
        assert (await http.get(where.url("/there", a=1), headers=offer)).status_code == 418
    assert neighbour.asked == [("websocket", "/here"), ("websocket", "/there")]
    assert neighbour.taken == [(NODE, "/there?a=1")]


async def test_whether_this_node_lives_no_other_says(http: httpx.AsyncClient) -> None:
    neighbour = Neighbour()
    async with beside(neighbour) as where:
        assert (await http.get(where.url("/health"))).text == "from here"
    assert neighbour.asked == []


async def test_a_name_that_is_not_ours_is_refused_before_anybody_is_asked(
    http: httpx.AsyncClient,
) -> None:
    neighbour = Neighbour()
    async with beside(neighbour, Site(hosts=["school.example"])) as where:
        answer = await http.get(where.url("/there"), headers={"host": "other.example"})
    assert answer.status_code == 421
    assert neighbour.asked == []


async def test_what_has_crossed_is_answered_here() -> None:
    neighbour = Neighbour()
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/there",
        "query_string": b"",
        "headers": [],
        "client": ("192.0.2.1", 1),
        HAS_CROSSED: True,
    }
    await Host({}, _page, elsewhere=neighbour)(scope, receive, send)
    assert sent[1]["body"] == b"from here"
    assert neighbour.asked == []


@pytest.mark.parametrize("prefix", ["", "AAEC"])
async def test_ids_of_sessions_begin_with_the_tag_of_their_node(
    http: httpx.AsyncClient, prefix: str
) -> None:
    server = SocketServer()
    server.engine.sid_prefix = prefix
    async with serving(server) as where:
        session = await Polling.open(http, where, SOCKET)
        assert session.sid.startswith(prefix)
        assert len(session.sid) == 20 + len(prefix)


def test_who_comes_through_another_node_is_not_near() -> None:
    request = Site().request("GET", "/", b"", [(b"host", b"127.0.0.1")], "127.0.0.1")
    assert request.handshake().is_from_this_machine
    request.has_crossed = True
    assert request.is_from_this_machine
    assert not request.handshake().is_from_this_machine
