"""Teachers and their keys: a row for each, and every statement that reads or changes it.

A key that has no class is forgotten when nobody has used it for long, and its library with it.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
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

from quad.classroom.entering.secrets import Teacher
from quad.classroom.library import tables as library_tables
from quad.classroom.pictures import tables as picture_tables
from quad.classroom.tables import participants, rooms
from quad.store import Change, metadata
from quad.store.schema import TABLE_OPTIONS, ShortText, Timestamp

teachers: Final = Table(
    "classroom_teachers",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("key_hash", ShortText(64), nullable=False),
    Column("name", ShortText(100), nullable=False),
    # When the key was last used, to the day.
    Column("used_at", Timestamp, nullable=False),
    Index("ix_classroom_teachers_key_hash", "key_hash"),
    Index("ix_classroom_teachers_used_at", "used_at"),
    **TABLE_OPTIONS,
)

_HAS_CLASS: Final = exists().where(rooms.c.teacher_id == teachers.c.id)
_INSERT_TEACHER: Final = insert(teachers)
_UPDATE_TEACHER: Final = update(teachers).where(teachers.c.id == bindparam("of_id"))
_UPDATE_KEY: Final = _UPDATE_TEACHER.where(teachers.c.key_hash == bindparam("of_hash"))
_DELETE_TEACHER: Final = delete(teachers).where(
    teachers.c.id == bindparam("of_id"),
    teachers.c.used_at < bindparam("unused_since"),
    ~_HAS_CLASS,
)
_DELETE_SETS_OF_NOBODY: Final = tuple(
    delete(table).where(
        table.c.teacher_id == bindparam("of_id"),
        ~exists().where(teachers.c.id == table.c.teacher_id),
    )
    for table in (library_tables.sets, picture_tables.in_sets)
)


def insert_teacher(teacher: Teacher) -> Change:
    """Keep a new key."""
    return Change(_INSERT_TEACHER, teacher._asdict())


def keep_teacher_used(teacher_id: int, at: datetime) -> Change:
    """Keep when a key was last used."""
    return Change(_UPDATE_TEACHER, {"of_id": teacher_id, "used_at": at})


def keep_key(teacher_id: int, key_hash: str, old_hash: str | None, at: datetime) -> Change:
    """Keep a teacher's new key; with an `old_hash` only if that is still theirs."""
    values = {"of_id": teacher_id, "key_hash": key_hash, "used_at": at}
    if old_hash is None:
        return Change(_UPDATE_TEACHER, values)
    return Change(_UPDATE_KEY, values | {"of_hash": old_hash})


def delete_unused_teacher(teacher_id: int, before: datetime) -> list[Change]:
    """Forget a key that nobody has used since, unless it has got a class, and its library."""
    return [
        Change(_DELETE_TEACHER, {"of_id": teacher_id, "unused_since": before}),
        *(Change(statement, {"of_id": teacher_id}) for statement in _DELETE_SETS_OF_NOBODY),
    ]


def select_teacher_of(key_hash: str) -> Select[int, str, str, datetime]:
    """Whose key it is, one row or none: id, name, key_hash, used_at."""
    columns = teachers.c
    return select(columns.id, columns.name, columns.key_hash, columns.used_at).where(
        columns.key_hash == key_hash
    )


def select_key_hash(teacher_id: int) -> Select[str]:
    """The hash of a teacher's key, one row or none."""
    return select(teachers.c.key_hash).where(teachers.c.id == teacher_id)


def select_classes_of(teacher_id: int) -> Select[int, str, datetime, int]:
    """A teacher's classes, the newest first: number, title, created_at, how many students."""
    students = (
        select(func.count())
        .select_from(participants)
        .where(participants.c.room == rooms.c.number, participants.c.role == "client")
        .scalar_subquery()
    )
    columns = rooms.c
    return (
        select(columns.number, columns.title, columns.created_at, students)
        .where(columns.teacher_id == teacher_id)
        .order_by(columns.created_at.desc(), columns.number)
    )


def select_unused_teachers(before: datetime, limit: int) -> Select[int]:
    """The ids of teachers without a class whose keys nobody has used since; the longest first."""
    return (
        select(teachers.c.id)
        .where(teachers.c.used_at < before, ~_HAS_CLASS)
        .order_by(teachers.c.used_at, teachers.c.id)
        .limit(limit)
    )


def count_unused_teachers(before: datetime) -> Select[int]:
    """One number: how many keys without a class nobody has used since."""
    return (
        select(func.count()).select_from(teachers).where(teachers.c.used_at < before, ~_HAS_CLASS)
    )
