"""The queue for help on every engine: a server that starts anew goes on with it."""

from typing import Any

from sqlalchemy import func, select

from quad.classroom.helping.tables import helps
from quad.settings import ClassroomSettings
from tests.classroom.school import School, exercise, open_school

ODD = "Ёлка 😀 \x00 \uffff 'quote' \\ %s"
NEW: dict[str, Any] = {"protocol": 3}


async def count(school: School) -> int:
    return int((await school.store.read(select(func.count()).select_from(helps)))[0][0])


async def test_calls_are_kept_with_their_places_and_go_with_their_students(
    database_url: str,
) -> None:
    async with open_school(database_url, ClassroomSettings()) as school:
        teacher, room = await school.teacher(**NEW)
        await teacher.call("steps/all", [exercise("1", "x")])
        ids, students = {}, {}
        for name in ("Ann", "Ben", "Cid"):
            students[name], joined = await school.student(room["id"], name, **NEW)
            ids[name] = {"user_id": joined["user_id"]}
            school.clock.seconds += 1
            await students[name].call("help/ask", {"task": "1", "note": ODD})
        await students["Ben"].call("help/pause", {"is_paused": True})
        await teacher.call("help/done", {**ids["Cid"], "is_helped": True})
        await students["Cid"].call("help/ask", {})
        await teacher.call("help/take", ids["Ann"])
        await teacher.take()
        await students["Cid"].call("help/pause", {"is_paused": False})
        await students["Cid"].call("help/pause", {"is_paused": True})
        before = await teacher.expect("help/queue")
    assert [each["state"] for each in before] == ["taken", "paused", "paused"]
    assert [each["helped"] for each in before] == [0, 0, 1]
    assert [each["note"] for each in before] == [ODD, ODD, ""]
    async with open_school(database_url, ClassroomSettings()) as school:
        # By the clock of a new server the helper, who is not back, went away just now.
        school.clock.seconds = 10
        school.clock.seconds = 10
        other, _ = await school.student(room["id"], "Dan", **NEW)
        await other.call("help/ask", {})
        teacher = await school.peer()
        who = {"room_id": room["id"], "user_id": room["host"], "token": room["token"], **NEW}
        await teacher.emit("room/rehost", who)
        after = await teacher.expect("help/queue")
        # Dan, who was never helped, is before Cid.
        assert [*after[:2], after[3]] == before
        assert await count(school) == 4
        await teacher.call("room/kill", ids["Ben"])
        assert await count(school) == 3
        await teacher.call("room/close", {"room_id": room["id"]})
        assert await count(school) == 0
