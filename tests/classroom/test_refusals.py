"""What is refused: one `error` to the sender alone, nothing changes, the connection stays."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.classroom.school import Heard, Peer, School, code, events, exercise
from tests.classroom.school import refusal as code_of

NEITHER_KEY_NOR_TYPE = ["text", 5, None, True, [1], 1.5]


@dataclass(frozen=True)
class Class:
    """Two rooms; ids by the names that payloads of this file use for them."""

    teacher: Peer
    student: Peer
    outsider: Peer
    witness: Peer
    ids: dict[str, int]

    async def bystanders_hear(self, sender: Peer) -> list[str]:
        """What everybody but the sender has heard."""
        heard: list[str] = []
        for peer in (self.teacher, self.student, self.outsider, self.witness):
            if peer is not sender:
                heard += events(await peer.take())
        return heard


@dataclass(frozen=True)
class Case:
    """An event as the right sender would send it; words in capitals stand for ids."""

    event: str
    sender: str
    payload: Any
    # Keys that may be missing; the types that each key does not take.
    optional: frozenset[str] = frozenset()
    wrong: dict[str, list[object]] = field(default_factory=dict)


NUMBER: list[object] = ["5", 1.5, None, True, [5], {}]
TEXT: list[object] = [5, None, True, ["x"], {}]
ROOM: dict[str, list[object]] = {"room_id": NUMBER}
USER: dict[str, list[object]] = {"user_id": NUMBER}
FILES: list[object] = [
    None,
    {},
    "x",
    [5],
    [{"filename": "a"}],
    [{"filename": "a", "status": "CREATED"}],
    [{"status": "CREATED", "content": "x"}],
    [{"filename": 5, "status": "CREATED", "content": "x"}],
    [{"filename": "a", "status": "created", "content": "x"}],
    [{"filename": "a", "status": "CREATED", "content": 5}],
    [code("../a", "x")],
    [code("a/../../b", "x")],
    [code("a\nb", "x")],
    [code(".", "x")],
    [code("/a", "x")],
    [code("C:\\a", "x")],
    [code("..\\a", "x")],
    [code("", "x")],
]
STATUSES: list[object] = [
    None,
    [],
    "x",
    {"1": "READY"},
    {"1": None},
    {"1": 5},
    {"17": "DONE"},
    {"x": "DONE"},
]

CASES = [
    Case("room/leave", "student", {"room_id": "ROOM"}, wrong=ROOM),
    Case(
        "room/kill",
        "teacher",
        {"user_id": "STUDENT", "is_barred": False},
        optional=frozenset({"is_barred"}),
        wrong={**USER, "is_barred": ["yes", 1, None, []]},
    ),
    Case("door/set", "teacher", {"state": "locked"}, wrong={"state": [*TEXT, "shut"]}),
    Case(
        "rules/set",
        "teacher",
        {"has_results_page": False},
        wrong={"has_results_page": [1, "true", None, []]},
    ),
    Case("room/close", "teacher", {"room_id": "ROOM"}, wrong=ROOM),
    Case(
        "message/to_client",
        "teacher",
        {"room_id": "ROOM", "user_id": "STUDENT", "content": "Hi"},
        wrong={**ROOM, **USER, "content": [*TEXT, "", "  "]},
    ),
    Case(
        "message/to_mentor",
        "student",
        {"room_id": "ROOM", "content": "Hi"},
        wrong={**ROOM, "content": [*TEXT, "", "  "]},
    ),
    Case("message/user", "teacher", {"user_id": "STUDENT"}, wrong=USER),
    Case("settings", "teacher", {"files_to_ignore": "*.x"}, wrong={"files_to_ignore": TEXT}),
    Case(
        "sharing/start",
        "teacher",
        {"room_id": "ROOM", "user_id": "STUDENT"},
        wrong={**ROOM, **USER},
    ),
    Case(
        "sharing/end",
        "teacher",
        {"room_id": "ROOM", "user_id": "STUDENT"},
        optional=frozenset({"user_id"}),
        wrong={**ROOM, "user_id": ["5", 1.5, True, [5], {}]},
    ),
    Case(
        "sharing/code_send",
        "student",
        {"room_id": "ROOM", "files": [code("a", "x")]},
        wrong={**ROOM, "files": FILES},
    ),
    Case(
        "sharing/code_update",
        "student",
        {"room_id": "ROOM", "files": [code("a", "x")]},
        wrong={**ROOM, "files": FILES},
    ),
    Case("steps/all", "teacher", [exercise("1", "x")]),
    Case("steps/status/to_mentor", "student", {"1": "HELP"}),
    Case(
        "steps/status/to_client",
        "teacher",
        {"user_id": "STUDENT", "steps": {"1": "DONE"}},
        wrong={**USER, "steps": STATUSES},
    ),
    Case("steps/import", "teacher", {"url": "https://x.notion.site/1"}, wrong={"url": TEXT}),
    Case("steps/table", "teacher", {}),
    Case(
        "signal",
        "student",
        {"user_id": "STUDENT", "value": "HELP"},
        wrong={**USER, "value": [*TEXT, "ACCEPTED", "help", ""]},
    ),
    Case("exercise", "teacher", {"content": "x"}, wrong={"content": TEXT}),
    Case(
        "exercise/feedback",
        "teacher",
        {"room_id": "ROOM", "user_id": "STUDENT", "accepted": True},
        wrong={**ROOM, **USER, "accepted": [1, "true", None, []]},
    ),
    Case("exercise/reset", "teacher", {}),
    Case(
        "error/from_client",
        "student",
        {"room_id": "ROOM", "user_id": "STUDENT", "content": "c", "path": "p", "function": "f"},
        optional=frozenset({"room_id", "user_id", "content", "path", "function"}),
    ),
]
# Anybody in a room may send these.
EITHER = {"message/user", "error/from_client"}

ENTRIES = [
    Case("room/create", "outsider", {"name": "X"}, wrong={"name": [*TEXT, "", " ", "x" * 101]}),
    Case(
        "room/join",
        "outsider",
        {"room_id": "ROOM", "name": "X", "version": "1.0"},
        optional=frozenset({"name", "version"}),
        wrong={
            **ROOM,
            "name": [5, True, [], {}, "", " ", "x" * 101],
            "version": [1.1, True, [], {}],
        },
    ),
    Case(
        "room/rejoin", "outsider", {"room_id": "ROOM", "user_id": "STUDENT"}, wrong={**ROOM, **USER}
    ),
    Case(
        "room/rehost", "outsider", {"room_id": "ROOM", "user_id": "TEACHER"}, wrong={**ROOM, **USER}
    ),
]


def bad_payloads(case: Case) -> Iterator[tuple[object, str]]:
    """A payload that does not fit, and what the message has to name."""
    if isinstance(case.payload, dict):
        for payload in NEITHER_KEY_NOR_TYPE:
            yield payload, ""
        for key in case.payload.keys() & case.wrong.keys() - case.optional:
            yield {k: v for k, v in case.payload.items() if k != key}, key
    for key, values in case.wrong.items():
        for value in values:
            # Inside a list or an object it is a deeper key that is wrong.
            named = "" if key in ("files", "steps") else key
            yield {**case.payload, key: value}, named
    if case.event == "steps/all":
        yield from BAD_STEPS
    if case.event == "steps/status/to_mentor":
        yield from ((statuses, "") for statuses in STATUSES)


BAD_STEPS: list[tuple[object, str]] = [
    ({}, ""),
    ("x", ""),
    (None, ""),
    ([5], ""),
    ([{}], "name"),
    ([{"content": "x"}], "name"),
    ([{"name": "1"}], "content"),
    ([{**exercise("1", "x"), "name": 1}], "name"),
    ([{**exercise("1", "x"), "content": 1}], "content"),
    ([{**exercise("1", "x"), "language": "java"}], "language"),
    ([{**exercise("1", "x"), "type": "exam"}], "type"),
]


@pytest.fixture
async def lesson(school: School) -> Class:
    """A class with a teacher and two students, a stranger's room beside it."""
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"], "Ann")
    witness, other = await school.student(room["id"], "Bob")
    _, elsewhere = await school.teacher()
    await student.emit("steps/status/to_mentor", {"1": "DONE"})
    outsider = await school.peer()
    for peer in (student, witness, teacher, outsider):
        await peer.take()
    return Class(
        teacher,
        student,
        outsider,
        witness,
        {
            "ROOM": room["id"],
            "ELSEWHERE": elsewhere["id"],
            "TEACHER": room["host"],
            "STUDENT": joined["user_id"],
            "WITNESS": other["user_id"],
        },
    )


