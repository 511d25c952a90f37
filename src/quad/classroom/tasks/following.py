"""What students make of their tasks, and what the teacher says of it.

Statuses are kept by the ids of tasks. Clients of protocols 1 and 2 speak of tasks by names, and
some send all that they know with every report. Right after a name has become another task's, what
they report may mean the old one: then they are told what is kept, and nothing is changed.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, NamedTuple

from quad.classroom.messages import Letter, Messages
from quad.classroom.model import (
    BEYOND,
    AcceptedOrDeclined,
    AlertType,
    Sent,
    Status,
    check_statuses,
    reported,
    reviewed,
    verdicts,
)
from quad.classroom.outgoing import Alert, StepsOfStudent
from quad.classroom.rooms import Rooms, beyond
from quad.classroom.sending import checked_key, once
from quad.classroom.state import Participant
from quad.classroom.tasks import model
from quad.classroom.tasks.statuses import Statuses
from quad.realtime import Client

# Longer than what was sent takes to arrive and to be shown, on a slow line.
_RENAMING_S: Final = 2.0


class GivenReview(NamedTuple):
    """The teacher's word on some of a student's tasks, as it came, and what a client calls it."""

    user_id: int
    statuses: Mapping[str, object]
    comment: str | None
    key: str | None


class Following:
    """Hears what is said of tasks, by ids and by names."""

    def __init__(
        self, rooms: Rooms, statuses: Statuses, messages: Messages, clock: Callable[[], float]
    ) -> None:
        self._rooms: Final = rooms
        self._statuses: Final = statuses
        self._messages: Final = messages
        self._clock: Final = clock

    # By names

    async def statuses_to_mentor(self, client: Client, steps: Mapping[str, object]) -> None:
        """A student reports; what is new reaches the host."""
        student = self._rooms.student(client)
        handout, own = student.room.handout, student.decided_steps
        names = handout.names
        given = reported(names.named(own), check_statuses(steps))
        if self._may_mean_others(student):
            kept = handout.statuses_anew(student.steps, handout)
            self._rooms.tell(student, "steps/status/to_client", kept)
            return
        statuses = names.unnamed(own) | names.identified(given)
        if statuses != own:
            await self._statuses.keep(student, statuses)
            self._statuses.tell_host(student)

    async def statuses_to_client(
        self, client: Client, user_id: int, steps: Mapping[str, object], room_id: int | None
    ) -> None:
        """The host reviews a student's solutions."""
        host = await self._rooms.host_in_turn(client, room_id)
        student = self._rooms.student_of(host, user_id)
        names, before = student.room.handout.names, student.decided_steps
        by_name = check_statuses(steps)
        if not by_name:
            return
        kept = names.identified(reviewed(names.named(before), by_name))
        told = verdicts(before, kept)
        # Also if nothing is new: reviews reach the student in the order in which they came.
        await self._statuses.keep(student, {**before, **kept}, is_by_staff=True)
        self._tell_verdicts(student, told)
        if student.protocol >= BEYOND:
            self._statuses.tell_student(student, names.identified(by_name))
        else:
            # Also the names that are nobody's: as they came.
            self._rooms.tell(student, "steps/status/to_client", by_name)

    def send_table(self, client: Client, room_id: int | None) -> None:
        """Send the host the progress of every student who has made any."""
        host = self._rooms.host(client, room_id)
        table = [
            StepsOfStudent(student.id, student.statuses_for(host.protocol))
            for student in host.room.students.values()
            if student.steps
        ]
        client.emit("steps/table", table)

    # By ids

    async def report(
        self, client: Client, room_id: int | None, statuses: Mapping[str, object]
    ) -> None:
        """A student reports of some tasks; raises ProtocolNeeded, UnknownTask, BadValue."""
        student = self._rooms.student(client, room_id)
        beyond(student)
        own = student.decided_steps
        given = model.check_statuses(statuses, student.room.handout.tasks, own)
        merged = {**own, **reported(own, given)}
        if merged != own:
            await self._statuses.keep(student, merged)
            self._statuses.tell_host(student)

    async def review(self, client: Client, room_id: int | None, review: GivenReview) -> Sent | None:
        """The host says what becomes of some of a student's tasks, and why.

        The `comment` is a message as well; the same `key` again is the same review. Returns what is
        told of the message. Raises ProtocolNeeded, UserNotFound, UnknownTask, BadValue.
        """
        host = await self._rooms.host_in_turn(client, room_id)
        beyond(host)
        student = self._rooms.student_of(host, review.user_id)
        if review.comment is None:
            await self._review(student, self._checked(student, review))
            return None
        key = checked_key(host, review.key)
        letter = Letter(student, host, student, review.comment, key, client.address)

        async def send() -> Sent:
            return await self._review_with(letter, self._checked(student, review))

        if key is None:
            return await send()
        if host.sent is None:
            host.sent = {}
        return await once(host.sent, key, send)

    def _checked(self, student: Participant, review: GivenReview) -> dict[str, Status]:
        tasks = student.room.handout.tasks
        return model.check_statuses(review.statuses, tasks, student.decided_steps)

    async def _review(self, student: Participant, given: dict[str, Status]) -> None:
        before = student.decided_steps
        await self._statuses.keep(student, {**before, **given}, is_by_staff=True)
        self._tell_verdicts(student, verdicts(before, given))
        self._statuses.tell_student(student, given)

    async def _review_with(self, letter: Letter, given: dict[str, Status]) -> Sent:
        """As `_review`, with a comment: both are saved, or neither is."""
        student, before = letter.student, letter.student.decided_steps
        try:
            with self._statuses.deciding(student, {**before, **given}, is_by_staff=True) as changes:
                message = await self._messages.keep(letter._replace(changes=changes))
                if isinstance(message, Sent):
                    # With its statuses, and there may have been others since.
                    raise _SavedBefore(message)
        except _SavedBefore as found:
            return found.sent
        self._messages.tell(letter, message)
        self._tell_verdicts(student, verdicts(before, given))
        self._statuses.tell_student(student, given, letter.content)
        return Sent(message.id, message.at)

    # Both

    def _may_mean_others(self, student: Participant) -> bool:
        return student.protocol < BEYOND and self._clock() - student.room.renamed_at < _RENAMING_S

    def _tell_verdicts(
        self, student: Participant, told: Iterable[tuple[str, AcceptedOrDeclined]]
    ) -> None:
        handout = student.room.handout
        for task_id, verdict in told:
            if student.protocol >= BEYOND or handout.names.name_of(task_id) is not None:
                notice = _notice(task_id, handout.spoken(task_id), verdict)
                self._rooms.alert(student, notice)


class _SavedBefore(Exception):
    def __init__(self, sent: Sent) -> None:
        self.sent = sent


def _notice(task_id: str, spoken: str, verdict: AcceptedOrDeclined) -> Alert:
    kind: AlertType = "SUCCESS" if verdict == "accepted" else "WARNING"
    return Alert(f"Task {spoken} solution {verdict}!", kind, verdict, task=task_id)
