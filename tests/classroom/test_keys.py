"""Keys of teachers and passes of students: who comes in by them, and who no longer does."""

from pathlib import Path
from typing import Any

import pytest

from quad.settings import ClassroomSettings, LimitSettings
from tests.classroom.school import Peer, School, events, locked, open_school, refusal, rows

NEW: dict[str, Any] = {"protocol": 3}
SETTINGS = ClassroomSettings(room_update_interval_ms=20)
PASS_LETTERS = set("23456789ABCDEFGHJKMNPQRSTUVWXYZ")


async def rehost(school: School, room: int, key: str, **more: object) -> tuple[Peer, Any]:
    """A new connection that shows a key; what it is acknowledged by."""
    peer = await school.peer("10.7.7.7")
    (answer,) = await peer.call("room/rehost", {"room_id": room, "teacher": key, **NEW, **more})
    return peer, answer


async def with_token(school: School, room: dict[str, Any], token: str) -> Any:
    """What whoever shows a host's token is acknowledged by."""
    peer = await school.peer("10.8.8.8")
    who = {"room_id": room["id"], "user_id": room["host"], "token": token, **NEW}
    (answer,) = await peer.call("room/rehost", who)
    return answer


async def give(peer: Peer, **more: object) -> Any:
    (answer,) = await peer.call("room/pass", more)
    return answer


async def enter_by(school: School, room: int, typed: str, **more: object) -> tuple[Peer, Any]:
    """A new connection that shows a pass; what it is acknowledged by."""
    peer = await school.peer("10.9.9.9")
    (answer,) = await peer.call("room/join", {"room_id": room, "pass": typed, **NEW, **more})
    return peer, answer


async def test_a_new_class_has_a_key_that_comes_once(school: School) -> None:
    teacher, room = await school.teacher(**NEW)
    assert len(room["teacher"]) == 43
    await teacher.call("door/set", {"state": "open"})
    assert "teacher" not in await teacher.expect("room/update")
    second = await school.peer()
    await second.emit("room/create", {"name": "T", "teacher": room["teacher"], **NEW})
    assert "teacher" not in await second.expect("room/update")


@pytest.mark.parametrize("protocol", [1, 2])
async def test_older_clients_hear_of_no_key(school: School, protocol: int) -> None:
    _, room = await school.teacher(protocol=protocol, teacher="x", title="x")
    assert not {"teacher", "title"} & set(room)
    found = await school.service.rooms.find(room["id"])
    assert found.teacher_id is None


async def test_a_key_opens_what_belongs_to_it_the_newest_class_first(school: School) -> None:
    _, first = await school.teacher("Ms Ivanova", title="Loops", **NEW)
    await school.student(first["id"], "Ann", **NEW)
    school.clock.seconds += 60
    _, second = await school.teacher("Other name", teacher=first["teacher"], title="Lists", **NEW)
    await school.teacher("Stranger", **NEW)
    visitor = await school.peer()
    (opened,) = await visitor.call("teacher/open", {"teacher": first["teacher"]})
    assert opened == {
        "name": "Ms Ivanova",
        "classes": [
            {
                "room_id": second["id"],
                "title": "Lists",
                "created_at": "2024-05-17T09:31:00.000Z",
                "closed_at": None,
                "students": 0,
            },
            {
                "room_id": first["id"],
                "title": "Loops",
                "created_at": "2024-05-17T09:30:00.000Z",
                "closed_at": None,
                "students": 1,
            },
        ],
        "sets": [],
    }


async def test_whoever_has_the_key_teaches_from_any_browser_also_after_a_restart(
    database: Path,
) -> None:
    async with open_school(database, SETTINGS) as school:
        teacher, room = await school.teacher(**NEW)
        peer, answer = await rehost(school, room["id"], room["teacher"])
        update = await peer.expect("room/update")
        assert answer == {}
        assert update["host"] == room["host"]
        assert update["token"] not in ("", room["token"])
        await teacher.wait_closed()
    async with open_school(database, SETTINGS) as school:
        for token in (room["token"], update["token"]):
            assert await with_token(school, room, token) == {}
        _, answer = await rehost(school, room["id"], room["teacher"])
        assert answer == {}


async def test_a_sixth_device_takes_the_token_of_the_first(school: School) -> None:
    _, room = await school.teacher(**NEW)
    tokens = [room["token"]]
    for _ in range(5):
        peer, _ = await rehost(school, room["id"], room["teacher"])
        tokens.append((await peer.expect("room/update"))["token"])
    assert (await with_token(school, room, tokens[0]))["code"] == "wrong_token"
    for token in tokens[1:]:
        assert await with_token(school, room, token) == {}


