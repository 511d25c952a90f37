"""The server: everyone who takes part, wired together, started and stopped in order."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, NamedTuple, Protocol, cast

import uvloop
from litestar import Litestar, Response, Router
from litestar.exceptions import NotFoundException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin

import quad
from quad.addresses import parse_network
from quad.admin import AdminSystem, Systems
from quad.admin.classes import Classes
from quad.admin.day import Recorder
from quad.admin.figures import Gauges
from quad.admin.nodes import AllFigures
from quad.admin.statistics import CommitStatistics, LoopClock
from quad.alert import AlertSystem
from quad.alert.homes import KEY as ALERT
from quad.bodies import JsonRequest, explain_bug
from quad.chat import ChatSystem
from quad.classroom import ClassroomSystem
from quad.classroom.homes import KIND as CLASSES
from quad.cli.failures import Failed
from quad.cluster.expiring import Expiring
from quad.cluster.handover import Rules
from quad.cluster.member import Member, Part
from quad.cluster.routes import CAMPUS
from quad.cluster.sockets import RawRules
from quad.homes import CHAT_PATHS
from quad.http import AnyRequest
from quad.identity import AddressRateLimit, Keys
from quad.identity.system import Identity
from quad.joining import make_member, make_session, name_of
from quad.logs import configure_logging
from quad.nearby import NearbySystem
from quad.realtime import (
    EngineOptions,
    Host,
    RawServer,
    Refused,
    Site,
    SocketServer,
    Streams,
    listen,
    raise_descriptor_limit,
    settle_garbage,
    stop_signal,
)
from quad.realtime.http.binding import url_of
from quad.realtime.http.host import Application
from quad.refusals import CannotSave
from quad.retention import Expiry, RetentionClock
from quad.settings import LimitSettings, ServerSettings, Settings
from quad.shell import Shell
from quad.starting import (
    check_descriptors,
    read_keys,
    stay_at,
    take_address,
    take_database,
)
from quad.stopping import Ending, end_by_force
from quad.store import NodeSession, Store, StoreError, is_current, migrate, safe_url
from quad.store.mailbox import Mailbox
from quad.store.ownership import Ownership
from quad.web.appearance import make_appearance
from quad.web.application import make_application
from quad.web.connection import make_page_check
from quad.web.exposure import exposures
from quad.web.health import Lease, make_health
from quad.web.install import WheelOffer
from quad.web.invitation import invite
from quad.web.metrics import Metrics, QuadCollector, make_metrics
from quad.web.missing import explain_missing, make_offline
from quad.web.network import address_for_others, elsewhere
from quad.web.strict import StrictHeaders
from quad.web.watching import Watchers
from quad.workers import Worker, hearing_of_deaths

log = logging.getLogger("quad.server")

# Answered also when an address, or the process, has no connection left to give.
_VITAL_PATHS = frozenset({"/health", "/ready"})
# As long as a busy disk may need at the worst.
_FIRST_WRITE_S = 30.0
# Beyond the drain's time, the rest of a stop: for a database that does not answer.
_MARGIN_S = 1.0
# Of a stop's time, what is left when the systems must have ended, and when the store must have.
_SYSTEMS_SPARE_S = 1.0
_STORE_SPARE_S = 0.5
# Of the drain's time, what is left for handlers at work once the connections are closed.
_HANDLERS_SHARE = 0.25


def run(settings: Settings, worker: Worker | None = None) -> int:
    """Serve until SIGTERM or SIGINT; returns the process's exit code.

    As a `worker` it serves the socket that its parent has opened.

    Raises:
        Failed, StoreError, OSError: it could not begin; nothing was served.
    """
    check_descriptors()
    configure_logging(settings.log.level, worker.number if worker else None)
    raise_descriptor_limit()
    try:
        uvloop.run(_serve_until_stopped(settings, worker))
    except Refused as refused:  # one of the systems could not begin
        raise Failed(str(refused)) from refused
    return 0


async def _serve_until_stopped(settings: Settings, worker: Worker | None) -> None:
    with stop_signal() as stopped:
        is_told = False
        while not stopped.is_set():
            anew = asyncio.Event()
            async with serving(settings, worker, anew) as url:
                settle_garbage()
                # Balancers and clients were told; and a node without a name is called by its port.
                settings = stay_at(settings, url)
                if not is_told:
                    # Programs and people wait for this line; it is the only one on standard output.
                    others = elsewhere(settings.server.host, url)
                    print(f"Quad {quad.__version__} is listening on {url}{others}", flush=True)
                    invite(settings.server, url, sys.stderr)
                    is_told = True
                await _first(stopped, anew)
                if stopped.is_set():
                    log.info("stopping")
                    end_by_force(settings.server.drain_s + _MARGIN_S - 0.1)
                else:
                    log.error("beginning anew, with what the database says; clients come back")


async def _first(*events: asyncio.Event) -> None:
    """Wait for any of them."""
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waiting:
            each.cancel()


@asynccontextmanager
async def serving(
    settings: Settings, worker: Worker | None = None, anew: asyncio.Event | None = None
) -> AsyncIterator[str]:
    """The whole server, while the block runs; yields its URL.

    What is entered here is left in the reverse order: first pages that wait for news, then the
    connections, the handlers at work, the systems, and at last the store that they write to.

    `anew` is set when what is in memory may not be true any more: other nodes have declared this
    one dead, or a commit was never answered. Then the block is to be left; nothing is handed over.
    """
    async with Ending(settings.server.drain_s + _MARGIN_S) as stack:
        # Both before anything is read, written or told: a second server changes nothing.
        inherited = worker.descriptor if worker else None
        listener = stack.enter_context(await take_address(settings.server, inherited))
        where = url_of(listener)
        keys = read_keys(settings.server)
        if settings.cluster.bus:
            session = make_session(settings, where, worker.number if worker else None)
            parts = await assemble(settings, session, keys, stack, anew, where)
        else:
            ownership = await take_database(settings.server, where)
            stack.step("the lock on the database", ownership.aclose, spare_s=0.2)
            parts = await assemble(settings, ownership, keys, stack, anew, where)
        site = _site(settings)
        application = cast(Application, parts.application)  # Litestar's scope is a TypedDict
        if parts.member is not None:
            application = parts.member.counted(application)
        host = Host(
            {settings.engine.path: parts.sockets.engine},
            StrictHeaders(application, site),
            dict.fromkeys(CHAT_PATHS, parts.chat),
            site=site,
            door=parts.sockets.engine.door,
            vital_paths=_VITAL_PATHS,
            elsewhere=parts.member.crossing() if parts.member else None,
        )
        if parts.member is not None:
            parts.member.serve(host)
        url = await stack.enter_async_context(
            listen(
                host,
                listener,
                handshake_timeout_s=settings.engine.handshake_timeout_ms / 1000,
                body_bytes_per_s=settings.engine.body_bytes_per_s,
                drain_s=settings.server.drain_s * (1 - _HANDLERS_SHARE),
            )
        )
        if parts.member is not None:
            parts.member.begin_serving(host)
            if worker is not None:
                membership, name = parts.member.membership, partial(name_of, settings, where)
                stack.enter_context(
                    hearing_of_deaths(lambda number: membership.has_ended(name(number)))
                )
            stack.step("handing over", parts.member.drain, spare_s=settings.server.drain_s / 2)
        for system in parts.systems:
            stack.step(
                f"whoever waits for news of {system.name}",
                system.release_readers,
                spare_s=_SYSTEMS_SPARE_S,
            )
        yield url


class System(Protocol):
    """One of the systems. Its events are registered when it is made."""

    @property
    def name(self) -> str:
        """For people."""

    @property
    def key(self) -> str | None:
        """Where in a cluster all of it is at home; None: each of its things by itself."""

    @property
    def routers(self) -> Sequence[Router]:
        """Its HTTP."""

    @property
    def expiries(self) -> Sequence[Expiry]:
        """What it forgets, and when."""

    async def start(self) -> None:
        """Called once, before anybody asks for it. Raises StoreError, Refused."""

    async def release_readers(self) -> None:
        """Called when the server ends, before it waits for its answers."""

    async def aclose(self) -> None:
        """Called once, after the last handler has finished and before the store is closed."""


class Parts(NamedTuple):
    """Everyone who takes part."""

    sockets: SocketServer
    chat: RawServer
    application: Litestar
    systems: tuple[System, ...]
    member: Member | None


async def assemble(
    settings: Settings,
    lease: Ownership | NodeSession,
    keys: Keys,
    stack: Ending,
    anew: asyncio.Event | None = None,
    where: str = "",
) -> Parts:
    """Start everyone who takes part, but do not listen; the stack stops them.

    The database is this process's alone, or it is a node's with this session. `where` is the URL at
    which it will listen.

    Raises:
        Failed, StoreError: it could not begin.
    """
    commits = CommitStatistics()
    clock = LoopClock()
    limits = settings.limits if settings.limits.mode == "on" else None
    for exposure in exposures(settings):
        log.warning(exposure)
    store = await _open_store(settings, commits, lease)

    async def close_store() -> None:
        await store.aclose(stack.left_s(_STORE_SPARE_S))

    stack.step("the store", close_store, spare_s=0.2)
    if anew is not None:
        store.on_unsure = partial(_distrust_memory, anew)
    server = SocketServer(
        _engine_options(settings, limits),
        admit=_admission(limits),
        refuses_unknown_events=True,
    )
    member: Member | None = None
    held: Lease
    if isinstance(lease, NodeSession):
        held = member = make_member(settings, store, lease, keys, server, anew)
        stack.step("the cluster", member.aclose, spare_s=_STORE_SPARE_S)
    else:
        held = lease
        await lease.watch()
        stack.callback(lease.stop_watching)
    is_limited = limits is not None
    streams = Streams(limits.streams_per_address if limits else None)
    mailbox = Mailbox(store)
    shell = Shell(settings.engine.path)
    identity = Identity(store, settings.identity, settings.server, is_limited=is_limited)
    stack.step("the login provider", identity.aclose, spare_s=_SYSTEMS_SPARE_S)
    classroom = ClassroomSystem(
        server,
        store,
        settings.classroom,
        limits,
        streams=streams,
        address=_address(settings.server, where),
    )
    alert = AlertSystem(
        server,
        store,
        settings.alert,
        keys=keys,
        is_limited=is_limited,
        socket_path=settings.engine.path,
        streams=streams,
    )
    chat = ChatSystem(
        store,
        mailbox,
        settings.chat,
        server.options,
        counters=server.counters,
        door=server.engine.door,
    )
    nearby = NearbySystem(server, store, mailbox, settings, identity, shell, is_limited=is_limited)
    systems = (classroom, alert, chat, nearby)
    admin = AdminSystem(store, settings, identity.gate, keys=keys)
    gauges = Gauges(server, chat.endpoint, commits, clock)
    # Before it joins: then others may ask.
    figures = AllFigures(gauges, member)
    classes = Classes(classroom.service, member)
    metrics = Metrics(QuadCollector(gauges), member)
    if member is not None:
        for each in (identity, classroom, chat, nearby, admin):
            each.share(member.questions)
    parts = [
        Part("the mailbox", CAMPUS, mailbox.load, mailbox.flush),
        Part("the administrator", CAMPUS, admin.take_up, admin.let_go),
    ]
    expiries: list[Expiry] = []
    for system in systems:
        if system.key is None:
            await system.start()
            stack.step(system.name, system.aclose, spare_s=_SYSTEMS_SPARE_S)
            expiries += system.expiries
        else:
            expiring = Expiring(partial(_is_at_home, system.key, member))
            expiries += map(expiring.at_home, system.expiries)
            close = expiring.closing(system.aclose)
            parts.append(Part(system.name, system.key, system.start, close))
    moving: dict[str, Rules] = {CLASSES: classroom, ALERT: alert.moving, CAMPUS: nearby.moving}
    await _start(parts, member, moving, [chat.moving], stack)
    await admin.start()
    retention = RetentionClock(store, settings.retention, expiries)
    if member is not None:
        membership = member.membership
        retention.is_leader = lambda: membership.is_leader
    await retention.start()
    stack.step("retention", retention.aclose, spare_s=_SYSTEMS_SPARE_S)
    handlers_s = settings.server.drain_s * _HANDLERS_SHARE
    stack.step("events", partial(server.aclose, handlers_s), spare_s=_SYSTEMS_SPARE_S)
    clock.start()
    stack.callback(clock.stop)
    recorder = Recorder(store, gauges, 0 if member is None else member.membership.me)
    recorder.start()
    stack.callback(recorder.stop)
    watchers = Watchers(admin.guard, are_everyone=settings.server.metrics_for == "everyone")
    wheel = WheelOffer(streams)
    stack.step("the wheel", wheel.aclose, spare_s=_SYSTEMS_SPARE_S)
    application = Litestar(
        [
            make_application(shell, settings.server.host, wheel.name),
            wheel.router,
            make_page_check(),
            make_appearance(),
            make_offline(),
            *make_health(store, clock, held, watchers),
            make_metrics(metrics, watchers),
            *(router for system in systems for router in system.routers),
            *admin.routers(Systems(classes, alert.service, chat, nearby), figures),
        ],
        # Named, so that this answer counts where a router has one for other refusals.
        exception_handlers={
            Refused: _explain_refusal,
            CannotSave: _explain_refusal,
            NotFoundException: explain_missing,
            500: explain_bug,
        },
        request_class=JsonRequest,
        logging_config=None,  # ours is set already
        openapi_config=OpenAPIConfig(
            title="Quad",
            version=quad.__version__,
            use_handler_docstrings=True,
            # The document alone: what shows it comes from other hosts.
            render_plugins=[JsonRenderPlugin(path=("/", "/openapi.json"))],
        ),
    )
    return Parts(server, chat.endpoint, application, systems, member)


def _distrust_memory(anew: asyncio.Event) -> None:
    log.error("nobody has found out whether something was saved that was being changed")
    anew.set()


async def _start(
    parts: Sequence[Part],
    member: Member | None,
    moving: Mapping[str, Rules],
    raw_moving: Sequence[RawRules],
    stack: Ending,
) -> None:
    """Start what is at home here: everything, or what the other nodes leave to this one.

    `moving`, by the kind of key, and `raw_moving` are what moves with whoever is connected to it.
    """
    for part in parts:
        if member is None:
            await part.start()
        close = part.aclose if member is None else partial(member.close_part, part)
        stack.step(part.name, close, spare_s=_SYSTEMS_SPARE_S)
    if member is not None:
        await member.join(parts, moving, raw_moving)
        stack.step("what other nodes ask", member.stop_crossing, spare_s=_SYSTEMS_SPARE_S)


def _is_at_home(key: str, member: Member | None) -> bool:
    return member is None or member.owns(key)


async def _open_store(
    settings: Settings, commits: CommitStatistics, lease: Ownership | NodeSession
) -> Store:
    url = settings.server.database_url
    if url.startswith("sqlite"):
        await migrate(url)
    elif not await is_current(url):
        raise Failed(
            f"the tables in {safe_url(url)} are not of this version; "
            f"`quad db upgrade --database …` brings them up to date"
        )
    store = await Store.open(
        url,
        observer=commits,
        batch_limit=settings.store.batch_limit,
        busy_timeout_s=settings.store.busy_timeout_ms / 1000,
        session=lease if isinstance(lease, NodeSession) else None,
    )
    try:
        # A database that cannot be written to is told now, and not by the first who needs it.
        await store.check(_FIRST_WRITE_S)
    except StoreError:
        await store.aclose()
        raise
    return store


def _engine_options(settings: Settings, limits: LimitSettings | None) -> EngineOptions:
    engine = settings.engine
    return EngineOptions(
        ping_interval_ms=engine.ping_interval_ms,
        ping_timeout_ms=engine.ping_timeout_ms,
        connect_timeout_ms=engine.connect_timeout_ms,
        upgrade_timeout_ms=engine.upgrade_timeout_ms,
        probe_timeout_ms=engine.probe_timeout_ms,
        probe_loopback_timeout_ms=engine.probe_loopback_timeout_ms,
        probe_holds_ms=engine.probe_holds_ms,
        max_payload_bytes=engine.max_payload_bytes,
        outbox_limit_bytes=engine.outbox_limit_bytes,
        compression=engine.compression,
        connections_per_address=limits.connections_per_address if limits else None,
        newcomers_per_address=limits.newcomers_per_address if limits else None,
        events_per_s=limits.events_per_s if limits else None,
        events_burst=limits.events_burst if limits else 1,
    )


def _admission(limits: LimitSettings | None) -> Callable[[str], float]:
    if limits is None:
        return lambda _: 0.0
    rate = AddressRateLimit(limits.connects_per_s_per_address, limits.connects_burst_per_address)
    return rate.take


def _address(server: ServerSettings, where: str) -> str:
    """Where others find a server that listens at `where`, as far as it knows itself."""
    return server.public_url or address_for_others(server.host, where) or where


def _site(settings: Settings) -> Site:
    return Site(
        public_url=settings.server.public_url,
        origins=settings.engine.origins,
        hosts=settings.server.hosts,
        trusted_proxies=map(parse_network, settings.server.trusted_proxies),
    )


def _explain_refusal(_request: AnyRequest, refused: Refused) -> Response[Any]:
    """The store is the only part that pages depend on and that can refuse."""
    content = {"detail": str(refused), "code": refused.code}
    return Response(content, status_code=503, headers={"retry-after": "1"})
