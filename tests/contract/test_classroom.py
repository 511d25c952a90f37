"""The classroom on every engine: what is kept is what was sent, and what is deleted is gone."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from sqlalchemy import Table, func, select

from quad.classroom import tables
from quad.classroom.overview import list_classes
from quad.settings import ClassroomSettings
from quad.store import Change, Conflict, Store
from tests.classroom.school import School, code, exercise, open_school

ODD = "Ёлка 😀 \x00 \uffff 'quote' \\ %s  "
NOON = datetime(2024, 5, 17, 12, tzinfo=UTC)
KEPT: Sequence[Table] = (tables.rooms, tables.participants, tables.messages, tables.files)


async def counts(store: Store) -> list[int]:
    """How many rows each table has."""
    return [(await store.read(select(func.count()).select_from(table)))[0][0] for table in KEPT]


async def begin(school: School) -> tuple[dict[str, int], dict[str, int]]:
    """A lesson with something of everything in it; returns the room and the student."""
    teacher, room = await school.teacher("Мария")
    student, joined = await school.student(room["id"], " Ann ")
    there = {"room_id": room["id"]}
    await teacher.emit("exercise", {"content": "Ёлка 😀"})
    await teacher.emit("steps/all", [exercise("1", "<p>Ёлка 😀</p>")])
    await teacher.emit("settings", {"files_to_ignore": "Ёлка\n*.class"})
    message = {**there, "user_id": joined["user_id"], "content": ODD}
    await teacher.emit("message/to_client", message)
    await teacher.settle()
    await student.emit("message/to_mentor", {**there, "content": ODD})
    await student.emit("steps/status/to_mentor", {"1": "DONE"})
    files = [code("A.py", ODD), code("a.py", "x" * 100_000), code("ё" * 1000, ""), code("b", "b")]
    await student.emit("sharing/code_send", {**there, "files": files})
    changes = [code("b", "", "REMOVED"), code("A.py", ODD * 2, "CHANGED")]
    await student.emit("sharing/code_update", {**there, "files": changes})
    await student.settle()
    return room, joined


async def test_a_lesson_is_kept_as_it_was(database_url: str) -> None:
    async with open_school(database_url, ClassroomSettings()) as school:
        room, joined = await begin(school)
    async with open_school(database_url, ClassroomSettings()) as school:
        student, again = await school.student(room["id"], " Ann ")
        assert again == joined
        assert await student.take() == [
            ("exercise", {"content": "Ёлка 😀"}),
            ("steps/all", [exercise("1", "<p>Ёлка 😀</p>")]),
            ("settings", {"names": ["Ёлка"], "dirs": [], "extensions": ["class"]}),
        ]
        await student.emit("message/user", {"user_id": joined["user_id"]})
        history = await student.expect("message/user")
        assert [said["content"] for said in history["messages"]] == [ODD, ODD]
        assert [said["created_at"] for said in history["messages"]] == ["09:30:00"] * 2
        files = await school.service.files(joined["user_id"])
        assert {(file.filename, file.content, file.status) for file in files} == {
            ("A.py", ODD * 2, "CHANGED"),
            ("a.py", "x" * 100_000, "CREATED"),
            ("ё" * 1000, "", "CREATED"),
        }
        (shown,) = (await list_classes(school.service.rooms, 0, 10)).classes
        assert (shown.room_id, shown.teacher, shown.tasks) == (room["id"], "Мария", 1)
        assert (shown.students_online, shown.students_offline) == (1, 0)


async def test_a_student_or_a_room_goes_with_everything(database_url: str) -> None:
    async with open_school(database_url, ClassroomSettings()) as school:
        room, joined = await begin(school)
        await begin(school)
        assert await counts(school.store) == [2, 4, 4, 6]
        teacher = await school.peer()
        await teacher.emit("room/rehost", {"room_id": room["id"], "user_id": room["host"]})
        await school.student(room["id"], "Bob")
        await teacher.emit("room/kill", {"user_id": joined["user_id"]})
        await teacher.settle()
        assert await counts(school.store) == [2, 4, 2, 3]
        await teacher.emit("room/close", {"room_id": room["id"]})
        await teacher.settle()
        assert await counts(school.store) == [1, 2, 2, 3]


async def test_a_number_in_use_is_a_conflict_and_leaves_nothing(store: Store) -> None:
    def room_with_host(number: int, host: int) -> list[Change]:
        host_row = tables.insert_participant(host, number, "host", "X", 0, "", None)
        return [tables.insert_room(number, NOON), host_row]

    await store.write(*room_with_host(123_456, 5))
    for number, host in ((123_456, 6), (654_321, 5)):
        with pytest.raises(Conflict):
            await store.write(*room_with_host(number, host))
    assert await counts(store) == [1, 1, 0, 0]
