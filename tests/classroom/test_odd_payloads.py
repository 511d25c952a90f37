"""Protocol 3 as a stranger speaks it: what does not fit is refused, and what fits is kept whole."""

import copy
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import pytest

from tests.classroom.school import Peer, School
from tests.classroom.test_moving import moved

NEW: dict[str, Any] = {"protocol": 3}
ODD_TEXTS: list[Any] = [
    "\ud800",
    "a\udc00b",
    "\x00",
    "\u202egnp.exe",
    "\uffff0",
    "../x",
    "😀" * 5_000,
]
ODD: list[Any] = [None, True, -1, 2**63, 1.5, "x", [], {}, [[]], *ODD_TEXTS]
CHECKS = [
    {"name": "adds", "stdin": "1", "stdout": "2", "is_hidden": False},
    {"name": "code", "code": "assert True", "is_hidden": True},
]
TASK = {
    "id": "a",
    "title": "Loops",
    "folder": "loops",
    "type": "exercise",
    "content": "<p>x</p>",
    "files": [{"filename": "a.py", "content": "x"}],
    "checks": CHECKS,
    "solution": [{"filename": "a.py", "content": "y"}],
    "points": 5,
}
TEACHERS: dict[str, dict[str, Any]] = {
    "tasks/set": {"tasks": [TASK], "rev": "REV"},
    "tasks/review": {"user_id": "ANN", "statuses": {"a": "DONE"}, "comment": "x", "key": "k"},
    "tasks/reveal": {"task": "a"},
    "help/take": {"user_id": "ANN"},
    "help/done": {"user_id": "ANN", "is_helped": True},
    "rules/set": {"has_results_page": True, "is_recorded": True, "auto_done": True},
    "notice/send": {"content": "x", "key": "k"},
    "room/pass": {"user_id": "ANN"},
    "sets/save": {"teacher": "KEY", "set": {"id": "s", "title": "S", "tasks": [TASK]}},
    "sets/load": {"teacher": "KEY", "id": "s"},
    "sets/delete": {"teacher": "KEY", "id": "t"},
    "teacher/open": {"teacher": "KEY"},
}
STUDENTS: dict[str, dict[str, Any]] = {
    "tasks/report": {"statuses": {"a": "DONE"}},
    "help/ask": {"task": "a", "note": "x"},
    "help/pause": {"is_paused": True},
    "help/cancel": {"room_id": "ROOM"},
    "run/report": {
        "run": "1",
        "filename": "a.py",
        "state": "failed",
        "output": "x",
        "ms": 5,
        "error": {"kind": "NameError", "line": 1, "message": "x"},
    },
    "checks/report": {
        "task": "a",
        "rev": "REV",
        "passed": ["adds"],
        "failed": [{"name": "code", "why": "x"}],
    },
    "sharing/code_send": {
        "room_id": "ROOM",
        "files": [{"filename": "a.py", "status": "CREATED", "content": "x"}],
        "is_recorded": True,
    },
    "sharing/code_update": {
        "room_id": "ROOM",
        "files": [{"filename": "a.py", "status": "CHANGED", "content": "x"}],
        "is_recorded": True,
        "pasted": True,
    },
}


