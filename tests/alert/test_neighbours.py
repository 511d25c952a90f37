"""Alert rooms, classrooms and chats on one server never hear each other, whatever their names."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests.alert.hall import PATIENCE_S, Guest, Hall
from tests.nodes import Served, serve


async def open_class(hall: Hall) -> tuple[Guest, Guest, int]:
    """A teacher and a student, who have heard all there is to hear."""
    teacher, student = await hall.guest(), await hall.guest()
    await teacher.emit("room/create", {"name": "Ann"})
    number = (await teacher.expect("room/update"))["id"]
    await student.call("room/join", {"room_id": number, "name": "Bob"})
    await student.take()
    await teacher.call("test/settle")
    await teacher.expect("room/update")
    await teacher.take()
    return teacher, student, number


@pytest.mark.parametrize(
    "code",
    [
        "{number}",
        "classroom/{number}",
        "classroom/{number}/students",
        "/classroom/{number}/students",
        "../classroom/{number}/students",
        "alert/{number}",
    ],
)
async def test_equal_names_share_nothing(hall: Hall, code: str) -> None:
    teacher, student, number = await open_class(hall)
    room = code.format(number=number)
    alice, eve = await hall.member("alice", room), await hall.member("eve", room)
    await alice.take()

    await alice.say("for the alert room")
    await eve.leave()
    async with hall.browser() as curl:
        path = room.replace("/", "%2F")
        posted = await curl.post(f"/v1/rooms/{path}/messages", content=b"for it, too")
        assert posted.json() == {"delivered": 1}
    assert await teacher.take() == []
    assert await student.take() == []
    heard: list[Any] = await alice.take()
    assert [event for event, _ in heard] == ["message", "status", "message"]
    assert (await eve.texts())[-1] == "EVE has left the chat :("

    await teacher.call("settings", {"room_id": number, "files_to_ignore": "for the class"})
    await student.call("message/to_mentor", {"room_id": number, "content": "for the teacher"})
    assert [event for event, _ in await student.take()] == ["settings"]
    assert "message/to_mentor" in [event for event, _ in await teacher.take()]
    await teacher.close()
    assert await student.expect("message") == {"message": "The teacher is offline!"}
    assert await alice.take() == []
    assert await eve.take() == []


async def test_who_takes_part_in_both_hears_both_and_leaves_each_by_itself(hall: Hall) -> None:
    teacher, student, number = await open_class(hall)
    await student.join("bob", str(number))
    await student.take()
    await student.leave()
    assert await student.texts() == ["BOB has left the chat :("]
    await student.call("message/to_mentor", {"room_id": number, "content": "still here"})
    assert [event for event, _ in await teacher.take()] == ["message/to_mentor"]


# --- the whole server -----------------------------------------------------------------------------


@pytest.fixture
def quad(tmp_path: Path) -> Iterator[Served]:
    process = serve(data=tmp_path)
    yield process
    process.terminate()


async def asked(socket: ClientConnection, **message: object) -> dict[str, Any]:
    """What the chat answers to a message."""
    await socket.send(json.dumps(message))
    async with asyncio.timeout(PATIENCE_S):
        answer: dict[str, Any] = json.loads(await socket.recv())
    return answer


async def test_three_systems_at_one_address_keep_to_themselves(quad: Served) -> None:
    alice, teacher, student = Guest(), Guest(), Guest()
    for guest in (alice, teacher, student):
        await guest.connect(quad.url, {})
    await teacher.emit("room/create", {"name": "alice"})
    number = (await teacher.expect("room/update"))["id"]
    await student.call("room/join", {"room_id": number, "name": "bob"})
    name = str(number)
    await alice.join("alice", name)
    async with connect(quad.url.replace("http", "ws") + "/chat/ws") as socket:
        await asked(socket, type="register", user={"name": "alice", "phone": "+15550100"})
        assert (await asked(socket, type="create_chat", name=name))["type"] == "new_member"
        for guest in (alice, teacher, student):
            guest.heard.clear()

        await alice.say("to the alert room")
        await student.call("message/to_mentor", {"room_id": number, "content": "to the class"})
        said = await asked(socket, type="send_message", chat=name, message="to the chat")
        assert (said["type"], said["message"]) == ("message", "to the chat")
        await alice.leave()
        # Had anything else been on its way to the chat, it would come before the answer to this.
        assert (await asked(socket, type="nothing"))["type"] == "error"

    assert [event for event, _ in alice.heard] == ["message", "status"]
    assert (await teacher.expect("message/to_mentor"))["content"] == "to the class"
    assert {"message", "status"}.isdisjoint(event for event, _ in teacher.heard)
    assert list(student.heard) == []
    for guest in (alice, teacher, student):
        await guest.close()
