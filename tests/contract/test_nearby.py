"""Nearby on every engine: what is kept is what was sent, and what is over is gone."""

from quad.nearby.model import Building, Position
from quad.settings import RetentionSettings
from tests.nearby.campus import TOWER, Clock, open_campus

ODD = "Ёлка 😀 'quote' \\ %s"
EDGE = Position(-89.999_999_999_999, 179.999_999_999_999)

A_DAY = RetentionSettings(nearby_logs_days=1)


async def test_people_places_queues_and_logs_are_kept_as_they_were(database_url: str) -> None:
    clock = Clock()
    async with open_campus(database_url, clock=clock) as campus:
        await campus.nearby.buildings.put(Building("ё" * 128, "Ё" * 200, EDGE, 1 / 3))
        # Case counts: these are two people.
        page, _ = await campus.page("Ana"), await campus.page("ana")
        await campus.move("Ana", EDGE)
        await campus.post("update/range", "Ana", radious=0.1)
        await campus.send("ana", ["Ana"], ODD)
        await campus.send("ana", ["Ana"], "x" * 10_000)
        tokens, old_id = campus.tokens, page.engine_id
    async with open_campus(database_url, clock=clock, buildings=()) as campus:
        campus.tokens.update(tokens)
        nearby = campus.nearby
        assert nearby.people.ids() == ["Ana", "ana"]
        known = nearby.people.get("Ana")
        assert known.point is not None
        assert (known.point.position, known.range_m) == (EDGE, 0.1)
        assert nearby.buildings.list() == [
            *(each for each in nearby.buildings.list() if each.name in ("Library", "Tower")),
            Building("ё" * 128, "Ё" * 200, EDGE, 1 / 3),
        ]
        page = await campus.page("Ana")
        said = [each["message"] for each in await page.receive(old_id)]
        assert said == [ODD, "x" * 10_000]
        assert await campus.log("Ana") == [
            "Logged in. Currently out of registered facilities",
            f"Moved from: Out of registered facilities to: {'Ё' * 200}",
            "Logged out.",
            f"Logged in. Currently in {'Ё' * 200}",
        ]
        assert (await campus.log("ana"))[1] == f"Sent to Ana: {ODD}"
        await nearby.buildings.put(Building(TOWER.id, "Renamed", TOWER.position, 1))
        assert nearby.buildings.get(TOWER.id).name == "Renamed"


async def test_after_the_grace_and_after_the_time_of_logs_nothing_is_left(
    database_url: str,
) -> None:
    clock = Clock()
    async with open_campus(database_url, clock=clock, retention=A_DAY) as campus:
        await (await campus.page("ana")).drop()
        clock.forward(90_000)
        campus.nearby.presence.sweep()
        await campus.forget()
        assert await campus.log("ana") == []
        tokens = campus.tokens
    async with open_campus(database_url, clock=clock) as campus:
        campus.tokens.update(tokens)
        assert not campus.nearby.people.get("ana").is_expected
        # The session is kept for longer.
        await campus.page("ana")
