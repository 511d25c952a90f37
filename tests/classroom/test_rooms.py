"""Opening, joining, leaving and closing rooms, over the wire."""

from pathlib import Path

import pytest

from quad.classroom.model import ROOM_NUMBERS
from quad.settings import ClassroomSettings
from tests.classroom.school import School, code, events, exercise, open_school, refusal, rows


async def test_a_teacher_opens_a_room_and_is_the_only_one_in_it(school: School) -> None:
    teacher, update = await school.teacher("Мария")

    assert update == {
        "id": update["id"],
        "host": update["host"],
        "users": [
            {
                "id": update["host"],
                "sid": teacher.sid,
                "room": update["id"],
                "name": "Мария",
                "role": "host",
                "steps": {},
            }
        ],
    }
    assert list(update) == ["id", "host", "users"]
    assert list(update["users"][0]) == ["id", "sid", "room", "name", "role", "steps"]
    assert update["id"] in ROOM_NUMBERS
    assert 0 < update["host"] < 2**31


async def test_a_student_joins_and_the_teacher_sees_it(school: School) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"], "Ann")

    assert joined == {"user_id": joined["user_id"], "room_id": room["id"]}
    assert list(joined) == ["user_id", "room_id"]
    assert await student.take() == []
    update = await teacher.expect("room/update")
    assert update["users"][1] == {
        "id": joined["user_id"],
        "sid": student.sid,
        "room": room["id"],
        "name": "Ann",
        "role": "client",
        "steps": {},
    }


async def test_students_are_listed_behind_the_host_in_order_of_joining(school: School) -> None:
    teacher, room = await school.teacher()
    for name in ("Zoe", "Ann", "Max"):
        await school.student(room["id"], name)
    await teacher.settle()
    last = [payload for event, payload in teacher.heard if event == "room/update"][-1]
    assert [user["name"] for user in last["users"]] == ["Teacher", "Zoe", "Ann", "Max"]


async def test_a_student_who_joins_gets_what_the_room_has(school: School) -> None:
    teacher, room = await school.teacher()
    tasks = [exercise("1", "<p>Sum</p>")]
    await teacher.emit("exercise", {"content": "Old task"})
    await teacher.emit("steps/all", tasks)
    await teacher.emit("settings", {"files_to_ignore": "*.class"})
    await teacher.settle()

    student, joined = await school.student(room["id"])
    assert await student.take() == [
        ("exercise", {"content": "Old task"}),
        ("steps/all", tasks),
        ("settings", {"names": [], "dirs": [], "extensions": ["class"]}),
    ]
    assert joined["room_id"] == room["id"]


@pytest.mark.parametrize("payload", [{}, {"name": None}])
async def test_a_student_without_a_name_is_a_guest(
    school: School, payload: dict[str, None]
) -> None:
    teacher, room = await school.teacher()
    student = await school.peer()
    await student.emit("room/join", {"room_id": room["id"], **payload})
    update = await teacher.expect("room/update")
    name = update["users"][1]["name"]
    assert name.startswith("Guest")
    assert len(name) == 15
    assert name[5:].isdecimal()


async def test_the_name_of_somebody_online_is_taken(school: School) -> None:
    teacher, room = await school.teacher()
    await school.student(room["id"], "Ann")
    await teacher.take()

    other = await school.peer()
    await other.emit("room/join", {"room_id": room["id"], "name": "Ann"})
    sentence = f"Username Ann is already used in room {room['id']}!"
    assert await other.take() == [
        ("alerts", {"message": sentence, "type": "ERROR"}),
        ("alert", {"message": sentence, "type": "ERROR"}),
        (
            "error",
            {"message": f"Error: {sentence}", "event": "room/join", "code": "name_taken"},
        ),
    ]
    assert await teacher.take() == []


@pytest.mark.parametrize("name", ["Ann ", "Ann\u200b", "A\u00adnn"])
async def test_a_name_that_looks_the_same_is_the_same(school: School, name: str) -> None:
    _teacher, room = await school.teacher()
    await school.student(room["id"], "Ann")
    other = await school.peer()
    await other.emit("room/join", {"room_id": room["id"], "name": name})
    assert refusal(await other.take()) == "name_taken"


@pytest.mark.parametrize("name", ["", "\u200b", "x" * 101, "a\nb", "\u202eannA"])
async def test_an_original_client_hears_that_nobody_is_called_that(
    school: School, name: str
) -> None:
    _, room = await school.teacher()
    for event in ("room/join", "room/create"):
        visitor = await school.peer()
        await visitor.emit(event, {"room_id": room["id"], "name": name})
        assert refusal(await visitor.take()) == "bad_payload"


