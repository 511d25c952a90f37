"""How much one address, student or class may make the server keep."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from quad.settings import ClassroomSettings, LimitSettings
from tests.classroom.school import Peer, School, code, events, open_school

Open = Callable[..., AbstractAsyncContextManager[School]]


@pytest.fixture
def limited(database: Path) -> Open:
    """Opens a school with some limits set low."""

    @asynccontextmanager
    async def open_limited(**limits: float) -> AsyncIterator[School]:
        settings = LimitSettings(**limits)  # type: ignore[arg-type]
        async with open_school(database, ClassroomSettings(), settings) as school:
            yield school

    return open_limited


async def refused_by(peer: Peer) -> str:
    """The limit that the one error names."""
    error = await peer.expect("error")
    assert error["code"] == "quota_reached"
    assert error["limit"] in error["message"]
    assert error["retry_after_s"] >= 1
    return str(error["limit"])


async def test_the_blocks_of_an_ipv6_site_open_no_more_rooms_than_sixteen_addresses(
    limited: Open,
) -> None:
    async with limited(rooms_per_hour_per_address=1, rooms_burst_per_address=1) as school:
        for number in range(17):
            peer = await school.peer(f"2001:db8:1:{number:x}::1")
            await peer.emit("room/create", {"name": "T"})
            if number < 16:
                await peer.expect("room/update")
            else:
                assert await refused_by(peer) == "limits.rooms_per_hour_per_address"
        elsewhere = await school.peer("2001:db8:2::1")
        await elsewhere.emit("room/create", {"name": "T"})
        await elsewhere.expect("room/update")


async def test_an_address_opens_so_many_rooms_an_hour(
    limited: Open, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "quad.audit")
    async with limited(rooms_per_hour_per_address=1, rooms_burst_per_address=2) as school:
        for _ in range(2):
            await school.teacher()
        for _ in range(2):
            late = await school.peer()
            await late.emit("room/create", {"name": "Late"})
            assert await refused_by(late) == "limits.rooms_per_hour_per_address"
        elsewhere = await school.peer("10.0.0.2")
        await elsewhere.emit("room/create", {"name": "Other"})
        await elsewhere.expect("room/update")
        school.clock.seconds += 3600
        await school.teacher()
    lines = [record.getMessage() for record in caplog.records if "quota" in record.getMessage()]
    assert lines == [
        "action=classroom.quota result=refused address=10.0.0.1 "
        "limit=limits.rooms_per_hour_per_address"
    ]


async def test_new_students_of_an_address_are_limited_and_those_who_come_back_are_not(
    limited: Open,
) -> None:
    async with limited(students_per_minute_per_address=1, students_burst_per_address=2) as school:
        _, room = await school.teacher()
        await school.student(room["id"], "Ann")
        student, _ = await school.student(room["id"], "Bob")
        late = await school.peer()
        await late.emit("room/join", {"room_id": room["id"], "name": "Late"})
        assert await refused_by(late) == "limits.students_per_minute_per_address"
        student.fall_silent()
        await school.student(room["id"], "Bob")
        school.clock.seconds += 60
        await school.student(room["id"], "Late")


async def test_a_student_writes_so_much_a_day(limited: Open) -> None:
    async with limited(daily_student_bytes=20) as school:
        teacher, room = await school.teacher()
        ann, joined = await school.student(room["id"], "Ann")
        bob, _ = await school.student(room["id"], "Bob")
        there = {"room_id": room["id"]}
        await ann.emit("message/to_mentor", {**there, "content": "x" * 15})
        await ann.emit("message/to_mentor", {**there, "content": "x" * 6})
        assert await refused_by(ann) == "limits.daily_student_bytes"
        await ann.emit("sharing/code_send", {**there, "files": [code("a", "x" * 5)]})
        await ann.emit("sharing/code_send", {**there, "files": [code("b", "y" * 5)]})
        assert await ann.take() == []
        await ann.emit("sharing/code_update", {**there, "files": [code("c", "y")]})
        assert await refused_by(ann) == "limits.daily_student_bytes"
        await bob.emit("message/to_mentor", {**there, "content": "x" * 20})
        assert await bob.take() == []
        # The teacher's messages are not the student's.
        told = {**there, "user_id": joined["user_id"], "content": "x" * 30}
        await teacher.emit("message/to_client", told)
        await ann.expect("message/to_client")
        school.clock.seconds += 86_400
        await ann.emit("message/to_mentor", {**there, "content": "x" * 20})
        assert await ann.take() == []


async def test_a_class_writes_so_much_a_day(limited: Open) -> None:
    async with limited(daily_room_bytes=20) as school:
        teacher, room = await school.teacher(protocol=2)
        ann, joined = await school.student(room["id"], "Ann")
        there = {"room_id": room["id"]}
        told = {**there, "user_id": joined["user_id"], "content": "x" * 12}
        await teacher.emit("message/to_client", told)
        await ann.expect("message/to_client")
        await ann.emit("message/to_mentor", {**there, "content": "x" * 9})
        assert await refused_by(ann) == "limits.daily_room_bytes"
        await ann.emit("message/to_mentor", {**there, "content": "x" * 8})
        assert await ann.take() == []
        await teacher.emit("message/to_client", told)
        assert await refused_by(teacher) == "limits.daily_room_bytes"
        _, other = await school.teacher()
        eve, _ = await school.student(other["id"], "Eve")
        await eve.emit("message/to_mentor", {"room_id": other["id"], "content": "x" * 20})
        assert await eve.take() == []


async def test_stack_traces_of_an_address_are_limited_in_number_and_length(
    limited: Open, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "quad.classroom")
    async with limited(
        client_errors_per_minute_per_address=1, client_errors_burst_per_address=2
    ) as school:
        _, room = await school.teacher()
        student, _ = await school.student(room["id"])
        for _ in range(2):
            await student.emit("error/from_client", {"content": "ю" * 100_000})
        assert await student.take() == []
        await student.emit("error/from_client", {"content": "x"})
        assert await refused_by(student) == "limits.client_errors_per_minute_per_address"
        school.clock.seconds += 60
        await student.emit("error/from_client", {"content": "x"})
        assert await student.take() == []
    lines = [record.getMessage() for record in caplog.records if record.name == "quad.classroom"]
    assert len(lines) == 3
    assert all(len(line) < 10_000 for line in lines)


@pytest.mark.parametrize(
    "report",
    [
        {},
        {"function": None},
        {"content": ["a\n", "b"], "path": 5, "function": {"x": [1.5]}},
        {"content": [1, None], "room_id": "x", "user_id": None},
    ],
)
async def test_a_stack_trace_may_have_any_shape(
    school: School, report: dict[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "quad.classroom")
    _, room = await school.teacher()
    student, _ = await school.student(room["id"])
    await student.emit("error/from_client", {"room_id": room["id"], **report})
    assert await student.take() == []
    (line,) = [record.getMessage() for record in caplog.records if "error from" in str(record.msg)]
    assert line.isprintable()


async def test_without_limits_there_are_none(school: School) -> None:
    _, room = await school.teacher()
    student, _ = await school.student(room["id"])
    for _ in range(100):
        await student.emit("error/from_client", {"content": "x"})
    assert await student.take() == []
    assert events(await student.take()) == []
