"""All alert rooms, for whoever looks after the server; and the end of one."""

from datetime import UTC, datetime
from typing import Final

from msgspec import Struct
from sqlalchemy import Select, func, select

from quad.alert import tables
from quad.alert.service import AlertService
from quad.refusals import Unknown
from quad.store import Store

_NAMED: Final = 100
_SHOWN: Final = 500
# No id is as large.
_ALL: Final = 1 << 62
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)

_KEPT: Final[Select[str, str | None, int, datetime]] = (
    select(
        tables.messages.c.room,
        func.max(tables.rooms.c.code).label("code"),
        func.count().label("messages"),
        func.max(tables.messages.c.at).label("last_at"),
    )
    .join_from(
        tables.messages,
        tables.rooms,
        tables.messages.c.room == tables.rooms.c.room,
        isouter=True,
    )
    .group_by(tables.messages.c.room)
    .order_by(func.max(tables.messages.c.at).desc())
    .limit(_SHOWN)
)


class AlertRoomOverview(Struct):
    """An alert room in which somebody is, or something was said.

    `names` are those of the first hundred who came; `last_at` is null if nothing is kept.
    """

    code: str
    people: int
    names: list[str]
    messages: int
    last_at: datetime | None


async def list_rooms(alert: AlertService, store: Store) -> list[AlertRoomOverview]:
    """The rooms with somebody in them, then the others that were used last, 500 of them at most.

    Raises StoreUnavailable.
    """
    rooms = {
        room.key: AlertRoomOverview(
            room.code, len(room.people), list(room.people)[:_NAMED], 0, None
        )
        for room in alert.rooms
        if room.people
    }
    for row in await store.read(_KEPT):
        room = rooms.setdefault(row.room, AlertRoomOverview(row.code or row.room, 0, [], 0, None))
        room.messages, room.last_at = row.messages, row.last_at
    return sorted(
        rooms.values(),
        key=lambda room: (room.people > 0, room.last_at or _NEVER, room.code),
        reverse=True,
    )


async def close_room(alert: AlertService, code: str) -> None:
    """Delete what was said in a room, and send everybody in it away; they may come again.

    Raises Unknown, CannotSave.
    """
    async with alert.rooms.hold(code) as room:
        if not room.people and not room.history:
            raise Unknown("room", code)
        await alert.rooms.write(room, [tables.delete_messages(room.key, _ALL)])
        room.history.clear()
        for person in list(room.people.values()):
            for client in list(person.seats):
                alert.presence.leave(client)
                client.disconnect("the room was closed")
            alert.presence.bid_farewell(room, person.name)
