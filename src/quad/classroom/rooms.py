"""The open rooms and who sits where.

The database is the truth. A room comes into memory when it is first asked for and leaves it when
nobody has been there for a while; who is online is known to this process alone.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Final, TypeVarTuple

from sqlalchemy import Executable, Row, Select

from quad.classroom import tables
from quad.classroom.homes import SYSTEM, key_of
from quad.classroom.model import BEYOND, CURRENT, ROOM_NUMBERS, Step
from quad.classroom.outgoing import NOTHING, Alert, Sentence, alert_for, sentence_for
from quad.classroom.pictures.model import with_whole_addresses
from quad.classroom.refusals import (
    NotHost,
    NotInRoom,
    NotStudent,
    ProtocolNeeded,
    RoomNotFound,
    UserNotFound,
    WrongRoom,
)
from quad.classroom.restoring import BELONGINGS, Saved, last_id_of, restore_room
from quad.classroom.state import Participant, Room
from quad.realtime import Client, SocketServer
from quad.refusals import CannotSave, Unavailable
from quad.store import Change, Outcome, Store, StoreClosed, StoreUnavailable
from quad.store.ids import Ids

_Columns = TypeVarTuple("_Columns")

IDLE_S: Final = 600.0
"""How long a room without anybody stays in memory."""

# No more than the store has connections; and so long somebody waits for one.
_READ_AT_ONCE: Final = 4
_TURN_S: Final = 30.0
# Ids of messages are numbers to JavaScript, whose integers end in 2248.
_COUNT_BITS: Final = 10
# Retention counts in days.
_USE_NOTED_EACH: Final = timedelta(hours=12)
# A notice, under the names that newer and older clients listen to.
_ALERTS: Final = ("alerts", "alert")


class Rooms:
    """Rooms by number, participants by connection; the way to the database and to the students."""

    def __init__(
        self,
        store: Store,
        server: SocketServer,
        clock: Callable[[], float],
        now: Callable[[], datetime],
        idle_s: float = IDLE_S,
        address: str = "",
    ) -> None:
        """`clock` counts seconds, `now` gives the time; `idle_s`: see `IDLE_S`.

        `address` is where clients whose page is not ours find this server; empty if nobody knows.
        """
        self._store = store
        self._server = server
        self._clock = clock
        self._now = now
        self._idle_s = idle_s
        self._address = address
        # Whoever was online before has lost the connection at this time.
        self._started_at = clock()
        self.message_ids = Ids(_COUNT_BITS)
        """Of the messages of all rooms; each room's last is known once it was read."""
        self._rooms: dict[int, Room] = {}
        self.staying_numbers: Counter[int] = Counter()
        """Of rooms that must not move now; see `staying`."""
        self._seats: dict[Client, Participant] = {}
        # Rooms that are being read, or made: whoever asks meanwhile waits for the same one.
        self._arriving: dict[int, asyncio.Future[Room]] = {}
        self._turns = asyncio.Semaphore(_READ_AT_ONCE)
        self.on_absent: Callable[[Participant], object] = lambda _: None
        """Called when a participant has no connection any more."""

    # Rooms

    async def find(self, number: int) -> Room:
        """The open room with this number.

        Raises RoomNotFound, and CannotSave if the database does not answer.
        """
        room = self._rooms.get(number) or await self._arrival(number)
        room.used_at = self._clock()
        if room.is_closing:
            raise RoomNotFound(number)
        return room

    def is_known(self, number: int) -> bool:
        """Whether the number is in use as far as this process knows."""
        return number in self._rooms or number in self._arriving

    def is_arriving(self, is_meant: Callable[[str], bool]) -> bool:
        """Whether a room that is meant is being read, or made."""
        return any(is_meant(key_of(number)) for number in self._arriving)

    def known(self, number: int) -> Room | None:
        """The room if it is in memory."""
        return self._rooms.get(number)

    def announce(self, number: int) -> None:
        """A room is being made; `add` or `withdraw` follows."""
        self._arriving[number] = asyncio.get_running_loop().create_future()

    def add(self, room: Room) -> None:
        """The announced room is saved."""
        room.used_at = self._clock()
        self._rooms[room.number] = room
        future = self._arriving.pop(room.number)
        if not future.done():
            future.set_result(room)

    def withdraw(self, number: int) -> None:
        """The announced room is not to be."""
        future = self._arriving.pop(number)
        if not future.done():
            future.set_exception(RoomNotFound(number))
            future.exception()  # it is no loss if nobody waits for it

    def owns(self, number: int) -> bool:
        """Whether this process has the rules of the room with this number, if there is one."""
        return self._server.owns(key_of(number))

    @contextmanager
    def staying(self, number: int) -> Iterator[None]:
        """While entered the room stays at home here, also while something is awaited.

        For what is no event: those are waited for anyway. Raises Unavailable if it is at home on
        another node.
        """
        if not self.owns(number):
            raise Unavailable
        self.staying_numbers[number] += 1
        try:
            yield
        finally:
            self.staying_numbers[number] -= 1
            self.staying_numbers += Counter()  # drops what is zero

    def remove(self, room: Room) -> None:
        """The room is closed."""
        self._rooms.pop(room.number, None)

    def evict_idle(self) -> None:
        """Let go of rooms where nobody has been for a while."""
        before = self._clock() - self._idle_s
        for number, room in list(self._rooms.items()):
            if room.used_at <= before and room.is_deserted:
                del self._rooms[number]

    def let_go(self, is_lost: Callable[[str], bool]) -> list[Room]:
        """Forget the rooms that are at home on another node from now on; returns them."""
        lost = [number for number in self._rooms if is_lost(key_of(number))]
        rooms = [self._rooms.pop(number) for number in lost]
        for room in rooms:
            # Whatever is still under way there comes too late.
            room.is_closing = True
        return rooms

    def __iter__(self) -> Iterator[Room]:
        return iter(list(self._rooms.values()))

    def __len__(self) -> int:
        return len(self._rooms)

    async def aclose(self) -> None:
        """Stop reading rooms."""
        arriving = list(self._arriving.values())
        for future in arriving:
            future.cancel()
        if arriving:
            await asyncio.wait(arriving)

    async def _arrival(self, number: int) -> Room:
        if number not in ROOM_NUMBERS:
            raise RoomNotFound(number)
        arriving = self._arriving.get(number)
        if arriving is None:
            arriving = self._arriving[number] = asyncio.ensure_future(self._read_in_turn(number))
            arriving.add_done_callback(lambda done: self._arrived(number, done))
        # One of those who wait may give up; the others still want the room.
        return await asyncio.shield(arriving)

    def _arrived(self, number: int, reading: "asyncio.Future[Room]") -> None:
        del self._arriving[number]
        if not reading.cancelled() and reading.exception() is None:
            self._rooms[number] = reading.result()

    async def _read_in_turn(self, number: int) -> Room:
        # After a restart everybody comes at once; nobody is refused for want of a connection.
        try:
            async with asyncio.timeout(_TURN_S):
                await self._turns.acquire()
        except TimeoutError as error:
            raise CannotSave(error) from error
        try:
            return await self._read(number)
        finally:
            self._turns.release()

    async def _read(self, number: int) -> Room:
        # Whoever guesses numbers costs one query each.
        found = await self._read_of(number, tables.SELECT_ROOM)
        saved = Saved(*await self._read_of(number, *BELONGINGS)) if found[0] else None
        if saved is None or not saved.participants:
            raise RoomNotFound(number)
        [[row]] = found
        self.message_ids.skip_to(last_id_of(row, saved))
        return restore_room(row, saved, self._started_at)

    async def _read_of(self, number: int, *queries: Executable) -> Sequence[Sequence[Row[Any]]]:
        with _saving():
            return await self._store.read_all(queries, {"of_room": number})

    # Seats

    def seat(self, participant: Participant, client: Client, protocol: int) -> None:
        """The participant is online, over this connection."""
        participant.sid = client.id
        participant.protocol = protocol
        self._seats[client] = participant
        self._server.seat(client, SYSTEM, key_of(participant.room.number))
        client.subscribe(participant.topic)
        if participant.role == "client":
            client.subscribe(participant.room.students_topics[protocol >= BEYOND])

    def unseat(self, participant: Participant) -> None:
        """The participant is offline; the connection is of nobody now."""
        for client in self._connections(participant):
            self._server.seat(client, SYSTEM, None)
            self._free(client)
        if participant.is_online:
            participant.sid = ""
            participant.dropped_at = participant.room.used_at = self._clock()
            self.on_absent(participant)

    def part(self, client: Client) -> Participant | None:
        """The connection has ended; returns who was online over it, and is so no longer."""
        participant = self.seated(client)
        self._seats.pop(client, None)
        if participant is not None:
            self.unseat(participant)
        return participant

    def send_away(self, participant: Participant) -> None:
        """The participant is offline, and the connection is closed behind what was said to it."""
        connections = self._connections(participant)
        self.unseat(participant)
        for client in connections:
            client.disconnect()

    def give_up(self, is_meant: Callable[[str], bool]) -> list[tuple[Client, Participant]]:
        """Whoever is online in rooms that are meant is another node's from now on; nobody is told.

        Returns them, with their connections.
        """
        given = [
            (client, participant)
            for client, participant in self._seats.items()
            if participant.sid == client.id and is_meant(key_of(participant.room.number))
        ]
        for client, participant in given:
            self._free(client)
            participant.sid = ""
        return given

    def seated(self, client: Client) -> Participant | None:
        """Who is online over this connection."""
        participant = self._seats.get(client)
        # Somebody may be online over a newer one, before the farewell of this one has come.
        is_theirs = participant is not None and participant.sid == client.id
        return participant if is_theirs else None

    async def is_alive(self, participant: Participant) -> bool:
        """Ask for a sign of life; False for whoever is offline. See `Client.is_alive`."""
        return any([await client.is_alive() for client in self._connections(participant)])

    def address_of(self, participant: Participant) -> str:
        """Where the participant is connected from; empty for whoever is offline."""
        return next((client.address for client in self._connections(participant)), "")

    def _connections(self, participant: Participant) -> list[Client]:
        """The participant's, which is one at most."""
        subscribers = self._server.subscribers(participant.topic)
        return [client for client in subscribers if self._seats.get(client) is participant]

    def _free(self, client: Client) -> None:
        participant = self._seats.pop(client)
        client.unsubscribe(participant.topic)
        for topic in participant.room.students_topics:
            client.unsubscribe(topic)

    def note_use(self, room: Room) -> list[Change]:
        """What is to be saved, along with something else, because the room is in use: nothing, if
        that is known well enough.
        """
        now = self._now()
        if room.saved_use_at is not None and now - room.saved_use_at < _USE_NOTED_EACH:
            return []
        room.saved_use_at = now
        return [tables.keep_used(room.number, now)]

    # Roles

    def member(self, client: Client, room_id: int | None = None) -> Participant:
        """The participant behind a connection.

        Raises NotInRoom, and WrongRoom if another room is named.
        """
        # As `seated` says, without the call: every event asks.
        participant = self._seats.get(client)
        if participant is None or participant.sid != client.id:
            raise NotInRoom
        if participant.is_leaving or participant.room.is_closing:
            raise NotInRoom
        if room_id is not None and room_id != participant.room.number:
            raise WrongRoom(room_id)
        return participant

    def host(self, client: Client, room_id: int | None = None) -> Participant:
        """The same for what only a host may do; raises NotHost, too."""
        participant = self.member(client, room_id)
        if participant.role != "host":
            raise NotHost
        return participant

    async def host_in_turn(self, client: Client, room_id: int | None = None) -> Participant:
        """The host, once the tasks that it has sent before are cleaned: they are heard first.

        Raises as `host` does.
        """
        async with self.host(client, room_id).room.cleaning_turn:
            return self.host(client, room_id)

    def student(self, client: Client, room_id: int | None = None) -> Participant:
        """The same for what only a student may do; raises NotStudent, too."""
        participant = self.member(client, room_id)
        if participant.role != "client":
            raise NotStudent
        return participant

    def student_of(self, host: Participant, user_id: int) -> Participant:
        """A student of the host's room, online or not; raises UserNotFound."""
        student = host.room.students.get(user_id)
        if student is None or student.is_leaving:
            raise UserNotFound(user_id, host.room.number)
        return student

    # Ways out

    async def save(self, *changes: Change) -> None:
        """Commit, in order of calling; raises CannotSave, or Conflict."""
        with _saving():
            await self._store.write(*changes)

    def submit(self, changes: Sequence[Change], outcome: Outcome) -> None:
        """As `save`, but `outcome` is called instead: see `Store.submit`, and `as_refusal`.

        Raises CannotSave at once.
        """
        # Not by `_saving`: each change of a file comes this way.
        try:
            self._store.submit(changes, outcome)
        except StoreClosed as error:
            raise CannotSave(error) from error

    async def read(self, query: Select[*_Columns]) -> Sequence[Row[*_Columns]]:
        """Rows that were committed; raises CannotSave."""
        with _saving():
            return await self._store.read(query)

    def as_told(self, steps: list[Step]) -> list[Step]:
        """Steps as clients of protocols 1 and 2 get them."""
        return with_whole_addresses(steps, self._address)

    def tell(self, participant: Participant, event: str, payload: object) -> None:
        """Send to a participant; nothing happens if they are offline."""
        self._server.publish(participant.topic, event, payload)

    def tell_host(self, room: Room, event: str, payload: object) -> None:
        """The same to the host of a room."""
        self._server.publish(room.host_topic, event, payload)

    def tell_students(
        self, room: Room, event: str, payload: object, skip: Participant | None = None
    ) -> None:
        """Send to every student who is online."""
        skipped = None if skip is None else self._connections(skip)
        for topic in room.students_topics:
            self._server.publish(topic, event, payload, skip=skipped)

    def tell_students_before(self, room: Room, event: str, payload: object) -> None:
        """Send to every student of protocols 1 and 2 who is online."""
        topic, _ = room.students_topics
        self._server.publish(topic, event, payload)

    def tell_students_beyond(self, room: Room, event: str, payload: object) -> None:
        """Send to every student of protocol 3 who is online."""
        _, topic = room.students_topics
        self._server.publish(topic, event, payload)

    def tell_students_sentence(self, room: Room, sentence: Sentence) -> None:
        """Send a `message` to every student who is online, in the words of their protocols."""
        for topic, protocol in zip(room.students_topics, (CURRENT, BEYOND), strict=True):
            self._server.publish(topic, "message", sentence_for(protocol, sentence))

    def end_watching(self, room: Room) -> None:
        """Nobody watches any more. The watched students of protocol 3 hear it."""
        for user_id in room.watched:
            student = room.students.get(user_id)
            if student is not None and student.protocol >= BEYOND:
                self.tell(student, "sharing/end", NOTHING)
        room.watched.clear()

    def alert(self, participant: Participant, notice: Alert) -> None:
        """Show a participant a notice, as `alert` does."""
        payload = alert_for(participant.protocol, notice)
        for event in _ALERTS:
            self.tell(participant, event, payload)


def beyond(participant: Participant) -> Participant:
    """The participant, for what takes protocol 3; raises ProtocolNeeded."""
    if participant.protocol < BEYOND:
        raise ProtocolNeeded(BEYOND)
    return participant


@contextmanager
def _saving() -> Iterator[None]:
    try:
        yield
    except (StoreUnavailable, StoreClosed) as error:
        raise CannotSave(error) from error


def as_refusal(error: Exception) -> Exception:
    """What a client is told of an outcome."""
    return CannotSave(error) if isinstance(error, StoreUnavailable | StoreClosed) else error


def alert(client: Client, protocol: int, notice: Alert) -> None:
    """Show a caller, who speaks this protocol, a notice."""
    payload = alert_for(protocol, notice)
    for event in _ALERTS:
        client.emit(event, payload)
