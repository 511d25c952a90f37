"""Alert's tables, and every statement that reads or changes them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    Row,
    Select,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
)

from quad.alert.model import NAME_LIMIT, ROOM_LIMIT, Message
from quad.client_keys import LIMIT_BYTES
from quad.store import TABLE_OPTIONS, Change, LongText, ShortText, Timestamp, metadata, upsert

# Upper case may be longer than what was typed: three letters for one, at most.
_SHOWN_NAME_LIMIT: Final = 3 * NAME_LIMIT

rooms: Final = Table(
    "alert_rooms",
    metadata,
    # The code without case, and as it was first written.
    Column("room", ShortText(ROOM_LIMIT), primary_key=True),
    Column("code", ShortText(ROOM_LIMIT), nullable=False),
    **TABLE_OPTIONS,
)

messages: Final = Table(
    "alert_messages",
    metadata,
    Column("room", ShortText(ROOM_LIMIT), primary_key=True),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", ShortText(_SHOWN_NAME_LIMIT), nullable=False),
    Column("text", LongText, nullable=False),
    Column("at", Timestamp, nullable=False),
    **TABLE_OPTIONS,
)

sent: Final = Table(
    "alert_sent",
    metadata,
    Column("room", ShortText(ROOM_LIMIT), primary_key=True),
    Column("name", ShortText(_SHOWN_NAME_LIMIT), primary_key=True),
    Column("key", ShortText(LIMIT_BYTES), primary_key=True),
    Column("id", BigInteger, nullable=False),
    Column("text", LongText, nullable=False),
    Column("at", Timestamp, nullable=False),
    **TABLE_OPTIONS,
)
"""What was said under a key of the sender's, for as long as a repetition counts as the same."""

people: Final = Table(
    "alert_people",
    metadata,
    Column("room", ShortText(ROOM_LIMIT), primary_key=True),
    Column("name", ShortText(_SHOWN_NAME_LIMIT), primary_key=True),
    # They were certainly told everything up to this id.
    Column("told_id", BigInteger, nullable=False),
    Column("connections", Integer, nullable=False),
    **TABLE_OPTIONS,
)
"""Who is present, so that a restart is a silence and not a goodbye."""

_KEEP_ROOM: Final = upsert(rooms, key=["room"], update=[])
_INSERT_MESSAGE: Final = insert(messages)
_DELETE_MESSAGES: Final = delete(messages).where(
    messages.c.room == bindparam("of_room"), messages.c.id < bindparam("before")
)
_DELETE_MESSAGE: Final = delete(messages).where(
    messages.c.room == bindparam("of_room"), messages.c.id == bindparam("of_id")
)
_INSERT_SENT: Final = insert(sent)
_DELETE_SENT: Final = delete(sent).where(sent.c.at < bindparam("before"))
_KEEP_PERSON: Final = upsert(people, key=["room", "name"], update=["told_id", "connections"])
_DELETE_PERSON: Final = delete(people).where(
    people.c.room == bindparam("of_room"), people.c.name == bindparam("of_name")
)


class Presence(Struct, frozen=True):
    """Somebody who was present when this was saved."""

    room: str
    name: str
    told_id: int
    connections: int


# Rooms


def keep_room(room: str, code: str) -> Change:
    """Keep how a room's code was written, if that is not known yet."""
    return Change(_KEEP_ROOM, {"room": room, "code": code})


def select_code(room: str) -> Select[str]:
    """How a room's code was first written: one row, or none."""
    return select(rooms.c.code).where(rooms.c.room == room)


def delete_empty_rooms(kept: Sequence[str]) -> Change:
    """Forget the codes of rooms without messages and people, but for these."""
    statement = delete(rooms).where(
        rooms.c.room.not_in(select(messages.c.room)),
        rooms.c.room.not_in(select(people.c.room)),
        rooms.c.room.not_in(kept),
    )
    return Change(statement)


# Messages


def insert_message(room: str, message: Message) -> Change:
    """Keep a message."""
    values = {
        "room": room,
        "id": message.id,
        "name": message.name,
        "text": message.text,
        "at": message.at,
    }
    return Change(_INSERT_MESSAGE, values)


def delete_messages(room: str, before: int) -> Change:
    """Forget what was said before this id."""
    return Change(_DELETE_MESSAGES, {"of_room": room, "before": before})


def select_messages(room: str, limit: int) -> Select[int, str, str, datetime]:
    """The latest messages of a room, last first."""
    columns = messages.c
    return (
        select(columns.id, columns.name, columns.text, columns.at)
        .where(columns.room == room)
        .order_by(columns.id.desc())
        .limit(limit)
    )


def read_messages(rows: Iterable[Row[Any]]) -> list[Message]:
    """The messages of `select_messages`, in the order given."""
    return [Message(row.id, row.name, row.text, row.at) for row in rows]


def count_old_messages(before: datetime) -> Select[int]:
    """How many messages were said before a moment."""
    return select(func.count()).select_from(messages).where(messages.c.at < before)


def select_old_messages(before: datetime, limit: int) -> Select[str, int]:
    """Some of them: room and id."""
    return select(messages.c.room, messages.c.id).where(messages.c.at < before).limit(limit)


def delete_message(room: str, id: int) -> Change:
    """Forget one message."""
    return Change(_DELETE_MESSAGE, {"of_room": room, "of_id": id})


# Keys of senders


def insert_sent(room: str, message: Message, key: str) -> Change:
    """Remember under which key something was said; conflicts if the key was used before."""
    values = {
        "room": room,
        "name": message.name,
        "key": key,
        "id": message.id,
        "text": message.text,
        "at": message.at,
    }
    return Change(_INSERT_SENT, values)


def select_sent(room: str, name: str, key: str) -> Select[int, str, str, datetime]:
    """What was said under a key: one row as of `select_messages`, or none."""
    columns = sent.c
    return select(columns.id, columns.name, columns.text, columns.at).where(
        columns.room == room, columns.name == name, columns.key == key
    )


def delete_sent(before: datetime) -> Change:
    """Forget the keys of what was said before a moment."""
    return Change(_DELETE_SENT, {"before": before})


# People


def keep_person(presence: Presence) -> Change:
    """Keep who is present, and what they were told."""
    values = {
        "room": presence.room,
        "name": presence.name,
        "told_id": presence.told_id,
        "connections": presence.connections,
    }
    return Change(_KEEP_PERSON, values, key=("alert_people", presence.room, presence.name))


def delete_person(room: str, name: str) -> Change:
    """They are not present any more."""
    values = {"of_room": room, "of_name": name}
    return Change(_DELETE_PERSON, values, key=("alert_people", room, name))


def select_people() -> Select[str, str, str | None, int, int]:
    """Everybody who was present, with the code of the room."""
    columns = people.c
    return (
        select(columns.room, columns.name, rooms.c.code, columns.told_id, columns.connections)
        .outerjoin(rooms, rooms.c.room == columns.room)
        .order_by(columns.room, columns.name)
    )


# The key of sessions
