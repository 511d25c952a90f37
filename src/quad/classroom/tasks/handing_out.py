"""Tasks on their way to the class: those of protocol 3, and the steps of older teachers.

Whoever sets tasks replaces what there was, and says what that is (`rev`), so that of two who change
the same tasks the second one hears of it. What is decided and not yet saved counts.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from msgspec import structs

from quad.classroom import tables
from quad.classroom.model import BEYOND, ORIGINAL, Step, usable_steps, utf8_size
from quad.classroom.outgoing import NewRev, Revealed, Tasks
from quad.classroom.pictures.pictures import Pictures
from quad.classroom.pictures.tables import show_in_room
from quad.classroom.refusals import BadValue, Stale, TooLarge, UnknownTask
from quad.classroom.rooms import Rooms, beyond
from quad.classroom.state import Participant, Room
from quad.classroom.tasks.cleaning import Cleaning
from quad.classroom.tasks.model import Task, checked_tasks
from quad.classroom.tasks.progress import Progress
from quad.classroom.tasks.tables import encoded_tasks, keep_tasks
from quad.classroom.tasks.translating import Handout, as_tasks, of_steps, of_tasks
from quad.realtime import Client
from quad.store import Change


class HandingOut:
    """Gives the class its tasks."""

    def __init__(
        self,
        rooms: Rooms,
        progress: Progress,
        cleaning: Cleaning,
        pictures: Pictures,
        clock: Callable[[], float],
        limit_bytes: int,
    ) -> None:
        self._rooms: Final = rooms
        self._progress: Final = progress
        self._cleaning: Final = cleaning
        self._pictures: Final = pictures
        self._clock: Final = clock
        self._limit_bytes: Final = limit_bytes

    async def set_steps(self, client: Client, steps: Sequence[Step]) -> None:
        """The host gives the class its tasks, as steps; they replace earlier ones."""
        room = self._rooms.host(client).room
        given = usable_steps(steps)
        check_size("".join(step.content or "" for step in given), self._limit_bytes)
        contents, shown = await self._clean(room, [step.content or "" for step in given])
        clean = usable_steps(
            Step(step.name, content, step.language, step.type)
            for step, content in zip(given, contents, strict=True)
        )
        check_size(tables.encoded_steps(clean), self._limit_bytes)
        self._rooms.host(client)  # who may have gone meanwhile
        await self._replace(room, of_steps(room.decided_handout.rev + 1, clean), shown)

    async def set_tasks(
        self, client: Client, room_id: int | None, tasks: Sequence[Task], rev: int
    ) -> NewRev:
        """The host gives the class its tasks in place of those of `rev`.

        Raises ProtocolNeeded, Stale, TooLarge, BadValue, CannotSave.
        """
        room = self._host(client, room_id).room
        _check_rev(room, rev)
        given = checked_tasks(tasks)
        self._check_tasks_size(given)
        contents, shown = await self._clean(room, [task.content for task in given])
        clean = [
            structs.replace(task, content=content)
            for task, content in zip(given, contents, strict=True)
        ]
        self._check_tasks_size(clean)
        # Who may have gone meanwhile, or have set others.
        self._host(client, room_id)
        _check_rev(room, rev)
        handout = of_tasks(rev + 1, clean, room.decided_handout.revealed)
        await self._replace(room, handout, shown)
        return NewRev(handout.rev)

    async def reveal(self, client: Client, room_id: int | None, task_id: str) -> None:
        """The host shows the class the solution of a task, now and from now on.

        Raises ProtocolNeeded, UnknownTask, CannotSave.
        """
        room = self._host(client, room_id).room
        task = room.decided_handout.find(task_id)
        if task is None:
            raise UnknownTask(task_id)
        handout = room.decided_handout.revealing(task_id)
        await self._keep(room, handout, keep_tasks(room.number, handout))
        self._rooms.tell_students_beyond(
            room, "tasks/reveal", Revealed(task_id, task.solution or ())
        )

    def _host(self, client: Client, room_id: int | None) -> Participant:
        return beyond(self._rooms.host(client, room_id))

    async def _clean(self, room: Room, contents: Sequence[str]) -> tuple[list[str], list[str]]:
        """The contents without what could act, and the ids of the pictures that they show."""
        # Cleaning may wait for a thread, and the later tasks must be those that stay. Whoever
        # leaves the block goes on at once, and so writes before the next.
        async with room.cleaning_turn:
            clean = await self._cleaning.clean(contents)
            return clean, await self._pictures.shown_in(clean)

    def _check_tasks_size(self, tasks: Sequence[Task]) -> None:
        if utf8_size(encoded_tasks(tasks)) > self._limit_bytes:
            raise TooLarge(f"tasks of more than {self._limit_bytes} bytes")

    async def _replace(self, room: Room, handout: Handout, shown: Sequence[str]) -> None:
        steps = [] if handout.is_by_place else handout.steps
        before = room.handout
        await self._keep(
            room,
            handout,
            tables.keep_steps(room.number, steps),
            keep_tasks(room.number, handout),
            *show_in_room(room.number, shown),
        )
        room.imported = None
        self._tell(room, before)
        self._progress.changed(room)

    async def _keep(self, room: Room, handout: Handout, *changes: Change) -> None:
        room.decided_handout = handout
        try:
            await self._rooms.save(*changes)
        except BaseException:
            if room.decided_handout is handout:
                room.decided_handout = room.handout
            raise
        room.handout = handout

    def _tell(self, room: Room, before: Handout) -> None:
        handout = room.handout
        self._rooms.tell_students_before(room, "steps/all", self._rooms.as_told(handout.steps))
        told = Tasks(handout.rev, handout.for_students)
        self._rooms.tell_students_beyond(room, "tasks/all", told)
        # The first tasks of a class in which nobody has reported are nobody else's by any name.
        if (before.steps or room.has_statuses) and before.renames(handout):
            room.renamed_at = self._clock()
        has_names = handout.is_by_place or before.is_by_place
        for student in room.students.values() if room.has_statuses else ():
            if not student.is_online or student.protocol >= BEYOND or not student.steps:
                continue
            if has_names:
                statuses = handout.statuses_anew(student.steps, before)
                self._rooms.tell(student, "steps/status/to_client", statuses)
            elif student.protocol == ORIGINAL:
                # The plugin begins a new map with new tasks, and would report that.
                statuses = handout.names.named(student.steps)
                self._rooms.tell(student, "steps/status/to_client", statuses)


def check_size(tasks: str, limit_bytes: int) -> None:
    """Raises BadValue for tasks in the old form that are too long."""
    if utf8_size(tasks) > limit_bytes:
        raise BadValue("content", f"may not be longer than {limit_bytes} bytes")


def loaded(rooms: Rooms, room: Room) -> Iterator[tuple[str, object]]:
    """What the host of a room is sent on coming back: events and their payloads.

    One of an older protocol gets the tasks imported last, if they were not handed out.
    """
    if room.host.protocol < BEYOND:
        steps = room.imported or room.handout.steps
        if steps:
            yield "steps/load", rooms.as_told(steps)
        return
    handout = room.handout
    if handout.rev or handout.tasks:
        yield "tasks/all", Tasks(handout.rev, handout.tasks, sorted(handout.revealed))
    if room.imported:
        yield imported(room, room.imported)


def imported(room: Room, steps: list[Step]) -> tuple[str, object]:
    """The event by which a host gets tasks that were imported, and its payload."""
    if room.host.protocol < BEYOND:
        return "steps/load", steps
    return "tasks/all", Tasks(room.handout.rev, as_tasks(steps), is_imported=True)


def _check_rev(room: Room, rev: int) -> None:
    if rev != room.decided_handout.rev:
        raise Stale(room.decided_handout.rev)
