"""A student's code on its way to the teacher."""

from pathlib import Path

import pytest

from quad.settings import ClassroomSettings
from tests.classroom.school import School, code, events, open_school, refusal


async def kept(school: School, user_id: int) -> dict[str, str | None]:
    """The files that the server keeps of a student."""
    return {file.filename: file.content for file in await school.service.files(user_id)}


async def test_watching_one_student_ends_watching_the_others(school: School) -> None:
    teacher, room = await school.teacher()
    ann, watched = await school.student(room["id"], "Ann")
    bob, _ = await school.student(room["id"], "Bob")
    await teacher.emit("sharing/start", {"room_id": room["id"], "user_id": watched["user_id"]})
    await teacher.settle()
    assert await ann.take() == [("sharing/start", {})]
    assert await bob.take() == [("sharing/end", {})]


async def test_several_students_can_be_watched(school: School) -> None:
    teacher, room = await school.teacher()
    ann, watched = await school.student(room["id"], "Ann")
    bob, _ = await school.student(room["id"], "Bob")
    request = {"room_id": room["id"], "user_id": watched["user_id"], "exclusive": False}
    await teacher.emit("sharing/start", request)
    await teacher.settle()
    assert await ann.take() == [("sharing/start", {})]
    assert await bob.take() == []


async def test_watching_ends_for_one_or_for_all(school: School) -> None:
    teacher, room = await school.teacher()
    ann, watched = await school.student(room["id"], "Ann")
    bob, _ = await school.student(room["id"], "Bob")
    await teacher.emit("sharing/end", {"room_id": room["id"], "user_id": watched["user_id"]})
    await teacher.settle()
    assert await ann.take() == [("sharing/end", {})]
    assert await bob.take() == []
    await teacher.emit("sharing/end", {"room_id": room["id"]})
    await teacher.settle()
    assert await ann.take() == [("sharing/end", {})]
    assert await bob.take() == [("sharing/end", {})]


async def test_what_is_left_out_is_told_to_a_current_teacher_alone(school: School) -> None:
    files = [
        {"filename": "data.csv", "why": "too_large", "size": 2_200_000, "limit": 700_000},
        {"filename": "cat.png", "why": "binary", "size": 70_000},
    ]
    for protocol, told in ((2, True), (None, False)):
        teacher, room = await school.teacher(protocol=protocol)
        ann, joined = await school.student(room["id"], protocol=2)
        await teacher.take()
        await ann.emit("sharing/left_out", {"room_id": room["id"], "files": files})
        assert await ann.take() == []
        expected = ("sharing/left_out", {"user_id": joined["user_id"], "files": files})
        assert await teacher.take() == ([expected] if told else [])


@pytest.mark.parametrize(
    "files",
    [
        [{"filename": "../a", "why": "too_large", "size": 1}],
        [{"filename": "a", "why": "secret", "size": 1}],
        [{"filename": "a", "why": "too_large", "size": "1"}],
        [{"filename": str(n), "why": "too_large", "size": 1} for n in range(101)],
    ],
    ids=["climbing", "unknown reason", "no size", "too many"],
)
async def test_what_cannot_have_been_left_out_is_refused(
    school: School, files: list[object]
) -> None:
    teacher, room = await school.teacher(protocol=2)
    ann, _ = await school.student(room["id"], protocol=2)
    await teacher.take()
    await ann.emit("sharing/left_out", {"room_id": room["id"], "files": files})
    assert refusal(await ann.take()) in ("bad_payload", "bad_value")
    assert await teacher.take() == []


async def test_a_student_who_is_offline_cannot_be_watched(school: School) -> None:
    teacher, room = await school.teacher()
    ann, joined = await school.student(room["id"], "Ann")
    bob, _ = await school.student(room["id"], "Bob")
    await ann.close()
    await teacher.take()
    request = {"room_id": room["id"], "user_id": joined["user_id"]}
    await teacher.emit("sharing/start", request)
    assert (await teacher.expect("error"))["code"] == "user_offline"
    await teacher.emit("sharing/end", request)
    assert "error" not in events(await teacher.take())
    assert await bob.take() == []


