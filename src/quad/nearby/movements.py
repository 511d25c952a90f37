"""Telling pages that who is near may have changed: at once, but at most twice in any second."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from msgspec import Struct

from quad.nearby.people import Person, Tab
from quad.realtime import SocketServer

_WINDOW_S: Final = 1.0
_TICK_S: Final = 0.1


class Told(Struct, frozen=True, array_like=True):
    """How a tab stands: for how long it was told, the last time and the one before, in seconds;
    and whether it waits to be told again.
    """

    ago_s: tuple[float, float]
    is_waiting: bool


class Movements:
    """`new_movement` for tabs.

    What comes too soon is told once, when it may be: a page then asks for all that has changed
    meanwhile, so nothing is missed.
    """

    def __init__(
        self, server: SocketServer, clock: Callable[[], float], *, is_limited: bool = True
    ) -> None:
        self._server = server
        self._clock = clock
        self._window_s = _WINDOW_S if is_limited else 0.0
        self._waiting: dict[Tab, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def tell(self, people: Iterable[Person]) -> None:
        """Everybody's tabs may ask again."""
        self._tell(tab for person in people for tab in person.tabs)

    def tell_tab(self, tab: Tab) -> None:
        """One tab may ask again."""
        self._tell((tab,))

    def told(self, tab: Tab) -> Told:
        """How a tab stands, for another node that goes on with it."""
        now = self._clock()
        return Told((now - tab.told_at, now - tab.told_before), tab in self._waiting)

    def go_on(self, tab: Tab, told: Told) -> None:
        """Go on with a tab, which is connected, as it stood at another node."""
        now = self._clock()
        tab.told_at, tab.told_before = (now - ago_s for ago_s in told.ago_s)
        if told.is_waiting:
            self._tell((tab,))

    def stop(self) -> None:
        """Nobody is told any more."""
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tell(self, tabs: Iterable[Tab]) -> None:
        now = self._clock()
        since, waiting = now - self._window_s, self._waiting
        for tab in tabs:
            if not tab.is_connected:
                continue
            if tab.told_before > since:
                # Two within the window: the third waits for the first to be that long ago.
                waiting[tab] = None
            else:
                tab.told_before, tab.told_at = tab.told_at, now
                self._server.publish(tab.topic, "new_movement")
        if waiting and self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(_TICK_S, self._tell_waiting)

    def _tell_waiting(self) -> None:
        self._timer = None
        waiting, self._waiting = self._waiting, {}
        self._tell(waiting)
