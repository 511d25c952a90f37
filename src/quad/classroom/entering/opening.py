"""Opening a room: its number, its teacher, and the key that it belongs to."""

import contextlib
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Final

from msgspec import UNSET, UnsetType

from quad.classroom import tables
from quad.classroom.entering.keys import Keys
from quad.classroom.entering.resuming import Visitor
from quad.classroom.entering.secrets import Teacher
from quad.classroom.model import (
    BEYOND,
    NO_STATUSES,
    ROOM_NUMBERS,
    Enrolled,
    Role,
    check_name,
    check_title,
    first_id,
)
from quad.classroom.refusals import NoFreeNumber
from quad.classroom.rooms import Rooms
from quad.classroom.state import Participant, Room
from quad.identity import hash_token
from quad.refusals import CannotSave, Unavailable
from quad.store import Change, Conflict

# With every tenth number in use, so many tries in a row fail once in 10^20 rooms.
ATTEMPTS: Final = 20
"""To find a number that is free."""
# Of a hundred nodes, one that has its share of the numbers misses them all once in 10^8 times.
_DRAWS: Final = 2_000


class Plan:
    """A room that is about to be opened: what is known of it, and what else is to be saved."""

    __slots__ = ("changes", "name", "new_key", "teacher", "title")

    def __init__(self, name: str) -> None:
        self.name = name
        self.title = ""
        self.teacher: Teacher | None = None
        self.new_key: str | UnsetType = UNSET
        self.changes: list[Change] = []


class Opening:
    """Opens rooms."""

    def __init__(self, rooms: Rooms, keys: Keys, now: Callable[[], datetime]) -> None:
        self._rooms = rooms
        self._keys = keys
        self._now = now

    async def plan(self, visitor: Visitor, name: str, title: str | None) -> Plan:
        """What the visitor wants, as far as its protocol goes; raises BadValue, WrongKey."""
        plan = Plan(check_name(name))
        if visitor.protocol < BEYOND:
            return plan
        plan.title = check_title(title)
        if visitor.key is None:
            plan.new_key, plan.teacher, insertion = self._keys.make(plan.name)
            plan.changes = [insertion]
        else:
            plan.teacher = await self._keys.owner(visitor.client, visitor.key)
            plan.changes = self._keys.note_use(plan.teacher)
        return plan

    async def open(self, visitor: Visitor, plan: Plan, token: str | None) -> Room:
        """The new room, which is saved; raises CannotSave, NoFreeNumber, Unavailable."""
        for _ in range(ATTEMPTS):
            number = self._free_number()
            room = Room(number, plan.title)
            room.host = newcomer(room, "host", first_id(), visitor, plan.name, token)
            changes = list(plan.changes)
            if plan.teacher is not None:
                room.teacher_id, room.host.key_hash = plan.teacher.id, plan.teacher.key_hash
                changes.append(tables.keep_key_hash(room.host.id, plan.teacher.key_hash))
            room.add_name(room.host)
            room.saved_use_at = self._now()
            self._rooms.announce(number)
            try:
                await self._rooms.save(
                    tables.insert_room(number, room.saved_use_at, room.title, room.teacher_id),
                    insertion(room.host),
                    *changes,
                )
            except Conflict:
                self._rooms.withdraw(number)
            except BaseException:
                self._rooms.withdraw(number)
                raise
            else:
                self._rooms.add(room)
                return room
        raise NoFreeNumber

    async def abandon(self, room: Room) -> None:
        """Whoever opened it has left before they heard its number."""
        room.is_closing = True
        with contextlib.suppress(CannotSave):
            await self._rooms.save(*tables.delete_room(room.number))
        self._rooms.remove(room)

    def _free_number(self) -> int:
        """One of a class that is to be at home here.

        Raises NoFreeNumber; and Unavailable from a node that has no classes, as one that ends.
        """
        is_home = False
        for _ in range(_DRAWS):
            number = secrets.choice(ROOM_NUMBERS)
            if self._rooms.owns(number):
                is_home = True
                if not self._rooms.is_known(number):
                    return number
        raise NoFreeNumber if is_home else Unavailable


def newcomer(
    room: Room, role: Role, number: int, visitor: Visitor, name: str, token: str | None
) -> Participant:
    """Somebody who comes into a room for the first time; there they get their place."""
    place, room.places = room.places, room.places + 1
    room.last_id = number
    token_hash = None if token is None else hash_token(token)
    enrolled = Enrolled(number, role, name, place, visitor.place, token_hash)
    return Participant(room, enrolled, NO_STATUSES)


def insertion(participant: Participant) -> Change:
    """What is to be saved of a participant."""
    return tables.insert_participant(participant.room.number, participant.enrolled)
