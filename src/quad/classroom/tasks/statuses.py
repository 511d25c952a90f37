"""Each student's statuses and signal: how they are kept, and what they say of help."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime

from quad.classroom import tables
from quad.classroom.helping import queue
from quad.classroom.helping.calls import Calls
from quad.classroom.helping.queue import Standing
from quad.classroom.history.logbook import Logbook
from quad.classroom.model import BEYOND, STEP_ORDER, Signal, Status
from quad.classroom.outgoing import Reviewed, SignalOfStudent, StepsOfStudent, TaskReport
from quad.classroom.rooms import Rooms
from quad.classroom.state import Participant
from quad.classroom.tasks.progress import Progress
from quad.classroom.updates import RoomUpdates
from quad.store import Change


class Statuses:
    """Keeps statuses and signals, and with them, in one commit, the calls for help they make."""

    def __init__(
        self,
        rooms: Rooms,
        updates: RoomUpdates,
        progress: Progress,
        calls: Calls,
        logbook: Logbook,
        now: Callable[[], datetime],
    ) -> None:
        self._rooms = rooms
        self._updates = updates
        self._progress = progress
        self._calls = calls
        self._logbook = logbook
        self._now = now

    def tasks_of(self, student: Participant) -> Collection[str]:
        """The ids of the tasks that a student may have a status in."""
        tasks = student.room.handout.tasks
        return {task.id for task in tasks} if tasks else STEP_ORDER

    async def keep(
        self,
        student: Participant,
        statuses: dict[str, Status],
        *,
        standing: Standing | None = None,
        is_by_staff: bool = False,
        more: Collection[Change] = (),
    ) -> None:
        """Save a student's statuses, where the student stands in the queue for help, and `more`.

        The student stands there as the statuses say, by default. Raises CannotSave, and nothing has
        changed then.
        """
        with self.deciding(
            student, statuses, standing=standing, is_by_staff=is_by_staff
        ) as changes:
            await self._rooms.save(*changes, *more)

    @contextmanager
    def deciding(
        self,
        student: Participant,
        statuses: dict[str, Status],
        *,
        standing: Standing | None = None,
        is_by_staff: bool = False,
    ) -> Iterator[Sequence[Change]]:
        """The same: whoever enters saves the changes, in there.

        Left by an exception, nothing has happened.
        """
        if standing is None:
            standing = queue.followed(
                self._calls.decided(student),
                student.decided_steps,
                statuses,
                self._now(),
                is_by_staff=is_by_staff,
            )
        with (
            self._calls.deciding(student, standing) as changes,
            self._deciding_statuses(student, statuses) as kept,
        ):
            yield (*kept, *changes)

    @contextmanager
    def _deciding_statuses(
        self, student: Participant, statuses: dict[str, Status]
    ) -> Iterator[Sequence[Change]]:
        before, student.decided_steps = student.decided_steps, statuses
        changed = {task: each for task, each in statuses.items() if before.get(task) != each}
        marks = self._logbook.mark(student, "status", changed) if changed else ()
        try:
            yield (tables.keep_statuses(student.id, statuses), *marks)
        except BaseException:
            if student.decided_steps is statuses:
                student.decided_steps = student.steps
            raise
        student.steps = statuses
        student.room.has_statuses = True
        self._progress.changed(student.room)

    async def keep_signal(
        self, student: Participant, value: Signal, *, standing: Standing | None = None
    ) -> None:
        """The same for the signal."""
        if standing is None:
            decided = self._calls.decided(student)
            standing = queue.signalled(decided, value, self._now())
        with self._calls.deciding(student, standing) as changes:
            await self._rooms.save(tables.keep_signal(student.id, value), *changes)
        student.signal = value

    async def end_help(self, student: Participant, standing: Standing) -> dict[str, Status]:
        """Save where the student stands, and that nothing of theirs says `HELP` any more.

        The host hears it. Returns the statuses that have become others.
        """
        before, was_signalling = student.decided_steps, student.signal == queue.HELP
        statuses = queue.without_help(before)
        changed = {task: status for task, status in statuses.items() if status != before[task]}
        with self._calls.deciding(student, standing) as changes:
            if was_signalling:
                changes = (*changes, tables.keep_signal(student.id, queue.AFTERWARDS))
            if changed:
                with self._deciding_statuses(student, statuses) as kept:
                    await self._rooms.save(*kept, *changes)
            elif changes:
                await self._rooms.save(*changes)
        if was_signalling:
            student.signal = queue.AFTERWARDS
            self.tell_host_signal(student)
        if changed:
            self.tell_host(student)
        return changed

    def tell_host(self, student: Participant) -> None:
        """The host hears a student's statuses, all of them."""
        host = student.room.host
        statuses = student.statuses_for(host.protocol)
        if host.protocol >= BEYOND:
            self._updates.tell_host(student, "tasks/report", TaskReport(student.id, statuses))
        else:
            report = StepsOfStudent(student.id, statuses)
            self._updates.tell_host(student, "steps/status/to_mentor", report)

    def tell_host_signal(self, student: Participant) -> None:
        """The host hears a student's signal."""
        self._updates.tell_host(student, "signal", SignalOfStudent(student.id, student.signal))

    def tell_student(
        self, student: Participant, changed: Mapping[str, Status], comment: str | None = None
    ) -> None:
        """A student hears the word of the staff on some tasks."""
        if student.protocol >= BEYOND:
            self._rooms.tell(student, "tasks/reviewed", Reviewed(changed, comment))
            return
        named = student.room.handout.names.named(changed)
        if named:
            self._rooms.tell(student, "steps/status/to_client", named)