async def test_a_current_teacher_sees_the_last_known_files_of_whoever_is_offline(
    school: School,
) -> None:
    teacher, room = await school.teacher(protocol=2)
    ann, joined = await school.student(room["id"], "Ann")
    bob, _ = await school.student(room["id"], "Bob")
    files = [code("a.py", "1"), code("b.py", "2", "UPDATED")]
    await ann.emit("sharing/code_send", {"room_id": room["id"], "files": files})
    await ann.settle()
    await ann.close()
    await teacher.take()
    request = {"room_id": room["id"], "user_id": joined["user_id"]}
    await teacher.emit("sharing/start", request)
    assert await teacher.expect("sharing/code_send") == {**request, "files": files}
    assert await bob.take() == [("sharing/end", {})]


async def test_files_reach_the_teacher_with_their_students_id(school: School) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    await teacher.take()
    tree = [code("main.py", "содержимое"), code("data/data.json", "{}")]
    # A user_id of one's own making does not matter.
    await student.emit("sharing/code_send", {"room_id": room["id"], "user_id": 5, "files": tree})
    await student.settle()
    update = [code("main.py", "новое", "UPDATED")]
    await student.emit("sharing/code_update", {"room_id": room["id"], "files": update})
    await student.settle()
    sent = {"room_id": room["id"], "user_id": joined["user_id"]}
    assert await teacher.take() == [
        ("sharing/code_send", {**sent, "files": tree}),
        ("sharing/code_update", {**sent, "files": update}),
    ]
    assert await student.take() == []
    assert await kept(school, joined["user_id"]) == {"main.py": "новое", "data/data.json": "{}"}


async def test_a_whole_tree_replaces_what_was_kept(school: School) -> None:
    _, room = await school.teacher()
    student, joined = await school.student(room["id"])
    for tree in ([code("a", "1"), code("b", "2")], [code("b", "3"), code("c", "4")]):
        await student.emit("sharing/code_send", {"room_id": room["id"], "files": tree})
    await student.settle()
    assert await kept(school, joined["user_id"]) == {"b": "3", "c": "4"}
    await student.emit("sharing/code_send", {"room_id": room["id"], "files": []})
    await student.settle()
    assert await kept(school, joined["user_id"]) == {}


async def test_a_removed_file_is_no_longer_kept(school: School) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    await student.emit(
        "sharing/code_send", {"room_id": room["id"], "files": [code("a", "1"), code("b", "2")]}
    )
    removed = {"filename": "a", "status": "REMOVED", "content": None}
    await student.emit("sharing/code_update", {"room_id": room["id"], "files": [removed]})
    await student.settle()
    relayed = await teacher.expect("sharing/code_update")
    assert relayed["files"] == [removed]
    assert await kept(school, joined["user_id"]) == {"b": "2"}


async def test_what_is_kept_is_the_latest_of_many_in_flight(school: School) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    for number in range(100):
        event = "sharing/code_send" if number % 10 == 0 else "sharing/code_update"
        files = [code("main.py", str(number)), code(f"{number % 3}.py", str(number))]
        await student.emit(event, {"room_id": room["id"], "files": files})
    await student.settle()
    heard = [
        payload["files"][0]["content"]
        for event, payload in await teacher.take()
        if event.startswith("sharing/")
    ]
    assert heard == list(map(str, range(100)))
    assert await kept(school, joined["user_id"]) == {
        "0.py": "99",
        "1.py": "97",
        "2.py": "98",
        "main.py": "99",
    }


async def test_files_are_kept_while_the_teacher_is_offline(school: School) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    await teacher.close()
    await student.expect("message")
    files = [code("a", "1")]
    await student.emit("sharing/code_update", {"room_id": room["id"], "files": files})
    assert await student.take() == []
    assert await kept(school, joined["user_id"]) == {"a": "1"}


async def test_names_that_differ_in_case_alone_are_two_files(school: School) -> None:
    _, room = await school.teacher()
    student, joined = await school.student(room["id"])
    files = [code("A.py", "1"), code("a.py", "2")]
    await student.emit("sharing/code_send", {"room_id": room["id"], "files": files})
    await student.settle()
    assert await kept(school, joined["user_id"]) == {"A.py": "1", "a.py": "2"}