async def test_a_current_client_hears_of_most_refusals_once(school: School) -> None:
    visitor = await school.peer()
    await visitor.emit("room/join", {"room_id": 100_000, "name": "A", "protocol": 2})
    assert events(await visitor.take()) == ["error"]


async def test_ids_grow_within_a_room(school: School, database: Path) -> None:
    # The original front end lists students by id.
    _, room = await school.teacher()
    ids = [room["host"]]
    for number in range(20):
        student, joined = await school.student(room["id"], f"S{number}")
        ids.append(joined["user_id"])
        if number % 3 == 0:
            await student.emit("room/leave", {"room_id": room["id"]})
            await student.settle()
    assert ids == sorted(set(ids))
    assert all(0 < each < 2**31 for each in ids)


async def test_ids_go_on_growing_after_a_restart_also_if_the_last_one_has_gone(
    database: Path,
) -> None:
    async with open_school(database, ClassroomSettings()) as school:
        _, room = await school.teacher()
        student, joined = await school.student(room["id"])
        await student.emit("room/leave", {"room_id": room["id"]})
        await student.settle()
    for _ in range(3):
        async with open_school(database, ClassroomSettings()) as school:
            student, again = await school.student(room["id"])
            assert again["user_id"] > joined["user_id"]
            joined = again
            await student.emit("room/leave", {"room_id": room["id"]})
            await student.settle()


async def test_a_rooms_number_has_six_digits_and_begins_with_none_of_zero(school: School) -> None:
    for _ in range(20):
        _, room = await school.teacher()
        assert 100_000 <= room["id"] <= 999_999


async def test_the_teachers_name_is_taken_too(school: School) -> None:
    _, room = await school.teacher("Мария")
    other = await school.peer()
    await other.emit("room/join", {"room_id": room["id"], "name": "Мария"})
    assert (await other.expect("error"))["code"] == "name_taken"


async def test_of_two_who_join_under_one_name_at_once_one_gets_in(school: School) -> None:
    _, room = await school.teacher()
    first, second = await school.peer(), await school.peer()
    for peer in (first, second):
        await peer.emit("room/join", {"room_id": room["id"], "name": "Ann"})
    heard = [events(await peer.take()) for peer in (first, second)]
    assert sorted(heard) == [["alerts", "alert", "error"], ["room/join"]]


async def test_the_same_name_in_another_room_is_free(school: School) -> None:
    _, one = await school.teacher()
    _, two = await school.teacher()
    await school.student(one["id"], "Ann")
    await school.student(two["id"], "Ann")


@pytest.mark.parametrize("entry", ["room/create", "room/join", "room/rejoin", "room/rehost"])
async def test_nobody_is_in_two_rooms_at_once(school: School, entry: str) -> None:
    teacher, room = await school.teacher()
    _, other = await school.teacher()
    student, joined = await school.student(room["id"])
    await teacher.take()
    users = {"room/rehost": other["host"]}
    payload = {
        "room_id": other["id"] if entry == "room/rehost" else room["id"],
        "user_id": users.get(entry, room["host"] + 1),
        "name": "Somebody",
    }
    if entry == "room/rejoin":
        outsider, there = await school.student(other["id"], "Bob")
        await outsider.close()
        payload |= {"room_id": other["id"], "user_id": there["user_id"]}

    await student.emit(entry, payload)
    heard = await student.take()
    assert refusal(heard) == ("already_in_room")
    assert heard[-1][1]["message"] == (
        f"Error: User {joined['user_id']} already in room {room['id']}!"
    )
    assert await teacher.take() == []


@pytest.mark.parametrize(
    ("version", "is_warned"),
    # The default is the version that the original server asks for.
    [("1.1", True), ("1.2.14", True), ("1.2.15", False), ("1.10.0", False), (None, False)],
)
async def test_an_old_plugin_is_asked_to_update(
    school: School, version: str | None, is_warned: bool
) -> None:
    _, room = await school.teacher()
    student = await school.peer()
    await student.emit("room/join", {"room_id": room["id"], "name": "A", "version": version})
    heard = await student.take()
    if not is_warned:
        assert events(heard) == ["room/join"]
        return
    assert events(heard) == ["alerts", "alert", "room/join"]
    assert heard[0][1] == heard[1][1]
    assert heard[0][1]["type"] == "WARNING"
    assert (
        "You have an outdated version of the plugin. Please install the latest version 1.2.15"
        in heard[0][1]["message"]
    )


async def test_no_version_is_outdated_where_none_is_wanted(database: Path) -> None:
    async with open_school(database, ClassroomSettings(plugin_version="")) as school:
        _, room = await school.teacher()
        student, _ = await school.student(room["id"], version="0.0.1")
        assert await student.take() == []


