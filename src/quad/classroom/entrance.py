"""Ways into a room: opening one, joining it, and coming back.

Whoever comes back takes over from a connection that is still open: that one is told and closed.
"""

import contextlib
import secrets
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

from msgspec import UNSET

from quad.classroom import tables
from quad.classroom.live import KeptFiles, Participant, Room
from quad.classroom.model import (
    NO_STATUSES,
    ROOM_NUMBERS,
    USER_IDS,
    Joined,
    Role,
    check_name,
    is_outdated,
)
from quad.classroom.refusals import (
    AlreadyInRoom,
    CannotSave,
    NoFreeNumber,
    NotHost,
    NotStudent,
    RoomNotFound,
    TokenRequired,
    TooManyFailedJoins,
    UserNotFound,
    WrongAddress,
    WrongToken,
)
from quad.classroom.returning import Returning, Visitor
from quad.classroom.rooms import Rooms, alert
from quad.classroom.said import NOTHING, Sentence, Task
from quad.classroom.updates import RoomUpdates
from quad.identity import KeyedRateLimit, hash_token, new_token
from quad.realtime import Client
from quad.settings import ClassroomSettings
from quad.store import Change, Conflict

# With every tenth number in use, so many tries in a row fail once in 10^20 rooms.
_ATTEMPTS: Final = 20
# What somebody hears who tries numbers, ids or tokens.
_GUESSES: Final = (
    RoomNotFound,
    UserNotFound,
    NotHost,
    NotStudent,
    TokenRequired,
    WrongToken,
    WrongAddress,
)


