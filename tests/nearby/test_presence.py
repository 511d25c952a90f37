"""Who is online, who hears of it, and what the log says."""

import sqlite3
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quad.nearby.grid import Grid
from quad.nearby.model import Building, Position
from quad.nearby.people import Person
from quad.nearby.spatial import distance_m, point_at
from quad.nearby.whereabouts import Whereabouts
from quad.settings import RetentionSettings
from tests.nearby.campus import FIELD, LIBRARY, TOWER, Campus, Clock, open_campus
from tests.thoroughness import examples

MOVED = [("new_movement",)]
LOGGED_IN = "Logged in. Currently in "


def north_of(position: Position, metres: float) -> Position:
    return Position(position.latitude + metres / 111_000, position.longitude)


# --- who hears ------------------------------------------------------------------------------------


async def test_those_in_the_building_left_and_in_the_building_entered_hear(campus: Campus) -> None:
    for id, at in {"bob": TOWER, "cid": LIBRARY, "ana": TOWER}.items():
        await campus.move(id, at.position)
    await campus.move("dan", north_of(FIELD, -5000))
    ana, bob, cid, dan = [await campus.page(id) for id in ("ana", "bob", "cid", "dan")]
    for page in (ana, bob, cid, dan):
        await page.take()
    await campus.move("ana", LIBRARY.position)
    assert [await page.take() for page in (bob, cid, dan)] == [MOVED, MOVED, []]


async def test_those_whose_range_somebody_enters_or_leaves_hear(campus: Campus) -> None:
    await campus.post("update/range", "bob", radious=100)
    for id, metres in {"ana": 200, "bob": 0, "cid": 20}.items():
        await campus.move(id, north_of(FIELD, metres))
    bob, cid = await campus.page("bob"), await campus.page("cid")
    await campus.page("ana")
    await bob.take(), await cid.take()
    heard = []
    for metres in (90, 80, 60, 50, 90, 101):
        await campus.move("ana", north_of(FIELD, metres))
        heard.append([len(await page.take()) for page in (bob, cid)])
    # 90: into bob's 100 m. 60 and nearer: into cid's 50 m as well.
    assert heard == [[1, 0], [0, 0], [0, 1], [0, 0], [0, 1], [1, 0]]


async def test_somebody_s_own_tabs_hear_that_they_moved(campus: Campus) -> None:
    first, second = await campus.page("ana"), await campus.page("ana")
    await campus.move("ana", FIELD)
    assert [await first.take(), await second.take()] == [MOVED, MOVED]
    await campus.move("ana", FIELD)
    assert [await first.take(), await second.take()] == [[], []]


async def test_coming_and_going_is_heard_where_it_happens(campus: Campus) -> None:
    await campus.move("ana", TOWER.position)
    await campus.move("bob", TOWER.position)
    bob = await campus.page("bob")
    first = await campus.page("ana")
    assert await bob.take() == MOVED
    second = await campus.page("ana")
    await first.drop()
    assert await bob.take() == []
    await second.drop()
    assert await bob.take() == MOVED


async def test_a_building_that_is_put_around_people_is_heard_by_them(campus: Campus) -> None:
    await campus.move("ana", FIELD)
    ana = await campus.page("ana")
    await campus.move("bob", FIELD)
    bob = await campus.page("bob")
    await campus.move("cid", FIELD)
    await (await campus.page("cid")).drop()
    await ana.take(), await bob.take()
    buildings = campus.nearby.buildings
    await buildings.put(Building("3", "Tent", FIELD, 30))
    assert [await ana.take(), await bob.take()] == [MOVED * 1, MOVED * 1]
    assert (await campus.post("show/building", "ana")).json() == [{"id": "bob"}]
    assert {person.id for person in campus.nearby.presence.expected_in("3")} == {
        "ana",
        "bob",
        "cid",
    }
    await buildings.put(Building("3", "Big Tent", FIELD, 30))
    assert await ana.take() == []
    await campus.move("ana", LIBRARY.position)
    assert (await campus.log("ana"))[-1] == "Moved from: Big Tent to: Library"
    await buildings.put(Building("3", "Big Tent", LIBRARY.position, 30))
    assert campus.nearby.presence.in_building("3") == []


PLACES = [north_of(Position(0, 179.9999), metres) for metres in (0, 30, 60, 100, 1000)]
BUILDINGS = [
    Building("east", "East", PLACES[0], 40),
    Building("west", "West", PLACES[2], 40),
    None,
]
NAMES = ["ana", "bob", "cid", "dan"]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["move", "move", "move", "appear", "vanish", "resize"]),
        st.sampled_from(NAMES),
        st.sampled_from(PLACES),
        st.sampled_from(BUILDINGS),
        st.sampled_from([0.0, 29.0, 50.0, 500.0, 5000.0]),
    ),
    max_size=40,
)


