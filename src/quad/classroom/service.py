"""The classroom, put together: what the server starts, closes and asks."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import partial
from typing import Final

from quad.classroom.entering.control import Control
from quad.classroom.entering.entrance import Entrance, guessing
from quad.classroom.entering.keys import Keys
from quad.classroom.entering.leaving import Leaving
from quad.classroom.entering.passes import Passes
from quad.classroom.entering.resuming import Resuming
from quad.classroom.helping.calls import Calls
from quad.classroom.helping.helping import Helping
from quad.classroom.history.logbook import Logbook
from quad.classroom.history.packing import Packing
from quad.classroom.history.reading import Reading
from quad.classroom.history.recording import Recording
from quad.classroom.history.state import Texts
from quad.classroom.library.converter import Converter
from quad.classroom.library.library import Library
from quad.classroom.library.transfer import Transfer
from quad.classroom.messages import Messages
from quad.classroom.model import File, Stats
from quad.classroom.moving import Moving
from quad.classroom.notices.notices import Notices
from quad.classroom.pictures.pictures import Pictures
from quad.classroom.quotas import Quotas
from quad.classroom.refusals import RoomNotFound, TooManyFailedJoins
from quad.classroom.retention import CLASSES, KEYS, PICTURES
from quad.classroom.rooms import IDLE_S, Rooms
from quad.classroom.running.running import Running
from quad.classroom.sending import Sending
from quad.classroom.sharing import tables
from quad.classroom.sharing.sharing import FileLimits, Sharing
from quad.classroom.state import Room
from quad.classroom.tasks.cleaning import Cleaning
from quad.classroom.tasks.following import Following
from quad.classroom.tasks.handing_out import HandingOut
from quad.classroom.tasks.progress import Progress, room_stats
from quad.classroom.tasks.statuses import Statuses
from quad.classroom.tasks.steps import Importer, Steps
from quad.classroom.updates import RoomUpdates
from quad.identity.guesses import Guesses
from quad.realtime import SocketServer
from quad.refusals import CannotSave
from quad.retention import Expiry
from quad.settings import ClassroomSettings, LimitSettings
from quad.store import Store

_SWEEP_S: Final = IDLE_S / 10


def _now() -> datetime:
    return datetime.now(UTC)


class ClassroomService:
    """All rooms of this process.

    `limits` are what one client or address may take; None lifts them. `now` gives the time of
    messages, `clock` counts seconds. `address` is where clients whose page is not ours find the
    server.
    """

    def __init__(
        self,
        store: Store,
        server: SocketServer,
        settings: ClassroomSettings,
        importer: Importer,
        limits: LimitSettings | None = None,
        *,
        now: Callable[[], datetime] = _now,
        clock: Callable[[], float] = time.monotonic,
        address: str = "",
    ) -> None:
        # A room in memory knows when a student dropped.
        idle_s = max(IDLE_S, settings.resume_elsewhere_s)
        self.rooms = Rooms(store, server, clock, now, idle_s, address)
        self.guesses = _guesses(limits, clock)
        self.quotas = Quotas(limits, clock)
        self._updates = RoomUpdates(self.rooms, settings.room_update_interval_ms / 1000)
        self._progress = Progress()
        sending = Sending(self.rooms, now)
        longest = settings.message_limit_bytes
        self.notices = Notices(self.rooms, sending, self.quotas, longest)
        logbook = Logbook(self.rooms, now)
        self.calls = Calls(self.rooms, logbook, now, clock)
        statuses = Statuses(self.rooms, self._updates, self._progress, self.calls, logbook, now)
        self.running = Running(self.rooms, self._updates, statuses, logbook)
        self.leaving = Leaving(self.rooms, self._updates, self._progress, self.calls)
        self.messages = Messages(
            self.rooms, self._updates, self.quotas, longest, sending, self.notices
        )
        resuming = Resuming(
            self.rooms,
            self._updates,
            clock,
            sending.mark,
            is_tokenless_allowed=settings.tokenless_resume,
            elsewhere_s=settings.resume_elsewhere_s,
        )
        self.keys = Keys(self.rooms, self._updates, partial(guessing, self.guesses), now)
        self.passes = Passes(self.rooms, now)
        self.entrance = Entrance(
            self.rooms,
            self._updates,
            resuming,
            self.keys,
            self.passes,
            self.notices,
            (self.calls.welcome, self.running.welcome, logbook.welcome),
            self.quotas,
            self.guesses,
            now,
            plugin_version=settings.plugin_version,
        )
        self.control = Control(self.rooms, self._updates, self._progress)
        self.packing = Packing(self.rooms, settings.history_limit_bytes, now)
        self.reading = Reading(self.rooms)
        self.sharing = Sharing(
            self.rooms,
            self._updates,
            self.running,
            Recording(self.rooms, Texts(), self.packing, now),
            self.quotas,
            FileLimits(settings.files_limit, settings.files_limit_bytes),
        )
        self.moving = Moving(self.rooms, self._updates, self.calls)
        self.helping = Helping(self.rooms, self.calls, statuses, now)
        cleaning, tasks_limit = Cleaning(), settings.steps_limit_bytes
        self.pictures = Pictures(self.rooms, self.quotas, now, settings.pictures_limit_bytes)
        self.library = Library(self.rooms, self.keys, cleaning, self.pictures, now, tasks_limit)
        self.transfer = Transfer(self.rooms, self.library, self.pictures, Converter(), now)
        self.handing_out = HandingOut(
            self.rooms, self._progress, cleaning, self.pictures, clock, tasks_limit
        )
        self.following = Following(self.rooms, statuses, self.messages, clock)
        self.steps = Steps(self.rooms, statuses, importer, tasks_limit, cleaning)
        self.expiries = (
            Expiry(CLASSES, partial(_forgetting, self.leaving.forget)),
            Expiry(KEYS, partial(_forgetting, self.keys.forget)),
            Expiry(PICTURES, partial(_forgetting, self.pictures.forget)),
        )
        self._sweep: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to let go of rooms that are not in use."""
        self._sweep = asyncio.get_running_loop().call_later(_SWEEP_S, self._sweep_rooms)

    async def aclose(self) -> None:
        """Stop all timers and tasks; everything that was confirmed is in the database."""
        if self._sweep is not None:
            self._sweep.cancel()
        await self.steps.aclose()
        await self.packing.aclose()
        await self.rooms.aclose()
        for room in self.rooms:
            self._updates.cancel(room)
            room.stop()

    async def stats(self, room_id: int) -> Stats | None:
        """A room's statistics; None if nobody may see them, or there is nothing to show yet.

        Raises CannotSave if the database does not answer.
        """
        room = await self._room_with_page(room_id)
        return None if room is None else room_stats(room)

    async def has_page(self, room_id: int) -> bool:
        """Whether there is such a room, and its teacher lets everybody see the results.

        Raises CannotSave if the database does not answer.
        """
        return await self._room_with_page(room_id) is not None

    async def _room_with_page(self, room_id: int) -> Room | None:
        try:
            room = await self.rooms.find(room_id)
        except RoomNotFound:
            return None
        return room if room.has_results_page else None

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
        self.packing.sweep()
        self.rooms.evict_idle()
        self.start()


async def _forgetting(
    forget: Callable[[datetime, int], Awaitable[int]], before: datetime, limit: int
) -> int:
    try:
        return await forget(before, limit)
    except CannotSave as failed:
        # What the clock of retention knows of databases.
        raise failed.__cause__ or failed from None


def _guesses(limits: LimitSettings | None, clock: Callable[[], float]) -> Guesses | None:
    if limits is None:
        return None
    return Guesses(
        "classroom.number",
        TooManyFailedJoins,
        rate_per_s=limits.failed_joins_per_minute_per_address / 60,
        burst=limits.failed_joins_burst_per_address,
        clock=clock,
    )
