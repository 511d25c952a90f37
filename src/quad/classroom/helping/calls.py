"""The calls of each room: what is decided, what is kept, and who hears of it.

What others see was committed. What is decided and not yet saved lies beside it, so that of two who
take a call at once one hears that it is taken, whichever is saved first.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from msgspec import UNSET

from quad.classroom import tables as classroom_tables
from quad.classroom.helping import queue, tables
from quad.classroom.helping.outgoing import PlaceInQueue, QueuedCall
from quad.classroom.helping.queue import AWAY_S, NEVER, Call, Standing
from quad.classroom.history.logbook import Logbook
from quad.classroom.model import BEYOND, in_words
from quad.classroom.rooms import Rooms
from quad.classroom.state import Participant, Room
from quad.refusals import CannotSave
from quad.store import Change

_PLACES_EACH_S: Final = 1.0
# What a clock says that was set back, or a test's.
_LEAST_WAIT_S: Final = 1.0
_NOWHERE: Final = PlaceInQueue(None)


class Calls:
    """Keeps where students stand, and tells those of protocol 3."""

    def __init__(
        self,
        rooms: Rooms,
        logbook: Logbook,
        now: Callable[[], datetime],
        clock: Callable[[], float],
    ) -> None:
        self._rooms = rooms
        self._logbook = logbook
        self._now = now
        self._clock = clock
        rooms.on_absent = self._absent

    def decided(self, student: Participant) -> Standing:
        """Where a student stands once all that is under way is saved."""
        helps = student.room.helps
        return helps.decided.get(student.id) or helps.kept.get(student.id, NEVER)

    @contextmanager
    def deciding(self, student: Participant, standing: Standing) -> Iterator[Sequence[Change]]:
        """The student stands there from now on: whoever enters saves the changes, in there.

        Left by an exception, nothing has happened.
        """
        if standing == self.decided(student):
            yield ()
            return
        student.room.helps.decided[student.id] = standing
        try:
            yield (
                tables.keep_standing(student.room.number, student.id, standing),
                *self._logbook.mark(student, "help", _marked(standing)),
                *self._note_time(student, standing),
            )
        except BaseException:
            self._withdraw(student, standing)
            raise
        self._keep(student, standing)

    def _withdraw(self, student: Participant, standing: Standing) -> None:
        # Somebody may have decided anew meanwhile, on top of it.
        helps = student.room.helps
        if helps.decided.get(student.id) is standing:
            del helps.decided[student.id]

    def _keep(self, student: Participant, standing: Standing) -> None:
        helps = student.room.helps
        self._withdraw(student, standing)
        if not student.is_leaving:
            helps.kept[student.id] = standing
            self._changed(student.room)

    def _note_time(self, student: Participant, standing: Standing) -> Iterator[Change]:
        """How long it took, if a help ends so. Should it not be saved, it counts here alone."""
        helps = student.room.helps
        before = helps.kept.get(student.id, NEVER)
        if standing.helped > before.helped and before.call and before.call.taken_at:
            took_s = (self._now() - before.call.taken_at).total_seconds()
            helps.took_s.append(max(0.0, took_s))
            yield classroom_tables.keep_helps_took(student.room.number, helps.took_s)

    def forget(self, student: Participant) -> None:
        """The student is gone for good."""
        helps = student.room.helps
        helps.decided.pop(student.id, None)
        helps.told.pop(student.id, None)
        if helps.kept.pop(student.id, None) is not None:
            self._changed(student.room)

    # Who hears of it

    def welcome(self, participant: Participant) -> None:
        """Tell somebody who comes, or comes back, how it stands."""
        room = participant.room
        if participant.role == "host":
            if room.helps.kept:
                self._tell_staff(room)
        elif self._has_call(participant):
            room.helps.told.pop(participant.id, None)
            self._tell_soon(room)
        # The room may have come from the database, or from another node.
        self.look_after(room)

    def _has_call(self, student: Participant) -> bool:
        return student.room.helps.kept.get(student.id, NEVER).call is not None

    def _changed(self, room: Room) -> None:
        helps, loop = room.helps, asyncio.get_running_loop()
        if room.is_closing:
            return
        if "queue" not in helps.timers:
            # What happens in one turn of the loop is one list.
            helps.timers["queue"] = loop.call_soon(self._tell_staff, room)
        self._tell_soon(room)
        self.look_after(room)

    def _tell_staff(self, room: Room) -> None:
        timer = room.helps.timers.pop("queue", None)
        if timer is not None:
            timer.cancel()
        if room.host.is_online and room.host.protocol >= BEYOND:
            self._rooms.tell_host(room, "help/queue", self._listed(room))

    def _listed(self, room: Room) -> list[QueuedCall]:
        standings = room.helps.kept
        return [
            _listed(room, student_id, standings[student_id])
            for student_id in queue.in_order(standings, self._now())
        ]

    def _tell_soon(self, room: Room) -> None:
        helps, loop = room.helps, asyncio.get_running_loop()
        if "places" not in helps.timers:
            # Latest state: a queue that moves much is told once a second.
            at = max(loop.time(), helps.places_due)
            helps.timers["places"] = loop.call_at(at, self._tell_places, room)

    def _tell_places(self, room: Room) -> None:
        helps = room.helps
        helps.timers.pop("places", None)
        helps.places_due = asyncio.get_running_loop().time() + _PLACES_EACH_S
        places = self._places(room)
        for student_id in {*places, *helps.told}:
            place = places.get(student_id, _NOWHERE)
            student = room.students.get(student_id)
            if student is None or not student.is_online or student.protocol < BEYOND:
                helps.told.pop(student_id, None)
            elif place != helps.told.get(student_id):
                helps.told[student_id] = place
                self._rooms.tell(student, "help/place", place)
            if place is _NOWHERE:
                helps.told.pop(student_id, None)

    def _places(self, room: Room) -> dict[int, PlaceInQueue]:
        standings = room.helps.kept
        order = queue.in_order(standings, self._now())
        calls = {each: call for each in order if (call := standings[each].call)}
        busy = sum(call.state == "taken" for call in calls.values())
        return {
            student_id: self._place(room, calls[student_id], in_front, busy)
            for student_id, in_front in queue.ahead(standings, order).items()
        }

    def _place(self, room: Room, call: Call, in_front: int, busy: int) -> PlaceInQueue:
        if call.helper is not None:
            return PlaceInQueue(0, by=name_of(room, call.helper) or UNSET)
        estimate_s = queue.estimate_s(room.helps.took_s, in_front, busy)
        return PlaceInQueue(
            in_front + 1,
            UNSET if estimate_s is None else estimate_s,
            is_paused=True if call.is_paused else UNSET,
        )

    # What time does by itself

    def _absent(self, participant: Participant) -> None:
        """Somebody is offline now."""
        if participant.role == "host":
            self.look_after(participant.room)
        else:
            participant.room.helps.told.pop(participant.id, None)

    def look_after(self, room: Room) -> None:
        """Look again when waiting alone changes the order, or a helper has been away too long."""
        helps = room.helps
        timer = helps.timers.pop("look", None)
        if timer is not None:
            timer.cancel()
        waits_s = [*self._wait_of_order_s(room), *self._wait_of_helper_s(room)]
        if waits_s and not room.is_closing:
            wait_s = max(_LEAST_WAIT_S, min(waits_s))
            loop = asyncio.get_running_loop()
            helps.timers["look"] = loop.call_later(wait_s, self.look, room)

    def look(self, room: Room) -> None:
        """What is due now: calls of helpers who went away are back in their places."""
        room.helps.timers.pop("look", None)
        if room.is_closing or self._rooms.known(room.number) is not room:
            return
        if any(wait_s <= 0 for wait_s in self._wait_of_helper_s(room)):
            for student in room.students.values():
                self._release(student)
        self._changed(room)

    def _wait_of_order_s(self, room: Room) -> Iterator[float]:
        now = self._now()
        at = queue.next_change(room.helps.kept, now)
        if at is not None:
            yield (at - now).total_seconds()

    def _wait_of_helper_s(self, room: Room) -> Iterator[float]:
        host = room.host
        if not host.is_online and any(
            standing.call and standing.call.helper is not None
            for standing in room.helps.kept.values()
        ):
            yield host.dropped_at + AWAY_S - self._clock()

    def _release(self, student: Participant) -> None:
        standing = self.decided(student)
        if standing.call is None or standing.call.helper is None or student.is_leaving:
            return
        released = queue.released(standing)
        student.room.helps.decided[student.id] = released

        def saved(error: Exception | None) -> None:
            if error is None:
                self._keep(student, released)
            else:
                # The next look tries again.
                self._withdraw(student, released)

        change = tables.keep_standing(student.room.number, student.id, released)
        try:
            self._rooms.submit([change], saved)
        except CannotSave:
            self._withdraw(student, released)


def _marked(standing: Standing) -> dict[str, object]:
    """What a history says of a call."""
    call = standing.call
    state = "ended" if call is None else call.state
    return {"state": state, "task": None if call is None else call.task, "helped": standing.helped}


def _listed(room: Room, student_id: int, standing: Standing) -> QueuedCall:
    call = standing.call
    assert call is not None
    by = name_of(room, call.helper)
    since = in_words(call.since)
    return QueuedCall(student_id, call.task, call.note, since, call.state, by, standing.helped)


def name_of(room: Room, helper: int | None) -> str | None:
    """The name of a helper."""
    return room.host.name if helper == room.host.id else None
