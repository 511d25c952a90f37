"""Tasks, each student's progress in them, and the settings of the room."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from quad.classroom import tables
from quad.classroom.model import (
    ORIGINAL,
    AcceptedOrDeclined,
    AlertType,
    Imported,
    LeftOut,
    Signal,
    Step,
    check_statuses,
    reported,
    reviewed,
    usable_steps,
    utf8_size,
    verdicts,
)
from quad.classroom.outgoing import (
    NOTHING,
    Alert,
    StepsOfStudent,
    Task,
    Verdict,
)
from quad.classroom.refusals import BadValue, ImportRunning, RoomNotFound, WrongUser
from quad.classroom.rooms import Rooms, alert
from quad.classroom.sharing.ignores import parse_ignores
from quad.classroom.state import Participant, Room
from quad.classroom.tasks.cleaning import Cleaning
from quad.classroom.tasks.progress import Progress
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
    """Hands out tasks and follows what students make of them."""

    def __init__(
        self,
        rooms: Rooms,
        statuses: Statuses,
        progress: Progress,
        importer: Importer,
        limit_bytes: int,
        cleaning: Cleaning,
    ) -> None:
        self._rooms = rooms
        self._statuses = statuses
        self._progress = progress
        self._importer = importer
        self._limit_bytes = limit_bytes
        self._cleaning = cleaning
        self._imports: set[asyncio.Task[None]] = set()

    # Tasks

    async def hand_out(self, client: Client, steps: Sequence[Step]) -> None:
        """The host gives the class its tasks; they replace earlier ones."""
        room = self._rooms.host(client).room
        given = usable_steps(steps)
        self._check_size("".join(step.content or "" for step in given))
        # Cleaning may wait for a thread, and the later tasks must be those that stay. Whoever
        # leaves the block goes on at once, and so writes before the next.
        async with room.cleaning_turn:
            contents = await self._cleaning.clean([step.content or "" for step in given])
        clean = usable_steps(
            Step(step.name, content, step.language, step.type)
            for step, content in zip(given, contents, strict=True)
        )
        self._check_size(tables.encoded_steps(clean))
        self._rooms.host(client)  # who may have gone meanwhile
        await self._rooms.save(tables.keep_steps(room.number, clean))
        room.steps, room.imported = clean, None
        self._rooms.tell_students(room, "steps/all", clean)
        for student in room.students.values() if room.has_statuses else ():
            # The plugin begins a new map with new tasks, and would report that.
            if student.is_online and student.protocol == ORIGINAL and student.steps:
                self._rooms.tell(student, "steps/status/to_client", student.steps)
        self._progress.changed(room)

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
            imported = await self._importer.load(url)
            await self._keep_imported(room, imported.steps)
        except Refused as failure:
            alert(client, host.protocol, Alert(str(failure), "ERROR", "import_failed"))
        except Exception:
            log.exception("importing tasks for room %d failed", room.number)
            alert(client, host.protocol, _IMPORT_BROKE)
        else:
            client.emit("steps/load", imported.steps)
            alert(client, host.protocol, _IMPORTED)
            if imported.left_out:
                alert(client, host.protocol, _left_out_alert(imported.left_out))
        finally:
            room.is_importing = False

    async def _keep_imported(self, room: Room, steps: list[Step]) -> None:
        self._check_size(tables.encoded_steps(steps))
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

    # Progress

    async def statuses_to_mentor(self, client: Client, steps: Mapping[str, object]) -> None:
        """A student reports; what is new reaches the host."""
        student = self._rooms.student(client)
        statuses = reported(student.decided_steps, check_statuses(steps))
        if statuses == student.decided_steps:
            return
        await self._statuses.keep(student, statuses)
        self._statuses.tell_host(student)

    async def statuses_to_client(
        self, client: Client, user_id: int, steps: Mapping[str, object], room_id: int | None
    ) -> None:
        """The host reviews a student's solutions."""
        host = await self._rooms.host_in_turn(client, room_id)
        student = self._rooms.student_of(host, user_id)
        before, review = student.decided_steps, check_statuses(steps)
        if not review:
            return
        kept = reviewed(before, review)
        told = verdicts(before, kept)
        # Also if nothing is new: reviews reach the student in the order in which they came.
        await self._statuses.keep(student, {**before, **kept}, is_by_staff=True)
        for notice in map(_notice, told):
            self._rooms.alert(student, notice)
        self._statuses.tell_student(student, review)

    def send_table(self, client: Client, room_id: int | None) -> None:
        """Send the host the progress of every student who has made any."""
        room = self._rooms.host(client, room_id).room
        table = [
            StepsOfStudent(student.id, student.steps)
            for student in room.students.values()
            if student.steps
        ]
        client.emit("steps/table", table)

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
        self._check_size(content)
        (clean,) = await self._cleaning.clean([content])
        self._check_size(clean)
        self._rooms.host(client, room_id)  # who may have gone meanwhile
        await self._rooms.save(tables.keep_exercise(room.number, clean))
        room.exercise = clean
        self._rooms.tell_students(room, "exercise", Task(clean))

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

    def _check_size(self, tasks: str) -> None:
        if utf8_size(tasks) > self._limit_bytes:
            raise BadValue("content", f"may not be longer than {self._limit_bytes} bytes")


def _notice(verdict: tuple[str, AcceptedOrDeclined]) -> Alert:
    task, what = verdict
    kind: AlertType = "SUCCESS" if what == "accepted" else "WARNING"
    return Alert(f"Task {task} solution {what}!", kind, what, task=task)


def _left_out_alert(left_out: Mapping[LeftOut, int]) -> Alert:
    """The sentence for everybody, for current clients the figures as well."""
    words = ", ".join(f"{count} {_LEFT_OUT[kind][count > 1]}" for kind, count in left_out.items())
    message = f"The import had to leave out: {words}."
    return Alert(message, "WARNING", "import_left_out", left_out)
