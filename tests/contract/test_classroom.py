"""The classroom on every engine: what is kept is what was sent, and what is deleted is gone."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Table, func, select

from quad.classroom import tables
from quad.classroom.entering import tables as key_tables
from quad.classroom.library import tables as library_tables
from quad.classroom.model import Enrolled, Step
from quad.classroom.notices import tables as notice_tables
from quad.classroom.overview import attendance, list_classes
from quad.classroom.refusals import RoomNotFound
from quad.classroom.sharing import tables as file_tables
from quad.classroom.tasks import tables as task_tables
from quad.identity import hash_token
from quad.settings import ClassroomSettings
from quad.store import Change, Conflict, Store
from tests.classroom.school import School, code, exercise, open_school

ODD = "Ёлка 😀 \x00 \uffff 'quote' \\ %s  "
NOON = datetime(2024, 5, 17, 12, tzinfo=UTC)
ODD_NAME = "Ёлка 😀 'quote' \\ %s"
KEPT: Sequence[Table] = (
    tables.rooms,
    tables.participants,
    tables.messages,
    file_tables.files,
    tables.barred,
    notice_tables.notices,
    task_tables.tasks,
)


async def counts(store: Store) -> list[int]:
    """How many rows each table has."""
    return [(await store.read(select(func.count()).select_from(table)))[0][0] for table in KEPT]


async def begin(school: School) -> tuple[dict[str, Any], dict[str, Any]]:
    """A lesson with something of everything in it; returns the room and the student."""
    teacher, room = await school.teacher("Мария", protocol=2)
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
            ("steps/status/to_client", {"1": "DONE"}),
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
        (shown,) = (
            await list_classes(school.service.rooms, attendance(school.service.rooms), 0, 10)
        ).classes
        assert (shown.room_id, shown.teacher, shown.tasks) == (room["id"], "Мария", 1)
        assert (shown.students_online, shown.students_offline) == (1, 0)


async def test_a_student_or_a_room_goes_with_everything(database_url: str) -> None:
    async with open_school(database_url, ClassroomSettings()) as school:
        room, joined = await begin(school)
        await begin(school)
        assert await counts(school.store) == [2, 4, 4, 6, 0, 0, 2]
    async with open_school(database_url, ClassroomSettings()) as school:
        teacher = await school.peer()
        token = {"token": room["token"], "protocol": 2}
        request = {"room_id": room["id"], "user_id": room["host"], **token}
        await teacher.emit("room/rehost", request)
        await school.student(room["id"], "Bob")
        await teacher.emit("room/kill", {"user_id": joined["user_id"], "is_barred": True})
        await teacher.settle()
        assert await counts(school.store) == [2, 4, 2, 3, 1, 0, 2]
        await teacher.emit("room/close", {"room_id": room["id"]})
        await teacher.settle()
        assert await counts(school.store) == [1, 2, 2, 3, 0, 0, 1]


async def test_what_a_teacher_sets_of_the_room_is_kept(database_url: str) -> None:
    async with open_school(database_url, ClassroomSettings()) as school:
        teacher, room = await school.teacher("T", protocol=2)
        student, joined = await school.student(room["id"], ODD_NAME, protocol=2)
        school.importer.answer = [Step("1", "<p>Ёлка 😀</p>")]
        await teacher.emit("steps/import", {"url": "x"})
        await teacher.expect("steps/load")
        await teacher.emit("door/set", {"state": "locked"})
        await teacher.emit("rules/set", {"has_results_page": False})
        await teacher.emit("room/kill", {"user_id": joined["user_id"], "is_barred": True})
        await student.wait_closed()
        await teacher.settle()
    for _ in range(2):
        async with open_school(database_url, ClassroomSettings()) as school:
            found = await school.service.rooms.find(room["id"])
            assert found.is_locked
            assert not found.has_results_page
            assert found.imported == [Step("1", "<p>Ёлка 😀</p>")]
            assert found.barred_names == {ODD_NAME}
            assert found.barred_tokens == {hash_token(joined["token"])}
            assert found.last_id == joined["user_id"]


@pytest.mark.parametrize("key", ["k", "", "a ", "\x00", "Ёлка 😀"])
async def test_a_repeated_message_is_known_after_a_restart(database_url: str, key: str) -> None:
    async with open_school(database_url, ClassroomSettings()) as school:
        _, room = await school.teacher()
        student, joined = await school.student(room["id"], protocol=2)
        said = {"room_id": room["id"], "content": "Hi", "key": key}
        (sent,) = await student.call("message/to_mentor", said)
        (other,) = await student.call("message/to_mentor", {**said, "key": f"{key}."})
        assert other["id"] > sent["id"]
    async with open_school(database_url, ClassroomSettings()) as school:
        student, _ = await school.student(room["id"], token=joined["token"], protocol=2)
        assert await student.call("message/to_mentor", said) == [sent]
        assert await counts(school.store) == [1, 2, 2, 0, 0, 0, 0]
        await student.emit("message/user", {"user_id": joined["user_id"]})
        history = await student.expect("message/user")
        assert [message["key"] for message in history["messages"]] == [key, f"{key}."]


async def test_notices_are_known_after_a_restart_and_go_with_the_room(database_url: str) -> None:
    new: dict[str, Any] = {"protocol": 3}
    said = {"content": ODD, "key": "Ёлка \x00"}
    async with open_school(database_url, ClassroomSettings()) as school:
        teacher, room = await school.teacher(**new)
        (sent,) = await teacher.call("notice/send", said)
    back = {"room_id": room["id"], "user_id": room["host"], "token": room["token"], **new}
    async with open_school(database_url, ClassroomSettings()) as school:
        teacher = await school.peer()
        assert await teacher.call("room/rehost", back) == [{}]
        assert await teacher.call("notice/send", said) == [sent]
        (other,) = await teacher.call("notice/send", {**said, "key": "."})
        assert other["id"] > sent["id"]
        student, _ = await school.student(room["id"], **new)
        heard = [notice for event, notice in await student.take() if event == "notice"]
        assert [(notice["id"], notice["content"]) for notice in heard] == [
            (sent["id"], ODD),
            (other["id"], ODD),
        ]
        assert await counts(school.store) == [1, 2, 0, 0, 0, 2, 0]
        await teacher.call("room/close", {"room_id": room["id"]})
        assert await counts(school.store) == [0] * 7


async def test_tasks_and_what_is_said_of_them_are_known_after_a_restart(database_url: str) -> None:
    new: dict[str, Any] = {"protocol": 3}
    text = f"<p>{ODD}</p>".replace("\x00", "").replace("\uffff", "")
    files = [{"filename": "Ёлка.py", "content": ODD}]
    check = {"name": "Ёлка", "code": ODD, "is_hidden": True}
    given = {"id": "a", "title": ODD_NAME, "content": text, "files": files, "checks": [check]}
    solved = {**given, "folder": "01", "type": "exercise", "points": 5, "solution": files}
    async with open_school(database_url, ClassroomSettings()) as school:
        teacher, room = await school.teacher(**new)
        student, joined = await school.student(room["id"], **new)
        tasks = [{**solved, "id": "b"}, solved, *({"id": f"t{n}"} for n in range(20))]
        assert await teacher.call("tasks/set", {"tasks": tasks, "rev": 0}) == [{"rev": 1}]
        await teacher.call("tasks/reveal", {"task": "b"})
        await student.call("tasks/report", {"statuses": {"a": "HELP", "t19": "HELP"}})
        review = {"user_id": joined["user_id"], "statuses": {"a": "DONE"}, "comment": ODD}
        (sent,) = await teacher.call("tasks/review", {**review, "key": "k"})
    who = {"room_id": room["id"], "user_id": room["host"], "token": room["token"], **new}
    for _ in range(2):
        async with open_school(database_url, ClassroomSettings()) as school:
            teacher = await school.peer()
            await teacher.emit("room/rehost", who)
            told = await teacher.expect("tasks/all")
            assert (told["rev"], told["revealed"]) == (1, ["b"])
            assert told["tasks"][:2] == tasks[:2]
            assert await teacher.call("tasks/review", {**review, "key": "k"}) == [sent]
            student, again = await school.student(room["id"], "Ann", token=joined["token"], **new)
            assert again["steps"] == {"a": "DONE", "t19": "HELP"}
            seen = (await student.expect("tasks/all"))["tasks"]
            assert ["solution" in each for each in seen[:2]] == [True, False]
            rooms = school.service.rooms
            (page,) = (await list_classes(rooms, attendance(rooms), 0, 10)).classes
            assert page.tasks == 22
    async with open_school(database_url, ClassroomSettings()) as school:
        teacher = await school.peer()
        await teacher.emit("room/rehost", who)
        await teacher.call("steps/all", [exercise("1", "x")])
    async with open_school(database_url, ClassroomSettings()) as school:
        teacher = await school.peer()
        await teacher.emit("room/rehost", who)
        told = await teacher.expect("tasks/all")
        assert (told["rev"], [each["id"] for each in told["tasks"]]) == (2, ["1"])


async def test_what_is_hidden_from_a_student_stays_hidden(database_url: str) -> None:
    async with open_school(database_url, ClassroomSettings()) as school:
        _, room = await school.teacher()
        student, joined = await school.student(room["id"])
        await student.call("message/to_mentor", {"room_id": room["id"], "content": "secret"})
    for _ in range(2):
        async with open_school(database_url, ClassroomSettings()) as school:
            student = await school.peer("10.0.0.2")
            await student.emit("room/rejoin", joined)
            await student.expect("room/join")
            await student.emit("message/user", {"user_id": joined["user_id"]})
            assert (await student.expect("message/user"))["messages"] == []


async def test_keys_tokens_and_passes_are_kept_and_keys_without_a_class_forgotten(
    database_url: str,
) -> None:
    new: dict[str, Any] = {"protocol": 3}
    async with open_school(database_url, ClassroomSettings()) as school:
        teacher, room = await school.teacher(ODD_NAME, title=ODD_NAME, **new)
        student, joined = await school.student(room["id"], "Ann", **new)
        (given,) = await student.call("room/pass", {})
        (made,) = await teacher.call("teacher/rekey", {"teacher": room["teacher"]})
        loops = {"id": "x", "title": ODD_NAME, "tasks": [{"id": "a", "title": ODD_NAME}]}
        other, unused = await school.teacher(**new)
        await other.call("sets/save", {"teacher": unused["teacher"], "set": loops})
        (saved,) = await teacher.call("sets/save", {"teacher": made["teacher"], "set": loops})
    of_room = {"room_id": room["id"], **new}
    async with open_school(database_url, ClassroomSettings()) as school:
        visitor = await school.peer()
        for key, code in ((room["teacher"], "wrong_key"), (made["teacher"], None)):
            (answer,) = await visitor.call("room/rehost", {**of_room, "teacher": key})
            assert answer.get("code") == code
        (opened,) = await visitor.call("teacher/open", {"teacher": made["teacher"]})
        assert opened["name"] == opened["classes"][0]["title"] == ODD_NAME
        assert opened["classes"][0]["students"] == 1
        assert opened["sets"] == [{**saved, "title": ODD_NAME, "tasks": 1}]
        of_set = {"teacher": made["teacher"], "id": "x"}
        (loaded,) = await visitor.call("sets/load", of_set)
        assert (loaded["title"], loaded["tasks"][0]["title"]) == (ODD_NAME, ODD_NAME)
        device = await school.peer()
        assert await device.call("room/join", {**of_room, "pass": given["pass"]}) == [{}]
        again = await device.expect("room/join")
        assert again["user_id"] == joined["user_id"]
        _, expiry, _ = school.service.expiries
        later = NOON + timedelta(days=365)
        assert await expiry.forget(later, 5) == 0
        await visitor.call("room/close", of_room)
        assert (await school.store.read(expiry.kind.count(later)))[0][0] == 1
        assert await expiry.forget(NOON - timedelta(days=1), 5) == 0
        assert await expiry.forget(later, 5) == 1
        for table in (key_tables.teachers, library_tables.sets):
            left = await school.store.read(select(func.count()).select_from(table))
            assert left[0][0] == 1
        (answer,) = await visitor.call("teacher/open", {"teacher": made["teacher"]})
        assert answer["code"] == "wrong_key"


async def test_classes_that_nobody_uses_are_forgotten_a_few_at_a_time(database_url: str) -> None:
    async with open_school(database_url, ClassroomSettings()) as school:
        old = [await begin(school) for _ in range(3)]
        school.clock.seconds = 40 * 86_400
        await school.teacher()
        used, _ = old[0]
    async with open_school(database_url, ClassroomSettings()) as school:
        school.clock.seconds = 60 * 86_400
        expiry, *_ = school.service.expiries
        before = NOON + timedelta(days=30)
        assert (await school.store.read(expiry.kind.count(before)))[0][0] == 3
        # Whoever comes back uses the class.
        await school.student(used["id"], "Ann")
        assert [await expiry.forget(before, 1) for _ in range(3)] == [1, 1, 0]
        assert (await counts(school.store))[0] == 2
        await school.service.rooms.find(used["id"])


async def test_a_class_in_use_is_not_forgotten_and_not_in_the_way(database_url: str) -> None:
    async with open_school(database_url, ClassroomSettings()) as school:
        room, _ = await begin(school)
        _, other = await school.teacher()
        found = await school.service.rooms.find(other["id"])
        school.service.rooms.unseat(found.host)
        expiry, *_ = school.service.expiries
        assert await expiry.forget(NOON + timedelta(days=365), 1) == 1
        assert await expiry.forget(NOON + timedelta(days=365), 1) == 0
        await school.service.rooms.find(room["id"])
        with pytest.raises(RoomNotFound):
            await school.service.rooms.find(other["id"])


async def test_the_classes_of_other_nodes_are_theirs_to_forget_and_not_in_the_way(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_school(database_url, ClassroomSettings()) as school:
        numbers = [(await school.teacher())[1]["id"] for _ in range(6)]
        for number in numbers:
            found = await school.service.rooms.find(number)
            school.service.rooms.unseat(found.host)
        own = set(numbers[-2:])
        monkeypatch.setattr(school.service.rooms, "owns", own.__contains__)
        expiry, *_ = school.service.expiries
        later = NOON + timedelta(days=365)
        assert [await expiry.forget(later, 1) for _ in range(3)] == [1, 1, 0]
        assert (await counts(school.store))[0] == 4
        for number in numbers[:-2]:
            await school.service.rooms.find(number)


async def test_a_number_in_use_is_a_conflict_and_leaves_nothing(store: Store) -> None:
    def room_with_host(number: int, host: int) -> list[Change]:
        host_row = tables.insert_participant(number, Enrolled(host, "host", "X", 0, "", None))
        return [tables.insert_room(number, NOON), host_row]

    await store.write(*room_with_host(123_456, 5))
    for number, host in ((123_456, 6), (654_321, 5)):
        with pytest.raises(Conflict):
            await store.write(*room_with_host(number, host))
    assert await counts(store) == [1, 1, 0, 0, 0, 0, 0]
