"""Tasks with ids: set, reported, reviewed, revealed, in a class of students of every protocol."""

from pathlib import Path
from typing import Any

import pytest

from quad.classroom.model import Step
from quad.settings import ClassroomSettings, LimitSettings
from tests.classroom.school import Peer, School, events, exercise, locked, open_school

NEW: dict[str, Any] = {"protocol": 3}
FILES = [{"filename": "main.py", "content": "print()"}]
SOLUTION = [{"filename": "main.py", "content": "print(1)"}]
CHECKS = [
    {"name": "one", "stdin": "", "stdout": "1\n", "is_hidden": False},
    {"name": "two", "code": "assert x", "is_hidden": True},
]


def task(task_id: str, **more: object) -> dict[str, Any]:
    """A task as the wire has it, with its solution."""
    whole = {
        "id": task_id,
        "title": task_id.upper(),
        "folder": "",
        "type": "exercise",
        "content": f"<p>{task_id}</p>",
        "files": [],
        "checks": [],
        "solution": [],
        "points": 0,
    }
    return whole | more


def shown(*tasks: dict[str, Any]) -> list[dict[str, Any]]:
    """The tasks as students get them."""
    return [{key: value for key, value in each.items() if key != "solution"} for each in tasks]


def step(name: str, task_id: str) -> dict[str, str]:
    """A task as a student of an older client gets it."""
    return exercise(name, f"<h2>{task_id.upper()}</h2><p>{task_id}</p>")


A, B, C = task("a"), task("b"), task("c")


class Mixed:
    """A teacher of protocol 3, and a student of each protocol."""

    def __init__(self, school: School, teacher: Peer, room: dict[str, Any]) -> None:
        self.school = school
        self.teacher = teacher
        self.room = room
        self.peers: dict[int, Peer] = {}
        self.ids: dict[int, int] = {}

    async def set(self, *tasks: dict[str, Any], rev: int) -> Any:
        (answer,) = await self.teacher.call("tasks/set", {"tasks": tasks, "rev": rev})
        return answer

    async def settle(self) -> None:
        """Nobody has anything left to hear, and names are sure again."""
        self.school.clock.seconds += 10
        for peer in (self.teacher, *self.peers.values()):
            await peer.take()

    async def statuses(self) -> dict[int, dict[str, str]]:
        """What is kept of each, by ids."""
        await self.teacher.emit("steps/table", {})
        table = await self.teacher.expect("steps/table")
        by_user = {row["user_id"]: row["steps"] for row in table}
        return {protocol: by_user.get(user, {}) for protocol, user in self.ids.items()}


@pytest.fixture
async def mixed(school: School) -> Mixed:
    teacher, room = await school.teacher(**NEW)
    mixed = Mixed(school, teacher, room)
    for protocol in (1, 2, 3):
        peer, joined = await school.student(room["id"], f"P{protocol}", protocol=protocol)
        mixed.peers[protocol], mixed.ids[protocol] = peer, joined["user_id"]
    await mixed.settle()
    return mixed


async def test_each_student_gets_tasks_in_the_words_of_its_protocol(mixed: Mixed) -> None:
    whole = task("a", files=FILES, checks=CHECKS, solution=SOLUTION, folder="01-a", points=3)
    assert await mixed.set(whole, B, rev=0) == {"rev": 1}
    assert await mixed.teacher.take() == []
    told = {"rev": 1, "tasks": shown(whole, B)}
    assert await mixed.peers[3].take() == [("tasks/all", told)]
    steps = [step("1", "a"), step("2", "b")]
    for protocol in (1, 2):
        assert await mixed.peers[protocol].take() == [("steps/all", steps)]
    late, _ = await mixed.school.student(mixed.room["id"], "Late", **NEW)
    assert await late.take() == [("tasks/all", told)]
    late, _ = await mixed.school.student(mixed.room["id"], "Old")
    assert await late.take() == [("steps/all", steps)]


async def test_whoever_changes_what_is_not_the_newest_hears_so(mixed: Mixed) -> None:
    assert await mixed.set(A, rev=0) == {"rev": 1}
    await mixed.settle()
    refused = await mixed.set(B, rev=0)
    assert (refused["code"], refused["rev"]) == ("stale", 1)
    assert events(await mixed.teacher.take()) == ["error"]
    assert await mixed.peers[3].take() == []
    assert await mixed.set(B, rev=1) == {"rev": 2}


