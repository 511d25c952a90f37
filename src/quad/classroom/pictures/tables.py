"""The tables of pictures, and every statement that reads or changes them.

Which class and which set shows a picture is written in the transaction that changes their tasks, so
that a picture goes when nothing shows it any more, and never before. It goes later, by the clock of
retention: a teacher may take a picture out and put it in again.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    Select,
    Table,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)

from quad.store import Change, metadata, upsert
from quad.store.schema import TABLE_OPTIONS, LongBinary, ShortText, Timestamp

pictures: Final = Table(
    "classroom_pictures",
    metadata,
    Column("id", ShortText(32), primary_key=True),
    Column("teacher_id", BigInteger, nullable=False),
    # Of the content: a teacher has each picture once.
    Column("hash", ShortText(64), nullable=False),
    Column("size_bytes", Integer, nullable=False),
    # When it was last known to be shown, to the day; or when it came.
    Column("used_at", Timestamp, nullable=False),
    Index("ix_classroom_pictures_teacher_id_hash", "teacher_id", "hash", unique=True),
    Index("ix_classroom_pictures_used_at", "used_at"),
    **TABLE_OPTIONS,
)

# Apart, because SQLite writes a row anew when any of it changes.
contents: Final = Table(
    "classroom_picture_contents",
    metadata,
    Column("picture_id", ShortText(32), primary_key=True),
    Column("content", LongBinary, nullable=False),
    **TABLE_OPTIONS,
)

in_rooms: Final = Table(
    "classroom_pictures_in_rooms",
    metadata,
    Column("room", Integer, primary_key=True, autoincrement=False),
    Column("picture_id", ShortText(32), primary_key=True),
    Index("ix_classroom_pictures_in_rooms_picture_id", "picture_id"),
    **TABLE_OPTIONS,
)

in_sets: Final = Table(
    "classroom_pictures_in_sets",
    metadata,
    Column("teacher_id", BigInteger, primary_key=True, autoincrement=False),
    Column("set_id", ShortText(36), primary_key=True),
    Column("picture_id", ShortText(32), primary_key=True),
    Index("ix_classroom_pictures_in_sets_picture_id", "picture_id"),
    **TABLE_OPTIONS,
)

_IS_SHOWN: Final = (
    exists().where(in_rooms.c.picture_id == pictures.c.id)
    | exists().where(in_sets.c.picture_id == pictures.c.id)
)  # fmt: skip
_INSERT: Final = insert(pictures)
_INSERT_CONTENT: Final = insert(contents)
_SHOW_IN_ROOM: Final = upsert(in_rooms, key=["room", "picture_id"], update=[])
_SHOW_IN_SET: Final = upsert(in_sets, key=["teacher_id", "set_id", "picture_id"], update=[])
_NOTE_SHOWN: Final = (
    update(pictures).where(pictures.c.used_at < bindparam("noted_before"), _IS_SHOWN)
)  # fmt: skip
_NOTE_USED: Final = update(pictures).where(pictures.c.id == bindparam("of_id"))
_DELETE: Final = delete(pictures).where(
    pictures.c.id == bindparam("of_id"), pictures.c.used_at < bindparam("unused_since"), ~_IS_SHOWN
)
_DELETE_CONTENT: Final = delete(contents).where(
    contents.c.picture_id == bindparam("of_id"),
    ~exists().where(pictures.c.id == contents.c.picture_id),
)
DELETE_OF_ROOM: Final = delete(in_rooms).where(in_rooms.c.room == bindparam("of_room"))
"""A room shows no picture any more."""
_DELETE_OF_SET: Final = delete(in_sets).where(
    in_sets.c.teacher_id == bindparam("of_teacher"), in_sets.c.set_id == bindparam("of_set")
)


class Picture(NamedTuple):
    """A row; `size_bytes` is how much it counts."""

    id: str
    teacher_id: int
    hash: str
    size_bytes: int
    used_at: datetime


def insert_picture(picture: Picture, content: bytes) -> list[Change]:
    """Keep a picture; conflicts if the teacher has it already."""
    return [
        Change(_INSERT, picture._asdict()),
        Change(_INSERT_CONTENT, {"picture_id": picture.id, "content": content}),
    ]


def keep_used(picture_id: str, at: datetime) -> Change:
    """Keep that a picture is of use at this time."""
    return Change(_NOTE_USED, {"of_id": picture_id, "used_at": at})


def show_in_room(room: int, ids: Iterable[str]) -> list[Change]:
    """A room shows these pictures, and no others any more."""
    shown = [Change(_SHOW_IN_ROOM, {"room": room, "picture_id": each}) for each in ids]
    return [Change(DELETE_OF_ROOM, {"of_room": room}), *shown]


def show_in_set(teacher_id: int, set_id: str, ids: Iterable[str]) -> list[Change]:
    """A set shows these pictures, and no others any more."""
    of_set = {"teacher_id": teacher_id, "set_id": set_id}
    return [
        Change(_DELETE_OF_SET, {"of_teacher": teacher_id, "of_set": set_id}),
        *(Change(_SHOW_IN_SET, {**of_set, "picture_id": each}) for each in ids),
    ]


def note_shown(at: datetime, each: timedelta) -> Change:
    """Keep that pictures are shown at this time, where that was not noted for so long."""
    return Change(_NOTE_SHOWN, {"used_at": at, "noted_before": at - each})


def delete_unused(picture_id: str, before: datetime) -> list[Change]:
    """Forget a picture that nothing shows, and has not since."""
    return [
        Change(_DELETE, {"of_id": picture_id, "unused_since": before}),
        Change(_DELETE_CONTENT, {"of_id": picture_id}),
    ]


def select_content(picture_id: str) -> Select[bytes]:
    """One row, or none."""
    return select(contents.c.content).where(contents.c.picture_id == picture_id)


def select_contents(ids: Sequence[str]) -> Select[str, bytes]:
    """Those of these pictures that there are: id and content."""
    columns = contents.c
    return select(columns.picture_id, columns.content).where(columns.picture_id.in_(ids))


def select_existing(ids: Sequence[str]) -> Select[str]:
    """Those of these ids that are a picture's."""
    return select(pictures.c.id).where(pictures.c.id.in_(ids))


def select_sizes(ids: Sequence[str]) -> Select[int]:
    """How large these pictures are, together."""
    return select(func.coalesce(func.sum(pictures.c.size_bytes), 0)).where(pictures.c.id.in_(ids))


def select_kept(teacher_id: int, hashes: Sequence[str]) -> Select[str, str]:
    """Those of these contents that a teacher has already: hash and id."""
    columns = pictures.c
    return select(columns.hash, columns.id).where(
        columns.teacher_id == teacher_id, columns.hash.in_(hashes)
    )


def select_total(teacher_id: int) -> Select[Any]:
    """How much a teacher's pictures count together: total."""
    return select(func.coalesce(func.sum(pictures.c.size_bytes), 0).label("total")).where(
        pictures.c.teacher_id == teacher_id
    )


def select_unused(before: datetime, limit: int) -> Select[str]:
    """The ids of pictures that nothing shows, and has not since."""
    return (
        select(pictures.c.id)
        .where(pictures.c.used_at < before, ~_IS_SHOWN)
        .order_by(pictures.c.used_at, pictures.c.id)
        .limit(limit)
    )


def count_unused(before: datetime) -> Select[int]:
    """One number: how many pictures nothing shows, and has not since."""
    return select(func.count()).select_from(pictures).where(pictures.c.used_at < before, ~_IS_SHOWN)
