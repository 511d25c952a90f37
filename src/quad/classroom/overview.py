"""All open classes, for whoever looks after the server; those in use come first."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from msgspec import Struct
from sqlalchemy import ColumnElement, Row, Select, bindparam, func, select

from quad.classroom.rooms import Rooms
from quad.classroom.state import Room
from quad.classroom.tables import participants
from quad.classroom.tables import rooms as room_rows
from quad.classroom.tasks.tables import tasks as task_rows

_HOSTS: Final = participants.alias("hosts")
_STUDENTS: Final = participants.alias("students")

_NUMBERS: Final[Select[int]] = select(room_rows.c.number).order_by(
    room_rows.c.created_at.desc(), room_rows.c.number
)


class ClassOverview(Struct):
    """An open class; `tasks` counts those handed out, without the theory page."""

    room_id: int
    teacher: str
    is_teacher_online: bool
    students_online: int
    students_offline: int
    tasks: int
    created_at: datetime


class ClassPage(Struct):
    """Some of the open classes; `total` is how many there are."""

    total: int
    classes: list[ClassOverview]


class Attendance(NamedTuple):
    """Who is online in a class."""

    is_teacher_online: bool
    students_online: int


_NOBODY: Final = Attendance(is_teacher_online=False, students_online=0)


def attendance(live: Rooms) -> dict[int, Attendance]:
    """The classes of this process where somebody is online, by number."""
    return {room.number: _attendance(room) for room in live if not room.is_deserted}


async def list_classes(
    rooms: Rooms, online: Mapping[int, Attendance], offset: int, limit: int
) -> ClassPage:
    """The classes in which somebody is online, then the others; the newest first.

    Raises CannotSave if the database does not answer.
    """
    numbers = [row.number for row in await rooms.read(_NUMBERS)]
    numbers.sort(key=lambda number: number not in online)  # stable
    shown = numbers[offset : offset + limit]
    rows = {row.number: row for row in await rooms.read(_select_details(shown))} if shown else {}
    # One may have been closed between the two questions.
    classes = [
        _overview(rows[number], online.get(number, _NOBODY)) for number in shown if number in rows
    ]
    return ClassPage(len(numbers), classes)


def _attendance(room: Room) -> Attendance:
    students = sum(student.is_online for student in room.students.values())
    return Attendance(room.host.is_online, students)


def _overview(row: Row[Any], online: Attendance) -> ClassOverview:
    return ClassOverview(
        room_id=row.number,
        teacher=row.teacher,
        is_teacher_online=online.is_teacher_online,
        students_online=online.students_online,
        students_offline=max(0, row.students - online.students_online),
        tasks=int(row.tasks),  # a Decimal on MySQL
        created_at=row.created_at,
    )


def _select_details(numbers: list[int]) -> Select[Any]:
    students = (
        select(func.count())
        .where(_STUDENTS.c.room == room_rows.c.number, _STUDENTS.c.role == "client")
        .scalar_subquery()
    )
    # A room has the ones or the others.
    steps = _occurrences(room_rows.c.steps, '"language":') - _occurrences(
        room_rows.c.steps, '"name":"theory"'
    )
    tasks = _occurrences(task_rows.c.tasks, '"points":') - _occurrences(
        task_rows.c.tasks, '"type":"theory"'
    )
    return (
        select(
            room_rows.c.number,
            room_rows.c.created_at,
            _HOSTS.c.name.label("teacher"),
            students.label("students"),
            (steps + tasks).label("tasks"),
        )
        .outerjoin(task_rows, task_rows.c.room == room_rows.c.number)
        .join(_HOSTS, (_HOSTS.c.room == room_rows.c.number) & (_HOSTS.c.role == "host"))
        .where(room_rows.c.number.in_(bindparam("numbers", numbers, expanding=True)))
    )


def _occurrences(text: ColumnElement[str], key: str) -> ColumnElement[int]:
    """How often a key is in a room's tasks, counted where they are: they may be long.

    What people have written never counts: inside a text, JSON has a backslash before each quote.
    """
    text = func.coalesce(text, "")
    return (func.length(text) - func.length(func.replace(text, key, ""))) // len(key)
