"""Passes: a few letters that open a student's place once, from a browser that has lost its token,
or from another device.
"""

from collections.abc import Callable
from datetime import datetime

from quad.classroom import tables
from quad.classroom.entering.secrets import PASS_LIFE, IssuedPass, hash_pass, is_valid, new_pass
from quad.classroom.model import in_words
from quad.classroom.outgoing import GivenPass
from quad.classroom.refusals import BadValue, UserNotFound, WrongPass, WrongUser
from quad.classroom.rooms import Rooms, beyond
from quad.classroom.state import Participant, Room
from quad.realtime import Client


class Passes:
    """Gives passes out, and takes them."""

    def __init__(self, rooms: Rooms, now: Callable[[], datetime]) -> None:
        self._rooms = rooms
        self._now = now

    async def give(self, client: Client, user_id: int | None, room_id: int | None) -> GivenPass:
        """A pass to the student's own place, or for the host to any student's. The last one counts.

        Raises ProtocolNeeded, WrongUser, UserNotFound, BadValue.
        """
        asker = beyond(self._rooms.member(client, room_id))
        student = self._student(asker, user_id)
        given = new_pass()
        issued = IssuedPass(hash_pass(given), self._now() + PASS_LIFE)
        await self._rooms.save(tables.keep_pass(student.id, issued))
        if student.is_leaving or student.room.is_closing:
            raise UserNotFound(student.id, student.room.number)
        student.issued_pass = issued
        return GivenPass(given, in_words(issued.ends_at))

    def _student(self, asker: Participant, user_id: int | None) -> Participant:
        if asker.role == "host":
            if user_id is None:
                raise BadValue("user_id", "must say whose place it is")
            return self._rooms.student_of(asker, user_id)
        if user_id not in (None, asker.id):
            raise WrongUser(user_id or 0)
        return asker

    def find(self, room: Room, typed: str) -> Participant:
        """The student whose place a pass opens now; raises WrongPass."""
        hashed, now = hash_pass(typed), self._now()
        for student in room.students.values():
            if is_valid(student.issued_pass, hashed, now) and not student.is_leaving:
                return student
        raise WrongPass
