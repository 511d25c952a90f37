"""The table of notices, and every statement that reads or changes it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    Row,
    Select,
    Table,
    bindparam,
    delete,
    insert,
    select,
)

from quad.classroom.columns import AnyText, kept_key
from quad.classroom.model import NOTICES, Notice, in_words
from quad.store import Change, metadata
from quad.store.schema import TABLE_OPTIONS, ShortText, Timestamp

notices: Final = Table(
    "classroom_notices",
    metadata,
    Column("room", Integer, primary_key=True, autoincrement=False),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("sender", Integer, nullable=False),
    Column("at", Timestamp, nullable=False),
    Column("content", AnyText, nullable=False),
    # What the sender calls it, as in `classroom_messages`.
    Column("client_key", ShortText(128), nullable=False),
    Index("ix_classroom_notices_sender_client_key", "sender", "client_key", unique=True),
    **TABLE_OPTIONS,
)

_INSERT: Final = insert(notices)
DELETE_OF_ROOM: Final = delete(notices).where(notices.c.room == bindparam("of_room"))
"""Forgets all notices of a room."""


def insert_notice(
    room: int, notice_id: int, sender: int, at: datetime, content: str, key: str
) -> Change:
    """Add a notice to a room; conflicts if the sender has sent one with this key."""
    values = {
        "room": room,
        "id": notice_id,
        "sender": sender,
        "at": at,
        "content": content,
        "client_key": kept_key(key),
    }
    return Change(_INSERT, values)


SELECT_LAST_NOTICES: Final = (
    select(notices.c.id, notices.c.sender, notices.c.at, notices.c.content)
    .where(notices.c.room == bindparam("of_room"))
    .order_by(notices.c.id.desc())
    .limit(NOTICES)
)
"""Those that whoever comes in is told, the last first; for `read_notices`."""


def select_notices(room: int, limit: int, after: int = 0) -> Select[Any]:
    """The latest notices of a room after an id, last first: id, sender, at, content."""
    columns = notices.c
    return (
        select(columns.id, columns.sender, columns.at, columns.content)
        .where(columns.room == room, columns.id > after)
        .order_by(columns.id.desc())
        .limit(limit)
    )


def select_sent(sender: int, key: str) -> Select[int, datetime]:
    """The notice that a sender has sent under a key, or none: id, at."""
    columns = notices.c
    return select(columns.id, columns.at).where(
        columns.sender == sender, columns.client_key == kept_key(key)
    )


def read_notices(rows: Iterable[Row[Any]]) -> list[Notice]:
    """The notices of `select_notices`, the oldest first."""
    found = [Notice(row.id, row.sender, row.content, in_words(row.at)) for row in rows]
    return found[::-1]