def filled(payload: Any, ids: dict[str, int]) -> Any:
    """The payload with ids in the places of their names."""
    if not isinstance(payload, dict):
        return payload
    return {
        key: ids.get(value, value) if isinstance(value, str) else value
        for key, value in payload.items()
    }


async def refusal(lesson: Class, sender: Peer, event: str, payload: object) -> dict[str, Any]:
    """The one error that the sender hears, while nobody else hears anything."""
    before = await state(lesson)
    await sender.emit(event, payload)
    heard = await sender.take()
    assert [name for name in events(heard) if name not in ("alerts", "alert")] == ["error"]
    error = heard[-1][1]
    assert isinstance(error, dict)
    assert error["message"].startswith("Error: ")
    assert error["event"] == event
    assert await lesson.bystanders_hear(sender) == []
    assert await state(lesson) == before
    assert not sender.is_closed.is_set()
    return error


async def state(lesson: Class) -> list[object]:
    """What the class looks like to the teacher."""
    found: list[object] = []
    for event in ("steps/table", "message/user"):
        await lesson.teacher.emit(event, {"user_id": lesson.ids["STUDENT"]})
        found.append(await lesson.teacher.expect(event))
    return found


@pytest.mark.parametrize("case", [*CASES, *ENTRIES], ids=lambda case: case.event)
async def test_a_payload_that_does_not_fit_is_refused_by_name(lesson: Class, case: Case) -> None:
    sender: Peer = getattr(lesson, case.sender)
    for payload, key in bad_payloads(case):
        error = await refusal(lesson, sender, case.event, filled(payload, lesson.ids))
        assert error["code"] == "bad_payload", payload
        assert key in error["message"], payload


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.event)
async def test_only_the_right_role_in_the_right_room_may_do_it(lesson: Class, case: Case) -> None:
    payload = filled(case.payload, lesson.ids)
    error = await refusal(lesson, lesson.outsider, case.event, payload)
    assert error["code"] == "not_in_room"
    if case.event not in EITHER:
        other = "student" if case.sender == "teacher" else "teacher"
        error = await refusal(lesson, getattr(lesson, other), case.event, payload)
        assert error["code"] == ("not_host" if other == "student" else "not_student")
    if case.event in ("steps/all", "steps/status/to_mentor"):
        return
    for room in (lesson.ids["ELSEWHERE"], -1):
        wrong = {**payload, "room_id": room}
        error = await refusal(lesson, getattr(lesson, case.sender), case.event, wrong)
        assert error["code"] == "wrong_room"
        assert "room_id" in error["message"]


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.wrong.get("user_id")], ids=lambda case: case.event
)
async def test_the_id_of_nobody_is_refused(lesson: Class, case: Case) -> None:
    if case.event == "error/from_client":
        return
    for user in (0, -1, 2**31, 2**70):
        payload = {**filled(case.payload, lesson.ids), "user_id": user}
        error = await refusal(lesson, getattr(lesson, case.sender), case.event, payload)
        assert error["code"] in ("user_not_found", "wrong_user", "bad_payload")


