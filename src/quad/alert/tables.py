"""Alert's tables, and every statement that reads or changes them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    Row,
    Select,
    Table,
    bindparam,
    delete,
    insert,
    select,
)

from quad.alert.model import NAME_LIMIT, ROOM_LIMIT, Message
from quad.store import TABLE_OPTIONS, Change, LongText, ShortText, Timestamp, metadata

# Upper case may be longer than what was typed: three letters for one, at most.
_SHOWN_NAME_LIMIT: Final = 3 * NAME_LIMIT

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

keys: Final = Table(
    "alert_keys",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("key", ShortText(64), nullable=False),
    **TABLE_OPTIONS,
)
"""One row: what sessions are signed with, the same for every node."""

_KEY_ID: Final = 1

_INSERT_MESSAGE: Final = insert(messages)
_DELETE_MESSAGES: Final = delete(messages).where(
    messages.c.room == bindparam("of_room"), messages.c.id < bindparam("before")
)
_INSERT_KEY: Final = insert(keys)


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


def insert_key(key: str) -> Change:
    """Keep the key; conflicts if there is one."""
    return Change(_INSERT_KEY, {"id": _KEY_ID, "key": key})


def select_key() -> Select[str]:
    """One row, or none."""
    return select(keys.c.key).where(keys.c.id == _KEY_ID)
