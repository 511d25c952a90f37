"""What of the folder goes to the server: as long as somebody watches, or it is recorded."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from quad.cli.connection import Connection, ConnectionLost
from quad.cli.share.changes import File
from quad.cli.share.folder import Folder
from quad.cli.share.lesson import Lesson
from quad.cli.share.unsent import UnsentFile
from quad.cli.share.watching import Report, Watching

# What a message says besides the files.
_ENVELOPE_BYTES: Final = 10_000


class Sharing:
    """Begins and ends with what the lesson says."""

    def __init__(
        self, folder: Folder, tell: Callable[[Report], None], *, pace_s: float, is_polling: bool
    ) -> None:
        self._folder = folder
        self._tell = tell
        self._pace_s = pace_s
        self._is_polling = is_polling
        self._connection: Connection | None = None
        self._lesson: Lesson | None = None
        self._watching: Watching | None = None
        self._running: asyncio.Task[None] | None = None
        self._is_recorded = False
        self._turn = asyncio.Lock()

    def begin(self, connection: Connection) -> None:
        """Files go over this connection from now on."""
        self._connection = connection
        limits, space = self._folder.limits, connection.handshake.max_payload - _ENVELOPE_BYTES
        self._folder.limits = msgspec.structs.replace(limits, message=min(limits.message, space))

    async def follow(self, lesson: Lesson, *, is_anew: bool) -> None:
        """Share as the lesson says; `is_anew`: somebody begins to watch, and has seen nothing."""
        async with self._turn:
            if self._connection is not None:
                await self._follow(lesson, is_anew=is_anew)

    async def _follow(self, lesson: Lesson, *, is_anew: bool) -> None:
        before, self._lesson = self._lesson, lesson
        # A history begins with all files.
        is_begun = lesson.is_recorded and not self._is_recorded
        self._is_recorded = lesson.is_recorded
        if not (lesson.is_watched or lesson.is_recorded):
            await self._stop()
        elif is_anew or is_begun or self._watching is None:
            await self._stop()
            self._start(lesson)
        elif before is None or before.ignores != lesson.ignores:
            self._watching.ignore(lesson.ignores)

    async def end(self) -> None:
        """The connection has ended."""
        self._connection = None
        self._is_recorded = False
        await self._stop()

    def _start(self, lesson: Lesson) -> None:
        self._watching = Watching(
            self._folder,
            lesson.ignores,
            self._send,
            self._report,
            pace_s=self._pace_s,
            is_polling=self._is_polling,
        )
        self._running = asyncio.create_task(self._watching.run())

    async def _stop(self) -> None:
        running, self._running, self._watching = self._running, None, None
        if running is not None:
            await ended(running)

    async def _send(
        self, event: str, files: Sequence[File] | Sequence[UnsentFile], *, is_tree: bool = False
    ) -> None:
        lesson = self._lesson
        if self._connection is None or lesson is None:
            raise ConnectionLost
        request: dict[str, object] = {"room_id": lesson.room, "files": files}
        if event == "sharing/left_out":
            # Of what stays here only somebody hears who watches.
            if not lesson.is_watched:
                return
        elif lesson.is_recorded:
            request["is_recorded"] = True
            if is_tree:
                request["pasted"] = False
        await self._connection.ask(event, request)

    def _report(self, report: Report) -> None:
        is_watched = self._lesson is not None and self._lesson.is_watched
        self._tell(msgspec.structs.replace(report, is_watched=is_watched))


async def ended(task: asyncio.Task[None]) -> None:
    """End a task; raises what it has failed with."""
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.result()
