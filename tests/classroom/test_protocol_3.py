"""What clients of protocol 3 hear besides: acknowledgements, codes, and what they come into."""

from typing import Any

import pytest

from tests.classroom.school import Peer, School, code, events, exercise

NEW: dict[str, Any] = {"protocol": 3}


async def lesson(school: School, protocol: int = 3) -> tuple[Peer, Peer, dict[str, Any]]:
    """A teacher and a student of protocol 3 in a class; the ids that name them."""
    teacher, room = await school.teacher(title="Loops", **NEW)
    student, joined = await school.student(room["id"], "Ann", protocol=protocol)
    ids = {"room_id": room["id"], "user_id": joined["user_id"]}
    await teacher.take()
    return teacher, student, ids


async def test_an_acknowledgement_is_one_object_whatever_was_done(school: School) -> None:
    teacher, student, ids = await lesson(school)
    room = {"room_id": ids["room_id"]}
    for peer, event, payload in (
        (teacher, "door/set", {"state": "open"}),
        (teacher, "rules/set", {"has_results_page": True}),
        (teacher, "settings", {"files_to_ignore": "x"}),
        (teacher, "steps/all", [exercise("1", "x")]),
        (teacher, "steps/table", {}),
        (teacher, "sharing/start", ids),
        (student, "sharing/code_send", {**room, "files": [code("a", "1")]}),
        (student, "sharing/code_update", {**room, "files": [code("a", "2", "UPDATED")]}),
        (student, "steps/status/to_mentor", {"1": "HELP"}),
        (student, "signal", {"user_id": ids["user_id"], "value": "HELP"}),
        (student, "message/user", {"user_id": ids["user_id"]}),
        (teacher, "exercise", {"content": "x"}),
        (student, "room/leave", room),
        (student, "room/join", {**room, "name": "Bob", **NEW}),
        (teacher, "room/close", room),
        (teacher, "room/create", {"name": "T", **NEW}),
    ):
        assert await peer.call(event, payload) == [{}], event


async def test_a_result_has_no_code_and_an_error_has(school: School) -> None:
    teacher, student, ids = await lesson(school)
    (sent,) = await teacher.call("message/to_client", {**ids, "content": "Hi"})
    assert set(sent) == {"id", "at"}
    (refused,) = await student.call("door/set", {"state": "locked"})
    assert refused["code"] == "not_host"
    files = [code("/", "")]
    (refused,) = await student.call("sharing/code_update", {**ids, "files": files})
    assert refused["code"] == "bad_payload"


@pytest.mark.parametrize(
    ("number", "spoken"), [(2, 2), (3, 3), (4, 3), (2**60, 3), (0, 1), (-1, 1)]
)
async def test_a_number_above_the_highest_counts_as_the_highest(
    school: School, number: int, spoken: int
) -> None:
    teacher = await school.peer()
    answer = await teacher.call("room/create", {"name": "T", "protocol": number})
    update = await teacher.expect("room/update")
    assert answer == ([{}] if spoken == 3 else [])
    assert ("title" in update, "token" in update) == (spoken >= 3, spoken >= 2)


async def test_whoever_joins_hears_what_they_come_into(school: School) -> None:
    teacher, _, ids = await lesson(school)
    await teacher.call("rules/set", {"has_results_page": False})
    _, joined = await school.student(ids["room_id"], "Bob", **NEW)
    assert list(joined)[-3:] == ["title", "rules", "is_teacher_here"]
    assert joined["title"] == "Loops"
    rules = {"has_results_page": False, "is_recorded": True, "auto_done": False}
    assert joined["rules"] == rules
    assert joined["is_teacher_here"] is True
    witness, _ = await school.student(ids["room_id"], "Witness", **NEW)
    await teacher.close()
    await witness.expect("message")
    _, joined = await school.student(ids["room_id"], "Carl", **NEW)
    assert joined["is_teacher_here"] is False


@pytest.mark.parametrize("title", [None, "", " "])
async def test_a_class_need_not_have_a_title(school: School, title: str | None) -> None:
    _, room = await school.teacher(title=title, **NEW)
    assert room["title"] == ""


@pytest.mark.parametrize("title", ["x" * 101, "a\nb"])
async def test_a_title_is_one_line(school: School, title: str) -> None:
    teacher = await school.peer()
    (refused,) = await teacher.call("room/create", {"name": "T", "title": title, **NEW})
    assert refused["code"] == "bad_payload"
    assert "'title'" in refused["message"]


async def test_notices_and_sentences_have_codes_for_protocol_3_alone(school: School) -> None:
    teacher, room = await school.teacher(**NEW)
    new, joined = await school.student(room["id"], "New", **NEW)
    old, before = await school.student(room["id"], "Old", protocol=2)
    for peer, user in ((new, joined), (old, before)):
        await peer.emit("steps/status/to_mentor", {"1": "DONE", "2": "DONE"})
        await teacher.expect("tasks/report")
        await teacher.call(
            "steps/status/to_client",
            {"user_id": user["user_id"], "steps": {"1": "ACCEPTED", "2": "NONE"}},
        )
        notices = [each for name, each in await peer.take() if name == "alerts"]
        told = [(each.get("code"), each.get("task")) for each in notices]
        is_new = peer is new
        assert told == ([("accepted", "1"), ("declined", "2")] if is_new else [(None, None)] * 2)
    await teacher.close()
    assert (await new.expect("message"))["code"] == "teacher_away"
    assert set(await old.expect("message")) == {"message"}
    back = await school.peer()
    who = {"room_id": room["id"], "user_id": room["host"], "token": room["token"]}
    assert await back.call("room/rehost", {**who, **NEW}) == [{}]
    assert (await new.expect("message"))["code"] == "teacher_back"
    assert set(await old.expect("message")) == {"message"}


async def test_whose_place_is_taken_hears_the_code(school: School) -> None:
    _, room = await school.teacher(**NEW)
    first, joined = await school.student(room["id"], "Ann", **NEW)
    second = await school.peer()
    who = {"room_id": room["id"], "user_id": joined["user_id"], "token": joined["token"]}
    await second.emit("room/rejoin", {**who, **NEW})
    await first.wait_closed()
    assert [each.get("code") for name, each in first.heard if name == "alerts"] == ["place_taken"]
    stranger = await school.peer()
    await stranger.emit("room/join", {"room_id": room["id"], "name": "Ann", **NEW})
    heard = await stranger.take()
    assert events(heard) == ["alerts", "alert", "error"]
    assert heard[0][1]["code"] == heard[2][1]["code"] == "name_taken"