class Entrance:
    """Lets people into rooms."""

    def __init__(
        self,
        rooms: Rooms,
        updates: RoomUpdates,
        settings: ClassroomSettings,
        failed_joins: KeyedRateLimit | None,
        now: Callable[[], datetime],
    ) -> None:
        self._rooms = rooms
        self._updates = updates
        self._returning = Returning(rooms, is_tokenless_allowed=settings.tokenless_resume)
        self._plugin_version = settings.plugin_version
        self._failed_joins = failed_joins
        self._now = now

    async def create(self, visitor: Visitor, name: str) -> None:
        """Open a room with the visitor as its host."""
        self._refuse_seated(visitor.client)
        check_name(name)
        token = new_token() if visitor.is_current else None
        room = await self._open_room(visitor, name, token)
        if visitor.client.is_open:
            self._rooms.seat(room.host, visitor.client, visitor.protocol)
            self._updates.send(room, token or UNSET)
        else:
            await self._abandon_room(room)

    async def join(
        self, visitor: Visitor, room_id: int, name: str | None, version: str | None
    ) -> None:
        """Let a student in: a new one, or one who comes back with a token or under their name."""
        self._refuse_seated(visitor.client)
        if name is not None:
            check_name(name)
        with self._counting_guesses(visitor):
            room = await self._rooms.find(room_id)
            student = self._returning.who_joins(visitor, room, name)
        if student is not None:
            token = await self._returning.resume(visitor, student)
        else:
            student, token = await self._add_student(visitor, room, name or _guest_name(room))
        if visitor.client.is_open:
            self._warn_outdated(visitor.client, version)
            self._welcome(visitor, student, token)

    async def rejoin(self, visitor: Visitor, room_id: int, user_id: int) -> None:
        """Let a student take up their place again."""
        with self._counting_guesses(visitor):
            room = await self._rooms.find(room_id)
            if user_id == room.host.id:
                raise NotStudent
            student = room.students.get(user_id)
            if student is None or student.is_leaving:
                raise UserNotFound(user_id, room_id)
            self._refuse_seated(visitor.client, student)
            self._returning.check(visitor, student)
        token = await self._returning.resume(visitor, student)
        if visitor.client.is_open:
            self._welcome(visitor, student, token)

    async def rehost(self, visitor: Visitor, room_id: int, user_id: int) -> None:
        """Let a teacher take up their room again."""
        with self._counting_guesses(visitor):
            room = await self._rooms.find(room_id)
            if user_id in room.students:
                raise NotHost
            if user_id != room.host.id:
                raise UserNotFound(user_id, room_id)
            self._refuse_seated(visitor.client, room.host)
            self._returning.check(visitor, room.host)
        token = await self._returning.resume(visitor, room.host)
        if visitor.client.is_open:
            self._welcome_host(visitor, room, token)

    # At the door

    def _refuse_seated(self, client: Client, place: Participant | None = None) -> None:
        seated = self._rooms.seated(client)
        if seated is not None and seated is not place:
            raise AlreadyInRoom(seated.id, seated.room.number)

    @contextlib.contextmanager
    def _counting_guesses(self, visitor: Visitor) -> Iterator[None]:
        limit = self._failed_joins
        if limit is None:
            yield
            return
        wait_s = limit.wait(visitor.address)
        if wait_s:
            raise TooManyFailedJoins(wait_s)
        try:
            yield
        except _GUESSES:
            limit.take(visitor.address)
            raise

    # New rooms and students

    async def _open_room(self, visitor: Visitor, name: str, token: str | None) -> Room:
        for _ in range(_ATTEMPTS):
            number = secrets.choice(ROOM_NUMBERS)
            if self._rooms.is_known(number):
                continue
            room = Room(number)
            room.host = room.names[name] = _newcomer(room, "host", visitor, name, token)
            self._rooms.announce(number)
            try:
                await self._rooms.save(tables.insert_room(number, self._now()), _insert(room.host))
            except Conflict:
                self._rooms.withdraw(number)
            except BaseException:
                self._rooms.withdraw(number)
                raise
            else:
                self._rooms.add(room)
                return room
        raise NoFreeNumber

    async def _abandon_room(self, room: Room) -> None:
        # Whoever opened it has left before they heard its number.
        room.is_closing = True
        with contextlib.suppress(CannotSave):
            await self._rooms.save(*tables.delete_room(room.number))
        self._rooms.remove(room)

    async def _add_student(
        self, visitor: Visitor, room: Room, name: str
    ) -> tuple[Participant, str | None]:
        token = new_token() if visitor.is_current else None
        student = _newcomer(room, "client", visitor, name, token)
        student.kept_files = KeptFiles()
        room.names[name] = student
        try:
            await self._insert_student(student)
        except BaseException:
            del room.names[name]
            raise
        if visitor.client.is_open or token is None:
            room.students[student.id] = student
        else:
            await self._abandon_student(student)
        return student, token

    async def _insert_student(self, student: Participant) -> None:
        for _ in range(_ATTEMPTS):
            if student.room.is_closing:
                raise RoomNotFound(student.room.number)
            try:
                await self._rooms.save(_insert(student))
            except Conflict:
                student.id = secrets.choice(USER_IDS)
            else:
                return
        raise NoFreeNumber

    async def _abandon_student(self, student: Participant) -> None:
        # They have left before they heard their token: nobody could ever use the name again.
        with contextlib.suppress(CannotSave):
            await self._rooms.save(*tables.delete_student(student.id))
        del student.room.names[student.name]

    # Inside

    def _take_place(self, visitor: Visitor, participant: Participant) -> None:
        if participant.client is not visitor.client:
            old = self._rooms.unseat(participant)
            if old is not None:
                alert(old, "INFO", "Your place in the room was taken by another connection.")
                old.disconnect()
        self._rooms.seat(participant, visitor.client, visitor.protocol)

    def _welcome(self, visitor: Visitor, student: Participant, token: str | None) -> None:
        self._take_place(visitor, student)
        room, client = student.room, visitor.client
        if visitor.is_current:
            joined = Joined(student.id, room.number, student.name, student.steps, token or UNSET)
        else:
            joined = Joined(student.id, room.number)
        client.emit("room/join", joined)
        if room.exercise:
            client.emit("exercise", Task(room.exercise))
        if room.steps:
            client.emit("steps/all", room.steps)
        if room.settings is not None:
            client.emit("settings", room.settings)
        self._updates.request(room)

    def _welcome_host(self, visitor: Visitor, room: Room, token: str | None) -> None:
        self._take_place(visitor, room.host)
        self._rooms.tell_students(room, "message", Sentence("The teacher reconnected!"))
        self._rooms.tell_students(room, "sharing/end", NOTHING)
        if room.steps:
            visitor.client.emit("steps/load", room.steps)
        self._updates.send(room, token or UNSET)

    def _warn_outdated(self, client: Client, version: str | None) -> None:
        if version is not None and is_outdated(version, self._plugin_version):
            alert(
                client,
                "WARNING",
                "You have an outdated version of the plugin. "
                f"Please install the latest version {self._plugin_version}",
            )


def _newcomer(
    room: Room, role: Role, visitor: Visitor, name: str, token: str | None
) -> Participant:
    place, room.places = room.places, room.places + 1
    token_hash = None if token is None else hash_token(token)
    return Participant(
        room, role, secrets.choice(USER_IDS), name, place, visitor.address, token_hash, NO_STATUSES
    )


def _insert(newcomer: Participant) -> Change:
    return tables.insert_participant(
        newcomer.id,
        newcomer.room.number,
        newcomer.role,
        newcomer.name,
        newcomer.place,
        newcomer.address,
        newcomer.token_hash,
    )


def _guest_name(room: Room) -> str:
    while True:
        name = "Guest" + "".join(secrets.choice("0123456789") for _ in range(10))
        if name not in room.names:
            return name