async def test_of_two_changes_at_once_the_first_counts(mixed: Mixed) -> None:
    for content in ("<b>x</b>" * 500, "y"):
        await mixed.teacher.emit("tasks/set", {"tasks": [task("a", content=content)], "rev": 0})
    assert [name for name in events(await mixed.teacher.take()) if name == "error"] == ["error"]
    heard = await mixed.peers[3].take()
    assert events(heard) == ["tasks/all"]
    assert heard[0][1]["rev"] == 1


async def test_html_of_tasks_is_cleaned(mixed: Mixed) -> None:
    await mixed.set(task("a", title="<i>", content="<p>x</p><script>y</script>"), rev=0)
    (given,) = (await mixed.peers[3].expect("tasks/all"))["tasks"]
    assert (given["title"], given["content"]) == ("<i>", "<p>x</p>")
    (old,) = await mixed.peers[1].expect("steps/all")
    assert old["content"] == "<h2>&lt;i&gt;</h2><p>x</p>"


async def test_a_report_is_merged_and_told_by_ids(mixed: Mixed) -> None:
    await mixed.set(A, B, C, rev=0)
    await mixed.settle()
    await mixed.peers[3].call("tasks/report", {"statuses": {"a": "DONE"}})
    assert await mixed.peers[3].call("tasks/report", {"statuses": {"b": "HELP"}}) == [{}]
    await mixed.peers[3].call("tasks/report", {"statuses": {"b": "HELP", "c": "ACCEPTED"}})
    for protocol in (1, 2):
        await mixed.peers[protocol].emit("steps/status/to_mentor", {"2": "DONE", "9": "DONE"})
        await mixed.peers[protocol].settle()
    reports = [
        (payload["user_id"], payload["statuses"])
        for event, payload in await mixed.teacher.take()
        if event == "tasks/report"
    ]
    assert reports == [
        (mixed.ids[3], {"a": "DONE"}),
        (mixed.ids[3], {"a": "DONE", "b": "HELP"}),
        (mixed.ids[1], {"b": "DONE"}),
        (mixed.ids[2], {"b": "DONE"}),
    ]


async def test_a_status_belongs_to_its_task_wherever_that_goes(mixed: Mixed) -> None:
    await mixed.set(A, B, C, rev=0)
    await mixed.settle()
    await mixed.peers[3].call("tasks/report", {"statuses": {"a": "DONE", "c": "HELP"}})
    for protocol in (1, 2):
        await mixed.peers[protocol].emit("steps/status/to_mentor", {"1": "DONE", "3": "HELP"})
        await mixed.peers[protocol].settle()
    await mixed.settle()
    kept = {"a": "DONE", "c": "HELP"}
    for rev, tasks, names in (
        (1, (C, A, B), {"1": "HELP", "2": "DONE", "3": "NONE"}),  # moved
        (2, (B, C), {"1": "NONE", "2": "HELP"}),  # one is gone
        (3, (B, C, A), {"1": "NONE", "2": "HELP", "3": "DONE"}),  # and is back
    ):
        await mixed.set(*tasks, rev=rev)
        for protocol in (1, 2):
            heard = await mixed.peers[protocol].take()
            assert events(heard) == ["steps/all", "steps/status/to_client"]
            assert names.items() <= heard[1][1].items()
            # The plugin merges that into its map, and sends the whole of it.
            mixed.school.clock.seconds += 10
            await mixed.peers[protocol].emit("steps/status/to_mentor", heard[1][1])
            await mixed.peers[protocol].settle()
        assert events(await mixed.peers[3].take()) == ["tasks/all"]
        for statuses in (await mixed.statuses()).values():
            assert {key: value for key, value in statuses.items() if value != "NONE"} == kept


async def test_a_report_that_was_on_its_way_while_tasks_moved_moves_no_status(
    mixed: Mixed,
) -> None:
    await mixed.set(A, B, rev=0)
    await mixed.settle()
    await mixed.set(B, A, rev=1)
    for protocol in (1, 2):
        await mixed.peers[protocol].take()
        await mixed.peers[protocol].emit("steps/status/to_mentor", {"1": "DONE"})
        # It meant a; it is told how things are, and may say it again.
        told = [("steps/status/to_client", {"1": "NONE", "2": "NONE"})]
        assert await mixed.peers[protocol].take() == told
    assert set(map(str, (await mixed.statuses()).values())) == {"{}"}
    mixed.school.clock.seconds += 2
    await mixed.peers[1].emit("steps/status/to_mentor", {"1": "DONE"})
    await mixed.peers[1].settle()
    assert (await mixed.statuses())[1] == {"b": "DONE"}


