"""Pictures on every engine: whole, once a teacher, and gone with the last that shows them."""

from datetime import timedelta

from sqlalchemy import func, select

from quad.classroom.pictures import tables
from quad.settings import ClassroomSettings
from tests.classroom.pictures import GIF, JPEG, NEW, PNG
from tests.classroom.school import School, open_school
from tests.classroom.test_library import save
from tests.classroom.test_pictures import Painter, showing

LARGE = PNG + bytes(range(256)) * 7_000


async def counts(school: School) -> list[int]:
    return [
        (await school.store.read(select(func.count()).select_from(table)))[0][0]
        for table in (tables.pictures, tables.contents, tables.in_rooms, tables.in_sets)
    ]


async def test_pictures_are_kept_and_go_with_what_shows_them(database_url: str) -> None:
    async with open_school(database_url, ClassroomSettings()) as school:
        painter = Painter(school, *await school.teacher(**NEW))
        key = painter.room["teacher"]
        large, small, other = await painter.keep(LARGE, GIF, JPEG)
        await painter.set(large, small)
        await save(painter.peer, key, "x", showing("a", small, small))
        await save(painter.peer, key, "X", showing("a", small))
    async with open_school(database_url, ClassroomSettings()) as school:
        painter.school, painter.pictures = school, school.service.pictures
        assert await painter.pictures.content(large) == LARGE
        assert await painter.pictures.contents([small, other, "x"]) == {small: GIF, other: JPEG}
        assert await painter.keep(LARGE) == [large]
        assert await counts(school) == [3, 3, 2, 2]
        *_, expiry = school.service.expiries
        painter.wait(40)
        later = school.clock.now()
        assert (await school.store.read(expiry.kind.count(later)))[0][0] == 1
        assert [await expiry.forget(later, 1) for _ in range(2)] == [1, 0]
        assert await counts(school) == [2, 2, 2, 2]
        visitor = await school.peer()
        await visitor.call("sets/delete", {"teacher": key, "id": "x"})
        await school.service.leaving.close_for_all(painter.room["id"])
        assert await counts(school) == [2, 2, 0, 1]
        painter.wait(40)
        assert await expiry.forget(school.clock.now() - timedelta(days=7), 5) == 1
        assert await painter.left(large, small) == [False, True]
        # With the key go its sets, and what they show.
        _, keys, _ = school.service.expiries
        assert await keys.forget(school.clock.now(), 5) == 1
        assert (await counts(school))[2:] == [0, 0]
