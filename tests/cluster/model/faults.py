"""What is done to the fleet, and who may lose a connection by it."""

from __future__ import annotations

import asyncio
import random
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Final, Literal

from tests.cluster.model.fleet import PING_TIMEOUT_S, Fleet, FleetNode, Homes
from tests.cluster.model.lives import Closing

# A node that was asleep for less keeps its place: others wait for 5 s.
_HARMLESS_S: Final = 4.0
# Nodes are connected again so long after the broker is back.
_RECONNECT_S: Final = 2.0


class Fault(ABC):
    """One disturbance."""

    def __init__(self, fleet: Fleet, homes: Homes, at: FleetNode, chance: random.Random) -> None:
        """`homes` as they are before it, of which `at` may be one."""
        self.fleet = fleet
        self.homes = homes
        self.at = at
        self.chance = chance

    @abstractmethod
    async def happen(self) -> None:
        """Return when everything runs again, though not yet as before."""

    def explains(self, closing: Closing) -> bool:
        """Whether a connection may end because of it."""
        return closing.node == self.at.number or self._has_home(closing.keys)

    def _has_home(self, keys: frozenset[str]) -> bool:
        return any(self.homes.of(key) == self.at.number for key in keys)

    def __str__(self) -> str:
        return f"{type(self).__name__} of {self.at.name}"


class Kill(Fault):
    """kill -9, and another one in its place."""

    async def happen(self) -> None:
        await asyncio.to_thread(self.at.kill)
        await asyncio.sleep(self.chance.uniform(0, 4))
        await asyncio.to_thread(self.at.start)


class Drain(Fault):
    """SIGTERM, as in a rolling restart. What is at home there moves with whoever is connected."""

    async def happen(self) -> None:
        await asyncio.to_thread(self.at.drain)
        await asyncio.to_thread(self.at.start)

    def explains(self, closing: Closing) -> bool:
        return closing.node == self.at.number


class Nap(Fault):
    """SIGSTOP, which others notice, and do nothing about if it is short."""

    duration_s = 2.0

    async def happen(self) -> None:
        began = time.monotonic()
        self.at.sleep()
        await asyncio.sleep(self.duration_s)
        self.at.wake()
        self.duration_s = time.monotonic() - began

    def explains(self, closing: Closing) -> bool:
        return self.duration_s > _HARMLESS_S and super().explains(closing)

    def __str__(self) -> str:
        return f"{super().__str__()} for {self.duration_s:.1f} s"


class Sleep(Nap):
    """Its session is ended, and it joins as another when it wakes."""

    duration_s = 8.0


class LongSleep(Nap):
    """Longer than its clients wait for it."""

    duration_s = 20.0


class BrokerOutage(Fault):
    """The links wait, and nobody is closed whose heartbeats need not cross them meanwhile."""

    lasted_s = 0.0

    async def happen(self) -> None:
        began = time.monotonic()
        self.fleet.broker.kill()
        await asyncio.sleep(self.chance.uniform(0.5, 6))
        await asyncio.to_thread(self.fleet.broker.start)
        self.lasted_s = time.monotonic() - began

    def explains(self, closing: Closing) -> bool:
        # Chats answer the Pings of their home. It waits half as long here as it does by default,
        # where a link is given up before anybody is.
        is_long = self.lasted_s + _RECONNECT_S > PING_TIMEOUT_S
        return is_long and "ping timeout" in closing.why

    def __str__(self) -> str:
        return type(self).__name__


class DatabaseRestart(Fault):
    """All are suspended meanwhile, and nobody is closed."""

    mode: Literal["fast", "immediate"] = "fast"

    async def happen(self) -> None:
        await asyncio.to_thread(self.fleet.database.stop, self.mode)
        await asyncio.sleep(self.chance.uniform(0, 3))
        await asyncio.to_thread(self.fleet.database.start)

    def explains(self, closing: Closing) -> bool:
        return False

    def __str__(self) -> str:
        return f"{type(self).__name__} ({self.mode})"


class DatabaseCrash(DatabaseRestart):
    """As of a power cut."""

    mode = "immediate"


FAULTS: Final[dict[type[Fault], int]] = {
    Kill: 6,
    Drain: 4,
    Nap: 2,
    Sleep: 2,
    LongSleep: 1,
    BrokerOutage: 3,
    DatabaseRestart: 2,
    DatabaseCrash: 2,
}
"""Each with its weight."""

GATE: Final[Sequence[type[Fault]]] = (
    Kill, Nap, Drain, BrokerOutage, DatabaseCrash, Kill, Sleep, Drain, DatabaseRestart, Kill,
)  # fmt: skip


def any_fault(chance: random.Random) -> Callable[[Fleet, Homes, FleetNode, random.Random], Fault]:
    """One of all kinds, by their weights."""
    [kind] = chance.choices(list(FAULTS), list(FAULTS.values()))
    return kind
