"""Private messages between the teacher and each student."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from msgspec import structs
from sqlalchemy import Row

from quad.classroom import tables
from quad.classroom.columns import decoded_key
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
from quad.classroom.notices.notices import Notices, among
from quad.classroom.outgoing import History
from quad.classroom.quotas import Quotas
from quad.classroom.refusals import WrongUser
from quad.classroom.rooms import Rooms
from quad.classroom.sending import Kept, Sending, checked_key, once
from quad.classroom.state import Participant
from quad.classroom.updates import RoomUpdates
from quad.realtime import Client
from quad.store import Change

_HISTORY_LIMIT: Final = 5_000
# Somebody who writes without a pause keeps nobody from reading for ever.
_READS: Final = 5

_Row = Row[int, int, datetime, str, str | None]


class Letter(NamedTuple):
    """A message before it is one; `student` is whose conversation it belongs to.

    `address` is the one that it comes from; the `changes` are saved with it, or neither is.
    """

    student: Participant
    sender: Participant
    receiver: Participant
    content: str
    key: str | None
    address: str
    changes: Sequence[Change] = ()


class Messages:
    """Sends messages and remembers them."""

    def __init__(
        self,
        rooms: Rooms,
        updates: RoomUpdates,
        quotas: Quotas,
        limit_bytes: int,
        sending: Sending,
        notices: Notices,
    ) -> None:
        self._rooms = rooms
        self._updates = updates
        self._quotas = quotas
        self._limit_bytes = limit_bytes
        self._sending = sending
        self._notices = notices

    async def to_client(
        self, client: Client, room_id: int, user_id: int, content: str, key: str | None = None
    ) -> Sent | None:
        """The host writes to a student, who gets it now or reads it later.

        Returns what a current client is told; for a `key` that it has used before, the same again.
        """
        host = await self._rooms.host_in_turn(client, room_id)
        student = self._rooms.student_of(host, user_id)
        key = checked_key(host, key)
        return await self._send(Letter(student, host, student, content, key, client.address))

    async def to_mentor(
        self, client: Client, room_id: int, content: str, key: str | None = None
    ) -> Sent | None:
        """A student writes to the host; returns as `to_client` does."""
        student = self._rooms.student(client, room_id)
        host = student.room.host
        key = checked_key(student, key)
        return await self._send(Letter(student, student, host, content, key, client.address))

    async def _send(self, letter: Letter) -> Sent | None:
        # As it is now: the sender may be somebody else's by the time this is saved.
        is_current = letter.sender.protocol != ORIGINAL
        if letter.key is None:
            sent = await self._send_once(letter)
        else:
            if letter.sender.sent is None:
                letter.sender.sent = {}
            sent = await once(letter.sender.sent, letter.key, lambda: self._send_once(letter))
        return sent if is_current else None

    async def _send_once(self, letter: Letter) -> Sent:
        kept = await self.keep(letter)
        if isinstance(kept, Sent):
            return kept
        self.tell(letter, kept)
        return Sent(kept.id, kept.at)

    def tell(self, letter: Letter, message: CurrentMessage) -> None:
        """Give a letter that is kept to its receiver, if they are online."""
        letter.student.last_told_id = message.id
        if letter.sender is letter.student:
            shown = message_for(letter.receiver.protocol, message)
            self._updates.tell_host(letter.student, "message/to_mentor", shown)
        elif letter.student.is_online:
            shown = message_for(letter.student.protocol, message)
            self._rooms.tell(letter.student, "message/to_client", shown)

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
        # First: what is said while the messages are read is found among them.
        notices = await self._notices.read_for(asker)
        found = await self._read(student, asker.hidden_before)
        host_id = student.room.host.id
        messages: list[CurrentMessage] = []
        for number, sender, at, content, kept_key in reversed(found):
            receiver = student.id if sender == host_id else host_id
            message = make_message(number, sender, receiver, content, at)
            key = decoded_key(kept_key) if sender == asker.id else None
            messages.append(message if key is None else structs.replace(message, key=key))
        messages = among(asker, messages, notices)
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

    async def keep(self, letter: Letter) -> CurrentMessage | Sent:
        """The message, which is saved; or what was told of it before.

        Raises BadValue, QuotaReached, CannotSave.
        """
        content, sender, key = letter.content, letter.sender, letter.key
        check_text("content", content, self._limit_bytes)
        student = None if sender.role == "host" else sender
        self._quotas.keep(student, sender.room, utf8_size(content), letter.address)

        async def look_up() -> Sent | None:
            assert key is not None
            found = await self._rooms.read(tables.select_sent(sender.id, key))
            return Sent(found[0][0], in_words(found[0][1])) if found else None

        def changes(new: Kept) -> list[Change]:
            student_id = letter.student.id
            insertion = tables.insert_message(student_id, new.id, sender.id, new.at, content, key)
            return [insertion, *letter.changes]

        kept = await self._sending.keep(changes, None if key is None else look_up)
        if isinstance(kept, Sent):
            return kept
        return make_message(kept.id, sender.id, letter.receiver.id, content, kept.at)
