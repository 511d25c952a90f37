"""Points and circles on the Earth, found without looking at all of them, exact at the edge.

Every position has a point in space, in metres from the Earth's centre. Two facts make that
useful. The straight line between two points is never longer than the geodesic, so whatever is
within r metres of a point lies in a box of that half-width around it; there are no poles and no
antimeridian in space. And a geodesic bends nowhere more than the meridian at the equator, so it
is never longer than that circle's arc over the same straight line (Schur's comparison theorem).
Between the two bounds lies a band, a millimetre wide at 10 km: only there the geodesic itself is
asked for.
"""

import math
from collections.abc import Hashable, Iterator, Mapping
from typing import Any, Final, Generic, TypeVar

from msgspec import Struct
from pyproj import Geod

from quad.nearby.model import Position

Key = TypeVar("Key", bound=Hashable)

_GEOD: Final = Geod(ellps="WGS84")
_EQUATOR_M: Final = _GEOD.a
_SQUARED_ECCENTRICITY: Final = _GEOD.es
# The smallest radius of curvature of any geodesic: the meridian's, at the equator.
_TIGHTEST_M: Final = _EQUATOR_M * (1 - _SQUARED_ECCENTRICITY)
# Far more than what floating point loses, here and in the geodesic.
_SLACK_M: Final = 1e-6


class Point(Struct, frozen=True):
    """A position in space: metres from the Earth's centre."""

    x: float
    y: float
    z: float
    position: Position


class _Spot(Struct):
    """A point that moves: measured, a move then touches the cubes that it leaves and enters."""

    x: float
    y: float
    z: float
    position: Position


def point_at(position: Position) -> Point:
    """Where a position is in space."""
    latitude, longitude = math.radians(position.latitude), math.radians(position.longitude)
    sine = math.sin(latitude)
    normal_m = _EQUATOR_M / math.sqrt(1 - _SQUARED_ECCENTRICITY * sine * sine)
    from_axis_m = normal_m * math.cos(latitude)
    return Point(
        from_axis_m * math.cos(longitude),
        from_axis_m * math.sin(longitude),
        normal_m * (1 - _SQUARED_ECCENTRICITY) * sine,
        position,
    )


def distance_m(a: Position, b: Position) -> float:
    """The length of the geodesic."""
    _, _, length_m = _GEOD.inv(a.longitude, a.latitude, b.longitude, b.latitude)
    return float(length_m)


class Circle:
    """All points within `radius_m` of a point; the edge belongs to it."""

    __slots__ = ("_surely_in", "_surely_out", "center", "radius_m", "reach_m")

    def __init__(self, center: Point, radius_m: float) -> None:
        self.center = center
        self.radius_m = radius_m
        self.reach_m = radius_m + _SLACK_M
        """No point of the circle is farther away in space, along any axis."""
        half_angle = min((radius_m - _SLACK_M) / (2 * _TIGHTEST_M), math.pi / 2)
        straight_m = 2 * _TIGHTEST_M * math.sin(half_angle)
        # Squares of straight lines: what `holds` has without a root.
        self._surely_in = straight_m * straight_m if straight_m > 0 else -1.0
        self._surely_out = self.reach_m * self.reach_m

    def holds(self, point: Point | _Spot) -> bool:
        """Whether the point is within the radius, along the geodesic."""
        center = self.center
        dx, dy, dz = center.x - point.x, center.y - point.y, center.z - point.z
        square = dx * dx + dy * dy + dz * dz
        if square <= self._surely_in:
            return True
        if square > self._surely_out:
            return False
        return distance_m(center.position, point.position) <= self.radius_m

    def holds_cube(self, x: int, y: int, z: int, side_m: float) -> bool:
        """Whether all points in a cube are surely within the radius."""
        center = self.center
        # To the farthest corner, along each axis.
        dx = abs((x + 0.5) * side_m - center.x) + side_m / 2
        dy = abs((y + 0.5) * side_m - center.y) + side_m / 2
        dz = abs((z + 0.5) * side_m - center.z) + side_m / 2
        return dx * dx + dy * dy + dz * dz <= self._surely_in


