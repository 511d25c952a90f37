"""Behind real proxies: as the documentation says, and as people write it who have not read it."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import socketio
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from quad.settings import EngineSettings, ServerSettings, Settings
from tests.patience import patience
from tests.proxies.behind import (
    CLIENT,
    HERE,
    NAME,
    Behind,
    behind,
    deployed,
    documented,
    make_certificate,
)

# Of docs/how-to/operate.md, word for word, and those of deploy/.
PROXIES = {
    "nginx": documented,
    "apache": documented,
    "haproxy": documented,
    "nginx of several nodes": deployed,
    "haproxy of several nodes": deployed,
}
BIG = "x" * 900_000


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(params=PROXIES)
async def site(
    request: pytest.FixtureRequest, tmp_path: Path, certificate: Path
) -> AsyncIterator[Behind]:
    """Set up as the proxy's configuration says that it has to be."""
    settings = Settings(
        server=ServerSettings(
            port=0,
            data=tmp_path / "data",
            public_url=f"https://{NAME}",
            trusted_proxies=("127.0.0.1", "::1"),
        )
    )
    kind = request.param.partition(" ")[0]
    text = PROXIES[request.param](kind)
    async with behind(kind, text, tmp_path, certificate=certificate, settings=settings) as site:
        yield site


async def chat_answers(site: Behind) -> bool:
    """Whether a browser's WebSocket gets through to the chat."""
    try:
        async with connect(
            f"{site.url.replace('http', 'ws', 1)}/chat/ws",
            host=HERE,
            port=site.port,
            origin=Origin(site.url),
            ssl=site.tls,
            proxy=None,
        ) as socket:
            user = {"name": "Ann", "phone": "111"}
            await socket.send(json.dumps({"type": "register", "user": user}))
            return bool(json.loads(await socket.recv())["type"] == "state")
    except InvalidStatus:
        return False


class Resolver(aiohttp.abc.AbstractResolver):
    """Finds the server by its name."""

    async def resolve(
        self, host: str, port: int = 0, family: int = 0
    ) -> list[aiohttp.abc.ResolveResult]:
        return [{"hostname": host, "host": HERE, "port": port, "family": 2, "proto": 0, "flags": 0}]

    async def close(self) -> None:
        """Nothing is open."""


async def attend(site: Behind, *transports: str) -> tuple[str, int]:
    """A class over these transports, as a browser has it: how it ended up, and its number."""
    connector = aiohttp.TCPConnector(ssl=site.tls or True, resolver=Resolver())
    async with aiohttp.ClientSession(connector=connector) as session:
        client = socketio.AsyncClient(reconnection=False, http_session=session)
        updates: list[dict[str, int]] = []
        client.on("room/update", updates.append)
        await client.connect(
            site.url,
            headers=dict(site.origin),
            transports=list(transports),
            wait_timeout=patience(1),
        )
        try:
            await client.call("room/create", {"name": "Ada"}, timeout=patience(10))
            refused = await client.call(
                "steps/all", [{"name": "task 1", "content": BIG}], timeout=patience(20)
            )
            assert refused is None or refused.get("code") != "internal", refused
            while not updates:
                await client.sleep(0.01)
            return client.transport(), updates[0]["id"]
        finally:
            await client.disconnect()


async def test_pages_are_known_for_their_own_and_clients_by_their_address(site: Behind) -> None:
    async with site.http() as browser:
        page = await browser.get("/classroom")
        assert page.status_code == 200
        seen = (await browser.post("/connection", headers=site.origin)).json()
        assert seen["is_allowed"], seen
        assert (seen["address"], seen["is_address_certain"]) == (CLIENT, True)
        foreign = await browser.post("/connection", headers={"Origin": "https://evil.example"})
        assert not foreign.json()["is_allowed"]
        said = await browser.post("/v1/rooms/r/messages", headers=site.origin, content="fire")
        assert said.json() == {"delivered": 0}


@pytest.mark.parametrize("transports", [("polling",), ("polling", "websocket"), ("websocket",)])
async def test_a_class_is_held_with_a_task_of_900_kilobytes(
    site: Behind, transports: tuple[str, ...]
) -> None:
    ended_up, _ = await attend(site, *transports)
    assert ended_up == transports[-1]


async def test_the_chats_websocket_gets_through(site: Behind) -> None:
    assert await chat_answers(site)


async def test_a_stream_of_results_arrives_as_it_is_written(site: Behind) -> None:
    _, room = await attend(site, "websocket")
    path = f"/roomstats/{room}/events"
    async with site.http() as browser, browser.stream("GET", path) as stream:
        assert stream.status_code == 200
        first = await anext(stream.aiter_bytes())
        assert first.startswith(b"retry:")


async def test_nodes_that_are_all_late_with_their_checks_are_asked_all_the_same(
    tmp_path: Path, certificate: Path
) -> None:
    text = deployed("haproxy").replace("uri /ready", "uri /never-there")
    text = text.replace("inter 1s fall 2", "inter 100ms fall 1")
    text = text.replace(
        "backend unchecked\n", "backend unchecked\n    http-response set-header X-Checks none\n"
    )
    async with (
        behind("haproxy", text, tmp_path, certificate=certificate) as site,
        site.http() as browser,
        asyncio.timeout(patience(10)),
    ):
        while "X-Checks" not in (await browser.get("/classroom")).headers:
            await asyncio.sleep(0.05)  # until HAProxy has given all of them up
        assert (await browser.get("/classroom")).status_code == 200


