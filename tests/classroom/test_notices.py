"""What the teacher tells the whole class: everybody once, and whoever comes later."""

from pathlib import Path
from typing import Any

import pytest

from quad.classroom.model import NOTICES
from quad.settings import ClassroomSettings, LimitSettings
from tests.classroom.school import Peer, School, events, locked, open_school, rows

NEW: dict[str, Any] = {"protocol": 3}


def notices(heard: list[tuple[str, Any]]) -> list[str]:
    """What was told, by whichever event."""
    told = ("notice", "message/to_client")
    return [payload["content"] for event, payload in heard if event in told]


async def send(teacher: Peer, content: str, key: str | None = None) -> dict[str, Any]:
    """Tell the class something; returns the acknowledgement."""
    (sent,) = await teacher.call("notice/send", {"content": content, "key": key or content})
    assert isinstance(sent, dict)
    return sent


async def history(peer: Peer, user_id: int) -> list[dict[str, Any]]:
    """The messages between a student and the teacher."""
    await peer.emit("message/user", {"user_id": user_id})
    found = await peer.expect("message/user")
    messages = found["messages"]
    assert isinstance(messages, list)
    return messages


async def test_each_student_hears_a_notice_in_the_words_of_its_protocol(school: School) -> None:
    teacher, room = await school.teacher(**NEW)
    peers: dict[int, tuple[Peer, Any]] = {}
    for protocol in (1, 2, 3):
        peers[protocol] = await school.student(room["id"], f"P{protocol}", protocol=protocol)
    await teacher.take()
    sent = await send(teacher, "Read page 3")
    assert set(sent) == {"id", "at"}
    assert await teacher.take() == []
    said = {"sender": room["host"], "content": "Read page 3"}
    assert await peers[3][0].take() == [("notice", {**said, **sent})]
    for protocol in (1, 2):
        peer, joined = peers[protocol]
        message = {
            **said,
            "receiver": joined["user_id"],
            "status": None,
            "created_at": "09:30:00",
            **(sent if protocol == 2 else {}),
        }
        assert await peer.take() == [("message/to_client", message)]
        assert await history(peer, joined["user_id"]) == [message]
    peer, joined = peers[3]
    assert await history(peer, joined["user_id"]) == []
    assert await history(teacher, peers[1][1]["user_id"]) == []


async def test_a_notice_stands_among_the_messages_in_order(school: School) -> None:
    teacher, room = await school.teacher(**NEW)
    student, joined = await school.student(room["id"], "Ann")
    ids = {"room_id": room["id"], "user_id": joined["user_id"]}
    await teacher.call("message/to_client", {**ids, "content": "1"})
    await send(teacher, "2")
    await student.emit("message/to_mentor", {**ids, "content": "3"})
    await student.settle()
    for number in range(4, 4 + NOTICES):
        await send(teacher, str(number))
    found = [message["content"] for message in await history(student, joined["user_id"])]
    assert found == [str(number) for number in range(1, 4 + NOTICES)]


async def test_whoever_comes_later_hears_the_last_twenty(school: School) -> None:
    teacher, room = await school.teacher(**NEW)
    for number in range(NOTICES + 2):
        await send(teacher, str(number))
    last = [str(number) for number in range(2, NOTICES + 2)]
    for protocol in (1, 2, 3):
        student, joined = await school.student(room["id"], f"P{protocol}", protocol=protocol)
        assert notices(await student.take()) == last
        await student.close()
        back = await school.peer()
        await back.emit("room/rejoin", {**joined, "protocol": protocol})
        # An original client would show as new what it has shown before.
        assert notices(await back.take()) == (last if protocol == 3 else [])
    await teacher.close()
    back = await school.peer()
    who = {"room_id": room["id"], "user_id": room["host"], "token": room["token"]}
    await back.emit("room/rehost", {**who, **NEW})
    assert notices(await back.take()) == last


async def test_a_key_is_one_notice(school: School) -> None:
    teacher, room = await school.teacher(**NEW)
    student, joined = await school.student(room["id"], **NEW)
    sent = await send(teacher, "once", "k")
    assert await send(teacher, "twice", "k") == sent
    # A message with the same key is something else.
    ids = {"room_id": room["id"], "user_id": joined["user_id"], "content": "m", "key": "k"}
    (message,) = await teacher.call("message/to_client", ids)
    assert message["id"] > sent["id"]
    assert notices(await student.take()) == ["once", "m"]


async def test_what_is_hidden_from_who_came_from_elsewhere_are_notices_as_well(
    school: School,
) -> None:
    teacher, room = await school.teacher(**NEW)
    student, joined = await school.student(room["id"])
    await send(teacher, "before")
    await student.close()
    back = await school.peer("10.0.0.2")
    await back.emit("room/rejoin", joined)
    await back.expect("room/join")
    await send(teacher, "after")
    assert [each["content"] for each in await history(back, joined["user_id"])] == ["after"]


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"content": " ", "key": "k"}, "bad_payload"),
        ({"content": "x"}, "bad_payload"),
        ({"content": "x" * 65_537, "key": "k"}, "bad_payload"),
        ({"content": "x", "key": "k" * 65}, "bad_payload"),
        ({"content": 1, "key": "k"}, "bad_payload"),
        ({"content": "x", "key": "k", "room_id": 1}, "wrong_room"),
    ],
)
async def test_a_bad_notice_is_one_error(
    school: School, payload: dict[str, Any], code: str
) -> None:
    teacher, room = await school.teacher(**NEW)
    student, _ = await school.student(room["id"], **NEW)
    await teacher.take()
    (refused,) = await teacher.call("notice/send", payload)
    assert refused["code"] == code
    assert events(await teacher.take()) == ["error"]
    assert await student.take() == []


@pytest.mark.parametrize("protocol", [1, 2])
async def test_a_teacher_of_an_older_protocol_sends_none(school: School, protocol: int) -> None:
    teacher, room = await school.teacher(protocol=protocol)
    student, _ = await school.student(room["id"], **NEW)
    assert (await send(teacher, "x"))["code"] == "protocol_needed"
    assert await student.take() == []


async def test_a_notice_counts_to_what_a_class_may_keep(database: Path) -> None:
    limits = LimitSettings(daily_room_bytes=10_000)
    async with open_school(database, ClassroomSettings(), limits) as school:
        teacher, _ = await school.teacher(**NEW)
        assert "id" in await send(teacher, "x" * 6_000, "1")
        assert (await send(teacher, "x" * 6_000, "2"))["code"] == "quota_reached"


@pytest.mark.usefixtures("impatient_store")
async def test_nobody_hears_a_notice_that_is_not_saved(school: School, database: Path) -> None:
    teacher, room = await school.teacher(**NEW)
    student, _ = await school.student(room["id"], **NEW)
    with locked(database):
        assert (await send(teacher, "x", "k"))["code"] == "store_unavailable"
    assert await student.take() == []
    assert rows(database, "classroom_notices") == 0
    assert "id" in await send(teacher, "x", "k")
    assert notices(await student.take()) == ["x"]