class Oracle:
    """Asks everybody, each time."""

    def __init__(self, people: dict[str, Person]) -> None:
        self.people = people

    def seen(self, who: str) -> set[tuple[str, str]]:
        """Who has this person in range, and who shares a building with them."""
        me = self.people[who]
        if not me.is_online or me.point is None:
            return set()
        pairs = set()
        for other in self.people.values():
            if other is me or not other.is_online or other.point is None:
                continue
            if distance_m(other.point.position, me.point.position) <= other.range_m:
                pairs.add((other.id, "range"))
            if me.building is not None and me.building == other.building:
                pairs.add((other.id, f"building {me.building.id}"))
        return pairs


@settings(max_examples=examples(100, 3_000), deadline=None)
@given(STEPS)
def test_who_hears_is_who_would_see_somebody_else_when_asking(steps: list[Any]) -> None:
    where = Whereabouts(Grid(0))
    people = {name: Person(name, 50.0) for name in NAMES}
    oracle = Oracle(people)
    for step, name, place, building, range_m in steps:
        person, before = people[name], oracle.seen(name)
        audience: set[Person] = set()
        if step == "appear" and not person.is_online:
            person.tabs[cast(Any, object())] = cast(Any, None)
            audience = where.appear(person, building if person.point else None)
        elif step == "vanish" and person.is_online:
            person.tabs.clear()
            audience = where.vanish(person)
            where.depart(person)
        elif step == "move" and person.is_online:
            audience = where.move(person, point_at(place), building)
        elif step == "move":
            person.point = point_at(place)
        elif step == "resize" and person.is_online:
            person.range_m = range_m
            where.resize(person)
        changed = before ^ oracle.seen(name) if step != "resize" else set()
        assert {other.id for other in audience} == {id for id, _ in changed}
        assert set(where.online) == {each.id for each in people.values() if each.is_online}


# --- the log --------------------------------------------------------------------------------------


async def test_the_log_tells_of_logins_moves_and_logouts_and_of_no_coordinates(
    campus: Campus,
) -> None:
    page = await campus.page("ana")
    await campus.move("ana", TOWER.position)
    await campus.move("ana", north_of(TOWER.position, 5))
    await campus.move("ana", LIBRARY.position)
    await campus.move("ana", FIELD)
    await page.drop()
    assert await campus.log("ana") == [
        f"{LOGGED_IN[:-3]}out of registered facilities",
        "Moved from: Out of registered facilities to: Tower",
        "Moved from: Tower to: Library",
        "Moved from: Library to: Out of registered facilities",
        "Logged out.",
    ]


async def test_tabs_are_one_login_and_the_building_of_before_is_known(campus: Campus) -> None:
    await campus.move("ana", TOWER.position)
    first, second = await campus.page("ana"), await campus.page("ana")
    assert campus.nearby.presence.online_users() == ["ana"]
    await first.drop()
    assert campus.nearby.presence.online_users() == ["ana"]
    await second.drop()
    assert campus.nearby.presence.online_users() == []
    assert (await campus.log("ana"))[1:] == [f"{LOGGED_IN}Tower", "Logged out."]


async def test_old_logs_are_forgotten(database: Path) -> None:
    clock = Clock()
    two_days = RetentionSettings(nearby_logs_days=2)
    async with open_campus(database, clock=clock, retention=two_days) as campus:
        await campus.page("ana")
        clock.forward(86_400)
        await campus.move("ana", TOWER.position)
        await campus.forget()
        assert len(await campus.log("ana")) == 2
        clock.forward(86_401)
        await campus.forget()
        assert await campus.log("ana") == ["Moved from: Out of registered facilities to: Tower"]


# --- restarts -------------------------------------------------------------------------------------


async def test_after_a_restart_nobody_is_online_and_all_is_known(database: Path) -> None:
    async with open_campus(database) as campus:
        await campus.page("ana")
        await campus.move("ana", TOWER.position)
        await campus.post("update/range", "ana", radious=77)
        token = await campus.token("ana")
    async with open_campus(database, buildings=()) as campus:
        assert campus.nearby.presence.online_users() == []
        assert campus.nearby.people.ids() == ["ana"]
        assert campus.nearby.people.get("ana").range_m == 77
        assert [building.name for building in campus.nearby.buildings.list()] == [
            "Library",
            "Tower",
        ]
        campus.tokens["ana"] = token
        await campus.page("ana")
        assert campus.nearby.presence.in_building("1") == ["ana"]
        assert (await campus.log("ana"))[-2:] == ["Logged out.", f"{LOGGED_IN}Tower"]


async def test_a_login_that_cannot_be_logged_is_in_the_server_s_log(
    campus: Campus, database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await campus.token("ana")
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        await campus.page("ana")
        await campus.until(lambda: "not saved" in caplog.text)
    finally:
        connection.close()
    assert campus.nearby.presence.online_users() == ["ana"]


async def test_what_happens_after_the_end_is_in_the_server_s_log(
    database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_campus(database) as campus:
        logs = campus.nearby.logs
    logs.add("user", "ana", "too late")
    assert "The store is closed" in caplog.text
