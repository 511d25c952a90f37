"""Committed before anybody is told: what happens when the database does not take a change."""

import asyncio
import itertools
import secrets
import sys
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from quad.classroom import model
from quad.settings import ClassroomSettings
from tests.classroom.school import (
    Peer,
    School,
    code,
    enter,
    events,
    exercise,
    locked,
    open_school,
    refusal,
    rows,
    until,
)
from tests.patience import patience


async def cannot_save(peer: Peer, event: str, payload: object) -> None:
    """The peer is told so, and nothing else."""
    await peer.emit(event, payload)
    heard = await peer.take()
    refusal(heard)
    assert heard[-1][1] == {
        "message": "Error: This cannot be saved right now, try again!",
        "event": event,
        "code": "store_unavailable",
    }


@pytest.mark.usefixtures("impatient_store")
async def test_nobody_hears_of_what_cannot_be_saved(school: School, database: Path) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    offline, away = await school.student(room["id"], "Away")
    await student.emit("steps/status/to_mentor", {"1": "DONE"})
    await student.settle()
    await offline.close()
    visitor = await school.peer("10.0.0.9")
    await teacher.expect("steps/status/to_mentor")
    await teacher.take()
    there: dict[str, Any] = {"room_id": room["id"]}
    files = [code("a", "1")]

    with locked(database):
        await cannot_save(visitor, "room/create", {"name": "X"})
        await cannot_save(visitor, "room/join", {**there, "name": "X"})
        await cannot_save(visitor, "room/join", {**there, "name": "Away"})
        await cannot_save(visitor, "room/rejoin", {**there, "user_id": away["user_id"]})
        await cannot_save(student, "message/to_mentor", {**there, "content": "Hi"})
        await cannot_save(student, "sharing/code_send", {**there, "files": files})
        await cannot_save(student, "sharing/code_update", {**there, "files": files})
        await cannot_save(student, "room/leave", there)
        to_student = {**there, "user_id": joined["user_id"]}
        await cannot_save(teacher, "message/to_client", {**to_student, "content": "Hi"})
        await cannot_save(teacher, "steps/status/to_client", {**to_student, "steps": {"1": "NONE"}})
        await cannot_save(student, "steps/status/to_mentor", {"1": "HELP"})
        await cannot_save(student, "signal", {"user_id": joined["user_id"], "value": "HELP"})
        await cannot_save(teacher, "steps/all", [exercise("1", "x")])
        await cannot_save(teacher, "settings", {"files_to_ignore": "x"})
        await cannot_save(teacher, "exercise", {"content": "x"})
        await cannot_save(teacher, "room/kill", to_student)
        await cannot_save(teacher, "room/close", there)
    for peer in (teacher, student, visitor):
        assert await peer.take() == []

    # Nothing has changed, in memory no more than on disk.
    await teacher.emit("steps/table", {})
    table = [{"user_id": joined["user_id"], "steps": {"1": "DONE"}}]
    assert await teacher.expect("steps/table") == table
    await visitor.emit("room/join", {**there, "name": "X"})
    assert events(await visitor.take()) == ["room/join"]
    assert rows(database, "classroom_messages") == 0
    assert rows(database, "classroom_files") == 0
    # And everything goes on.
    await student.emit("steps/status/to_mentor", {"1": "HELP"})
    assert await student.take() == []
    assert (await teacher.expect("steps/status/to_mentor"))["steps"] == {"1": "HELP"}


@pytest.mark.usefixtures("impatient_store")
async def test_files_that_were_not_saved_do_not_count(database: Path) -> None:
    settings = ClassroomSettings(files_limit=1)
    async with open_school(database, settings) as school:
        _, room = await school.teacher()
        student, _ = await school.student(room["id"])
        payload = {"room_id": room["id"], "files": [code("a", "1")]}
        with locked(database):
            await cannot_save(student, "sharing/code_update", payload)
        payload["files"] = [code("b", "1")]
        await student.emit("sharing/code_update", payload)
        assert await student.take() == []


async def test_a_room_that_cannot_be_read_is_not_taken_for_none(
    database: Path, school: School
) -> None:
    await school.store.aclose()
    visitor = await school.peer()
    await visitor.emit("room/join", {"room_id": 123_456, "name": "X"})
    assert (await visitor.expect("error"))["code"] == "store_unavailable"


