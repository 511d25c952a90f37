"""Nearby on a server in this process, and people with python-socketio and httpx."""

import asyncio
import contextlib
import ipaddress
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import httpx
import msgspec
import socketio
from litestar import Litestar
from litestar.openapi import OpenAPIConfig

from quad.admin import AdminSystem
from quad.admin.nearby_routes import make_nearby_router
from quad.admin.session_routes import make_session_router
from quad.identity import Keys
from quad.identity.sessions import Sessions
from quad.identity.system import Identity
from quad.nearby import NearbySystem
from quad.nearby.model import Building, Position
from quad.realtime import Client, Host, Site, SocketServer, listen
from quad.realtime.http.host import Application
from quad.settings import (
    AdminSettings,
    EngineSettings,
    IdentitySettings,
    NearbySettings,
    RetentionSettings,
    ServerSettings,
    Settings,
)
from quad.shell import Shell
from quad.store import Mailbox, Store
from tests import nodes
from tests.patience import patience

PATIENCE_S = patience(5.0)
# As much of an application as a page needs to be made; the real one is tried in tests/e2e.
_APPLICATION = Path(__file__).parent / "application"
_RETENTION = RetentionSettings()
KEYS = Keys("k" * 43)
# From here a proxy asks that is trusted; whoever else is on this machine asks for themselves.
PROXY = "127.0.0.9"

ADMIN = ("admin", "let me in")

