"""What the teacher sees happen: the list of who is online, and what students do, in this order.

A room update is latest-state. It goes out at the end of the loop turn in which something changed,
so a class that joins in one commit is one update; and in a large room not before the previous one
has had its time, so a busy room costs a few lists and not one a change. What students do before
the host has seen them in a list is held until then: original clients know nobody else.
"""

import asyncio
from typing import Final

from msgspec import UNSET, UnsetType

from quad.classroom.model import BEYOND, CURRENT, Door, RoomUpdate, User
from quad.classroom.rooms import Rooms
from quad.classroom.state import Participant, Room

# Up to here a list is so short that there is no need to wait.
_SMALL_ROOM: Final = 10
# The configured interval is that of a room of this size; larger rooms wait longer, in proportion.
_BUSY_ROOM: Final = 100
_LONGEST_WAIT_INTERVALS: Final = 4


class RoomUpdates:
    """Sends `room/update` to hosts."""

    def __init__(self, rooms: Rooms, interval_s: float) -> None:
        self._rooms = rooms
        self._interval_s = interval_s

    def request(self, room: Room) -> None:
        """Something that the list shows has changed."""
        if not room.host.is_online or room.update_timer is not None:
            return
        loop = asyncio.get_running_loop()
        if loop.time() >= room.update_due:
            room.update_timer = loop.call_soon(self.send, room)
        else:
            room.update_timer = loop.call_at(room.update_due, self.send, room)

    def send(
        self,
        room: Room,
        token: str | UnsetType = UNSET,
        teacher: str | UnsetType = UNSET,
    ) -> None:
        """Send the list now, and then what was held for it."""
        held, room.held = room.held, []
        self.cancel(room)
        host = room.host
        if not host.is_online:
            return
        update = _room_update(room, token, teacher)
        room.update_due = asyncio.get_running_loop().time() + self._pause_s(len(update.users))
        self._rooms.tell_host(room, "room/update", update)
        for event, payload in held:
            self._rooms.tell_host(room, event, payload)

    def tell_host(self, student: Participant, event: str, payload: object) -> None:
        """Send what a student did to the host, if online, after the list that shows the student."""
        room = student.room
        if not room.host.sid:  # is online, without the call: every relayed file asks
            return
        if student.is_listed:
            self._rooms.tell_host(room, event, payload)
        else:
            room.held.append((event, payload))
            self.request(room)

    def cancel(self, room: Room) -> None:
        """Send nothing more."""
        room.held.clear()
        if room.update_timer is not None:
            room.update_timer.cancel()
            room.update_timer = None

    def _pause_s(self, listed: int) -> float:
        pauses = max(0, listed - _SMALL_ROOM) / _BUSY_ROOM
        return self._interval_s * min(pauses, _LONGEST_WAIT_INTERVALS)


def _room_update(room: Room, token: str | UnsetType, teacher: str | UnsetType) -> RoomUpdate:
    host = room.host
    users = [host.as_user(host.protocol)]
    offline: list[User] = []
    for student in room.students.values():
        student.is_listed = student.is_online
        (users if student.is_listed else offline).append(student.as_user(host.protocol))
    if host.protocol < CURRENT:
        return RoomUpdate(room.number, host.id, users)
    door: Door = "locked" if room.is_locked else "open"
    rules = room.rules_for(host.protocol)
    title = UNSET if host.protocol < BEYOND else room.title
    return RoomUpdate(room.number, host.id, users, offline, token, door, rules, title, teacher)
