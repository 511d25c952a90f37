"""A node is killed while a class of sixty is held: everybody is in class again within seconds."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.cluster.model.alerts import AlertRoom
from tests.cluster.model.chats import Chat
from tests.cluster.model.classes import Class
from tests.cluster.model.fleet import Fleet, FleetNode, running_fleet
from tests.cluster.model.lives import Life, World
from tests.contract.databases import connected
from tests.patience import SLOWNESS, patience

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

STUDENTS = 59
# As many times as long as this machine is slower; the least that `patience` adds is for margins.
AGAIN_WITHIN_S = 5.0 * max(1.0, SLOWNESS / 4)


class Placed(World):
    """Whoever connects is told one of these nodes, if it lives."""

    def __init__(self, fleet: Fleet, *nodes: FleetNode) -> None:
        super().__init__(fleet, seed=1)
        self.nodes = nodes

    def pick(self) -> FleetNode | None:
        nodes = [node for node in self.nodes if node.is_up]
        return self.random.choice(nodes) if nodes else None


class Watch:
    """What the nodes that stay say of themselves meanwhile."""

    def __init__(self, nodes: list[FleetNode]) -> None:
        self.said: Counter[tuple[str, str, int]] = Counter()
        self.metrics = ""
        self._nodes = nodes

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        asking = asyncio.create_task(self._ask())
        try:
            yield
        finally:
            asking.cancel()
            await asyncio.wait([asking])

    async def _ask(self) -> None:
        async with httpx.AsyncClient(timeout=patience(5), trust_env=False) as http:
            while True:
                for node in self._nodes:
                    for page in ("ready", "metrics"):
                        answer = await http.get(f"http://{node.address}/{page}")
                        self.said[node.name, page, answer.status_code] += 1
                        if page == "metrics":
                            self.metrics = answer.text
                await asyncio.sleep(0.1)


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with running_fleet(tmp_path_factory.mktemp("fleet")) as running:
        yield running


@asynccontextmanager
async def alive(*lives: Life) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(life.live()) for life in lives]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def until_in_class(room: Class, since: float, members: list[Life] | None = None) -> float:
    """How long the slowest but one of a hundred has taken."""
    waiting = [m for m in room.members if members is None or m in members]
    async with asyncio.timeout(patience(30)):
        while any(member.in_class_at <= since for member in waiting):
            await asyncio.sleep(0.02)
    took_s = sorted(member.in_class_at - since for member in waiting)
    return took_s[int(0.99 * (len(took_s) - 1))]


async def opened(fleet: Fleet, world: Placed, name: str) -> tuple[Class, FleetNode]:
    """A class, and the node where it is at home; nobody is connected to it yet."""
    await fleet.until_ready()
    room = Class(world, name, STUDENTS)
    async with alive(room.teacher):
        async with asyncio.timeout(patience(10)):
            await room.is_open.wait()
    homes = await fleet.homes()
    return room, fleet.node(homes.of(f"class/{room.number}"))


async def check(fleet: Fleet, room: Class) -> None:
    """Nobody misses anything."""
    room.check()
    async with connected(fleet.database.url) as connection:
        await room.check_saved(connection)
    assert room.world.problems == []


def takeovers(metrics: str) -> float:
    return sum(map(float, re.findall(r"^quad_takeovers_total\{.*\} (.+)$", metrics, re.MULTILINE)))


async def test_a_class_whose_home_dies_is_held_again_within_five_seconds(fleet: Fleet) -> None:
    world = Placed(fleet, *fleet.nodes)
    room, home = await opened(fleet, world, "orphans")
    others = [node for node in fleet.nodes if node is not home]
    world.nodes = tuple(others)
    watch = Watch(others)
    async with alive(*room.lives):
        await until_in_class(room, 0.0)
        assert (await fleet.homes()).of(f"class/{room.number}") == home.number
        world.closings.clear()
        async with watch.watching():
            await asyncio.sleep(0.5)
            killed_at = time.monotonic()
            await asyncio.to_thread(home.kill)
            took_s = await until_in_class(room, killed_at)
        print(f"in class again after {took_s:.2f} s; {len(world.closings)} were closed")
        await asyncio.sleep(1.0)
    assert took_s < AGAIN_WITHIN_S
    assert {closing.node for closing in world.closings} == {node.number for node in others}
    assert len(world.closings) == len(room.members)  # each once
    assert {status for _, _, status in watch.said} == {200}
    assert takeovers(watch.metrics) == 1
    await check(fleet, room)
    await asyncio.to_thread(home.start)


async def test_whoever_comes_back_while_the_home_still_ends_is_sent_away_once_more(
    tmp_path: Path,
) -> None:
    with running_fleet(tmp_path, count=2) as fleet:
        await fleet.until_ready()
        ending, other = fleet.nodes  # the first has all that does not move with its people
        world = Placed(fleet, other)
        room = AlertRoom(world, "impatient", people=5)
        # Before alert moves, these are closed over a second, in which those come back.
        chat = Chat(world, "slow to close", members=5)
        for life in room.people:
            life.returns_after_s = 0.0, 0.05
        async with alive(*room.lives, *chat.lives):
            async with asyncio.timeout(patience(20)):
                while not all(life.answered_at for life in (*room.lives, *chat.lives)):
                    await asyncio.sleep(0.02)
            await asyncio.to_thread(ending.drain)
            ended_at = time.monotonic()
            async with asyncio.timeout(patience(20)):
                while min(life.answered_at for life in room.lives) < ended_at:
                    assert world.problems == []
                    await asyncio.sleep(0.02)
        async with connected(fleet.database.url) as connection:
            await room.check_saved(connection)
        assert world.problems == []


async def test_a_node_that_was_home_of_nothing_costs_only_those_who_were_connected_to_it(
    fleet: Fleet,
) -> None:
    world = Placed(fleet, *fleet.nodes)
    room, home = await opened(fleet, world, "neighbours")
    dying, other = (node for node in fleet.nodes if node is not home)
    watch = Watch([home, other])
    async with alive(*room.lives):
        await until_in_class(room, 0.0)
        homes = await fleet.homes()
        assert homes.of(f"class/{room.number}") == home.number
        world.closings.clear()
        async with watch.watching():
            killed_at = time.monotonic()
            await asyncio.to_thread(dying.kill)
            async with asyncio.timeout(patience(10)):
                while not world.closings:
                    await asyncio.sleep(0.01)
            await asyncio.sleep(0.5)
            closed = {closing.who for closing in world.closings}
            there = [member for member in room.members if member.name in closed]
            took_s = await until_in_class(room, killed_at, [*there])
            await asyncio.sleep(5.0)  # until the others have shared its shards
        print(f"in class again after {took_s:.2f} s; {len(world.closings)} were closed")
    assert took_s < AGAIN_WITHIN_S
    assert {closing.node for closing in world.closings} == {dying.number}
    assert 0 < len(world.closings) == len(closed) < len(room.members)
    assert {status for _, _, status in watch.said} == {200}
    await check(fleet, room)
    await asyncio.to_thread(dying.start)