TOWER = Building("1", "Tower", Position(38.7370, -9.1390), 60)
LIBRARY = Building("2", "Library", Position(38.7400, -9.1390), 60)
FIELD = Position(38.7300, -9.1300)


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = datetime(2024, 5, 17, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


class Page:
    """One connection of somebody, and what it heard."""

    def __init__(self, campus: "Campus", id: str, token: str) -> None:
        self.id = id
        self.token = token
        self.heard: list[tuple[Any, ...]] = []
        self.engine_id = self.socket_id = ""
        self._campus = campus
        self._socket = socketio.AsyncClient(reconnection=False)
        self._socket.on("*", self._hear)

    async def connect(self, headers: Mapping[str, str] | None = None) -> None:
        await self._socket.connect(
            self._campus.url,
            headers=dict(headers or {}),
            transports=["websocket"],
            wait_timeout=PATIENCE_S,
        )
        # Kept here: the library forgets them with the connection.
        self.engine_id = str(self._socket.eio.sid)
        self.socket_id = str(self._socket.get_sid())

    async def call(self, event: str, payload: object = None) -> Any:
        return await self._socket.call(
            event, {} if payload is None else payload, timeout=PATIENCE_S
        )

    async def enter(self) -> Any:
        return await self.call("new_client", {"id": self.id, "token": self.token})

    async def take(self) -> list[tuple[Any, ...]]:
        """Everything heard since it was last taken."""
        await self.call("test/settle")
        heard, self.heard = self.heard, []
        return heard

    async def receive(self, socket_id: str = "", **wishes: object) -> list[dict[str, Any]]:
        """What this tab has not fetched yet."""
        socket_id = socket_id or self.engine_id
        body = {"id": self.id, "token": self.token, "socket_id": socket_id, **wishes}
        answer = await self._campus.http.post("/API/user/message/receive", json=body)
        assert answer.status_code == 200, answer.text
        return [json.loads(text) for text in answer.json()]

    async def texts(self) -> list[str]:
        return [message["message"] for message in await self.receive()]

    async def drop(self) -> None:
        """The connection is gone without a word of Socket.IO."""
        before = self._campus.connections
        await self._socket.eio.ws.close()
        await self._socket.eio.wait()
        await self._campus.until(lambda: self._campus.connections < before)

    async def close(self) -> None:
        await self._socket.disconnect()
        await self._socket.eio.wait()

    def _hear(self, event: str, *payload: Any) -> None:
        self.heard.append((event, *payload))


class Campus:
    """A running server."""

    def __init__(
        self,
        url: str,
        nearby: NearbySystem,
        identity: Identity,
        store: Store,
        http: httpx.AsyncClient,
        clock: Clock,
        retention: RetentionSettings,
    ) -> None:
        self.url = url
        self.nearby = nearby
        self.identity = identity
        self.store = store
        self.http = http
        self.clock = clock
        self.retention = retention
        self.tokens: dict[str, str] = {}
        self._pages: list[Page] = []

    @property
    def sessions(self) -> Sessions:
        """Who is logged in."""
        return self.identity.sessions

    async def token(self, id: str) -> str:
        """Log somebody in, once."""
        if id not in self.tokens and nodes.COUNT:
            self.tokens[id] = await _guest_token(self.url, id)
        elif id not in self.tokens:
            await self.nearby.people.ensure(id)
            self.tokens[id] = await self.sessions.begin(id)
        return self.tokens[id]

    async def page(self, id: str) -> Page:
        """Open a page of somebody, who is online from then on."""
        page = Page(self, id, await self.token(id))
        self._pages.append(page)
        await page.connect()
        await page.enter()
        # Which a newcomer is told in any case.
        heard = await page.take()
        heard.remove(("new_movement",))
        page.heard = heard + page.heard
        return page

    async def post(self, path: str, id: str, **values: Any) -> httpx.Response:
        """Ask as somebody who has logged in."""
        body = {"id": id, "token": await self.token(id), **values}
        return await self.http.post(f"/API/user/{path}", json=body)

    async def move(self, id: str, position: Position) -> str:
        """Somebody is here now; returns what they are told."""
        answer = await self.post(
            "update/coordinates",
            id,
            latitude=position.latitude,
            longitude=position.longitude,
        )
        assert answer.status_code == 200, answer.text
        return answer.text

    async def send(self, id: str, to: list[str] | str, text: str) -> httpx.Response:
        return await self.post("message/send", id, users=to, message=text)

    async def log(self, id: str) -> list[str]:
        """The last lines of somebody's log, oldest first."""
        await self.store.write()
        lines = await self.nearby.logs.last_ten("user", id)
        return [line.message for line in reversed(lines)]

    async def forget(self) -> None:
        """One round of what forgets everything that is too old."""
        await self.store.write()
        for expiry in self.nearby.expiries:
            age = self.retention.age(expiry.kind.setting)
            if age is not None:
                while await expiry.forget(self.clock() - age, 2) == 2:
                    pass

    async def by_proxy(
        self, method: str, path: str, address: str, **request: Any
    ) -> httpx.Response:
        """Ask as somebody at another address, of whom the proxy tells."""
        transport = httpx.AsyncHTTPTransport(local_address=PROXY)
        headers = {"X-Forwarded-For": address} if address else {}
        async with httpx.AsyncClient(
            base_url=self.url, transport=transport, headers=headers
        ) as proxy:
            return await proxy.request(method, path, **request)

    @property
    def connections(self) -> int:
        """How many connections belong to somebody."""
        return len(self.nearby.presence._tabs)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                await asyncio.sleep(0.002)

    async def close_pages(self) -> None:
        for page in self._pages:
            await page.close()


@contextlib.asynccontextmanager
async def open_campus(
    database: Path | str,
    values: Mapping[str, Any] | None = None,
    *,
    is_limited: bool = False,
    clock: Clock | None = None,
    ticking: Callable[[], float] = time.monotonic,
    buildings: tuple[Building, ...] = (TOWER, LIBRARY),
    retention: RetentionSettings = _RETENTION,
) -> AsyncIterator[Campus]:
    """Serve nearby from a database while the block runs."""
    if nodes.COUNT and isinstance(database, Path):
        if clock is not None or ticking is not time.monotonic:
            nodes.cannot("the test has a clock of its own")
        settings, _ = _settings(values or {}, retention)
        async with _campus_of_nodes(database, settings, is_limited, buildings) as campus:
            yield campus
        return
    clock = clock or Clock()
    url = database if isinstance(database, str) else f"sqlite+aiosqlite:///{database}"
    async with (
        contextlib.aclosing(await Store.open(url)) as store,
        _served(store, clock, ticking, values or {}, is_limited, buildings, retention) as campus,
    ):
        yield campus


def _settings(
    values: Mapping[str, Any], retention: RetentionSettings
) -> tuple[Settings, tuple[str, ...]]:
    """The settings of these values, by their names in several sections; origins apart."""
    own = {"login": "guest", "admin_password": ADMIN[1], **values}
    origins = own.pop("origins", ())
    of_server = {name: own.pop(name) for name in ("public_url", "data") if name in own}
    of_identity = {
        name: own.pop(name) for name in IdentitySettings.__struct_fields__ if name in own
    }
    settings = Settings(
        server=ServerSettings(**of_server),
        engine=EngineSettings(origins=origins),
        identity=IdentitySettings(**of_identity),
        admin=AdminSettings(password=own.pop("admin_password")),
        nearby=NearbySettings(**own),
        retention=retention,
    )
    return settings, origins


@contextlib.asynccontextmanager
async def _campus_of_nodes(
    database: Path, settings: Settings, is_limited: bool, buildings: tuple[Building, ...]
) -> AsyncIterator[Campus]:
    trusted = msgspec.structs.replace(settings.server, trusted_proxies=(PROXY,))
    whole = msgspec.structs.replace(settings, server=trusted)
    inside = nodes.beyond
    with nodes.opened(database, whole, limits=is_limited) as served:
        async with httpx.AsyncClient(base_url=served.url, timeout=PATIENCE_S) as http:
            for building in buildings:
                await _build(http, building)
            campus = Campus(
                served.url,
                inside("nearby"),
                inside("identity"),
                inside("store"),
                http,
                inside("clock"),
                settings.retention,
            )
            try:
                yield campus
            finally:
                await campus.close_pages()


async def _build(http: httpx.AsyncClient, building: Building) -> None:
    position = building.position
    body = {
        "id": building.id,
        "name": building.name,
        "latitude": position.latitude,
        "longitude": position.longitude,
        "radious": building.radius_m,
    }
    answer = await http.post("/API/admin/buildings/add", json=body, auth=ADMIN)
    assert answer.status_code == 200, answer.text


async def _guest_token(url: str, name: str) -> str:
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE_S) as browser:
        answer = await browser.post("/nearby", data={"name": name})
        return str(answer.cookies["quad_nearby"])


