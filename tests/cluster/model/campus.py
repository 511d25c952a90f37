"""People near each other, who write over HTTP to any node and fetch what their tab has not read."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import httpx
from sqlalchemy.ext.asyncio import AsyncConnection
from websockets.asyncio.client import ClientConnection

from quad.cluster.routes import CAMPUS
from tests.cluster.model.lives import Life, Talk, World

_RETRY_S = 0.3


class Campus:
    """Some people, each of whom writes to all others."""

    def __init__(self, world: World, name: str, people: int) -> None:
        self.world = world
        self.name = name
        self.people = [Walker(self, number) for number in range(1, people + 1)]
        self.are_here = asyncio.Barrier(people)

    @property
    def lives(self) -> list[Life]:
        return list(self.people)

    def check(self) -> None:
        """Nothing came in another order than it was written in; see `Walker.note`."""

    async def check_saved(self, _: AsyncConnection) -> None:
        """What was acknowledged before somebody has fetched everything, they have."""
        for person in self.people:
            for other in self.people:
                if other is not person:
                    person.check(other)


class Walker(Life):
    """A tab, and the person before it."""

    path = "/socket.io/?EIO=4&transport=websocket"

    def __init__(self, campus: Campus, number: int) -> None:
        super().__init__(campus.world, f"{campus.name} person {number}", CAMPUS)
        self.campus = campus
        self.written = 0
        self.acknowledged = 0
        self.refused: set[int] = set()
        self._token = ""
        self._has_entered = False
        self._former_id = ""
        # By the author: what was read, and up to where it had been acknowledged when this tab
        # had read everything; up to where an answer may have been lost on its way.
        self._read: dict[str, list[int]] = {}
        self._due: dict[str, int] = {}
        self._excused: dict[str, int] = {}
        self._http: httpx.AsyncClient

    async def live(self) -> None:
        async with httpx.AsyncClient(timeout=20.0, trust_env=False) as self._http:
            await super().live()

    def check(self, author: Walker) -> None:
        """Everything that is due was read, in its order, and once."""
        read = self._read.get(author.name, [])
        due = self._due.get(author.name, 0)
        excused = self._excused.get(author.name, 0)
        expected = {n for n in range(1, due + 1) if n > excused} - author.refused
        missing = sorted(expected - set(read))
        if missing:
            self.problem(f"has never read {missing[:3]} of {author.name}, who wrote {due}")

    async def _visit(self, socket: ClientConnection) -> None:
        await Talk.run(self, socket, self._hear, self._work)

    def _hear(self, event: str, payload: Any) -> None:
        """What it is told is only that there is something to fetch."""

    async def _work(self, talk: Talk) -> None:
        if not self._token:
            await self._log_in()
        await talk.ask_until_taken("new_client", {"id": self.name, "token": self._token})
        if not self._has_entered:
            self._has_entered = True
            await self.campus.are_here.wait()  # who is not there gets nothing
        if self._former_id:
            # Perhaps nobody has noticed yet that it is lost: then it is another tab.
            await self._fetch(self._former_id)
        self._former_id = talk.engine_id
        while True:
            await self._fetch(talk.engine_id)
            await asyncio.sleep(self._random.uniform(0.4, 1.5))
            if not self.world.is_quiet:
                await self._write()

    async def _log_in(self) -> None:
        answer = await self._post("/nearby", data={"name": self.name})
        self._token = answer.cookies["quad_nearby"] if answer is not None else ""

    async def _write(self) -> None:
        if self.written in {self.acknowledged, *self.refused}:
            self.written += 1
        # Else the last one is in doubt, and is repeated.
        number, sent_at = self.written, time.monotonic()
        body = {
            "id": self.name,
            "token": self._token,
            "users": [other.name for other in self.campus.people if other is not self],
            "message": f"{self.name}/{number}",
            "key": str(number),
        }
        while True:
            answer = await self._post("/API/user/message/send", json=body)
            if answer is not None and answer.status_code == 200:
                self.acknowledged = number
                self.note_answer(sent_at)
                return
            if answer is not None and answer.status_code < 500:
                self.problem(f"message {number} was refused: {answer.text}")
                self.refused.add(number)
                return
            await asyncio.sleep(_RETRY_S)

    async def _fetch(self, tab: str) -> None:
        known = {other.name: other.acknowledged for other in self.campus.people}
        body = {"id": self.name, "token": self._token, "socket_id": tab}
        answer = None
        try:
            answer = await self._post("/API/user/message/receive", json=body)
        finally:  # also if this tab loses its connection, and waits no more
            if answer is None or answer.status_code != 200:
                # What it was may be lost on the way: nobody asks for it twice.
                for other in self.campus.people:
                    self._excused[other.name] = other.written
        if answer is None or answer.status_code != 200:
            return
        for text in answer.json():
            author, _, number = json.loads(text)["message"].partition("/")
            self._note(author, int(number))
        self._due = known if tab == self._former_id else self._due

    def _note(self, author: str, number: int) -> None:
        read = self._read.setdefault(author, [])
        if number in read:
            return  # by another tab
        if read and number < read[-1] and number > self._excused.get(author, 0):
            self.problem(f"{number} of {author} came after {read[-1]}")
        read.append(number)

    async def _post(self, path: str, **content: Any) -> httpx.Response | None:
        node = self.world.pick()
        if node is None:
            return None
        try:
            return await self._http.post(f"http://{node.address}{path}", **content)
        except httpx.HTTPError:
            return None
