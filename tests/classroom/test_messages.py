"""Private messages between the teacher and each student."""

from pathlib import Path
from typing import Any

import pytest

from quad.settings import ClassroomSettings
from tests.classroom.school import School, events, open_school, refusal


async def test_the_teacher_writes_to_one_student(school: School) -> None:
    teacher, room = await school.teacher()
    ann, to_ann = await school.student(room["id"], "Ann")
    bob, _ = await school.student(room["id"], "Bob")
    await teacher.take()
    school.clock.seconds = 75

    message = {"room_id": room["id"], "user_id": to_ann["user_id"], "content": "Привет"}
    await teacher.emit("message/to_client", message)
    assert await teacher.take() == []
    heard = await ann.take()
    assert heard == [
        (
            "message/to_client",
            {
                "sender": room["host"],
                "receiver": to_ann["user_id"],
                "content": "Привет",
                "status": None,
                "created_at": "09:31:15",
            },
        )
    ]
    assert list(heard[0][1]) == ["sender", "receiver", "content", "status", "created_at"]
    assert await bob.take() == []


async def test_a_student_writes_to_the_teacher(school: School) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    await teacher.take()
    # The teacher's plugin sends further keys; they do not matter.
    message = {"room_id": room["id"], "content": "Hi", "user_id": room["host"]}
    await student.emit("message/to_mentor", message)
    await student.settle()
    assert await teacher.take() == [
        (
            "message/to_mentor",
            {
                "sender": joined["user_id"],
                "receiver": room["host"],
                "content": "Hi",
                "status": None,
                "created_at": "09:30:00",
            },
        )
    ]


async def test_current_clients_get_an_id_and_a_full_time(school: School) -> None:
    teacher, room = await school.teacher(protocol=2)
    student, joined = await school.student(room["id"], protocol=2)
    to_student = {"room_id": room["id"], "user_id": joined["user_id"], "content": "Hi"}
    await teacher.emit("message/to_client", to_student)
    await student.emit("message/to_mentor", {"room_id": room["id"], "content": "Hello"})
    first = await student.expect("message/to_client")
    second = await teacher.expect("message/to_mentor")
    assert first["at"] == "2024-05-17T09:30:00.000Z"
    assert 0 < first["id"] < second["id"] < 2**53
    await student.emit("message/user", {"user_id": joined["user_id"]})
    history = await student.expect("message/user")
    assert history["messages"] == [first, second]


async def test_the_conversation_has_both_directions_in_order(school: School) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    other, elsewhere = await school.student(room["id"], "Bob")
    await other.emit("message/to_mentor", {"room_id": room["id"], "content": "not for Ann"})
    sent: list[str] = []
    for number in range(3):
        sent += [f"question {number}", f"answer {number}"]
        question = {"room_id": room["id"], "content": f"question {number}"}
        await student.emit("message/to_mentor", question)
        await student.settle()
        answer = {**question, "user_id": joined["user_id"], "content": f"answer {number}"}
        await teacher.emit("message/to_client", answer)
        await teacher.settle()

    for asker in (teacher, student):
        await asker.emit("message/user", {"user_id": joined["user_id"]})
        history = await asker.expect("message/user")
        assert list(history) == ["user_id", "messages"]
        assert history["user_id"] == joined["user_id"]
        assert [message["content"] for message in history["messages"]] == sent
        assert [(m["sender"], m["receiver"]) for m in history["messages"][:2]] == [
            (joined["user_id"], room["host"]),
            (room["host"], joined["user_id"]),
        ]
    await teacher.emit("message/user", {"user_id": elsewhere["user_id"]})
    history = await teacher.expect("message/user")
    assert [message["content"] for message in history["messages"]] == ["not for Ann"]


async def test_the_history_holds_what_was_sent_just_before(school: School) -> None:
    _, room = await school.teacher()
    student, joined = await school.student(room["id"])
    for number in range(50):
        await student.emit("message/to_mentor", {"room_id": room["id"], "content": str(number)})
    await student.emit("message/user", {"user_id": joined["user_id"]})
    history = await student.expect("message/user")
    assert [message["content"] for message in history["messages"]] == list(map(str, range(50)))


async def test_many_messages_in_flight_arrive_in_order(school: School) -> None:
    teacher, room = await school.teacher()
    student, _ = await school.student(room["id"])
    for number in range(200):
        await student.emit("message/to_mentor", {"room_id": room["id"], "content": str(number)})
    heard: list[Any] = []
    while len(heard) < 200:
        heard.append((await teacher.expect("message/to_mentor"))["content"])
    assert heard == list(map(str, range(200)))


