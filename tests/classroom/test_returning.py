"""Coming back: after a lost connection, from another one, after the server was restarted."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from quad.classroom.rooms import IDLE_S
from quad.identity import KeyedRateLimit
from quad.settings import ClassroomSettings
from tests.classroom.school import HOME, Peer, School, code, events, exercise, open_school

ELSEWHERE = "10.0.0.2"
SETTINGS = ClassroomSettings(room_update_interval_ms=20)
TAKEN = "Your place in the room was taken by another connection."


async def rejoin(school: School, joined: dict[str, Any], address: str = HOME, **more: Any) -> Peer:
    """A new connection that asks for a student's place."""
    peer = await school.peer(address)
    request = {"room_id": joined["room_id"], "user_id": joined["user_id"], **more}
    await peer.emit("room/rejoin", request)
    return peer


async def rehost(school: School, room: dict[str, Any], address: str = HOME, **more: Any) -> Peer:
    """A new connection that asks for a teacher's place."""
    peer = await school.peer(address)
    await peer.emit("room/rehost", {"room_id": room["id"], "user_id": room["host"], **more})
    return peer


async def code_of(peer: Peer) -> str:
    """The code of the one refusal."""
    heard = await peer.take()
    assert events(heard) == ["error"]
    return str(heard[0][1]["code"])


# Students of original clients


async def test_an_offline_student_returns_with_everything(school: School) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    await teacher.emit("steps/all", [exercise("1", "x")])
    await student.expect("steps/all")
    await student.emit("steps/status/to_mentor", {"1": "HELP"})
    await student.emit("message/to_mentor", {"room_id": room["id"], "content": "Hi"})
    await student.settle()
    await student.close()
    await teacher.expect("message/to_mentor")
    await teacher.expect("room/update")

    back = await rejoin(school, joined, ELSEWHERE)
    assert await back.take() == [("room/join", joined), ("steps/all", [exercise("1", "x")])]
    update = await teacher.expect("room/update")
    assert update["users"][1]["id"] == joined["user_id"]
    assert update["users"][1]["sid"] == back.sid
    assert update["users"][1]["steps"] == {"1": "HELP"}
    await back.emit("message/user", {"user_id": joined["user_id"]})
    history = await back.expect("message/user")
    assert [message["content"] for message in history["messages"]] == ["Hi"]


async def test_joining_under_the_name_of_an_offline_student_resumes_it(school: School) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"], "Ann")
    await student.close()
    await teacher.take()
    back, again = await school.student(room["id"], "Ann", ELSEWHERE)
    assert again == joined
    assert await back.take() == []


async def test_an_online_student_returns_from_the_address_last_used(school: School) -> None:
    _, room = await school.teacher()
    student, joined = await school.student(room["id"])
    back = await rejoin(school, joined)
    assert await back.take() == [("room/join", joined)]
    await student.wait_closed()
    assert list(student.heard) == [
        ("alerts", {"message": TAKEN, "type": "INFO"}),
        ("alert", {"message": TAKEN, "type": "INFO"}),
    ]


async def test_an_online_student_is_not_taken_over_from_elsewhere(school: School) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    await teacher.take()
    thief = await rejoin(school, joined, ELSEWHERE)
    assert await code_of(thief) == "wrong_address"
    assert await student.take() == []
    assert await teacher.take() == []


async def test_the_address_last_used_is_the_latest_one(school: School) -> None:
    _, room = await school.teacher()
    student, joined = await school.student(room["id"])
    await student.close()
    moved = await rejoin(school, joined, ELSEWHERE)
    assert events(await moved.take()) == ["room/join"]
    assert await code_of(await rejoin(school, joined, HOME)) == "wrong_address"
    assert events(await (await rejoin(school, joined, ELSEWHERE)).take()) == ["room/join"]


async def test_the_connection_that_was_taken_over_has_no_part_in_the_room(school: School) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    back = await rejoin(school, joined)
    await student.wait_closed()
    await back.take()
    await teacher.take()
    await teacher.emit("sharing/end", {"room_id": room["id"]})
    assert await teacher.take() == []
    assert await back.take() == [("sharing/end", {})]


async def test_returning_over_the_same_connection_changes_nothing(school: School) -> None:
    _, room = await school.teacher()
    student, joined = await school.student(room["id"])
    request = {"room_id": room["id"], "user_id": joined["user_id"]}
    await student.emit("room/rejoin", request)
    assert await student.take() == [("room/join", joined)]
    assert not student.is_closed.is_set()


