"""Ways into a room: opening one, joining it, and coming back.

Whoever comes back takes over from a connection that is still open: that one is told and closed.
"""

import contextlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from types import TracebackType
from typing import Final, NamedTuple

from msgspec import UNSET, UnsetType, structs

from quad.classroom import tables
from quad.classroom.entering.keys import Keys
from quad.classroom.entering.leaving import announce_offline
from quad.classroom.entering.opening import ATTEMPTS, Opening, insertion, newcomer
from quad.classroom.entering.passes import Passes
from quad.classroom.entering.resuming import Resuming, Visitor, find_owner
from quad.classroom.entering.secrets import NO_TOKEN, Teacher, with_token
from quad.classroom.model import (
    BEYOND,
    ORIGINAL,
    Joined,
    check_name,
    is_outdated,
    next_id,
)
from quad.classroom.notices.notices import Notices
from quad.classroom.outgoing import (
    NOTHING,
    TEACHER_AWAY,
    TEACHER_BACK,
    Alert,
    AlertCode,
    TaskInOldForm,
    Tasks,
    sentence_for,
)
from quad.classroom.quotas import Quotas
from quad.classroom.refusals import (
    AlreadyInRoom,
    Barred,
    Locked,
    NameTaken,
    NoFreeNumber,
    NotHost,
    NotStudent,
    ProtocolNeeded,
    RoomNotFound,
    StillOnline,
    TokenRequired,
    UserNotFound,
    WrongAddress,
    WrongKey,
    WrongPass,
    WrongToken,
)
from quad.classroom.rooms import Rooms, alert
from quad.classroom.state import KeptFiles, Participant, Room
from quad.classroom.tasks.handing_out import loaded
from quad.classroom.updates import RoomUpdates
from quad.identity import hash_token, new_token
from quad.identity.guesses import Guesses
from quad.realtime import Client, Refused
from quad.refusals import CannotSave
from quad.store import Conflict

# What somebody hears who tries numbers, ids or tokens.
_WRONG: Final = (
    RoomNotFound,
    UserNotFound,
    NotHost,
    NotStudent,
    TokenRequired,
    WrongToken,
    WrongKey,
    WrongPass,
)
_CODES: Final[Mapping[type[Exception], AlertCode | UnsetType]] = {
    NameTaken: "name_taken",
    Locked: "locked",
    Barred: "barred",
}
_TOLD_TO_ALL: Final = tuple(_CODES)
_UNCOUNTED: Final = contextlib.nullcontext()
_PLACE_TAKEN: Final = Alert(
    "Your place in the room was taken by another connection.", "INFO", "place_taken"
)


def guessing(guesses: Guesses | None, client: Client) -> AbstractAsyncContextManager[None]:
    """While entered, a client's try is counted if it turns out wrong. Raises TooManyFailedJoins."""
    if guesses is None:
        return _UNCOUNTED
    return guesses.turn(client.address, client.engine_id, wrong=_WRONG)


class _Admission(NamedTuple):
    """The student who joins, the token to tell, and whether it is for the first time."""

    student: Participant
    token: str | None
    is_new: bool = False


