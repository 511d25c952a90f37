"""By which names a server can be asked for, once it has been told its own."""

import asyncio
from typing import Any

import httpx
import pytest

from quad.realtime import Site, SocketServer
from tests.protocol.peers import SOCKET, Target
from tests.realtime.serving import serving

PUBLIC = "https://quad.school"


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answers every request."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"served"})


async def head_of(target: Target, *lines: str, version: str = "1.1") -> str:
    """The first line of what comes back for a request of its own connection."""
    reader, writer = await asyncio.open_connection(target.host, target.port)
    writer.write("\r\n".join([f"GET {lines[0]} HTTP/{version}", *lines[1:], "", ""]).encode())
    answer = await reader.readline()
    writer.close()
    return answer.decode().strip()


UPGRADE = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
)
POLLING = f"{SOCKET}?EIO=4&transport=polling"
WEBSOCKET = f"{SOCKET}?EIO=4&transport=websocket"


@pytest.mark.parametrize(
    ("host", "is_own"),
    [
        ("quad.school", True),
        ("127.0.0.1:8000", True),
        ("localhost", True),
        ("evil.example", False),
        ("quad.school.evil.example", False),
    ],
)
async def test_other_names_are_misdirected_everywhere_but_for_the_health_check(
    host: str, is_own: bool
) -> None:
    async with serving(
        SocketServer(), site=Site(public_url=PUBLIC), application=application
    ) as target:
        named = f"Host: {host}"
        status = "200" if is_own else "421"
        assert status in await head_of(target, "/", named)
        assert status in await head_of(target, POLLING, named)
        assert ("101" if is_own else "421") in await head_of(target, WEBSOCKET, named, *UPGRADE)
        assert "200" in await head_of(target, "/health", named)


async def test_whoever_needs_no_name_may_leave_it_out() -> None:
    async with serving(
        SocketServer(), site=Site(public_url=PUBLIC), application=application
    ) as target:
        assert "200" in await head_of(target, "/", version="1.0")


async def test_without_a_name_of_its_own_every_name_is_served() -> None:
    async with serving(SocketServer(), application=application) as target:
        assert "200" in await head_of(target, "/", "Host: evil.example")


async def test_who_is_misdirected_is_told_what_to_set(http: httpx.AsyncClient) -> None:
    async with serving(SocketServer(), site=Site(public_url=PUBLIC)) as target:
        answer = await http.get(target.url("/"), headers={"Host": "evil.example"})
        assert answer.status_code == 421
        assert "server.public_url" in answer.text
        assert "server.hosts" in answer.text
        assert "evil" not in answer.text


async def test_a_websocket_whose_upgrade_a_proxy_has_dropped_is_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with serving(SocketServer(), application=application) as target:
        for _ in range(2):
            await head_of(target, WEBSOCKET, "Host: a", "Connection: close", UPGRADE[3])
        assert "101" in await head_of(target, WEBSOCKET, "Host: a", *UPGRADE)
    lines = [line for line in caplog.messages if "without the header Upgrade" in line]
    assert len(lines) == 1
    for help_ in ("proxy_http_version 1.1", "$http_upgrade", "upgrade=websocket"):
        assert help_ in lines[0]
