"""What others learn of where somebody is: a cell, and nothing of who does not want to be seen."""

import math
import random
from pathlib import Path
from typing import Any, cast

import numpy
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from quad.nearby import tables
from quad.nearby.grid import Grid
from quad.nearby.model import Building, Position
from quad.nearby.people import Person
from quad.nearby.retention import KINDS
from quad.nearby.spatial import distance_m, point_at
from quad.nearby.whereabouts import Whereabouts
from quad.settings import RetentionSettings
from tests.nearby.campus import FIELD, LIBRARY, TOWER, Campus, Clock, open_campus
from tests.thoroughness import examples

GEOD = Geod(ellps="WGS84")
MOVED = [("new_movement",)]
HERE = {"latitude": FIELD.latitude, "longitude": FIELD.longitude}


def cell(position: Position, grid_m: float) -> tuple[float, float]:
    """The centre of a cell, in the words of the contract."""
    row = grid_m / 111_320
    latitude = (math.floor(position.latitude / row) + 0.5) * row
    column = grid_m / (111_320 * math.cos(math.radians(latitude)))
    return latitude, (math.floor(position.longitude / column) + 0.5) * column


def away(position: Position, bearing: float, metres: float) -> Position:
    longitude, latitude, _ = GEOD.fwd(position.longitude, position.latitude, bearing, metres)
    return Position(latitude, longitude)


# --- the grid -------------------------------------------------------------------------------------

PLACES = st.builds(Position, st.floats(-89, 89), st.floats(-179, 179))
GRIDS = st.sampled_from([1.0, 10.0, 25.0, 500.0])


@given(PLACES, GRIDS)
def test_a_place_is_seen_at_the_centre_of_its_cell(place: Position, grid_m: float) -> None:
    seen = Grid(grid_m).centre(place)
    assert (seen.latitude, seen.longitude) == cell(place, grid_m)
    # The Earth is no sphere: a degree has up to half a percent more or less than 111,320 m.
    assert distance_m(seen, place) <= grid_m * math.sqrt(0.5) * 1.02
    assert Grid(grid_m).centre(seen) == seen


@given(st.floats(-90, 90), st.floats(-180, 180), GRIDS)
def test_a_cell_at_a_pole_or_at_the_antimeridian_is_on_the_earth(
    latitude: float, longitude: float, grid_m: float
) -> None:
    place = Position(latitude, longitude)
    seen = Grid(grid_m).centre(place)
    assert -90 <= seen.latitude <= 90
    assert -180 <= seen.longitude <= 180
    assert distance_m(seen, place) <= Grid(grid_m).reach_m


@given(PLACES)
def test_without_a_grid_places_are_seen_as_they_are(place: Position) -> None:
    assert Grid(0).centre(place) is place


# --- the index ------------------------------------------------------------------------------------


def test_within_a_radius_is_what_a_geodesic_to_everybody_says_among_thousands() -> None:
    """Exact at the edge, also where the edge goes through cells with many people in them."""
    dice = random.Random(7)
    grid = Grid(10)
    where = Whereabouts(grid)
    places = [
        Position(38.70 + 0.1 * dice.random(), -9.20 + 0.1 * dice.random())
        for _ in range(examples(9_000, 99_000))
    ]
    places += [away(TOWER.position, 360 * dice.random(), 60 * dice.random()) for _ in range(1000)]
    for number, place in enumerate(places):
        person = Person(str(number), 50.0, point_at(place))
        person.tabs[cast(Any, object())] = cast(Any, None)
        where.appear(person, None)
    seen = [grid.centre(place) for place in places]
    latitudes = numpy.array([each.latitude for each in seen])
    longitudes = numpy.array([each.longitude for each in seen])
    edges = 0
    for center in (TOWER.position, *dice.sample(places, 8)):
        here = numpy.full(len(seen), center.latitude), numpy.full(len(seen), center.longitude)
        lengths_m = GEOD.inv(here[1], here[0], longitudes, latitudes)[2]
        # Radii that end exactly at somebody's cell, just before it, and any.
        on_edge = sorted(set(lengths_m[lengths_m < 400]))
        radii = [0.0, 5.0, 9.999, 10.0, 37.5, 100.0, 1000.0]
        if center is TOWER.position:
            radii.append(30_000.0)  # everybody, which takes its time
        for edge_m in dice.sample(on_edge, min(6, len(on_edge))):
            radii += [edge_m, math.nextafter(edge_m, 0)]
            edges += 1
        for radius_m in radii:
            expected = set(numpy.flatnonzero(lengths_m <= max(radius_m, 10.0)))
            found = where.within(point_at(center), radius_m)
            assert {int(each.id) for each in found} == expected, (center, radius_m)
    assert edges >= 30


# --- who is told ----------------------------------------------------------------------------------