@contextlib.asynccontextmanager
async def _served(
    store: Store,
    clock: Clock,
    ticking: Callable[[], float],
    values: Mapping[str, Any],
    is_limited: bool,
    buildings: tuple[Building, ...],
    retention: RetentionSettings,
) -> AsyncIterator[Campus]:
    server = SocketServer()
    settings, origins = _settings(values, retention)
    identity = Identity(
        store, settings.identity, settings.server, is_limited=is_limited, now=clock, clock=ticking
    )
    nearby = NearbySystem(
        server,
        store,
        await Mailbox.open(store, lambda: int(clock.now.timestamp() * 1000)),
        settings,
        identity,
        Shell(folder=_APPLICATION),
        is_limited=is_limited,
        now=clock,
        clock=ticking,
    )

    @server.on("test/settle")
    def settle(client: Client) -> None:
        """Answered behind everything that was queued for the client."""

    admin = AdminSystem(store, settings, identity.gate, keys=KEYS, now=clock)
    await nearby.start()
    await admin.start()
    for building in buildings:
        await nearby.buildings.put(building)
    site = Site(
        public_url=settings.server.public_url,
        origins=origins,
        trusted_proxies=(ipaddress.ip_network(PROXY),),
    )
    openapi = OpenAPIConfig(title="Nearby", version="1", use_handler_docstrings=True)
    application = Litestar(
        [
            *nearby.routers,
            make_session_router(admin.administrator),
            make_nearby_router(nearby, admin.guard, range_limit_m=settings.nearby.range_limit_m),
        ],
        openapi_config=openapi,
        logging_config=None,
    )
    host = Host({"/socket.io/": server.engine}, cast(Application, application), site=site)
    async with listen(host, drain_s=0.1) as address, httpx.AsyncClient(base_url=address) as http:
        campus = Campus(address, nearby, identity, store, http, clock, retention)
        try:
            yield campus
        finally:
            await campus.close_pages()
            await server.aclose()
            await nearby.aclose()
            await identity.aclose()
