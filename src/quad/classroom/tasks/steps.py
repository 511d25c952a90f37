"""Tasks that are imported, the old form of tasks, and the settings of the room."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Final, Protocol

from quad.classroom import tables
from quad.classroom.model import (
    Imported,
    LeftOut,
    Signal,
    Step,
    utf8_size,
)
from quad.classroom.outgoing import (
    NOTHING,
    Alert,
    TaskInOldForm,
    Verdict,
)
from quad.classroom.refusals import BadValue, ImportRunning, RoomNotFound, WrongUser
from quad.classroom.rooms import Rooms, alert
from quad.classroom.sharing.ignores import parse_ignores
from quad.classroom.state import Participant, Room
from quad.classroom.tasks.cleaning import Cleaning
from quad.classroom.tasks.handing_out import check_size
from quad.classroom.tasks.handing_out import imported as imported_event
from quad.classroom.tasks.statuses import Statuses
from quad.realtime import Client, Refused

_IGNORES_LIMIT_BYTES: Final = 65_536

_LEFT_OUT: Final[Mapping[LeftOut, tuple[str, str]]] = {
    "block": ("block", "blocks"),
    "database": ("database", "databases"),
    "mention": ("mention", "mentions"),
    "person": ("person's name", "people's names"),
    "picture": ("picture", "pictures"),
    "sub_page": ("sub-page that is not public", "sub-pages that are not public"),
    "synced_block": ("synced block", "synced blocks"),
    "task": ("task after the sixteenth", "tasks after the sixteenth"),
}

# In the words that existing test programs compare.
_IMPORTED: Final = Alert("Задания были успешно загружены из Notion!", "SUCCESS", "imported")
_IMPORT_BROKE: Final = Alert("Something went wrong on the server!", "ERROR", "import_failed")

log = logging.getLogger("quad.classroom")


class Importer(Protocol):
    """Reads tasks from a page on the web."""

    async def load(self, url: str) -> Imported:
        """The tasks of the page, sanitised; raises Refused with the reason for people."""


class Steps:
    """Imports tasks, and carries what there was before tasks had places."""

    def __init__(
        self,
        rooms: Rooms,
        statuses: Statuses,
        importer: Importer,
        limit_bytes: int,
        cleaning: Cleaning,
    ) -> None:
        self._rooms = rooms
        self._statuses = statuses
        self._importer = importer
        self._limit_bytes = limit_bytes
        self._cleaning = cleaning
        self._imports: set[asyncio.Task[None]] = set()

    # Tasks

    def import_page(self, client: Client, url: str, room_id: int | None) -> None:
        """Begin to read tasks from a page for the host, who may then hand them out."""
        host = self._rooms.host(client, room_id)
        room = host.room
        if room.is_importing:
            raise ImportRunning
        room.is_importing = True
        # Not awaited by the handler: it takes seconds, and the host has other things to say.
        task = asyncio.get_running_loop().create_task(self._import(client, host, url))
        self._imports.add(task)
        task.add_done_callback(self._imports.discard)

    async def _import(self, client: Client, host: Participant, url: str) -> None:
        room = host.room
        try:
            found = await self._importer.load(url)
            await self._keep_imported(room, found.steps)
        except Refused as failure:
            alert(client, host.protocol, Alert(str(failure), "ERROR", "import_failed"))
        except Exception:
            log.exception("importing tasks for room %d failed", room.number)
            alert(client, host.protocol, _IMPORT_BROKE)
        else:
            client.emit(*imported_event(room, found.steps))
            alert(client, host.protocol, _IMPORTED)
            if found.left_out:
                alert(client, host.protocol, _left_out_alert(found.left_out))
        finally:
            room.is_importing = False

    async def _keep_imported(self, room: Room, steps: list[Step]) -> None:
        check_size(tables.encoded_steps(steps), self._limit_bytes)
        if room.is_closing:
            raise RoomNotFound(room.number)
        await self._rooms.save(tables.keep_imported(room.number, steps))
        room.imported = steps

    async def aclose(self) -> None:
        """Give up imports that are under way."""
        imports = list(self._imports)
        for task in imports:
            task.cancel()
        await asyncio.gather(*imports, return_exceptions=True)
        self._cleaning.close()

    # Settings

    async def ignore_files(self, client: Client, text: str, room_id: int | None) -> None:
        """The host says which files the class need not share."""
        room = (await self._rooms.host_in_turn(client, room_id)).room
        # Every student who joins gets them.
        if utf8_size(text) > _IGNORES_LIMIT_BYTES:
            raise BadValue(
                "files_to_ignore", f"may not be longer than {_IGNORES_LIMIT_BYTES} bytes"
            )
        ignores = parse_ignores(text)
        await self._rooms.save(tables.keep_settings(room.number, ignores))
        room.settings = ignores
        self._rooms.tell_students(room, "settings", ignores)

    # The old form

    async def exercise(self, client: Client, content: str, room_id: int | None) -> None:
        """The host gives the class one task."""
        room = self._rooms.host(client, room_id).room
        check_size(content, self._limit_bytes)
        (clean,) = await self._cleaning.clean([content])
        check_size(clean, self._limit_bytes)
        self._rooms.host(client, room_id)  # who may have gone meanwhile
        await self._rooms.save(tables.keep_exercise(room.number, clean))
        room.exercise = clean
        self._rooms.tell_students(room, "exercise", TaskInOldForm(clean))

    def feedback(self, client: Client, room_id: int, user_id: int, *, accepted: bool) -> None:
        """The host accepts or declines a student's solution."""
        student = self._rooms.student_of(self._rooms.host(client, room_id), user_id)
        self._rooms.tell(student, "exercise/feedback", Verdict(accepted))

    def reset(self, client: Client, room_id: int | None) -> None:
        """The host takes all of this back."""
        room = self._rooms.host(client, room_id).room
        self._rooms.tell_students(room, "exercise/reset", NOTHING)

    async def signal(
        self, client: Client, user_id: int, value: Signal, room_id: int | None
    ) -> None:
        """A student says how it goes, as in a class that has no tasks; the last word is kept."""
        student = self._rooms.student(client, room_id)
        if user_id != student.id:
            raise WrongUser(user_id)
        await self._statuses.keep_signal(student, value)
        self._statuses.tell_host_signal(student)


def _left_out_alert(left_out: Mapping[LeftOut, int]) -> Alert:
    """The sentence for everybody, for current clients the figures as well."""
    words = ", ".join(f"{count} {_LEFT_OUT[kind][count > 1]}" for kind, count in left_out.items())
    message = f"The import had to leave out: {words}."
    return Alert(message, "WARNING", "import_left_out", left_out)