@pytest.mark.parametrize("protocol", [1, 2])
async def test_the_first_tasks_of_a_class_are_reported_at_once(mixed: Mixed, protocol: int) -> None:
    await mixed.set(A, B, rev=0)
    await mixed.peers[protocol].emit("steps/status/to_mentor", {"2": "DONE"})
    told = await mixed.teacher.expect("tasks/report")
    assert told == {"user_id": mixed.ids[protocol], "statuses": {"b": "DONE"}}


async def test_whoever_comes_back_has_its_statuses_in_its_own_words(mixed: Mixed) -> None:
    await mixed.set(A, B, rev=0)
    await mixed.settle()
    for protocol, event, payload in (
        (1, "steps/status/to_mentor", {"2": "DONE"}),
        (2, "steps/status/to_mentor", {"2": "DONE"}),
        (3, "tasks/report", {"statuses": {"b": "DONE"}}),
    ):
        await mixed.peers[protocol].emit(event, payload)
        await mixed.peers[protocol].settle()
    await mixed.set(B, A, rev=1)
    plugin = await mixed.school.peer()
    await mixed.peers[1].close()
    await plugin.emit("room/join", {"room_id": mixed.room["id"], "name": "P1"})
    assert (await plugin.take())[1:] == [
        ("steps/all", [step("1", "b"), step("2", "a")]),
        ("steps/status/to_client", {"1": "DONE"}),
    ]
    update = await mixed.teacher.expect("room/update")
    assert [user["steps"] for user in update["users"][1:]] == [{"b": "DONE"}] * 2


async def test_a_review_is_told_by_ids_and_by_names(mixed: Mixed) -> None:
    await mixed.set(A, B, rev=0)
    await mixed.settle()
    for protocol, user in mixed.ids.items():
        review = {"user_id": user, "statuses": {"b": "ACCEPTED"}}
        assert await mixed.teacher.call("tasks/review", review) == [{}]
        (answer,) = await mixed.teacher.call(
            "tasks/review", {**review, "statuses": {"b": "NONE"}, "comment": "Why?"}
        )
        assert set(answer) == {"id", "at"}
        heard = [each for each in await mixed.peers[protocol].take() if each[0] != "alert"]
        notice: dict[str, str] = {"message": "Task 2 solution accepted!", "type": "SUCCESS"}
        if protocol == 3:
            notice |= {"code": "accepted", "task": "b"}
            accepted = {"statuses": {"b": "ACCEPTED"}, "comment": None}
            declined = {"statuses": {"b": "NONE"}, "comment": "Why?"}
            words = [("tasks/reviewed", accepted), ("tasks/reviewed", declined)]
        else:
            words = [("steps/status/to_client", {"2": word}) for word in ("ACCEPTED", "NONE")]
        assert heard[:2] == [("alerts", notice), words[0]]
        assert heard[2][0] == "message/to_client"
        assert heard[2][1]["content"] == "Why?"
        assert heard[3:] == [words[1]]
    assert set(map(str, (await mixed.statuses()).values())) == {"{'b': 'NONE'}"}


async def test_a_review_with_a_key_is_one_review(mixed: Mixed) -> None:
    await mixed.set(A, rev=0)
    await mixed.settle()
    review = {"user_id": mixed.ids[3], "statuses": {"a": "DONE"}, "comment": "x", "key": "k"}
    (sent,) = await mixed.teacher.call("tasks/review", review)
    await mixed.teacher.call("tasks/review", {"user_id": mixed.ids[3], "statuses": {"a": "HELP"}})
    # Also by a server that knows nothing of it any more.
    room = await mixed.school.service.rooms.find(mixed.room["id"])
    for forgotten in (False, True):
        if forgotten:
            room.host.sent = None
        assert await mixed.teacher.call("tasks/review", review) == [sent]
    assert (await mixed.statuses())[3] == {"a": "HELP"}
    assert events(await mixed.peers[3].take()).count("message/to_client") == 1


