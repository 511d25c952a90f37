"""Tasks, each student's progress, settings, and the deprecated events."""

import logging
import threading
import time
from pathlib import Path

import pytest

from quad.classroom.model import Step
from quad.realtime import Refused
from quad.settings import ClassroomSettings
from tests.classroom.school import Peer, School, events, exercise, open_school, refusal


async def statuses_of(teacher: Peer) -> list[object]:
    """The teacher's table."""
    await teacher.emit("steps/table", {})
    found = await teacher.expect("steps/table")
    assert isinstance(found, list)
    return found


async def test_tasks_reach_every_student_cleaned_up(school: School) -> None:
    teacher, room = await school.teacher()
    ann, _ = await school.student(room["id"], "Ann")
    bob, _ = await school.student(room["id"], "Bob")
    await teacher.take()
    tasks = [
        {"name": "theory", "content": "<p>Read</p>", "language": "html", "type": "theory"},
        exercise("1", "<p>Sum</p><script>alert(1)</script>"),
        exercise("2", "   "),
        exercise("3", "<script>alert(1)</script>"),
        exercise("17", "too many"),
        {**exercise("4", "x"), "content": None},
        {**exercise("16", "plain text"), "unknown": 1},
    ]
    await teacher.emit("steps/all", tasks)
    assert await teacher.take() == []
    expected = [tasks[0], exercise("1", "<p>Sum</p>"), exercise("16", "plain text")]
    assert await ann.take() == [("steps/all", expected)]
    assert await bob.take() == [("steps/all", expected)]
    _, late = await school.student(room["id"], "Late")
    assert late


async def test_later_tasks_replace_earlier_ones(school: School) -> None:
    teacher, room = await school.teacher()
    await teacher.emit("steps/all", [exercise("1", "x")])
    await teacher.emit("steps/all", [exercise("2", "y")])
    await teacher.settle()
    student, _ = await school.student(room["id"])
    assert await student.take() == [("steps/all", [exercise("2", "y")])]


async def test_too_many_tasks_are_refused(school: School) -> None:
    teacher, room = await school.teacher()
    student, _ = await school.student(room["id"])
    await teacher.take()
    await teacher.emit(
        "steps/all",
        [exercise(str(n), "x" * 400_000) for n in (1, 2)] + [exercise("3", "x" * 150_000)],
    )
    assert refusal(await teacher.take()) == "bad_payload"
    assert await student.take() == []


async def test_tasks_made_to_cost_time_stop_nobody_else(school: School) -> None:
    teacher, room = await school.teacher()
    bystander = await school.peer()
    tag = " ".join(f"a{number}" for number in range(120_000))
    many = "<p>" + "".join(f'<b class="ql-{n}">' for n in range(97)) + "<p>x</p>" * 10_000
    for content in (f"<p {tag}>x</p>", many):
        await teacher.emit("steps/all", [exercise("1", content)])
        await teacher.emit("exercise", {"content": content})
    started = time.monotonic()
    await bystander.settle()
    assert time.monotonic() - started < 2
    await teacher.settle()
    student, _ = await school.student(room["id"])
    assert (await student.expect("exercise"))["content"].startswith("&lt;p&gt;&lt;b class=")


@pytest.mark.parametrize("event", ["steps/all", "exercise"])
async def test_tasks_over_the_limit_are_not_even_cleaned(
    school: School, event: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "quad.classroom.tasks.cleaning.sanitise", lambda html: pytest.fail("cleaned")
    )
    teacher, _ = await school.teacher()
    large = "<" + "x" * 900_000
    await teacher.emit(
        event, [exercise("1", large)] if event == "steps/all" else {"content": large}
    )
    assert "900000 bytes" in (await teacher.expect("error"))["message"]


@pytest.mark.parametrize("event", ["steps/all", "exercise"])
async def test_tasks_that_grow_over_the_limit_are_refused(school: School, event: str) -> None:
    teacher, _ = await school.teacher()
    large = "<p>" + "&" * 300_000
    await teacher.emit(
        event, [exercise("1", large)] if event == "steps/all" else {"content": large}
    )
    assert "900000 bytes" in (await teacher.expect("error"))["message"]


