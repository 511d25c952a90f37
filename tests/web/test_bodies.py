"""Whatever body anybody sends to whatever route: a reason, never a failure of ours."""

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litestar import Litestar, get
from litestar.routes import HTTPRoute

import quad.server
from quad.bodies import BadBody, JsonRequest, decode_json, explain_bug
from quad.realtime import Host, listen
from quad.settings import load
from quad.web.strict import StrictHeaders
from tests.patience import patience
from tests.thoroughness import examples

ADMIN = ("admin", "correct horse battery staple")

# --- the decoder ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"name":"b","msg":"ol\xe1"}', "the body is not UTF-8 (byte 21)"),
        ("{}".encode("utf-16"), "the body is not UTF-8 (byte 0)"),
        (b'"\xed\xa0\x80"', "the body is not UTF-8 (byte 1)"),
        (b'{"a":' + b"[" * 100_000, "the body is nested too deeply"),
        (b"", "Input data was truncated"),
        (b"{", "Input data was truncated"),
        (b"{} {}", "JSON is malformed: trailing characters (byte 4)"),
        (b'{"a":NaN}', "JSON is malformed: invalid character (byte 5)"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_true_reason(body: bytes, reason: str) -> None:
    with pytest.raises(BadBody) as refused:
        decode_json(body, dict[str, Any])
    assert str(refused.value) == reason


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'\xef\xbb\xbf{"a":1}', {"a": 1}),
        (rb'{"a":"\ud800"}', {"a": "�"}),
        (rb'{"a":"\udc00 and \ud83d\ude00","b":"\\ud800"}', {"a": "� and 😀", "b": r"\ud800"}),
        ('{"a":"олá😀"}'.encode(), {"a": "олá😀"}),
    ],
)
def test_what_can_be_read_is(body: bytes, value: object) -> None:
    assert decode_json(body, dict[str, Any]) == value


def test_half_a_pair_does_not_hide_what_else_is_wrong() -> None:
    with pytest.raises(BadBody, match="Expected `str`, got `int`"):
        decode_json(rb'{"a":"\ud800","b":1}', dict[str, str])


# --- every route ----------------------------------------------------------------------------------


class Site(NamedTuple):
    """A whole server, and all of its routes."""

    url: str
    routes: list[HTTPRoute]


@pytest.fixture
async def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    applications: list[Litestar] = []

    class Kept(StrictHeaders):
        def __init__(self, application: Any, site: Any) -> None:
            applications.append(application)
            super().__init__(application, site)

    monkeypatch.setattr(quad.server, "StrictHeaders", Kept)
    # Nobody is held back: it is the bodies that are to be refused.
    environment = {
        "QUAD_PORT": "0",
        "QUAD_DATA": str(tmp_path),
        "QUAD_LIMITS": "off",
        "QUAD_ADMIN_PASSWORD": ADMIN[1],
        "QUAD_LOG_LEVEL": "warning",
    }
    async with quad.server.serving(load(environment=environment)) as url:
        (application,) = applications
        yield Site(url, [route for route in application.routes if isinstance(route, HTTPRoute)])


OBJECTS: list[Any] = [
    None,
    0,
    10**400,
    1.5,
    "",
    "x" * 5_000,
    [],
    [[]],
    [{}] * 3,
    {},
    {"id": None},
    {"id": {"id": []}, "pass": 1, "b_id": [], "message": {}},
    {"id": "x", "token": "�", "latitude": "NaN", "longitude": "Infinity", "radious": "-1e999"},
    {"id": "a" * 3_000, "token": 3, "users": {"a": 1}, "message": None, "socket_id": []},
    {"name": "\0\x1b\u202e", "msg": "\0", "key": [], "room_id": -(10**30), "user_id": 10**30},
    {"password": "x" * 3_000, "offset": -1, "limit": 10**30},
]
RAW = [
    b"",
    b"{",
    b"[" * 50_000,
    b'{"id":' * 5_000,
    b'{"id":"ol\xe1"}',
    '{"id":"x"}'.encode("utf-16"),
    '{"id":"x"}'.encode("utf-32"),
    b'\xef\xbb\xbf{"id":"x"}',
    rb'{"id":"\ud800","token":"\udc00"}',
    b'{"id":"x","id":"y"}',
    b"\0" * 100,
    bytes(range(256)),
    b"name=%ff&room=%00&msg=%ed%a0%80",
    b"&".join(b"f=1" for _ in range(50)),
]
BODIES = [*RAW, *(json.dumps(each).encode() for each in OBJECTS)]
TYPES = [
    "application/json",
    "Application/JSON; Charset=UTF-8",
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "multipart/form-data; boundary=x",
    "application/msgpack",
    "application/json; charset=utf-16",
    "nonsense",
    "",
]
PLACES = ["1", "x", "%ff", "%00", "%F0%9F%98%80", "..%2f..%2fetc", "9" * 400, "%E2%80%AE"]


def places(route: HTTPRoute) -> list[str]:
    """What stands where the route's path has parameters."""
    return PLACES if route.path_parameters else [""]


