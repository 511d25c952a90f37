"""The list of who is online: prompt in a quiet class, merged in a busy one, never out of order."""

import asyncio
from pathlib import Path

from quad.settings import ClassroomSettings
from tests.classroom.school import School, code, events, open_school


async def test_a_class_that_joins_at_once_is_a_few_updates(database: Path) -> None:
    async with open_school(database, ClassroomSettings(room_update_interval_ms=100)) as school:
        teacher, room = await school.teacher()
        students = [await school.peer() for _ in range(100)]
        for number, student in enumerate(students):
            await student.emit("room/join", {"room_id": room["id"], "name": f"S{number}"})
        sizes = [1]
        while sizes[-1] < 101:
            sizes.append(len((await teacher.expect("room/update"))["users"]))
        assert sizes == sorted(sizes)
        assert len(sizes) < 30


async def test_the_last_state_always_arrives(database: Path) -> None:
    async with open_school(database, ClassroomSettings(room_update_interval_ms=200)) as school:
        teacher, room = await school.teacher()
        students = [(await school.student(room["id"], f"S{number}"))[0] for number in range(30)]
        while len((await teacher.expect("room/update"))["users"]) < 31:
            pass
        for student in students[1:]:
            await student.emit("room/leave", {"room_id": room["id"]})
        while True:
            update = await teacher.expect("room/update")
            if [user["name"] for user in update["users"]] == ["Teacher", "S0"]:
                break
        await asyncio.sleep(0.3)  # nothing may follow
        assert await teacher.take() == []


async def test_a_lone_change_shows_at_once_in_a_large_class(database: Path) -> None:
    # Nothing would arrive in time if it had to wait for the interval.
    async with open_school(database, ClassroomSettings(room_update_interval_ms=60_000)) as school:
        teacher, room = await school.teacher()
        for number in range(9):
            await school.student(room["id"], f"S{number}")
        await teacher.take()
        await school.student(room["id"], "Last")
        update = await teacher.expect("room/update")
        assert len(update["users"]) == 11


async def test_nobody_acts_before_the_teacher_has_seen_them(database: Path) -> None:
    async with open_school(database, ClassroomSettings(room_update_interval_ms=50_000)) as school:
        teacher, room = await school.teacher()
        students = [await school.student(room["id"], f"S{number}") for number in range(11)]
        student, joined = students[0]
        # The class has just become large: the next update waits, and with it what S11 does.
        late, late_joined = await school.student(room["id"], "S11")
        files = [code("a", "1")]
        await late.emit("sharing/code_send", {"room_id": room["id"], "files": files})
        await late.emit("message/to_mentor", {"room_id": room["id"], "content": "Hi"})
        await late.emit("steps/status/to_mentor", {"1": "HELP"})
        await late.settle()
        await student.emit("steps/status/to_mentor", {"1": "DONE"})
        await student.settle()

        heard = await teacher.take()
        told = [payload for event, payload in heard if event == "steps/status/to_mentor"]
        assert [payload["user_id"] for payload in told] == [joined["user_id"]]
        update = await teacher.expect("room/update")
        assert update["users"][-1]["id"] == late_joined["user_id"]
        assert events(await teacher.take()) == [
            "sharing/code_send",
            "message/to_mentor",
            "steps/status/to_mentor",
        ]


async def test_a_teacher_who_returns_gets_the_list_at_once(database: Path) -> None:
    async with open_school(database, ClassroomSettings(room_update_interval_ms=60_000)) as school:
        teacher, room = await school.teacher(protocol=2)
        for number in range(12):
            await school.student(room["id"], f"S{number}")
        # The 13th is held back from the old connection, and shown to the new one.
        back = await school.peer()
        request = {"room_id": room["id"], "user_id": room["host"], "token": room["token"]}
        await back.emit("room/rehost", request)
        update = await back.expect("room/update")
        assert len(update["users"]) == 13
        await teacher.wait_closed()


async def test_an_update_is_not_sent_to_a_teacher_who_has_gone(school: School) -> None:
    teacher, room = await school.teacher()
    for number in range(15):
        await school.student(room["id"], f"S{number}")
    await teacher.close()
    student, _ = await school.student(room["id"], "Late")
    assert await student.take() == []
