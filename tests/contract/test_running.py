"""Reports of runs and checks, and rules, on every engine."""

from typing import Any

from sqlalchemy import func, select

from quad.classroom.running.tables import checks, runs
from quad.settings import ClassroomSettings
from tests.classroom.school import School, open_school

ODD = "Ёлка 😀 \x00 \uffff 'quote' \\ %s"
NEW: dict[str, Any] = {"protocol": 3}
RUN: dict[str, Any] = {"run": "1", "filename": "a.py", "state": "ended", "ms": 3, "output": ODD}

REPORT: dict[str, Any] = {
    "task": "1",
    "rev": 2,
    "passed": ["a"],
    "failed": [{"name": "b", "why": ODD}],
}


async def counts(school: School) -> list[int]:
    return [
        (await school.store.read(select(func.count()).select_from(table)))[0][0]
        for table in (runs, checks)
    ]


async def test_reports_and_rules_are_kept_and_go_with_their_students(database_url: str) -> None:
    async with open_school(database_url, ClassroomSettings()) as school:
        teacher, room = await school.teacher(**NEW)
        ids = []
        for name in ("Ann", "Ben"):
            student, joined = await school.student(room["id"], name, **NEW)
            ids.append({"room_id": room["id"], "user_id": joined["user_id"]})
            await student.call("run/report", RUN)
            for passed in ([ODD], ["a"]):
                await student.call("checks/report", {**REPORT, "passed": passed})
            await student.call("checks/report", {**REPORT, "task": "2", "failed": []})
        await teacher.call("rules/set", {"is_recorded": False, "auto_done": True})
    async with open_school(database_url, ClassroomSettings()) as school:
        teacher = await school.peer()
        who = {"room_id": room["id"], "user_id": room["host"], "token": room["token"], **NEW}
        await teacher.emit("room/rehost", who)
        update = await teacher.expect("room/update")
        rules = {"has_results_page": True, "is_recorded": False, "auto_done": True}
        assert update["rules"] == rules
        told = await teacher.expect("checks/report")
        assert told == {"user_id": ids[0]["user_id"], **REPORT}
        await teacher.call("sharing/start", ids[1])
        assert await teacher.expect("run/report") == {"user_id": ids[1]["user_id"], **RUN}
        assert await counts(school) == [2, 4]
        await teacher.call("room/kill", ids[0])
        assert await counts(school) == [1, 2]
        await teacher.call("room/close", {"room_id": room["id"]})
        assert await counts(school) == [0, 0]
