"""Administration, put together: what the server makes, starts and serves."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Final

from litestar import Router
from msgspec import Struct

from quad.admin.administrator import PASSWORD_FILE, Administrator, make_guard
from quad.admin.classes import Classes
from quad.admin.day import read_day
from quad.admin.nearby_routes import make_nearby_router
from quad.admin.nodes import AllFigures
from quad.admin.overview_routes import make_overview_router
from quad.admin.rooms_routes import make_rooms_router
from quad.admin.session_routes import make_session_router
from quad.alert.service import AlertService
from quad.chat.system import ChatSystem
from quad.identity import Keys
from quad.identity.gate import Gate
from quad.identity.news import News
from quad.nearby import NearbySystem
from quad.settings import Settings
from quad.store import Store


def _now() -> datetime:
    return datetime.now(UTC)


class Systems(Struct, frozen=True):
    """What the administrator looks after."""

    classes: Classes
    alert: AlertService
    chat: ChatSystem
    nearby: NearbySystem


class AdminSystem:
    """The administrator, and the routes to all that they look after."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        gate: Gate,
        *,
        keys: Keys | None = None,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self.administrator: Final = Administrator(
            store,
            settings.admin.password,
            gate,
            settings.server.data / PASSWORD_FILE,
            now,
            keys,
        )
        self._store = store
        self._now = now
        self.guard: Final = make_guard(self.administrator)
        """Lets nobody but the administrator through."""
        self._range_limit_m = settings.nearby.range_limit_m

    def share(self, news: News) -> None:
        """Hear of logouts on other nodes; to be called once, before the server starts."""
        self.administrator.cookies.share(news)

    async def take_up(self) -> None:
        """The routes are answered here from now on. Raises StoreError."""
        await self.administrator.cookies.read_logouts()

    async def let_go(self) -> None:
        """They are answered elsewhere; nothing is to be saved."""

    async def start(self) -> None:
        """Know the password, or make one. Raises StoreError, OSError."""
        await self.administrator.open()

    def routers(self, systems: Systems, figures: AllFigures) -> tuple[Router, ...]:
        """What the administrator may ask for."""
        return (
            make_session_router(self.administrator),
            make_nearby_router(systems.nearby, self.guard, range_limit_m=self._range_limit_m),
            make_overview_router(
                systems.classes, figures, partial(read_day, self._store, self._now), self.guard
            ),
            make_rooms_router(systems.alert, systems.chat, self._store, self.guard),
        )
