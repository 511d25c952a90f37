"""Everybody, in memory as in the database: who they are, where they were last, their tabs."""

import asyncio
import hashlib
import math
import sys
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Final

from quad.nearby import tables
from quad.nearby.model import Building, Position, check_id
from quad.nearby.spatial import Point, point_at
from quad.realtime import Client
from quad.refusals import Unknown
from quad.store import Change, Store

NAMES: Final = 4
"""The ids of two connections, as each protocol shows them: a page may know its former one only."""

_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _now() -> datetime:
    return datetime.now(UTC)


class Person:
    """Somebody who has logged in once.

    `building` is right while somebody is online, or may come back.
    """

    __slots__ = (
        "box",
        "building",
        "dropped",
        "id",
        "is_visible",
        "last_id",
        "point",
        "range_m",
        "seen",
        "tabs",
        "used_at",
    )

    def __init__(self, id: str, range_m: float, point: Point | None = None) -> None:
        self.id = id
        self.range_m = range_m
        self.point = point
        # Where others see them: the centre of a cell, as long as they are online.
        self.seen: Point | None = None
        self.is_visible = True
        # When they went, or said where they are: right while they are offline.
        self.used_at = _NEVER
        self.building: Building | None = None
        # Those that are connected, in the order of their coming.
        self.tabs: dict[Tab, None] = {}
        # Those that lost their connection and may come back, the oldest first.
        self.dropped: list[Tab] = []
        # Ids have any length and any letters; names of boxes have not.
        self.box = f"nearby/{hashlib.blake2b(id.encode(), digest_size=16).hexdigest()}"
        # The last message that was told.
        self.last_id = 0

    def __repr__(self) -> str:
        return f"<Person {self.id}>"

    @property
    def is_online(self) -> bool:
        """Whether at least one tab is connected."""
        return bool(self.tabs)

    @property
    def is_expected(self) -> bool:
        """Whether they are online, or have dropped and may come back."""
        return bool(self.tabs or self.dropped)

    def tab(self, name: str) -> "Tab | None":
        """The tab that bears, or bore, this id."""
        for tab in (*self.tabs, *self.dropped):
            if name == tab.id or name in tab.names:
                return tab
        return None


class Tab:
    """One connection after another, and what it has not fetched yet."""

    __slots__ = (
        "dropped_at",
        "id",
        "names",
        "person",
        "position",
        "receiving",
        "sid",
        "token_hash",
        "told_at",
        "told_before",
    )

    def __init__(self, id: str, person: Person, token_hash: str, position: int) -> None:
        self.id = id
        self.person = person
        self.token_hash = token_hash
        # Everything in the person's box up to here was fetched, or is from before.
        self.position = position
        # Its connection's id, empty while it has none.
        self.sid = ""
        self.dropped_at: datetime | None = None
        self.names: deque[str] = deque(maxlen=NAMES)
        # Two requests at once must not get the same messages.
        self.receiving = asyncio.Lock()
        # When this connection was told of movements last, and the time before; by `Movements`.
        self.told_at = self.told_before = -math.inf

    @property
    def is_connected(self) -> bool:
        """Whether it has a connection."""
        return bool(self.sid)

    @property
    def topic(self) -> str:
        """What reaches this tab alone, over whichever connection it has."""
        return f"nearby/tab/{self.id}"

    def connect(self, client: Client) -> None:
        """A connection is this tab from now on."""
        self.sid = client.id
        self.dropped_at = None
        self.told_at = self.told_before = -math.inf
        for name in (client.id, client.engine_id):
            if name not in self.names:
                self.names.append(name)

    def change(self) -> Change:
        """What keeps the tab as it is now."""
        return tables.put_tab(
            self.id, self.person.id, self.token_hash, self.position, self.dropped_at
        )


class People:
    """Everybody by id."""

    def __init__(self, store: Store, range_m: float, now: Callable[[], datetime] = _now) -> None:
        """`range_m` is a new person's."""
        self._store = store
        self._range_m = range_m
        self._now = now
        self._people: dict[str, Person] = {}
        # By their letters, whatever their case.
        self._sorted: list[str] = []

    async def load(self) -> None:
        """Read everybody. Raises StoreError."""
        rows = await self._store.read(tables.select_users())
        self._people = {}
        for row in rows:
            point = None
            if row.latitude is not None and row.longitude is not None:
                point = point_at(Position(row.latitude, row.longitude))
            person = self._people[row.id] = Person(row.id, row.range_m, point)
            person.is_visible, person.used_at = row.is_visible, row.used_at
        self._sorted = sorted(sorted(self._people), key=str.casefold)

    async def ensure(self, user_id: str) -> Person:
        """Make somebody known, and return them. Raises BadInput, StoreError."""
        if user_id not in self._people:
            check_id("id", user_id)
            await self._store.write(tables.insert_user(user_id, self._range_m, self._now()))
        person = self._people.get(user_id)
        if person is None:  # still: somebody else may have been faster
            person = self._people[user_id] = Person(user_id, self._range_m)
            person.used_at = self._now()
            insort(self._sorted, user_id, key=str.casefold)
        return person

    def drop(self, person: Person) -> None:
        """Somebody is not known any more."""
        if self._people.get(person.id) is not person:
            return
        del self._people[person.id]
        start = bisect_left(self._sorted, person.id.casefold(), key=str.casefold)
        del self._sorted[self._sorted.index(person.id, start)]

    def get(self, user_id: str) -> Person:
        """Raises Unknown."""
        person = self._people.get(user_id)
        if person is None:
            raise Unknown("user", user_id)
        return person

    def find(self, user_id: str) -> Person | None:
        """The same, for those who may not exist."""
        return self._people.get(user_id)

    def __iter__(self) -> Iterator[Person]:
        """Everybody; after `load` those first who were here the longest ago."""
        return iter(self._people.values())

    def ids(self) -> list[str]:
        """Everybody's id, sorted."""
        return sorted(self._people)

    def beginning_with(self, prefix: str) -> list[str]:
        """Ids that begin so, in lower or upper case, sorted."""
        first = prefix.casefold()
        last = first + chr(sys.maxunicode)
        start = bisect_left(self._sorted, first, key=str.casefold)
        end = bisect_left(self._sorted, last, start, key=str.casefold)
        return self._sorted[start:end]

    def __len__(self) -> int:
        return len(self._people)
