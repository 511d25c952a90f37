"""The rooms that somebody is in, or is about to be: who is there, and what was said last."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Executable, Row

from quad.alert import tables
from quad.alert.model import COUNT_BITS, Message, room_key
from quad.alert.people import Person
from quad.refusals import CannotSave
from quad.store import Change, Conflict, Store, StoreClosed, StoreUnavailable
from quad.store.ids import Ids, milliseconds_of

# What is published is written in the next turn of the loop. The end of a connection is read in any
# turn behind it, and heard of in the next: an end that lay in the socket before the write is known
# by then, and whoever ends later was there.
_TURNS: Final = 4


class Room:
    """A room in memory. The latest messages in it are those in the database.

    `code` is how it was first written, `key` what tells it apart.
    """

    __slots__ = (
        "code",
        "history",
        "holds",
        "ids",
        "is_kept",
        "key",
        "people",
        "readers",
        "reading",
        "surely_told_id",
        "told_id",
        "untrimmed",
    )

    def __init__(self, key: str, code: str, history_limit: int) -> None:
        self.key = key
        self.code = code
        # Whether the database knows how the code was written.
        self.is_kept = False
        # In order of coming.
        self.people: dict[str, Person] = {}
        self.history: deque[Message] = deque(maxlen=history_limit)
        # Of messages; their last is known once the room was read.
        self.ids = Ids(COUNT_BITS)
        # Of the last message that was told to all, and of the last one of which it is certain that
        # connections that are open now were open when it was written to them.
        self.told_id = self.surely_told_id = 0
        # How many messages the database may hold beyond those in `history`.
        self.untrimmed = history_limit
        # How many are at work on the room without being in it.
        self.holds = 0
        self.reading: asyncio.Task[None] | None = None
        # Those who wait for the next message without Socket.IO.
        self.readers: set[asyncio.Event] = set()

    @property
    def original_topic(self) -> str:
        """What reaches every original client in the room: no other system's begins like this."""
        return f"alert/1/{self.key}"

    @property
    def current_topic(self) -> str:
        """What reaches every client of protocol 2."""
        return f"alert/2/{self.key}"

    def own_topic(self, name: str) -> str:
        """What reaches every client of protocol 2 of one name. Keys and names have any letters."""
        return f"alert/own/{len(self.key)}/{self.key}/{name}"

    def make_message(self, name: str, text: str, at: datetime) -> Message:
        """The next message of the room."""
        return Message(self.ids.next_id(milliseconds_of(at)), name, text, at)

    def since(self, id: int, oldest: datetime) -> Iterator[Message]:
        """What was said after an id, but not before a moment."""
        return (each for each in self.history if each.id > id and each.at >= oldest)

    def note_told(self, id: int) -> None:
        """A message was published to all."""
        is_settled = self.told_id == self.surely_told_id
        self.told_id = id
        if is_settled:
            self._settle(id, _TURNS)

    def _settle(self, id: int, turns: int) -> None:
        loop = asyncio.get_running_loop()
        if turns:
            loop.call_soon(self._settle, id, turns - 1)
            return
        self.surely_told_id = max(self.surely_told_id, id)
        if id < self.told_id:
            self._settle(self.told_id, _TURNS)

    def wake_readers(self) -> None:
        """Something was said."""
        for reader in self.readers:
            reader.set()


class Kept(NamedTuple):
    """What became of a message that was to be saved.

    `is_new` is false if the same key was there already: then `message` is that of the first time.
    """

    message: Message
    is_new: bool


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
        return self._rooms.get(room_key(code))

    def restore(self, key: str, code: str | None) -> Room:
        """The room that somebody was in before the server started."""
        room = self._enter(key, code or key)
        room.is_kept = code is not None
        return room

    @asynccontextmanager
    async def hold(self, code: str) -> AsyncIterator[Room]:
        """The room with its latest messages; it stays in memory at least while the block runs.

        Raises CannotSave.
        """
        room = self._enter(room_key(code), code)
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
            del self._rooms[room.key]

    async def save(self, room: Room, message: Message, key: str | None) -> Kept:
        """Commit a message, in order of calling; only then it is part of the room's history.

        Raises CannotSave.
        """
        changes = list(self._changes(room, message)) if self._history_limit else []
        if key is not None:
            changes.append(tables.insert_sent(room.key, message, key))
        try:
            if changes:
                await self.write(room, changes)
        except Conflict:
            if key is None:
                raise
            return Kept(await self._first(room, message.name, key), is_new=False)
        if self._history_limit:
            room.history.append(message)
        return Kept(message, is_new=True)

    async def write(self, room: Room, changes: Sequence[Change]) -> None:
        """Commit what belongs to a room, and with the first of it how its code was written.

        Raises CannotSave, Conflict.
        """
        if not room.is_kept:
            changes = (tables.keep_room(room.key, room.code), *changes)
        try:
            await self._store.write(*changes)
        except (StoreUnavailable, StoreClosed) as error:
            raise CannotSave(error) from error
        room.is_kept = True

    def forget(self, messages: Iterable[tuple[str, int]]) -> None:
        """These messages, by the key of their room and their id, are deleted."""
        gone: dict[str, set[int]] = {}
        for key, id in messages:
            gone.setdefault(key, set()).add(id)
        for key, ids in gone.items():
            room = self._rooms.get(key)
            if room is not None:
                left = [message for message in room.history if message.id not in ids]
                room.history.clear()
                room.history.extend(left)

    async def aclose(self) -> None:
        """Stop reading rooms."""
        reading = [room.reading for room in self._rooms.values() if room.reading is not None]
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)

    def _enter(self, key: str, code: str) -> Room:
        room = self._rooms.get(key)
        if room is None:
            room = self._rooms[key] = Room(key, code, self._history_limit)
        return room

    def _changes(self, room: Room, message: Message) -> Sequence[Change]:
        insert = tables.insert_message(room.key, message)
        room.untrimmed += 1
        if room.untrimmed <= self._history_limit or len(room.history) < self._history_limit:
            return [insert]
        # Once for so many messages, and not with each: a busy room writes half as much.
        room.untrimmed = 0
        return [insert, tables.delete_messages(room.key, room.history[0].id)]

    async def _first(self, room: Room, name: str, key: str) -> Message:
        """What was said when the key was used for the first time."""
        rows = await self._read_rows(tables.select_sent(room.key, name, key))
        if not rows:  # its day has ended meanwhile
            raise CannotSave
        return tables.read_messages(rows)[0]

    async def _fill(self, room: Room) -> None:
        if room.reading is None:
            room.reading = asyncio.create_task(self._read(room), name=f"alert room {room.key}")
        reading = room.reading
        try:
            # One of those who wait may give up; the others still want the room.
            await asyncio.shield(reading)
        except CannotSave:
            if room.reading is reading:
                room.reading = None  # the next one tries again
            raise

    async def _read(self, room: Room) -> None:
        codes = await self._read_rows(tables.select_code(room.key))
        if codes:
            room.code, room.is_kept = codes[0][0], True
        if not self._history_limit:
            return
        rows = await self._read_rows(tables.select_messages(room.key, self._history_limit))
        room.history.extend(tables.read_messages(reversed(rows)))
        if room.history:
            room.told_id = room.surely_told_id = room.history[-1].id
            room.ids.skip_to(room.told_id)

    async def _read_rows(self, query: Executable) -> Sequence[Row[Any]]:
        try:
            return await self._store.read(query)
        except (StoreUnavailable, StoreClosed) as error:
            raise CannotSave(error) from error
