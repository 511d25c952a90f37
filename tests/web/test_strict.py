"""What every answer forbids browsers, what strangers are not shown, and what each start says."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from quad.server import serving
from quad.settings import Settings, load
from quad.web.exposure import exposures
from tests.patience import patience

ADMIN = ("admin", "correct horse battery staple")
# Nobody on this machine asks by another name than its own.
ELSEWHERE = {"Host": "quad.school"}


def settings(data: Path, **values: str) -> Settings:
    environment = {"QUAD_PORT": "0", "QUAD_DATA": str(data), "QUAD_ADMIN_PASSWORD": ADMIN[1]}
    return load(environment=environment | {f"QUAD_{name}": text for name, text in values.items()})


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        serving(settings(tmp_path)) as url,
        httpx.AsyncClient(base_url=url, timeout=patience(10)) as client,
    ):
        yield client


ANSWERS = [
    ("GET", "/", 200),
    ("GET", "/v1", 200),
    ("GET", "/v1/rooms/a/b", 404),
    ("POST", "/v1/rooms/a/b", 404),
    ("GET", "/roomstats/1", 404),
    ("GET", "/health", 200),
    ("GET", "/ready", 200),
    ("GET", "/metrics", 200),
    ("GET", "/schema", 200),
    ("GET", "/nowhere", 404),
    ("DELETE", "/health", 405),
    ("GET", "/API/admin/classes/show", 401),
    ("POST", "/API/bot/auth", 400),
    ("POST", "/connection", 200),
]


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
async def test_every_answer_is_strict(
    site: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await site.request(method, path)
    assert answer.status_code == status
    headers = answer.headers
    assert headers.get_list("x-content-type-options") == ["nosniff"]
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert "strict-transport-security" not in headers


@pytest.mark.parametrize("path", ["/", "/classroom", "/classroom/123456", "/chat", "/nearby"])
async def test_a_page_may_connect_to_the_host_that_the_browser_asked_for(
    site: httpx.AsyncClient, path: str
) -> None:
    # Apache's proxy replaces Host.
    answer = await site.get(path, headers={"X-Forwarded-Host": "quad.example"})
    assert "wss://quad.example;" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path", ["/socket.io/?EIO=4&transport=polling", "/socket.io/", "/socket.io/?EIO=9"]
)
async def test_polling_is_never_taken_for_something_else(
    site: httpx.AsyncClient, path: str
) -> None:
    assert (await site.get(path)).headers["x-content-type-options"] == "nosniff"


async def test_https_is_demanded_where_the_public_address_has_it_and_over_https_alone(
    tmp_path: Path,
) -> None:
    values = {
        "SERVER_PUBLIC_URL": "https://quad.school",
        "SERVER_TRUSTED_PROXIES": "127.0.0.1",
    }
    async with serving(settings(tmp_path, **values)) as url, httpx.AsyncClient() as http:
        for headers, is_demanded in (
            ({"Host": "quad.school"}, True),
            ({"X-Forwarded-Proto": "https"}, True),
            ({"Host": "quad.school", "X-Forwarded-Proto": "http"}, False),
            ({}, False),
        ):
            answer = await http.get(f"{url}/v1", headers=headers)
            assert ("strict-transport-security" in answer.headers) is is_demanded, headers


async def test_the_schema_is_a_document_and_nothing_that_loads_from_elsewhere(
    site: httpx.AsyncClient,
) -> None:
    for path in ("/schema", "/schema/openapi.json"):
        answer = await site.get(path)
        assert answer.json()["openapi"].startswith("3.")
    for viewer in ("swagger", "redoc", "elements", "rapidoc", "scalar", "stoplight-elements"):
        answer = await site.get(f"/schema/{viewer}")
        assert answer.status_code == 404
        assert not re.search("https?://|//", answer.text.replace("<!DOCTYPE", ""))


async def test_figures_are_for_this_machine_and_for_the_administrator(
    site: httpx.AsyncClient,
) -> None:
    assert "quad_connections" in (await site.get("/metrics")).text
    for headers in (ELSEWHERE, {"X-Forwarded-For": "192.0.2.1"}):
        refused = await site.get("/metrics", headers=headers)
        assert refused.status_code == 401
        assert "quad_" not in refused.text
    known = await site.get("/metrics", headers=ELSEWHERE, auth=ADMIN)
    assert "quad_connections" in known.text
    foreign = {**ELSEWHERE, "Origin": "https://evil.example"}
    assert (await site.get("/metrics", headers=foreign, auth=ADMIN)).status_code == 403


async def test_figures_can_be_for_everyone(tmp_path: Path) -> None:
    values = {"SERVER_METRICS_FOR": "everyone"}
    async with serving(settings(tmp_path, **values)) as url, httpx.AsyncClient() as http:
        assert (await http.get(f"{url}/metrics", headers=ELSEWHERE)).status_code == 200


async def test_strangers_learn_whether_the_server_is_ready_and_not_why_it_is_not(
    site: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_answer(store: object) -> str:
        return "no answer from db.internal.example"

    monkeypatch.setattr("quad.web.health._check", no_answer)
    # However slow this machine is just now.
    monkeypatch.setattr("quad.web.health._check_loop", lambda _: "ok")
    told = await site.get("/ready")
    assert (told.status_code, told.json()["database"]) == (
        503,
        "no answer from db.internal.example",
    )
    hidden = await site.get("/ready", headers=ELSEWHERE)
    assert hidden.status_code == 503
    assert hidden.json() == {"database": "failed", "loop": "ok", "lock": "ok"}
    known = await site.get("/ready", headers=ELSEWHERE, auth=ADMIN)
    assert "internal" in known.text


# --- what each start says -------------------------------------------------------------------------


def said(**values: str) -> str:
    return "\n".join(exposures(settings(Path("data"), **values)))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"LIMITS": "off"}, "LIMITS ARE OFF"),
        ({"CLASSROOM_IMPORT_ALLOW_PRIVATE": "true"}, "IMPORTS REACH PRIVATE ADDRESSES"),
        ({"ENGINE_ORIGINS": "https://a.example,*"}, "EVERY SITE'S PAGES MAY CONNECT"),
        ({"ENGINE_ORIGINS": "null"}, "PAGES WITHOUT AN ORIGIN"),
        ({"SERVER_METRICS_FOR": "everyone"}, "open to everyone"),
        ({"SERVER_TRUSTED_PROXIES": "0.0.0.0/0"}, "EVERYBODY IS A TRUSTED PROXY"),
        ({"SERVER_TRUSTED_PROXIES": "::/0"}, "EVERYBODY IS A TRUSTED PROXY"),
        ({"NEARBY_GRID_M": "0"}, "PLACES ARE SHOWN AS THEY ARE"),
        ({"NEARBY_IS_ANY_POINT_SHOWN": "true"}, "ANYBODY CAN LOOK FOR ANYBODY"),
        ({"HOST": "0.0.0.0"}, "NO HTTPS"),
        ({"IDENTITY_CLIENT_ID": "quad"}, "LOGIN NEEDS server.public_url"),
        ({"HOST": "192.0.2.1", "SERVER_PUBLIC_URL": "http://quad.school"}, "NO HTTPS"),
    ],
)
def test_what_is_open_is_said_at_the_start(values: dict[str, str], words: str) -> None:
    assert words in said(**values)
    assert len(said(**values).splitlines()) == 1


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"HOST": "::1"},
        {"HOST": "localhost"},
        {"IDENTITY_CLIENT_ID": "quad", "SERVER_HOSTS": "quad.school"},
        {"HOST": "0.0.0.0", "SERVER_PUBLIC_URL": "https://quad.school"},
        {"SERVER_TRUSTED_PROXIES": "10.0.0.0/8"},
        {"ENGINE_ORIGINS": "https://a.example,capacitor://localhost"},
    ],
)
def test_of_what_is_safe_nothing_is_said(values: dict[str, str]) -> None:
    assert said(**values) == ""


async def test_a_start_writes_it_into_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    values: dict[str, Any] = {"ENGINE_ORIGINS": "*", "CLASSROOM_IMPORT_ALLOW_PRIVATE": "true"}
    async with serving(settings(tmp_path, **values)):
        pass
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert sum(line.split(" (")[0].isupper() for line in warnings) >= 2