async def test_the_teacher_is_no_student_of_the_room(lesson: Class) -> None:
    for event in ("room/kill", "message/user", "steps/status/to_client"):
        payload = {"user_id": lesson.ids["TEACHER"], "steps": {"1": "DONE"}}
        error = await refusal(lesson, lesson.teacher, event, payload)
        assert error["code"] == "user_not_found"


async def test_a_student_signals_for_nobody_else(lesson: Class) -> None:
    signal = {"user_id": lesson.ids["WITNESS"], "value": "HELP"}
    error = await refusal(lesson, lesson.student, "signal", signal)
    assert error["code"] == "wrong_user"


@pytest.mark.parametrize("event", ["room/join", "room/rejoin", "room/rehost"])
async def test_a_room_that_does_not_exist_is_refused(lesson: Class, event: str) -> None:
    for room in (0, -1, 99_999, 100_000, 1_000_000, 2**31, 2**63):
        payload = {"room_id": room, "user_id": lesson.ids["STUDENT"], "name": "X"}
        error = await refusal(lesson, lesson.outsider, event, payload)
        assert error["code"] == "room_not_found"


async def test_an_acknowledgement_holds_the_refusal(lesson: Class) -> None:
    (answer,) = await lesson.outsider.call("room/leave", {"room_id": 5})
    assert answer["code"] == "not_in_room"
    assert await lesson.outsider.take() == [("error", answer)]