async def test_a_revealed_solution_stays(mixed: Mixed) -> None:
    solved = task("a", solution=SOLUTION)
    await mixed.set(solved, task("b", solution=SOLUTION), rev=0)
    await mixed.settle()
    for _ in range(2):
        assert await mixed.teacher.call("tasks/reveal", {"task": "a"}) == [{}]
        told = {"task": "a", "solution": SOLUTION}
        assert await mixed.peers[3].take() == [("tasks/reveal", told)]
    assert await mixed.peers[1].take() == []
    assert await mixed.set(task("b", solution=SOLUTION), solved, rev=1) == {"rev": 2}
    tasks = [*shown(task("b")), solved]
    assert (await mixed.peers[3].expect("tasks/all"))["tasks"] == tasks
    late, _ = await mixed.school.student(mixed.room["id"], "Late", **NEW)
    assert (await late.expect("tasks/all"))["tasks"] == tasks


async def test_a_teacher_comes_back_to_tasks_with_solutions(mixed: Mixed) -> None:
    solved = task("a", solution=SOLUTION)
    await mixed.set(solved, rev=0)
    await mixed.teacher.call("tasks/reveal", {"task": "a"})
    room = mixed.room
    who = {"room_id": room["id"], "user_id": room["host"], "token": room["token"]}
    await mixed.teacher.emit("room/rehost", {**who, **NEW})
    told = await mixed.teacher.expect("tasks/all")
    assert told == {"rev": 1, "tasks": [solved], "revealed": ["a"]}
    await mixed.teacher.emit("room/rehost", {**who, "protocol": 2})
    assert await mixed.teacher.expect("steps/load") == [step("1", "a")]


async def test_imported_tasks_come_with_the_names_of_steps_as_ids(mixed: Mixed) -> None:
    await mixed.set(A, rev=0)
    mixed.school.importer.answer = [Step("1", "<p>x</p>")]
    await mixed.teacher.emit("steps/import", {"url": "x"})
    imported = {
        "rev": 1,
        "tasks": [task("1", title="", content="<p>x</p>")],
        "is_imported": True,
    }
    assert await mixed.teacher.expect("tasks/all") == imported
    room = mixed.room
    who = {"room_id": room["id"], "user_id": room["host"], "token": room["token"], **NEW}
    await mixed.teacher.emit("room/rehost", who)
    assert (await mixed.teacher.expect("tasks/all"))["tasks"] == [A]
    assert await mixed.teacher.expect("tasks/all") == imported
    assert await mixed.set(*imported["tasks"], rev=1) == {"rev": 2}  # type: ignore[misc]
    await mixed.teacher.emit("room/rehost", who)
    heard = await mixed.teacher.take()
    assert events(heard).count("tasks/all") == 1


async def test_a_teacher_of_an_older_client_has_students_of_protocol_3(school: School) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"], **NEW)
    await teacher.take()
    await teacher.emit("steps/all", [exercise("3", "x"), exercise("1", "y")])
    told = await student.expect("tasks/all")
    assert told["rev"] == 1
    assert [(each["id"], each["content"]) for each in told["tasks"]] == [("3", "x"), ("1", "y")]
    await student.call("tasks/report", {"statuses": {"3": "DONE"}})
    report = {"user_id": joined["user_id"], "steps": {"3": "DONE"}}
    assert await teacher.take() == [("steps/status/to_mentor", report)]
    await teacher.emit(
        "steps/status/to_client", {"user_id": joined["user_id"], "steps": {"3": "ACCEPTED"}}
    )
    reviewed = await student.expect("tasks/reviewed")
    assert reviewed == {"statuses": {"3": "ACCEPTED"}, "comment": None}
    await teacher.emit("steps/table", {})
    report["steps"] = {"3": "ACCEPTED"}
    assert await teacher.take() == [("steps/table", [report])]


async def test_results_show_all_tasks_by_place(mixed: Mixed) -> None:
    tasks = [task(f"t{number}") for number in range(20)]
    await mixed.set(task("read", type="theory"), *tasks, rev=0)
    assert await mixed.school.service.stats(mixed.room["id"]) is None
    await mixed.peers[3].call("tasks/report", {"statuses": {"t19": "DONE", "read": "DONE"}})
    stats = await mixed.school.service.stats(mixed.room["id"])
    assert stats is not None
    assert stats.steps == [str(place) for place in range(1, 21)]
    assert [row.steps for row in stats.students] == [{}, {}, {"20": "DONE"}]


OUTSIDE = {"filename": "a/../../x", "content": ""}


