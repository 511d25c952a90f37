"""What the teacher sets of the room as a whole: who comes in, what everybody sees."""

from typing import NamedTuple

from msgspec import UNSET, UnsetType, structs

from quad.classroom import tables
from quad.classroom.model import BEYOND, ORIGINAL, Door, Rules
from quad.classroom.refusals import ProtocolNeeded
from quad.classroom.rooms import Rooms
from quad.classroom.state import Room
from quad.classroom.tasks.progress import Progress
from quad.classroom.updates import RoomUpdates
from quad.realtime import Client


class GivenRules(NamedTuple):
    """What a teacher says of the rules."""

    has_results_page: bool | UnsetType = UNSET
    is_recorded: bool | UnsetType = UNSET
    auto_done: bool | UnsetType = UNSET

    def on(self, rules: Rules) -> Rules:
        """The rules once that was said."""
        given = {name: value for name, value in self._asdict().items() if value is not UNSET}
        return structs.replace(rules, **given)


class Control:
    """Sets the door and the rules of a room, for current clients: others could not unlock it."""

    def __init__(self, rooms: Rooms, updates: RoomUpdates, progress: Progress) -> None:
        self._rooms = rooms
        self._updates = updates
        self._progress = progress

    async def set_door(self, client: Client, state: Door, room_id: int | None) -> None:
        """The host lets newcomers in, or not; who was in always comes back."""
        room = self._room(client, room_id)
        is_locked = state == "locked"
        await self._rooms.save(tables.keep_door(room.number, is_locked=is_locked))
        room.is_locked = is_locked
        self._updates.request(room)

    async def set_rules(self, client: Client, room_id: int | None, given: GivenRules) -> None:
        """The host allows everybody something, or not; what is not given stays as it is.

        Students of protocol 3 hear the `rules`. Raises ProtocolNeeded.
        """
        room = self._room(client, room_id)
        if room.host.protocol < BEYOND:
            given = GivenRules(given.has_results_page)
        rules = given.on(room.rules_for(BEYOND))
        await self._rooms.save(tables.keep_rules(room.number, rules))
        room.set_rules(rules)
        self._rooms.tell_students_beyond(room, "rules", rules)
        self._updates.request(room)
        self._progress.changed(room)

    def _room(self, client: Client, room_id: int | None) -> Room:
        host = self._rooms.host(client, room_id)
        if host.protocol == ORIGINAL:
            raise ProtocolNeeded
        return host.room
