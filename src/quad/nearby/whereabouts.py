"""Where those are who are online, and who must hear when that changes. No I/O.

A change has an audience: everybody else who is online and into whose range, or into whose
building, the one who changes comes or goes. It is found by where the change is, without looking
at anyone who is far away.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from quad.nearby.grid import Grid
from quad.nearby.model import Building
from quad.nearby.people import Person
from quad.nearby.spatial import Circle, Circles, Point, Points, point_at


class _Shown(NamedTuple):
    """What others see of somebody; nothing of whoever is offline, or not visible."""

    point: Point | None
    building: Building | None


_NOTHING: Final = _Shown(None, None)


class Whereabouts:
    """Who is where. Others' places are the centres of their cells, before anything else."""

    def __init__(self, grid: Grid) -> None:
        self.online: dict[str, Person] = {}
        self._grid = grid
        # Where those are seen who are visible.
        self._points: Points[Person] = Points()
        # Whom somebody hears of: around where they are themselves.
        self._ranges: Circles[Person] = Circles()
        self._hidden: dict[Person, None] = {}
        # Everybody who is expected, by building.
        self._inside: dict[str, dict[Person, None]] = {}

    def within(self, center: Point, radius_m: float) -> list[Person]:
        """Those online and visible who are seen within a radius of a point, in no order."""
        return self._points.within(Circle(center, self._grid.widened(radius_m)))

    def about(self, center: Point, radius_m: float) -> set[Person]:
        """Those online who may really be within a radius of a point, and perhaps others."""
        seen = self._points.within(Circle(center, radius_m + self._grid.reach_m))
        return {*seen, *self._hidden}

    def expected_in(self, building_id: str) -> list[Person]:
        """Those in a building who are online, or have dropped and may come back."""
        return list(self._inside.get(building_id, ()))

    def appear(self, person: Person, building: Building | None) -> set[Person]:
        """Somebody is online from now on; returns the audience."""
        self.settle(person, building)
        self.online[person.id] = person
        self._place(person)
        return self._audience(person, _NOTHING, self._shown(person))

    def vanish(self, person: Person) -> set[Person]:
        """Somebody is not online any more, but expected; returns the audience."""
        before = self._shown(person)
        del self.online[person.id]
        self._points.remove(person)
        self._ranges.remove(person)
        self._hidden.pop(person, None)
        person.seen = None
        return self._audience(person, before, _NOTHING)

    def move(self, person: Person, point: Point, building: Building | None) -> set[Person]:
        """Somebody who is online is elsewhere; returns the audience."""
        before = self._shown(person)
        person.point = point
        self.settle(person, building)
        self._place(person)
        return self._audience(person, before, self._shown(person))

    def show(self, person: Person, *, is_visible: bool) -> set[Person]:
        """Somebody who is online wants to be seen, or not to be; returns the audience."""
        before = self._shown(person)
        person.is_visible = is_visible
        self._place(person)
        return self._audience(person, before, self._shown(person))

    def resize(self, person: Person) -> None:
        """The range of somebody who is online has changed."""
        if person.point is not None:
            self._ranges.put(person, person.point, self._grid.widened(person.range_m))

    def resettle(self, person: Person, building: Building | None) -> set[Person]:
        """The buildings have changed around somebody; returns the audience."""
        before = self._shown(person)
        self.settle(person, building)
        return self._audience(person, before, self._shown(person))

    def settle(self, person: Person, building: Building | None) -> None:
        """Somebody who is expected is in this building."""
        self.depart(person)
        person.building = building
        if building is not None:
            self._inside.setdefault(building.id, {})[person] = None

    def depart(self, person: Person) -> None:
        """Somebody is not expected any more."""
        building, person.building = person.building, None
        if building is not None and person in self._inside.get(building.id, ()):
            inside = self._inside[building.id]
            del inside[person]
            if not inside:
                del self._inside[building.id]

    def _place(self, person: Person) -> None:
        self._see(person)
        if person.is_visible:
            self._hidden.pop(person, None)
            if person.seen is not None:
                self._points.put(person, person.seen)
        else:
            self._hidden[person] = None
            self._points.remove(person)
        self.resize(person)

    def _see(self, person: Person) -> None:
        if person.point is None:
            return
        centre = self._grid.centre(person.point.position)
        if person.seen is None or person.seen.position != centre:
            # Without a grid it is the same point, and need not be found again.
            is_exact = centre is person.point.position
            person.seen = person.point if is_exact else point_at(centre)

    def _shown(self, person: Person) -> _Shown:
        if person.id not in self.online or not person.is_visible:
            return _NOTHING
        return _Shown(person.seen, person.building)

    def _audience(self, person: Person, before: _Shown, after: _Shown) -> set[Person]:
        # Whoever had them in range before and after has nobody come and nobody gone. In the same
        # cell that is everybody.
        audience: set[Person] = set()
        if before.point is not after.point:
            audience = self._reached(before.point) ^ self._reached(after.point)
        left, entered = _id(before.building), _id(after.building)
        if left != entered:
            audience |= self._online_in(left) | self._online_in(entered)
        audience.discard(person)
        return audience

    def _reached(self, point: Point | None) -> set[Person]:
        return set() if point is None else set(self._ranges.around(point))

    def _online_in(self, building_id: str | None) -> set[Person]:
        inside: Iterable[Person] = self._inside.get(building_id, ()) if building_id else ()
        return {person for person in inside if person.is_online}


def _id(building: Building | None) -> str | None:
    return None if building is None else building.id
