"""Coming back: after a lost connection, from another one, after the server was restarted."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from quad.classroom.model import Step
from quad.classroom.rooms import IDLE_S
from quad.settings import ClassroomSettings, LimitSettings
from tests.classroom.school import (
    HOME,
    STRANGER,
    Peer,
    School,
    code,
    enter,
    events,
    exercise,
    is_seated,
    open_school,
    refusal,
    until,
)

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
    return refusal(await peer.take())


async def history_of(peer: Peer, user_id: int) -> list[str]:
    """The private messages that somebody gets to read."""
    await peer.emit("message/user", {"user_id": user_id})
    return [message["content"] for message in (await peer.expect("message/user"))["messages"]]


async def drop(school: School, *peers: Peer) -> None:
    """Close connections, and wait until the server knows."""
    for peer in peers:
        await peer.close()
    await until(lambda: all(not is_seated(school, peer.sid) for peer in peers))


# Students of original clients


@pytest.mark.parametrize("event", ["room/rejoin", "room/join"])
async def test_an_offline_student_returns_with_everything(school: School, event: str) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    await teacher.emit("steps/all", [exercise("1", "x")])
    await teacher.emit("settings", {"files_to_ignore": "a"})
    await teacher.emit("exercise", {"content": "old"})
    await student.expect("exercise")
    await student.emit("steps/status/to_mentor", {"1": "HELP"})
    await student.emit("message/to_mentor", {"room_id": room["id"], "content": "Hi"})
    await student.settle()
    await drop(school, student)
    await teacher.take()

    back = await school.peer()
    await back.emit(event, {**joined, "name": "Ann"})
    assert await back.take() == [
        ("room/join", joined),
        ("exercise", {"content": "old"}),
        ("steps/all", [exercise("1", "x")]),
        ("settings", {"names": ["a"], "dirs": [], "extensions": []}),
        # The plugin would report an empty map otherwise, and wipe what is stored.
        ("steps/status/to_client", {"1": "HELP"}),
    ]
    assert events(await teacher.take()) == ["room/update"]
    assert await history_of(back, joined["user_id"]) == ["Hi"]


async def test_the_teachers_next_tasks_do_not_wipe_an_original_plugins_statuses(
    school: School,
) -> None:
    teacher, room = await school.teacher()
    original, _ = await school.student(room["id"], "Ann")
    fresh, _ = await school.student(room["id"], "Bob")
    current, _ = await school.student(room["id"], "Eve", protocol=2)
    for student in (original, current):
        await student.emit("steps/status/to_mentor", {"1": "DONE"})
        await student.settle()
    tasks = [exercise("1", "x"), exercise("2", "y")]
    await teacher.emit("steps/all", tasks)
    await teacher.settle()
    assert await original.take() == [
        ("steps/all", tasks),
        ("steps/status/to_client", {"1": "DONE"}),
    ]
    assert await fresh.take() == [("steps/all", tasks)]
    assert await current.take() == [("steps/all", tasks)]


@pytest.mark.parametrize("after_s", [0, 599, 600, 86_400])
async def test_an_offline_student_returns_from_the_address_last_used_at_any_time(
    school: School, after_s: int
) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    await student.emit("message/to_mentor", {"room_id": room["id"], "content": "Hi"})
    await student.settle()
    await drop(school, student)
    school.clock.seconds += after_s
    await teacher.take()
    back = await rejoin(school, joined)
    assert await back.take() == [("room/join", joined)]
    assert await history_of(back, joined["user_id"]) == ["Hi"]
    assert events(await teacher.take()) == ["room/update"]


@pytest.mark.parametrize("event", ["room/rejoin", "room/join"])
async def test_from_elsewhere_a_student_returns_for_a_while_without_the_old_messages(
    school: School, event: str
) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    there = {"room_id": room["id"]}
    await student.emit("message/to_mentor", {**there, "content": "secret"})
    await student.emit("steps/status/to_mentor", {"1": "HELP"})
    await student.settle()
    await drop(school, student)
    await teacher.take()
    school.clock.seconds += 599

    back = await school.peer(ELSEWHERE)
    await back.emit(event, {**joined, "name": "Ann"})
    heard = await back.take()
    assert events(heard) == ["room/join", "steps/status/to_client"]
    warning = {"message": "Ann came back from another address", "type": "WARNING"}
    told = await teacher.take()
    assert sorted(events(told)) == ["alert", "alerts", "room/update"]
    assert ("alerts", warning) in told
    assert await history_of(back, joined["user_id"]) == []
    await teacher.emit("message/to_client", {**there, "user_id": joined["user_id"], "content": "?"})
    await back.expect("message/to_client")
    assert await history_of(back, joined["user_id"]) == ["?"]
    assert await history_of(teacher, joined["user_id"]) == ["secret", "?"]

    # For good, also back at the address now last used, and at the first one.
    for address in (ELSEWHERE, HOME):
        await drop(school, back)
        back = await rejoin(school, joined, address)
        await back.expect("room/join")
        assert await history_of(back, joined["user_id"]) == (["?"] if address == ELSEWHERE else [])
    assert await history_of(teacher, joined["user_id"]) == ["secret", "?"]


@pytest.mark.parametrize("event", ["room/rejoin", "room/join"])
async def test_from_elsewhere_a_student_returns_no_more_when_the_while_is_over(
    school: School, event: str
) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    await drop(school, student)
    await teacher.take()
    school.clock.seconds += 600
    thief = await school.peer(ELSEWHERE)
    await thief.emit(event, {**joined, "name": "Ann"})
    assert await code_of(thief) == ("name_taken" if event == "room/join" else "wrong_address")
    assert await teacher.take() == []


async def test_how_long_a_student_may_return_from_elsewhere_is_a_setting(database: Path) -> None:
    async with open_school(database, ClassroomSettings(resume_elsewhere_s=0)) as school:
        _, room = await school.teacher()
        student, joined = await school.student(room["id"])
        await drop(school, student)
        assert await code_of(await rejoin(school, joined, ELSEWHERE)) == "wrong_address"


async def test_an_address_is_all_of_the_block_that_a_site_has(school: School) -> None:
    _, room = await school.teacher()
    student, joined = await school.student(room["id"], address="2001:db8:1:2::1")
    await drop(school, student)
    school.clock.seconds += 10_000
    assert await code_of(await rejoin(school, joined, "2001:db8:1:3::1")) == "wrong_address"
    back = await rejoin(school, joined, "2001:DB8:1:2:3:4:5:6")
    assert events(await back.take()) == ["room/join"]


@pytest.mark.parametrize("event", ["room/rejoin", "room/join"])
@pytest.mark.parametrize("address", [HOME, ELSEWHERE])
async def test_a_living_connection_is_not_taken_away(
    school: School, event: str, address: str
) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    await teacher.take()
    thief = await school.peer(address)
    await thief.emit(event, {**joined, "name": "Ann"})
    assert await code_of(thief) == ("name_taken" if event == "room/join" else "still_online")
    assert await student.take() == []
    assert await teacher.take() == []


@pytest.mark.parametrize("event", ["room/rejoin", "room/join"])
async def test_a_silent_connection_locks_nobody_out(school: School, event: str) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    await teacher.take()
    student.fall_silent()
    back = await school.peer()
    await back.emit(event, {**joined, "name": "Ann"})
    assert await back.expect("room/join") == joined
    assert await back.take() == []
    update = await teacher.expect("room/update")
    assert [user["sid"] for user in update["users"][1:]] == [back.sid]
    await student.close()
    told = {"message": "Your connection did not answer, so it was closed.", "type": "INFO"}
    assert list(student.heard) == [("alerts", told), ("alert", told)]


async def test_from_elsewhere_the_drop_of_a_silent_connection_is_now(school: School) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    school.clock.seconds += 10_000
    student.fall_silent()
    back = await rejoin(school, joined, ELSEWHERE)
    assert await back.expect("room/join") == joined
    assert (await teacher.expect("alerts"))["type"] == "WARNING"


@pytest.mark.parametrize("addresses", [(HOME, ELSEWHERE), (ELSEWHERE, HOME)])
async def test_of_two_who_ask_for_the_place_of_a_silent_connection_one_gets_it(
    school: School, addresses: tuple[str, str]
) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    student.fall_silent()
    first, second = [await school.peer(address) for address in addresses]
    for peer in (first, second):
        await peer.emit("room/rejoin", joined)
    heard = [await peer.take() for peer in (first, second)]
    assert sorted(len(each) for each in heard) == [1, 3]
    winner, loser = sorted(heard, key=len)
    assert winner == [("room/join", joined)]
    assert refusal(loser) == "still_online"
    assert not any(peer.is_closed.is_set() for peer in (first, second))
    del teacher


@pytest.mark.parametrize("event", ["room/rejoin", "room/join", "room/rehost"])
async def test_coming_back_never_makes_an_original_participant_a_current_one(
    school: School, event: str
) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    await student.emit("steps/status/to_mentor", {"1": "HELP"})
    await student.settle()
    await drop(school, student, teacher)
    back = await school.peer()
    request = {**joined, "name": "Ann", "protocol": 2}
    if event == "room/rehost":
        request["user_id"] = room["host"]
    await back.emit(event, request)
    heard = await back.take()
    if event == "room/rehost":
        assert set(heard[-1][1]) == {"id", "host", "users"}
    else:
        assert heard == [("room/join", joined), ("steps/status/to_client", {"1": "HELP"})]
    await drop(school, back)
    again = await school.peer()
    del request["protocol"]
    await again.emit(event, request)
    assert "error" not in events(await again.take())


async def test_an_address_that_nobody_vouches_for_meets_no_rule(school: School) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    await drop(school, student)
    await teacher.take()
    # For a while, as from any other address.
    back = await school.peer(HOME, by=STRANGER)
    await back.emit("room/rejoin", joined)
    assert events(await back.take()) == ["room/join"]
    assert (await teacher.expect("alerts"))["type"] == "WARNING"
    await drop(school, back)
    school.clock.seconds += 600
    again = await school.peer(HOME, by=STRANGER)
    await again.emit("room/rejoin", joined)
    assert await code_of(again) == "wrong_address"


async def test_no_teacher_returns_from_an_address_that_nobody_vouches_for(school: School) -> None:
    teacher = await school.peer(HOME, by=STRANGER)
    await teacher.emit("room/create", {"name": "Teacher"})
    room = await teacher.expect("room/update")
    await drop(school, teacher)
    back = await school.peer(HOME, by=STRANGER)
    await back.emit("room/rehost", {"room_id": room["id"], "user_id": room["host"]})
    assert await code_of(back) == "wrong_address"
    machine = await enter(school.url, STRANGER)
    await machine.emit("room/rehost", {"room_id": room["id"], "user_id": room["host"]})
    assert await code_of(machine) == "wrong_address"
    await machine.close()


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


async def test_a_teacher_returns_to_the_tasks_that_were_imported_and_not_sent(
    database: Path,
) -> None:
    imported = exercise("1", "<p>From the web</p>")
    async with open_school(database, SETTINGS) as school:
        teacher, room = await school.teacher()
        await teacher.emit("steps/all", [exercise("1", "before")])
        school.importer.answer = [Step("1", "<p>From the web</p>")]
        await teacher.emit("steps/import", {"url": "https://x.notion.site/page"})
        await teacher.expect("steps/load")
        await drop(school, teacher)
        teacher = await rehost(school, room)
        assert await teacher.expect("steps/load") == [imported]
    async with open_school(database, SETTINGS) as school:
        teacher = await rehost(school, room)
        assert await teacher.expect("steps/load") == [imported]
        # The students have what was sent, until the teacher sends something else.
        student, _ = await school.student(room["id"])
        assert await student.take() == [("steps/all", [exercise("1", "before")])]
        await teacher.emit("steps/all", [exercise("2", "after")])
        await teacher.settle()
        await drop(school, teacher)
        teacher = await rehost(school, room)
        assert await teacher.expect("steps/load") == [exercise("2", "after")]


async def test_an_original_teacher_takes_the_place_of_a_silent_connection(school: School) -> None:
    teacher, room = await school.teacher()
    student, _ = await school.student(room["id"])
    await teacher.take()
    teacher.fall_silent()
    back = await rehost(school, room)
    await back.expect("room/update")
    # Nobody is told that the teacher was offline, because the teacher hardly was.
    assert events(await student.take()) == ["message", "sharing/end"]


async def test_nobody_takes_a_class_from_a_teacher_who_is_there(school: School) -> None:
    teacher, room = await school.teacher()
    student, _ = await school.student(room["id"])
    await teacher.take()
    assert await code_of(await rehost(school, room, protocol=2)) == "still_online"
    assert await teacher.take() == []
    assert await student.take() == []


@pytest.mark.parametrize("how", ["offline", "silent"])
async def test_nobody_takes_a_class_over_from_elsewhere(school: School, how: str) -> None:
    teacher, room = await school.teacher()
    student, _ = await school.student(room["id"])
    if how == "offline":
        await drop(school, teacher)
    else:
        teacher.fall_silent()
    thief = await rehost(school, room, ELSEWHERE)
    assert await code_of(thief) == "wrong_address"
    # The silent one was closed all the same, and the class hears of it.
    assert await student.take() == [("message", {"message": "The teacher is offline!"})]
    back = await rehost(school, room)
    assert events(await back.take()) == ["room/update"]


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


async def test_the_connection_that_was_taken_over_has_no_part_in_the_room(school: School) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"], protocol=2)
    back = await rejoin(school, joined, token=joined["token"])
    await student.wait_closed()
    assert list(student.heard) == [
        ("alerts", {"message": TAKEN, "type": "INFO"}),
        ("alert", {"message": TAKEN, "type": "INFO"}),
    ]
    await back.take()
    await teacher.take()
    await teacher.emit("sharing/end", {"room_id": room["id"]})
    assert await teacher.take() == []
    assert await back.take() == [("sharing/end", {})]


AWAY = ("message", {"message": "The teacher is offline!"})


@pytest.mark.parametrize(("protocol", "told"), [(None, []), (2, [AWAY])])
async def test_who_comes_in_or_back_while_the_teacher_is_away_is_told_so(
    school: School, protocol: int | None, told: list[object]
) -> None:
    teacher, room = await school.teacher()
    await school.student(room["id"], name="Early", protocol=protocol)
    await teacher.close()
    student, joined = await school.student(room["id"], name="Late", protocol=protocol)
    assert await student.take() == told
    await student.close()
    back = await rejoin(school, joined, token=joined.get("token"), protocol=protocol)
    assert (await back.take())[1:] == told
    await rehost(school, room)
    assert (await back.take())[0] == ("message", {"message": "The teacher reconnected!"})
    latest, _ = await school.student(room["id"], name="Latest", protocol=protocol)
    assert await latest.take() == []


@pytest.mark.parametrize("protocol", [None, -1, 0, 1])
async def test_any_other_protocol_is_the_original_one(school: School, protocol: int | None) -> None:
    _, room = await school.teacher(protocol=protocol)
    assert set(room) == {"id", "host", "users"}
    _, joined = await school.student(room["id"], protocol=protocol)
    assert set(joined) == {"user_id", "room_id"}


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


async def test_a_token_passes_whatever_others_at_the_address_have_guessed(database: Path) -> None:
    limits = LimitSettings(
        failed_joins_per_minute_per_address=0.1, failed_joins_burst_per_address=1
    )
    async with open_school(database, SETTINGS, limits) as school:
        _teacher, room = await school.teacher(protocol=2)
        _student, joined = await school.student(room["id"], protocol=2)
        guessers = [await school.peer() for _ in range(30)]
        for guesser in guessers:
            for number in range(11):
                await guesser.emit("room/join", {"room_id": 100_000 + number})
        started = time.monotonic()
        back = await rejoin(school, joined, token=joined["token"], protocol=2)
        await back.expect("room/join")
        back = await school.peer()
        await back.emit("room/join", {**joined, "protocol": 2})
        await back.expect("room/join")
        again = await rehost(school, room, token=room["token"], protocol=2)
        await again.expect("room/update")
        # The guessers wait for more than ten seconds.
        assert time.monotonic() - started < 5


@pytest.mark.parametrize("event", ["room/rejoin", "room/join"])
async def test_a_wrong_token_tells_nothing_of_a_room_that_there_is_not(
    school: School, event: str
) -> None:
    visitor = await school.peer()
    await visitor.emit(event, {"room_id": 100_000, "user_id": 1, "name": "A", "token": "x"})
    assert (await visitor.expect("error"))["code"] == "room_not_found"


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


async def test_a_connection_that_was_wrong_ten_times_is_refused_every_number_for_a_minute(
    database: Path,
) -> None:
    async with open_school(database, SETTINGS, LimitSettings()) as school:
        _, room = await school.teacher()
        guesser = await school.peer()
        for number in range(10):
            await guesser.emit("room/join", {"room_id": 100_000 + number, "name": "X"})
            assert (await guesser.expect("error"))["code"] == "room_not_found"
        await guesser.emit("room/join", {"room_id": room["id"], "name": "X"})
        refused = await guesser.expect("error")
        assert refused["code"] == "rate_limited"
        assert 0 < refused["retry_after_s"] <= 60
        # Others at the address are not concerned.
        await school.student(room["id"], "Bob")
        school.clock.seconds += 61
        await guesser.emit("room/join", {"room_id": room["id"], "name": "X"})
        await guesser.expect("room/join")


@pytest.mark.parametrize("event", ["room/join", "room/rejoin", "room/rehost"])
async def test_beyond_the_limit_of_an_address_numbers_take_turns(
    database: Path, event: str
) -> None:
    limits = LimitSettings(
        failed_joins_per_minute_per_address=0.1, failed_joins_burst_per_address=1
    )
    async with open_school(database, SETTINGS, limits) as school:
        _, room = await school.teacher()
        guessers = [await school.peer() for _ in range(5)]
        started = time.monotonic()
        for guesser in guessers:
            await guesser.emit(event, {"room_id": 100_000, "user_id": 1})
        for guesser in guessers:
            assert (await guesser.expect("error"))["code"] == "room_not_found"
        # Twenty a second, but for the first.
        assert time.monotonic() - started > 0.15
        # Right ones take part in it and come through.
        await school.student(room["id"], "Bob")


async def test_a_class_behind_one_address_joins_freely(database: Path) -> None:
    async with open_school(database, SETTINGS, LimitSettings()) as school:
        _, room = await school.teacher()
        peers = [await school.peer() for _ in range(300)]
        started = time.monotonic()
        for number, peer in enumerate(peers):
            await peer.emit("room/join", {"room_id": room["id"], "name": f"Student {number}"})
        for peer in peers:
            await peer.expect("room/join")
        assert time.monotonic() - started < 10


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

        back, again = await school.student(room["id"], "Ann")
        assert again == joined
        assert await back.take() == [
            ("exercise", {"content": "old"}),
            ("steps/all", tasks),
            ("settings", settings_sent),
            ("steps/status/to_client", {"1": "DONE"}),
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


@pytest.mark.parametrize("after_s", [599, 600])
async def test_after_a_restart_the_drop_is_the_restart(database: Path, after_s: int) -> None:
    async with open_school(database, SETTINGS) as school:
        _, room = await school.teacher()
        student, joined = await school.student(room["id"])
        await student.emit("message/to_mentor", {"room_id": room["id"], "content": "secret"})
        await student.settle()
    async with open_school(database, SETTINGS) as school:
        school.clock.seconds += after_s
        back = await rejoin(school, joined, ELSEWHERE)
        if after_s == 600:
            assert await code_of(back) == "wrong_address"
            return
        assert await back.take() == [("room/join", joined)]
    async with open_school(database, SETTINGS) as school:
        back = await rejoin(school, joined, ELSEWHERE)
        await back.expect("room/join")
        assert await history_of(back, joined["user_id"]) == []


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


async def test_with_new_tasks_a_plugin_is_told_its_map_before_and_after_a_restart(
    database: Path,
) -> None:
    tasks = [{"name": "1", "content": "New"}]
    told = ("steps/status/to_client", {"1": "DONE"})
    async with open_school(database, SETTINGS) as school:
        teacher, room = await school.teacher()
        student, _ = await school.student(room["id"])
        await student.emit("steps/status/to_mentor", {"1": "DONE"})
        await student.settle()
        await teacher.emit("steps/all", tasks)
        await teacher.settle()
        assert (await student.take())[-1] == told
    async with open_school(database, SETTINGS) as school:
        student, _ = await school.student(room["id"])
        teacher = await rehost(school, room)
        await student.take()
        await teacher.emit("steps/all", tasks)
        await teacher.settle()
        assert (await student.take())[-1] == told


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