class Points(Generic[Key]):
    """Points by key, found by circle.

    Each is in one cube of every grid; a circle is looked for in the grid whose cubes fit it.
    """

    # Circles of the smallest grid have up to 128 m, and a grid costs some 50 bytes a point. Each
    # side is a power of two times the one before: then cubes fit into one another exactly.
    _SIDES_M: Final = tuple(64.0 * 4.0**step for step in range(7))
    _SHIFT: Final = 2

    def __init__(self) -> None:
        self._spots: dict[Key, _Spot] = {}
        # Cubes hold the spots themselves: measured, finding them elsewhere takes most of the time.
        self._grids: list[dict[int, dict[Key, _Spot]]] = [{} for _ in self._SIDES_M]

    def __len__(self) -> int:
        return len(self._spots)

    def put(self, key: Key, point: Point) -> None:
        """Add a point, or move it."""
        spot = self._spots.get(key)
        if spot is None:
            spot = self._spots[key] = _Spot(point.x, point.y, point.z, point.position)
            for grid, cube in self._cubes_of(spot):
                grid.setdefault(cube, {})[key] = spot
            return
        steps = zip(self._cubes_of(spot), self._cubes_of(point), strict=True)
        for (grid, left), (_, entered) in steps:
            if left == entered:
                break  # and so are all larger ones
            _take_out(grid, left, key)
            grid.setdefault(entered, {})[key] = spot
        spot.x, spot.y, spot.z, spot.position = point.x, point.y, point.z, point.position

    def remove(self, key: Key) -> None:
        """Forget a point; one that is not there is no error."""
        spot = self._spots.pop(key, None)
        if spot is not None:
            for grid, cube in self._cubes_of(spot):
                _take_out(grid, cube, key)

    def _cubes_of(
        self, point: "Point | _Spot"
    ) -> Iterator[tuple[dict[int, dict[Key, "_Spot"]], int]]:
        """The cube that a point is in, for each grid, from the smallest."""
        side_m = self._SIDES_M[0]
        x, y, z = int(point.x // side_m), int(point.y // side_m), int(point.z // side_m)
        for grid in self._grids:
            yield grid, _cube(x, y, z)
            x, y, z = x >> self._SHIFT, y >> self._SHIFT, z >> self._SHIFT

    def within(self, circle: Circle) -> list[Key]:
        """All points that the circle holds, in no order."""
        found: list[Key] = []
        holds = circle.holds
        for is_inside, cube in self._cubes(circle):
            if is_inside:
                found.extend(cube)
            else:
                found += [key for key, point in cube.items() if holds(point)]
        return found

    def _cubes(self, circle: Circle) -> Iterator[tuple[bool, dict[Key, "_Spot"]]]:
        """The cubes that a circle may touch and in which something is, and if it holds them."""
        last = len(self._SIDES_M) - 1
        step = next((i for i, s in enumerate(self._SIDES_M) if 2 * s >= circle.radius_m), last)
        grid, side_m = self._grids[step], self._SIDES_M[step]
        (x0, x1), (y0, y1), (z0, z1) = _box(circle, side_m)
        if (x1 - x0 + 1) * (y1 - y0 + 1) * (z1 - z0 + 1) > len(grid):
            for cube in grid.values():
                yield False, cube
            return
        for x in range(x0, x1 + 1):
            for y in range(y0, y1 + 1):
                for z in range(z0, z1 + 1):
                    number = _cube(x, y, z)
                    if number in grid:
                        yield circle.holds_cube(x, y, z, side_m), grid[number]


class Circles(Generic[Key]):
    """Circles by key, found by a point that they hold.

    Each is in the grid whose cubes are just larger, so in eight cubes at most; a point is in one
    cube of every grid.
    """

    # The largest is twice the longest geodesic.
    _SIDES_M: Final = tuple(16.0 * 2.0**step for step in range(23))

    def __init__(self) -> None:
        self._circles: dict[Key, Circle] = {}
        self._grids: dict[float, dict[int, dict[Key, Circle]]] = {}

    def put(self, key: Key, center: Point, radius_m: float) -> None:
        """Add a circle, or change it."""
        circle = Circle(center, radius_m)
        before = self._circles.get(key)
        side_m = self._side_m(circle)
        if before is not None:
            is_as_large = before.radius_m == radius_m
            if is_as_large and _box(before, side_m) == _box(circle, side_m):
                before.center = center
                return
            self.remove(key)
        self._circles[key] = circle
        grid = self._grids.setdefault(side_m, {})
        for cube in _cubes_around(circle, side_m):
            grid.setdefault(cube, {})[key] = circle

    def remove(self, key: Key) -> None:
        """Forget a circle; one that is not there is no error."""
        circle = self._circles.pop(key, None)
        if circle is None:
            return
        side_m = self._side_m(circle)
        grid = self._grids[side_m]
        for cube in _cubes_around(circle, side_m):
            _take_out(grid, cube, key)
        if not grid:
            del self._grids[side_m]

    def around(self, point: Point) -> list[Key]:
        """All circles that hold the point, in no order."""
        return [
            key
            for side_m, grid in self._grids.items()
            for key, circle in grid.get(_cube_of(point, side_m), _NOTHING).items()
            if circle.holds(point)
        ]

    def _side_m(self, circle: Circle) -> float:
        return next(side_m for side_m in self._SIDES_M if side_m >= 2 * circle.reach_m)


# Cubes have one number each. The Earth's radius is less than half a million cubes of 16 m.
_BITS: Final = 20
_MIDDLE: Final = 1 << (_BITS - 1)
_NOTHING: Final[Mapping[Any, Any]] = {}


def _cube(x: int, y: int, z: int) -> int:
    return ((x + _MIDDLE) << (2 * _BITS)) + ((y + _MIDDLE) << _BITS) + z + _MIDDLE


def _cube_of(point: Point, side_m: float) -> int:
    return _cube(int(point.x // side_m), int(point.y // side_m), int(point.z // side_m))


def _box(circle: Circle, side_m: float) -> list[tuple[int, int]]:
    """The first and the last cube along each axis."""
    center, reach_m = circle.center, circle.reach_m
    return [
        (int((middle - reach_m) // side_m), int((middle + reach_m) // side_m))
        for middle in (center.x, center.y, center.z)
    ]


def _cubes_around(circle: Circle, side_m: float) -> Iterator[int]:
    (x0, x1), (y0, y1), (z0, z1) = _box(circle, side_m)
    for x in range(x0, x1 + 1):
        for y in range(y0, y1 + 1):
            for z in range(z0, z1 + 1):
                yield _cube(x, y, z)


def _take_out(grid: dict[int, dict[Key, Any]], cube: int, key: Key) -> None:
    content = grid[cube]
    del content[key]
    if not content:
        del grid[cube]
