"""The server's own pages, on the whole server."""

import asyncio
import re
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from quad.server import serving
from quad.settings import LimitSettings, ServerSettings, Settings, StoreSettings
from tests.classroom.school import enter
from tests.patience import patience


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    server = ServerSettings(port=0, data=tmp_path)
    async with (
        serving(Settings(server=server)) as url,
        httpx.AsyncClient(base_url=url, timeout=patience(10)) as client,
    ):
        yield client


async def metrics(site: httpx.AsyncClient) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    answer = await site.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


@pytest.mark.parametrize(
    "address", ["/", "/classroom", "/classroom/123456", "/chat", "/admin", "/nearby"]
)
async def test_the_applications_pages_load_nothing_from_elsewhere(
    site: httpx.AsyncClient, address: str
) -> None:
    page = await site.get(address)
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"
    (script,) = re.findall(r'<script type="module" src="([^"]+)">', page.text)
    answer = await site.get(script, headers={"accept-encoding": "br"})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["content-encoding"] == "br"


async def test_a_server_that_runs_is_healthy_and_ready(site: httpx.AsyncClient) -> None:
    assert (await site.get("/health")).json() == {"status": "ok"}
    ready = await site.get("/ready")
    assert ready.status_code == 200
    assert ready.json() == {"database": "ok", "loop": "ok", "lock": "ok"}


