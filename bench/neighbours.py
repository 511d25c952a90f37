"""`python -m bench.neighbours`: people online on a square of land, who ask around and move.

Prints one line of JSON. With `--everyone` the same questions are answered by the geodesic to
everybody, as one array. People are as close to each other however many they are.
"""

import argparse
import asyncio
import json
import math
import random
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import median
from typing import Any, cast

import numpy
import uvloop
from pyproj import Geod

from quad.identity.system import Identity
from quad.nearby import NearbySystem
from quad.nearby.model import Building, Position
from quad.realtime import Client, SocketServer
from quad.settings import IdentitySettings, Settings
from quad.store import Mailbox, Store, migrate

PEOPLE_A_KM2 = 1000
RADIUS_M = 200.0
QUESTIONS = 300
MOVES = 4000
AT_ONCE = 64
STEP_DEGREES = 0.000_3  # some thirty metres
SOUTH, WEST = 38.5, -9.3
DEGREES_A_KM = 0.01


class Land:
    """A square in which everybody is, a thousand people to each square kilometre."""

    def __init__(self, people: int) -> None:
        self._random = random.Random(1)
        self._side = math.ceil((people / PEOPLE_A_KM2) ** 0.5)

    def anywhere(self) -> Position:
        """Somewhere in the square."""
        return self._within(0, 0, self._side)

    def home(self, number: int) -> Position:
        """Somewhere in the square kilometre of this person."""
        row, column = divmod(number // PEOPLE_A_KM2, self._side)
        return self._within(row, column, 1)

    def _within(self, row: int, column: int, side: int) -> Position:
        south = SOUTH + DEGREES_A_KM * (row + self._share() * side)
        west = WEST + DEGREES_A_KM * (column + self._share() * side)
        return Position(south, west)

    def beside(self, position: Position) -> Position:
        step = STEP_DEGREES * (self._share() - 0.5)
        return Position(position.latitude + step, position.longitude - step)

    def _share(self) -> float:
        return self._random.random()


class Silent:
    """A connection that only counts what it is told."""

    told = 0

    def __init__(self, number: int) -> None:
        self.id = self.engine_id = str(number)

    def emit(self, _event: str, *_args: object) -> None:
        Silent.told += 1


@asynccontextmanager
async def campus(people: int, land: Land) -> AsyncIterator[NearbySystem]:
    """Nearby on a database of its own, with everybody online."""
    with tempfile.TemporaryDirectory(prefix="quad-bench-") as directory:
        url = f"sqlite+aiosqlite:///{Path(directory) / 'quad.sqlite3'}"
        await migrate(url)
        store = await Store.open(url)
        settings = Settings(identity=IdentitySettings(login="guest"))
        identity = Identity(store, settings.identity, settings.server)
        mailbox = await Mailbox.open(store)
        nearby = NearbySystem(SocketServer(), store, mailbox, settings, identity)
        await nearby.start()
        for number in range(people // PEOPLE_A_KM2 + 1):
            place = Building(str(number), f"House {number}", land.anywhere(), 50.0)
            await nearby.buildings.put(place)
        for first in range(0, people, 1000):
            numbers = range(first, min(first + 1000, people))
            await asyncio.gather(*(settle(nearby, number, land) for number in numbers))
        try:
            yield nearby
        finally:
            await nearby.aclose()
            await store.aclose()


async def settle(nearby: NearbySystem, number: int, land: Land) -> None:
    person = await nearby.people.ensure(f"p{number}")
    await nearby.presence.move((person, land.home(number)))
    nearby.presence.enter(cast(Client, Silent(number)), person, "token")


async def measure_ours(people: int) -> dict[str, Any]:
    land = Land(people)
    async with campus(people, land) as nearby:
        asker = nearby.people.get("p0")
        questions, found = [], 0
        for _ in range(QUESTIONS):
            position = land.anywhere()
            began = time.perf_counter()
            found += len(nearby.presence.others_within(asker, RADIUS_M, position))
            questions.append(time.perf_counter() - began)
        # The thousand of one square kilometre move, however many there are elsewhere.
        Silent.told, began = 0, time.process_time()
        for first in range(0, MOVES, AT_ONCE):
            await asyncio.gather(
                *(walk(nearby, n % PEOPLE_A_KM2, land) for n in range(first, first + AT_ONCE))
            )
        move_s = (time.process_time() - began) / MOVES
    return {
        "query_ms": median(questions) * 1e3,
        "found": found / QUESTIONS,
        "move_cpu_us": move_s * 1e6,
        "told": Silent.told / MOVES,
    }


async def walk(nearby: NearbySystem, number: int, land: Land) -> None:
    person = nearby.people.get(f"p{number}")
    assert person.point is not None
    await nearby.presence.move((person, land.beside(person.point.position)))


def measure_everyone(people: int) -> dict[str, Any]:
    """The geodesic to everybody, for each question."""
    land, geod = Land(people), Geod(ellps="WGS84")
    positions = [land.anywhere() for _ in range(people)]
    latitudes = numpy.array([each.latitude for each in positions])
    longitudes = numpy.array([each.longitude for each in positions])
    questions, found = [], 0
    for _ in range(QUESTIONS // 10):
        here = land.anywhere()
        began = time.perf_counter()
        from_latitudes = numpy.full(people, here.latitude)
        from_longitudes = numpy.full(people, here.longitude)
        _, _, lengths_m = geod.inv(from_longitudes, from_latitudes, longitudes, latitudes)
        found += len(numpy.flatnonzero(lengths_m <= RADIUS_M))
        questions.append(time.perf_counter() - began)
    return {"query_ms": median(questions) * 1e3, "found": found / len(questions)}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, required=True)
    parser.add_argument("--everyone", action="store_true", help="without an index")
    options = parser.parse_args()
    if options.everyone:
        report = measure_everyone(options.people)
    else:
        report = uvloop.run(measure_ours(options.people))
    print(json.dumps(report))


if __name__ == "__main__":
    main()