async def test_a_step_within_a_cell_is_told_to_nobody_else(campus: Campus) -> None:
    centre = Grid(10).centre(FIELD)
    await campus.post("update/range", "bob", radious=200)
    await campus.move("bob", FIELD)
    bob = await campus.page("bob")
    ana = await campus.page("ana")
    await campus.move("ana", away(centre, 0, 4))
    assert await bob.take() == MOVED
    await ana.take()
    for bearing in (90, 180, 270):
        await campus.move("ana", away(centre, bearing, 4))
    assert await bob.take() == []
    assert await ana.take() == MOVED * 3


async def test_a_radius_below_the_grid_is_that_of_the_grid(campus: Campus) -> None:
    here = Grid(10).centre(FIELD)
    await campus.page("bob")
    await campus.move("bob", away(here, 45, 6))
    body = {"latitude": 0, "longitude": 0, "radious": 0}
    for metres, found in ((9.9, ["bob"]), (10.1, [])):
        await campus.move("ana", away(here, 180, metres))
        assert (await campus.post("show/range", "ana", **body)).json() == found
    # The same for who hears: bob's range of no metres reaches a cell.
    await campus.post("update/range", "bob", radious=0)
    await campus.move("bob", away(here, 180, 9.9))
    bob = await campus.page("bob")
    await bob.take()
    await campus.page("ana")
    await campus.move("ana", here)
    assert await bob.take() == MOVED