async def test_an_acknowledgement_confirms_what_was_done(lesson: Class) -> None:
    assert await lesson.teacher.call("sharing/end", {"room_id": lesson.ids["ROOM"]}) == []
    files = {"room_id": lesson.ids["ROOM"], "files": [code("a", "x")]}
    assert await lesson.student.call("sharing/code_send", files) == []


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        pytest.param("room/create", {}, id="a class without a name"),
        pytest.param("room/create", {"name": None}, id="a class with no name"),
        pytest.param("room/join", {"name": "Ann"}, id="joining no room"),
        pytest.param("room/join", {"room_id": "123456", "name": "Ann"}, id="a number as text"),
        pytest.param("room/join", [], id="joining with a list"),
        pytest.param("room/rejoin", {"room_id": 123456}, id="coming back as nobody"),
        pytest.param("room/rehost", None, id="the teacher with nothing"),
    ],
)
async def test_whoever_cannot_be_read_at_the_door_hears_it_where_original_clients_listen(
    school: School, event: str, payload: object
) -> None:
    peer = await school.peer()
    await peer.emit(event, payload)
    assert tells_twice(await peer.take()) == "bad_payload"


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        pytest.param("message/to_mentor", {"room_id": "ROOM"}, id="nothing"),
        pytest.param("message/to_mentor", {"room_id": "ROOM", "content": None}, id="null"),
        pytest.param("sharing/code_send", {"room_id": "ROOM", "files": None}, id="no files"),
    ],
)
async def test_a_student_of_an_original_client_hears_what_was_not_sent(
    lesson: Class, event: str, payload: object
) -> None:
    await lesson.student.emit(event, filled(payload, lesson.ids))
    assert tells_twice(await lesson.student.take()) == "bad_payload"


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        pytest.param("message/to_client", {"room_id": "ROOM", "user_id": "STUDENT"}, id="nothing"),
        pytest.param("steps/all", [{"name": "1"}], id="a task without a text"),
        pytest.param("steps/all", [{"name": "1", "content": "x" * 900_001}], id="too long a task"),
        pytest.param("steps/import", {"url": None}, id="no address"),
    ],
)
async def test_a_teacher_of_an_original_client_hears_what_was_not_done(
    lesson: Class, event: str, payload: object
) -> None:
    await lesson.teacher.emit(event, filled(payload, lesson.ids))
    assert tells_twice(await lesson.teacher.take()) == "bad_payload"


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("message/to_client", {"room_id": 1, "user_id": 1, "content": "Hi"}),
        ("message/to_mentor", {"room_id": 1, "content": "Hi"}),
        ("sharing/code_send", {"room_id": 1, "files": []}),
        ("steps/all", []),
        ("steps/import", {"url": "https://notion.so/x"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_who_is_in_no_room_hears_where_original_clients_listen_that_it_was_not_done(
    school: School, event: str, payload: object
) -> None:
    peer = await school.peer()
    await peer.emit(event, payload)
    assert tells_twice(await peer.take()) == "not_in_room"


async def test_a_current_client_inside_hears_the_error_alone(school: School) -> None:
    teacher, _ = await school.teacher(protocol=2)
    await teacher.emit("steps/all", [{"name": "1"}])
    assert events(await teacher.take()) == ["error"]


def tells_twice(heard: list[Heard]) -> str:
    """The code of the refusal, told in the notice and in the error alike."""
    assert events(heard) == ["alerts", "alert", "error"]
    return code_of(heard)
