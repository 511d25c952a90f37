"""Points and circles: always the same answer as asking the geodesic of everyone."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from quad.nearby.model import Position
from quad.nearby.spatial import Circle, Circles, Point, Points, distance_m, point_at
from tests.thoroughness import examples

GEOD = Geod(ellps="WGS84")
HALF_WAY_ROUND_M = 20_003_931.5

CENTERS = st.one_of(
    st.builds(
        Position,
        st.floats(-90, 90, allow_nan=False),
        st.floats(-180, 180, allow_nan=False),
    ),
    st.sampled_from(
        [
            Position(90, 0),
            Position(-90, 77),
            Position(0, 180),
            Position(0, -180),
            Position(38.737, -9.139),
            Position(89.9999, 12),
            Position(0, 0),
        ]
    ),
)
RADII = st.one_of(
    st.just(0.0),
    st.floats(0, 100),
    st.floats(0, 100_000),
    st.floats(0, HALF_WAY_ROUND_M),
)


def away(center: Position, bearing: float, metres: float) -> Position:
    longitude, latitude, _ = GEOD.fwd(center.longitude, center.latitude, bearing, metres)
    return Position(latitude, longitude)


def length_m(a: Position, b: Position) -> float:
    return float(GEOD.inv(a.longitude, a.latitude, b.longitude, b.latitude)[2])


@st.composite
def crowds(draw: st.DrawFn) -> tuple[Position, float, list[Position]]:
    """A circle and people around it, most of them close to its edge."""
    center, radius_m = draw(CENTERS), draw(RADII)
    steps = st.one_of(
        st.sampled_from([0.0, 0.5, 1.0, 1.5]),
        st.floats(0.999_999, 1.000_001),
        st.floats(0, 2),
    )
    people = [
        away(center, draw(st.floats(0, 360)), min(radius_m * draw(steps), HALF_WAY_ROUND_M))
        for _ in range(draw(st.integers(0, 12)))
    ]
    return center, radius_m, people + draw(st.lists(CENTERS, max_size=4))


@settings(max_examples=examples(100, 3000), deadline=None)
@given(crowds())
def test_whoever_is_within_a_radius_is_found_and_nobody_else(
    crowd: tuple[Position, float, list[Position]],
) -> None:
    center, radius_m, people = crowd
    points: Points[int] = Points()
    for number, position in enumerate(people):
        points.put(number, point_at(position))
    found = points.within(Circle(point_at(center), radius_m))
    expected = [n for n, each in enumerate(people) if length_m(center, each) <= radius_m]
    assert sorted(found) == expected


@settings(max_examples=examples(100, 3000), deadline=None)
@given(crowds(), st.lists(RADII, min_size=16, max_size=16))
def test_all_circles_around_a_point_are_found_and_no_other(
    crowd: tuple[Position, float, list[Position]], radii: list[float]
) -> None:
    point, radius_m, centers = crowd
    circles: Circles[int] = Circles()
    for number, center in enumerate(centers):
        circles.put(number, point_at(center), (radius_m, radii[number])[number % 2])
    expected = [
        number
        for number, center in enumerate(centers)
        if length_m(center, point) <= (radius_m, radii[number])[number % 2]
    ]
    assert sorted(circles.around(point_at(point))) == expected


@settings(max_examples=examples(66, 2000), deadline=None)
@given(CENTERS, CENTERS)
def test_the_edge_belongs_to_a_circle_and_nothing_beyond_does(a: Position, b: Position) -> None:
    edge_m = distance_m(a, b)
    assert Circle(point_at(a), edge_m).holds(point_at(b))
    assert not Circle(point_at(a), math.nextafter(edge_m, -1)).holds(point_at(b)) or edge_m == 0


def test_a_crowd_that_moves_is_found_where_it_is_now() -> None:
    points: Points[int] = Points()
    circles: Circles[int] = Circles()
    first, second = Position(10, 179.9999), Position(10, -179.9999)
    for number in range(50):
        points.put(number, point_at(first))
        circles.put(number, point_at(first), 10.0 * number)
    for number in range(50):
        points.put(number, point_at(second))
        circles.put(number, point_at(second), 10.0 * number)
    for number in range(0, 50, 2):
        points.remove(number)
        circles.remove(number)
    points.remove(0)
    circles.remove(0)
    assert len(points) == 25
    assert points.within(Circle(point_at(first), 21)) == []
    assert sorted(points.within(Circle(point_at(first), 23))) == list(range(1, 50, 2))
    assert sorted(circles.around(point_at(second))) == list(range(1, 50, 2))
    assert sorted(circles.around(point_at(first))) == list(range(3, 50, 2))


@settings(max_examples=examples(33, 1000), deadline=None)
@given(CENTERS, st.lists(st.tuples(st.floats(0, 360), st.floats(0, 400)), max_size=12))
def test_a_walk_is_followed_and_leaves_nothing_behind(
    start: Position, steps: list[tuple[float, float]]
) -> None:
    """Steps within a cube, into its neighbours, and beyond."""
    points: Points[str] = Points()
    circles: Circles[str] = Circles()
    here = start
    for bearing, step_m in [(0.0, 0.0), *steps]:
        before, here = here, away(here, bearing, step_m)
        points.put("walker", point_at(here))
        circles.put("walker", point_at(here), 50)
        far_m = length_m(here, before)
        assert points.within(Circle(point_at(here), 1)) == ["walker"]
        assert circles.around(point_at(here)) == ["walker"]
        assert points.within(Circle(point_at(before), 50)) == ["walker"] * (far_m <= 50)
        assert circles.around(point_at(before)) == ["walker"] * (far_m <= 50)
    points.remove("walker")
    circles.remove("walker")
    assert not any(points._grids)
    assert not circles._grids


def test_nothing_is_left_of_what_was_removed() -> None:
    points: Points[int] = Points()
    circles: Circles[int] = Circles()
    for number in range(20):
        here = point_at(Position(number * 4.5, number * 9))
        points.put(number, here)
        circles.put(number, here, 10.0**number % 1e6)
    for number in range(20):
        points.remove(number)
        circles.remove(number)
    assert not any(points._grids)
    assert not circles._grids


def test_only_what_is_near_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at = 0
    holds = Circle.holds

    def counting(circle: Circle, point: Point) -> bool:
        nonlocal looked_at
        looked_at += 1
        return holds(circle, point)

    monkeypatch.setattr(Circle, "holds", counting)
    points: Points[int] = Points()
    circles: Circles[int] = Circles()
    # Hundred metres apart, and fifty metres of range.
    for number in range(2500):
        here = point_at(Position(38 + number % 50 * 9e-4, -9 + number // 50 * 9e-4))
        points.put(number, here)
        circles.put(number, here, 50)
    middle = point_at(Position(38.0225, -8.9775))
    assert len(points.within(Circle(middle, 100))) == 5
    assert circles.around(middle) == [25 + 50 * 25]
    assert looked_at < 50
