"""Who comes in, and what everybody sees: what a teacher sets of the room as a whole."""

import logging
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar

from quad.classroom.routes import StatsPages
from quad.realtime import Host, listen
from quad.settings import ClassroomSettings
from tests.classroom.school import Peer, School, exercise, open_school, refusal, rows

SETTINGS = ClassroomSettings(room_update_interval_ms=20)
NEW: dict[str, Any] = {"protocol": 2}


async def visit(school: School, room: dict[str, Any], name: str = "Eve", **more: Any) -> Peer:
    """A new connection that asks to join."""
    peer = await school.peer()
    await peer.emit("room/join", {"room_id": room["id"], "name": name, **more})
    return peer


async def lock(teacher: Peer, state: str = "locked") -> None:
    await teacher.emit("door/set", {"state": state})
    while (await teacher.expect("room/update"))["door"] != state:
        pass


@pytest.mark.parametrize("protocol", [1, 2])
async def test_a_locked_room_lets_nobody_new_in(school: School, protocol: int) -> None:
    teacher, room = await school.teacher(**NEW)
    assert room["door"] == "open"
    await lock(teacher)
    visitor = await visit(school, room, protocol=protocol)
    heard = await visitor.take()
    assert refusal(heard) == "locked"
    assert len(heard) == 3
    guest = await school.peer()
    await guest.emit("room/join", {"room_id": room["id"]})
    assert refusal(await guest.take()) == "locked"
    assert await teacher.take() == []
    await lock(teacher, "open")
    await visitor.emit("room/join", {"room_id": room["id"], "name": "Eve"})
    await visitor.expect("room/join")


async def test_who_was_in_comes_back_into_a_locked_room_also_after_a_restart(
    database: Path,
) -> None:
    async with open_school(database, SETTINGS) as school:
        teacher, room = await school.teacher(**NEW)
        await school.student(room["id"], "Ann")
        _, bob = await school.student(room["id"], "Bob", **NEW)
        await lock(teacher)
    async with open_school(database, SETTINGS) as school:
        assert refusal(await (await visit(school, room)).take()) == "locked"
        await (await visit(school, room, "Ann")).expect("room/join")
        await (await visit(school, room, "Bob", token=bob["token"])).expect("room/join")


@pytest.mark.parametrize("protocol", [1, 2])
async def test_who_is_barred_does_not_come_in_again(database: Path, protocol: int) -> None:
    async with open_school(database, SETTINGS) as school:
        teacher, room = await school.teacher(**NEW)
        student, joined = await school.student(room["id"], "Eve", protocol=protocol)
        await teacher.emit("room/kill", {"user_id": joined["user_id"], "is_barred": True})
        await student.wait_closed()
    # Also after a restart.
    for _ in range(2):
        async with open_school(database, SETTINGS) as school:
            for name in ("Eve", " Eve\u200b"):
                assert refusal(await (await visit(school, room, name)).take()) == "barred"
            if protocol == 2:
                back = await visit(school, room, "Other", token=joined["token"])
                heard = await back.take()
                assert refusal(heard) == "barred"
                assert len(heard) == 3
            await (await visit(school, room, "Ann")).expect("room/join")


async def test_who_is_removed_may_come_again(school: School) -> None:
    teacher, room = await school.teacher(**NEW)
    student, joined = await school.student(room["id"], "Eve")
    await teacher.emit("room/kill", {"user_id": joined["user_id"]})
    await student.wait_closed()
    await (await visit(school, room, "Eve")).expect("room/join")


async def test_a_closed_room_takes_with_it_who_was_barred(school: School, database: Path) -> None:
    teacher, room = await school.teacher(**NEW)
    _, joined = await school.student(room["id"], "Eve", **NEW)
    await teacher.emit("room/kill", {"user_id": joined["user_id"], "is_barred": True})
    await teacher.settle()
    assert rows(database, "classroom_barred") == 2
    await teacher.emit("room/close", {"room_id": room["id"]})
    await teacher.settle()
    assert rows(database, "classroom_barred") == 0


async def test_an_original_teacher_locks_and_bars_nobody(school: School) -> None:
    teacher, room = await school.teacher()
    await teacher.emit("door/set", {"state": "locked"})
    assert (await teacher.expect("error"))["code"] == "protocol_needed"
    await teacher.emit("rules/set", {"has_results_page": False})
    assert (await teacher.expect("error"))["code"] == "protocol_needed"
    student, joined = await school.student(room["id"], "Eve")
    await teacher.emit("room/kill", {"user_id": joined["user_id"], "is_barred": True})
    await student.wait_closed()
    await (await visit(school, room, "Eve")).expect("room/join")


async def test_the_results_page_can_be_switched_off(database: Path) -> None:
    async with open_school(database, SETTINGS) as school:
        teacher, room = await school.teacher(**NEW)
        assert room["rules"] == {"has_results_page": True}
        student, _ = await school.student(room["id"])
        await teacher.emit("steps/all", [exercise("1", "x")])
        await student.expect("steps/all")
        await student.emit("steps/status/to_mentor", {"1": "DONE"})
        await student.settle()
        pages = StatsPages(school.service)
        host = Host({}, Litestar([pages.router], openapi_config=None))  # type: ignore[arg-type]
        path = f"/roomstats/{room['id']}"
        async with listen(host) as url, httpx.AsyncClient(base_url=url) as client:
            assert (await client.get(path)).status_code == 200
            with school.service.watch(room["id"]) as changed:
                await teacher.emit("rules/set", {"has_results_page": False})
                update = await teacher.expect("room/update")
                while update["rules"]["has_results_page"]:
                    update = await teacher.expect("room/update")
                assert changed.is_set()
            assert (await client.get(path)).status_code == 404
            assert (await client.get(f"{path}/events")).status_code == 404
            await pages.aclose()
    async with open_school(database, SETTINGS) as school:
        assert await school.service.stats(room["id"]) is None
        assert not await school.service.has_page(room["id"])


async def test_an_original_teacher_hears_neither_of_the_door_nor_of_the_rules(
    school: School,
) -> None:
    _, room = await school.teacher()
    assert set(room) == {"id", "host", "users"}


async def test_what_auditors_want_to_know_of_a_class_is_a_line_each(
    school: School, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "quad.audit")
    teacher, room = await school.teacher(**NEW)
    for name, is_barred in (("Ann", False), ("Eve", True)):
        _, joined = await school.student(room["id"], name, "10.0.0.7")
        request = {"user_id": joined["user_id"], "is_barred": is_barred}
        await teacher.emit("room/kill", request)
    await teacher.emit("room/close", {"room_id": room["id"]})
    await teacher.settle()
    number = f"room={room['id']}"
    assert [record.getMessage() for record in caplog.records if record.name == "quad.audit"] == [
        f"action=classroom.remove result=ok address=10.0.0.1 {number} name=Ann of=10.0.0.7",
        f"action=classroom.bar result=ok address=10.0.0.1 {number} name=Eve of=10.0.0.7",
        f"action=classroom.close result=ok address=10.0.0.1 {number} by=teacher",
    ]