async def test_while_a_change_is_on_its_way_nobody_sees_it(school: School, database: Path) -> None:
    teacher, room = await school.teacher(protocol=2)
    student, joined = await school.student(room["id"])
    visitor = await school.peer()
    await teacher.take()
    with locked(database):
        await student.emit("steps/status/to_mentor", {"1": "DONE"})
        await visitor.emit("room/join", {"room_id": room["id"], "name": "New"})
        await teacher.emit("steps/table", {})
        assert await teacher.expect("steps/table") == []
        assert await school.service.stats(room["id"]) is None
        back = await school.peer()
        request = {"room_id": room["id"], "user_id": room["host"], "token": room["token"]}
        await back.emit("room/rehost", request)
        update = await back.expect("room/update")
        assert [(user["name"], user["steps"]) for user in update["users"]] == [
            ("Teacher", {}),
            ("Ann", {}),
        ]
        assert not visitor.heard
    # The writer was patient.
    told = await back.expect("steps/status/to_mentor")
    assert told == {"user_id": joined["user_id"], "steps": {"1": "DONE"}}
    await visitor.expect("room/join")


async def test_a_student_whose_connection_ends_while_joining_leaves_no_trace(
    school: School, database: Path
) -> None:
    _, room = await school.teacher()
    with locked(database):
        for protocol in (1, 2):
            visitor = await school.peer()
            join = {"room_id": room["id"], "name": f"P{protocol}", "protocol": protocol}
            await visitor.emit("room/join", join)
            await visitor.close()
    # The original student resumes; the current one could not, so there is none to resume.
    known = await school.service.rooms.find(room["id"])
    async with asyncio.timeout(patience(5)):
        while [student.name for student in known.students.values()] != ["P1"] or known.who_is("P2"):
            await asyncio.sleep(0.01)
    assert rows(database, "classroom_participants WHERE role = 'client'") == 1
    for protocol in (1, 2):
        await school.student(room["id"], f"P{protocol}")
    assert rows(database, "classroom_participants WHERE role = 'client'") == 2


async def test_a_room_whose_teacher_has_gone_before_it_was_made_is_removed(
    school: School, database: Path
) -> None:
    with locked(database):
        visitor = await school.peer()
        await visitor.emit("room/create", {"name": "X"})
        await visitor.close()
        assert len(school.service.rooms) == 0
    await school.teacher()
    async with asyncio.timeout(patience(5)):
        while len(school.service.rooms) > 1 or rows(database, "classroom_rooms") > 1:
            await asyncio.sleep(0.01)