@pytest.mark.parametrize("event", ["sharing/code_send", "sharing/code_update"])
async def test_a_file_outside_the_folder_is_left_out_and_named(school: School, event: str) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    await teacher.take()
    main = code("main.py", "x", "CHANGED")
    files = [main, {"filename": "../../.cache/x", "status": "REMOVED", "content": None}]
    await student.emit(event, {"room_id": room["id"], "files": files})
    error = await student.expect("error")
    assert error["code"] == "bad_payload"
    assert "'../../.cache/x'" in error["message"]
    (relayed,) = await teacher.take()
    assert relayed == (
        event,
        {"room_id": room["id"], "user_id": joined["user_id"], "files": [main]},
    )
    assert await kept(school, joined["user_id"]) == {"main.py": "x"}
    # A tree of nothing else is no tree.
    await student.emit(event, {"room_id": room["id"], "files": files[1:]})
    await student.settle()
    assert await teacher.take() == []
    assert await kept(school, joined["user_id"]) == {"main.py": "x"}


async def test_an_original_plugin_hears_that_its_files_are_too_many(database: Path) -> None:
    async with open_school(database, ClassroomSettings(files_limit=1)) as school:
        _, room = await school.teacher()
        student, _ = await school.student(room["id"])
        files = [code("a", "1"), code("b", "2")]
        await student.emit("sharing/code_send", {"room_id": room["id"], "files": files})
        assert events(await student.take()) == ["alerts", "alert", "error"]
        # It sends an update a second: that many notices nobody reads.
        await student.emit("sharing/code_update", {"room_id": room["id"], "files": files})
        assert events(await student.take()) == ["error"]


async def test_no_student_fills_the_disk(database: Path) -> None:
    settings = ClassroomSettings(files_limit=2, files_limit_bytes=10)
    async with open_school(database, settings) as school:
        teacher, room = await school.teacher()
        student, joined = await school.student(room["id"])
        first = [code("a", "1"), code("b", "2")]
        await student.emit("sharing/code_send", {"room_id": room["id"], "files": first})
        await student.take()
        await teacher.take()
        for event, files in (
            ("sharing/code_update", [code("c", "3")]),
            ("sharing/code_update", [code("a", "шесть!")]),
            ("sharing/code_send", [code("a", ""), code("b", ""), code("c", "")]),
            ("sharing/code_send", [code("a", "x" * 11)]),
        ):
            await student.emit(event, {"room_id": room["id"], "files": files})
            assert refusal(await student.take()) == "files_limit"
            assert await teacher.take() == []
            # What was refused does not count.
            same = {"room_id": room["id"], "files": [code("b", "2")]}
            await student.emit("sharing/code_update", same)
            assert await student.take() == []
            await teacher.take()
        assert await kept(school, joined["user_id"]) == {"a": "1", "b": "2"}
        swap = [code("a", "", "REMOVED"), code("c", "x" * 9)]
        await student.emit("sharing/code_update", {"room_id": room["id"], "files": swap})
        assert await student.take() == []

    async with open_school(database, settings) as school:
        student, _ = await school.student(room["id"])
        files = [code("d", "")]
        await student.emit("sharing/code_update", {"room_id": room["id"], "files": files})
        assert (await student.expect("error"))["code"] == "files_limit"


async def test_who_is_watched_hears_that_the_last_watcher_has_gone(school: School) -> None:
    teacher, room = await school.teacher(protocol=3)
    peers = {}
    for name, protocol in (("Ann", 3), ("Bob", 3), ("Carl", 2), ("Dora", 1)):
        peers[name], joined = await school.student(room["id"], name, protocol=protocol)
        if name != "Bob":
            who = {"room_id": room["id"], "user_id": joined["user_id"], "exclusive": False}
            await teacher.call("sharing/start", who)
            await peers[name].expect("sharing/start")
    await teacher.close()
    heard = {}
    for name, peer in peers.items():
        await peer.expect("message")
        heard[name] = events(await peer.take())
    assert heard == {"Ann": ["sharing/end"], "Bob": [], "Carl": [], "Dora": []}
    assert not (await school.service.rooms.find(room["id"])).watched
