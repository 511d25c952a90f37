"""All open classes, for whoever looks after the server; those in use come first."""

from datetime import datetime
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import ColumnElement, Select, bindparam, func, select

from quad.classroom.rooms import Rooms
from quad.classroom.state import Room
from quad.classroom.tables import participants, rooms

_HOSTS: Final = participants.alias("hosts")
_STUDENTS: Final = participants.alias("students")

_NUMBERS: Final[Select[int]] = select(rooms.c.number).order_by(
    rooms.c.created_at.desc(), rooms.c.number
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


async def list_classes(live: Rooms, offset: int, limit: int) -> ClassPage:
    """The classes in which somebody is online, then the others; the newest first.

    Raises CannotSave if the database does not answer.
    """
    in_use = {room.number: room for room in live if not room.is_deserted}
    numbers = [row.number for row in await live.read(_NUMBERS)]
    numbers.sort(key=lambda number: number not in in_use)  # stable
    shown = numbers[offset : offset + limit]
    rows = {row.number: row for row in await live.read(_select_details(shown))} if shown else {}
    # One may have been closed between the two questions.
    classes = [_overview(rows[number], in_use.get(number)) for number in shown if number in rows]
    return ClassPage(len(numbers), classes)


def _overview(row: Any, room: Room | None) -> ClassOverview:
    students = () if room is None else room.students.values()
    online = sum(student.client is not None for student in students)
    return ClassOverview(
        room_id=row.number,
        teacher=row.teacher,
        is_teacher_online=room is not None and room.host.client is not None,
        students_online=online,
        students_offline=max(0, row.students - online),
        tasks=int(row.tasks),  # a Decimal on MySQL
        created_at=row.created_at,
    )


def _select_details(numbers: list[int]) -> Select[Any]:
    students = (
        select(func.count())
        .where(_STUDENTS.c.room == rooms.c.number, _STUDENTS.c.role == "client")
        .scalar_subquery()
    )
    tasks = _occurrences('"language":') - _occurrences('"name":"theory"')
    return (
        select(
            rooms.c.number,
            rooms.c.created_at,
            _HOSTS.c.name.label("teacher"),
            students.label("students"),
            tasks.label("tasks"),
        )
        .join(_HOSTS, (_HOSTS.c.room == rooms.c.number) & (_HOSTS.c.role == "host"))
        .where(rooms.c.number.in_(bindparam("numbers", numbers, expanding=True)))
    )


def _occurrences(key: str) -> ColumnElement[int]:
    """How often a key is in a room's tasks, counted where they are: they may be long.

    What people have written never counts: inside a text, JSON has a backslash before each quote.
    """
    text = rooms.c.steps
    return (func.length(text) - func.length(func.replace(text, key, ""))) // len(key)
