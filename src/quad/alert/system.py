"""Alert, put together: what the server makes, starts and closes."""

from typing import Final

from quad.alert.events import register
from quad.alert.homes import KEY
from quad.alert.refusals import TooManyPosts
from quad.alert.routes import AlertRoutes
from quad.alert.service import AlertService
from quad.alert.sessions import Sessions
from quad.identity import Keys
from quad.identity.throttle import Rates, Throttle
from quad.realtime import SocketServer, Streams
from quad.retention import Expiry
from quad.settings import AlertSettings
from quad.store import Store

_MINUTE_S: Final = 60
# Beyond its limit an address posts more slowly; so many of its posts may wait.
_POSTS_PER_S: Final = 5.0
_WAITING_POSTS: Final = 500


class AlertSystem:
    """All of alert on one server: its events are registered, `routers` has its pages.

    `is_limited` holds back addresses that post too much. `socket_path` is that of the server's
    Socket.IO, `streams` bounds those who read without it.
    """

    name: Final = "alert"
    key: Final = KEY

    def __init__(
        self,
        server: SocketServer,
        store: Store,
        settings: AlertSettings,
        *,
        keys: Keys | None = None,
        is_limited: bool = True,
        socket_path: str = "/socket.io/",
        streams: Streams | None = None,
    ) -> None:
        self._sessions = Sessions(settings.session_s, (keys or Keys.random()).key("alert sessions"))
        self.service = AlertService(
            server, store, settings, _posts(settings, is_limited=is_limited)
        )
        self.expiries: tuple[Expiry, ...] = self.service.expiries()
        register(server, self.service, self._sessions)
        self.streams = Streams() if streams is None else streams
        routes = AlertRoutes(
            self.service,
            self._sessions,
            text_limit_bytes=settings.text_limit_bytes,
            socket_path=socket_path,
            streams=self.streams,
        )
        self.routers = (routes.router,)
        self.moving = self.service.moving

    async def start(self) -> None:
        """Read who was here before. Raises StoreError."""
        await self.service.start()

    async def release_readers(self) -> None:
        """Answer whoever waits for news."""
        await self.service.release_readers()

    async def aclose(self) -> None:
        """Stop all timers and tasks; to be called after the server's handlers have finished."""
        await self.service.aclose()


def _posts(settings: AlertSettings, *, is_limited: bool) -> Throttle | None:
    if not is_limited:
        return None
    rates = Rates(
        rate_per_s=settings.posts_per_minute_per_address / _MINUTE_S,
        burst=settings.posts_burst_per_address,
        turns_per_s=_POSTS_PER_S,
        waiting_limit=_WAITING_POSTS,
    )
    return Throttle("alert.post", "posts take turns", TooManyPosts, rates)
