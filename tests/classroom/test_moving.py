"""A class that leaves a node with everybody in it, and is taken up where it comes to."""

from __future__ import annotations

import msgspec

from quad.classroom.homes import key_of
from tests.classroom.school import School, code


async def moved(school: School) -> None:
    """As if all classes went to another node, whose database is the same."""
    moving = school.service.moving
    for key, client, seat in moving.give_up(lambda _: True):
        # As it crosses.
        await moving.take_up(key, client, msgspec.msgpack.decode(msgspec.msgpack.encode(seat)))


async def test_students_go_on_sending_the_code_that_is_counted_already(school: School) -> None:
    teacher, room = await school.teacher()
    ann, joined = await school.student(room["id"], "Ann")

    def files(content: str) -> dict[str, object]:
        return {"room_id": room["id"], "files": [code("a.py", content)]}

    await ann.call("sharing/code_send", files("first"))
    await moved(school)
    await ann.call("sharing/code_update", files("second"))
    await teacher.expect("sharing/code_send")
    told = await teacher.expect("sharing/code_update")
    assert told["user_id"] == joined["user_id"]
    known = school.service.rooms.known(room["id"])
    assert known is not None
    [participant] = known.students.values()
    assert participant.kept_files is not None
    assert participant.kept_files.sizes == {"a.py": len("second")}
    assert [file.content for file in await school.service.files(participant.id)] == ["second"]


async def test_everybody_is_still_heard(school: School) -> None:
    teacher, room = await school.teacher(protocol=2)
    ann, _ = await school.student(room["id"], "Ann", protocol=2)
    await moved(school)
    await ann.call("message/to_mentor", {"room_id": room["id"], "content": "Hello"})
    assert (await teacher.expect("message/to_mentor"))["content"] == "Hello"


def anything(_: str) -> bool:
    return True


async def test_a_class_stays_while_the_administrator_changes_it(school: School) -> None:
    rooms, moving = school.service.rooms, school.service.moving

    def is_at_work(number: int) -> bool:
        return moving.is_at_work(lambda key: key == key_of(number))

    with rooms.staying(123456):
        with rooms.staying(123456):
            assert is_at_work(123456)
        assert is_at_work(123456)
        assert not is_at_work(123457)
    assert not is_at_work(123456)


async def test_a_class_that_is_being_made_stays(school: School) -> None:
    rooms, moving = school.service.rooms, school.service.moving
    rooms.announce(123456)
    assert moving.is_at_work(lambda key: key == key_of(123456))
    assert not moving.is_at_work(lambda key: key == key_of(123457))
    rooms.withdraw(123456)
    assert not moving.is_at_work(anything)


async def test_a_class_that_is_given_up_and_taken_up_goes_on_as_it_was(school: School) -> None:
    teacher, room = await school.teacher(protocol=2)
    anna, joined = await school.student(room["id"], "Anna", protocol=2)
    ben, _ = await school.student(room["id"], "Ben", protocol=2)
    for each in (teacher, anna, ben):
        await each.settle()
        await each.take()
    moving, rooms = school.service.moving, school.service.rooms
    old = rooms.known(room["id"])
    seats = moving.give_up(anything)
    assert [client.topics for _, client, _ in seats] == [()] * 3
    assert old is not None
    assert old.is_closing
    assert rooms.known(room["id"]) is None
    await anna.emit("message/to_mentor", {"room_id": room["id"], "content": "lost?"})
    assert (await anna.expect("error"))["code"] == "not_in_room"
    await ben.close()
    for key, client, seat in seats:
        await moving.take_up(key, client if client.is_open else None, seat)
    await moving.take_up("class/999999", None, (1, 2, None))  # closed meanwhile
    await moving.take_up(seats[0][0], None, (1, 2, None))  # removed meanwhile
    assert rooms.known(room["id"]) is not old
    update = await teacher.expect("room/update")
    assert [user["name"] for user in update["users"]] == [room["users"][0]["name"], "Anna"]
    await anna.emit("message/to_mentor", {"room_id": room["id"], "content": "still here"})
    told = await teacher.expect("message/to_mentor")
    assert (told["sender"], told["content"]) == (joined["user_id"], "still here")
    await teacher.emit("steps/all", [{"name": "1", "content": "<p>do it</p>", "language": "html"}])
    await anna.expect("steps/all")
    assert [event for event, _ in await teacher.take() if event == "error"] == []