async def test_help_is_asked_for_by_ids_and_by_names(mixed: Mixed) -> None:
    await mixed.set(B, A, rev=0)
    await mixed.settle()
    await mixed.peers[1].emit("steps/status/to_mentor", {"2": "HELP"})
    await mixed.peers[1].settle()
    await mixed.peers[3].call("help/ask", {"task": "a"})
    heard = [payload for event, payload in await mixed.teacher.take() if event == "help/queue"]
    assert [call["task"] for call in heard[-1]] == ["a", "a"]
    for protocol, words in (
        (1, ("steps/status/to_client", {"2": "IN_PROGRESS"})),
        (3, ("tasks/reviewed", {"statuses": {"a": "IN_PROGRESS"}, "comment": None})),
    ):
        await mixed.peers[protocol].take()
        done = {"user_id": mixed.ids[protocol], "is_helped": True}
        assert await mixed.teacher.call("help/done", done) == [{}]
        heard_by_student = await mixed.peers[protocol].take()
        assert [each for each in heard_by_student if each[0] != "help/place"] == [words]
    (refused,) = await mixed.peers[3].call("help/ask", {"task": "1"})
    assert refused["code"] == "unknown_task"


BAD = [
    ({"tasks": [task("a b")]}, "bad_payload", "'id'"),
    ({"tasks": [task("")]}, "bad_payload", "'id'"),
    ({"tasks": [task("a" * 37)]}, "bad_payload", "'id'"),
    ({"tasks": [A, A]}, "bad_payload", "'id'"),
    ({"tasks": [task("a", title="x\ny")]}, "bad_payload", "'title'"),
    ({"tasks": [task("a", type="exam")]}, "bad_payload", "type"),
    ({"tasks": [task("a", folder="../x")]}, "bad_payload", "'folder'"),
    ({"tasks": [task("a", points=-1)]}, "bad_payload", "'points'"),
    ({"tasks": [task("a", files=[OUTSIDE])]}, "bad_payload", "'filename'"),
    ({"tasks": [task("a", files=FILES * 2)]}, "bad_payload", "'filename'"),
    ({"tasks": [task("a", solution=[OUTSIDE])]}, "bad_payload", "'filename'"),
    ({"tasks": [task("a", checks=[CHECKS[0]] * 2)]}, "bad_payload", "'name'"),
    ({"tasks": [task("a", checks=[{"name": "x"}])]}, "bad_payload", "'checks'"),
    ({"tasks": [task("a", checks=[{"name": "x", "stdin": ""}])]}, "bad_payload", "'checks'"),
    ({"tasks": [task("a", checks=[{**CHECKS[0], "code": ""}])]}, "bad_payload", "'checks'"),
    ({"tasks": [task("a", checks=[{**CHECKS[1], "name": " "}])]}, "bad_payload", "'name'"),
    ({"tasks": [task("a", checks=[{**CHECKS[1], "name": "x" * 101}])]}, "bad_payload", "'name'"),
    ({"tasks": {}}, "bad_payload", "tasks"),
    ({"tasks": []}, "bad_payload", "rev"),
    ({"tasks": [task(str(number)) for number in range(101)]}, "too_large", "100"),
    ({"tasks": [task("a", content="x" * 900_000)]}, "too_large", "900000"),
    ({"tasks": [task("a", content="<p>" + "&" * 300_000)]}, "too_large", "900000"),
    ({"tasks": [task("a", checks=CHECKS * 51)]}, "too_large", "checks"),
    ({"tasks": [task("a", files=FILES * 101)]}, "too_large", "files"),
]


@pytest.mark.parametrize(("payload", "code", "words"), BAD)
async def test_bad_tasks_are_one_error_and_change_nothing(
    school: School, payload: dict[str, Any], code: str, words: str
) -> None:
    teacher, room = await school.teacher(**NEW)
    student, _ = await school.student(room["id"], **NEW)
    await teacher.take()
    rev = {} if words == "rev" else {"rev": 0}
    (refused,) = await teacher.call("tasks/set", {**payload, **rev})
    assert refused["code"] == code
    assert words in refused["message"]
    assert events(await teacher.take()) == ["error"]
    assert await student.take() == []
    assert await teacher.call("tasks/set", {"tasks": [A], "rev": 0}) == [{"rev": 1}]


