"""Everything that the classroom says has the type that it is declared to have."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from quad.classroom.outgoing import OUTGOING
from quad.realtime import ErrorPayload
from quad.settings import ClassroomSettings, LimitSettings
from tests.classroom.school import Heard, Peer, School, code, enter, events, exercise, open_school
from tests.outgoing import check_outgoing

Ids = dict[str, object]

NEW = {"protocol": 3}


class Diary:
    """What several people have heard."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []

    async def write(self, *peers: Peer) -> None:
        """Note what these have heard since; all that they have said is done."""
        for peer in peers:
            await peer.settle()
        for peer in peers:
            self.heard += await peer.take()


@pytest.fixture
async def strict_school(database: Path) -> AsyncIterator[School]:
    """Old plugins are told so, and the second stack trace is one too many."""
    settings = ClassroomSettings(plugin_version="2.0", room_update_interval_ms=20)
    limits = LimitSettings(
        client_errors_burst_per_address=1, client_errors_per_minute_per_address=1
    )
    async with open_school(database, settings, limits) as school:
        yield school


async def test_a_whole_class_hears_everything_that_is_declared_and_nothing_else(
    strict_school: School,
) -> None:
    heard = await _class(strict_school)
    for event, payload in heard:
        check_outgoing(payload, ErrorPayload if event == "error" else OUTGOING[event])
    assert set(events(heard)) == {*OUTGOING, "error"}


async def _class(school: School) -> list[Heard]:
    """A class in which everything happens once."""
    diary = Diary()
    teacher, room = await school.teacher("Teacher", **NEW)
    in_room: Ids = {"room_id": room["id"]}
    ann = await school.peer()
    await ann.emit("room/join", {**in_room, "name": "Ann", "version": "1.0", **NEW})
    joined = await ann.expect("room/join")
    of_ann: Ids = {**in_room, "user_id": joined["user_id"]}
    await _teach(teacher, in_room, of_ann)
    await diary.write(teacher, ann)
    await _work(ann, in_room, of_ann)
    await diary.write(ann, teacher)
    await _judge(teacher, of_ann)
    await diary.write(teacher, ann)
    await ann.close()
    token = {"token": joined["token"], **NEW}
    ann_again = await _come_back(school, "room/rejoin", {**of_ann, **token})
    await teacher.close()
    teacher_again = await _come_back(
        school, "room/rehost", {**in_room, "user_id": room["host"], "token": room["token"], **NEW}
    )
    await _guess(school, diary)
    await _be_of_protocol_2(school, diary)
    await teacher_again.emit("room/close", in_room)
    await diary.write(teacher_again, ann_again)
    return [("room/update", room), ("room/join", joined), *diary.heard]


async def _teach(teacher: Peer, in_room: Ids, of_ann: Ids) -> None:
    await teacher.emit("door/set", {"state": "locked"})
    await teacher.emit("rules/set", {"has_results_page": False})
    await teacher.emit("settings", {**in_room, "files_to_ignore": "venv/\n*.pyc\nnotes"})
    await teacher.emit(
        "steps/all", [exercise("1", "<p>Add</p>"), exercise("theory", "<p>Read</p>")]
    )
    solved = {"id": "loops", "solution": [{"filename": "a.py", "content": "1"}]}
    await teacher.emit("tasks/set", {"tasks": [solved], "rev": 1})
    await teacher.emit("tasks/reveal", {"task": "loops"})
    await teacher.emit("exercise", {**in_room, "content": "<p>Old</p>"})
    await teacher.emit("exercise/reset", in_room)
    await teacher.emit("message/to_client", {**of_ann, "content": "Hello", "key": "k"})
    await teacher.emit("notice/send", {"content": "Read page 3", "key": "k"})
    await teacher.emit("sharing/start", of_ann)
    await teacher.emit("sharing/end", of_ann)
    await teacher.emit("sharing/start", of_ann)


async def _work(ann: Peer, in_room: Ids, of_ann: Ids) -> None:
    removed = {"filename": "a.py", "status": "REMOVED"}
    await ann.emit("message/to_mentor", {**in_room, "content": "Help!"})
    await ann.emit("sharing/code_send", {**in_room, "files": [code("a.py", "1")]})
    await ann.emit("sharing/code_update", {**in_room, "files": [removed]})
    left_out = {"filename": "b.csv", "why": "too_large", "size": 900_000, "limit": 700_000}
    await ann.emit("sharing/left_out", {**in_room, "files": [left_out]})
    await ann.emit("tasks/report", {"statuses": {"loops": "DONE"}})
    await ann.emit("signal", {**of_ann, "value": "HELP"})
    await ann.emit("help/ask", {**in_room, "note": "Why?"})
    run = {"run": "1", "filename": "a.py", "state": "failed", "output": "x", "ms": 5}
    error = {"kind": "ValueError", "line": 1, "message": "x"}
    await ann.emit("run/report", {**in_room, **run, "error": error})
    failed = [{"name": "b", "why": "1 is not 2"}]
    checks = {"task": "loops", "rev": 0, "passed": ["a"], "failed": failed}
    await ann.emit("checks/report", {**in_room, **checks})
    for _ in range(2):
        await ann.emit("error/from_client", {})


async def _judge(teacher: Peer, of_ann: Ids) -> None:
    reviewed = {**of_ann, "statuses": {"loops": "ACCEPTED"}, "comment": "Good!"}
    await teacher.emit("tasks/review", reviewed)
    await teacher.emit("exercise/feedback", {**of_ann, "accepted": True})
    await teacher.emit("steps/table", {})
    await teacher.emit("message/user", of_ann)


async def _come_back(school: School, event: str, request: Ids) -> Peer:
    peer = await school.peer()
    await peer.emit(event, request)
    return peer


async def _be_of_protocol_2(school: School, diary: Diary) -> None:
    """What protocol 3 has other words for."""
    teacher, room = await school.teacher("Old", protocol=2)
    ann, joined = await school.student(room["id"], "Ann", protocol=1)
    who = {"room_id": room["id"], "user_id": joined["user_id"]}
    await teacher.emit("steps/all", [exercise("1", "x")])
    await teacher.settle()
    await ann.emit("steps/status/to_mentor", {"1": "DONE"})
    await ann.settle()
    await teacher.emit("steps/status/to_client", {**who, "steps": {"1": "ACCEPTED"}})
    await teacher.emit(
        "room/rehost", {**who, "user_id": room["host"], "token": room["token"], "protocol": 2}
    )
    await diary.write(teacher, ann)


async def _guess(school: School, diary: Diary) -> None:
    """No numbers of rooms, and then too many of these."""
    guesser = await enter(school.url, "10.0.0.66")
    for number in range(11):
        await guesser.emit("room/join", {"room_id": 100_000 + number})
    await diary.write(guesser)
    await guesser.close()
