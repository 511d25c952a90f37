"""Coming, going and coming back.

A person is a name in a room. They have come when their first connection joins and are gone when
their last one leaves, or has been lost for the grace; what happens to connections in between the
others do not see. Whoever comes back hears what they missed, and a newcomer the latest messages.

Who is present is kept in the database, with the id up to which they were certainly told: so the
end of the process is a silence like any other, and not a goodbye.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from quad.alert import tables
from quad.alert.homes import KEY, SYSTEM
from quad.alert.model import id_at, shown_joined, shown_left
from quad.alert.outgoing import Line, current_line, original_line
from quad.alert.people import Person, Seat
from quad.alert.refusals import NotInRoom
from quad.alert.rooms import Room, Rooms
from quad.realtime import Client, SocketServer
from quad.refusals import CannotSave
from quad.settings import AlertSettings
from quad.store import Change, Store, StoreError

log = logging.getLogger("quad.alert")

# Signs of life are saved so often: a display says something every 25 seconds at least.
_SAVE_EVERY_S: Final = 10.0
_CHANGES_PER_SAVE: Final = 500
# Of one name: those who were silent for longest are asked whether they are still there.
_ASKED: Final = 20
# A message may have been on its way, to the disk or to the client, when the client last spoke.
_DOUBT_S: Final = 5.0
# Reasons for which a connection ends without its other end having said so: whether it heard what
# was written last is not known.
_SILENT: Final = frozenset({"ping timeout", "slow reader", "transport error"})


class Place(NamedTuple):
    """Where a connection is, and who is behind it."""

    room: Room
    person: Person


class Presence:
    """Who is where, over which connections."""

    def __init__(
        self,
        server: SocketServer,
        store: Store,
        rooms: Rooms,
        settings: AlertSettings,
        now: Callable[[], datetime],
    ) -> None:
        self._server = server
        self._store = store
        self._rooms = rooms
        self._grace_s = settings.grace_s
        self._restart_grace_s = settings.restart_grace_s
        self._oldest = timedelta(seconds=settings.history_age_s)
        self._now = now
        self._places: dict[Client, Place] = {}
        self._saving: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """How many connections are in rooms."""
        return len(self._places)

    async def start(self) -> None:
        """Take up who was present when the server ended. Raises StoreError."""
        for row in await self._store.read(tables.select_people()):
            room = self._rooms.restore(row.room, row.code)
            self._restore(room, row.name, row.told_id, row.connections)
        self._saving = asyncio.create_task(self._save_often(), name="alert signs of life")

    async def aclose(self) -> None:
        """Save what everybody was told, and stop all timers."""
        if self._saving is not None:
            self._saving.cancel()
            await asyncio.gather(self._saving, return_exceptions=True)
            await self.save()
        for room in self._rooms:
            for person in room.people.values():
                person.stay()

    def place_of(self, client: Client) -> Place:
        """Where a connection is. Raises NotInRoom."""
        place = self._places.get(client)
        if place is None:
            raise NotInRoom
        return place

    async def join(self, client: Client, room: Room, name: str, *, is_current: bool) -> None:
        """A connection enters a room, and hears what it has to and then its own status.

        A connection that is somewhere else, or is someone else, moves. `room` is held.
        """
        await self._close_dead(room.people.get(name), client)
        if not client.is_open:
            return
        place, person = self._places.get(client), room.people.get(name)
        if place is not None and place == (room, person):
            client.emit("status", Line(shown_joined(name)))
            return
        self._leave(client)
        told_id = room.told_id
        if place is None or place.room is not room:
            told_id = self._missed_since(room, person)
            self._replay(room, client, told_id, is_current=is_current)
        self._enter(client, room, name, told_id, is_current=is_current)
        await self._save_person(room, room.people[name])

    def leave(self, client: Client) -> None:
        """The connection leaves its room, which is told if nobody of that name is left.

        Raises NotInRoom.
        """
        self.place_of(client)
        self._leave(client)

    def dropped(self, client: Client, reason: str) -> None:
        """A connection has ended: whoever was behind it may come back within the grace."""
        place = self._places.pop(client, None)
        if place is not None:
            self._lose(place, client, is_silent=reason in _SILENT or not client.is_here)

    def bid_farewell(self, room: Room, name: str) -> None:
        """Whoever has lost their connection does not come back: the room need not wait."""
        person = room.people.get(name)
        if person is not None and not person.seats:
            self._go(room, person)

    async def save(self) -> None:
        """Save, where it is news, up to which id everybody was certainly told."""
        changes = [
            change
            for room in self._rooms
            for person in room.people.values()
            for change in self._news(room, person)
        ]
        for first in range(0, len(changes), _CHANGES_PER_SAVE):
            await self._try_to_save(changes[first : first + _CHANGES_PER_SAVE])

    # Moving to another node: see `moving`

    def give_up(self) -> list[tuple[Client, Room, Person, Seat]]:
        """All connections are another node's from now on: who was behind them may come back.

        To be closed then. Returns what each of them was certainly told, in its seat.
        """
        places, self._places = self._places, {}
        given = []
        for client, place in places.items():
            seat = place.person.seats[client]
            seat.told_id = self._told(seat)
            given.append((client, *place, seat))
            self._lose(place, client, is_silent=True)
            self._unsubscribe(client, place)
        return given

    def take_up(
        self, client: Client, room: Room, name: str, told_id: int, *, is_current: bool
    ) -> None:
        """A connection that has been in the room at another node; nobody is told."""
        seat = Seat(client, is_current=is_current, told_id=told_id, joined_at=time.monotonic())
        self._sit_down(room, name, seat)
        # It was kept as one that may come back.
        room.people[name].find(asyncio.get_running_loop().time())
        self._subscribe(client, room, name, is_current=is_current)

    # Coming

    async def _close_dead(self, person: Person | None, newcomer: Client) -> None:
        """Ask those of a name whether they are there: one may be what the newcomer comes back from.

        A connection that does not answer counts as lost since its last sign of life.
        """
        if person is None:
            return
        others = [client for client in person.seats if client is not newcomer]
        others.sort(key=lambda client: client.last_heard)
        asked = others[:_ASKED]
        alive = await asyncio.gather(*(client.is_alive() for client in asked))
        for client, is_alive in zip(asked, alive, strict=True):
            place = None if is_alive else self._places.pop(client, None)
            if place is not None:
                self._lose(place, client, is_silent=True)
                client.disconnect("no sign of life")

    def _missed_since(self, room: Room, person: Person | None) -> int:
        if person is None:
            return 0
        told_id = person.find(asyncio.get_running_loop().time())
        return room.told_id if told_id is None else told_id

    def _replay(self, room: Room, client: Client, told_id: int, *, is_current: bool) -> None:
        line = current_line if is_current else original_line
        for message in room.since(told_id, self._now() - self._oldest):
            client.emit("message", line(message))

    def _enter(
        self, client: Client, room: Room, name: str, told_id: int, *, is_current: bool
    ) -> None:
        self._subscribe(client, room, name, is_current=is_current)
        is_new = name not in room.people
        seat = Seat(client, is_current=is_current, told_id=told_id, joined_at=time.monotonic())
        self._sit_down(room, name, seat)
        if is_new:
            self._tell(room, shown_joined(name))
        else:
            client.emit("status", Line(shown_joined(name)))

    def _subscribe(self, client: Client, room: Room, name: str, *, is_current: bool) -> None:
        client.subscribe(room.current_topic if is_current else room.original_topic)
        if is_current:
            client.subscribe(room.own_topic(name))

    def _sit_down(self, room: Room, name: str, seat: Seat) -> None:
        person = room.people.get(name)
        if person is None:
            person = room.people[name] = Person(name)
        person.stay()
        person.seats[seat.client] = seat
        self._places[seat.client] = Place(room, person)
        self._server.seat(seat.client, SYSTEM, KEY)

    def _restore(self, room: Room, name: str, told_id: int, connections: int) -> None:
        person = room.people[name] = Person(name)
        person.saved = (told_id, connections)
        loop = asyncio.get_running_loop()
        for _ in range(connections):
            person.lose(told_id, loop.time() + self._restart_grace_s)
        person.going = loop.call_later(self._restart_grace_s, self._go, room, person)

    # Going

    def _leave(self, client: Client) -> None:
        place = self._places.pop(client, None)
        if place is None:
            return
        room, person = place
        self._server.seat(client, SYSTEM, None)
        del person.seats[client]
        if not person.seats:
            self._go(room, person)
        # Only now: whoever leaves is told so, too.
        self._unsubscribe(client, place)

    def _unsubscribe(self, client: Client, place: Place) -> None:
        room, person = place
        for topic in (room.current_topic, room.original_topic, room.own_topic(person.name)):
            client.unsubscribe(topic)

    def _lose(self, place: Place, client: Client, *, is_silent: bool) -> None:
        room, person = place
        seat = person.seats.pop(client)
        loop = asyncio.get_running_loop()
        told_id = self._told(seat) if is_silent else room.surely_told_id
        person.lose(told_id, loop.time() + self._grace_s)
        if not person.seats:
            person.going = loop.call_later(self._grace_s, self._go, room, person)

    def _go(self, room: Room, person: Person) -> None:
        person.stay()
        del room.people[person.name]
        self._tell(room, shown_left(person.name))
        self._forget_soon(room, person)
        self._rooms.release(room)

    def _tell(self, room: Room, sentence: str) -> None:
        for topic in (room.original_topic, room.current_topic):
            self._server.publish(topic, "status", Line(sentence))

    # What is kept

    def _told(self, seat: Seat) -> int:
        """Up to which id a connection was certainly told: what it heard before it last spoke."""
        heard_at = seat.client.last_heard
        if heard_at <= seat.joined_at:
            return seat.told_id
        silent_s = time.monotonic() - heard_at + _DOUBT_S
        return max(seat.told_id, id_at(self._now() - timedelta(seconds=silent_s)))

    def _news(self, room: Room, person: Person) -> Iterable[Change]:
        told = [*person.told_ids(), *map(self._told, person.seats.values())]
        state = (min(told, default=room.told_id), len(told))
        if state == person.saved or not told:
            return ()
        person.saved = state
        return (tables.keep_person(tables.Presence(room.key, person.name, *state)),)

    async def _save_person(self, room: Room, person: Person) -> None:
        try:
            await self._rooms.write(room, [*self._news(room, person)])
        except CannotSave as error:
            person.saved = None
            # They are here all the same; after a restart they may be told something again.
            log.warning("who is in alert rooms cannot be saved now: %s", error.__cause__)

    def _forget_soon(self, room: Room, person: Person) -> None:
        if person.saved is not None:
            change = tables.delete_person(room.key, person.name)
            self._store.save_soon(change, what="who has left an alert room")

    async def _save_often(self) -> None:
        while True:
            await asyncio.sleep(_SAVE_EVERY_S)
            await self.save()

    async def _try_to_save(self, changes: Sequence[Change]) -> None:
        try:
            await self._store.write(*changes)
        except StoreError as error:
            log.warning("signs of life in alert rooms cannot be saved now: %s", error)
