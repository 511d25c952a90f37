"""Which pages may talk to the server, and what browsers are told of it."""

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from quad.addresses import parse_network
from quad.realtime import Client, Site, SocketServer
from tests.protocol.peers import SOCKET, Polling, Target
from tests.realtime.serving import serving, until

PAGE = "https://app.example"


async def status_of_websocket(target: Target, origin: str) -> int:
    url = target.url(SOCKET, EIO=4, transport="websocket").replace("http", "ws", 1)
    try:
        async with connect(url, additional_headers={"Origin": origin}, proxy=None):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


async def status_of_polling(
    http: httpx.AsyncClient, target: Target, origin: str, expected: str
) -> int:
    url = target.url(SOCKET, EIO=4, transport="polling")
    answer = await http.get(url, headers={"Origin": origin})
    allowed = answer.headers.get("access-control-allow-origin")
    assert allowed == (expected if answer.status_code == 200 else None)
    assert (answer.headers.get("access-control-allow-credentials") is None) == (
        allowed in ("*", None)
    )
    if answer.status_code == 403:
        assert answer.json() == {"code": 4, "message": "Forbidden"}
    return answer.status_code


@pytest.mark.parametrize(
    ("origins", "origin", "is_allowed"),
    [
        pytest.param((), "http://{host}", True, id="its own page"),
        pytest.param((), "https://{host}", True, id="its own page behind TLS"),
        pytest.param((), PAGE, False, id="a foreign page"),
        pytest.param((), "null", False, id="a page without an origin"),
        pytest.param((), "http://[", False, id="no origin at all"),
        pytest.param((PAGE,), PAGE, True, id="a configured page"),
        pytest.param((PAGE,), PAGE + ".evil.example", False, id="one that begins like it"),
        pytest.param((PAGE,), "http://{host}", True, id="its own page as ever"),
        pytest.param(("*",), "https://anything.example", True, id="anything where all may"),
    ],
)
async def test_a_page_may_connect_or_not_by_either_transport(
    http: httpx.AsyncClient, origins: tuple[str, ...], origin: str, is_allowed: bool
) -> None:
    server = SocketServer()
    async with serving(server, site=Site(origins=origins)) as target:
        origin = origin.format(host=f"{target.host}:{target.port}")
        expected = "*" if "*" in origins else origin
        assert await status_of_websocket(target, origin) == (101 if is_allowed else 403)
        assert await status_of_polling(http, target, origin, expected) == (
            200 if is_allowed else 403
        )
        await until(lambda: len(server.engine.sessions) == is_allowed)


@pytest.mark.parametrize(
    ("origin", "advice"),
    [
        pytest.param(PAGE, f"set server.public_url = '{PAGE}'", id="a web site"),
        pytest.param("null", "it is your app's, add it to engine.origins", id="no origin"),
        pytest.param("file://", "it is your app's, add it to engine.origins", id="an app"),
    ],
)
async def test_the_log_says_what_to_set_for_a_page_that_was_refused(
    http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, origin: str, advice: str
) -> None:
    async with serving(SocketServer(), site=Site()) as target:
        for _ in range(2):
            assert await status_of_polling(http, target, origin, "") == 403
    (line,) = [each for each in caplog.messages if f"refused a page of {origin!r}" in each]
    assert advice in line
    assert ("public_url" in line) == (origin == PAGE)


async def test_a_foreign_page_cannot_use_a_session_that_it_knows_of(
    http: httpx.AsyncClient,
) -> None:
    async with serving(SocketServer()) as target:
        session = await Polling.open(http, target, SOCKET)
        answer = await http.post(session.url(), content="40", headers={"Origin": PAGE})
        assert answer.status_code == 403
        await session.send("40")


async def test_browsers_ask_before_and_are_told_what_is_allowed(http: httpx.AsyncClient) -> None:
    async with serving(SocketServer(), site=Site(origins=(PAGE,))) as target:
        url = target.url(SOCKET, EIO=4, transport="polling")
        asked = {
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "x-token",
        }
        answer = await http.options(url, headers={"Origin": PAGE, **asked})
        assert answer.status_code == 204
        headers = answer.headers
        assert headers["access-control-allow-origin"] == PAGE
        assert headers["access-control-allow-credentials"] == "true"
        assert headers["access-control-allow-methods"] == "GET, POST"
        assert headers["access-control-allow-headers"] == "x-token"
        assert int(headers["access-control-max-age"]) > 0
        assert headers["vary"] == "Origin"
        foreign = await http.options(url, headers={"Origin": "https://evil.example", **asked})
        assert not [name for name in foreign.headers if name.startswith("access-control")]
        native = await http.get(url)
        assert not [name for name in native.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("proxies", "seen"), [((), "127.0.0.1"), (("127.0.0.0/8",), "198.51.100.7")], ids=["no", "yes"]
)
async def test_the_address_comes_from_a_trusted_proxy_alone(
    http: httpx.AsyncClient, proxies: tuple[str, ...], seen: str
) -> None:
    site = Site(trusted_proxies=map(parse_network, proxies))
    server = SocketServer()
    clients: list[Client] = []
    server.on_connect(clients.append)
    forwarded = {"X-Forwarded-For": "1.1.1.1, 198.51.100.7"}
    async with serving(server, site=site) as target:
        url = target.url(SOCKET, EIO=3, transport="polling")
        await http.get(url, headers=forwarded)
        socket = target.url(SOCKET, EIO=3, transport="websocket").replace("http", "ws", 1)
        async with connect(socket, additional_headers=forwarded, proxy=None):
            await until(lambda: len(clients) == 2)
    assert [client.address for client in clients] == [seen] * 2
    assert [client.has_certain_address for client in clients] == [bool(proxies)] * 2