async def test_only_students_rejoin_and_only_hosts_rehost(school: School) -> None:
    _, room = await school.teacher()
    student, joined = await school.student(room["id"])
    await student.close()
    as_host = {"room_id": room["id"], "user_id": room["host"]}
    assert await code_of(await rejoin(school, as_host)) == "not_student"
    as_student = {"id": room["id"], "host": joined["user_id"]}
    assert await code_of(await rehost(school, as_student)) == "not_host"
    nobody = {"id": room["id"], "host": 2**40}
    assert await code_of(await rehost(school, nobody)) == "user_not_found"
    assert await code_of(await rejoin(school, {**joined, "user_id": -1})) == "user_not_found"


# Teachers of original clients


async def test_a_teacher_returns_from_the_address_last_used(school: School) -> None:
    teacher, room = await school.teacher()
    student, _ = await school.student(room["id"])
    await teacher.emit("steps/all", [exercise("1", "x")])
    await teacher.settle()
    await teacher.close()
    await student.expect("message")

    back = await rehost(school, room)
    heard = await back.take()
    assert events(heard) == ["steps/load", "room/update"]
    assert heard[0][1] == [exercise("1", "x")]
    assert [user["name"] for user in heard[1][1]["users"]] == ["Teacher", "Ann"]
    assert await student.take() == [
        ("message", {"message": "The teacher reconnected!"}),
        ("sharing/end", {}),
    ]


async def test_an_original_teacher_takes_over_a_connection_that_seems_open(school: School) -> None:
    teacher, room = await school.teacher()
    student, _ = await school.student(room["id"])
    await teacher.take()
    back = await rehost(school, room)
    assert events(await back.take()) == ["room/update"]
    await teacher.wait_closed()
    assert events(list(teacher.heard)) == ["alerts", "alert"]
    # Nobody is told that the teacher was offline, because the teacher never was.
    assert events(await student.take()) == ["message", "sharing/end"]


@pytest.mark.parametrize("is_online", [True, False])
async def test_nobody_takes_a_class_over_from_elsewhere(school: School, is_online: bool) -> None:
    teacher, room = await school.teacher()
    student, _ = await school.student(room["id"])
    if not is_online:
        await teacher.close()
        await student.expect("message")
    thief = await rehost(school, room, ELSEWHERE)
    assert await code_of(thief) == "wrong_address"
    assert await student.take() == []


# Current clients


async def test_a_current_teacher_gets_a_token_once(school: School) -> None:
    teacher, room = await school.teacher(protocol=2)
    assert len(room["token"]) >= 22
    await school.student(room["id"])
    assert "token" not in await teacher.expect("room/update")


async def test_a_current_student_gets_a_token(school: School) -> None:
    _, room = await school.teacher()
    _, joined = await school.student(room["id"], protocol=2)
    assert joined == {
        "user_id": joined["user_id"],
        "room_id": room["id"],
        "name": "Ann",
        "steps": {},
        "token": joined["token"],
    }


@pytest.mark.parametrize("is_online", [True, False])
@pytest.mark.parametrize("event", ["room/rejoin", "room/join"])
async def test_a_token_resumes_from_anywhere_and_takes_over(
    school: School, event: str, is_online: bool
) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"], protocol=2)
    await student.emit("steps/status/to_mentor", {"1": "HELP"})
    await student.settle()
    if not is_online:
        await student.close()
        await teacher.take()
    back = await school.peer(ELSEWHERE)
    request = {
        "room_id": room["id"],
        "user_id": joined["user_id"],
        "name": "Whatever",
        "token": joined["token"],
        "protocol": 2,
    }
    await back.emit(event, request)
    assert await back.take() == [("room/join", {**joined, "steps": {"1": "HELP"}})]
    await student.wait_closed()


async def test_a_token_resumes_without_a_name(school: School) -> None:
    _, room = await school.teacher()
    _, joined = await school.student(room["id"], protocol=2)
    back = await school.peer()
    await back.emit("room/join", {"room_id": room["id"], "token": joined["token"]})
    # Without `protocol` it is an original client, which gets no more keys than it knows.
    assert await back.expect("room/join") == {
        "user_id": joined["user_id"],
        "room_id": room["id"],
    }


async def test_a_teachers_token_resumes_from_anywhere(school: School) -> None:
    teacher, room = await school.teacher(protocol=2)
    back = await rehost(school, room, ELSEWHERE, token=room["token"], protocol=2)
    heard = await back.take()
    assert events(heard) == ["room/update"]
    assert heard[0][1]["token"] == room["token"]
    await teacher.wait_closed()


@pytest.mark.parametrize("token", [None, "", "wrong", "A" * 43])
async def test_without_the_token_nobody_resumes_a_current_student(
    school: School, token: str | None
) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"], protocol=2)
    await student.close()
    await teacher.take()
    thief = await rejoin(school, joined, token=token)
    assert await code_of(thief) == ("token_required" if token is None else "wrong_token")
    thief = await school.peer()
    await thief.emit("room/join", {"room_id": room["id"], "name": "Ann", "token": token})
    expected = "name_taken" if token is None else "wrong_token"
    assert (await thief.expect("error"))["code"] == expected
    assert await teacher.take() == []