async def test_tasks_that_are_cleaned_at_once_do_not_overtake_those_that_wait(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_end = threading.Event()

    def clean(html: str) -> str:
        assert len(html) < 1_000 or may_end.wait(5)
        return html

    monkeypatch.setattr("quad.classroom.tasks.cleaning.sanitise", clean)
    teacher, room = await school.teacher()
    student, _ = await school.student(room["id"])
    await student.take()
    await teacher.emit("steps/all", [exercise("1", "<b>long</b> " * 200)])
    await teacher.emit("steps/all", [exercise("1", "short")])
    assert await student.take() == []
    may_end.set()
    await teacher.settle()
    told = [steps[0]["content"] for event, steps in await student.take() if event == "steps/all"]
    assert told == ["<b>long</b> " * 200, "short"]


@pytest.mark.parametrize("protocol", [1, 2])
async def test_nothing_of_the_teacher_overtakes_tasks_that_are_being_cleaned(
    protocol: int, school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_end = threading.Event()
    monkeypatch.setattr(
        "quad.classroom.tasks.cleaning.sanitise", lambda html: (may_end.wait(5) and html) or ""
    )
    teacher, room = await school.teacher(protocol=protocol)
    student, place = await school.student(room["id"])
    await student.take()
    of_student = {"room_id": room["id"], "user_id": place["user_id"]}
    await teacher.emit("steps/all", [exercise("1", "<b>long</b> " * 200)])
    await teacher.emit("steps/status/to_client", {**of_student, "steps": {"1": "ACCEPTED"}})
    await teacher.emit("settings", {"files_to_ignore": "*.log"})
    await teacher.emit("message/to_client", {**of_student, "content": "See task 1."})
    await teacher.emit("exercise/reset", {})
    assert await student.take() == []
    may_end.set()
    await teacher.settle()
    told = [event for event, _ in await student.take() if event != "alert"]
    assert told[0] == "steps/all"
    assert [event for event in told if event != "alerts"] == [
        "steps/all",
        "steps/status/to_client",
        "settings",
        "message/to_client",
        "exercise/reset",
    ]


async def test_cleaning_that_takes_too_long_is_given_up(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_end = threading.Event()
    monkeypatch.setattr("quad.classroom.tasks.cleaning.sanitise", lambda html: str(may_end.wait(5)))
    monkeypatch.setattr("quad.classroom.tasks.cleaning.DEADLINE_S", 0.01)
    teacher, room = await school.teacher()
    await teacher.emit("steps/all", [exercise("1", "<p>x</p>" * 200)])
    assert "takes too long" in (await teacher.expect("error"))["message"]
    may_end.set()
    student, _ = await school.student(room["id"])
    assert await student.take() == []


# Progress


async def test_a_students_statuses_reach_the_teacher_when_they_change(school: School) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    await teacher.take()
    steps = {"1": "DONE", "2": "HELP", "theory": "IN_PROGRESS"}
    await student.emit("steps/status/to_mentor", steps)
    await student.emit("steps/status/to_mentor", steps)
    await student.settle()
    told = {"user_id": joined["user_id"], "steps": steps}
    assert await teacher.take() == [("steps/status/to_mentor", told)]
    # What a student reports is all there is.
    await student.emit("steps/status/to_mentor", {"1": "DONE"})
    await student.settle()
    assert (await teacher.expect("steps/status/to_mentor"))["steps"] == {"1": "DONE"}
    assert await statuses_of(teacher) == [{"user_id": joined["user_id"], "steps": {"1": "DONE"}}]


async def test_a_student_accepts_nothing_of_their_own(school: School) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    await teacher.take()
    # The other steps of the map count.
    await student.emit("steps/status/to_mentor", {"1": "ACCEPTED", "2": "DONE"})
    await student.settle()
    told = {"user_id": joined["user_id"], "steps": {"2": "DONE"}}
    assert await teacher.take() == [("steps/status/to_mentor", told)]
    review = {"user_id": joined["user_id"], "steps": {"2": "ACCEPTED"}}
    await teacher.emit("steps/status/to_client", review)
    await teacher.settle()
    await student.emit("steps/status/to_mentor", {"1": "ACCEPTED", "2": "ACCEPTED", "3": "HELP"})
    await student.settle()
    now = {"2": "ACCEPTED", "3": "HELP"}
    assert await statuses_of(teacher) == [{"user_id": joined["user_id"], "steps": now}]


async def test_the_teacher_accepts_and_declines_solutions(school: School) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    await student.emit("steps/status/to_mentor", {"1": "DONE", "2": "DONE", "3": "HELP"})
    await student.settle()
    await teacher.take()

    review = {"1": "ACCEPTED", "2": "NONE", "3": "NONE", "4": "DONE"}
    request = {"user_id": joined["user_id"], "steps": review}
    await teacher.emit("steps/status/to_client", request)
    assert await teacher.take() == []
    accepted = {"message": "Task 1 solution accepted!", "type": "SUCCESS"}
    declined = {"message": "Task 2 solution declined!", "type": "WARNING"}
    assert await student.take() == [
        ("alerts", accepted),
        ("alert", accepted),
        ("alerts", declined),
        ("alert", declined),
        ("steps/status/to_client", review),
    ]
    now = {"1": "ACCEPTED", "2": "NONE", "3": "NONE"}
    assert await statuses_of(teacher) == [{"user_id": joined["user_id"], "steps": now}]
    # Accepting twice is no news, but the plugin is told.
    await teacher.emit("steps/status/to_client", {**request, "steps": {"1": "ACCEPTED"}})
    await teacher.settle()
    assert await student.take() == [("steps/status/to_client", {"1": "ACCEPTED"})]


async def test_a_student_without_statuses_takes_the_teachers(school: School) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    for review in ({"1": "NONE", "2": "HELP"}, {"3": "DONE"}):
        request = {"user_id": joined["user_id"], "steps": review}
        await teacher.emit("steps/status/to_client", request)
    await teacher.settle()
    assert await student.take() == [
        ("steps/status/to_client", {"1": "NONE", "2": "HELP"}),
        ("steps/status/to_client", {"3": "DONE"}),
    ]
    assert await statuses_of(teacher) == [
        {"user_id": joined["user_id"], "steps": {"1": "NONE", "2": "HELP"}}
    ]


async def test_a_step_that_the_student_does_not_have_is_passed_on_and_not_kept(
    school: School,
) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    await student.emit("steps/status/to_mentor", {"1": "DONE"})
    await student.settle()
    await teacher.take()
    review = {"5": "ACCEPTED", "1": "NONE", "theory": "HELP"}
    request = {"user_id": joined["user_id"], "steps": review}
    await teacher.emit("steps/status/to_client", request)
    await teacher.settle()
    declined = {"message": "Task 1 solution declined!", "type": "WARNING"}
    assert await student.take() == [
        ("alerts", declined),
        ("alert", declined),
        ("steps/status/to_client", review),
    ]
    assert await statuses_of(teacher) == [{"user_id": joined["user_id"], "steps": {"1": "NONE"}}]


async def test_reviews_in_flight_add_up(school: School) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    await student.emit("steps/status/to_mentor", {str(n): "DONE" for n in range(1, 17)})
    await student.settle()
    for number in range(1, 17):
        review = {"user_id": joined["user_id"], "steps": {str(number): "ACCEPTED"}}
        await teacher.emit("steps/status/to_client", review)
    assert await statuses_of(teacher) == [
        {"user_id": joined["user_id"], "steps": {str(n): "ACCEPTED" for n in range(1, 17)}}
    ]


async def test_a_student_who_is_offline_is_reviewed_too(school: School) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"], protocol=2)
    await student.emit("steps/status/to_mentor", {"1": "DONE"})
    await student.settle()
    await student.close()
    review = {"user_id": joined["user_id"], "steps": {"1": "ACCEPTED"}}
    await teacher.emit("steps/status/to_client", review)
    await teacher.settle()
    _, again = await school.student(room["id"], token=joined["token"], protocol=2)
    assert again["steps"] == {"1": "ACCEPTED"}


async def test_the_table_holds_students_who_have_statuses(school: School) -> None:
    teacher, room = await school.teacher()
    assert await statuses_of(teacher) == []
    ann, first = await school.student(room["id"], "Ann")
    await school.student(room["id"], "Bob")
    eve, third = await school.student(room["id"], "Eve")
    await eve.emit("steps/status/to_mentor", {"1": "NONE"})
    await eve.settle()
    await ann.emit("steps/status/to_mentor", {"2": "HELP"})
    await ann.settle()
    await ann.close()
    assert await statuses_of(teacher) == [
        {"user_id": first["user_id"], "steps": {"2": "HELP"}},
        {"user_id": third["user_id"], "steps": {"1": "NONE"}},
    ]


# Statistics


async def test_the_statistics_follow_the_class(school: School) -> None:
    teacher, room = await school.teacher()
    service = school.service
    assert await service.stats(room["id"]) is None
    assert await service.stats(100) is None
    with service.watch(room["id"]) as changed, service.watch(room["id"]):
        student, _ = await school.student(room["id"])
        assert not changed.is_set()
        await student.emit("steps/status/to_mentor", {"2": "DONE"})
        await student.settle()
        assert changed.is_set()
        changed.clear()
        await teacher.emit("steps/all", [exercise("1", "x")])
        await teacher.settle()
        assert changed.is_set()
        found = await service.stats(room["id"])
        assert found is not None
        assert found.steps == ["1", "2"]
        assert [(row.name, row.steps) for row in found.students] == [("Ann", {"2": "DONE"})]
        changed.clear()
        await student.emit("room/leave", {"room_id": room["id"]})
        await student.settle()
        assert changed.is_set()
        changed.clear()
        await teacher.emit("room/close", {"room_id": room["id"]})
        await teacher.settle()
        assert changed.is_set()
    assert await service.stats(room["id"]) is None


# Import


async def test_tasks_are_imported_for_the_teacher_alone(school: School) -> None:
    teacher, room = await school.teacher()
    student, _ = await school.student(room["id"])
    await teacher.take()
    school.importer.answer = [Step("1", "<p>From the web</p>")]
    await teacher.emit("steps/import", {"url": "https://x.notion.site/page"})
    assert await teacher.expect("steps/load") == [exercise("1", "<p>From the web</p>")]
    done = {"message": "Задания были успешно загружены из Notion!", "type": "SUCCESS"}
    assert await teacher.take() == [("alerts", done), ("alert", done)]
    assert school.importer.asked == ["https://x.notion.site/page"]
    assert await student.take() == []


async def test_a_teacher_hears_what_an_import_left_out(school: School) -> None:
    school.importer.answer = [Step("1", "<p>From the web</p>")]
    school.importer.left_out = {"picture": 2, "synced_block": 1}
    said = "The import had to leave out: 2 pictures, 1 synced block."
    original, _ = await school.teacher()
    current, _ = await school.teacher(protocol=2)
    for teacher in (original, current):
        await teacher.emit("steps/import", {"url": "https://x.notion.site/page"})
        await teacher.expect("steps/load")
        assert (await teacher.expect("alerts"))["type"] == "SUCCESS"
        more = {"code": "import_left_out", "left_out": school.importer.left_out}
        expected = {"message": said, "type": "WARNING"} | (more if teacher is current else {})
        assert await teacher.expect("alerts") == expected


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (Refused("The page is not public!"), "The page is not public!"),
        (RuntimeError("a bug"), "Something went wrong on the server!"),
    ],
)
async def test_an_import_that_fails_says_why(
    school: School, failure: Exception, reason: str
) -> None:
    teacher, _ = await school.teacher()
    school.importer.answer = failure
    await teacher.emit("steps/import", {"url": "https://x.notion.site/page"})
    assert await teacher.expect("alerts") == {"message": reason, "type": "ERROR"}
    assert events(await teacher.take()) == ["alert"]


async def test_an_import_delays_nothing_and_runs_alone(school: School) -> None:
    teacher, _ = await school.teacher()
    school.importer.may_answer.clear()
    await teacher.emit("steps/import", {"url": "https://x.notion.site/1"})
    await teacher.emit("steps/import", {"url": "https://x.notion.site/2"})
    assert (await teacher.expect("error"))["code"] == "import_running"
    assert await statuses_of(teacher) == []
    school.importer.may_answer.set()
    await teacher.expect("steps/load")
    await teacher.emit("steps/import", {"url": "https://x.notion.site/3"})
    await teacher.expect("steps/load")
    assert school.importer.asked == ["https://x.notion.site/1", "https://x.notion.site/3"]


async def test_an_import_under_way_does_not_outlive_the_server(school: School) -> None:
    teacher, _ = await school.teacher()
    school.importer.may_answer.clear()
    await teacher.emit("steps/import", {"url": "https://x.notion.site/1"})
    await teacher.settle()
    assert school.importer.asked


# Settings


async def test_settings_reach_the_class(school: School) -> None:
    teacher, room = await school.teacher()
    student, _ = await school.student(room["id"])
    text = "name\ndir/\n/other\n*.ext\n# comment\n*$\na/b/c"
    await teacher.emit("settings", {"files_to_ignore": text})
    await teacher.settle()
    heard = await student.take()
    expected = {"names": ["name"], "dirs": ["dir", "other"], "extensions": ["ext"]}
    assert heard == [("settings", expected)]
    assert list(heard[0][1]) == ["names", "dirs", "extensions"]


# Deprecated events


def deprecated(event: str) -> dict[str, str]:
    """What the sender of a deprecated event hears."""
    message = f"Error: the event '{event}' is deprecated, use 'steps/all' instead"
    return {"message": message, "event": event, "code": "deprecated"}


async def test_the_old_events_of_the_teacher_work_and_say_that_they_are_old(
    school: School,
) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    other, _ = await school.student(room["id"], "Bob")
    await teacher.take()
    await teacher.emit("exercise", {"content": "Sum"})
    feedback = {"room_id": room["id"], "user_id": joined["user_id"], "accepted": True}
    await teacher.emit("exercise/feedback", feedback)
    await teacher.emit("exercise/reset", {})
    names = ["exercise", "exercise/feedback", "exercise/reset"]
    assert await teacher.take() == [("error", deprecated(name)) for name in names]
    assert await student.take() == [
        ("exercise", {"content": "Sum"}),
        ("exercise/feedback", {"accepted": True}),
        ("exercise/reset", {}),
    ]
    assert await other.take() == [("exercise", {"content": "Sum"}), ("exercise/reset", {})]


async def test_feedback_for_a_student_who_is_offline_is_lost(school: School) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    await student.close()
    feedback = {"room_id": room["id"], "user_id": joined["user_id"], "accepted": True}
    await teacher.emit("exercise/feedback", feedback)
    assert await teacher.expect("error") == deprecated("exercise/feedback")


@pytest.mark.parametrize("value", ["NONE", "IN_PROGRESS", "HELP", "DONE"])
async def test_a_signal_reaches_the_teacher(school: School, value: str) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    await teacher.take()
    signal = {"user_id": joined["user_id"], "value": value}
    await student.emit("signal", signal)
    assert await student.take() == [("error", deprecated("signal"))]
    assert await teacher.take() == [("signal", signal)]


async def test_a_current_student_calls_for_help_without_tasks_and_hears_no_reproach(
    school: School,
) -> None:
    teacher, room = await school.teacher(protocol=2)
    student, joined = await school.student(room["id"], protocol=2)
    signal = {"user_id": joined["user_id"], "value": "HELP"}
    await teacher.take()
    assert "signal" not in joined
    assert await student.call("signal", signal) == []
    assert await student.take() == []
    assert await teacher.take() == [("signal", signal)]


@pytest.mark.parametrize("ended", [False, True])
async def test_a_signal_is_told_to_current_clients_that_come_back_to_a_restarted_server(
    database: Path, ended: bool
) -> None:
    async with open_school(database, ClassroomSettings()) as school:
        _, room = await school.teacher(protocol=2)
        student, joined = await school.student(room["id"], protocol=2)
        of_ann = {"room_id": room["id"], "user_id": joined["user_id"]}
        await student.call("signal", {**of_ann, "value": "HELP"})
        if ended:
            await student.call("signal", {**of_ann, "value": "NONE"})
    told = {} if ended else {"signal": "HELP"}
    async with open_school(database, ClassroomSettings()) as school:
        teacher, student = await school.peer(), await school.peer()
        token = {"protocol": 2, "token": room["token"]}
        await teacher.emit("room/rehost", {"room_id": room["id"], "user_id": room["host"], **token})
        [offline] = (await teacher.expect("room/update"))["offline"]
        assert {key: offline[key] for key in offline if key == "signal"} == told
        await student.emit("room/rejoin", {**of_ann, "protocol": 2, "token": joined["token"]})
        joined = await student.expect("room/join")
        assert {key: joined[key] for key in joined if key == "signal"} == told
        _, online = (await teacher.expect("room/update"))["users"]
        assert {key: online[key] for key in online if key == "signal"} == told


async def test_original_clients_see_no_signal_in_lists(school: School) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    await student.emit("signal", {"user_id": joined["user_id"], "value": "HELP"})
    await school.student(room["id"], "Eve")
    await teacher.expect("signal")
    _, ann, _ = (await teacher.expect("room/update"))["users"]
    assert set(ann) == {"id", "sid", "room", "name", "role", "steps"}


async def test_an_error_of_a_client_goes_into_the_log_as_one_line(
    school: School, caplog: pytest.LogCaptureFixture
) -> None:
    _, room = await school.teacher()
    student, joined = await school.student(room["id"])
    report = {
        "room_id": room["id"],
        "user_id": joined["user_id"],
        "content": "Traceback\nFORGED line\r\x1b[31m" + "x" * 50_000,
        "path": "Main.java",
        "function": "run",
    }
    with caplog.at_level(logging.WARNING, logger="quad.classroom"):
        await student.emit("error/from_client", report)
        assert await student.take() == []
    (line,) = [record.getMessage() for record in caplog.records]
    assert f"error from client {joined['user_id']} in room {room['id']}" in line
    assert "Main.java" in line
    assert "FORGED" in line
    assert line.isprintable()
    assert len(line) < 21_000


@pytest.mark.parametrize(
    ("own", "report", "stored"),
    [
        ({}, {"1": "ACCEPTED"}, None),
        ({}, {"1": "ACCEPTED", "2": "DONE"}, {"2": "DONE"}),
        ({"1": "DONE"}, {"1": "ACCEPTED", "2": "HELP"}, {"1": "DONE", "2": "HELP"}),
        ({"1": "DONE", "2": "NONE"}, {"1": "ACCEPTED", "2": "NONE"}, {"1": "DONE", "2": "NONE"}),
    ],
)
async def test_a_student_does_not_accept_its_own_work(
    school: School, own: dict[str, str], report: dict[str, str], stored: dict[str, str] | None
) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    await student.emit("steps/status/to_mentor", own)
    await student.settle()
    await teacher.take()
    await student.emit("steps/status/to_mentor", report)
    await student.settle()
    told = {"user_id": joined["user_id"], "steps": stored}
    is_news = stored is not None and stored != own
    assert await teacher.take() == ([("steps/status/to_mentor", told)] if is_news else [])
    table = [told] if stored else []
    assert await statuses_of(teacher) == table


async def test_what_the_teacher_has_accepted_stays_accepted(school: School) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    await student.emit("steps/status/to_mentor", {"1": "DONE"})
    await student.settle()
    review = {"user_id": joined["user_id"], "steps": {"1": "ACCEPTED"}}
    await teacher.emit("steps/status/to_client", review)
    await teacher.settle()
    report = {"1": "ACCEPTED", "2": "DONE"}
    await student.emit("steps/status/to_mentor", report)
    await student.settle()
    assert await statuses_of(teacher) == [{"user_id": joined["user_id"], "steps": report}]


async def test_imported_tasks_come_again_until_some_are_handed_out(school: School) -> None:
    teacher, room = await school.teacher(protocol=2)
    own, imported = exercise("1", "own"), exercise("1", "imported")
    request = {
        "room_id": room["id"],
        "user_id": room["host"],
        "token": room["token"],
        "protocol": 2,
    }
    await teacher.emit("steps/all", [own])
    school.importer.answer = [Step("1", "imported")]
    await teacher.emit("steps/import", {"url": "x"})
    assert await teacher.expect("steps/load") == [imported]
    back = await school.peer()
    await back.emit("room/rehost", request)
    assert await back.expect("steps/load") == [imported]
    await back.emit("room/rehost", request)
    assert await back.expect("steps/load") == [imported]
    student, _ = await school.student(room["id"])
    assert await student.take() == [("steps/all", [own])]
    await back.emit("steps/all", [own])
    await back.settle()
    again = await school.peer()
    await again.emit("room/rehost", request)
    assert await again.expect("steps/load") == [own]


async def test_files_to_ignore_are_not_of_any_length(school: School) -> None:
    teacher, _ = await school.teacher()
    await teacher.emit("settings", {"files_to_ignore": "a\n" * 40_000})
    assert "'files_to_ignore'" in (await teacher.expect("error"))["message"]