class Lesson:
    """A teacher and a student of protocol 3."""

    def __init__(self, school: School, teacher: Peer, ann: Peer, ids: dict[str, Any]) -> None:
        self.school = school
        self.teacher = teacher
        self.ann = ann
        self.ids = ids
        self.refused: list[tuple[str, str]] = []

    def filled(self, value: Any) -> Any:
        """The payload with what its words in capitals stand for."""
        if isinstance(value, dict):
            return {key: self.filled(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self.filled(each) for each in value]
        return self.ids.get(value, value) if isinstance(value, str) else value

    async def say(self, event: str, payload: Any) -> dict[str, Any]:
        """What the one acknowledgement holds."""
        peer = self.teacher if event in TEACHERS else self.ann
        [answer] = await peer.call(event, self.filled(payload))
        assert isinstance(answer, dict), (event, payload)
        code = answer.get("code")
        assert code not in ("internal", "store_unavailable"), (event, payload)
        if code is not None:
            self.refused.append((event, code))
        elif event == "tasks/set":
            self.ids["REV"] = answer["rev"]
        return answer

    async def check_whole(self) -> None:
        """Each refusal was one error, and everybody is still there."""
        heard = await self.teacher.take() + await self.ann.take()
        errors = [each for name, each in heard if name == "error"]
        assert sorted((each["event"], each["code"]) for each in errors) == sorted(self.refused)
        # What was taken can be read again.
        await moved(self.school)
        await self.school.service.rooms.find(self.ids["ROOM"])
        assert "code" not in await self.say("notice/send", {"content": "x", "key": "last"})
        assert "code" not in await self.say("tasks/report", {"statuses": {}})


async def begun(school: School) -> Lesson:
    """A class with tasks."""
    teacher, room = await school.teacher(**NEW)
    ann, joined = await school.student(room["id"], "Ann", **NEW)
    ids = {"ROOM": room["id"], "ANN": joined["user_id"], "KEY": room["teacher"], "REV": 0}
    lesson = Lesson(school, teacher, ann, ids)
    assert await lesson.say("tasks/set", TEACHERS["tasks/set"]) == {"rev": 1}
    return lesson


def variants(payload: Any, odd: Sequence[Any]) -> Iterator[Any]:
    """The payload with something odd in each of its places."""
    for path, each in product(places(payload), odd):
        changed = copy.deepcopy(payload)
        inner = changed
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = each
        yield changed


def places(payload: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each value."""
    if isinstance(payload, dict | list):
        inner = payload.items() if isinstance(payload, dict) else enumerate(payload)
        for key, value in inner:
            yield (*path, key)
            yield from places(value, (*path, key))


@pytest.mark.parametrize("said", [TEACHERS, STUDENTS], ids=["teacher", "student"])
async def test_each_place_of_a_payload_may_hold_anything(
    school: School, said: dict[str, Any]
) -> None:
    lesson = await begun(school)
    for event, payload in said.items():
        before = len(lesson.refused)
        for odd in (*ODD, *variants(payload, ODD)):
            await lesson.say(event, odd)
        assert len(lesson.refused) > before, event
    await lesson.check_whole()


# What names no class is of the teacher's key: see `test_keys` and `test_library`.
SEATED = {
    event: payload
    for event, payload in {**TEACHERS, **STUDENTS}.items()
    if "teacher" not in payload
}


async def test_another_room_is_refused_and_nobody_hears_of_it(school: School) -> None:
    lesson = await begun(school)
    await lesson.teacher.take()
    await lesson.ann.take()
    _, other = await school.teacher(**NEW)
    for event, payload in SEATED.items():
        for room in (other["id"], -1, 0):
            answer = await lesson.say(event, {**payload, "room_id": room})
            assert answer.get("code") == "wrong_room", event
    heard = [name for peer in (lesson.teacher, lesson.ann) for name, _ in await peer.take()]
    assert {*heard} == {"error"}


@pytest.mark.parametrize("protocol", [1, 2])
async def test_older_clients_are_told_that_they_are(school: School, protocol: int) -> None:
    teacher, room = await school.teacher(protocol=protocol)
    ann, joined = await school.student(room["id"], "Ann", protocol=protocol)
    await teacher.take()
    lesson = Lesson(school, teacher, ann, {"ROOM": room["id"], "ANN": joined["user_id"], "REV": 0})
    older = {"sharing/code_send", "sharing/code_update", "rules/set"}
    for event in SEATED.keys() - older:
        answer = await lesson.say(event, SEATED[event])
        assert answer.get("code") == "protocol_needed", event
    heard = [name for peer in (teacher, ann) for name, _ in await peer.take()]
    assert [*heard] == ["error"] * len(SEATED.keys() - older)
