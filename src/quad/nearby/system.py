"""Nearby, put together: what the server makes, starts and closes."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from quad.cluster.routes import CAMPUS
from quad.identity import AddressRateLimit
from quad.identity.guesses import Guesses
from quad.identity.news import News
from quad.identity.system import Identity
from quad.nearby.bot_proofs import BotProofs
from quad.nearby.bot_routes import make_bot_router
from quad.nearby.bots import Bots
from quad.nearby.buildings import Buildings
from quad.nearby.entrance import Entrance
from quad.nearby.events import register
from quad.nearby.grid import Grid
from quad.nearby.logs import Logs
from quad.nearby.messages import Messages
from quad.nearby.movements import Movements
from quad.nearby.moving import Moving
from quad.nearby.pace import PersonLimits
from quad.nearby.page_routes import PageRoutes
from quad.nearby.pages import NearbyPages
from quad.nearby.people import People
from quad.nearby.people_routes import make_people_router
from quad.nearby.presence import Presence
from quad.nearby.retention import expiries
from quad.realtime import SocketServer
from quad.refusals import TooManyTries
from quad.retention import Expiry
from quad.settings import IdentitySettings, Settings
from quad.shell import Shell
from quad.store import Mailbox, Store

_FORGET_S: Final = 3600.0


def _now() -> datetime:
    return datetime.now(UTC)


def _guesses(tries: IdentitySettings, clock: Callable[[], float]) -> Guesses:
    return Guesses(
        "nearby.person",
        TooManyTries,
        rate_per_s=tries.wrong_tries_per_minute_per_address / 60,
        burst=tries.wrong_tries_burst,
        clock=clock,
    )


def _registrations(tries: IdentitySettings, clock: Callable[[], float]) -> AddressRateLimit:
    return AddressRateLimit(
        tries.wrong_tries_per_minute_per_address / 60, tries.wrong_tries_burst, clock
    )


class NearbySystem:
    """All of nearby on one server: its events are registered, `routers` has its paths.

    `shell` shows its page, if it is not one of its own. `is_limited` holds back people, and
    addresses, that do too much.
    """

    name: Final = "nearby"
    key: Final = CAMPUS

    def __init__(
        self,
        server: SocketServer,
        store: Store,
        mailbox: Mailbox,
        settings: Settings,
        identity: Identity,
        shell: Shell | None = None,
        *,
        is_limited: bool = True,
        now: Callable[[], datetime] = _now,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        nearby = settings.nearby
        gate = identity.gate
        self._timer: asyncio.TimerHandle | None = None
        self.people = People(store, nearby.range_m, now)
        self.buildings = Buildings(store)
        self.logs = Logs(store, mailbox, now)
        movements = Movements(server, clock, is_limited=is_limited)
        self.presence = Presence(
            server,
            store,
            mailbox,
            self.people,
            self.buildings,
            self.logs,
            movements,
            Grid(nearby.grid_m),
            grace_s=nearby.grace_s,
            now=now,
        )
        self._guesses = _guesses(settings.identity, clock) if is_limited else None
        self.messages = Messages(
            server,
            store,
            mailbox,
            self.people,
            self.presence,
            self.logs,
            nearby,
            now,
            self._guesses,
        )
        self.expiries: tuple[Expiry, ...] = expiries(store, self.presence, self.messages)
        identity.sessions.on_end = self.presence.end_session
        self._bot_proofs = BotProofs(store, self.logs, now)
        self.bots = Bots(
            store,
            self.buildings,
            self.messages,
            gate,
            self._bot_proofs,
            _registrations(settings.identity, clock) if is_limited else None,
            now,
        )
        entrance = Entrance(identity.sessions, self.people, self.presence, gate)
        register(server, entrance, self.presence, self.bots, self.buildings)
        self.moving: Final = Moving(
            server, self.people, self.presence, movements, self.bots.running
        )
        self._pages = PageRoutes(
            identity,
            self.people,
            NearbyPages(
                shell or Shell(settings.engine.path), nearby, settings.retention.nearby_logs_days
            ),
        )
        self.routers = (
            self._pages.router,
            make_people_router(
                entrance,
                self.presence,
                self.messages,
                self.buildings,
                PersonLimits(nearby, is_limited=is_limited, clock=clock),
                nearby,
            ),
            make_bot_router(self.bots, self.buildings),
        )

    def share(self, news: News) -> None:
        """Count wrong ids together with other nodes; once, before the server starts."""
        if self._guesses is not None:
            self._guesses.share(news)

    async def start(self) -> None:
        """Read what is in the database, and begin to forget what is old. Raises StoreError."""
        await self.buildings.load()
        await self.people.load()
        await self.logs.load()
        await self.bots.open()
        await self.presence.start()
        self._forget_forever()

    async def release_readers(self) -> None:
        """Nobody waits for an answer here."""

    async def aclose(self) -> None:
        """Stop all timers; to be called after the server's handlers have finished."""
        self.presence.stop()
        if self._timer is not None:
            self._timer.cancel()

    def forget(self) -> None:
        """Forget what counts for a day only; `expiries` have the rest."""
        self.messages.forget_keys()
        self._bot_proofs.forget()

    def _forget_forever(self) -> None:
        self.forget()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(_FORGET_S, self._forget_forever)
