"""Private messages between the teacher and each student."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from msgspec import structs
from sqlalchemy import Row

from quad.classroom import tables
from quad.classroom.model import (
    ORIGINAL,
    CurrentMessage,
    Sent,
    check_text,
    in_words,
    make_message,
    message_for,
    utf8_size,
)
from quad.classroom.outgoing import History
from quad.classroom.quotas import Quotas
from quad.classroom.refusals import BadValue, WrongUser
from quad.classroom.rooms import Rooms
from quad.classroom.state import Participant
from quad.classroom.updates import RoomUpdates
from quad.client_keys import LIMIT_BYTES, is_too_long
from quad.realtime import Client
from quad.refusals import CannotSave
from quad.store import Conflict, OutcomeUnknown
from quad.store.ids import milliseconds_of

_HISTORY_LIMIT: Final = 5_000
# To give a message another number, if its own is taken: no other process should have given it.
_ATTEMPTS: Final = 5
# Somebody who writes without a pause keeps nobody from reading for ever.
_READS: Final = 5
# Of one sender; older ones are looked up in the database.
_KEYS_REMEMBERED: Final = 50


_Row = Row[int, int, datetime, str, str | None]


class Letter(NamedTuple):
    """A message before it is one; `student` is whose conversation it belongs to.

    `address` is the one that it comes from.
    """

    student: Participant
    sender: Participant
    receiver: Participant
    content: str
    key: str | None
    address: str


class Messages:
    """Sends messages and remembers them."""

    def __init__(
        self,
        rooms: Rooms,
        updates: RoomUpdates,
        quotas: Quotas,
        limit_bytes: int,
        now: Callable[[], datetime],
    ) -> None:
        self._rooms = rooms
        self._updates = updates
        self._quotas = quotas
        self._limit_bytes = limit_bytes
        self._now = now

    async def to_client(
        self, client: Client, room_id: int, user_id: int, content: str, key: str | None = None
    ) -> Sent | None:
        """The host writes to a student, who gets it now or reads it later.

        Returns what a current client is told; for a `key` that it has used before, the same again.
        """
        host = await self._rooms.host_in_turn(client, room_id)
        student = self._rooms.student_of(host, user_id)
        key = _checked(host, key)
        return await self._send(Letter(student, host, student, content, key, client.address))

    async def to_mentor(
        self, client: Client, room_id: int, content: str, key: str | None = None
    ) -> Sent | None:
        """A student writes to the host; returns as `to_client` does."""
        student = self._rooms.student(client, room_id)
        host = student.room.host
        key = _checked(student, key)
        return await self._send(Letter(student, student, host, content, key, client.address))

    def mark(self) -> int:
        """An id above those of all messages so far, and below those of all later ones."""
        return self._next_id(self._now())

    async def _send(self, letter: Letter) -> Sent | None:
        # As it is now: the sender may be somebody else's by the time this is saved.
        is_current = letter.sender.protocol != ORIGINAL
        if letter.key is None:
            sent = await self._send_once(letter)
        else:
            sent = await self._send_by_key(letter, letter.key)
        return sent if is_current else None

    async def _send_by_key(self, letter: Letter, key: str) -> Sent:
        sender = letter.sender
        if sender.sent is None:
            sender.sent = {}
        under_way = sender.sent.get(key)
        if under_way is not None:
            return await asyncio.shield(under_way)
        done = sender.sent[key] = asyncio.get_running_loop().create_future()
        try:
            sent = await self._send_once(letter)
        except BaseException as error:
            del sender.sent[key]
            # Whoever was cancelled may have been in the middle of the commit.
            told = error if isinstance(error, Exception) else CannotSave(OutcomeUnknown())
            done.set_exception(told)
            done.exception()  # it is no loss if nobody waits for it
            raise
        done.set_result(sent)
        if len(sender.sent) > _KEYS_REMEMBERED:
            _forget_first(sender.sent)
        return sent

    async def _send_once(self, letter: Letter) -> Sent:
        kept = await self._keep(letter)
        if isinstance(kept, Sent):
            return kept
        message = kept
        letter.student.last_told_id = message.id
        if letter.sender is letter.student:
            shown = message_for(letter.receiver.protocol, message)
            self._updates.tell_host(letter.student, "message/to_mentor", shown)
        elif letter.student.is_online:
            shown = message_for(letter.student.protocol, message)
            self._rooms.tell(letter.student, "message/to_client", shown)
        return Sent(message.id, message.at)

    async def _look_up(self, sender: Participant, key: str) -> Sent | None:
        found = await self._rooms.read(tables.select_sent(sender.id, key))
        return Sent(found[0][0], in_words(found[0][1])) if found else None

    async def send_history(self, client: Client, user_id: int, room_id: int | None) -> None:
        """Send the sender their messages with the teacher, or the teacher those with a student."""
        asker = self._rooms.member(client, room_id)
        if asker.role == "host":
            student = self._rooms.student_of(asker, user_id)
        elif asker.id == user_id:
            student = asker
        else:
            raise WrongUser(user_id)
        # What is on its way to the database reaches the asker before the history that holds it.
        await self._rooms.save()
        found = await self._read(student, asker.hidden_before)
        host_id = student.room.host.id
        messages: list[CurrentMessage] = []
        for number, sender, at, content, kept_key in reversed(found):
            receiver = student.id if sender == host_id else host_id
            message = make_message(number, sender, receiver, content, at)
            key = tables.decoded_key(kept_key) if sender == asker.id else None
            messages.append(message if key is None else structs.replace(message, key=key))
        shown = [message_for(asker.protocol, message) for message in messages]
        client.emit("message/user", History(user_id, shown))

    async def _read(self, student: Participant, after: int) -> Sequence[_Row]:
        """A conversation after an id, last first, with all that was told of it until now."""
        select = tables.select_messages(student.id, _HISTORY_LIMIT, after)
        for _ in range(_READS - 1):
            told_id = student.last_told_id
            found = await self._rooms.read(select)
            # Else something was saved and told since the database has looked.
            if student.last_told_id == told_id:
                return found
        return await self._rooms.read(select)

    async def _keep(self, letter: Letter) -> CurrentMessage | Sent:
        """The message, which is saved; or what was told of it before."""
        content, sender = letter.content, letter.sender
        check_text("content", content, self._limit_bytes)
        student = None if sender.role == "host" else sender
        self._quotas.keep(student, sender.room, utf8_size(content), letter.address)
        for _ in range(_ATTEMPTS):
            at = self._now()
            number = self._next_id(at)
            try:
                await self._rooms.save(
                    tables.insert_message(
                        letter.student.id, number, sender.id, at, content, letter.key
                    )
                )
            except Conflict:
                if letter.key is not None:
                    # Sent before, by a connection or a server that is no more? Asked in a task: the
                    # drivers of some databases need one, and this handler runs without.
                    asking = self._look_up(sender, letter.key)
                    sent = await asyncio.get_running_loop().create_task(asking)
                    if sent is not None:
                        return sent
                # An earlier message has this number.
                continue
            return make_message(number, sender.id, letter.receiver.id, content, at)
        raise CannotSave

    def _next_id(self, at: datetime) -> int:
        return self._rooms.message_ids.next_id(milliseconds_of(at))


def _checked(sender: Participant, key: str | None) -> str | None:
    # Original clients know no keys: a key of theirs is one of those that mean nothing.
    if key is None or sender.protocol == ORIGINAL:
        return None
    if is_too_long(key):
        raise BadValue("key", f"may not be longer than {LIMIT_BYTES} bytes")
    return key


def _forget_first(sent: dict[str, asyncio.Future[Sent]]) -> None:
    """Forget the oldest that is no longer under way."""
    for key, done in sent.items():
        if done.done():
            del sent[key]
            return
