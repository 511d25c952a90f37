"""Ways out of a room: for good, or until the connection is back."""

from datetime import datetime
from typing import Final

from msgspec import Struct

from quad import audit
from quad.addresses import block
from quad.classroom import tables
from quad.classroom.entering import tables as key_tables
from quad.classroom.helping.calls import Calls
from quad.classroom.model import ORIGINAL
from quad.classroom.outgoing import TEACHER_AWAY, Alert, Sentence
from quad.classroom.rooms import Rooms
from quad.classroom.state import Participant, Room
from quad.classroom.tasks.progress import Progress
from quad.classroom.updates import RoomUpdates
from quad.identity import hash_token, new_token
from quad.realtime import Client
from quad.store import Change

CLOSED: Final = Sentence("Room closed!")
_CLOSED_BY_ADMINISTRATOR: Final = Alert(
    "The administrator has closed the room!", "WARNING", "room_closed"
)
_HANDED_OVER: Final = Alert(
    "The administrator has given the class to somebody else!", "WARNING", "handed_over"
)


class ClassHandedOver(Struct, frozen=True):
    """A class that changes hands: with its `token`, `user_id` may come in as the teacher."""

    room_id: int
    user_id: int
    token: str | None


class Leaving:
    """Lets people out of rooms, and closes rooms."""

    def __init__(
        self, rooms: Rooms, updates: RoomUpdates, progress: Progress, calls: Calls
    ) -> None:
        self._rooms = rooms
        self._updates = updates
        self._progress = progress
        self._calls = calls

    async def leave(self, client: Client, room_id: int) -> None:
        """A student leaves for good; the connection may join again."""
        student = self._rooms.student(client, room_id)
        await self._delete(student)
        self._rooms.unseat(student)
        self._tell_of_absence(student.room)

    async def kill(
        self, client: Client, user_id: int, room_id: int | None, *, is_barred: bool = False
    ) -> None:
        """The host removes a student, whose connection is closed; barred, they do not come back."""
        host = self._rooms.host(client, room_id)
        student = self._rooms.student_of(host, user_id)
        is_barred = is_barred and host.protocol != ORIGINAL
        await self._delete(student, *(_bar(student) if is_barred else ()))
        if is_barred:
            host.room.barred_names.add(student.name)
            host.room.barred_tokens.update(student.tokens or ())
        audit.record(
            "classroom.bar" if is_barred else "classroom.remove",
            address=client.address,
            room=host.room.number,
            name=student.name,
            of=self._rooms.address_of(student),
        )
        self._rooms.send_away(student)
        self._tell_of_absence(student.room)

    async def _delete(self, student: Participant, *changes: Change) -> None:
        room = student.room
        # Ids that were given out are not given out again, also after a restart.
        last = [tables.keep_last_id(room.number, student.id)] if student.id == room.last_id else []
        student.is_leaving = True
        try:
            await self._rooms.save(*tables.delete_student(student.id), *last, *changes)
        except BaseException:
            student.is_leaving = False
            raise
        room.students.pop(student.id, None)
        room.drop_name(student)
        self._calls.forget(student)
        room.reports.forget(student.id)
        room.traces.pop(student.id, None)
        room.watched.discard(student.id)

    def _tell_of_absence(self, room: Room) -> None:
        self._updates.request(room)
        self._progress.changed(room)

    async def close(self, client: Client, room_id: int) -> None:
        """The host closes the room: everything in it ends, the connections stay."""
        await self._close(self._rooms.host(client, room_id).room)
        audit.record("classroom.close", address=client.address, room=room_id, by="teacher")

    async def close_for_all(self, room_id: int, address: str = "") -> None:
        """The administrator, at an address, closes the room; the host is told, too.

        Raises RoomNotFound, CannotSave, Unavailable.
        """
        with self._rooms.staying(room_id):
            await self._close(await self._rooms.find(room_id), is_host_told=True)
        audit.record("classroom.close", address=address, room=room_id, by="administrator")

    async def forget(self, before: datetime, limit: int) -> int:
        """Close rooms where nobody has been since, and nobody is now; returns how many.

        Raises StoreError: those that are left stay for now.
        """
        gone = 0
        for number in await self._unused(before, limit):
            if not self._may_forget(number):  # any more
                continue
            room = self._rooms.known(number)
            if room is None:
                await self._rooms.save(*tables.delete_room(number))
            else:
                await self._close(room)
            audit.record("classroom.close", room=number, by="retention")
            gone += 1
        return gone

    async def _unused(self, before: datetime, limit: int) -> list[int]:
        """The numbers of those that may be forgotten, the longest unused first."""
        size = limit
        while True:
            rows = await self._rooms.read(tables.select_unused(before, size))
            found = [number for (number,) in rows if self._may_forget(number)]
            if len(found) >= limit or len(rows) < size:
                return found[:limit]
            # Those that are in use, or that other nodes will forget, stand in the way.
            size *= 4

    def _may_forget(self, number: int) -> bool:
        room = self._rooms.known(number)
        is_deserted = room is None or (room.is_deserted and not room.is_closing)
        return is_deserted and self._rooms.owns(number)

    async def hand_over(
        self, room_id: int, place: str | None, address: str = ""
    ) -> ClassHandedOver:
        """The administrator, at an address, gives the class to somebody else.

        With a `place` (an address) to an original client there, otherwise to whoever shows the
        token that is returned. Whoever sits there is told and sent away.

        Raises RoomNotFound, CannotSave, Unavailable.
        """
        with self._rooms.staying(room_id):
            return await self._hand_over(room_id, place, address)

    async def _hand_over(self, room_id: int, place: str | None, address: str) -> ClassHandedOver:
        room = await self._rooms.find(room_id)
        host = room.host
        token = new_token() if place is None else None
        token_hash = None if token is None else hash_token(token)
        kept_place = block(place)[:64] if place is not None else host.address
        await self._rooms.save(
            tables.keep_token(host.id, kept_place, token_hash),
            # Whoever has the key of whom it belonged to does not come in with it.
            tables.keep_teacher(room.number, None),
            *self._rooms.note_use(room),
        )
        room.teacher_id = None
        host.address, host.key_hash = kept_place, None
        host.tokens = None if token_hash is None else (token_hash,)
        audit.record("classroom.hand_over", address=address, room=room_id, to=place)
        if host.is_online:
            self._rooms.alert(host, _HANDED_OVER)
            self._rooms.send_away(host)
            announce_offline(self._rooms, self._updates, host)
        return ClassHandedOver(room_id, host.id, token)

    async def _close(self, room: Room, *, is_host_told: bool = False) -> None:
        room.is_closing = True
        try:
            await self._rooms.save(*tables.delete_room(room.number), *_use_of_key(room))
        except BaseException:
            room.is_closing = False
            raise
        self._rooms.tell_students(room, "room/closed", CLOSED)
        if is_host_told:
            self._rooms.tell_host(room, "room/closed", CLOSED)
            self._rooms.alert(room.host, _CLOSED_BY_ADMINISTRATOR)
        self._empty(room)
        self._progress.changed(room)

    def _empty(self, room: Room) -> None:
        self._updates.cancel(room)
        room.stop()
        for participant in (room.host, *room.students.values()):
            self._rooms.unseat(participant)
        self._rooms.remove(room)

    def disconnected(self, client: Client) -> None:
        """A connection has ended: whoever was behind it is offline, and may come back."""
        participant = self._rooms.part(client)
        if participant is not None:
            announce_offline(self._rooms, self._updates, participant)


def _use_of_key(room: Room) -> list[Change]:
    # Its teacher may have come in by tokens alone for as long as a key is kept.
    if room.teacher_id is None or room.saved_use_at is None:
        return []
    return [key_tables.keep_teacher_used(room.teacher_id, room.saved_use_at)]


def _bar(student: Participant) -> list[Change]:
    number = student.room.number
    changes = [tables.bar(number, "name", student.name)]
    changes += (tables.bar(number, "token", token) for token in student.tokens or ())
    return changes


def announce_offline(rooms: Rooms, updates: RoomUpdates, participant: Participant) -> None:
    """Tell those concerned that a participant has lost the connection."""
    room = participant.room
    if participant is room.host:
        rooms.tell_students_sentence(room, TEACHER_AWAY)
        rooms.end_watching(room)
    else:
        updates.request(room)
