"""The classroom, put together: what the server makes, starts and closes."""

from collections.abc import Callable
from typing import Final

from quad.classroom.bearers import Bearers
from quad.classroom.events import register
from quad.classroom.history.routes import HistoryRoutes
from quad.classroom.homes import key_of
from quad.classroom.library.routes import SetRoutes
from quad.classroom.moving import Moved
from quad.classroom.notion.fetch import FetchOptions
from quad.classroom.notion.importer import NotionImporter
from quad.classroom.pictures.routes import PictureRoutes
from quad.classroom.routes import StatsPages
from quad.classroom.service import ClassroomService
from quad.identity.news import News
from quad.realtime import Client, SocketServer, Streams
from quad.retention import Expiry
from quad.settings import ClassroomSettings, LimitSettings
from quad.store import Store


class ClassroomSystem:
    """All of the classroom on one server: its events are registered, `routers` has its pages.

    `limits` hold back addresses that do too much; None: nobody. `streams` bounds those who read
    results without a connection. `address` is where clients whose page is not ours find the server.
    """

    name: Final = "classroom"
    key: Final = None

    def __init__(
        self,
        server: SocketServer,
        store: Store,
        settings: ClassroomSettings,
        limits: LimitSettings | None = None,
        *,
        streams: Streams | None = None,
        address: str = "",
    ) -> None:
        importer = NotionImporter(_fetch_options(settings))
        self.service = ClassroomService(store, server, settings, importer, limits, address=address)
        self.expiries: tuple[Expiry, ...] = self.service.expiries
        register(server, self.service)
        self._pages = StatsPages(self.service, self.service.guesses, streams=streams)
        history = HistoryRoutes(
            self.service.rooms, self.service.keys, self.service.reading, self.service.guesses
        )
        bearers = Bearers(self.service.keys, self.service.guesses)
        pictures = PictureRoutes(self.service.pictures, bearers)
        sets = SetRoutes(self.service.transfer, bearers)
        self.routers = (self._pages.router, history.router, sets.router, *pictures.routers)

    def share(self, news: News) -> None:
        """Count wrong numbers, and hear of new keys, together with other nodes; once, before the
        server starts.
        """
        self.service.keys.share(news)
        if self.service.guesses is not None:
            self.service.guesses.share(news, are_everywhere=True)

    async def start(self) -> None:
        """Begin to let go of rooms that are not in use."""
        self.service.start()

    # What moves to other nodes, and comes from them: see `quad.cluster.handover.Rules`

    def is_at_work(self, is_meant: Callable[[str], bool]) -> bool:
        """Whether something is under way in these classes that no event waits for."""
        return self.service.moving.is_at_work(is_meant)

    def give_up(self, is_meant: Callable[[str], bool]) -> list[Moved]:
        """Forget these classes; returns who is seated. Whoever looks at results looks elsewhere."""
        self._pages.let_go(lambda number: is_meant(key_of(number)))
        return self.service.moving.give_up(is_meant)

    async def take_up(self, key: str, client: Client | None, seat: object) -> None:
        """Seat somebody who was in a class at another node. Raises CannotSave."""
        await self.service.moving.take_up(key, client, seat)

    async def release_readers(self) -> None:
        """End the streams of whoever waits for news."""
        await self._pages.aclose()

    async def aclose(self) -> None:
        """Stop all timers and tasks; to be called after the server's handlers have finished."""
        await self.service.aclose()


def _fetch_options(settings: ClassroomSettings) -> FetchOptions:
    return FetchOptions(
        hosts=settings.import_hosts,
        allow_private=settings.import_allow_private,
        timeout_s=settings.import_timeout_s,
        limit_bytes=settings.import_limit_bytes,
    )
