"""Private messages between the teacher and each student."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from quad.classroom import tables
from quad.classroom.live import Participant
from quad.classroom.model import CurrentMessage, check_text, make_message, message_for
from quad.classroom.refusals import WrongUser
from quad.classroom.rooms import Rooms
from quad.classroom.said import History
from quad.classroom.updates import RoomUpdates
from quad.realtime import Client

_HISTORY_LIMIT: Final = 5_000
# Ids are milliseconds since 1970 and, within one, a count; JavaScript's integers end in 2248.
_COUNT_BITS: Final = 10


class Messages:
    """Sends messages and remembers them."""

    def __init__(
        self,
        rooms: Rooms,
        updates: RoomUpdates,
        limit_bytes: int,
        now: Callable[[], datetime],
    ) -> None:
        self._rooms = rooms
        self._updates = updates
        self._limit_bytes = limit_bytes
        self._now = now
        self._last_id = 0

    async def to_client(self, client: Client, room_id: int, user_id: int, content: str) -> None:
        """The host writes to a student, who gets it now or reads it later."""
        host = self._rooms.host(client, room_id)
        student = self._rooms.student_of(host, user_id)
        message = await self._keep(student, host, student, content)
        if student.client is not None:
            student.client.emit("message/to_client", message_for(student.protocol, message))

    async def to_mentor(self, client: Client, room_id: int, content: str) -> None:
        """A student writes to the host."""
        student = self._rooms.student(client, room_id)
        host = student.room.host
        message = await self._keep(student, student, host, content)
        self._updates.tell_host(student, "message/to_mentor", message_for(host.protocol, message))

    async def send_history(self, client: Client, user_id: int, room_id: int | None) -> None:
        """Send the sender their messages with the teacher, or the teacher those with a student."""
        asker = self._rooms.member(client, room_id)
        if asker.role == "host":
            student = self._rooms.student_of(asker, user_id)
        elif asker.id == user_id:
            student = asker
        else:
            raise WrongUser(user_id)
        # What is on its way to the database reaches the asker before the history that holds it.
        await self._rooms.save()
        found = await self._rooms.read(tables.select_messages(student.id, _HISTORY_LIMIT))
        host_id = student.room.host.id
        messages = [
            make_message(number, sender, student.id if sender == host_id else host_id, content, at)
            for number, sender, at, content in reversed(found)
        ]
        shown = [message_for(asker.protocol, message) for message in messages]
        client.emit("message/user", History(user_id, shown))

    async def _keep(
        self, student: Participant, sender: Participant, receiver: Participant, content: str
    ) -> CurrentMessage:
        check_text("content", content, self._limit_bytes)
        at = self._now()
        message_id = self._next_id(at)
        message = make_message(message_id, sender.id, receiver.id, content, at)
        await self._rooms.save(
            tables.insert_message(student.id, message_id, sender.id, at, content)
        )
        return message

    def _next_id(self, at: datetime) -> int:
        milliseconds = int(at.timestamp() * 1000)
        self._last_id = max(self._last_id + 1, milliseconds << _COUNT_BITS)
        return self._last_id
