"""The buildings of the campus: in memory as in the database."""

from collections.abc import Callable, Iterable

from msgspec import Struct

from quad.nearby import tables
from quad.nearby.model import Building
from quad.nearby.spatial import Circle, Circles, Point, distance_m, point_at
from quad.refusals import Unknown
from quad.store import Store


class Loaded(Struct, frozen=True):
    """What a campus file has brought: buildings that were not here, and those that differed."""

    added: int
    changed: int


class Buildings:
    """All buildings by id, and by where they are."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._buildings: dict[str, Building] = {}
        self._circles: Circles[str] = Circles()
        # Hears of each building that was put, or taken away, when it is.
        self.on_change: Callable[[Building], None] = lambda _: None
        # Hears once that there is something new, however many have changed.
        self.on_news: Callable[[], object] = lambda: None

    async def load(self) -> None:
        """Read all. Raises StoreError."""
        for building in tables.read_buildings(await self._store.read(tables.select_buildings())):
            self._set(building)

    async def put(self, building: Building) -> None:
        """Add or change one. Raises StoreError."""
        await self._store.write(tables.put_building(building))
        self._set(building)
        self.on_change(building)
        self.on_news()

    async def put_all(self, buildings: Iterable[Building]) -> Loaded:
        """Add or change many: all of them, or none. Raises StoreError."""
        news = [each for each in buildings if self._buildings.get(each.id) != each]
        added = sum(each.id not in self._buildings for each in news)
        await self._store.write(*map(tables.put_building, news))
        for building in news:
            self._set(building)
            self.on_change(building)
        if news:
            self.on_news()
        return Loaded(added=added, changed=len(news) - added)

    async def remove(self, building_id: str) -> None:
        """Take one away: nobody is in it any more, and its bots reach nobody until it is back.

        Raises Unknown, StoreError.
        """
        self.get(building_id)
        await self._store.write(tables.delete_building(building_id))
        building = self._buildings.pop(building_id, None)
        if building is not None:  # else somebody else was faster
            self._circles.remove(building_id)
            self.on_change(building)
            self.on_news()

    def _set(self, building: Building) -> None:
        self._buildings[building.id] = building
        circle = circle_of(building)
        self._circles.put(building.id, circle.center, circle.radius_m)

    def get(self, building_id: str) -> Building:
        """Raises Unknown."""
        building = self._buildings.get(building_id)
        if building is None:
            raise Unknown("building", building_id)
        return building

    def list(self) -> "list[Building]":
        """All of them, by name."""
        return sorted(self._buildings.values(), key=lambda each: (each.name, each.id))

    def at(self, point: Point | None) -> Building | None:
        """The nearest one whose circle holds the point; the first id among the equally near."""
        if point is None:
            return None
        here = [self._buildings[id] for id in self._circles.around(point)]
        return min(
            here,
            key=lambda each: (distance_m(each.position, point.position), each.id),
            default=None,
        )


def circle_of(building: Building) -> Circle:
    """Where a building is."""
    return Circle(point_at(building.position), building.radius_m)
