"""An alert room, in which everybody hears everything."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from websockets.asyncio.client import ClientConnection

from quad.alert.homes import KEY
from tests.cluster.model.letters import Letter, Row, Sent, check_stretch
from tests.cluster.model.lives import Life, Talk, World


class AlertRoom:
    """A room, and everybody in it."""

    def __init__(self, world: World, name: str, people: int) -> None:
        self.world = world
        self.name = name
        self.people = [Listener(self, number) for number in range(1, people + 1)]

    @property
    def lives(self) -> list[Life]:
        return list(self.people)

    def check(self) -> None:
        """What can be told without the database: nothing."""

    async def check_saved(self, connection: AsyncConnection) -> None:
        """What the database says: each was told all of it, in order."""
        acknowledged = {person: person.sent.acknowledged for person in self.people}
        heard = {person: list(person.told) for person in self.people}
        known = {person: person.known for person in self.people}
        found = await connection.execute(
            text("SELECT id, name, text FROM alert_messages WHERE room = :of ORDER BY id"),
            {"of": self.name.casefold()},
        )
        rows = list(found)
        ids = [row.id for row in rows]
        oldest = ids[0] if ids else 0  # a room forgets those before its latest thousand
        for person in self.people:
            own = [Row(row.id, row.text) for row in rows if row.name == person.name.upper()]
            person.sent.check(own, {id for id in acknowledged[person] if id >= oldest})
            told = [id for id in heard[person] if id >= oldest]
            check_stretch(told, ids, person.problem, "alert lines")
            person.check_union(known[person], ids)


class Listener(Life):
    """A display that also speaks."""

    path = "/socket.io/?EIO=4&transport=websocket"

    def __init__(self, room: AlertRoom, number: int) -> None:
        super().__init__(room.world, f"{room.name} person {number}", KEY)
        self.room = room
        self.sent = Sent(self.name, self.problem)
        self.told: list[int] = []
        """Of this connection."""
        self._known: set[int] = set()
        self._is_in = False

    @property
    def known(self) -> set[int]:
        """The ids of all that it was ever shown until now."""
        return set(self._known)

    def check_union(self, known: set[int], ids: list[int]) -> None:
        """Everything between the first and the last line of what it was shown."""
        kept = sorted(id for id in known if id >= ids[0]) if ids else []
        check_stretch(kept, ids, self.problem, "alert lines of all connections")

    async def _visit(self, socket: ClientConnection) -> None:
        await Talk.run(self, socket, self._hear, self._work)

    def _hear(self, event: str, payload: Any) -> None:
        if event != "message":
            return
        id = int(payload["id"])
        if self.told and id <= self.told[-1]:
            if "key" not in payload:  # those may be said once more
                self.problem(f"alert line {id} came after {self.told[-1]}")
            return
        self.told.append(id)
        self._known.add(id)

    async def _work(self, talk: Talk) -> None:
        self.told = []
        payload = {"name": self.name, "room": self.room.name, "headless": True, "protocol": 2}
        await talk.ask_until_taken("joined", payload)
        await self._push(talk)
        while True:
            await asyncio.sleep(self._random.uniform(0.3, 1.2))
            if not self.world.is_quiet:
                self.sent.write(self._random.randint(1, 3), has_key=self._random.random() < 0.7)
                await self._push(talk)

    async def _push(self, talk: Talk) -> None:
        def send(letter: Letter) -> asyncio.Future[Any]:
            payload = {"headless": True, "msg": letter.text}
            if letter.key is not None:
                payload["key"] = letter.key
            return talk.send("text", payload)

        sent_at = time.monotonic()
        while not await self.sent.push(send, talk.answer):
            await asyncio.sleep(0.3)
        self.note_answer(sent_at)