async def test_a_locked_database_is_not_ready_and_recovers(
    site: httpx.AsyncClient, tmp_path: Path
) -> None:
    other = sqlite3.connect(tmp_path / "quad.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    ready = await site.get("/ready")
    assert ready.status_code == 503
    assert ready.json()["database"] != "ok"
    assert (await site.get("/health")).status_code == 200
    other.execute("ROLLBACK")
    other.close()
    async with asyncio.timeout(patience(10)):
        while (await site.get("/ready")).status_code != 200:
            await asyncio.sleep(0.05)


async def test_a_loop_that_was_blocked_is_not_ready(site: httpx.AsyncClient) -> None:
    await asyncio.sleep(0)
    time.sleep(1.5)  # what must not happen, and has to be seen
    await asyncio.sleep(0.01)
    ready = await site.get("/ready")
    assert ready.status_code == 503
    assert ready.json()["loop"].startswith("blocked for ")


async def test_what_clients_do_is_in_the_metrics(site: httpx.AsyncClient) -> None:
    peer = await enter(str(site.base_url))
    await peer.emit("room/create", {"name": "Ada"})
    await peer.expect("room/update")
    await peer.emit("room/create", {"name": "Ada"})
    await peer.expect("error")
    await peer.emit("no such event")
    await peer.expect("error")
    values = await metrics(site)

    def count(name: str, **labels: str) -> float:
        return values[name, frozenset(labels.items())]

    assert count("quad_connections", transport="websocket", version="V4") == 1
    assert count("quad_events_total", event="room/create", result="ok") == 1
    assert count("quad_events_total", event="room/create", result="refused") == 1
    assert count("quad_events_total", event="(unknown)", result="refused") == 1
    assert count("quad_handler_seconds_count", event="room/create") == 1
    assert count("quad_deliveries_total") >= 3
    assert count("quad_slow_readers_closed_total") == 0
    assert count("quad_queued_bytes") == 0
    assert count("quad_commit_seconds_count") >= 1
    assert count("quad_commit_changes_sum") >= 1
    await peer.close()


async def test_the_buckets_of_a_histogram_add_up(site: httpx.AsyncClient) -> None:
    peer = await enter(str(site.base_url))
    await peer.emit("room/create", {"name": "Ada"})
    await peer.expect("room/update")
    await peer.close()
    buckets = [
        (float(dict(labels)["le"]), value)
        for (name, labels), value in (await metrics(site)).items()
        if name == "quad_handler_seconds_bucket" and ("event", "room/create") in labels
    ]
    counts = [value for _, value in sorted(buckets)]
    assert counts == sorted(counts)
    assert counts[-1] == 1


async def test_the_rest_interface_is_documented(site: httpx.AsyncClient) -> None:
    document = await site.get("/schema/openapi.json")
    paths = msgspec.json.decode(document.content)["paths"]
    assert "/API/user/show/range" in paths
    assert "/ready" in paths


async def test_a_write_waits_for_a_lock_as_long_as_is_set(tmp_path: Path) -> None:
    settings = Settings(
        server=ServerSettings(port=0, data=tmp_path), store=StoreSettings(busy_timeout_ms=50)
    )
    async with serving(settings) as url:
        peer = await enter(url)
        other = sqlite3.connect(tmp_path / "quad.sqlite3", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        started = time.monotonic()
        await peer.emit("room/create", {"name": "Ada"})
        refused = await peer.expect("error")
        assert refused["code"] == "store_unavailable"
        assert time.monotonic() - started < 1.5  # the default is two seconds
        other.execute("ROLLBACK")
        other.close()
        await peer.close()


async def test_a_page_learns_whether_it_may_connect_and_the_log_what_to_set(
    site: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    own = str(site.base_url).rstrip("/")
    for origin, is_allowed in ((own, True), ("https://quad.school", False)):
        answer = await site.post("/connection", headers={"Origin": origin})
        assert answer.status_code == 200
        host = own.partition("://")[2]
        assert answer.json() == {
            "is_allowed": is_allowed,
            "origin": origin,
            "host": host,
            "address": "127.0.0.1",
            "is_address_certain": True,
        }
        assert "access-control-allow-origin" not in answer.headers
        assert answer.headers["cache-control"] == "no-store"
    assert "server.public_url = 'https://quad.school'" in caplog.text


async def test_the_public_address_and_listed_names_are_the_only_names(tmp_path: Path) -> None:
    server = ServerSettings(
        port=0, data=tmp_path, public_url="https://quad.school", hosts=("*.lab.example",)
    )
    async with serving(Settings(server=server)) as url, httpx.AsyncClient(base_url=url) as http:
        for host, status in (
            ("quad.school", 200),
            ("a.lab.example", 200),
            ("evil.example", 421),
        ):
            assert (await http.get("/classroom", headers={"Host": host})).status_code == status
        for vital in ("/health", "/ready"):
            assert (await http.get(vital, headers={"Host": "evil.example"})).status_code == 200
        own = {"Host": "127.0.0.1", "Origin": "https://quad.school"}
        assert (await http.post("/v1/rooms/r/messages", headers=own, content="x")).is_success
        foreign = {**own, "Origin": "https://evil.example"}
        answer = await http.post("/v1/rooms/r/messages", headers=foreign, content="x")
        assert answer.status_code == 403


async def test_the_streams_of_an_address_are_counted_together_and_as_it_is_set(
    tmp_path: Path,
) -> None:
    settings = Settings(
        server=ServerSettings(port=0, data=tmp_path), limits=LimitSettings(streams_per_address=2)
    )
    events = {"Accept": "text/event-stream"}
    async with (
        serving(settings) as url,
        httpx.AsyncClient(base_url=url, headers=events, timeout=patience(10)) as client,
    ):
        teacher, student = await enter(url), await enter(url)
        await teacher.emit("room/create", {"name": "Ada"})
        room = (await teacher.expect("room/update"))["id"]
        await student.emit("room/join", {"room_id": room, "name": "Bob"})
        await student.emit("steps/status/to_mentor", {"1": "DONE"})
        await teacher.expect("steps/status/to_mentor")
        results, alerts = f"/roomstats/{room}/events", "/v1/rooms/hall/messages"
        async with client.stream("GET", results) as first, client.stream("GET", alerts) as second:
            assert (first.status_code, second.status_code) == (200, 200)
            for path in (results, alerts):
                assert (await client.get(path)).status_code == 429
        await teacher.close()
        await student.close()
