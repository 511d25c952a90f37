"""What happens in alert rooms: saying something, and reading what was said."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from quad.alert import tables
from quad.alert.model import (
    Message,
    check_key,
    check_name,
    check_room,
    check_text,
    shown_time,
)
from quad.alert.moving import Moving
from quad.alert.outgoing import Accepted, People, current_line, original_line, shown_id
from quad.alert.presence import Presence
from quad.alert.retention import MESSAGES
from quad.alert.rooms import Kept, Room, Rooms
from quad.client_keys import LIFETIME
from quad.identity.throttle import Throttle
from quad.realtime import Client, SocketServer
from quad.retention import Expiry
from quad.settings import AlertSettings
from quad.store import Store
from quad.streams import is_set_within


class Told(NamedTuple):
    """A message, and how many connections it was written to just now."""

    message: Message
    delivered: int


class RoomView(NamedTuple):
    """A room as somebody sees it who looks in."""

    code: str
    people: list[str]
    messages: list[Message]


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
        posts: Throttle | None = None,
        *,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self.rooms = Rooms(store, settings.history_limit)
        self.presence = Presence(server, store, self.rooms, settings, now)
        self.moving = Moving(self.rooms, self.presence)
        self._server = server
        self._store = store
        self._text_limit_bytes = settings.text_limit_bytes
        self._oldest = timedelta(seconds=settings.history_age_s)
        self._posts = posts
        self._is_ending = False
        self._now = now

    async def start(self) -> None:
        """Take up who was present when the server ended. Raises StoreError."""
        await self.presence.start()

    async def release_readers(self) -> None:
        """Whoever waits for news gets an answer without any: the server is about to end."""
        self._is_ending = True
        for room in self.rooms:
            room.wake_readers()

    async def aclose(self) -> None:
        """Stop all timers and tasks."""
        await self.presence.aclose()
        await self.rooms.aclose()

    # Connections

    async def join(
        self, client: Client, name: str | None, code: str | None, *, is_current: bool
    ) -> People:
        """A connection enters a room; returns who is there.

        It hears the latest messages, or what it missed, then its own status. Raises BadName,
        BadRoom, CannotSave.
        """
        name, code = check_name(name), check_room(code)
        async with self.rooms.hold(code) as room:
            await self.presence.join(client, room, name, is_current=is_current)
            people = list(room.people)
            if not is_current:
                return People(people)
            return People(people, sum(1 for _ in self._shown(room)))

    async def say(self, client: Client, text: str, key: str | None) -> Accepted | None:
        """Tell the connection's room, once that is committed.

        Whoever repeats a key gets the message of the first time once more, alone. Clients of
        protocol 2 hear when it is done. Raises NotInRoom, BadText, BadKey, CannotSave.
        """
        room, person = self.presence.place_of(client)
        check_text(text, self._text_limit_bytes)
        is_current = person.seats[client].is_current
        key = check_key(key) if is_current else None
        message, is_new = await self._keep(room, person.name, text, key)
        if is_new:
            self._tell(room, message, key)
        elif client.is_open:
            client.emit("message", current_line(message, key))
        return Accepted(shown_id(message.id), shown_time(message.at)) if is_current else None

    def leave(self, client: Client) -> None:
        """The connection leaves its room, which is told if nobody of that name is left.

        Raises NotInRoom.
        """
        self.presence.leave(client)

    def dropped(self, client: Client, reason: str) -> None:
        """A connection has ended: whoever was behind it may come back within the grace."""
        self.presence.dropped(client, reason)

    # Everybody else

    async def post(
        self, address: str, name: str | None, code: str, text: str, key: str | None = None
    ) -> int:
        """Say something without being in the room; returns how many connections were told.

        An address that posts too much waits its turn. Raises BadName, BadRoom, BadText, BadKey,
        TooManyPosts, CannotSave.
        """
        name, code = check_name(name), check_room(code)
        check_text(text, self._text_limit_bytes)
        check_key(key)
        if self._posts is not None:
            await self._posts.turn(address)
        async with self.rooms.hold(code) as room:
            message, is_new = await self._keep(room, name, text, key)
            return self._tell(room, message, key) if is_new else 0

    async def look(self, code: str) -> RoomView:
        """How a room's code is written, who is there, and what was said. Raises CannotSave."""
        async with self.rooms.hold(check_room(code)) as room:
            return RoomView(room.code, list(room.people), list(self._shown(room)))

    async def read(self, code: str, since: int | None, wait_s: float) -> list[Message]:
        """What was said after an id, or lately; if nothing, the next message within a time.

        Raises BadRoom, CannotSave.
        """
        async with self.rooms.hold(check_room(code)) as room:
            with _reading(room) as news:
                messages = list(self._shown(room, since or 0))
                if not messages and wait_s and not self._is_ending:
                    await is_set_within(wait_s, news)
                    messages = list(self._shown(room, since or 0))
                return messages

    async def follow(
        self, code: str, since: int | None, heartbeat_s: float
    ) -> AsyncGenerator[list[Message], None]:
        """What was said after an id, or lately, and then all that follows, as it is said.

        An empty list says that nothing was said for `heartbeat_s`. Raises BadRoom, CannotSave.
        """
        told = since or 0
        async with self.rooms.hold(check_room(code)) as room:
            with _reading(room) as news:
                while not self._is_ending:
                    messages = list(self._shown(room, told))
                    told = messages[-1].id if messages else told
                    yield messages
                    await is_set_within(heartbeat_s, news)
                    news.clear()

    def bid_farewell(self, name: str, code: str) -> None:
        """Whoever has lost their connection does not come back: the room need not wait."""
        room = self.rooms.get(code)
        if room is not None:
            self.presence.bid_farewell(room, name)

    # What is too old

    def expiries(self) -> tuple[Expiry, ...]:
        """What is forgotten after a time."""
        return (Expiry(MESSAGES, self._forget_messages),)

    async def _forget_messages(self, before: datetime, limit: int) -> int:
        rows = await self._store.read(tables.select_old_messages(before, limit))
        old = [(row.room, row.id) for row in rows]
        if old:
            await self._store.write(*(tables.delete_message(*each) for each in old))
            self.rooms.forget(old)
        if len(old) < limit:
            await self._store.write(
                tables.delete_sent(self._now() - LIFETIME),
                tables.delete_empty_rooms([room.key for room in self.rooms]),
            )
        return len(old)

    # Saying

    async def _keep(self, room: Room, name: str, text: str, key: str | None) -> Kept:
        message = room.make_message(name, text, self._now())
        return await self.rooms.save(room, message, key)

    def _tell(self, room: Room, message: Message, key: str | None) -> int:
        """Publish a message that is saved; returns how many connections it was written to."""
        room.note_told(message.id)
        publish = self._server.publish
        count = publish(room.original_topic, "message", original_line(message))
        own_topic = room.own_topic(message.name)
        own = () if key is None else self._server.subscribers(own_topic)
        count += publish(room.current_topic, "message", current_line(message), skip=own)
        if own:
            count += publish(own_topic, "message", current_line(message, key))
        room.wake_readers()
        return count + len(room.readers)

    def _shown(self, room: Room, since: int = 0) -> Iterator[Message]:
        return room.since(since, self._now() - self._oldest)


@contextmanager
def _reading(room: Room) -> Iterator[asyncio.Event]:
    """An event that is set when something was said, while the block runs."""
    news = asyncio.Event()
    room.readers.add(news)
    try:
        yield news
    finally:
        room.readers.discard(news)