@pytest.mark.parametrize("token", [None, "wrong"])
async def test_without_the_token_nobody_resumes_a_current_teacher(
    school: School, token: str | None
) -> None:
    teacher, room = await school.teacher(protocol=2)
    thief = await rehost(school, room, token=token)
    assert await code_of(thief) == ("token_required" if token is None else "wrong_token")
    assert await teacher.take() == []


async def test_the_token_of_one_student_is_not_that_of_another(school: School) -> None:
    _, room = await school.teacher()
    _, ann = await school.student(room["id"], "Ann", protocol=2)
    _, bob = await school.student(room["id"], "Bob", protocol=2)
    thief = await rejoin(school, ann, token=bob["token"])
    assert await code_of(thief) == "wrong_token"


async def test_a_token_is_worth_nothing_in_another_room(school: School) -> None:
    _, one = await school.teacher()
    _, two = await school.teacher()
    _, joined = await school.student(one["id"], protocol=2)
    visitor = await school.peer()
    await visitor.emit("room/join", {"room_id": two["id"], "token": joined["token"]})
    assert (await visitor.expect("error"))["code"] == "wrong_token"


async def test_the_token_of_a_removed_student_is_worth_nothing(school: School) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"], protocol=2)
    await teacher.emit("room/kill", {"user_id": joined["user_id"]})
    await student.wait_closed()
    back = await school.peer()
    await back.emit("room/join", {"room_id": room["id"], "token": joined["token"]})
    assert (await back.expect("error"))["code"] == "wrong_token"


async def test_an_original_participant_gets_a_token_from_a_current_client(school: School) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    await student.close()
    await teacher.take()
    back = await rejoin(school, joined, protocol=2)
    token = (await back.expect("room/join"))["token"]
    # From now on it is the token that counts.
    assert await code_of(await rejoin(school, joined)) == "token_required"
    again = await rejoin(school, joined, ELSEWHERE, token=token)
    await again.expect("room/join")


# Settings, limits


async def test_resuming_without_a_token_can_be_switched_off(database: Path) -> None:
    settings = ClassroomSettings(tokenless_resume=False)
    async with open_school(database, settings) as school:
        teacher, room = await school.teacher()
        student, joined = await school.student(room["id"])
        await student.close()
        await teacher.expect("room/update")
        await teacher.expect("room/update")
        assert await code_of(await rejoin(school, joined)) == "token_required"
        assert await code_of(await rehost(school, room)) == "token_required"
        back = await school.peer()
        await back.emit("room/join", {"room_id": room["id"], "name": "Ann"})
        assert (await back.expect("error"))["code"] == "name_taken"


async def test_guesses_are_limited_by_address(database: Path) -> None:
    limit = KeyedRateLimit(rate_per_s=0.001, burst=2)
    async with open_school(database, SETTINGS, limit) as school:
        _, room = await school.teacher()
        _, joined = await school.student(room["id"], protocol=2)
        guesser = await school.peer(ELSEWHERE)
        await guesser.emit("room/join", {"room_id": 100_000, "name": "X"})
        assert (await guesser.expect("error"))["code"] == "room_not_found"
        await guesser.emit("room/rejoin", {**joined, "token": "wrong"})
        assert (await guesser.expect("error"))["code"] == "wrong_token"
        # Now even the right number is refused there, and only there.
        await guesser.emit("room/join", {"room_id": room["id"], "name": "X"})
        refused = await guesser.expect("error")
        assert refused["code"] == "rate_limited"
        assert refused["retry_after_s"] > 0
        await school.student(room["id"], "Bob")


async def test_a_class_behind_one_address_joins_freely(database: Path) -> None:
    async with open_school(database, SETTINGS, KeyedRateLimit(0.001, 1)) as school:
        _, room = await school.teacher()
        for number in range(30):
            await school.student(room["id"], f"Student {number}")


# After the server was restarted


