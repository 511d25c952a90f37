"""Students ask for help, and are helped in a fair order."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from quad.classroom.helping import calls, queue
from quad.settings import ClassroomSettings
from tests.classroom.school import (
    Peer,
    School,
    enter,
    events,
    exercise,
    locked,
    open_school,
    until,
)
from tests.classroom.test_moving import moved

NEW: dict[str, Any] = {"protocol": 3}
MINUTE = 60.0


@pytest.fixture(autouse=True)
def _places_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "_PLACES_EACH_S", 0.0)


class Lesson:
    """A class with a teacher and some students."""

    def __init__(self, school: School, teacher: Peer, room: dict[str, Any]) -> None:
        self.school = school
        self.teacher = teacher
        self.room = room
        self.students: dict[str, Peer] = {}
        self.ids: dict[str, int] = {}
        self.tokens: dict[str, str] = {}

    async def add(self, name: str, protocol: int = 3) -> Peer:
        peer, joined = await self.school.student(self.room["id"], name, protocol=protocol)
        self.students[name], self.ids[name] = peer, joined["user_id"]
        self.tokens[name] = joined.get("token", "")
        return peer

    async def take(self, name: str) -> dict[str, Any]:
        (answer,) = await self.teacher.call("help/take", {"user_id": self.ids[name]})
        return dict(answer)

    async def done(self, name: str, *, is_helped: bool = True) -> dict[str, Any]:
        request = {"user_id": self.ids[name], "is_helped": is_helped}
        (answer,) = await self.teacher.call("help/done", request)
        return dict(answer)

    async def queue(self) -> list[tuple[str, str]]:
        """Names and states, as the teacher hears them next."""
        names = {number: name for name, number in self.ids.items()}
        heard = await self.teacher.expect("help/queue")
        return [(names[each["user_id"]], each["state"]) for each in heard]

    async def back(self) -> Peer:
        """The teacher comes back."""
        peer = self.teacher = await self.school.peer()
        who = {"room_id": self.room["id"], "user_id": self.room["host"], **NEW}
        await peer.call("room/rehost", {**who, "token": self.room["token"]})
        return peer


async def lesson(school: School, *names: str, protocol: int = 3) -> Lesson:
    teacher, room = await school.teacher(protocol=protocol)
    it = Lesson(school, teacher, room)
    for name in names:
        await it.add(name)
    await teacher.take()
    return it


async def test_students_ask_and_are_helped_in_order(school: School) -> None:
    it = await lesson(school, "Ann", "Ben")
    ann, ben = it.students.values()
    await it.teacher.call("steps/all", [exercise("1", "x"), exercise("2", "x")])
    assert await ann.call("help/ask", {"task": "2", "note": " Why? "}) == [{}]
    (asked,) = await it.teacher.expect("help/queue")
    assert asked == {
        "user_id": it.ids["Ann"],
        "task": "2",
        "note": "Why?",
        "since": "2024-05-17T09:30:00.000Z",
        "state": "waiting",
        "by": None,
        "helped": 0,
    }
    assert await ann.expect("help/place") == {"place": 1}
    school.clock.seconds = 5
    assert await ben.call("help/ask", {}) == [{}]
    assert await it.queue() == [("Ann", "waiting"), ("Ben", "waiting")]
    assert await ben.expect("help/place") == {"place": 2}
    assert await it.take("Ann") == {}
    assert await it.queue() == [("Ann", "taken"), ("Ben", "waiting")]
    assert await ann.expect("help/place") == {"place": 0, "by": "Teacher"}
    assert await ben.expect("help/place") == {"place": 1}
    assert await it.done("Ann") == {}
    assert await it.queue() == [("Ben", "waiting")]
    assert await ann.expect("help/place") == {"place": None}
    await ann.call("help/ask", {})
    # Ben, who was never helped, comes first; also if Ann had asked before him.
    assert await it.queue() == [("Ben", "waiting"), ("Ann", "waiting")]


async def test_what_was_called_by_is_said_as_ever_and_taken_back(school: School) -> None:
    it = await lesson(school, "Ann")
    (ann,) = it.students.values()
    await ann.call("help/ask", {"task": "1"})
    of_ann = {"user_id": it.ids["Ann"]}
    told = await it.teacher.expect("tasks/report")
    assert told == {**of_ann, "statuses": {"1": "HELP"}}
    await it.done("Ann")
    reviewed = await ann.expect("tasks/reviewed")
    assert reviewed == {"statuses": {"1": "IN_PROGRESS"}, "comment": None}
    told = await it.teacher.expect("tasks/report")
    assert told == {**of_ann, "statuses": {"1": "IN_PROGRESS"}}
    await ann.call("help/ask", {})
    assert await it.teacher.expect("signal") == {**of_ann, "value": "HELP"}
    await ann.call("help/cancel", {})
    assert await it.teacher.expect("signal") == {**of_ann, "value": "IN_PROGRESS"}
    assert await it.queue() == []


async def test_the_old_words_ask_and_end_where_they_ended(school: School) -> None:
    it = await lesson(school)
    old = await it.add("Old", protocol=1)
    await it.teacher.take()
    await old.emit("steps/status/to_mentor", {"1": "HELP"})
    (asked,) = await it.teacher.expect("help/queue")
    assert (asked["task"], asked["helped"]) == ("1", 0)
    review = {"user_id": it.ids["Old"], "steps": {"1": "IN_PROGRESS"}}
    await it.teacher.call("steps/status/to_client", review)
    assert await it.queue() == []
    await old.emit("signal", {"user_id": it.ids["Old"], "value": "HELP"})
    (asked,) = await it.teacher.expect("help/queue")
    assert (asked["task"], asked["helped"]) == (None, 1)
    await old.emit("signal", {"user_id": it.ids["Old"], "value": "NONE"})
    assert await it.queue() == []
    assert not {"help/place", "help/queue"} & set(events(await old.take()))


async def test_a_teacher_of_an_older_protocol_hears_what_it_has_always_heard(
    school: School,
) -> None:
    it = await lesson(school, "Ann", protocol=2)
    (ann,) = it.students.values()
    await ann.call("help/ask", {"task": "1"})
    await ann.call("help/pause", {"is_paused": True})
    await ann.call("help/cancel", {})
    await ann.call("help/ask", {})
    assert events(await it.teacher.take()) == [
        "steps/status/to_mentor",
        "steps/status/to_mentor",
        "signal",
    ]
    (refused,) = await it.teacher.call("help/take", {"user_id": it.ids["Ann"]})
    assert refused["code"] == "protocol_needed"


async def test_who_pauses_keeps_the_place_and_who_was_away_pauses(school: School) -> None:
    it = await lesson(school, "Ann", "Ben")
    ann, ben = it.students.values()
    await ann.call("help/ask", {})
    school.clock.seconds = 1
    await ben.call("help/ask", {})
    await ann.call("help/pause", {"is_paused": True})
    await it.teacher.take()
    assert await ann.expect("help/place") == {"place": 1}
    assert await ann.expect("help/place") == {"place": 1, "is_paused": True}
    assert await ben.expect("help/place") == {"place": 2}
    assert await ben.expect("help/place") == {"place": 1}
    await ann.call("help/pause", {"is_paused": False})
    assert await it.queue() == [("Ann", "waiting"), ("Ben", "waiting")]
    await it.take("Ann")
    await it.done("Ann", is_helped=False)
    await it.teacher.expect("help/queue")
    assert await it.queue() == [("Ann", "paused"), ("Ben", "waiting")]
    # Whoever asks again does not pause any more, and says something else.
    await ann.call("help/ask", {"note": "Here I am"})
    (first, _) = await it.teacher.expect("help/queue")
    assert (first["state"], first["note"]) == ("waiting", "Here I am")


@pytest.mark.parametrize(
    ("who", "event", "payload", "code"),
    [
        ("Ann", "help/ask", {"task": "17"}, "unknown_task"),
        ("Ann", "help/ask", {"task": 1}, "bad_payload"),
        ("Ann", "help/ask", {"note": "x" * 501}, "bad_payload"),
        ("Ann", "help/pause", {"is_paused": True}, "not_asking"),
        ("Ann", "help/pause", {}, "bad_payload"),
        ("Ann", "help/take", {"user_id": 1}, "not_host"),
        ("Old", "help/ask", {}, "protocol_needed"),
        ("Old", "help/cancel", {}, "protocol_needed"),
        ("Teacher", "help/ask", {}, "not_student"),
        ("Teacher", "help/take", {"user_id": 1}, "user_not_found"),
        ("Teacher", "help/take", {"user_id": "Ann"}, "not_asking"),
        ("Teacher", "help/done", {"user_id": "Ann", "is_helped": True}, "not_asking"),
        ("Teacher", "help/done", {"user_id": "Ann"}, "bad_payload"),
    ],
)
async def test_what_does_not_fit_is_one_error_and_changes_nothing(
    school: School, who: str, event: str, payload: dict[str, Any], code: str
) -> None:
    it = await lesson(school, "Ann")
    old = await it.add("Old", protocol=2)
    await it.teacher.take()
    if payload.get("user_id") == "Ann":
        payload = {**payload, "user_id": it.ids["Ann"]}
    peer = {"Teacher": it.teacher, "Old": old}.get(who) or it.students[who]
    (refused,) = await peer.call(event, payload)
    assert refused["code"] == code
    assert [event for event in events(await it.teacher.take()) if event != "error"] == []


async def test_what_somebody_else_has_taken_is_taken_and_says_by_whom(school: School) -> None:
    it = await lesson(school, "Ann")
    (ann,) = it.students.values()
    await ann.call("help/ask", {})
    room = await school.service.rooms.find(it.room["id"])
    # There is one teacher in a class, until there are assistants.
    assistant = 7
    standing = room.helps.kept[it.ids["Ann"]]
    room.helps.kept[it.ids["Ann"]] = queue.taken(standing, assistant, school.clock.now())
    for answer in (await it.take("Ann"), await it.done("Ann")):
        assert (answer["code"], answer["by"]) == ("taken", "")
    room.helps.kept[it.ids["Ann"]] = standing
    assert await it.take("Ann") == await it.take("Ann") == {}


async def test_who_comes_back_hears_how_it_stands(school: School) -> None:
    it = await lesson(school, "Ann")
    (ann,) = it.students.values()
    await ann.call("help/ask", {})
    await ann.close()
    again = await school.peer()
    who = {"room_id": it.room["id"], "user_id": it.ids["Ann"], "token": it.tokens["Ann"]}
    await again.emit("room/rejoin", {**who, **NEW})
    assert await again.expect("help/place") == {"place": 1}
    await it.teacher.close()
    await it.back()
    assert await it.queue() == [("Ann", "waiting")]


async def test_of_a_helper_who_is_away_for_two_minutes_the_call_is_back(school: School) -> None:
    it = await lesson(school, "Ann", "Ben")
    ann, ben = it.students.values()
    await ann.call("help/ask", {})
    await ben.call("help/ask", {})
    await it.take("Ann")
    room = await school.service.rooms.find(it.room["id"])
    await it.teacher.close()
    await until(lambda: not room.host.is_online)
    school.clock.seconds = 119
    school.service.calls.look(room)
    await school.store.settle()
    await ann.settle()
    assert [each for name, each in await ann.take() if name == "help/place"][-1]["by"] == "Teacher"
    assert "look" in room.helps.timers
    school.clock.seconds = 120
    school.service.calls.look(room)
    assert await ann.expect("help/place") == {"place": 1}
    await it.back()
    assert await it.queue() == [("Ann", "waiting"), ("Ben", "waiting")]


async def test_waiting_alone_changes_the_order_and_everybody_hears_it(school: School) -> None:
    it = await lesson(school, "Ann", "Ben")
    ann, ben = it.students.values()
    await ann.call("help/ask", {})
    await it.done("Ann")
    await ann.call("help/ask", {})
    school.clock.seconds = 1
    await ben.call("help/ask", {})
    await it.teacher.take()
    await ann.take()
    school.clock.seconds = 10 * MINUTE
    room = await school.service.rooms.find(it.room["id"])
    school.service.calls.look(room)
    assert await it.queue() == [("Ann", "waiting"), ("Ben", "waiting")]
    assert await ann.expect("help/place") == {"place": 1}


async def test_after_five_helps_the_wait_is_estimated(school: School) -> None:
    it = await lesson(school, "Ann", "Ben")
    ann, ben = it.students.values()
    for _ in range(5):
        await ann.call("help/ask", {})
        await it.take("Ann")
        school.clock.seconds += 90
        await it.done("Ann")
    await ben.call("help/ask", {})
    assert await ben.expect("help/place") == {"place": 1, "estimate_s": 0}
    await it.take("Ben")
    await ann.call("help/ask", {})
    places = [each for name, each in await ann.take() if name == "help/place"]
    assert places[-1] == {"place": 1, "estimate_s": 90}
    # At another node, too.
    await moved(school)
    await ann.call("help/pause", {"is_paused": True})
    place = {"place": 1, "estimate_s": 90, "is_paused": True}
    while await ann.expect("help/place") != place:
        pass


async def test_a_killed_server_knows_what_helps_took(database: Path) -> None:
    command = [sys.executable, "-m", "tests.classroom.serve", str(database)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    url = (await process.stdout.readline()).decode().strip()
    teacher, ann = await enter(url), await enter(url)
    await teacher.call("room/create", {"name": "Teacher", **NEW})
    room = await teacher.expect("room/update")
    await ann.call("room/join", {"room_id": room["id"], "name": "Ann", **NEW})
    joined = await ann.expect("room/join")
    for _ in range(5):
        await ann.call("help/ask", {})
        await teacher.call("help/take", {"user_id": joined["user_id"]})
        done = {"user_id": joined["user_id"], "is_helped": True}
        assert await teacher.call("help/done", done) == [{}]
    process.kill()
    await process.wait()
    await teacher.close()
    await ann.close()
    async with open_school(database, ClassroomSettings()) as school:
        token = {"token": joined["token"]}
        ann, _ = await school.student(room["id"], "Ann", **NEW, **token)
        await ann.call("help/ask", {})
        # Its clock stands still.
        assert await ann.expect("help/place") == {"place": 1, "estimate_s": 0}


async def test_places_are_told_once_a_second_and_the_last_is_told(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "_PLACES_EACH_S", 0.2)
    it = await lesson(school, "Ann", "Ben")
    ann, ben = it.students.values()
    await ben.call("help/ask", {})
    school.clock.seconds = -1
    for _ in range(5):
        await ann.call("help/ask", {})
        await ann.call("help/cancel", {})
    await ann.call("help/ask", {})
    assert await ben.expect("help/place") == {"place": 1}
    assert await ben.expect("help/place") == {"place": 2}
    heard = [each for name, each in await ann.take() if name == "help/place"]
    assert len(heard) < 5
    assert heard[-1] == {"place": 1}


async def test_who_leaves_the_class_leaves_the_queue(school: School) -> None:
    it = await lesson(school, "Ann", "Ben")
    ann, ben = it.students.values()
    await ann.call("help/ask", {})
    await ben.call("help/ask", {})
    await it.teacher.take()
    await ann.call("room/leave", {"room_id": it.room["id"]})
    assert await it.queue() == [("Ben", "waiting")]
    # Places are told once a second: the first one may be of before.
    while await ben.expect("help/place") != {"place": 1}:
        pass


async def test_a_queue_moves_to_another_node_with_its_class(school: School) -> None:
    it = await lesson(school, "Ann", "Ben")
    ann, ben = it.students.values()
    await ann.call("help/ask", {})
    school.clock.seconds = 1
    await ben.call("help/ask", {})
    await it.take("Ann")
    await it.teacher.take()
    await moved(school)
    await ben.call("help/pause", {"is_paused": True})
    assert await it.queue() == [("Ann", "taken"), ("Ben", "paused")]


@pytest.mark.usefixtures("impatient_store")
async def test_nobody_hears_of_a_call_that_cannot_be_saved(school: School, database: Path) -> None:
    it = await lesson(school, "Ann")
    (ann,) = it.students.values()
    with locked(database):
        for request in ({"task": "1"}, {}):
            (refused,) = await ann.call("help/ask", request)
            assert refused["code"] == "store_unavailable"
    assert events(await it.teacher.take()) == []
    await ann.call("help/ask", {})
    await it.teacher.take()
    with locked(database):
        assert (await it.take("Ann"))["code"] == "store_unavailable"
        assert (await it.done("Ann"))["code"] == "store_unavailable"
        (refused,) = await ann.call("help/cancel", {})
        assert refused["code"] == "store_unavailable"
    assert {*events(await it.teacher.take())} <= {"error"}
    assert await it.take("Ann") == {}
    assert await it.queue() == [("Ann", "taken")]


async def test_of_two_who_take_a_call_at_once_one_wins_before_anything_is_saved(
    school: School,
) -> None:
    it = await lesson(school, "Ann")
    (ann,) = it.students.values()
    await ann.call("help/ask", {})
    room = await school.service.rooms.find(it.room["id"])
    student = room.students[it.ids["Ann"]]
    taken = queue.taken(room.helps.kept[student.id], 7, school.clock.now())
    with school.service.calls.deciding(student, taken):
        # What the first has decided stands, although nobody sees it yet.
        assert (await it.take("Ann"))["code"] == "taken"
        assert room.helps.kept[student.id].call != taken.call
    assert room.helps.kept[student.id] == taken
