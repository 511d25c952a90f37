"""Keys of teachers: a secret that classes belong to, and that opens them from any browser.

A key is at home nowhere: the database alone knows it, and every node asks there. A new key is one
row that changes; the tokens that hosts have got under the old one are dead from then on, because a
host's tokens count only as long as their key is the teacher's (see `still_hold`). Whoever is
connected by one of them is sent away by the home of each class, as soon as it hears of it.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any, Final

from msgspec import Struct

from quad import audit
from quad.classroom import tables
from quad.classroom.entering import tables as key_tables
from quad.classroom.entering.leaving import announce_offline
from quad.classroom.entering.secrets import NO_TOKEN, Teacher, new_teacher_id
from quad.classroom.library.tables import select_sets
from quad.classroom.model import in_words
from quad.classroom.outgoing import Alert, NewKey, OwnClass, OwnSet, TeachersClasses
from quad.classroom.refusals import WrongKey
from quad.classroom.rooms import Rooms
from quad.classroom.state import Room
from quad.classroom.updates import RoomUpdates
from quad.identity import hash_token, new_token
from quad.identity.news import ALONE, News
from quad.realtime import Client
from quad.store import Change

Guessing = Callable[[Client], AbstractAsyncContextManager[None]]
"""Entered where what a client shows is wrong: that is a guess, and counted."""

_TOPIC: Final = "classroom.rekeyed"
# Retention counts in days.
_USE_NOTED_EACH: Final = timedelta(hours=12)
_REKEYED: Final = Alert(
    "This class has got a new key: come in again with it!", "WARNING", "rekeyed"
)


class ClassKey(Struct, frozen=True):
    """A new key to a class, and to all others of its teacher."""

    room_id: int
    teacher: str


class Keys:
    """Makes keys, and finds out whose they are."""

    def __init__(
        self,
        rooms: Rooms,
        updates: RoomUpdates,
        guessing: Guessing,
        now: Callable[[], datetime],
    ) -> None:
        self._rooms = rooms
        self._updates = updates
        self._guessing = guessing
        self._now = now
        self._news: News = ALONE

    def share(self, news: News) -> None:
        """Hear of keys that are made on other nodes; once, before the server starts."""
        self._news = news
        news.on(_TOPIC, self._heard)

    # Whose key it is

    async def find(self, key: str) -> Teacher | None:
        """Whose key it is, if anybody's; raises CannotSave."""
        rows = await self._rooms.read(key_tables.select_teacher_of(hash_token(key)))
        return Teacher(*rows[0]) if rows else None

    async def owner(self, client: Client, key: str) -> Teacher:
        """The same; raises WrongKey, and counts that as a guess. A right one is none."""
        teacher = await self.find(key)
        if teacher is None:
            async with self._guessing(client):
                raise WrongKey
        return teacher

    async def still_hold(self, room: Room) -> bool:
        """Whether the tokens of a room's host count: they are of the teacher's key, if it has one.

        Forgets them if not.
        """
        if room.teacher_id is None:
            return True
        rows = await self._rooms.read(key_tables.select_key_hash(room.teacher_id))
        if rows and rows[0][0] == room.host.key_hash:
            return True
        room.host.tokens = NO_TOKEN
        return False

    def make(self, name: str) -> tuple[str, Teacher, Change]:
        """A new key, whose it is, and what is to be saved of that."""
        key = new_token()
        teacher = Teacher(new_teacher_id(), name, hash_token(key), self._now())
        return key, teacher, key_tables.insert_teacher(teacher)

    def note_use(self, teacher: Teacher) -> list[Change]:
        """What is to be saved because a key is in use: nothing, if that is known well enough."""
        now = self._now()
        if now - teacher.used_at < _USE_NOTED_EACH:
            return []
        return [key_tables.keep_teacher_used(teacher.id, now)]

    # What a teacher does with it

    async def open(self, client: Client, key: str) -> TeachersClasses:
        """What belongs to the key: classes and sets of tasks, the newest first."""
        teacher = await self.owner(client, key)
        used = self.note_use(teacher)
        if used:
            await self._rooms.save(*used)
        rows = await self._rooms.read(key_tables.select_classes_of(teacher.id))
        classes = [
            OwnClass(number, title, in_words(created_at), None, students)
            for number, title, created_at, students in rows
        ]
        sets = [
            OwnSet(set_id, title, count, in_words(updated_at))
            for set_id, title, count, updated_at in await self._rooms.read(select_sets(teacher.id))
        ]
        return TeachersClasses(teacher.name, classes, sets)

    async def rekey(self, client: Client, key: str) -> NewKey:
        """A new key in place of this one; other devices of the teacher are sent away."""
        teacher = await self.owner(client, key)
        new = await self._rekey(teacher.id, teacher.key_hash)
        if new is None:
            # Somebody else had it made anew at the same time.
            async with self._guessing(client):
                raise WrongKey
        audit.record("classroom.key", address=client.address, by="teacher")
        self._tell(teacher.id, client.id)
        return NewKey(new)

    async def rekey_class(self, room_id: int, address: str = "") -> ClassKey:
        """The administrator, at an address, makes a new key for the teacher of a class.

        One that has none gets one. Whoever teaches there, also with a token, is sent away.

        Raises RoomNotFound, CannotSave, Unavailable.
        """
        with self._rooms.staying(room_id):
            room = await self._rooms.find(room_id)
            new = None
            if room.teacher_id is not None:
                new = await self._rekey(room.teacher_id)
            if new is None:
                new = await self._first_key(room)
            teacher_id = room.teacher_id
        audit.record("classroom.key", address=address, room=room_id, by="administrator")
        assert teacher_id is not None
        self._tell(teacher_id, "")
        return ClassKey(room_id, new)

    async def _first_key(self, room: Room) -> str:
        key, teacher, insertion = self.make(room.host.name)
        await self._rooms.save(
            insertion,
            tables.keep_teacher(room.number, teacher.id),
            # Also of a teacher who had no token: nobody comes in by an address from now on.
            tables.keep_tokens(room.host.id, NO_TOKEN, None),
        )
        room.teacher_id = teacher.id
        room.host.tokens, room.host.key_hash = NO_TOKEN, None
        return key

    async def _rekey(self, teacher_id: int, old_hash: str | None = None) -> str | None:
        """The new key; None if the old one is not the teacher's any more, or there is no such."""
        key = new_token()
        hashed = hash_token(key)
        await self._rooms.save(key_tables.keep_key(teacher_id, hashed, old_hash, self._now()))
        rows = await self._rooms.read(key_tables.select_key_hash(teacher_id))
        return key if rows and rows[0][0] == hashed else None

    # Who teaches with an old one

    def _tell(self, teacher_id: int, kept_sid: str) -> None:
        self._news.tell_all(_TOPIC, [teacher_id, kept_sid])
        self._send_away(teacher_id, kept_sid)

    def _heard(self, news: Any) -> None:  # noqa: ANN401 - what another node has told
        teacher_id, kept_sid = news
        self._send_away(teacher_id, kept_sid)

    def _send_away(self, teacher_id: int, kept_sid: str) -> None:
        """Whoever teaches in classes of the teacher, but over the connection of this id."""
        for room in self._rooms:
            host = room.host
            if room.teacher_id != teacher_id:
                continue
            host.tokens = NO_TOKEN
            if host.is_online and host.sid != kept_sid:
                self._rooms.alert(host, _REKEYED)
                self._rooms.send_away(host)
                announce_offline(self._rooms, self._updates, host)

    # Keys of nobody

    async def forget(self, before: datetime, limit: int) -> int:
        """Forget keys without a class that nobody has used since; returns how many.

        Raises StoreError: those that are left stay for now.
        """
        rows = await self._rooms.read(key_tables.select_unused_teachers(before, limit))
        if rows:
            await self._rooms.save(
                *(
                    change
                    for (teacher_id,) in rows
                    for change in key_tables.delete_unused_teacher(teacher_id, before)
                )
            )
        return len(rows)