async def test_a_restarted_server_knows_everything(database: Path) -> None:
    settings_sent = {"names": ["a"], "dirs": ["b"], "extensions": ["c"]}
    tasks = [exercise("1", "<p>x</p>"), exercise("2", "y")]
    async with open_school(database, SETTINGS) as school:
        teacher, room = await school.teacher("Мария")
        student, joined = await school.student(room["id"], "Ann")
        _, current = await school.student(room["id"], "Bob", protocol=2)
        await teacher.emit("exercise", {"content": "old"})
        await teacher.emit("steps/all", tasks)
        await teacher.emit("settings", {"files_to_ignore": "a\nb/\n*.c"})
        await teacher.emit(
            "message/to_client",
            {"room_id": room["id"], "user_id": joined["user_id"], "content": "Hello"},
        )
        await student.expect("message/to_client")
        await student.emit("message/to_mentor", {"room_id": room["id"], "content": "Hi 😀"})
        await student.emit("steps/status/to_mentor", {"1": "DONE"})
        files = [code("b.py", "nul \x00 \uffff"), code("дом/a.py", "код")]
        await student.emit("sharing/code_send", {"room_id": room["id"], "files": files})
        await student.settle()

    async with open_school(database, SETTINGS) as school:
        stats = await school.service.stats(room["id"])
        assert stats is not None
        assert [row.name for row in stats.students] == ["Ann", "Bob"]

        back, again = await school.student(room["id"], "Ann", ELSEWHERE)
        assert again == joined
        assert await back.take() == [
            ("exercise", {"content": "old"}),
            ("steps/all", tasks),
            ("settings", settings_sent),
        ]
        teacher = await rehost(school, room)
        heard = await teacher.take()
        assert heard[0] == ("steps/load", tasks)
        assert heard[1][1]["users"][0]["name"] == "Мария"
        # Only those who are back are online.
        assert [user["name"] for user in heard[1][1]["users"]] == ["Мария", "Ann"]
        assert heard[1][1]["users"][1]["steps"] == {"1": "DONE"}

        await teacher.emit("message/user", {"user_id": joined["user_id"]})
        history = await teacher.expect("message/user")
        assert [
            (message["sender"], message["receiver"], message["content"])
            for message in history["messages"]
        ] == [
            (room["host"], joined["user_id"], "Hello"),
            (joined["user_id"], room["host"], "Hi 😀"),
        ]
        kept = await school.service.files(joined["user_id"])
        assert {file.filename: file.content for file in kept} == {
            "b.py": "nul \x00 \uffff",
            "дом/a.py": "код",
        }
        resumed = await rejoin(school, current, token=current["token"], protocol=2)
        assert (await resumed.expect("room/join"))["token"] == current["token"]


async def test_progress_goes_on_where_it_was_before_the_restart(database: Path) -> None:
    async with open_school(database, SETTINGS) as school:
        _, room = await school.teacher()
        student, joined = await school.student(room["id"])
        await student.emit("steps/status/to_mentor", {"1": "DONE"})
        await student.settle()
    async with open_school(database, SETTINGS) as school:
        student, _ = await school.student(room["id"])
        teacher = await rehost(school, room)
        await teacher.expect("room/update")
        await student.emit("steps/status/to_mentor", {"1": "DONE"})  # no news
        await student.settle()
        review = {"1": "ACCEPTED", "2": "ACCEPTED"}
        request = {"user_id": joined["user_id"], "steps": review}
        await teacher.emit("steps/status/to_client", request)
        await teacher.emit("steps/table", {})
        table = [{"user_id": joined["user_id"], "steps": {"1": "ACCEPTED"}}]
        assert await teacher.take() == [("steps/table", table)]


async def test_students_who_return_at_once_after_a_restart_share_one_room(database: Path) -> None:
    async with open_school(database, SETTINGS) as school:
        _, room = await school.teacher()
        for number in range(12):
            await school.student(room["id"], f"S{number}")
    async with open_school(database, SETTINGS) as school:
        peers = [await school.peer() for _ in range(12)]
        for number, peer in enumerate(peers):
            await peer.emit("room/join", {"room_id": room["id"], "name": f"S{number}"})
        for peer in peers:
            await peer.expect("room/join")
        teacher = await rehost(school, room)
        update = await teacher.expect("room/update")
        assert [user["name"] for user in update["users"]] == [
            "Teacher",
            *(f"S{number}" for number in range(12)),
        ]


async def test_a_room_without_anybody_leaves_the_memory_and_comes_back(school: School) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    _, other = await school.teacher()
    await student.close()
    await teacher.close()
    # The farewell of a connection may come a moment after its end.
    await (await school.peer()).settle()
    school.clock.seconds = IDLE_S - 1
    school.service.rooms.evict_idle()
    assert len(school.service.rooms) == 2
    school.clock.seconds = IDLE_S * 2
    school.service.rooms.evict_idle()
    assert len(school.service.rooms) == 1

    back = await rejoin(school, joined)
    assert await back.expect("room/join") == joined
    assert len(school.service.rooms) == 2
    assert other["id"] != room["id"]


async def test_one_of_several_who_ask_for_a_room_may_give_up(database: Path) -> None:
    async with open_school(database, SETTINGS) as school:
        _, room = await school.teacher()
    async with open_school(database, SETTINGS) as school:
        first, second = (
            asyncio.create_task(school.service.rooms.find(room["id"])) for _ in range(2)
        )
        await asyncio.sleep(0)
        first.cancel()
        found = await second
        assert found.number == room["id"]
        assert found is await school.service.rooms.find(room["id"])
