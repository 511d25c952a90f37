"""The classroom, put together: what the server starts, closes and asks."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Final

from quad.classroom import tables
from quad.classroom.cleaning import Cleaning
from quad.classroom.entrance import Entrance
from quad.classroom.leaving import Leaving
from quad.classroom.messages import Messages
from quad.classroom.model import File, Stats
from quad.classroom.progress import Progress, room_stats
from quad.classroom.refusals import RoomNotFound
from quad.classroom.rooms import IDLE_S, Rooms
from quad.classroom.sharing import Sharing
from quad.classroom.steps import Importer, Steps
from quad.classroom.updates import RoomUpdates
from quad.identity import KeyedRateLimit
from quad.realtime import SocketServer
from quad.retention import Expiry
from quad.settings import ClassroomSettings
from quad.store import Store

_SWEEP_S: Final = IDLE_S / 10


def _now() -> datetime:
    return datetime.now(UTC)


class ClassroomService:
    """All rooms of this process.

    `failed_joins` limits wrong room numbers, ids and tokens by address; None lifts the limit.
    `now` gives the time of messages, `clock` counts seconds of idleness.
    """

    def __init__(
        self,
        store: Store,
        server: SocketServer,
        settings: ClassroomSettings,
        importer: Importer,
        failed_joins: KeyedRateLimit | None = None,
        *,
        now: Callable[[], datetime] = _now,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.rooms = Rooms(store, server, clock)
        self._updates = RoomUpdates(settings.room_update_interval_ms / 1000)
        self._progress = Progress()
        self.entrance = Entrance(self.rooms, self._updates, settings, failed_joins, now)
        self.leaving = Leaving(self.rooms, self._updates, self._progress)
        self.messages = Messages(self.rooms, self._updates, settings.message_limit_bytes, now)
        self.sharing = Sharing(
            self.rooms, self._updates, settings.files_limit, settings.files_limit_bytes
        )
        self.steps = Steps(
            self.rooms,
            self._updates,
            self._progress,
            importer,
            settings.steps_limit_bytes,
            Cleaning(),
        )
        self.expiries: tuple[Expiry, ...] = ()
        self._sweep: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to let go of rooms that are not in use."""
        self._sweep = asyncio.get_running_loop().call_later(_SWEEP_S, self._sweep_rooms)

    async def aclose(self) -> None:
        """Stop all timers and tasks; everything that was confirmed is in the database."""
        if self._sweep is not None:
            self._sweep.cancel()
        await self.steps.aclose()
        await self.rooms.aclose()
        for room in self.rooms:
            self._updates.cancel(room)

    async def stats(self, room_id: int) -> Stats | None:
        """A room's statistics; None if there is no such room, or nothing to show yet.

        Raises CannotSave if the database does not answer.
        """
        try:
            return room_stats(await self.rooms.find(room_id))
        except RoomNotFound:
            return None

    def watch(self, room_id: int) -> AbstractContextManager[asyncio.Event]:
        """While entered: an event that is set after every change of `stats`; the caller clears it.

        The room need not exist yet.
        """
        return self._progress.watch(room_id)

    async def files(self, user_id: int) -> list[File]:
        """The last known files of a student, by name.

        Raises CannotSave if the database does not answer.
        """
        return tables.read_files(await self.rooms.read(tables.select_files(user_id)))

    def _sweep_rooms(self) -> None:
        self.rooms.evict_idle()
        self.start()
