"""What happens in alert rooms.

A person is a name in a room. They have come when their first connection joins and are gone when
their last one leaves, or has been lost for the grace; what happens to connections in between
shows nothing.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, NamedTuple

from quad.alert.model import (
    Message,
    check_name,
    check_room,
    check_text,
    shown_joined,
    shown_left,
)
from quad.alert.refusals import NotInRoom, TooManyPosts
from quad.alert.rooms import Person, Room, Rooms
from quad.alert.said import Line
from quad.identity import KeyedRateLimit
from quad.realtime import Client, SocketServer
from quad.settings import AlertSettings
from quad.store import Store

# Ids are milliseconds since 1970 and, within one, a count: in order although rooms are let go of.
_COUNT_BITS: Final = 12


class Seat(NamedTuple):
    """Where a connection is, and who is behind it."""

    room: Room
    person: Person


def _now() -> datetime:
    return datetime.now(UTC)


class AlertService:
    """All alert rooms of this process.

    `posts` limits by address what is said without Socket.IO; None lifts the limit.
    """

    def __init__(
        self,
        server: SocketServer,
        store: Store,
        settings: AlertSettings,
        posts: KeyedRateLimit | None = None,
        *,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self.rooms = Rooms(store, settings.history_limit)
        self._server = server
        self._text_limit_bytes = settings.text_limit_bytes
        self._grace_s = settings.grace_s
        self._posts = posts
        self._now = now
        self._seats: dict[Client, Seat] = {}

    async def aclose(self) -> None:
        """Stop all timers and tasks."""
        await self.rooms.aclose()

    # Connections

    async def join(self, client: Client, name: str | None, code: str | None) -> list[str]:
        """A connection enters a room; returns the names of all who are there.

        It hears the latest messages, then its own status. A connection that is somewhere else, or
        is someone else, moves; one that is here already stays as it is. Raises BadName, BadRoom,
        CannotSave.
        """
        name, code = check_name(name), check_room(code)
        async with self.rooms.hold(code) as room:
            seat = self._seats.get(client)
            is_there = seat == (room, room.people.get(name))
            if client.is_open and not is_there:
                self._leave(client)
                if seat is None or seat.room is not room:
                    _replay(room, client)
                self._enter(client, room, name)
            return list(room.people)

    async def say(self, client: Client, text: str) -> None:
        """Tell the connection's room, once that is committed.

        Raises NotInRoom, BadText, CannotSave.
        """
        seat = self._seats.get(client)
        if seat is None:
            raise NotInRoom
        check_text(text, self._text_limit_bytes)
        await self._tell(seat.room, seat.person.name, text)

    def leave(self, client: Client) -> None:
        """The connection leaves its room, which is told if nobody of that name is left.

        Raises NotInRoom.
        """
        if client not in self._seats:
            raise NotInRoom
        self._leave(client)

    def dropped(self, client: Client) -> None:
        """A connection has ended: whoever was behind it may come back within the grace."""
        seat = self._seats.pop(client, None)
        if seat is None:
            return
        room, person = seat
        person.clients.discard(client)
        if not person.clients:
            loop = asyncio.get_running_loop()
            person.going = loop.call_later(self._grace_s, self._go, room, person)

    # Everybody else

    async def post(self, address: str, name: str | None, code: str, text: str) -> int:
        """Say something without being in the room; returns how many connections were told.

        Raises BadName, BadRoom, BadText, TooManyPosts, CannotSave.
        """
        name, code = check_name(name), check_room(code)
        check_text(text, self._text_limit_bytes)
        wait_s = self._posts.take(address) if self._posts is not None else 0.0
        if wait_s:
            raise TooManyPosts(wait_s)
        async with self.rooms.hold(code) as room:
            return await self._tell(room, name, text)

    async def look(self, code: str) -> tuple[list[str], list[Message]]:
        """Who is in a room, and its latest messages. Raises CannotSave."""
        async with self.rooms.hold(code) as room:
            return list(room.people), list(room.history)

    def bid_farewell(self, name: str, code: str) -> None:
        """Whoever has lost their connection does not come back: the room need not wait."""
        room = self.rooms.get(code)
        person = room.people.get(name) if room is not None else None
        if room is not None and person is not None and not person.clients:
            self._go(room, person)

    # Rooms

    def _enter(self, client: Client, room: Room, name: str) -> None:
        client.subscribe(room.topic)
        person = room.people.get(name)
        is_new = person is None
        if person is None:
            person = room.people[name] = Person(name)
        elif person.going is not None:
            person.going.cancel()
            person.going = None
        person.clients.add(client)
        self._seats[client] = Seat(room, person)
        if is_new:
            self._server.publish(room.topic, "status", Line(shown_joined(name)))

    def _leave(self, client: Client) -> None:
        seat = self._seats.pop(client, None)
        if seat is None:
            return
        room, person = seat
        person.clients.discard(client)
        if not person.clients:
            self._go(room, person)
        # Only now: whoever leaves is told so, too.
        client.unsubscribe(room.topic)

    def _go(self, room: Room, person: Person) -> None:
        if person.going is not None:
            person.going.cancel()
            person.going = None
        del room.people[person.name]
        self._server.publish(room.topic, "status", Line(shown_left(person.name)))
        self.rooms.release(room)

    async def _tell(self, room: Room, name: str, text: str) -> int:
        message = self._make_message(room, name, text)
        await self.rooms.save(room, message)
        return self._server.publish(room.topic, "message", Line(message.shown()))

    def _make_message(self, room: Room, name: str, text: str) -> Message:
        at = self._now()
        room.last_id = max(room.last_id + 1, int(at.timestamp() * 1000) << _COUNT_BITS)
        return Message(room.last_id, name, text, at)


def _replay(room: Room, client: Client) -> None:
    for message in room.history:
        client.emit("message", Line(message.shown()))
