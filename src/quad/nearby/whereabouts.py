"""Where those are who are online, and who must hear when that changes. No I/O.

A change has an audience: everybody else who is online and into whose range, or into whose
building, the one who changes comes or goes. It is found by where the change is, without looking
at anyone who is far away.
"""

from collections.abc import Iterable

from quad.nearby.model import Building
from quad.nearby.persons import Person
from quad.nearby.spatial import Circle, Circles, Point, Points


class Whereabouts:
    """Who is where."""

    def __init__(self) -> None:
        self.online: dict[str, Person] = {}
        self._points: Points[Person] = Points()
        self._ranges: Circles[Person] = Circles()
        # Everybody who is expected, by building.
        self._inside: dict[str, dict[Person, None]] = {}

    def within(self, circle: Circle) -> list[Person]:
        """Those online whom the circle holds, in no order."""
        return self._points.within(circle)

    def expected_in(self, building_id: str) -> list[Person]:
        """Those in a building who are online, or have dropped and may come back."""
        return list(self._inside.get(building_id, ()))

    def appear(self, person: Person, building: Building | None) -> set[Person]:
        """Somebody is online from now on; returns the audience."""
        self.settle(person, building)
        self.online[person.id] = person
        self._place(person)
        return self._audience(person, (None, None), (person.point, building))

    def vanish(self, person: Person) -> set[Person]:
        """Somebody is not online any more, but expected; returns the audience."""
        del self.online[person.id]
        self._points.remove(person)
        self._ranges.remove(person)
        return self._audience(person, (person.point, person.building), (None, None))

    def move(self, person: Person, point: Point, building: Building | None) -> set[Person]:
        """Somebody who is online is elsewhere; returns the audience."""
        before = person.point, person.building
        person.point = point
        self.settle(person, building)
        self._place(person)
        return self._audience(person, before, (point, building))

    def resize(self, person: Person) -> None:
        """The range of somebody who is online has changed."""
        if person.point is not None:
            self._ranges.put(person, Circle(person.point, person.range_m))

    def resettle(self, person: Person, building: Building | None) -> set[Person]:
        """The buildings have changed around somebody; returns the audience."""
        before = person.point, person.building
        self.settle(person, building)
        return self._audience(person, before, (person.point, building))

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
        if person.point is not None:
            self._points.put(person, person.point)
            self.resize(person)

    def _audience(
        self,
        person: Person,
        before: tuple[Point | None, Building | None],
        after: tuple[Point | None, Building | None],
    ) -> set[Person]:
        # Whoever had them in range before and after has nobody come and nobody gone.
        audience = self._reached(before[0]) ^ self._reached(after[0])
        left, entered = _id(before[1]), _id(after[1])
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
