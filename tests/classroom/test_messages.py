"""Private messages between the teacher and each student."""

from pathlib import Path
from typing import Any

from quad.settings import ClassroomSettings
from tests.classroom.school import School, events, open_school


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
            assert events(heard) == ["error"]
            assert heard[0][1]["code"] == "bad_payload"
            assert "'content'" in heard[0][1]["message"]
        assert await teacher.take() == []
        await student.emit("message/to_mentor", {"room_id": room["id"], "content": "пятьд"})
        await teacher.expect("message/to_mentor")