def address(route: HTTPRoute, place: str) -> str:
    path = route.path_format
    for parameter in route.path_parameters:
        path = path.replace(f"{{{parameter}}}", place)
    query = "?limit=x&offset=%ff&since=-1&wait_s=nan" if place in PLACES[1:3] else ""
    return path + query


def sendings(place: str) -> Iterator[tuple[bytes, str]]:
    """Bodies and their types: each of them for one place, and for the others a plain one."""
    if place not in ("", PLACES[0]):
        yield b"{}", TYPES[0]
        return
    for number, body in enumerate(BODIES):
        for kind in TYPES if number < examples(1, len(BODIES)) else TYPES[:1]:
            yield body, kind


async def test_no_body_on_any_route_is_a_failure_of_ours(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    failures: list[object] = []
    async with httpx.AsyncClient(base_url=site.url, timeout=patience(30), auth=ADMIN) as http:
        for route in site.routes:
            # A stream has no end; it has tests of its own.
            methods = route.methods - {"OPTIONS", "GET" if "events" in route.path else ""}
            for method, place in itertools.product(sorted(methods), places(route)):
                for body, kind in [(b"", "")] if method == "GET" else sendings(place):
                    path = address(route, place)
                    headers = {"Content-Type": kind} if kind else {}
                    answer = await http.request(method, path, content=body, headers=headers)
                    if answer.status_code >= 500:
                        failures.append((method, path, kind, body[:60], answer.text))
    assert failures == []
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []


async def test_head_is_answered_wherever_get_is_and_alike(site: Site) -> None:
    gone = {"date", "set-cookie", "x-request-id"}
    asked = 0
    async with httpx.AsyncClient(base_url=site.url, timeout=patience(30), auth=ADMIN) as http:
        for route in site.routes:
            if "GET" not in route.methods:
                continue
            path = address(route, places(route)[0])
            head = await http.head(path)
            async with http.stream("GET", path) as answer:  # an answer may have no end
                assert head.status_code == answer.status_code, path
                assert head.content == b""
                assert head.headers.keys() - gone <= answer.headers.keys() - gone, path
                assert head.headers.get("content-type") == answer.headers.get("content-type"), path
            asked += 1
        assert (await http.head("/nowhere")).status_code == 404
    assert asked > 20


JSON_ROUTES = [
    "/API/bot/auth",
    "/API/bot/message",
    "/API/bot/register",
    "/API/user/update/coordinates",
    "/API/user/show/range",
    "/API/user/message/send",
    "/API/admin/buildings/add",
    "/API/admin/classes/close",
    "/API/admin/classes/hand-over",
    "/admin/session",
    "/v1/rooms/x/messages",
]


async def test_what_is_wrong_with_a_body_is_told_on_every_json_route(site: Site) -> None:
    headers = {"Content-Type": "Application/JSON"}
    async with httpx.AsyncClient(base_url=site.url, auth=ADMIN) as http:
        for path in JSON_ROUTES:
            for body, reason in (
                (b'{"name":"b","msg":"ol\xe1"}', "the body is not UTF-8"),
                (b'{"x":' + b"[" * 50_000, "nested too deeply"),
            ):
                answer = await http.post(path, content=body, headers=headers)
                assert answer.status_code == 400, path
                assert reason in answer.text, path


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(body=st.binary(max_size=200) | st.text(max_size=60).map(str.encode))
def test_any_bytes_are_a_value_or_a_reason(body: bytes) -> None:
    with contextlib.suppress(BadBody):
        decode_json(body, object)


# --- who leaves in the middle, and what is our fault ----------------------------------------------


async def test_a_client_that_leaves_in_the_middle_of_its_body_is_no_line_in_the_log(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    parts = httpx.URL(site.url)
    for path in ("/API/bot/auth", "/v1/rooms/x/messages", "/v1", quote("/nearby")):
        _, writer = await asyncio.open_connection(parts.host, parts.port)
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{{"
        writer.write(head.encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()
    async with httpx.AsyncClient() as http:
        assert (await http.get(f"{site.url}/health")).status_code == 200
    assert [line for line in caplog.messages if "bug" in line or "Exception" in line] == []
    assert [record for record in caplog.records if record.exc_info] == []


async def test_a_bug_is_answered_with_an_id_that_the_log_has_with_the_reason(
    caplog: pytest.LogCaptureFixture,
) -> None:
    @get("/broken")
    async def broken() -> None:
        raise KeyError("what went wrong")

    application: Any = Litestar(
        [broken],
        exception_handlers={500: explain_bug},
        request_class=JsonRequest,
        logging_config=None,
        openapi_config=None,
    )
    async with listen(Host({}, application)) as url, httpx.AsyncClient(base_url=url) as http:
        answer = await http.get("/broken")
        assert answer.status_code == 500
        assert answer.json()["code"] == "internal"
        assert "what went wrong" not in answer.text
        assert (await http.get("/nowhere")).status_code == 404
    (line,) = [record for record in caplog.records if record.exc_info]
    assert answer.json()["id"] in line.getMessage()
    assert "what went wrong" in caplog.text
