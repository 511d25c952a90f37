"""Ways out of a room: for good, or until the connection is back."""

from typing import Final

from quad.classroom import tables
from quad.classroom.live import Participant, Room
from quad.classroom.progress import Progress
from quad.classroom.rooms import Rooms, alert
from quad.classroom.said import Sentence
from quad.classroom.updates import RoomUpdates
from quad.realtime import Client

CLOSED: Final = Sentence("Room closed!")


class Leaving:
    """Lets people out of rooms, and closes rooms."""

    def __init__(self, rooms: Rooms, updates: RoomUpdates, progress: Progress) -> None:
        self._rooms = rooms
        self._updates = updates
        self._progress = progress

    async def leave(self, client: Client, room_id: int) -> None:
        """A student leaves for good; the connection may join again."""
        await self._remove(self._rooms.student(client, room_id))

    async def kill(self, client: Client, user_id: int, room_id: int | None) -> None:
        """The host removes a student, whose connection is closed."""
        student = self._rooms.student_of(self._rooms.host(client, room_id), user_id)
        left = await self._remove(student)
        if left is not None:
            left.disconnect()

    async def _remove(self, student: Participant) -> Client | None:
        student.is_leaving = True
        try:
            await self._rooms.save(*tables.delete_student(student.id))
        except BaseException:
            student.is_leaving = False
            raise
        room = student.room
        room.students.pop(student.id, None)
        del room.names[student.name]
        left = self._rooms.unseat(student)
        self._updates.request(room)
        self._progress.changed(room)
        return left

    async def close(self, client: Client, room_id: int) -> None:
        """The host closes the room: everything in it ends, the connections stay."""
        await self._close(self._rooms.host(client, room_id).room)

    async def close_for_all(self, room_id: int) -> None:
        """The administrator closes the room; the host is told, too.

        Raises RoomNotFound, CannotSave.
        """
        room = await self._rooms.find(room_id)
        host = room.host.client
        await self._close(room)
        if host is not None:
            host.emit("room/closed", CLOSED)
            alert(host, "WARNING", "The administrator has closed the room!")

    async def _close(self, room: Room) -> None:
        room.is_closing = True
        try:
            await self._rooms.save(*tables.delete_room(room.number))
        except BaseException:
            room.is_closing = False
            raise
        self._rooms.tell_students(room, "room/closed", CLOSED)
        self._empty(room)
        self._progress.changed(room)

    def _empty(self, room: Room) -> None:
        self._updates.cancel(room)
        for participant in (room.host, *room.students.values()):
            self._rooms.unseat(participant)
        self._rooms.remove(room)

    def disconnected(self, client: Client) -> None:
        """A connection has ended: whoever was behind it is offline, and may come back."""
        participant = self._rooms.seated(client)
        if participant is None:
            return
        room = participant.room
        self._rooms.unseat(participant)
        if participant is room.host:
            self._rooms.tell_students(room, "message", Sentence("The teacher is offline!"))
        else:
            self._updates.request(room)