async def test_what_is_said_of_a_task_that_is_not_there_changes_nothing(mixed: Mixed) -> None:
    await mixed.set(A, B, rev=0)
    await mixed.peers[3].call("tasks/report", {"statuses": {"b": "DONE"}})
    await mixed.set(A, rev=1)
    await mixed.settle()
    review = {"user_id": mixed.ids[3]}
    for peer, event, payload, code in (
        (mixed.peers[3], "tasks/report", {"statuses": {"a": "DONE", "c": "DONE"}}, "unknown_task"),
        (mixed.peers[3], "tasks/report", {"statuses": {"a": "LOST"}}, "bad_payload"),
        (mixed.peers[3], "tasks/report", {"statuses": []}, "bad_payload"),
        (mixed.teacher, "tasks/reveal", {"task": "b"}, "unknown_task"),
        (mixed.teacher, "tasks/review", {**review, "statuses": {"c": "DONE"}}, "unknown_task"),
        (mixed.teacher, "tasks/review", {**review, "statuses": {"a": 1}}, "bad_payload"),
        (
            mixed.teacher,
            "tasks/review",
            {**review, "statuses": {"a": "DONE"}, "comment": " "},
            "bad_payload",
        ),
        (mixed.teacher, "tasks/review", {"user_id": 1, "statuses": {}}, "user_not_found"),
    ):
        (refused,) = await peer.call(event, payload)
        assert refused["code"] == code, payload
    assert (await mixed.statuses())[3] == {"b": "DONE"}
    # It is gone for now, and its student may still speak of it.
    await mixed.peers[3].call("tasks/report", {"statuses": {"b": "HELP"}})
    assert (await mixed.statuses())[3] == {"b": "HELP"}


@pytest.mark.parametrize("protocol", [1, 2])
async def test_older_clients_have_no_ids(school: School, protocol: int) -> None:
    teacher, room = await school.teacher(protocol=protocol)
    student, joined = await school.student(room["id"], protocol=protocol)
    for peer, event, payload in (
        (teacher, "tasks/set", {"tasks": [A], "rev": 0}),
        (teacher, "tasks/reveal", {"task": "1"}),
        (teacher, "tasks/review", {"user_id": joined["user_id"], "statuses": {}}),
        (student, "tasks/report", {"statuses": {}}),
    ):
        (refused,) = await peer.call(event, payload)
        assert refused["code"] == "protocol_needed"


@pytest.mark.usefixtures("impatient_store")
async def test_nobody_hears_of_tasks_that_are_not_saved(mixed: Mixed, database: Path) -> None:
    await mixed.set(task("a", solution=SOLUTION), rev=0)
    await mixed.peers[3].call("tasks/report", {"statuses": {"a": "DONE"}})
    await mixed.settle()
    review = {"user_id": mixed.ids[3], "statuses": {"a": "NONE"}}
    with locked(database):
        for peer, event, payload in (
            (mixed.teacher, "tasks/set", {"tasks": [B], "rev": 1}),
            (mixed.teacher, "tasks/reveal", {"task": "a"}),
            (mixed.teacher, "tasks/review", review),
            (mixed.teacher, "tasks/review", {**review, "comment": "x", "key": "k"}),
            (mixed.peers[3], "tasks/report", {"statuses": {"a": "HELP"}}),
        ):
            (refused,) = await peer.call(event, payload)
            assert refused["code"] == "store_unavailable"
    assert events(await mixed.peers[3].take()) == ["error"]
    assert (await mixed.statuses())[3] == {"a": "DONE"}
    assert await mixed.set(B, rev=1) == {"rev": 2}
    await mixed.peers[3].call("tasks/report", {"statuses": {"a": "HELP"}})
    assert (await mixed.statuses())[3] == {"a": "HELP"}


async def test_a_comment_that_is_too_much_leaves_the_status_as_it_was(database: Path) -> None:
    limits = LimitSettings(daily_room_bytes=10_000)
    async with open_school(database, ClassroomSettings(), limits) as school:
        teacher, room = await school.teacher(**NEW)
        student, joined = await school.student(room["id"], **NEW)
        await teacher.call("tasks/set", {"tasks": [A], "rev": 0})
        review = {"user_id": joined["user_id"], "statuses": {"a": "ACCEPTED"}}
        (refused,) = await teacher.call("tasks/review", {**review, "comment": "x" * 20_000})
        assert refused["code"] == "quota_reached"
        assert "tasks/reviewed" not in events(await student.take())
        found = await school.service.rooms.find(room["id"])
        assert found.students[joined["user_id"]].decided_steps == {}
