"""All of nearby moves to another node, with everybody who is connected."""

from collections import deque
from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import Struct

from quad.cluster.routes import CAMPUS
from quad.nearby.events import BUILDINGS
from quad.nearby.homes import SYSTEM
from quad.nearby.movements import Movements, Told
from quad.nearby.people import NAMES, People, Tab
from quad.nearby.presence import Presence
from quad.nearby.running import Running
from quad.realtime import Client, SocketServer


class _Tab(Struct, frozen=True, array_like=True):
    """The tab that a connection is; see `people.Tab`."""

    id: str
    user_id: str
    token_hash: str
    position: int
    names: list[str]
    told: Told


class _Seat(Struct, frozen=True, array_like=True):
    """What a connection is: somebody's tab, or a bot, or both; and whether it shows buildings."""

    tab: _Tab | None
    bot_id: str | None
    hears_buildings: bool


Moved = tuple[str, Client, _Seat]
"""The key, a connection, and its seat."""


class Moving:
    """Gives all up with its seats, and takes up those of another node.

    See `quad.cluster.handover.Rules`.
    """

    def __init__(
        self,
        server: SocketServer,
        people: People,
        presence: Presence,
        movements: Movements,
        running: Running,
    ) -> None:
        self._server: Final = server
        self._people: Final = people
        self._presence: Final = presence
        self._movements: Final = movements
        self._running: Final = running

    def is_at_work(self, _is_meant: Callable[[str], bool]) -> bool:
        """Nothing here takes time but events and requests, which are waited for anyway."""
        return False

    def give_up(self, is_meant: Callable[[str], bool]) -> list[Moved]:
        """Whoever is connected hears nothing of it. Returns their seats."""
        if not is_meant(CAMPUS):
            return []
        tabs = self._presence.seated()
        moved = [
            (CAMPUS, client, self._seat(client, tabs.get(client)))
            for client in {**tabs, **dict.fromkeys(self._running)}
        ]
        for _, client, _ in moved:
            client.unsubscribe(BUILDINGS)
        self._presence.give_up()
        return moved

    async def take_up(self, key: str, client: Client | None, seat: object) -> None:
        """Seat a connection that was here at another node; None: it has left meanwhile."""
        taken = msgspec.convert(seat, _Seat)
        if taken.tab is not None:
            self._take_up_tab(client, taken.tab)
        if client is None or not client.is_open:
            return
        self._server.seat(client, SYSTEM, key)
        if taken.bot_id is not None:
            self._running.begin(client, taken.bot_id)
        if taken.hears_buildings:
            client.subscribe(BUILDINGS)

    def _seat(self, client: Client, tab: Tab | None) -> _Seat:
        kept = None
        if tab is not None:
            told = self._movements.told(tab)
            names = list(tab.names)
            kept = _Tab(tab.id, tab.person.id, tab.token_hash, tab.position, names, told)
        return _Seat(kept, self._running.end(client), BUILDINGS in client.topics)

    def _take_up_tab(self, client: Client | None, moved: _Tab) -> None:
        person = self._people.find(moved.user_id)
        if person is None:
            return
        tab = Tab(moved.id, person, moved.token_hash, moved.position)
        tab.names = deque(moved.names, maxlen=NAMES)
        tab = self._presence.take_up(client, tab)
        if tab.is_connected:
            self._movements.go_on(tab, moved.told)