# --- what people write who have not read it -------------------------------------------------------

PLAIN = {
    "nginx": "server { listen 8080; location / { proxy_pass http://127.0.0.1:8000; } }\n",
    "nginx, Debian's parameters": (
        "server { listen 8080; location / { proxy_pass http://127.0.0.1:8000; %s } }\n"
    ),
    "apache": "<VirtualHost *:8080>\nProxyPass / http://127.0.0.1:8000/\n</VirtualHost>\n",
    "haproxy": (
        "defaults\n mode http\n timeout connect 5s\n timeout client 50s\n timeout server 50s\n"
        "frontend f\n bind :8080\n default_backend b\nbackend b\n server s 127.0.0.1:8000\n"
    ),
}
# What Debian 12 has in /etc/nginx/proxy_params.
DEBIAN = (
    "proxy_set_header Host $host; proxy_set_header X-Real-IP $remote_addr; "
    "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; "
    "proxy_set_header X-Forwarded-Proto $scheme;"
)


def plain(kind: str) -> str:
    return PLAIN[kind].replace("%s", DEBIAN)


@pytest.mark.parametrize(
    ("kind", "host"),
    [("nginx", HERE), ("nginx, Debian's parameters", NAME)],
    ids=["nginx", "Debian's nginx"],
)
async def test_a_proxy_that_changes_the_host_is_told_apart_and_the_log_says_which_line_is_missing(
    kind: str, host: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with behind("nginx", plain(kind), tmp_path) as site, site.http() as browser:
        for _ in range(2):
            seen = (await browser.post("/connection", headers=site.origin)).json()
            assert not seen["is_allowed"]
            assert seen["host"].partition(":")[0] == host
        answer = await browser.post("/v1/rooms/r/messages", headers=site.origin, content="fire")
        assert answer.status_code == 403
        assert not await chat_answers(site)
        # Over HTTPS, and on this machine, browsers say it themselves.
        own = {**site.origin, "Sec-Fetch-Site": "same-origin"}
        assert (await browser.post("/connection", headers=own)).json()["is_allowed"]
    refusals = [line for line in caplog.messages if f"refused a page of '{site.url}'" in line]
    assert len(refusals) == 1
    assert "proxy_set_header Host $http_host" in refusals[0]
    lost = [line for line in caplog.messages if "without the header Upgrade" in line]
    assert len(lost) == 1
    assert "proxy_set_header Upgrade $http_upgrade" in lost[0]
    unannounced = [line for line in caplog.messages if "NO TRUSTED PROXY" in line]
    assert len(unannounced) == (host == NAME)


async def test_the_public_address_alone_repairs_pages_behind_such_a_proxy(tmp_path: Path) -> None:
    server = ServerSettings(port=0, data=tmp_path / "data", public_url=f"https://{NAME}")
    async with (
        behind("nginx", plain("nginx"), tmp_path, settings=Settings(server=server)) as site,
        site.http(Origin=f"https://{NAME}") as browser,
    ):
        assert (await browser.post("/connection")).json()["is_allowed"]
        answer = await browser.post("/v1/rooms/r/messages", content="fire")
        assert answer.json() == {"delivered": 0}


async def test_pages_work_behind_apache_with_one_line_but_for_websockets(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with behind("apache", plain("apache"), tmp_path) as site:
        async with site.http() as browser:
            assert (await browser.post("/connection", headers=site.origin)).json()["is_allowed"]
        assert (await attend(site, "polling", "websocket"))[0] == "polling"
        assert not await chat_answers(site)
    lost = [line for line in caplog.messages if "without the header Upgrade" in line]
    assert len(lost) == 1
    assert "upgrade=websocket" in lost[0]


async def test_everything_works_behind_haproxy_as_debian_sets_it_up(tmp_path: Path) -> None:
    async with behind("haproxy", plain("haproxy"), tmp_path) as site:
        assert (await attend(site, "polling", "websocket"))[0] == "websocket"
        assert await chat_answers(site)


async def test_a_proxy_that_is_trusted_but_does_not_say_who_asks_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server = ServerSettings(port=0, data=tmp_path / "data", trusted_proxies=(HERE,))
    async with (
        behind("haproxy", plain("haproxy"), tmp_path, settings=Settings(server=server)) as site,
        site.http() as browser,
    ):
        seen = (await browser.post("/connection")).json()
        assert (seen["address"], seen["is_address_certain"]) == (HERE, False)
    assert "does not say for whom it asks" in caplog.text


async def test_heartbeats_twice_as_quick_as_a_proxys_limit_hold_a_connection(
    tmp_path: Path,
) -> None:
    text = plain("haproxy").replace("50s", "1s")
    engine = EngineSettings(ping_interval_ms=400, ping_timeout_ms=400)
    server = ServerSettings(port=0, data=tmp_path / "data")
    async with behind(
        "haproxy", text, tmp_path, settings=Settings(server=server, engine=engine)
    ) as site:
        url = f"ws://{HERE}:{site.port}/socket.io/?EIO=4&transport=websocket"
        async with connect(url, proxy=None) as socket:
            await socket.recv()
            await socket.send("40")
            await socket.recv()
            for _ in range(6):  # 2.4 s
                assert await socket.recv() == "2"
                await socket.send("3")
