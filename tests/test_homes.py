"""Every event and every path belongs somewhere: what is added must say where it is at home."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from quad.alert.homes import KEY as ALERT
from quad.cluster.routes import CAMPUS
from quad.homes import ROUTES, key_of
from quad.identity import Keys
from quad.server import Parts, assemble
from quad.settings import load
from quad.starting import take_database
from quad.stopping import Ending

# What every node can answer: pages, files, and how it is itself.
_EVERYWHERE = (
    "/",
    "/admin",
    "/app/{name:path}",
    "/appearance",
    "/chat",
    "/classes/pictures",
    "/classes/pictures/{picture_id:str}",
    "/classes/sets",
    "/classes/sets/{name:str}",
    "/classroom",
    "/classroom/{room:str}",
    "/connection",
    "/health",
    "/install",
    "/install/{name:str}",
    "/metrics",
    "/offline",
    "/ready",
    "/roomstats/static/{name:str}",
    "/run",
    "/run/web",
    "/schema",
    "/schema/openapi.json",
    "/schema/{path:str}",
    "/static/{name:str}",
    "/v1/static/{name:str}",
)


@pytest.fixture
async def parts(tmp_path: Path) -> AsyncIterator[Parts]:
    settings = load(environment={"QUAD_DATA": str(tmp_path), "QUAD_ADMIN_PASSWORD": "a" * 12})
    async with Ending(10.0) as stack:
        ownership = await take_database(settings.server, "http://127.0.0.1:1")
        stack.push_async_callback(ownership.aclose)
        yield await assemble(settings, ownership, Keys.random(), stack)


async def test_every_event_has_a_home_or_is_answered_everywhere(parts: Parts) -> None:
    # What a teacher's key opens, the database alone knows: every node can ask it.
    homeless = {"sets/delete", "sets/load", "sets/save", "teacher/open", "teacher/rekey"}
    assert parts.sockets.reception.namespaces["/"].handlers.keys() == ROUTES.keys() | homeless


async def test_every_path_has_a_home_or_is_everywhere(parts: Parts) -> None:
    homeless = {
        route.path
        for route in parts.application.routes
        if key_of({"type": "http", "path": route.path.replace("{room:str}", "817349")}) is None
    }
    assert homeless == set(_EVERYWHERE)


@pytest.mark.parametrize(
    ("kind", "path", "key"),
    [
        ("http", "/roomstats/817349", "class/817349"),
        ("http", "/roomstats/817349/events", "class/817349"),
        ("http", "/roomstats/abc", None),
        ("http", "/classes/817349/history/4711", "class/817349"),
        ("http", "/classes/pictures", None),
        ("http", "/roomstats/12345678901234567890", None),
        ("http", "/v1/", ALERT),
        ("http", "/v1", ALERT),
        ("http", "/v1/rooms/A%2FB", ALERT),
        ("http", "/API/admin/rooms/show", ALERT),
        ("http", "/API/admin/users/show", CAMPUS),
        ("http", "/admin/session", CAMPUS),
        ("http", "/nearby", CAMPUS),
        ("http", "/nearby/bye", CAMPUS),
        ("http", "/nearbyelse", None),
        ("http", "/chat/ws", None),
        ("websocket", "/", CAMPUS),
        ("websocket", "/chat/ws", CAMPUS),
        ("websocket", "/roomstats/817349", None),
    ],
)
def test_a_request_is_about(kind: str, path: str, key: str | None) -> None:
    assert key_of({"type": kind, "path": path}) == key