async def test_after_a_new_key_the_old_one_and_all_tokens_are_dead(database: Path) -> None:
    async with open_school(database, SETTINGS) as school:
        teacher, room = await school.teacher(**NEW)
        other, second = await school.teacher(teacher=room["teacher"], **NEW)
        student, _ = await school.student(second["id"], "Ann", **NEW)
        (made,) = await teacher.call("teacher/rekey", {"teacher": room["teacher"]})
        assert len(made["teacher"]) == 43
        # Who has asked stays, others are told and sent away, and the class hears of that.
        await other.wait_closed()
        assert (await other.expect("alerts"))["code"] == "rekeyed"
        assert (await student.expect("message"))["code"] == "teacher_away"
        assert await teacher.call("steps/table", {}) == [{}]
        await refuses_the_old(school, room)
    async with open_school(database, SETTINGS) as school:
        await refuses_the_old(school, room)
        for number in (room["id"], second["id"]):
            _, answer = await rehost(school, number, made["teacher"])
            assert answer == {}
        # The old tokens have not come back with the new key.
        assert (await with_token(school, room, room["token"]))["code"] == "wrong_token"


async def refuses_the_old(school: School, room: dict[str, Any]) -> None:
    _, answer = await rehost(school, room["id"], room["teacher"])
    assert answer["code"] == "wrong_key"
    assert (await with_token(school, room, room["token"]))["code"] == "wrong_token"
    visitor = await school.peer()
    for event in ("teacher/open", "teacher/rekey", "room/create"):
        (answer,) = await visitor.call(event, {"teacher": room["teacher"], "name": "T", **NEW})
        assert answer["code"] == "wrong_key"