class Entrance:
    """Lets people into rooms."""

    def __init__(
        self,
        rooms: Rooms,
        updates: RoomUpdates,
        resuming: Resuming,
        keys: Keys,
        passes: Passes,
        notices: Notices,
        welcomes: Sequence[Callable[[Participant], None]],
        quotas: Quotas,
        guesses: Guesses | None,
        now: Callable[[], datetime],
        *,
        plugin_version: str,
    ) -> None:
        """`welcomes` tell whoever has come in, or back, what else there is."""
        self._rooms = rooms
        self._updates = updates
        self._resuming = resuming
        self._keys = keys
        self._opening = Opening(rooms, keys, now)
        self._passes = passes
        self._notices = notices
        self._welcomes = welcomes
        self._quotas = quotas
        self._guesses = guesses
        self._plugin_version = plugin_version

    async def create(self, visitor: Visitor, name: str, title: str | None = None) -> None:
        """Open a room with the visitor as its host.

        Clients of protocol 3 may give it a title, and it belongs to the key that they show, or to
        a new one.
        """
        with _Telling(visitor):
            self._refuse_seated(visitor.client)
            plan = await self._opening.plan(visitor, name, title)
            self._quotas.open_room(visitor.client.address)
            token = new_token() if visitor.is_current else None
            room = await self._opening.open(visitor, plan, token)
        if visitor.client.is_open:
            self._rooms.seat(room.host, visitor.client, visitor.protocol)
            self._updates.send(room, token or UNSET, plan.new_key)
        else:
            await self._opening.abandon(room)

    async def join(
        self, visitor: Visitor, room_id: int, name: str | None, version: str | None
    ) -> None:
        """Let a student in: a new one, or one who comes back with a token or a pass, or under their
        name.
        """
        with _Telling(visitor):
            self._refuse_seated(visitor.client)
            student, token, is_new = await self._admit(visitor, room_id, name)
        if visitor.client.is_open:
            self._warn_outdated(visitor, version)
            self._welcome(visitor, student, token, is_new=is_new)
        else:
            self._miss(student)

    async def _admit(self, visitor: Visitor, room_id: int, name: str | None) -> _Admission:
        if visitor.typed_pass is not None:
            return await self._admit_by_pass(visitor, room_id, visitor.typed_pass)
        known = await self._owner(visitor, room_id)
        if known is None or known.role == "host":
            if name is not None:
                name = check_name(name)
            async with self._guessing(visitor):
                room = await self._rooms.find(room_id)
                known = self._resuming.who_joins(visitor, room, name)
            if known is None:
                _check_door(room, name)
                added = await self._add_student(visitor, room, name or _guest_name(room))
                return _Admission(*added, is_new=True)
        try:
            await self._resuming.resume(visitor, known)
        except (StillOnline, WrongAddress):
            raise NameTaken(known.name, known.room.number) from None
        return _Admission(known, visitor.token if visitor.is_current else None)

    async def _admit_by_pass(self, visitor: Visitor, room_id: int, typed: str) -> _Admission:
        if visitor.protocol < BEYOND:
            raise ProtocolNeeded(BEYOND)
        try:
            student = self._passes.find(await self._rooms.find(room_id), typed)
        except (RoomNotFound, WrongPass) as wrong:
            async with self._guessing(visitor):
                raise wrong from None
        token = new_token()
        tokens = with_token(student.tokens, hash_token(token))
        await self._resuming.resume_by(visitor, student, tokens, None)
        return _Admission(student, token)

    async def rejoin(self, visitor: Visitor, room_id: int, user_id: int) -> None:
        """Let a student take up their place again."""
        with _Telling(visitor):
            student = await self._owner(visitor, room_id)
            if student is None or student.id != user_id or student.role != "client":
                async with self._guessing(visitor):
                    room = await self._rooms.find(room_id)
                    if user_id == room.host.id:
                        raise NotStudent
                    student = room.students.get(user_id)
                    if student is None or student.is_leaving:
                        raise UserNotFound(user_id, room_id)
                    self._resuming.check(visitor, student)
            self._refuse_seated(visitor.client, student)
            await self._resuming.resume(visitor, student)
        if visitor.client.is_open:
            self._welcome(visitor, student, visitor.token)
        else:
            self._miss(student)

    async def rehost(self, visitor: Visitor, room_id: int, user_id: int) -> None:
        """Let a teacher take up their room again."""
        with _Telling(visitor):
            host = await self._owner(visitor, room_id)
            if host is None or host.id != user_id or host.role != "host":
                async with self._guessing(visitor):
                    room = await self._rooms.find(room_id)
                    if user_id in room.students:
                        raise NotHost
                    if user_id != room.host.id:
                        raise UserNotFound(user_id, room_id)
                    host = room.host
                    self._resuming.check(visitor, host)
            self._refuse_seated(visitor.client, host)
            await self._resuming.resume(visitor, host)
            # The key may have been made anew meanwhile, and whoever was seated sent away before.
            if not await self._keys.still_hold(host.room):
                raise WrongToken
        if visitor.client.is_open:
            self._welcome_host(visitor, host.room, visitor.token)
        else:
            self._miss(host)

    async def rehost_by_key(self, visitor: Visitor, room_id: int, key: str) -> None:
        """Let whoever has the teacher's key take up the room, with a token of their own."""
        with _Telling(visitor):
            if visitor.protocol < BEYOND:
                raise ProtocolNeeded(BEYOND)
            teacher = await self._keys.owner(visitor.client, key)
            room = await self._room_of(visitor, room_id, teacher)
            host = room.host
            self._refuse_seated(visitor.client, host)
            token = new_token()
            kept = host.tokens if host.key_hash == teacher.key_hash else NO_TOKEN
            tokens = with_token(kept, hash_token(token))
            await self._resuming.resume_by(visitor, host, tokens, teacher.key_hash)
            # As in `rehost`.
            if not await self._keys.still_hold(room):
                raise WrongKey
        if visitor.client.is_open:
            self._welcome_host(visitor, room, token)
        else:
            self._miss(host)

    async def _room_of(self, visitor: Visitor, room_id: int, teacher: Teacher) -> Room:
        """The teacher's room; raises RoomNotFound, WrongKey, which are guesses."""
        try:
            room = await self._rooms.find(room_id)
            if room.teacher_id != teacher.id:
                raise WrongKey
        except (RoomNotFound, WrongKey) as wrong:
            async with self._guessing(visitor):
                raise wrong from None
        return room

    def _miss(self, participant: Participant) -> None:
        # Whoever came back has gone, and what was in their place may have been closed for them.
        if not participant.is_online:
            announce_offline(self._rooms, self._updates, participant)

    # At the door

    def _refuse_seated(self, client: Client, place: Participant | None = None) -> None:
        seated = self._rooms.seated(client)
        if seated is not None and seated is not place:
            raise AlreadyInRoom(seated.id, seated.room.number)

    async def _owner(self, visitor: Visitor, room_id: int) -> Participant | None:
        """Whose token it is. A secret is no guess: it passes whatever others at the address do."""
        if visitor.token is None:
            return None
        try:
            room = await self._rooms.find(room_id)
        except RoomNotFound:
            return None
        owner = find_owner(room, visitor.token)
        if owner is room.host and not await self._keys.still_hold(room):
            return None
        return owner

    def _guessing(self, visitor: Visitor) -> AbstractAsyncContextManager[None]:
        return guessing(self._guesses, visitor.client)

    # New students

    async def _add_student(
        self, visitor: Visitor, room: Room, name: str
    ) -> tuple[Participant, str | None]:
        self._quotas.add_student(visitor.client.address)
        token = new_token() if visitor.is_current else None
        student = newcomer(room, "client", next_id(room.last_id), visitor, name, token)
        student.kept_files = KeptFiles()
        room.add_name(student)
        try:
            await self._insert_student(student)
        except BaseException:
            room.drop_name(student)
            raise
        if visitor.client.is_open or token is None:
            room.students[student.id] = student
        else:
            await self._abandon_student(student)
        return student, token

    async def _insert_student(self, student: Participant) -> None:
        for _ in range(ATTEMPTS):
            if student.room.is_closing:
                raise RoomNotFound(student.room.number)
            try:
                use = self._rooms.note_use(student.room)
                await self._rooms.save(insertion(student), *use)
            except Conflict:
                student.id = student.room.last_id = next_id(student.room.last_id)
            else:
                return
        raise NoFreeNumber

    async def _abandon_student(self, student: Participant) -> None:
        # They have left before they heard their token: nobody could ever use the name again.
        with contextlib.suppress(CannotSave):
            await self._rooms.save(*tables.delete_student(student.id))
        student.room.drop_name(student)

    # Inside

    def _take_place(self, visitor: Visitor, participant: Participant) -> None:
        if participant.is_online and self._rooms.seated(visitor.client) is not participant:
            self._rooms.alert(participant, _PLACE_TAKEN)
            self._rooms.send_away(participant)
        # Who has no token is an original client and stays one, whatever came back in its place.
        protocol = ORIGINAL if participant.tokens is None else visitor.protocol
        self._rooms.seat(participant, visitor.client, protocol)

    def _welcome(
        self, visitor: Visitor, student: Participant, token: str | None, *, is_new: bool = False
    ) -> None:
        self._take_place(visitor, student)
        room, client = student.room, visitor.client
        is_current = student.protocol != ORIGINAL
        if is_current:
            joined = _joined(student, token)
        else:
            joined = Joined(student.id, room.number)
        client.emit("room/join", joined)
        if room.exercise:
            client.emit("exercise", TaskInOldForm(room.exercise))
        handout = room.handout
        if student.protocol >= BEYOND:
            if handout.tasks:
                client.emit("tasks/all", Tasks(handout.rev, handout.for_students))
        elif handout.steps:
            client.emit("steps/all", self._rooms.as_told(handout.steps))
        if room.settings is not None:
            client.emit("settings", room.settings)
        statuses = student.statuses_for(student.protocol)
        if statuses and not is_current:
            # The plugin reports its whole map by itself: without this, one that knows nothing.
            client.emit("steps/status/to_client", statuses)
        if is_current and not room.host.is_online:
            client.emit("message", sentence_for(student.protocol, TEACHER_AWAY))
        self._notices.welcome(student, is_new=is_new)
        self._updates.request(room)
        for welcome in self._welcomes:
            welcome(student)

    def _welcome_host(self, visitor: Visitor, room: Room, token: str | None) -> None:
        self._take_place(visitor, room.host)
        self._rooms.tell_students_sentence(room, TEACHER_BACK)
        self._rooms.tell_students(room, "sharing/end", NOTHING)
        room.watched.clear()
        for event, tasks in loaded(self._rooms, room):
            visitor.client.emit(event, tasks)
        self._notices.welcome(room.host, is_new=False)
        is_current = room.host.protocol != ORIGINAL
        self._updates.send(room, (token if is_current else None) or UNSET)
        for welcome in self._welcomes:
            welcome(room.host)

    def _warn_outdated(self, visitor: Visitor, version: str | None) -> None:
        if version is not None and is_outdated(version, self._plugin_version):
            told = (
                "You have an outdated version of the plugin. "
                f"Please install the latest version {self._plugin_version}"
            )
            notice = Alert(told, "WARNING", "outdated_plugin")
            alert(visitor.client, visitor.protocol, notice)


