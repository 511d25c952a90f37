"""What students have written: edits, chunks of older ones, and what else happened."""

import zlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Index,
    Integer,
    Label,
    Row,
    Select,
    Table,
    bindparam,
    column,
    delete,
    func,
    insert,
    select,
    table,
    update,
)

from quad.classroom.columns import AnyText
from quad.classroom.history.model import Chunk, Edit
from quad.store import Change, metadata
from quad.store.schema import TABLE_OPTIONS, LongBinary, LongText, ShortText, Timestamp

edits: Final = Table(
    "classroom_edits",
    metadata,
    Column("student_id", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    # Milliseconds since 1970.
    Column("at", BigInteger, nullable=False),
    Column("filename", ShortText(1000), nullable=False),
    Column("kind", ShortText(7), nullable=False),
    Column("start", Integer, nullable=False),
    Column("removed", Integer, nullable=False),
    Column("inserted", AnyText, nullable=False),
    # 0 or 1.
    Column("pasted", Integer, nullable=False),
    **TABLE_OPTIONS,
)

chunks: Final = Table(
    "classroom_chunks",
    metadata,
    Column("student_id", Integer, primary_key=True, autoincrement=False),
    Column("first_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("last_seq", BigInteger, nullable=False),
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    # JSON, deflated.
    Column("data", LongBinary, nullable=False),
    **TABLE_OPTIONS,
)

log: Final = Table(
    "classroom_log",
    metadata,
    Column("room", Integer, primary_key=True, autoincrement=False),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Timestamp, nullable=False),
    Column("user_id", Integer, nullable=False),
    Column("kind", ShortText(10), nullable=False),
    # JSON.
    Column("data", LongText, nullable=False),
    Index("ix_classroom_log_user_id", "user_id"),
    **TABLE_OPTIONS,
)

_participants: Final = table("classroom_participants", column("id"), column("room"))
_INSERT_EDIT: Final = insert(edits)
_MAKE_WHOLE: Final = update(edits).where(
    edits.c.student_id == bindparam("of_id"), edits.c.seq == bindparam("of_seq")
)
_INSERT_CHUNK: Final = insert(chunks)
_DELETE_EDITS: Final = delete(edits).where(
    edits.c.student_id == bindparam("of_id"), edits.c.seq <= bindparam("last")
)
_DELETE_CHUNKS: Final = delete(chunks).where(
    chunks.c.student_id == bindparam("of_id"), chunks.c.last_seq <= bindparam("last")
)
_INSERT_LOG: Final = insert(log)
DELETE_OF_STUDENT: Final = (
    delete(edits).where(edits.c.student_id == bindparam("of_id")),
    delete(chunks).where(chunks.c.student_id == bindparam("of_id")),
    delete(log).where(log.c.user_id == bindparam("of_id")),
)
_IDS_IN_ROOM: Final = select(_participants.c.id).where(_participants.c.room == bindparam("of_room"))
DELETE_OF_ROOM: Final = (
    delete(edits).where(edits.c.student_id.in_(_IDS_IN_ROOM)),
    delete(chunks).where(chunks.c.student_id.in_(_IDS_IN_ROOM)),
    delete(log).where(log.c.room == bindparam("of_room")),
)
"""To be executed while the participants are still there."""

_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Chunk).decode


def insert_edit(student_id: int, edit: Edit) -> Change:
    """Add an edit."""
    values = {**msgspec.structs.asdict(edit), "student_id": student_id, "pasted": int(edit.pasted)}
    return Change(_INSERT_EDIT, values)


def make_whole(student_id: int, seq: int, text: str) -> Change:
    """Let an edit be the whole text, because what it was a splice of is not kept."""
    values = {
        "of_id": student_id,
        "of_seq": seq,
        "kind": "whole",
        "start": 0,
        "removed": 0,
        "inserted": text,
    }
    return Change(_MAKE_WHOLE, values)