async def test_nobody_slips_in_by_an_old_key_while_the_new_one_is_made(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, room = await school.teacher(**NEW)
    service = school.service
    found = await service.rooms.find(room["id"])

    async def made_anew(*_: object, **__: object) -> None:
        await service.keys._rekey(found.teacher_id or 0)

    # What is awaited between the look at the key and the seat.
    monkeypatch.setattr(service.entrance._resuming, "_look_up_files", made_anew)
    for token in (True, False):
        if token:
            answer = await with_token(school, room, room["token"])
        else:
            key = (await service.keys.rekey_class(room["id"])).teacher
            _, answer = await rehost(school, room["id"], key)
        assert answer["code"] == ("wrong_token" if token else "wrong_key")


async def test_a_key_opens_no_class_of_somebody_else_and_no_older_client_comes_in_by_it(
    school: School,
) -> None:
    _, room = await school.teacher(**NEW)
    _, other = await school.teacher(**NEW)
    _, old = await school.teacher(protocol=2)
    for number in (other["id"], old["id"]):
        _, answer = await rehost(school, number, room["teacher"])
        assert answer["code"] == "wrong_key"
    _, answer = await rehost(school, 100_000, room["teacher"])
    assert answer["code"] == "room_not_found"
    _, answer = await rehost(school, room["id"], room["teacher"], protocol=2)
    assert answer["code"] == "protocol_needed"
    peer = await school.peer()
    (answer,) = await peer.call("room/rehost", {"room_id": room["id"], **NEW})
    assert answer["code"] == "bad_payload"
    assert "`user_id`" in answer["message"]


async def test_wrong_keys_and_passes_are_counted_as_guesses_and_right_ones_always_pass(
    database: Path,
) -> None:
    async with open_school(database, SETTINGS, LimitSettings()) as school:
        _, room = await school.teacher(**NEW)
        student, _ = await school.student(room["id"], "Ann", **NEW)
        given = await give(student)
        guesser = await school.peer()
        for _ in range(5):
            (answer,) = await guesser.call("teacher/open", {"teacher": "x"})
            assert answer["code"] == "wrong_key"
            guess = {"room_id": room["id"], "pass": "AAAAAAAA", **NEW}
            (answer,) = await guesser.call("room/join", guess)
            assert answer["code"] == "wrong_pass"
        for event, wrong in (
            ("teacher/open", {"teacher": "x"}),
            ("teacher/rekey", {"teacher": "x"}),
            ("room/create", {"name": "T", "teacher": "x", **NEW}),
            ("room/rehost", {"room_id": room["id"], "teacher": "x", **NEW}),
            ("room/join", {"room_id": room["id"], "pass": "AAAAAAAA", **NEW}),
        ):
            (answer,) = await guesser.call(event, wrong)
            assert answer["code"] == "rate_limited", event
        (answer,) = await guesser.call("teacher/open", {"teacher": room["teacher"]})
        assert answer["name"] == "Teacher"
        right = {"room_id": room["id"], "pass": given["pass"], **NEW}
        assert await guesser.call("room/join", right) == [{}]


async def test_a_pass_opens_the_place_once_from_another_device(database: Path) -> None:
    async with open_school(database, SETTINGS) as school:
        _teacher, room = await school.teacher(**NEW)
        student, joined = await school.student(room["id"], "Ann", **NEW)
        await student.emit("steps/status/to_mentor", {"1": "DONE"})
        given = await give(student)
        assert len(given["pass"]) == 8
        assert set(given["pass"]) <= PASS_LETTERS
        assert given["expires_at"] == "2024-05-17T09:40:00.000Z"
    async with open_school(database, SETTINGS) as school:
        typed = given["pass"].lower()
        typed = f" {typed[:4]}-{typed[4:]}"
        peer, answer = await enter_by(school, room["id"], typed)
        assert answer == {}
        again = await peer.expect("room/join")
        assert again["user_id"] == joined["user_id"]
        assert again["steps"] == {"1": "DONE"}
        assert again["token"] != joined["token"]
        _, answer = await enter_by(school, room["id"], given["pass"])
        assert answer["code"] == "wrong_pass"
    async with open_school(database, SETTINGS) as school:
        _, answer = await enter_by(school, room["id"], given["pass"])
        assert answer["code"] == "wrong_pass"
        for token in (joined["token"], again["token"]):
            _device, told = await school.student(room["id"], token=token, **NEW)
            assert told["user_id"] == joined["user_id"]


async def test_a_pass_ends_after_ten_minutes_and_with_the_next_one(school: School) -> None:
    _, room = await school.teacher(**NEW)
    student, _ = await school.student(room["id"], "Ann", **NEW)
    first, second = await give(student), await give(student)
    _, answer = await enter_by(school, room["id"], first["pass"])
    assert answer["code"] == "wrong_pass"
    school.clock.seconds += 600
    _, answer = await enter_by(school, room["id"], second["pass"])
    assert answer["code"] == "wrong_pass"
    third = await give(student)
    school.clock.seconds += 599
    _, answer = await enter_by(school, room["id"], third["pass"])
    assert answer == {}


async def test_two_who_type_one_pass_at_once_do_not_both_come_in(school: School) -> None:
    _, room = await school.teacher(**NEW)
    student, _ = await school.student(room["id"], "Ann", **NEW)
    given = await give(student)
    peers = [await school.peer(), await school.peer()]
    for peer in peers:
        await peer.emit("room/join", {"room_id": room["id"], "pass": given["pass"], **NEW})
    heard = [events(await peer.take()) for peer in peers]
    assert sorted("room/join" in each for each in heard) == [False, True]


async def test_the_teacher_gives_passes_to_any_student_also_of_the_plugin(school: School) -> None:
    teacher, room = await school.teacher(**NEW)
    plugin, joined = await school.student(room["id"], "Ann")
    given = await give(teacher, user_id=joined["user_id"])
    peer, answer = await enter_by(school, room["id"], given["pass"])
    assert answer == {}
    assert len((await peer.expect("room/join"))["token"]) == 43
    await plugin.wait_closed()
    stranger = await school.peer()
    await stranger.emit("room/join", {"room_id": room["id"], "name": "Ann"})
    assert refusal(await stranger.take()) == "name_taken"


async def test_a_pass_is_given_by_those_who_may_and_taken_by_current_clients(
    school: School,
) -> None:
    teacher, room = await school.teacher(**NEW)
    student, joined = await school.student(room["id"], "Ann", **NEW)
    _, other = await school.student(room["id"], "Bob", **NEW)
    old, _ = await school.student(room["id"], "Old", protocol=2)
    assert (await give(student, user_id=other["user_id"]))["code"] == "wrong_user"
    assert (await give(student, room_id=1))["code"] == "wrong_room"
    assert (await give(student, user_id="x"))["code"] == "bad_payload"
    assert (await give(teacher))["code"] == "bad_payload"
    assert (await give(teacher, user_id=room["host"]))["code"] == "user_not_found"
    assert (await give(old))["code"] == "protocol_needed"
    assert (await give(await school.peer()))["code"] == "not_in_room"
    given = await give(student, user_id=joined["user_id"])
    _, answer = await enter_by(school, room["id"], given["pass"], protocol=2)
    assert answer["code"] == "protocol_needed"
    _, elsewhere = await school.teacher(**NEW)
    for room_id, code in ((elsewhere["id"], "wrong_pass"), (100_000, "room_not_found")):
        _, answer = await enter_by(school, room_id, given["pass"])
        assert answer["code"] == code


@pytest.mark.parametrize("typed", ["", "ABCD", "ABCDEFGH9", "OIL01000", "\x00" * 8, "пропуск1"])
async def test_what_is_no_pass_opens_nothing(school: School, typed: str) -> None:
    _, room = await school.teacher(**NEW)
    _, answer = await enter_by(school, room["id"], typed)
    assert answer["code"] == "wrong_pass"


async def test_a_locked_room_lets_in_by_pass_and_a_barred_student_has_none(school: School) -> None:
    teacher, room = await school.teacher(**NEW)
    student, joined = await school.student(room["id"], "Ann", **NEW)
    given = await give(student)
    await teacher.call("door/set", {"state": "locked"})
    peer, answer = await enter_by(school, room["id"], given["pass"])
    assert answer == {}
    token = (await peer.expect("room/join"))["token"]
    given = await give(peer)
    await teacher.call("room/kill", {"user_id": joined["user_id"], "is_barred": True})
    await teacher.call("door/set", {"state": "open"})
    _, answer = await enter_by(school, room["id"], given["pass"])
    assert answer["code"] == "wrong_pass"
    for barred in (token, joined["token"]):
        visitor = await school.peer()
        join = {"room_id": room["id"], "name": "Eve", "token": barred, **NEW}
        (answer,) = await visitor.call("room/join", join)
        assert answer["code"] == "barred"


@pytest.mark.usefixtures("impatient_store")
async def test_nobody_is_told_of_a_key_or_a_pass_that_cannot_be_saved(
    school: School, database: Path
) -> None:
    _teacher, room = await school.teacher(**NEW)
    student, _ = await school.student(room["id"], "Ann", **NEW)
    given = await give(student)
    visitor = await school.peer()
    with locked(database):
        for peer, event, payload in (
            (visitor, "room/create", {"name": "T", **NEW}),
            (visitor, "teacher/rekey", {"teacher": room["teacher"]}),
            (visitor, "room/rehost", {"room_id": room["id"], "teacher": room["teacher"], **NEW}),
            (visitor, "room/join", {"room_id": room["id"], "pass": given["pass"], **NEW}),
            (student, "room/pass", {}),
        ):
            (answer,) = await peer.call(event, payload)
            assert answer["code"] == "store_unavailable", event
    assert rows(database, "classroom_teachers") == 1
    # Nothing has changed: neither the key, nor the tokens, nor the pass.
    assert await with_token(school, room, room["token"]) == {}
    _, answer = await enter_by(school, room["id"], given["pass"])
    assert answer == {}


async def test_the_database_holds_hashes_of_secrets_alone(database: Path) -> None:
    async with open_school(database, SETTINGS) as school:
        _, room = await school.teacher(**NEW)
        student, _ = await school.student(room["id"], "Ann", **NEW)
        given = await give(student)
        peer, _ = await rehost(school, room["id"], room["teacher"])
        token = (await peer.expect("room/update"))["token"]
    kept = b"".join(file.read_bytes() for file in database.parent.glob(f"{database.name}*"))
    for secret in (room["teacher"], room["token"], token, given["pass"]):
        assert secret.encode() not in kept


async def test_the_administrator_makes_a_new_key_and_a_first_one(school: School) -> None:
    teacher, room = await school.teacher(**NEW)
    _, second = await school.teacher(teacher=room["teacher"], **NEW)
    made = await school.service.keys.rekey_class(second["id"])
    await teacher.wait_closed()
    await refuses_the_old(school, room)
    for number in (room["id"], second["id"]):
        _, answer = await rehost(school, number, made.teacher)
        assert answer == {}


@pytest.mark.parametrize("protocol", [1, 2])
async def test_a_class_without_a_key_gets_one_and_its_teacher_comes_in_by_nothing_else(
    school: School, protocol: int
) -> None:
    teacher, room = await school.teacher(protocol=protocol)
    made = await school.service.keys.rekey_class(room["id"])
    await teacher.wait_closed()
    back = await school.peer()
    who = {"room_id": room["id"], "user_id": room["host"], "token": room.get("token")}
    await back.emit("room/rehost", {**who, "protocol": protocol})
    assert refusal(await back.take()) in ("wrong_token", "token_required")
    peer, answer = await rehost(school, room["id"], made.teacher)
    assert answer == {}
    assert (await peer.expect("room/update"))["token"]


async def test_a_class_that_was_handed_over_is_not_of_the_key_any_more(school: School) -> None:
    _, room = await school.teacher(**NEW)
    handed = await school.service.leaving.hand_over(room["id"], None)
    _, answer = await rehost(school, room["id"], room["teacher"])
    assert answer["code"] == "wrong_key"
    visitor = await school.peer()
    (opened,) = await visitor.call("teacher/open", {"teacher": room["teacher"]})
    assert opened["classes"] == []
    assert handed.token is not None
    assert await with_token(school, room, handed.token) == {}
