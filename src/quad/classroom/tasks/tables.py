"""The table of tasks with ids, and every statement that reads or changes it.

A room has a row once tasks were set. The row says how often; the tasks themselves are there only if
a teacher of protocol 3 has set them, else they are the steps of the room.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Column, Integer, Row, Table, bindparam, delete

from quad.classroom.model import Step
from quad.classroom.tasks.model import Task
from quad.classroom.tasks.translating import Handout, of_steps, of_tasks
from quad.store import Change, metadata, upsert
from quad.store.schema import TABLE_OPTIONS, LongText

tasks: Final = Table(
    "classroom_tasks",
    metadata,
    Column("room", Integer, primary_key=True, autoincrement=False),
    Column("rev", Integer, nullable=False),
    # JSON: the tasks, and the ids of those whose solution students see.
    Column("tasks", LongText),
    Column("revealed", LongText, nullable=False),
    **TABLE_OPTIONS,
)

_UPSERT: Final = upsert(tasks, key=["room"], update=["rev", "tasks", "revealed"])
DELETE_OF_ROOM: Final = delete(tasks).where(tasks.c.room == bindparam("of_room"))
"""Forgets the tasks of a room."""

_encode: Final = msgspec.json.Encoder().encode
_decode_tasks: Final = msgspec.json.Decoder(list[Task]).decode
_decode_ids: Final = msgspec.json.Decoder(frozenset[str]).decode


def keep_tasks(room: int, handout: Handout) -> Change:
    """Keep the tasks of a room; those that are steps are kept with the room."""
    values = {
        "room": room,
        "rev": handout.rev,
        "tasks": encoded_tasks(handout.tasks) if handout.is_by_place else None,
        "revealed": _encode(sorted(handout.revealed)).decode(),
    }
    return Change(_UPSERT, values, ("classroom-tasks", room))


def read_handout(row: Row[Any], steps: list[Step]) -> Handout:
    """What was handed out: from a room's steps, and these columns, which are its row's if it has
    none here.
    """
    if row.rev is None:
        return of_steps(0, steps)
    if row.tasks is None:
        return of_steps(row.rev, steps)
    return of_tasks(row.rev, _decode_tasks(row.tasks), _decode_ids(row.revealed))


def encoded_tasks(given: Sequence[Task]) -> str:
    """Tasks as they are kept, in JSON: U+0000 is written with a backslash there."""
    return _encode(given).decode()
