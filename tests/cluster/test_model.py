"""What clients rely on, while nodes are killed, stopped and drained, and broker and database go.

Real processes, real clients (see tests/cluster/model), and faults at random by a seed. After each
one everything heals, and everybody is served again; then all that anybody was shown is compared.
"""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.cluster.model.alerts import AlertRoom
from tests.cluster.model.campus import Campus
from tests.cluster.model.chats import Chat
from tests.cluster.model.classes import Class
from tests.cluster.model.faults import FAULTS, GATE, Fault
from tests.cluster.model.fleet import Fleet, running_fleet
from tests.cluster.model.lives import Life, World
from tests.contract.databases import connected
from tests.patience import patience

pytestmark = [pytest.mark.slow]

SOAK_FAULTS = int(os.environ.get("QUAD_TEST_FAULTS", "200"))
_A_CAST = 20
"""So many faults the same people live through; later ones are others, whose histories are short."""

_MOVE = 0.15
"""So many lose their connection by themselves before each fault."""

_SERVED_S = 30.0
_CALM_S = 0.5


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with running_fleet(tmp_path) as running:
        yield running


@pytest.mark.timeout(1200)
async def test_ten_faults_cost_no_client_anything_that_it_relies_on(fleet: Fleet) -> None:
    await Trial(fleet, seed=20_250).run([GATE])


@pytest.mark.soak
@pytest.mark.timeout(24 * 3600)
async def test_many_faults_cost_no_client_anything_that_it_relies_on(fleet: Fleet) -> None:
    seed = int(os.environ.get("QUAD_TEST_SEED", secrets.randbelow(10**6)))
    print(f"QUAD_TEST_SEED={seed}")
    chance = random.Random(seed)
    kinds = chance.choices(list(FAULTS), list(FAULTS.values()), k=SOAK_FAULTS)
    casts = [kinds[first : first + _A_CAST] for first in range(0, SOAK_FAULTS, _A_CAST)]
    await Trial(fleet, seed).run(casts)


class Trial:
    """One run."""

    def __init__(self, fleet: Fleet, seed: int) -> None:
        self._fleet = fleet
        self._seed = seed
        self._chance = random.Random(seed)
        self._done: list[str] = []
        self._number = 0

    async def run(self, casts: Sequence[Sequence[type[Fault]]]) -> None:
        """Fails with the seed, the latest faults and what differs."""
        await self._fleet.until_ready()
        for number, kinds in enumerate(casts):
            world = World(self._fleet, self._chance.randrange(10**9))
            async with _Cast(world, number).alive() as cast:
                await self._until_served(world, cast)
                for kind in kinds:
                    await self._disturb(world, cast, kind)
                world.is_quiet = True
                await asyncio.sleep(3 * _CALM_S)
                await self._compare(world, cast)

    async def _disturb(self, world: World, cast: _Cast, kind: type[Fault]) -> None:
        for life in cast.lives:
            if self._chance.random() < _MOVE:  # or a node that was away would have nobody
                life.move()
        await self._until_served(world, cast)
        at = self._chance.choice(self._fleet.nodes)
        fault = kind(self._fleet, await self._fleet.homes(), at, self._chance)
        self._unexplained(world, None)
        self._number += 1
        began = time.monotonic()
        await fault.happen()
        self._done.append(f"{self._number}. {fault}")
        try:
            await self._fleet.until_ready()
        except TimeoutError as error:
            self._fail(world, str(error))
        await self._until_served(world, cast)
        closed = len(world.closings)
        self._unexplained(world, fault)
        print(f"{self._done[-1]}: {time.monotonic() - began:.1f} s, {closed} closed", flush=True)
        await asyncio.sleep(_CALM_S)
        self._unexplained(world, None)
        await self._compare(world, cast)

    async def _until_served(self, world: World, cast: _Cast) -> None:
        """Everybody has been answered to something that they have sent since."""
        since = time.monotonic()
        while waiting := [life for life in cast.lives if life.answered_at < since]:
            cast.check_alive()
            if world.problems:
                self._fail(world)
            if time.monotonic() - since > patience(_SERVED_S):
                who = ", ".join(life.name for life in waiting[:5])
                self._fail(world, f"{len(waiting)} are not served again: {who}")
            await asyncio.sleep(0.1)

    def _unexplained(self, world: World, fault: Fault | None) -> None:
        closings, world.closings = world.closings, []
        for closing in closings:
            if fault is None or not fault.explains(closing):
                world.problem("closed without a reason", str(closing))

    async def _compare(self, world: World, cast: _Cast) -> None:
        async with connected(self._fleet.database.url) as connection:
            for group in cast.groups:
                group.check()
                await group.check_saved(connection)
        for node in self._fleet.nodes:
            for line in node.troubles():
                world.problem(node.name, line)
        if world.problems:
            self._fail(world)

    def _fail(self, world: World, why: str = "") -> None:
        for node in self._fleet.nodes:
            node.keep_log()
        differs = [why] if why else []
        differs += world.problems[: 12 - len(differs)]
        pytest.fail(
            f"QUAD_TEST_SEED={self._seed}; logs in {self._fleet.directory}; the latest faults:\n  "
            + "\n  ".join(self._done[-4:])
            + f"\nwhat differs ({len(world.problems)}):\n  "
            + "\n  ".join(differs),
            pytrace=False,
        )


class _Cast:
    """Who lives in a world."""

    def __init__(self, world: World, number: int) -> None:
        self.groups: list[Class | AlertRoom | Chat | Campus] = [
            *(Class(world, f"class {number}{letter}", students=4) for letter in "abc"),
            AlertRoom(world, f"alert {number}", people=5),
            Chat(world, f"chat {number}", members=5),
            Campus(world, f"campus {number}", people=3),
        ]
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def lives(self) -> list[Life]:
        return [life for group in self.groups for life in group.lives]

    @asynccontextmanager
    async def alive(self) -> AsyncIterator[_Cast]:
        self._tasks = [asyncio.create_task(life.live(), name=life.name) for life in self.lives]
        try:
            yield self
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks)

    def check_alive(self) -> None:
        """Raises whatever one of them has died of: a mistake of the test."""
        for task in self._tasks:
            if task.done():
                task.result()
