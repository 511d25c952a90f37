"""What the teacher tells the whole class, and whoever comes later.

Students of protocols 1 and 2 know no notices: to them each is a message of the teacher's, also in
their history. Who comes for the first time hears the last ones as such; who comes back has them in
the history, as all messages that came meanwhile.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from quad.classroom.model import (
    BEYOND,
    CurrentMessage,
    Message,
    Notice,
    Sent,
    check_text,
    in_words,
    make_message,
    message_for,
    utf8_size,
)
from quad.classroom.notices import tables
from quad.classroom.quotas import Quotas
from quad.classroom.rooms import Rooms, beyond
from quad.classroom.sending import Kept, Sending, checked_key, once
from quad.classroom.state import Participant
from quad.realtime import Client
from quad.store import Change

_HISTORY_LIMIT: Final = 1_000


class Notices:
    """Sends notices and remembers them."""

    def __init__(self, rooms: Rooms, sending: Sending, quotas: Quotas, limit_bytes: int) -> None:
        self._rooms = rooms
        self._sending = sending
        self._quotas = quotas
        self._limit_bytes = limit_bytes

    async def send(self, client: Client, room_id: int | None, content: str, key: str) -> Sent:
        """The host tells the class something; for a `key` used before, the answer is the same.

        Raises ProtocolNeeded, BadValue, QuotaReached, CannotSave.
        """
        host = beyond(await self._rooms.host_in_turn(client, room_id))
        checked_key(host, key)

        async def send() -> Sent:
            return await self._send_once(host, content, key, client.address)

        return await once(host.room.sent_notices, key, send)

    async def _send_once(self, host: Participant, content: str, key: str, address: str) -> Sent:
        check_text("content", content, self._limit_bytes)
        room = host.room
        self._quotas.keep(None, room, utf8_size(content), address)

        async def look_up() -> Sent | None:
            found = await self._rooms.read(tables.select_sent(host.id, key))
            return Sent(found[0][0], in_words(found[0][1])) if found else None

        def changes(new: Kept) -> list[Change]:
            insertion = tables.insert_notice(room.number, new.id, host.id, new.at, content, key)
            return [insertion]

        kept = await self._sending.keep(changes, look_up)
        if isinstance(kept, Kept):
            self._tell(host, Notice(kept.id, host.id, content, in_words(kept.at)))
            return Sent(kept.id, in_words(kept.at))
        return kept

    def _tell(self, host: Participant, notice: Notice) -> None:
        room = host.room
        room.notices.append(notice)
        self._rooms.tell_students_beyond(room, "notice", notice)
        for student in room.students.values():
            if student.is_online and _hears_messages(student):
                self._rooms.tell(student, "message/to_client", _message_to(student, notice))

    def welcome(self, participant: Participant, *, is_new: bool) -> None:
        """Tell whoever comes in the last notices, which they may have missed."""
        if participant.protocol >= BEYOND:
            for notice in participant.room.notices:
                self._rooms.tell(participant, "notice", notice)
        elif is_new:
            for notice in participant.room.notices:
                self._rooms.tell(participant, "message/to_client", _message_to(participant, notice))

    async def read_for(self, asker: Participant) -> Sequence[Notice]:
        """The notices that are messages to who asks for their history: none for most."""
        room = asker.room
        if not _hears_messages(asker) or not room.notices:
            return ()
        query = tables.select_notices(room.number, _HISTORY_LIMIT, asker.hidden_before)
        return tables.read_notices(await self._rooms.read(query))


def among(
    asker: Participant, messages: list[CurrentMessage], kept: Iterable[Notice]
) -> list[CurrentMessage]:
    """Messages and notices to who asks, each once, in order; `kept` are those of `read_for`.

    Also those that were told since the database has looked.
    """
    if not _hears_messages(asker):
        return messages
    found = {message.id: message for message in messages}
    for notice in (*kept, *asker.room.notices):
        if notice.id > asker.hidden_before:
            found[notice.id] = _as_message(asker, notice)
    return [found[number] for number in sorted(found)]


def _hears_messages(participant: Participant) -> bool:
    return participant.role == "client" and participant.protocol < BEYOND


def _as_message(student: Participant, notice: Notice) -> CurrentMessage:
    at = datetime.fromisoformat(notice.at)
    return make_message(notice.id, notice.sender, student.id, notice.content, at)


def _message_to(student: Participant, notice: Notice) -> Message:
    return message_for(student.protocol, _as_message(student, notice))
