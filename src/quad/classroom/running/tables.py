"""The last run of each student, and the last checks of each of a student's tasks."""

from collections.abc import Iterable
from typing import Final

import msgspec
from sqlalchemy import Column, Index, Integer, Row, Select, Table, bindparam, delete, select

from quad.classroom.running.model import ChecksReport, RunReport
from quad.store import Change, metadata, upsert
from quad.store.schema import TABLE_OPTIONS, LongText, ShortText

runs: Final = Table(
    "classroom_runs",
    metadata,
    Column("student_id", Integer, primary_key=True, autoincrement=False),
    Column("room", Integer, nullable=False),
    # JSON.
    Column("report", LongText, nullable=False),
    Index("ix_classroom_runs_room", "room"),
    **TABLE_OPTIONS,
)

checks: Final = Table(
    "classroom_checks",
    metadata,
    Column("student_id", Integer, primary_key=True, autoincrement=False),
    Column("task", ShortText(36), primary_key=True),
    Column("room", Integer, nullable=False),
    # JSON.
    Column("report", LongText, nullable=False),
    Index("ix_classroom_checks_room", "room"),
    **TABLE_OPTIONS,
)

_UPSERT_RUN: Final = upsert(runs, key=["student_id"], update=["report"])
_UPSERT_CHECKS: Final = upsert(checks, key=["student_id", "task"], update=["report"])
SELECT_CHECKS: Final = (
    select(checks.c.student_id, checks.c.report)
    .where(checks.c.room == bindparam("of_room"))
    .order_by(checks.c.student_id, checks.c.task)
)
"""The last checks of everybody in a room; for `read_checks`."""
DELETE_OF_STUDENT: Final = tuple(
    delete(table).where(table.c.student_id == bindparam("of_id")) for table in (runs, checks)
)
DELETE_OF_ROOM: Final = tuple(
    delete(table).where(table.c.room == bindparam("of_room")) for table in (runs, checks)
)

_encode: Final = msgspec.json.Encoder().encode
_decode_run: Final = msgspec.json.Decoder(RunReport).decode
_decode_checks: Final = msgspec.json.Decoder(ChecksReport).decode


def keep_run(room: int, student_id: int, report: RunReport) -> Change:
    """Keep a student's last run."""
    values = {"student_id": student_id, "room": room, "report": _encode(report).decode()}
    return Change(_UPSERT_RUN, values, ("classroom-run", student_id))


def keep_checks(room: int, student_id: int, report: ChecksReport) -> Change:
    """Keep what a student's checks of a task came to last."""
    values = {
        "student_id": student_id,
        "task": report.task,
        "room": room,
        "report": _encode(report).decode(),
    }
    return Change(_UPSERT_CHECKS, values, ("classroom-checks", student_id, report.task))


def select_run(student_id: int) -> Select[str]:
    """A student's last run, one row or none."""
    return select(runs.c.report).where(runs.c.student_id == student_id)


def read_run(rows: Iterable[Row[str]]) -> RunReport | None:
    """The report of `select_run`."""
    return next((_decode_run(row[0]) for row in rows), None)


def read_checks(rows: Iterable[Row[int, str]]) -> dict[int, dict[str, ChecksReport]]:
    """The reports of `SELECT_CHECKS`, by student and task."""
    found: dict[int, dict[str, ChecksReport]] = {}
    for student_id, text in rows:
        report = _decode_checks(text)
        found.setdefault(student_id, {})[report.task] = report
    return found
