"""Who asks for help, and who gives it."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from quad.classroom.helping import queue
from quad.classroom.helping.calls import Calls, name_of
from quad.classroom.helping.queue import Call, Standing
from quad.classroom.model import Status
from quad.classroom.refusals import BadValue, NotAsking, Taken, UnknownTask
from quad.classroom.rooms import Rooms, beyond
from quad.classroom.state import Participant
from quad.classroom.tasks.statuses import Statuses
from quad.realtime import Client

_NOTE_LIMIT: Final = 500


class Helping:
    """Students ask, and the staff helps them one by one."""

    def __init__(
        self, rooms: Rooms, calls: Calls, statuses: Statuses, now: Callable[[], datetime]
    ) -> None:
        self._rooms = rooms
        self._calls = calls
        self._statuses = statuses
        self._now = now

    # Students

    async def ask(
        self, client: Client, task: str | None, note: str | None, room_id: int | None
    ) -> None:
        """A student asks, with a task or without; who has asked already keeps the place.

        Raises ProtocolNeeded, UnknownTask, BadValue.
        """
        student = beyond(self._rooms.student(client, room_id))
        if task is not None and task not in self._statuses.tasks_of(student):
            raise UnknownTask(task)
        asked = queue.asked(self._calls.decided(student), self._now(), task, _checked_note(note))
        if task is None:
            await self._statuses.keep_signal(student, queue.HELP, standing=asked)
            self._statuses.tell_host_signal(student)
        else:
            statuses: dict[str, Status] = {**student.decided_steps, task: queue.HELP}
            await self._statuses.keep(student, statuses, standing=asked)
            self._statuses.tell_host(student)

    async def pause(self, client: Client, room_id: int | None, *, is_paused: bool) -> None:
        """A student cannot be helped for a while, or can again; raises NotAsking."""
        student = beyond(self._rooms.student(client, room_id))
        standing, _ = self._called(student)
        with self._calls.deciding(student, queue.paused(standing, is_paused=is_paused)) as changes:
            await self._rooms.save(*changes)

    async def cancel(self, client: Client, room_id: int | None) -> None:
        """A student needs no help any more; nothing happens to who has not asked."""
        student = beyond(self._rooms.student(client, room_id))
        await self._statuses.end_help(student, queue.cancelled(self._calls.decided(student)))

    # Staff

    async def take(self, client: Client, user_id: int, room_id: int | None) -> None:
        """A helper takes a student's call: one of all who try. Raises NotAsking, Taken."""
        helper = beyond(self._rooms.host(client, room_id))
        student = self._rooms.student_of(helper, user_id)
        standing, call = self._called(student)
        _refuse_taken(call, helper)
        standing = queue.taken(standing, helper.id, self._now())
        with self._calls.deciding(student, standing) as changes:
            await self._rooms.save(*changes)

    async def done(
        self, client: Client, user_id: int, room_id: int | None, *, is_helped: bool
    ) -> None:
        """A helper has helped a student, or has not met them; raises NotAsking, Taken."""
        helper = beyond(self._rooms.host(client, room_id))
        student = self._rooms.student_of(helper, user_id)
        standing, call = self._called(student)
        _refuse_taken(call, helper)
        if is_helped:
            ended = await self._statuses.end_help(student, queue.helped(standing))
            if ended:
                self._statuses.tell_student(student, ended)
            return
        with self._calls.deciding(student, queue.missed(standing)) as changes:
            await self._rooms.save(*changes)

    def _called(self, student: Participant) -> tuple[Standing, Call]:
        standing = self._calls.decided(student)
        if standing.call is None:
            raise NotAsking(student.id)
        return standing, standing.call


def _refuse_taken(call: Call, helper: Participant) -> None:
    if call.helper not in (None, helper.id):
        raise Taken(name_of(helper.room, call.helper) or "")


def _checked_note(note: str | None) -> str:
    if note is not None and len(note) > _NOTE_LIMIT:
        raise BadValue("note", f"may not be longer than {_NOTE_LIMIT} characters")
    return "" if note is None else note.strip()
