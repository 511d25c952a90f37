"""What happens with students beside their files: the marks of a history."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from quad.classroom.history import tables
from quad.classroom.history.model import MarkKind
from quad.classroom.model import BEYOND
from quad.classroom.rooms import Rooms
from quad.classroom.state import Participant
from quad.refusals import CannotSave
from quad.store import Change
from quad.store.ids import milliseconds_of

log = logging.getLogger("quad.classroom")


class Logbook:
    """Marks what happens, in classes that are recorded, with students of protocol 3."""

    def __init__(self, rooms: Rooms, now: Callable[[], datetime]) -> None:
        self._rooms = rooms
        self._now = now

    def mark(self, student: Participant, kind: MarkKind, data: object) -> Sequence[Change]:
        """What is to be saved of it, along with what has happened: nothing, or a row."""
        if student.protocol < BEYOND or not student.room.is_recorded:
            return ()
        at = self._now()
        mark_id = self._rooms.message_ids.next_id(milliseconds_of(at))
        room = student.room.number
        return (tables.insert_mark(room, mark_id, at, student.id, kind, data),)

    def welcome(self, participant: Participant) -> None:
        """Mark that a student has come, or come back; nobody waits for it."""
        if participant.role == "host":
            return
        changes = self.mark(participant, "join", {})
        if changes:
            try:
                self._rooms.submit(changes, _report)
            except CannotSave as error:
                _report(error)


def _report(error: Exception | None) -> None:
    if error is not None:
        log.warning("that a student came is not saved: %s", error)
