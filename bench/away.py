"""`python -m bench.away`: a class at one node, its people at others, and what they see of it.

`request` asks for the page of the class; `handover` stops the home (SIGTERM) while all are typing;
`takeover` kills it. Prints one line of JSON.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from itertools import cycle
from statistics import median
from typing import Any

import uvloop

from bench.rig import cpu_s
from quad.cli.connection import Connection, ConnectionLost, Declined, open_connection
from quad.cli.failures import Failed

CURRENT = 2  # the classroom's protocol that has tokens
EVENTS_A_S = 5
WARM_UP_S = 1.0
DURING_S = 2.0
RETRY_S = 0.05
WITHIN_S = 30.0
TEXT = "x" * 56


class AwayFailed(Exception):
    """The class could not be opened, or did not come back."""


@dataclass(frozen=True)
class Answered:
    """One event: when it was sent, and how long its acknowledgement took."""

    sent_at: float
    took_s: float


@dataclass(frozen=True)
class Seat:
    """What somebody comes back with."""

    room: int
    user: int
    token: str

    def claim(self) -> dict[str, Any]:
        """As the server wants it."""
        return {
            "room_id": self.room,
            "user_id": self.user,
            "token": self.token,
            "protocol": CURRENT,
        }


class Member:
    """Somebody with a seat in the class, connected to one of the nodes."""

    def __init__(self, url: str, connection: Connection, seat: Seat, resume: str) -> None:
        self.seat = seat
        self.answered: list[Answered] = []
        self.refused = 0
        self.lost = 0
        self._url = url
        self._resume = resume
        self._connection = connection
        self._serial = 0
        self._asked: set[asyncio.Task[None]] = set()
        self._hearing = asyncio.ensure_future(_hear(connection))

    @property
    def connection(self) -> Connection:
        """The present one."""
        return self._connection

    async def type(self, after_s: float) -> None:
        """Change the file some times a second, whether or not the last change is acknowledged."""
        due = asyncio.get_running_loop().time() + after_s
        while True:
            await asyncio.sleep(due - asyncio.get_running_loop().time())
            due += 1 / EVENTS_A_S
            task = asyncio.ensure_future(self._change())
            self._asked.add(task)
            task.add_done_callback(self._asked.discard)

    async def _change(self) -> None:
        began = time.perf_counter()
        try:
            await self._send()
        except Declined:
            self.refused += 1
        except ConnectionLost:
            self.lost += 1
        else:
            self.answered.append(Answered(began, time.perf_counter() - began))

    async def _send(self) -> None:
        self._serial += 1
        file = {
            "filename": "main.py",
            "status": "CHANGED",
            "content": f"{TEXT}{self._serial:08}",
        }
        await self._connection.ask(
            "sharing/code_update", {"room_id": self.seat.room, "files": [file]}
        )

    async def finish(self) -> None:
        """Return when all is acknowledged, or lost."""
        await asyncio.gather(*self._asked)

    async def come_back(self) -> tuple[float, float]:
        """When the connection has ended, and when the next one had an event acknowledged."""
        await self._connection.wait_closed()
        ended_at = time.perf_counter()
        while not await self._is_back():
            await asyncio.sleep(RETRY_S)
        return ended_at, time.perf_counter()

    async def _is_back(self) -> bool:
        with suppress(Failed, ConnectionLost):  # Declined and Unreachable are failures, too
            await self.leave()
            self._connection = await open_connection(self._url)
            self._hearing = asyncio.ensure_future(_hear(self._connection))
            await self._connection.ask(self._resume, self.seat.claim())
            if self._resume == "room/rejoin":
                await self._send()
            return True
        return False

    async def leave(self) -> None:
        """End the connection; the seat is kept."""
        self._hearing.cancel()
        await self._connection.aclose()


async def _hear(connection: Connection) -> None:
    async for _ in connection:
        """What is said counts for nothing here, but is not to be kept."""


async def open_class(home: str, place: str) -> Member:
    """A class at `home`, whose teacher goes on to `place`."""
    connection = await open_connection(home)
    await connection.ask("room/create", {"name": "Teacher", "protocol": CURRENT})
    room = await _awaited(connection, "room/update")
    await connection.aclose()
    seat = Seat(room["id"], room["host"], room["token"])
    connection = await open_connection(place)
    await connection.ask("room/rehost", seat.claim())
    return Member(place, connection, seat, "room/rehost")


async def join(room: int, number: int, place: str) -> Member:
    """One more student, at this place."""
    connection = await open_connection(place)
    request = {"room_id": room, "name": f"Student {number}", "protocol": CURRENT}
    await connection.ask("room/join", request)
    joined = await _awaited(connection, "room/join")
    await connection.ask("steps/status/to_mentor", {"1": "IN_PROGRESS"})
    return Member(place, connection, Seat(room, joined["user_id"], joined["token"]), "room/rejoin")


async def _awaited(connection: Connection, name: str) -> dict[str, Any]:
    async with asyncio.timeout(WITHIN_S):
        async for event in connection:
            if event.name == name:
                answer: dict[str, Any] = event.args[0]
                return answer
    raise AwayFailed(f"no {name}: the connection has ended")


@asynccontextmanager
async def a_class(
    home: str, places: Sequence[str], students: int
) -> AsyncIterator[tuple[Member, list[Member]]]:
    """The teacher, and the students at the places in turn."""
    teacher = await open_class(home, places[0])
    members = [teacher]
    try:
        for number, place in zip(range(students), cycle(places), strict=False):
            members.append(await join(teacher.seat.room, number, place))
        yield teacher, members[1:]
    finally:
        await asyncio.gather(*(member.leave() for member in members))


# --- what is measured -----------------------------------------------------------------------------


async def measure_request(options: argparse.Namespace) -> dict[str, float]:
    """The page of a class with one student, from the first place."""
    async with a_class(options.home, options.at, 1) as (teacher, _):
        return await asyncio.to_thread(_ask_for_pages, options, f"/roomstats/{teacher.seat.room}")


def _ask_for_pages(options: argparse.Namespace, path: str) -> dict[str, float]:
    connection = HTTPConnection("127.0.0.1", int(options.at[0].rpartition(":")[2]))
    for _ in range(50):
        _get(connection, path)
    nodes = options.edge_pid, options.home_pid
    before, until = [cpu_s(node) for node in nodes], time.perf_counter() + options.seconds
    waits_s = []
    while time.perf_counter() < until:
        waits_s.append(_get(connection, path))
    edge_s, home_s = (cpu_s(node) - was for node, was in zip(nodes, before, strict=True))
    connection.close()
    return {
        "edge_us": edge_s / len(waits_s) * 1e6,
        "home_us": home_s / len(waits_s) * 1e6,
        "p50_ms": median(waits_s) * 1000,
        "p99_ms": quantile(waits_s, 0.99) * 1000,
    }


def _get(connection: HTTPConnection, path: str) -> float:
    began = time.perf_counter()
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200:
        raise AwayFailed(f"{path} answers {answer.status}")
    return time.perf_counter() - began


async def measure_handover(options: argparse.Namespace) -> dict[str, float]:
    """All type; some seconds after, the home is asked to stop."""
    async with a_class(options.home, options.at, options.students) as (_, students):
        typing = _type(students)
        try:
            await asyncio.sleep(WARM_UP_S)
            began = time.perf_counter()
            await asyncio.sleep(options.seconds)
            stopped = time.perf_counter()
            os.kill(options.home_pid, signal.SIGTERM)
            await asyncio.sleep(DURING_S)
        finally:
            for each in typing:
                each.cancel()
        async with asyncio.timeout(WITHIN_S):
            await asyncio.gather(*(student.finish() for student in students))
    return {
        **handover_figures(
            [each for student in students for each in student.answered], began, stopped
        ),
        "refused": sum(student.refused for student in students),
        "ended": sum(student.lost > 0 for student in students),
    }


def _type(students: Sequence[Member]) -> list[asyncio.Future[None]]:
    """All begin, not in step with each other."""
    interval_s = 1 / EVENTS_A_S
    return [
        asyncio.ensure_future(student.type(interval_s * number / len(students)))
        for number, student in enumerate(students)
    ]


def handover_figures(
    answered: Sequence[Answered], began: float, stopped: float
) -> dict[str, float]:
    """What was acknowledged before the home was asked to stop, and what was not."""
    before = [each.took_s for each in answered if began <= each.sent_at < stopped - each.took_s]
    during = [each.took_s for each in answered if each.sent_at + each.took_s >= stopped]
    if not before or not during:
        raise AwayFailed("no event was acknowledged before, or none since")
    return {
        "before_p50_ms": median(before) * 1000,
        "before_p99_ms": quantile(before, 0.99) * 1000,
        "during_p50_ms": median(during) * 1000,
        "during_p99_ms": quantile(during, 0.99) * 1000,
        "longest_ms": max(during) * 1000,
    }


async def measure_takeover(options: argparse.Namespace) -> dict[str, float]:
    """All wait for what happens when the home dies."""
    async with a_class(options.home, options.at, options.students) as (teacher, students):
        killed = time.perf_counter()
        os.kill(options.home_pid, signal.SIGKILL)
        try:
            async with asyncio.timeout(WITHIN_S):
                times = await asyncio.gather(
                    *(member.come_back() for member in (teacher, *students))
                )
        except TimeoutError:
            raise AwayFailed(f"not everybody was back within {WITHIN_S:.0f} s") from None
    resumed = [resumed_at - killed for _, resumed_at in times]
    return {
        "noticed_s": min(ended_at for ended_at, _ in times) - killed,
        "p50_s": median(resumed),
        "p99_s": quantile(resumed, 0.99),
        "longest_s": max(resumed),
    }


def quantile(values: Sequence[float], share: float) -> float:
    """The value that this share of them does not exceed."""
    return sorted(values)[min(int(share * len(values)), len(values) - 1)]


MODES = {
    "request": measure_request,
    "handover": measure_handover,
    "takeover": measure_takeover,
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("mode", choices=MODES)
    parser.add_argument("--home", type=_url, required=True, metavar="PORT")
    parser.add_argument("--at", type=_url, action="append", required=True, metavar="PORT")
    parser.add_argument("--home-pid", type=int, required=True)
    parser.add_argument("--edge-pid", type=int, required=True)
    parser.add_argument("--students", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    options = parser.parse_args()
    try:
        report = uvloop.run(MODES[options.mode](options))
    except (AwayFailed, Failed, ConnectionLost) as failure:
        sys.exit(str(failure))
    print(json.dumps(report))


def _url(port: str) -> str:
    return f"http://127.0.0.1:{port}"


if __name__ == "__main__":
    main()