async def test_numbers_in_use_are_passed_over(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, first = await school.teacher()
    _, second = await school.teacher()
    school.service.rooms.remove(await school.service.rooms.find(first["id"]))
    choices = [
        second["id"],  # in use and in memory
        first["id"],  # in use and not in memory
        7,
        555_555,
        first["host"],  # the host's id is in use
        555_556,
        9,
    ]
    monkeypatch.setattr(secrets, "choice", lambda _: choices.pop(0))
    _, third = await school.teacher()
    assert (third["id"], third["host"]) == (555_556, 9)

    # A student's id follows the last one of the room.
    steps = [first["host"] - 9 - 1, second["host"] - first["host"] - 1, 5]
    monkeypatch.setattr(model, "_random_step", lambda: steps.pop(0))
    _, joined = await school.student(third["id"])
    assert joined["user_id"] == second["host"] + 6


async def test_without_any_free_number_nothing_is_made(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, room = await school.teacher()
    monkeypatch.setattr(secrets, "choice", lambda _: room["host"])
    monkeypatch.setattr(model, "_random_step", lambda: -1)
    visitor = await school.peer()
    for event in ("room/create", "room/join"):
        await visitor.emit(event, {"room_id": room["id"], "name": "X"})
        assert (await visitor.expect("error"))["code"] == "no_free_number"


async def test_a_killed_server_loses_nothing_that_anybody_was_shown(database: Path) -> None:
    command = [sys.executable, "-m", "tests.classroom.serve", str(database)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    url = (await process.stdout.readline()).decode().strip()
    teacher, student = await enter(url), await enter(url)
    await teacher.emit("room/create", {"name": "Teacher"})
    room = await teacher.expect("room/update")
    there = {"room_id": room["id"]}
    await student.emit("room/join", {**there, "name": "Ann"})
    joined = await student.expect("room/join")

    async def talk() -> None:
        for number in itertools.count():
            await student.emit("message/to_mentor", {**there, "content": str(number)})
            files = [code(f"{number % 5}.py", str(number))]
            await student.emit("sharing/code_update", {**there, "files": files})
            await student.emit("steps/status/to_mentor", {str(number % 16 + 1): "HELP"})
            # Many in flight, but not the whole test in the socket's buffer.
            await asyncio.sleep(0.001)

    # In full flow, the power goes out.
    talking = asyncio.create_task(talk())
    async with asyncio.timeout(patience(30)):
        while len(teacher.heard) < 300:
            await asyncio.sleep(0.01)
    process.kill()
    await process.wait()
    with pytest.raises(ConnectionClosed):
        await talking
    await teacher.close()
    await student.close()
    shown = list(teacher.heard)
    messages = [said["content"] for event, said in shown if event == "message/to_mentor"]
    assert len(messages) > 50

    async with open_school(database, ClassroomSettings()) as school:
        back, again = await school.student(room["id"], "Ann")
        assert again == joined
        await back.emit("message/user", {"user_id": joined["user_id"]})
        history = await back.expect("message/user")
        kept = [message["content"] for message in history["messages"]]
        assert kept == list(map(str, range(len(kept))))
        assert messages == kept[: len(messages)]

        contents = {
            file.filename: file.content for file in await school.service.files(joined["user_id"])
        }
        for event, sent in shown:
            if event == "sharing/code_update":
                (file,) = sent["files"]
                assert int(contents[file["filename"]] or 0) >= int(file["content"])
        assert await school.service.stats(room["id"]) is not None


# What crosses on its way to the database


async def test_a_token_that_nobody_heard_does_not_lock_the_student_out(
    school: School, database: Path
) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    await student.close()
    await teacher.take()
    with locked(database):
        gone = await school.peer()
        await gone.emit("room/rejoin", {**joined, "protocol": 2})
        await gone.close()
    back = await school.peer()
    await back.emit("room/rejoin", joined)
    assert await back.expect("room/join") == joined
    async with asyncio.timeout(patience(5)):
        while rows(database, "classroom_participants WHERE token_hash IS NOT NULL"):
            await asyncio.sleep(0.01)


async def test_the_history_waits_for_messages_on_their_way(school: School, database: Path) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    await teacher.take()
    with locked(database):
        await student.emit("message/to_mentor", {"room_id": room["id"], "content": "Hi"})
        await (await school.peer()).settle()
        await teacher.emit("message/user", {"user_id": joined["user_id"]})
        await (await school.peer()).settle()
        assert not teacher.heard
    message = await teacher.expect("message/to_mentor")
    assert (await teacher.expect("message/user"))["messages"] == [message]


async def test_the_late_farewell_of_a_lost_connection_does_not_end_the_one_that_took_its_place(
    school: School, database: Path
) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"], protocol=2)
    rooms = school.service.rooms
    ann = (await rooms.find(room["id"])).students[joined["user_id"]]
    with locked(database):
        await student.emit("message/to_mentor", {"room_id": room["id"], "content": "Hi"})
        await student.close()
        await until(lambda: not rooms.address_of(ann))
        assert ann.is_online
        back = await school.peer()
        await back.emit("room/rejoin", {**joined, "protocol": 2})
        await back.expect("room/join")
    await teacher.expect("message/to_mentor")
    await teacher.emit("sharing/start", {"room_id": room["id"], "user_id": joined["user_id"]})
    await back.expect("sharing/start")
    message = {"room_id": room["id"], "content": "I am still here"}
    await back.emit("message/to_mentor", message)
    assert (await teacher.expect("message/to_mentor"))["content"] == message["content"]


async def test_a_teacher_who_leaves_while_returning_is_offline(
    school: School, database: Path
) -> None:
    teacher, room = await school.teacher()
    await teacher.close()
    request = {"room_id": room["id"], "user_id": room["host"]}
    with locked(database):
        gone = await school.peer()
        await gone.emit("room/rehost", {**request, "protocol": 2})
        await gone.close()
    back = await school.peer()
    await back.emit("room/rehost", request)
    await back.expect("room/update")


async def test_a_student_who_is_removed_while_returning_stays_out(
    school: School, database: Path
) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    await student.close()
    await teacher.take()
    back = await school.peer("10.0.0.2")
    with locked(database):
        await back.emit("room/rejoin", joined)
        # The loop has nothing else to do: by its answer the rejoining is on its way.
        await (await school.peer()).settle()
        await teacher.emit("room/kill", {"user_id": joined["user_id"]})
        await (await school.peer()).settle()
        late = await school.peer()
        await late.emit("room/rejoin", joined)
        assert (await late.expect("error"))["code"] == "user_not_found"
    assert (await back.expect("error"))["code"] == "user_not_found"
    assert await teacher.expect("room/update")


async def test_nobody_enters_a_room_that_is_being_closed(school: School, database: Path) -> None:
    teacher, room = await school.teacher()
    student, _ = await school.student(room["id"])
    visitor = await school.peer()
    with locked(database):
        await teacher.emit("room/close", {"room_id": room["id"]})
        await (await school.peer()).settle()
        await visitor.emit("room/join", {"room_id": room["id"], "name": "X"})
        assert (await visitor.expect("error"))["code"] == "room_not_found"
        await student.emit("sharing/code_send", {"room_id": room["id"], "files": []})
        assert (await student.expect("error"))["code"] == "not_in_room"
    assert await student.expect("room/closed") == {"message": "Room closed!"}
    assert rows(database, "classroom_participants") == 0


async def test_whoever_asks_for_a_room_that_is_being_made_waits_for_it(
    school: School, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets, "choice", lambda _: 654_321)
    teacher, visitor = await school.peer(), await school.peer()
    with locked(database):
        await teacher.emit("room/create", {"name": "Teacher"})
        await (await school.peer()).settle()
        await visitor.emit("room/rejoin", {"room_id": 654_321, "user_id": 5})
    assert (await visitor.expect("error"))["code"] == "user_not_found"


async def test_a_server_that_stops_while_a_room_is_made_ends_in_good_order(
    database: Path,
) -> None:
    async with open_school(database, ClassroomSettings()) as school:
        teacher = await school.peer()
        with locked(database):
            await teacher.emit("room/create", {"name": "Teacher"})
            await (await school.peer()).settle()
            await school.service.aclose()
        await teacher.expect("room/update")


async def test_rooms_without_anybody_are_let_go_by_themselves(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quad.classroom.service._SWEEP_S", 0.01)
    async with open_school(database, ClassroomSettings()) as school:
        teacher, _ = await school.teacher()
        await teacher.close()
        school.clock.seconds = 10_000
        async with asyncio.timeout(patience(5)):
            while len(school.service.rooms):
                await asyncio.sleep(0.01)


@pytest.mark.soak
async def test_a_killed_server_keeps_keys_passes_tasks_notices_and_the_library(
    database: Path,
) -> None:
    new: dict[str, Any] = {"protocol": 3}
    command = [sys.executable, "-m", "tests.classroom.serve", str(database)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    url = (await process.stdout.readline()).decode().strip()
    teacher, student = await enter(url), await enter(url)
    await teacher.call("room/create", {"name": "Teacher", **new})
    room = await teacher.expect("room/update")
    await student.call("room/join", {"room_id": room["id"], "name": "Ann", **new})
    joined = await student.expect("room/join")
    (given,) = await student.call("room/pass", {})
    (made,) = await teacher.call("teacher/rekey", {"teacher": room["teacher"]})
    key, confirmed = made["teacher"], {"notices": 0, "rev": 0, "sets": 0}

    async def teach() -> None:
        for number in itertools.count(1):
            tasks = [{"id": f"t{number}", "title": str(number)}, {"id": "a"}]
            notice = {"content": str(number), "key": str(number)}
            (answer,) = await teacher.call("notice/send", notice)
            confirmed["notices"] += "id" in answer
            (answer,) = await teacher.call("tasks/set", {"tasks": tasks, "rev": number - 1})
            confirmed["rev"] = answer["rev"]
            kept = {"id": f"s{number % 9}", "tasks": tasks, "title": str(number)}
            (answer,) = await teacher.call("sets/save", {"teacher": key, "set": kept})
            confirmed["sets"] += "id" in answer
            await student.call("tasks/report", {"statuses": {f"t{number}": "DONE"}})

    teaching = asyncio.create_task(teach())
    async with asyncio.timeout(patience(30)):
        while confirmed["rev"] < 15:
            await asyncio.sleep(0.01)
    process.kill()
    await process.wait()
    teaching.cancel()
    await asyncio.gather(teaching, return_exceptions=True)
    await teacher.close()
    await student.close()
    reports = [said["statuses"] for event, said in teacher.heard if event == "tasks/report"]
    told = [said["content"] for event, said in student.heard if event == "notice"]

    async with open_school(database, ClassroomSettings()) as school:
        back, device = await school.peer(), await school.peer()
        (refused,) = await back.call("teacher/open", {"teacher": room["teacher"]})
        assert refused["code"] == "wrong_key"
        (opened,) = await back.call("teacher/open", {"teacher": key})
        titles = {each["id"]: int(each["title"]) for each in opened["sets"]}
        assert max(titles.values()) >= confirmed["sets"]
        rehosting = {"room_id": room["id"], "teacher": key, **new}
        assert await back.call("room/rehost", rehosting) == [{}]
        tasks = await back.expect("tasks/all")
        assert tasks["rev"] >= confirmed["rev"]
        assert tasks["tasks"][0]["id"] == f"t{tasks['rev']}"
        entering = {"room_id": room["id"], "pass": given["pass"], **new}
        assert await device.call("room/join", entering) == [{}]
        again = await device.expect("room/join")
        assert again["user_id"] == joined["user_id"]
        assert again["steps"].items() >= reports[-1].items()
        notices = [said["content"] for event, said in await device.take() if event == "notice"]
        assert int(notices[-1]) >= max(confirmed["notices"], len(told))
        assert list(map(int, notices)) == list(range(int(notices[0]), int(notices[-1]) + 1))
