"""Alert rooms that move to another node, with everybody in them."""

from collections.abc import Callable

import msgspec

from quad.alert.homes import KEY
from quad.alert.presence import Presence
from quad.alert.rooms import Rooms
from quad.realtime import Client

_Seat = tuple[str, str, bool, int]
"""The code of a room, a name, whether it is of a current client, and up to which id that was
certainly told.
"""
Moved = tuple[str, Client, _Seat]
"""The key of alert, a connection, and its seat."""


class Moving:
    """Gives all rooms up with their seats, and takes up those of another node.

    See `quad.cluster.handover.Rules`.
    """

    def __init__(self, rooms: Rooms, presence: Presence) -> None:
        self._rooms = rooms
        self._presence = presence

    def is_at_work(self, _is_meant: Callable[[str], bool]) -> bool:
        """Nothing here takes time but events and requests, which are waited for anyway."""
        return False

    def give_up(self, is_meant: Callable[[str], bool]) -> list[Moved]:
        """Whoever is in a room hears nothing of it. Returns their seats."""
        if not is_meant(KEY):
            return []
        return [
            (KEY, client, (room.code, person.name, seat.is_current, seat.told_id))
            for client, room, person, seat in self._presence.give_up()
        ]

    async def take_up(self, _key: str, client: Client | None, seat: object) -> None:
        """Seat somebody who was in a room at another node. Raises CannotSave.

        Who has lost their connection meanwhile is expected back, as all whom the database names.
        """
        if client is None or not client.is_open:
            return
        code, name, is_current, told_id = msgspec.convert(seat, _Seat)
        async with self._rooms.hold(code) as room:
            self._presence.take_up(client, room, name, told_id, is_current=is_current)
