"""Where students stand in the queue for help: a row for each who has ever called.

Beside the student's other rows, and gone with them.
"""

from typing import Any, Final

from sqlalchemy import Column, Index, Integer, Row, Table, bindparam, delete, select

from quad.classroom.columns import AnyText
from quad.classroom.helping.queue import Call, Standing
from quad.store import Change, metadata, upsert
from quad.store.schema import TABLE_OPTIONS, ShortText, Timestamp

helps: Final = Table(
    "classroom_helps",
    metadata,
    Column("student_id", Integer, primary_key=True, autoincrement=False),
    Column("room", Integer, nullable=False),
    # How often they were helped.
    Column("helped", Integer, nullable=False),
    # Of the call: none without `since`.
    Column("since", Timestamp),
    Column("task", ShortText(36)),
    Column("note", AnyText, nullable=False),
    # 0 or 1.
    Column("is_paused", Integer, nullable=False),
    Column("helper", Integer),
    Column("taken_at", Timestamp),
    Index("ix_classroom_helps_room", "room"),
    **TABLE_OPTIONS,
)

_KEPT: Final = ("helped", "since", "task", "note", "is_paused", "helper", "taken_at")
_UPSERT: Final = upsert(helps, key=["student_id"], update=_KEPT)
SELECT_STANDINGS: Final = select(helps).where(helps.c.room == bindparam("of_room"))
"""Everybody in a room who has ever called; for `read_standing`."""
DELETE_OF_STUDENT: Final = delete(helps).where(helps.c.student_id == bindparam("of_id"))
DELETE_OF_ROOM: Final = delete(helps).where(helps.c.room == bindparam("of_room"))


def keep_standing(room: int, student_id: int, standing: Standing) -> Change:
    """Keep where a student stands."""
    call = standing.call
    values = {
        "student_id": student_id,
        "room": room,
        "helped": standing.helped,
        "since": None if call is None else call.since,
        "task": None if call is None else call.task,
        "note": "" if call is None else call.note,
        "is_paused": int(call is not None and call.is_paused),
        "helper": None if call is None else call.helper,
        "taken_at": None if call is None else call.taken_at,
    }
    return Change(_UPSERT, values, ("classroom-help", student_id))


def read_standing(row: Row[Any]) -> Standing:
    """Where the student of a row stands."""
    if row.since is None:
        return Standing(row.helped)
    call = Call(row.since, row.task, row.note, bool(row.is_paused), row.helper, row.taken_at)
    return Standing(row.helped, call)
