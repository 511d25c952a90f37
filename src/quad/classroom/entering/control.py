"""What the teacher sets of the room as a whole: who comes in, what everybody sees."""

from quad.classroom import tables
from quad.classroom.model import ORIGINAL, Door
from quad.classroom.refusals import ProtocolNeeded
from quad.classroom.rooms import Rooms
from quad.classroom.state import Room
from quad.classroom.tasks.progress import Progress
from quad.classroom.updates import RoomUpdates
from quad.realtime import Client


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

    async def set_rules(
        self, client: Client, room_id: int | None, *, has_results_page: bool
    ) -> None:
        """The host shows the results to everybody who knows the room's number, or to nobody."""
        room = self._room(client, room_id)
        await self._rooms.save(tables.keep_rules(room.number, has_results_page=has_results_page))
        room.has_results_page = has_results_page
        self._updates.request(room)
        self._progress.changed(room)

    def _room(self, client: Client, room_id: int | None) -> Room:
        host = self._rooms.host(client, room_id)
        if host.protocol == ORIGINAL:
            raise ProtocolNeeded
        return host.room