class Ticking:
    """A clock of seconds that goes when it is told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_a_connection_is_told_at_most_twice_in_any_second_and_misses_nothing(
    database: Path,
) -> None:
    clock = Ticking()
    async with open_campus(database, is_limited=True, ticking=clock) as campus:
        await campus.move("bob", TOWER.position)
        bob = await campus.page("bob")
        other = await campus.page("cid")
        clock.now += 1
        await bob.take()
        for number in range(6):
            await campus.move(f"a{number}", TOWER.position)
            await campus.page(f"a{number}")
        assert await bob.take() == MOVED * 2
        clock.now += 0.5
        for number in range(6, 9):
            await campus.move(f"a{number}", TOWER.position)
            await campus.page(f"a{number}")
        assert await bob.take() == []
        assert await other.take() == []
        clock.now += 0.5
        await campus.until(lambda: bob.heard == MOVED)
        found = (await campus.post("show/building", "bob")).json()
        assert found == [{"id": f"a{number}"} for number in range(9)]
        clock.now += 10
        assert await bob.take() == MOVED


async def test_who_has_gone_is_told_nothing_late(database: Path) -> None:
    clock = Ticking()
    async with open_campus(database, is_limited=True, ticking=clock) as campus:
        await campus.move("bob", TOWER.position)
        bob = await campus.page("bob")
        for number in range(3):
            await campus.move(f"a{number}", TOWER.position)
            await campus.page(f"a{number}")
        movements = campus.nearby.presence._movements
        assert {tab.person.id for tab in movements._waiting} == {"bob", "a0"}
        await bob.drop()
        clock.now += 1
        await campus.until(lambda: not movements._waiting)
        assert movements._timer is None


async def test_who_is_not_visible_is_in_no_list_and_still_hears_and_reads(
    database: Path,
) -> None:
    body = {"latitude": 0, "longitude": 0, "radious": 100}
    async with open_campus(database) as campus:
        for user_id in ("ana", "bob"):
            await campus.move(user_id, TOWER.position)
        ana, bob = await campus.page("ana"), await campus.page("bob")

        async def seen_by_bob() -> list[Any]:
            return [
                (await campus.post("show/building", "bob")).json(),
                (await campus.post("show/range", "bob", **body)).json(),
            ]

        await ana.take(), await bob.take()
        answer = await campus.post("update/visible", "ana", visible=False)
        assert (answer.status_code, answer.text) == (200, "")
        assert await bob.take() == MOVED  # she has gone, for all he knows
        assert await seen_by_bob() == [[], []]
        for place in (LIBRARY.position, FIELD, TOWER.position):
            await campus.move("ana", place)
        await ana.drop()
        ana = await campus.page("ana")
        assert await bob.take() == []
        assert await seen_by_bob() == [[], []]
        # She sees, hears and reads as before.
        assert (await campus.post("show/building", "ana")).json() == [{"id": "bob"}]
        await campus.move("bob", LIBRARY.position)
        assert await ana.take() == MOVED
        await campus.move("bob", TOWER.position)
        assert (await campus.send("bob", ["ana"], "hi")).status_code == 200
        await campus.nearby.messages.send_to_building("bot", TOWER.id, "Fire!")
        assert await ana.texts() == ["hi", "Fire!"]
        # A building that is put around her tells nobody that she is in it.
        await bob.take()
        await campus.nearby.buildings.put(Building("3", "Annex", TOWER.position, 1))
        assert await seen_by_bob() == [[], []]
        tokens = campus.tokens
    async with open_campus(database) as campus:
        campus.tokens.update(tokens)
        await campus.page("ana")
        bob = await campus.page("bob")
        assert await seen_by_bob() == [[], []]
        await bob.take()
        await campus.post("update/visible", "ana", visible=True)
        assert await bob.take() == MOVED
        assert await seen_by_bob() == [[{"id": "ana"}], ["ana"]]


# --- places are forgotten -------------------------------------------------------------------------


async def place_of(campus: Campus, user_id: str) -> Position | None:
    """The last place, in memory and in the database."""
    await campus.store.write()
    row = next(row for row in await campus.store.read(tables.select_users()) if row.id == user_id)
    kept = None if row.latitude is None else Position(row.latitude, row.longitude)
    point = campus.nearby.people.get(user_id).point
    assert kept == (None if point is None else point.position)
    return kept


async def test_the_last_place_is_forgotten_an_hour_after_somebody_has_gone(database: Path) -> None:
    clock = Clock()
    async with open_campus(database, clock=clock) as campus:
        page = await campus.page("ana")
        await campus.move("ana", TOWER.position)
        clock.forward(7200)
        await campus.forget()
        assert await place_of(campus, "ana") == TOWER.position  # as long as they are here
        await page.drop()
        clock.forward(3600)
        await campus.forget()
        assert await place_of(campus, "ana") == TOWER.position
        clock.forward(1)
        await campus.forget()
        assert await place_of(campus, "ana") is None
        assert (await campus.post("show/building", "ana")).json() == []


async def test_a_place_told_while_offline_is_kept_as_long(database: Path) -> None:
    clock = Clock()
    async with open_campus(database, clock=clock) as campus:
        await campus.move("ana", TOWER.position)
        await campus.move("bob", TOWER.position)
        clock.forward(3000)
        await campus.move("ana", LIBRARY.position)
        clock.forward(601)
        await campus.forget()
        assert await place_of(campus, "bob") is None
        assert await place_of(campus, "ana") == LIBRARY.position
        clock.forward(3000)
        await campus.forget()
        assert await place_of(campus, "ana") is None


async def test_the_hour_goes_on_through_a_restart(database: Path) -> None:
    clock = Clock()
    async with open_campus(database, clock=clock) as campus:
        await campus.move("ana", TOWER.position)
        await campus.page("bob")
        await campus.move("bob", TOWER.position)
        clock.forward(3000)
    async with open_campus(database, clock=clock) as campus:
        clock.forward(601)
        await campus.forget()
        assert await place_of(campus, "ana") is None
        assert await place_of(campus, "bob") == TOWER.position  # was online until the end
        clock.forward(3000)
        await campus.forget()
        assert await place_of(campus, "bob") is None


async def test_a_place_may_be_kept_for_ever(database: Path) -> None:
    clock = Clock()
    async with open_campus(
        database, clock=clock, retention=RetentionSettings(nearby_places_minutes=0)
    ) as campus:
        await campus.move("ana", TOWER.position)
        clock.forward(1_000_000)
        await campus.forget()
        assert await place_of(campus, "ana") == TOWER.position


async def test_a_logout_forgets_the_place_unless_somebody_is_here_elsewhere(
    campus: Campus,
) -> None:
    await campus.move("ana", TOWER.position)
    await campus.page("ana")
    phone = campus.tokens.pop("ana")
    await campus.page("ana")
    await campus.sessions.end("ana", phone)
    assert await place_of(campus, "ana") == TOWER.position
    await campus.sessions.end("ana", campus.tokens["ana"])
    assert await place_of(campus, "ana") is None


async def test_a_building_put_around_somebody_holds_them_wherever_their_cell_is(
    campus: Campus,
) -> None:
    centre = Grid(10).centre(FIELD)
    await campus.page("ana")
    await campus.move("ana", away(centre, 45, 6.5))
    await campus.nearby.buildings.put(Building("3", "Kiosk", away(centre, 45, 7), 1))
    assert campus.nearby.presence.in_building("3") == ["ana"]


# --- people are forgotten -------------------------------------------------------------------------


async def test_people_whom_nobody_has_seen_for_a_year_are_forgotten(database: Path) -> None:
    clock = Clock()
    async with open_campus(database, {"session_days": 1000}, clock=clock) as campus:
        for user_id in ("ana", "bob", "Eve", "eve"):
            await campus.token(user_id)
        await campus.page("bob")
        clock.forward(200 * 86_400)
        assert (await campus.post("show/building", "ana")).status_code == 200  # she is still there
        clock.forward(200 * 86_400)
        await campus.forget()
        assert campus.nearby.people.ids() == ["ana", "bob"]
        assert campus.nearby.people.beginning_with("e") == []
        tokens = campus.tokens
    async with open_campus(database, clock=clock) as campus:
        assert campus.nearby.people.ids() == ["ana", "bob"]
        body = {"id": "eve", "token": tokens["eve"]}
        assert (await campus.http.post("/API/user/show/building", json=body)).status_code == 401


async def test_what_would_be_forgotten_can_be_counted_in_the_database(database: Path) -> None:
    clock = Clock()
    async with open_campus(database, clock=clock) as campus:
        await campus.page("bob")
        await campus.move("bob", TOWER.position)
        await campus.move("ana", TOWER.position)
        await campus.send("ana", ["bob"], "hi")
        await campus.store.write()
        clock.forward(1)

        async def counted() -> dict[str, int]:
            return {
                kind.name: (await campus.store.read(kind.count(clock())))[0][0] for kind in KINDS
            }

        assert await counted() == {
            "nearby/places": 1,
            "nearby/logs": 4,
            "nearby/messages": 1,
            "nearby/people": 1,
        }


# --- an attack ------------------------------------------------------------------------------------


async def hits(campus: Campus, here: Position, radius_m: float) -> bool:
    """Whether the victim is seen from somewhere, by whoever stands there."""
    await campus.move("eve", here)
    body = {"latitude": 0, "longitude": 0, "radious": radius_m}
    return "ana" in (await campus.post("show/range", "eve", **body)).json()


async def measured_m(campus: Campus, here: Position, limit_m: float) -> float:
    """How far the victim seems to be, to a millimetre: 26 halvings are enough for 60 km."""
    near, far = 0.0, limit_m
    while far - near > 0.001:
        middle = (near + far) / 2
        if await hits(campus, here, middle):
            far = middle
        else:
            near = middle
    return far


async def located(campus: Campus, around: Position) -> Position:
    """Where the victim is, by the distances from three points: what `show/range` gives away."""
    origin = around
    points = [away(origin, bearing, 300) for bearing in (0, 120, 240)]
    distances = [await measured_m(campus, point, 1000) for point in points]
    # Newton's way, on a plane about the origin: exact to millimetres over so few metres.
    east, north = 0.0, 0.0
    for _ in range(20):
        guess = away(away(origin, 0, north), 90, east)
        rows, errors = [], []
        for point, wanted in zip(points, distances, strict=True):
            bearing, _, length = GEOD.inv(
                point.longitude, point.latitude, guess.longitude, guess.latitude
            )
            rows.append([math.sin(math.radians(bearing)), math.cos(math.radians(bearing))])
            errors.append(wanted - length)
        step = numpy.linalg.lstsq(numpy.array(rows), numpy.array(errors), rcond=None)[0]
        east, north = east + float(step[0]), north + float(step[1])
    return away(away(origin, 0, north), 90, east)


async def test_an_attack_finds_the_cell_and_nothing_within_it(campus: Campus) -> None:
    """Three points and halved radii told a place to the millimetre, before there was a grid."""
    dice = random.Random(3)
    await campus.page("ana")
    grid = Grid(10)
    errors_m = []
    centre = grid.centre(FIELD)
    for _ in range(4):
        # All in one cell: the attack cannot tell these places apart.
        victim = away(centre, 360 * dice.random(), 4.9 * dice.random())
        assert grid.centre(victim) == centre
        await campus.move("ana", victim)
        found = await located(campus, away(FIELD, 33, 40))
        assert distance_m(found, centre) < 0.01
        errors_m.append(distance_m(found, victim))
    assert max(errors_m) > 1
    # And the page of somebody near hears of no step in it.
    await campus.post("update/range", "eve", radious=5)
    await campus.move("eve", away(centre, 90, 9.99))
    eve = await campus.page("eve")
    await eve.take()
    for bearing in range(0, 360, 45):
        await campus.move("ana", away(centre, bearing, 4.9))
    assert await eve.take() == []


async def test_without_a_grid_the_attack_finds_the_place(database: Path) -> None:
    """Else the test above would not say anything."""
    async with open_campus(database, {"grid_m": 0}) as campus:
        await campus.page("ana")
        victim = away(FIELD, 200, 3.21)
        await campus.move("ana", victim)
        assert distance_m(await located(campus, FIELD), victim) < 0.01


async def test_an_attack_takes_its_time(database: Path) -> None:
    """Ten questions a second of one person: 26 halvings from three points, and three moves."""
    seconds = [0.0]
    async with open_campus(database, is_limited=True, ticking=lambda: seconds[0]) as campus:
        asked = 0
        while seconds[0] < 10:
            answer = await campus.post("show/range", "eve", **{**HERE, "radious": 10})
            if answer.status_code == 429:
                seconds[0] += 0.1
            else:
                asked += 1
        assert 150 <= asked <= 60 + 10 * 10 + 1
