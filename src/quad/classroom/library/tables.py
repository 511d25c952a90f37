"""The table of sets of tasks, and every statement that reads or changes it."""

from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    Select,
    Table,
    bindparam,
    delete,
    func,
    select,
)

from quad.classroom.tasks.model import Task
from quad.store import Change, metadata, upsert
from quad.store.schema import TABLE_OPTIONS, LongText, ShortText, Timestamp

sets: Final = Table(
    "classroom_sets",
    metadata,
    # Whose key it belongs to, and what its owner calls it.
    Column("teacher_id", BigInteger, primary_key=True, autoincrement=False),
    Column("id", ShortText(36), primary_key=True),
    Column("title", ShortText(100), nullable=False),
    # JSON, how many they are, and how long that is.
    Column("tasks", LongText, nullable=False),
    Column("task_count", Integer, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("updated_at", Timestamp, nullable=False),
    **TABLE_OPTIONS,
)

_UPSERT: Final = upsert(
    sets,
    key=["teacher_id", "id"],
    update=["title", "tasks", "task_count", "size_bytes", "updated_at"],
)
_DELETE: Final = delete(sets).where(
    sets.c.teacher_id == bindparam("of_teacher"), sets.c.id == bindparam("of_id")
)
_decode_tasks: Final = msgspec.json.Decoder(list[Task]).decode


class KeptSet(NamedTuple):
    """A row: `tasks` are JSON, of `size_bytes`."""

    teacher_id: int
    id: str
    title: str
    tasks: str
    task_count: int
    size_bytes: int
    updated_at: datetime


def keep_set(kept: KeptSet) -> Change:
    """Keep a set of tasks in place of one that had this id."""
    return Change(_UPSERT, kept._asdict())


def delete_set(teacher_id: int, set_id: str) -> Change:
    """Forget a set of tasks."""
    return Change(_DELETE, {"of_teacher": teacher_id, "of_id": set_id})


def select_sets(teacher_id: int) -> Select[str, str, int, datetime]:
    """A teacher's sets, the newest first: id, title, task_count, updated_at."""
    columns = sets.c
    return (
        select(columns.id, columns.title, columns.task_count, columns.updated_at)
        .where(columns.teacher_id == teacher_id)
        .order_by(columns.updated_at.desc(), columns.id)
    )


def select_set(teacher_id: int, set_id: str) -> Select[Any]:
    """One row, or none."""
    return select(sets).where(sets.c.teacher_id == teacher_id, sets.c.id == set_id)


def select_room_for(teacher_id: int, set_id: str) -> Select[Any]:
    """How many sets a teacher has but for this one, and how large they are: sets, size_bytes."""
    return select(
        func.count().label("sets"),
        func.coalesce(func.sum(sets.c.size_bytes), 0).label("size_bytes"),
    ).where(sets.c.teacher_id == teacher_id, sets.c.id != set_id)


def decoded_tasks(text: str) -> list[Task]:
    """Tasks from what was kept."""
    return _decode_tasks(text)
