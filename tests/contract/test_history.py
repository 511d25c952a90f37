"""Histories on every engine: any version as it was sent, over a server that starts anew."""

from sqlalchemy import func, select

from quad.classroom.history.tables import chunks, edits, log
from quad.settings import ClassroomSettings
from tests.classroom.school import School, code, open_school
from tests.classroom.test_history import NEW, Writer, holds_all, writer

ODD = "Ёлка 😀 \x00 \uffff 'quote' \\ %s"


async def counts(school: School) -> list[int]:
    return [
        (await school.store.read(select(func.count()).select_from(table)))[0][0]
        for table in (edits, chunks, log)
    ]


async def test_a_history_is_kept_and_goes_with_its_student(database_url: str) -> None:
    async with open_school(database_url, ClassroomSettings()) as school:
        _, ann = await writer(school)
        await ann.send(code("ё" * 999, ODD))
        await ann.scribble(5)
        await ann.pack()
        await ann.scribble(5)
        before = await ann.versions()
    async with open_school(database_url, ClassroomSettings()) as school:
        token = {"token": ann.joined["token"]}
        student, joined = await school.student(ann.room["room_id"], "Ann", **NEW, **token)
        again = Writer(school, student, joined)
        assert await again.versions() == before
        again.scribbler, again.sent = ann.scribbler, ann.sent
        # What is packed now begins with texts that the former process knew.
        await again.scribble(5)
        await again.pack()
        await again.scribble(5)
        found = await again.versions()
        kept = [{**files} for files in found]
        assert all(files.pop("ё" * 999) == ODD for files in kept)
        assert holds_all(kept, again.sent)
        _, other = await writer(school)
        await other.send(code("a.py", ODD))
        await other.pack()
        assert (await counts(school))[1:] == [3, 3]
        await student.call("room/leave", ann.room)
        assert await counts(school) == [0, 1, 1]
    async with open_school(database_url, ClassroomSettings()) as school:
        room = await school.service.rooms.find(other.room["room_id"])
        assert room.traces[other.joined["user_id"]].last_seq == 1
        await school.service.leaving.close_for_all(room.number)
        assert await counts(school) == [0, 0, 0]
