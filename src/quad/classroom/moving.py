"""Classes that move to another node, with everybody in them."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from msgspec import Struct

from quad.classroom.entering.leaving import announce_offline
from quad.classroom.helping.calls import Calls
from quad.classroom.homes import key_of, room_of
from quad.classroom.refusals import RoomNotFound
from quad.classroom.rooms import Rooms
from quad.classroom.state import KeptFiles, Participant, Room
from quad.classroom.updates import RoomUpdates
from quad.realtime import Client

Moved = tuple[str, Client, Any]
"""The key of a class, a connection, and who is behind it: the participant's id and protocol, and
how large a student's kept files are, which the new home would else have to read.
"""


class _Seat(Struct, array_like=True):
    """Who it is, in which protocol, the sizes of the files that are kept of them, and whom they
    look at.
    """

    participant_id: int
    protocol: int
    sizes: dict[str, int] | None
    watched: list[int] = []


class Moving:
    """Gives classes up with their seats, and takes up those of others."""

    def __init__(self, rooms: Rooms, updates: RoomUpdates, calls: Calls) -> None:
        self._rooms = rooms
        self._updates = updates
        self._calls = calls

    def is_at_work(self, is_meant: Callable[[str], bool]) -> bool:
        """Whether a class that is meant is being made or read, imports tasks, has an update or
        a report to send, or has to stay while the administrator does something with it.
        """
        if any(is_meant(key_of(number)) for number in self._rooms.staying_numbers):
            return True
        return self._rooms.is_arriving(is_meant) or any(
            room.is_importing
            or room.update_timer is not None
            or room.reports.waiting
            or any(trace.is_packing for trace in room.traces.values())
            for room in self._meant(is_meant)
        )

    def give_up(self, is_meant: Callable[[str], bool]) -> list[Moved]:
        """Forget classes; whoever is in them hears nothing of it. Returns their seats."""
        moved: list[Moved] = []
        for client, participant in self._rooms.give_up(is_meant):
            kept = participant.kept_files
            sizes = None if kept is None else kept.sizes
            watched = [*participant.room.watched] if participant.role == "host" else []
            seat = participant.id, participant.protocol, sizes, watched
            moved.append((key_of(participant.room.number), client, seat))
        for room in self._rooms.let_go(is_meant):
            self._updates.cancel(room)
            room.stop()
        return moved

    async def take_up(self, key: str, client: Client | None, seat: object) -> None:
        """Seat somebody who was in the class at another node. Raises CannotSave.

        Without a connection they have left meanwhile.
        """
        seated = msgspec.convert(seat, _Seat)
        try:
            room = await self._rooms.find(room_of(key))
        except RoomNotFound:
            return
        participant = _participant(room, seated.participant_id)
        if participant is None:
            return
        if participant.kept_files is None and seated.sizes is not None:
            participant.kept_files = KeptFiles(seated.sizes.items())
        if client is None or not client.is_open:
            announce_offline(self._rooms, self._updates, participant)
        else:
            self._rooms.seat(participant, client, seated.protocol)
            room.watched.update(seated.watched)
            participant.is_listed = participant is not room.host
            self._updates.request(room)
        self._calls.look_after(room)

    def _meant(self, is_meant: Callable[[str], bool]) -> Iterator[Room]:
        return (room for room in self._rooms if is_meant(key_of(room.number)))


def _participant(room: Room, participant_id: int) -> Participant | None:
    if participant_id == room.host.id:
        return room.host
    return room.students.get(participant_id)