def _joined(student: Participant, token: str | None) -> Joined:
    room = student.room
    joined = Joined(
        student.id,
        room.number,
        student.name,
        student.statuses_for(student.protocol),
        token or UNSET,
        UNSET if student.signal == "NONE" else student.signal,
    )
    if student.protocol < BEYOND:
        return joined
    return structs.replace(
        joined,
        title=room.title,
        rules=room.rules_for(student.protocol),
        is_teacher_here=room.host.is_online,
    )


def _check_door(room: Room, name: str | None) -> None:
    """Raises Locked or Barred for a newcomer whom the teacher does not want."""
    if name in room.barred_names:
        raise Barred(room.number)
    if room.is_locked:
        raise Locked(room.number)


class _Telling:
    """Says why somebody is not let in also where original clients hear it."""

    # No generator: a whole class joins at once, and this costs a fifth.
    __slots__ = ("_visitor",)

    def __init__(self, visitor: Visitor) -> None:
        self._visitor = visitor

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        visitor = self._visitor
        if isinstance(error, Refused) and (
            not visitor.is_current or isinstance(error, _TOLD_TO_ALL)
        ):
            notice = Alert(str(error), "ERROR", _CODES.get(type(error), UNSET))
            alert(visitor.client, visitor.protocol, notice)


def _guest_name(room: Room) -> str:
    while True:
        name = "Guest" + "".join(secrets.choice("0123456789") for _ in range(10))
        if name not in room.names:
            return name