async def test_messages_wait_for_whoever_is_offline(school: School) -> None:
    teacher, room = await school.teacher()
    student, joined = await school.student(room["id"])
    await student.close()
    await teacher.emit(
        "message/to_client",
        {"room_id": room["id"], "user_id": joined["user_id"], "content": "Where are you?"},
    )
    assert "error" not in events(await teacher.take())
    back, _ = await school.student(room["id"])
    await teacher.close()
    await back.expect("message")
    await back.emit("message/to_mentor", {"room_id": room["id"], "content": "Where are YOU?"})
    await back.emit("message/user", {"user_id": joined["user_id"]})
    history = await back.expect("message/user")
    assert [message["content"] for message in history["messages"]] == [
        "Where are you?",
        "Where are YOU?",
    ]


async def test_a_student_sees_nobody_elses_messages(school: School) -> None:
    _, room = await school.teacher()
    ann, _ = await school.student(room["id"], "Ann")
    _, bob = await school.student(room["id"], "Bob")
    for user in (bob["user_id"], room["host"], 5):
        await ann.emit("message/user", {"user_id": user})
        heard = await ann.take()
        assert events(heard) == ["error"]
        assert heard[0][1]["code"] == "wrong_user"


async def test_a_message_is_neither_blank_nor_too_long(database: Path) -> None:
    async with open_school(database, ClassroomSettings(message_limit_bytes=10)) as school:
        teacher, room = await school.teacher()
        student, _ = await school.student(room["id"])
        await teacher.take()
        for content in ("", " \n", "пятьде"):
            await student.emit("message/to_mentor", {"room_id": room["id"], "content": content})
            heard = await student.take()
            assert refusal(heard) == "bad_payload"
            assert "'content'" in heard[-1][1]["message"]
        assert await teacher.take() == []
        await student.emit("message/to_mentor", {"room_id": room["id"], "content": "пятьд"})
        await teacher.expect("message/to_mentor")


# Keys


async def test_a_message_with_a_key_is_acknowledged_and_sent_once(school: School) -> None:
    teacher, room = await school.teacher(protocol=2)
    student, joined = await school.student(room["id"], protocol=2)
    there = {"room_id": room["id"]}
    said = {**there, "content": "Hi", "key": "k 1"}
    (first,) = await student.call("message/to_mentor", said)
    assert set(first) == {"id", "at"}
    assert await student.call("message/to_mentor", {**said, "content": "Changed"}) == [first]
    told = {**there, "user_id": joined["user_id"], "content": "Hello", "key": "k 1"}
    (answer,) = await teacher.call("message/to_client", told)
    assert await teacher.call("message/to_client", told) == [answer]
    heard = [payload for event, payload in await teacher.take() if event == "message/to_mentor"]
    assert [(message["id"], message["content"]) for message in heard] == [(first["id"], "Hi")]
    assert "key" not in heard[0]
    (message,) = [payload for _, payload in await student.take()]
    assert (message["id"], message["at"]) == (answer["id"], answer["at"])
    assert "key" not in message


async def test_the_history_tells_a_key_to_its_sender_alone(school: School) -> None:
    teacher, room = await school.teacher(protocol=2)
    student, joined = await school.student(room["id"], protocol=2)
    original, of_original = await school.student(room["id"], "Bob")
    there = {"room_id": room["id"]}
    await student.call("message/to_mentor", {**there, "content": "Hi", "key": "a"})
    for user in (joined["user_id"], of_original["user_id"]):
        told = {**there, "user_id": user, "content": "Hello", "key": f"b{user}"}
        await teacher.call("message/to_client", told)
    keys: list[list[str | None]] = []
    for peer in (student, teacher):
        await peer.emit("message/user", {"user_id": joined["user_id"]})
        history = await peer.expect("message/user")
        keys.append([message.get("key") for message in history["messages"]])
    assert keys == [["a", None], [None, f"b{joined['user_id']}"]]
    await original.emit("message/user", {"user_id": of_original["user_id"]})
    (message,) = (await original.expect("message/user"))["messages"]
    assert set(message) == {"sender", "receiver", "content", "status", "created_at"}


