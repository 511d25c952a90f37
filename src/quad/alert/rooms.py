"""The rooms that somebody is in, or is about to be: who is there, and what was said last."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager

from quad.alert import tables
from quad.alert.model import Message
from quad.alert.refusals import CannotSave
from quad.realtime import Client
from quad.store import Change, Store, StoreClosed, StoreUnavailable


class Person:
    """Somebody in a room, by the name that is shown; over several connections, perhaps."""

    __slots__ = ("clients", "going", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.clients: set[Client] = set()
        # Runs while there is no connection: at its end they count as gone.
        self.going: asyncio.TimerHandle | None = None


class Room:
    """A room in memory. The latest messages in it are those in the database."""

    __slots__ = ("code", "history", "holds", "last_id", "people", "reading", "untrimmed")

    def __init__(self, code: str, history_limit: int) -> None:
        self.code = code
        # In order of coming.
        self.people: dict[str, Person] = {}
        self.history: deque[Message] = deque(maxlen=history_limit)
        self.last_id = 0
        # How many messages the database may hold beyond those in `history`.
        self.untrimmed = history_limit
        # How many are at work on the room without being in it.
        self.holds = 0
        self.reading: asyncio.Task[None] | None = None

    @property
    def topic(self) -> str:
        """What reaches every connection in the room: no other system's begins like this."""
        return f"alert/{self.code}"


class Rooms:
    """Rooms by code, read when they are needed and let go of when nobody is left."""

    def __init__(self, store: Store, history_limit: int) -> None:
        self._store = store
        self._history_limit = history_limit
        self._rooms: dict[str, Room] = {}

    def __len__(self) -> int:
        return len(self._rooms)

    def __iter__(self) -> Iterator[Room]:
        return iter(list(self._rooms.values()))

    def get(self, code: str) -> Room | None:
        """The room, if it is in memory."""
        return self._rooms.get(code)

    @asynccontextmanager
    async def hold(self, code: str) -> AsyncIterator[Room]:
        """The room with its latest messages; it stays in memory at least while the block runs.

        Raises CannotSave.
        """
        room = self._rooms.get(code)
        if room is None:
            room = self._rooms[code] = Room(code, self._history_limit)
        room.holds += 1
        try:
            await self._fill(room)
            yield room
        finally:
            room.holds -= 1
            self.release(room)

    def release(self, room: Room) -> None:
        """Let go of the room if nobody is left in it."""
        if not room.people and not room.holds:
            del self._rooms[room.code]

    async def save(self, room: Room, message: Message) -> None:
        """Commit a message, in order of calling; only then it is part of the room's history.

        Raises CannotSave.
        """
        if not self._history_limit:
            return
        try:
            await self._store.write(*self._changes(room, message))
        except (StoreUnavailable, StoreClosed) as error:
            raise CannotSave from error
        room.history.append(message)

    async def aclose(self) -> None:
        """Stop reading rooms, and cancel all timers."""
        reading = [room.reading for room in self._rooms.values() if room.reading is not None]
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)
        for room in self._rooms.values():
            for person in room.people.values():
                if person.going is not None:
                    person.going.cancel()

    def _changes(self, room: Room, message: Message) -> Sequence[Change]:
        insert = tables.insert_message(room.code, message)
        room.untrimmed += 1
        if room.untrimmed <= self._history_limit or len(room.history) < self._history_limit:
            return [insert]
        # Once for so many messages, and not with each: a busy room writes half as much.
        room.untrimmed = 0
        return [insert, tables.delete_messages(room.code, room.history[0].id)]

    async def _fill(self, room: Room) -> None:
        if not self._history_limit:
            return
        if room.reading is None:
            room.reading = asyncio.create_task(self._read(room), name=f"alert room {room.code}")
        # One of those who wait may give up; the others still want the room.
        await asyncio.shield(room.reading)

    async def _read(self, room: Room) -> None:
        query = tables.select_messages(room.code, self._history_limit)
        try:
            rows = await self._store.read(query)
        except (StoreUnavailable, StoreClosed) as error:
            raise CannotSave from error
        room.history.extend(tables.read_messages(reversed(rows)))
        if room.history:
            room.last_id = room.history[-1].id