def encode_chunk(chunk: Chunk) -> bytes:
    """A chunk as it is kept."""
    return zlib.compress(_encode(chunk), 9)


def pack(student_id: int, chunk: Chunk, data: bytes) -> list[Change]:
    """Put a chunk, which was encoded, in place of its edits."""
    last = chunk.edits[-1].seq
    return [
        _insert_chunk(student_id, chunk, data, last),
        Change(_DELETE_EDITS, {"of_id": student_id, "last": last}),
    ]


def replace_chunks(student_id: int, chunk: Chunk, data: bytes, last_seq: int) -> list[Change]:
    """Put a chunk, which was encoded, in place of all up to a number."""
    return [
        Change(_DELETE_CHUNKS, {"of_id": student_id, "last": last_seq}),
        # The number counts on from the last one that was given, also if its edit is no more.
        _insert_chunk(student_id, chunk, data, last_seq),
    ]


def _insert_chunk(student_id: int, chunk: Chunk, data: bytes, last_seq: int) -> Change:
    first, last = chunk.edits[0], chunk.edits[-1]
    values = {
        "student_id": student_id,
        "first_seq": first.seq,
        "last_seq": last_seq,
        "first_at": first.at,
        "last_at": last.at,
        "data": data,
    }
    return Change(_INSERT_CHUNK, values)


def insert_mark(
    room: int, mark_id: int, at: datetime, user_id: int, kind: str, data: object
) -> Change:
    """Add something that happened."""
    values = {
        "room": room,
        "id": mark_id,
        "at": at,
        "user_id": user_id,
        "kind": kind,
        "data": _encode(data).decode(),
    }
    return Change(_INSERT_LOG, values)


def select_edits(student_id: int) -> Select[Any]:
    """The edits of a student that are in no chunk, in order."""
    return select(edits).where(edits.c.student_id == student_id).order_by(edits.c.seq)


def select_chunks(student_id: int, after: int = 0) -> Select[Any]:
    """A student's chunks that end after a number, in order."""
    return (
        select(chunks)
        .where(chunks.c.student_id == student_id, chunks.c.last_seq > after)
        .order_by(chunks.c.first_seq)
    )


def select_log(user_id: int) -> Select[Any]:
    """What happened with a participant, in order."""
    return select(log).where(log.c.user_id == user_id).order_by(log.c.id)


def last_mark_in(room: ColumnElement[int]) -> Label[int | None]:
    """`last_mark`, beside a room's columns: the id of what happened last in it, or none."""
    return select(func.max(log.c.id)).where(log.c.room == room).scalar_subquery().label("last_mark")


def kept_of(student_id: ColumnElement[int]) -> list[Label[Any]]:
    """What `traces_of` needs, beside a student's columns.

    A look into an index for each, whatever a database thinks of the size of these tables.
    """
    opened = edits.c.student_id == student_id
    packed = chunks.c.student_id == student_id
    found = {
        "last_open": select(func.max(edits.c.seq)).where(opened),
        "open_count": select(func.count()).select_from(edits).where(opened),
        "open_since": select(edits.c.at).where(opened).order_by(edits.c.seq).limit(1),
        "last_packed": select(func.max(chunks.c.last_seq)).where(packed),
        "packed_bytes": select(func.sum(func.length(chunks.c.data))).where(packed),
    }
    return [query.scalar_subquery().label(name) for name, query in found.items()]


def read_edits(rows: Iterable[Row[Any]]) -> list[Edit]:
    """The edits of `select_edits`."""
    return [
        Edit(
            row.seq,
            row.at,
            row.filename,
            row.kind,
            row.start,
            row.removed,
            row.inserted,
            bool(row.pasted),
        )
        for row in rows
    ]


def read_chunks(rows: Sequence[Row[Any]]) -> list[Chunk]:
    """The chunks of `select_chunks`."""
    return [_decode(zlib.decompress(row.data)) for row in rows]