async def test_a_key_is_its_senders_own_and_of_any_characters(school: School) -> None:
    _, room = await school.teacher()
    ann, _ = await school.student(room["id"], "Ann", protocol=2)
    bob, _ = await school.student(room["id"], "Bob", protocol=2)
    there = {"room_id": room["id"], "content": "Hi"}
    ids = set()
    for peer in (ann, bob):
        for key in ("", " ", "k", "k ", "K", "\x00", "ключ", "😀" * 16):
            (sent,) = await peer.call("message/to_mentor", {**there, "key": key})
            assert await peer.call("message/to_mentor", {**there, "key": key}) == [sent]
            ids.add(sent["id"])
    assert len(ids) == 16
    for key in ("x" * 65, "😀" * 17):
        (error,) = await ann.call("message/to_mentor", {**there, "key": key})
        assert error["code"] == "bad_payload"
        assert "'key'" in error["message"]


async def test_repeated_at_once_a_message_is_sent_once(school: School) -> None:
    teacher, room = await school.teacher()
    student, _ = await school.student(room["id"], protocol=2)
    await teacher.take()
    for _ in range(20):
        await student.emit("message/to_mentor", {"room_id": room["id"], "content": "x", "key": "k"})
    await student.settle()
    assert events(await teacher.take()) == ["message/to_mentor"]


async def test_many_keys_later_a_message_is_still_known(school: School) -> None:
    teacher, room = await school.teacher()
    student, _ = await school.student(room["id"], protocol=2)
    there = {"room_id": room["id"], "content": "x"}
    (first,) = await student.call("message/to_mentor", {**there, "key": "first"})
    for number in range(60):
        await student.emit("message/to_mentor", {**there, "key": f"{number}"})
    await student.settle()
    assert await student.call("message/to_mentor", {**there, "key": "first"}) == [first]
    assert events(await teacher.take()).count("message/to_mentor") == 61


async def test_an_original_clients_key_means_nothing(school: School) -> None:
    teacher, room = await school.teacher()
    student, _ = await school.student(room["id"])
    await teacher.take()
    said = {"room_id": room["id"], "content": "Hi", "key": 5}
    await student.emit("message/to_mentor", {**said, "key": "k"})
    assert await student.call("message/to_mentor", {**said, "key": "k"}) == []
    assert events(await teacher.take()) == ["message/to_mentor"] * 2


async def test_a_clock_that_was_set_back_loses_no_message(school: School, database: Path) -> None:
    _, room = await school.teacher()
    student, joined = await school.student(room["id"])
    for content in ("a", "b"):
        await student.call("message/to_mentor", {"room_id": room["id"], "content": content})
    async with open_school(database, ClassroomSettings()) as again:
        # Its clock begins where the other's did.
        student, _ = await again.student(room["id"])
        for content in ("c", "d"):
            answer = await student.call(
                "message/to_mentor", {"room_id": room["id"], "content": content}
            )
            assert answer == []
        await student.emit("message/user", {"user_id": joined["user_id"]})
        history = await student.expect("message/user")
        assert [message["content"] for message in history["messages"]] == ["a", "b", "c", "d"]


async def test_a_room_goes_on_behind_its_last_message_on_a_machine_with_a_slow_clock(
    school: School, database: Path
) -> None:
    _, room = await school.teacher()
    student, joined = await school.student(room["id"])
    said = {"room_id": room["id"]}
    school.clock.seconds = 60
    for content in ("a", "b"):
        await student.call("message/to_mentor", said | {"content": content})
    async with open_school(database, ClassroomSettings()) as again:
        student, _ = await again.student(room["id"])
        await student.call("message/to_mentor", said | {"content": "c"})
        await student.emit("message/user", {"user_id": joined["user_id"]})
        history = await student.expect("message/user")
        assert [message["content"] for message in history["messages"]] == ["a", "b", "c"]


async def test_a_history_holds_what_was_told_while_it_was_read(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher, room = await school.teacher(protocol=2)
    ann, joined = await school.student(room["id"], "Ann", protocol=2)
    rooms = school.service.rooms
    read, answers = rooms.read, 0

    async def read_slowly(query: Any) -> Any:
        nonlocal answers
        found = await read(query)
        answers += 1
        if answers == 1:
            await ann.call("message/to_mentor", {"room_id": room["id"], "content": "meanwhile"})
        return found

    monkeypatch.setattr(rooms, "read", read_slowly)
    await teacher.call("message/user", {"user_id": joined["user_id"]})
    assert (await teacher.expect("message/to_mentor"))["content"] == "meanwhile"
    history = await teacher.expect("message/user")
    assert [each["content"] for each in history["messages"]] == ["meanwhile"]