async def test_a_student_who_leaves_is_forgotten_and_may_join_anew(
    school: School, database: Path
) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    await student.emit("message/to_mentor", {"room_id": room["id"], "content": "Hi"})
    files = [code("a.py", "1")]
    await student.emit("sharing/code_send", {"room_id": room["id"], "files": files})
    await student.settle()
    await teacher.take()

    await student.emit("room/leave", {"room_id": room["id"]})
    assert await student.take() == []
    update = await teacher.expect("room/update")
    assert [user["name"] for user in update["users"]] == ["Teacher"]
    assert rows(database, "classroom_participants") == 1
    assert rows(database, "classroom_messages") == 0
    assert rows(database, "classroom_files") == 0

    await student.emit("room/join", {"room_id": room["id"], "name": "Ann"})
    again = await student.expect("room/join")
    assert again["user_id"] != joined["user_id"]


async def test_a_student_who_left_hears_nothing_of_the_room(school: School) -> None:
    teacher, room = await school.teacher()
    student, _ = await school.student(room["id"])
    await student.emit("room/leave", {"room_id": room["id"]})
    await student.settle()
    await teacher.emit("sharing/end", {"room_id": room["id"]})
    await teacher.settle()
    assert await student.take() == []


async def test_a_removed_student_is_disconnected(school: School) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    other, _ = await school.student(room["id"], "Bob")
    await teacher.take()

    await teacher.emit("room/kill", {"user_id": joined["user_id"]})
    await student.wait_closed()
    update = await teacher.expect("room/update")
    assert [user["name"] for user in update["users"]] == ["Teacher", "Bob"]
    assert await other.take() == []


async def test_a_student_who_is_offline_can_be_removed(school: School) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    await teacher.take()
    await student.close()
    await teacher.expect("room/update")
    await teacher.emit("room/kill", {"user_id": joined["user_id"]})
    await teacher.settle()

    back = await school.peer()
    await back.emit("room/rejoin", {"room_id": room["id"], "user_id": joined["user_id"]})
    assert (await back.expect("error"))["code"] == "user_not_found"


async def test_a_closed_room_ends_for_everybody_and_connections_stay(
    school: School, database: Path
) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    await student.emit("message/to_mentor", {"room_id": room["id"], "content": "Hi"})
    files = [code("a.py", "1")]
    await student.emit("sharing/code_send", {"room_id": room["id"], "files": files})
    await student.take()
    await teacher.take()

    await teacher.emit("room/close", {"room_id": room["id"]})
    assert await teacher.take() == []
    assert await student.take() == [("room/closed", {"message": "Room closed!"})]
    for table in ("rooms", "participants", "messages", "files"):
        assert rows(database, f"classroom_{table}") == 0

    # The plugin leaves as soon as it hears that the room is closed.
    await student.emit("room/leave", {"room_id": room["id"]})
    assert (await student.expect("error"))["code"] == "not_in_room"
    for entry, user in (("room/rejoin", joined["user_id"]), ("room/rehost", room["host"])):
        await student.emit(entry, {"room_id": room["id"], "user_id": user})
        assert (await student.expect("error"))["code"] == "room_not_found"

    await teacher.emit("room/create", {"name": "Teacher"})
    second = await teacher.expect("room/update")
    await student.emit("room/join", {"room_id": second["id"], "name": "Ann"})
    await student.expect("room/join")


async def test_the_class_hears_that_the_teacher_is_offline(school: School) -> None:
    teacher, room = await school.teacher()
    student, _ = await school.student(room["id"])
    await teacher.close()
    assert await student.expect("message") == {"message": "The teacher is offline!"}
    assert await student.take() == []


async def test_the_teacher_sees_who_is_online(school: School) -> None:
    teacher, room = await school.teacher()
    student, _ = await school.student(room["id"])
    await teacher.take()
    await student.close()
    update = await teacher.expect("room/update")
    assert [user["name"] for user in update["users"]] == ["Teacher"]


async def test_a_current_teacher_also_sees_who_is_offline(school: School) -> None:
    teacher, room = await school.teacher(protocol=2)
    assert room["offline"] == []
    student, joined = await school.student(room["id"])
    await teacher.take()
    await student.close()
    update = await teacher.expect("room/update")
    assert [user["name"] for user in update["users"]] == ["Teacher"]
    assert update["offline"] == [
        {
            "id": joined["user_id"],
            "sid": "",
            "room": room["id"],
            "name": "Ann",
            "role": "client",
            "steps": {},
        }
    ]
    assert "token" not in update


async def test_somebody_without_a_room_may_come_and_go(school: School) -> None:
    passer_by = await school.peer()
    await passer_by.close()
    await school.teacher()
