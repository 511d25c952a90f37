"""Who is online: connections, the tabs that they are, and who hears that somebody came or went."""

import asyncio
import itertools
from collections import Counter, deque
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final

from quad.identity import new_token
from quad.nearby import tables
from quad.nearby.buildings import Buildings
from quad.nearby.grid import Grid
from quad.nearby.logs import Logs
from quad.nearby.model import (
    LOGGED_OUT,
    OUTSIDE,
    Building,
    Position,
    said_logged_in,
    said_moved,
)
from quad.nearby.movements import Movements
from quad.nearby.people import People, Person, Tab
from quad.nearby.spatial import Point, point_at
from quad.nearby.whereabouts import Whereabouts
from quad.realtime import Client, SocketServer
from quad.store import Change, Mailbox, Store
from quad.store.mailbox import drop

_SWEEP_S: Final = 1.0
_USED: Final = timedelta(days=1)


class Presence:
    """Everybody's connections. What is here is in the database, too, or will be in a moment."""

    def __init__(
        self,
        server: SocketServer,
        store: Store,
        mailbox: Mailbox,
        people: People,
        buildings: Buildings,
        logs: Logs,
        movements: Movements,
        grid: Grid,
        *,
        grace_s: float,
        now: Callable[[], datetime],
    ) -> None:
        """`grace_s`: how long a tab that has dropped may come back."""
        self._server = server
        self._store = store
        self._mailbox = mailbox
        self._people = people
        self._buildings = buildings
        self._logs = logs
        self._grace = timedelta(seconds=grace_s)
        self._now = now
        self._movements = movements
        self._grid = grid
        self._timer: asyncio.TimerHandle | None = None
        buildings.on_change = self._building_changed
        self._begin()

    def _begin(self) -> None:
        """Nobody is here, and nobody was."""
        self._where = Whereabouts(self._grid)
        self._tabs: dict[Client, Tab] = {}
        self._of_tokens: dict[str, set[Tab]] = {}
        # Tabs and when they dropped, the oldest first; some have come back since.
        self._dropped: deque[tuple[datetime, Tab]] = deque()
        # Those offline whose last place is known, who were here the longest ago first.
        self._places: dict[Person, None] = {}
        # Tabs of which the database does not know the latest.
        self._unsaved: set[Tab] = set()

    async def start(self) -> None:
        """Nobody is online, but those who were a moment ago may come back. Raises StoreError."""
        now = self._now()
        were_online = await self._store.read(tables.select_open_tabs())
        lines = [self._logs.line("user", row.user_id, LOGGED_OUT) for row in were_online]
        await self._store.write(tables.touch_online_users(now), tables.drop_open_tabs(now), *lines)
        self._find_places({row.user_id for row in were_online}, now)
        for row in await self._store.read(tables.select_tabs()):
            person = self._people.find(row.user_id)
            if person is not None:
                tab = Tab(row.id, person, row.token_hash, row.position)
                self._of_tokens.setdefault(tab.token_hash, set()).add(tab)
                self._await_return(tab, row.dropped_at)
        await self._load_boxes()
        self._sweep_forever()

    async def _load_boxes(self) -> None:
        expected = {tab.person.box: tab.person for _, tab in self._dropped}
        for box, last_id in (await self._mailbox.last_ids("nearby")).items():
            if box in expected:
                expected[box].last_id = last_id
            else:
                self._logs.save_soon(drop(box))

    def _find_places(self, were_online: set[str], now: datetime) -> None:
        lately = []
        for person in self._people:
            if person.id in were_online:
                person.used_at = now
                lately.append(person)
            elif person.point is not None:
                self._places[person] = None
        for person in lately:
            self._places[person] = None

    def stop(self) -> None:
        """No timer is left."""
        self._movements.stop()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # Questions

    def online_users(self) -> list[str]:
        """Ids of all who are online, sorted."""
        return sorted(self._where.online)

    def in_building(self, building_id: str) -> list[str]:
        """Ids of those who are online in a building, sorted. Raises Unknown."""
        self._buildings.get(building_id)
        inside = self._where.expected_in(building_id)
        return sorted(person.id for person in inside if person.is_online)

    def expected_in(self, building_id: str) -> list[Person]:
        """Those in a building who are online, or dropped there and may come back."""
        return self._where.expected_in(building_id)

    def building_of(self, user_id: str) -> Building | None:
        """Where somebody is who is online; None for anybody else, and out of all buildings."""
        person = self._where.online.get(user_id)
        return None if person is None else person.building

    def is_online(self, user_id: str) -> bool:
        """Whether somebody is online."""
        return user_id in self._where.online

    def count(self) -> Counter[str | None]:
        """How many are online in each building, by its id; None is out of all buildings."""
        return Counter(_id(person.building) for person in self._where.online.values())

    def expected(self) -> set[Person]:
        """Everybody who is online, or has dropped and may come back."""
        return {tab.person for _, tab in self._dropped if tab.person.is_expected} | set(
            self._where.online.values()
        )

    def others_in_building(self, person: Person) -> list[str]:
        """Ids of the others who are online where this person is, sorted."""
        building = self._building_of(person)
        if building is None:
            return []
        inside = self._where.expected_in(building.id)
        return _ids_of(other for other in inside if other.is_online and other is not person)

    def others_within(
        self, person: Person, radius_m: float, position: Position | None = None
    ) -> list[str]:
        """Ids of the others who are online within a radius, sorted.

        Around this person's last place, if no position is given; nobody without any.
        """
        center = person.point if position is None else point_at(position)
        if center is None:
            return []
        found = self._where.within(center, radius_m)
        return _ids_of(other for other in found if other is not person)

    # Connections

    def enter(self, client: Client, person: Person, token_hash: str) -> None:
        """A connection belongs to this person: a tab that has come back, or a new one."""
        before = self._tab(client)
        if before is not None and before.person is person:
            return
        self.leave(client)
        was_online = person.is_online
        # A page may ask by the id of its lost connection; but that of somebody else is taken.
        tab_id = client.engine_id if before is None else new_token()
        tab = self._returned(person, token_hash) or self._new_tab(tab_id, person, token_hash)
        tab.connect(client)
        self._tabs[client] = tab
        person.tabs[tab] = None
        client.subscribe(tab.topic)
        self.save(tab)
        if not was_online:
            building = self._buildings.at(person.point)
            self._places.pop(person, None)
            audience = self._where.appear(person, building)
            self._logs.add("user", person.id, said_logged_in(building))
            self._movements.tell(audience)
        # The original page asks who is near only when it is told to.
        self._movements.tell_tab(tab)
        if person.last_id > tab.position:
            client.emit("new_message", [person.id])

    def leave(self, client: Client) -> None:
        """A connection has ended; one that belongs to nobody is no error."""
        tab = self._tab(client)
        self._tabs.pop(client, None)
        if tab is not None:
            client.unsubscribe(tab.topic)
            self._drop(tab)

    def _tab(self, client: Client) -> Tab | None:
        """The tab that the connection is."""
        tab = self._tabs.get(client)
        # The tab may have been ended, before the farewell of the connection has come.
        is_its_own = tab is not None and tab.sid == client.id
        return tab if is_its_own else None

    def _drop(self, tab: Tab) -> None:
        del tab.person.tabs[tab]
        tab.sid = ""
        self._await_return(tab, self._now())
        self.save(tab)
        if not tab.person.is_online:
            self._went(tab.person)

    def _went(self, person: Person) -> None:
        audience = self._where.vanish(person)
        self._logs.add("user", person.id, LOGGED_OUT)
        self._logs.save_soon(tables.touch_user(person.id, self._now()))
        self._was_here(person)
        self._movements.tell(audience)

    def _was_here(self, person: Person) -> None:
        """Somebody offline was here until now; their place is kept for a while."""
        person.used_at = self._now()
        self._places.pop(person, None)
        if person.point is not None:
            self._places[person] = None

    def end_session(self, user_id: str, token_hash: str) -> None:
        """Somebody has logged out: the tabs of this token do not come back.

        Whoever is not online elsewhere is nowhere any more.
        """
        self._end_tabs(token_hash)
        person = self._people.find(user_id)
        if person is not None and not person.is_online and person.point is not None:
            self._lose_place(person)
            self._logs.save_soon(tables.forget_position(person.id))

    def _end_tabs(self, token_hash: str) -> None:
        for tab in list(self._of_tokens.get(token_hash, ())):
            if tab.is_connected:
                self._drop(tab)
                for client in self._server.subscribers(tab.topic):
                    client.disconnect()
            self._forget(tab)

    def _returned(self, person: Person, token_hash: str) -> Tab | None:
        """A dropped tab with this token.

        Nobody can say which one it is, so all of them are told again what any of them lacks.
        """
        mine = [tab for tab in person.dropped if tab.token_hash == token_hash]
        if not mine:
            return None
        position = min(tab.position for tab in mine)
        for tab in mine:
            tab.position = position
        person.dropped.remove(mine[-1])
        return mine[-1]

    def _new_tab(self, tab_id: str, person: Person, token_hash: str) -> Tab:
        tab = Tab(tab_id, person, token_hash, self._first_position(person))
        self._of_tokens.setdefault(token_hash, set()).add(tab)
        return tab

    def _first_position(self, person: Person) -> int:
        """Up to where a new tab need not fetch."""
        if person.dropped:
            # Somebody who has lost a page, and opens another, wants what was not fetched there.
            return min(tab.position for tab in person.dropped)
        if person.is_online:
            # Ids that were given since may be of what is being saved for this person now.
            return max(person.last_id, *(tab.position for tab in person.tabs))
        return self._mailbox.last_id

    # Moving to another node: see `moving`

    def seated(self) -> dict[Client, Tab]:
        """Every connection, and the tab that it is."""
        tabs = {client: self._tab(client) for client in self._tabs}
        return {client: tab for client, tab in tabs.items() if tab is not None}

    def give_up(self) -> None:
        """All of it is another node's from now on; nobody is told, and nothing is logged.

        What is saved says of those who are online that they may come back: they are found there.
        """
        for client, tab in self.seated().items():
            client.unsubscribe(tab.topic)
        self.save_unsaved()
        now = self._now()
        self._logs.save_soon(tables.touch_online_users(now), tables.drop_open_tabs(now))
        self._begin()

    def take_up(self, client: Client | None, tab: Tab) -> Tab:
        """A connection is this tab, as it was at another node; nobody is told.

        Without a connection, it has dropped meanwhile: of that others hear. Returns the tab as it
        is kept here.
        """
        person, was_online = tab.person, tab.person.is_online
        tab = self._found(tab)
        person.tabs[tab] = None
        if not was_online:
            self._places.pop(person, None)
            self._where.appear(person, self._buildings.at(person.point))
        if client is None or not client.is_open:
            self._drop(tab)
            return tab
        tab.connect(client)
        self._tabs[client] = tab
        client.subscribe(tab.topic)
        self.save(tab)
        return tab

    def _found(self, moved: Tab) -> Tab:
        """The tab, which was kept as one that has dropped, with the latest of it."""
        of_token = self._of_tokens.setdefault(moved.token_hash, set())
        for tab in of_token:
            if tab.id == moved.id:
                tab.person.dropped.remove(tab)
                tab.dropped_at, tab.position = None, moved.position
                tab.names = moved.names
                return tab
        of_token.add(moved)
        return moved

    # Movement

    async def move(self, *moves: tuple[Person, Position]) -> list[str]:
        """People are here now, one after the other: all of them, or none.

        Returns the names of the places. Raises StoreError.
        """
        changes = [tables.update_position(person.id, position) for person, position in moves]
        # Whoever is online will have been here until they go.
        offline = {person.id for person, _ in moves if not person.tabs}
        if offline:
            changes += (tables.touch_user(user_id, self._now()) for user_id in offline)
        await self._store.write(*changes)
        return [self._moved(person, point_at(position)) for person, position in moves]

    def _moved(self, person: Person, point: Point) -> str:
        before = self._building_of(person)
        is_elsewhere = person.point is None or person.point.position != point.position
        building = self._buildings.at(point)
        if person.is_online:
            audience = self._where.move(person, point, building)
            if is_elsewhere:  # their own range has moved as well
                audience.add(person)
            self._movements.tell(audience)
        else:
            person.point = point
            self._was_here(person)
            if person.is_expected:
                self._where.settle(person, building)
        if _id(before) != _id(building):
            self._logs.add("user", person.id, said_moved(before, building))
        return OUTSIDE if building is None else building.name

    async def set_range(self, *ranges: tuple[Person, float]) -> None:
        """Keep people's ranges, in metres: all of them, or none. Raises StoreError."""
        await self._store.write(
            *(tables.update_range(each.id, range_m) for each, range_m in ranges)
        )
        for person, range_m in ranges:
            person.range_m = range_m
            if person.is_online:
                self._where.resize(person)

    async def set_visible(self, *wishes: tuple[Person, bool]) -> None:
        """Keep whether others see people: all of them, or none. Raises StoreError."""
        await self._store.write(
            *(tables.update_visible(each.id, is_visible=is_visible) for each, is_visible in wishes)
        )
        for person, is_visible in wishes:
            if person.is_online:
                self._movements.tell(self._where.show(person, is_visible=is_visible))
            else:
                person.is_visible = is_visible

    # Forgetting

    async def forget_places(self, before: datetime, limit: int) -> int:
        """Forget the last places of those who went before a time, of so many at most.

        Returns of how many. Raises StoreError.
        """
        gone = list(itertools.islice(self._places, limit))
        gone = list(itertools.takewhile(lambda person: person.used_at < before, gone))
        if gone:
            await self._store.write(*(tables.forget_position(person.id) for person in gone))
        for person in gone:
            # Somebody may have come back while this was written.
            if person in self._places and person.used_at < before:
                self._lose_place(person)
        return len(gone)

    def _lose_place(self, person: Person) -> None:
        self._places.pop(person, None)
        person.point = None
        if person.is_expected:
            self._where.settle(person, None)

    async def forget_people(self, ids: Iterable[str]) -> None:
        """Forget people altogether; whoever is expected stays. Raises StoreError."""
        people = [person for person in map(self._people.find, ids) if person is not None]
        gone = [person for person in people if not person.is_expected]
        await self._store.write(
            *(change for each in gone for change in tables.delete_user(each.id))
        )
        for person in gone:
            if not person.is_expected:
                self._places.pop(person, None)
                self._people.drop(person)

    def used(self, person: Person) -> None:
        """Somebody has shown their token: a day is as exactly as that is kept."""
        now = self._now()
        if now - person.used_at < _USED:
            return
        self._logs.save_soon(tables.touch_user(person.id, now))
        if person in self._places:
            self._was_here(person)
        else:
            person.used_at = now

    def _building_of(self, person: Person) -> Building | None:
        return person.building if person.is_expected else self._buildings.at(person.point)

    def _building_changed(self, building: Building) -> None:
        affected = {tab.person for _, tab in self._dropped if tab.person.is_expected}
        affected |= self._where.about(point_at(building.position), building.radius_m)
        affected.update(self._where.expected_in(building.id))
        audience: set[Person] = set()
        for person in affected:
            left, entered = person.building, self._buildings.at(person.point)
            if _id(left) != _id(entered):
                audience |= self._where.resettle(person, entered) | {person}
            elif left != entered:  # the same one, renamed
                self._where.settle(person, entered)
        self._movements.tell(audience)

    # The grace

    def _await_return(self, tab: Tab, dropped_at: datetime) -> None:
        tab.dropped_at = dropped_at
        tab.person.dropped.append(tab)
        self._dropped.append((dropped_at, tab))

    def sweep(self) -> None:
        """Forget the tabs whose grace is over."""
        self.save_unsaved()
        over = self._now() - self._grace
        while self._dropped and self._dropped[0][0] <= over:
            dropped_at, tab = self._dropped.popleft()
            if tab.dropped_at == dropped_at:
                self._forget(tab)

    def _forget(self, tab: Tab) -> None:
        person = tab.person
        if tab in person.dropped:
            person.dropped.remove(tab)
        tab.dropped_at = None
        of_token = self._of_tokens[tab.token_hash]
        of_token.discard(tab)
        if not of_token:
            del self._of_tokens[tab.token_hash]
        changes = [tables.delete_tab(tab.id)]
        if not person.is_expected:
            self._where.depart(person)
            person.last_id = 0
            changes.append(drop(person.box))
        self._logs.save_soon(*changes)

    def _sweep_forever(self) -> None:
        self.sweep()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(_SWEEP_S, self._sweep_forever)

    def save(self, tab: Tab, *changes: Change) -> None:
        """Save a tab soon, and other changes with it; if it fails, again at the next sweep."""
        self._logs.save_soon(tab.change(), *changes, failed=lambda: self._unsaved.add(tab))

    def save_unsaved(self) -> None:
        """Save soon the tabs of which the database does not know the latest."""
        unsaved, self._unsaved = self._unsaved, set()
        for tab in unsaved:
            if tab in self._of_tokens.get(tab.token_hash, ()):
                self.save(tab)


def _ids_of(people: Iterable[Person]) -> list[str]:
    return sorted(person.id for person in people if person.is_visible)


def _id(building: Building | None) -> str | None:
    return None if building is None else building.id
