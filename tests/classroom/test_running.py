"""What students' programs and checks came to, and the rules that go with them."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quad.classroom.running import running
from quad.classroom.running.model import RunReport, kept_run
from tests.classroom.school import Peer, School, events, exercise, locked, until
from tests.classroom.test_moving import moved

NEW: dict[str, Any] = {"protocol": 3}
RUN: dict[str, Any] = {"run": "r1", "filename": "main.py", "state": "running", "ms": 10}
PASSED: dict[str, Any] = {"task": "1", "rev": 4, "passed": ["adds", "is fast"], "failed": []}
FAILED: dict[str, Any] = {
    **PASSED,
    "passed": ["adds"],
    "failed": [{"name": "is fast", "why": "2 s"}],
}


async def lesson(
    school: School, teacher_protocol: int = 3, student_protocol: int = 3
) -> tuple[Peer, Peer, dict[str, Any], dict[str, Any]]:
    """A teacher and a student; what names the student, and how the teacher comes back."""
    teacher, room = await school.teacher(protocol=teacher_protocol)
    await teacher.call("steps/all", [exercise("1", "x")])
    student, joined = await school.student(room["id"], "Ann", protocol=student_protocol)
    ids = {"room_id": room["id"], "user_id": joined["user_id"]}
    await teacher.take()
    back = {"room_id": room["id"], "user_id": room["host"], "token": room["token"], **NEW}
    return teacher, student, ids, back


@given(st.text(), st.integers(0, 3_000))
def test_of_the_output_the_end_is_kept(text: str, times: int) -> None:
    output = text * times
    kept = kept_run(RunReport("r", "a.py", "ended", output)).output
    assert output.endswith(kept)
    assert len(kept.encode()) <= 4_096
    # No more is missing than what would not fit.
    assert kept == output or len(kept.encode()) > 4_096 - 4


async def test_who_watches_hears_how_a_program_runs(school: School) -> None:
    teacher, student, ids, _ = await lesson(school)
    of_ann = {"user_id": ids["user_id"]}
    assert await student.call("run/report", RUN) == [{}]
    assert events(await teacher.take()) == []
    await teacher.call("sharing/start", ids)
    assert await teacher.expect("run/report") == {**of_ann, **RUN, "output": ""}
    await student.call("run/report", {**RUN, "run": "r2"})
    error = {"kind": "NameError", "message": "name 'x' is not defined", "line": 3}
    end = {**RUN, "run": "r2", "state": "failed", "output": "Hi\n", "error": error}
    await student.call("run/report", end)
    while (told := await teacher.expect("run/report"))["state"] != "failed":
        pass
    assert (told["run"], told["error"]) == ("r2", error)
    await teacher.call("sharing/end", ids)
    await student.call("run/report", {**RUN, "run": "r3"})
    await until(lambda: not waiting(school))
    await school.store.settle()
    assert "run/report" not in events(await teacher.take())


def waiting(school: School) -> bool:
    return any(room.reports.waiting for room in school.service.rooms)


@pytest.fixture
def _rarely(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "_RUNS_EACH_S", 0.2)


@pytest.mark.usefixtures("_rarely")
async def test_runs_are_told_once_a_second_and_the_last_is_told(school: School) -> None:
    teacher, student, ids, _ = await lesson(school)
    await teacher.call("sharing/start", ids)
    for number in range(20):
        await student.call("run/report", {**RUN, "ms": number})
    told = [(await teacher.expect("run/report"))["ms"]]
    while told[-1] < 19:
        told.append((await teacher.expect("run/report"))["ms"])
    assert told[0] == 0
    assert len(told) < 20
    assert told == sorted(told)


async def test_the_last_run_waits_for_whoever_watches_later(school: School) -> None:
    teacher, student, ids, back = await lesson(school)
    await student.call("run/report", {**RUN, "state": "ended", "output": "Ёлка \x00 😀"})
    await school.store.settle()
    await student.close()
    await teacher.close()
    again = await school.peer()
    await again.call("room/rehost", back)
    await again.call("sharing/start", ids)
    told = await again.expect("run/report")
    assert (told["state"], told["output"]) == ("ended", "Ёлка \x00 😀")


async def test_a_class_that_moves_is_watched_on(school: School) -> None:
    teacher, student, ids, _ = await lesson(school)
    await teacher.call("sharing/start", ids)
    await student.call("checks/report", FAILED)
    await moved(school)
    await student.call("run/report", RUN)
    assert (await teacher.expect("run/report"))["run"] == "r1"


async def test_checks_are_told_and_told_again_to_who_comes_back(school: School) -> None:
    teacher, student, ids, back = await lesson(school)
    assert await student.call("checks/report", PASSED) == [{}]
    assert await student.call("checks/report", FAILED) == [{}]
    of_ann = {"user_id": ids["user_id"]}
    assert await teacher.expect("checks/report") == {**of_ann, **PASSED}
    assert await teacher.expect("checks/report") == {**of_ann, **FAILED}
    # A claim is not yet a status.
    assert "tasks/report" not in events(await teacher.take())
    await teacher.close()
    again = await school.peer()
    await again.call("room/rehost", back)
    assert await again.expect("checks/report") == {**of_ann, **FAILED}
    await student.call("room/leave", {"room_id": ids["room_id"]})
    room = await school.service.rooms.find(ids["room_id"])
    assert room.reports.checks == {}


async def test_a_task_whose_checks_all_pass_is_done_if_the_teacher_wants_it(
    school: School, database: Path
) -> None:
    teacher, student, ids, _ = await lesson(school)
    assert await teacher.call("rules/set", {"auto_done": True}) == [{}]
    rules = {"has_results_page": True, "is_recorded": True, "auto_done": True}
    assert await student.expect("rules") == rules
    assert (await teacher.expect("room/update"))["rules"] == rules
    checks = [{"name": name, "code": "pass"} for name in PASSED["passed"]]
    tasks = [{"id": "1", "checks": checks}, {"id": "2"}]
    for rev in range(1, PASSED["rev"]):
        assert await teacher.call("tasks/set", {"tasks": tasks, "rev": rev}) == [{"rev": rev + 1}]
    claims = [
        FAILED,
        {**PASSED, "passed": []},
        {**PASSED, "passed": ["adds"]},
        {**PASSED, "passed": [*PASSED["passed"], "another"]},
        {**PASSED, "failed": [{"name": "another", "why": "x"}]},
        {**PASSED, "task": "2"},
        # The checks may have been others then.
        {**PASSED, "rev": PASSED["rev"] - 1},
    ]
    for claim in claims:
        assert await student.call("checks/report", claim) == [{}]
    heard = await teacher.take()
    assert "tasks/report" not in events(heard)
    # It is told as what it is.
    told = [each for name, each in heard if name == "checks/report"]
    assert told == [{"user_id": ids["user_id"], **claim} for claim in claims]
    await student.call("steps/status/to_mentor", {"1": "HELP"})
    await student.call("checks/report", PASSED)
    (first, done) = [each for name, each in await teacher.take() if name == "tasks/report"]
    assert (first["statuses"], done["statuses"]) == ({"1": "HELP"}, {"1": "DONE"})
    told = await student.expect("tasks/reviewed")
    assert told == {"statuses": {"1": "DONE"}, "comment": None}
    # The call for help has ended with it.
    room = await school.service.rooms.find(ids["room_id"])
    assert room.helps.kept[ids["user_id"]].call is None
    review = {"user_id": ids["user_id"], "steps": {"1": "ACCEPTED"}}
    await teacher.call("steps/status/to_client", review)
    await student.call("checks/report", PASSED)
    assert room.students[ids["user_id"]].steps == {"1": "ACCEPTED"}


@pytest.mark.usefixtures("impatient_store")
async def test_nobody_hears_of_a_report_that_cannot_be_saved(
    school: School, database: Path
) -> None:
    teacher, student, ids, _ = await lesson(school)
    await teacher.call("rules/set", {"auto_done": True})
    await teacher.call("sharing/start", ids)
    await teacher.take()
    with locked(database):
        (refused,) = await student.call("checks/report", PASSED)
        assert refused["code"] == "store_unavailable"
        await student.call("run/report", RUN)
        (refused,) = await teacher.call("rules/set", {"auto_done": False})
        assert refused["code"] == "store_unavailable"
    assert {*events(await teacher.take())} <= {"error"}
    room = await school.service.rooms.find(ids["room_id"])
    assert room.has_auto_done
    assert room.reports.checks == {}
    assert room.students[ids["user_id"]].steps == {}


@pytest.mark.parametrize(
    ("event", "payload", "code"),
    [
        ("run/report", {**RUN, "run": ""}, "bad_payload"),
        ("run/report", {**RUN, "filename": "../x"}, "bad_payload"),
        ("run/report", {**RUN, "state": "done"}, "bad_payload"),
        ("run/report", {**RUN, "ms": -1}, "bad_payload"),
        ("run/report", {**RUN, "error": {"kind": "", "message": ""}}, "bad_payload"),
        ("run/report", {**RUN, "error": "x"}, "bad_payload"),
        ("checks/report", {**PASSED, "task": "2"}, "unknown_task"),
        ("checks/report", {**PASSED, "passed": ["a"] * 2}, "bad_payload"),
        ("checks/report", {**PASSED, "passed": [str(n) for n in range(101)]}, "bad_payload"),
        ("checks/report", {**PASSED, "passed": ["x" * 101]}, "bad_payload"),
        ("checks/report", {**FAILED, "failed": [{"name": "x", "why": "x" * 1001}]}, "bad_payload"),
        ("checks/report", {"task": "1"}, "bad_payload"),
    ],
)
async def test_what_does_not_fit_is_one_error(
    school: School, event: str, payload: dict[str, Any], code: str
) -> None:
    teacher, student, _, _ = await lesson(school)
    (refused,) = await student.call(event, payload)
    assert refused["code"] == code
    assert events(await teacher.take()) == []


async def test_older_clients_report_nothing_and_hear_nothing(school: School) -> None:
    _, old, _, _ = await lesson(school, student_protocol=2)
    for event, payload in (("run/report", RUN), ("checks/report", PASSED)):
        (refused,) = await old.call(event, payload)
        assert refused["code"] == "protocol_needed"
    teacher, student, ids, _ = await lesson(school, teacher_protocol=2)
    await teacher.call("sharing/start", ids)
    await student.call("run/report", RUN)
    await student.call("checks/report", PASSED)
    await school.store.settle()
    assert events(await teacher.take()) == []


async def test_a_rule_that_is_not_given_stays_as_it_is(school: School) -> None:
    teacher, student, _, _ = await lesson(school)
    await teacher.call("rules/set", {"is_recorded": False, "auto_done": True})
    await teacher.call("rules/set", {"has_results_page": False})
    await student.expect("rules")
    rules = {"has_results_page": False, "is_recorded": False, "auto_done": True}
    assert await student.expect("rules") == rules
    (refused,) = await teacher.call("rules/set", {"auto_done": "yes"})
    assert refused["code"] == "bad_payload"
    assert "rules" not in events(await student.take())


async def test_a_teacher_of_protocol_2_sets_the_one_rule_it_knows(school: School) -> None:
    teacher, student, _, _ = await lesson(school, teacher_protocol=2)
    (refused,) = await teacher.call("rules/set", {"auto_done": True})
    assert refused["code"] == "bad_payload"
    assert "`has_results_page`" in refused["message"]
    await teacher.call("rules/set", {"has_results_page": False, "auto_done": True})
    assert (await teacher.expect("room/update"))["rules"] == {"has_results_page": False}
    assert (await student.expect("rules"))["auto_done"] is False
