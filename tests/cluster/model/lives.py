"""What all real clients do alike: connect, come back after a loss, note what they were shown."""

from __future__ import annotations

import asyncio
import json
import random
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, ClassVar

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from tests.cluster.model.fleet import PING_INTERVAL_S, PING_TIMEOUT_S, Fleet, FleetNode

SILENCE_S = PING_INTERVAL_S + PING_TIMEOUT_S
"""Socket.IO clients give a server up that says nothing for so long."""

ANSWER_S = 60.0
"""An event that was neither answered nor lost with its connection by then never will be."""

_OPEN_S = 5.0


class Lost(Exception):
    """The connection has ended."""


class Declined(Exception):
    """The server has refused an event; in doubt, it cannot say whether it was saved."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.code = str(answer.get("code"))
        sentence = str(answer.get("message", answer.get("detail")))
        self.is_in_doubt = "nobody knows" in sentence
        super().__init__(f"{self.code}: {sentence}")

    @property
    def is_for_now(self) -> bool:
        """Whether it may be tried again."""
        return self.code in {"unavailable", "store_unavailable", "cannot_save"}


class Closing:
    """A connection that has ended, or is about to: who it was, where, when and why."""

    def __init__(self, who: Life, node: FleetNode, why: str) -> None:
        self.who = who.name
        self.node = node.number
        self.keys = frozenset(who.keys)
        self.why = why
        self.at = time.monotonic()

    def __str__(self) -> str:
        return f"{self.who} at node-{self.node} ({', '.join(sorted(self.keys))}): {self.why}"


class World:
    """Where all of them live."""

    def __init__(self, fleet: Fleet, seed: int) -> None:
        self.fleet = fleet
        self.random = random.Random(seed)
        self.problems: list[str] = []
        self.closings: list[Closing] = []
        self.is_quiet = False
        """Nobody says anything new any more."""

    def problem(self, who: str, what: str) -> None:
        """Note what should not be."""
        self.problems.append(f"{who}: {what}")

    def pick(self) -> FleetNode | None:
        """A node for a new connection."""
        nodes = self.fleet.up
        return self.random.choice(nodes) if nodes else None


class Life(ABC):
    """Somebody with a device, connected to one node at a time."""

    path: ClassVar[str]
    returns_after_s = 0.05, 0.4
    """After a loss; some time between."""

    def __init__(self, world: World, name: str, *keys: str) -> None:
        """`keys` are of what the connection has to do with."""
        self.world = world
        self.name = name
        self.keys = set(keys)
        self.answered_at = 0.0
        """When the latest event was sent that was answered."""
        self.visits = 0
        self._socket: ClientConnection | None = None
        self._is_moving = False
        self._random = random.Random(f"{name} {world.random.random()}")

    async def live(self) -> None:
        """Until it is cancelled."""
        while True:
            node = self.world.pick()
            if node is not None:
                with suppress(OSError, WebSocketException, TimeoutError):
                    await self._connect(node)
            await asyncio.sleep(self._random.uniform(*self.returns_after_s))

    def move(self) -> None:
        """Lose the connection, as devices do that change their network."""
        if self._socket is not None:
            self._is_moving = True
            self._socket.transport.abort()

    async def _connect(self, node: FleetNode) -> None:
        async with connect(
            f"ws://{node.address}{self.path}",
            open_timeout=_OPEN_S,
            ping_interval=None,
            close_timeout=0.5,
            max_size=None,
            compression=None,
            proxy=None,
        ) as socket:
            self.visits += 1
            self._socket = socket
            try:
                await self._visit(socket)
            except Lost as lost:
                if not self._is_moving:
                    self.world.closings.append(Closing(self, node, str(lost)))
            finally:
                self._socket, self._is_moving = None, False

    @abstractmethod
    async def _visit(self, socket: ClientConnection) -> None:
        """Be there. Raises Lost."""

    def note_answer(self, sent_at: float) -> None:
        """An event that was sent then was answered."""
        self.answered_at = max(self.answered_at, sent_at)

    def problem(self, what: str) -> None:
        self.world.problem(self.name, what)


class Talk:
    """A Socket.IO connection, over WebSocket and in the namespace."""

    def __init__(
        self, life: Life, socket: ClientConnection, heard: Callable[[str, Any], object]
    ) -> None:
        self._life = life
        self._socket = socket
        self._heard = heard
        self.engine_id = ""
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._outgoing: asyncio.Queue[str] = asyncio.Queue()
        self._last = 0

    @classmethod
    async def run(
        cls,
        life: Life,
        socket: ClientConnection,
        heard: Callable[[str, Any], object],
        work: Callable[[Talk], Coroutine[Any, Any, None]],
    ) -> None:
        """Work until the connection ends. Raises Lost."""
        talk = cls(life, socket, heard)
        await talk._enter()
        try:
            await first_of(talk._read(), talk._write(), work(talk))
        finally:
            talk._lose()

    def send(self, event: str, payload: Any) -> asyncio.Future[Any]:
        """The answer is what was acknowledged; it raises Declined or Lost."""
        self._last += 1
        number = self._last
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        text = f"42{number}{json.dumps([event, payload], separators=(',', ':'))}"
        self._outgoing.put_nowait(text)
        return answer

    async def ask(self, event: str, payload: Any) -> Any:
        """Raises Declined, Lost."""
        sent_at = time.monotonic()
        value = await self.answer(self.send(event, payload))
        self._life.note_answer(sent_at)
        return value

    async def answer(self, future: Awaitable[Any]) -> Any:
        """Raises Declined, Lost."""
        try:
            async with asyncio.timeout(ANSWER_S):
                return await future
        except TimeoutError:
            self._life.problem(f"an event was not answered for {ANSWER_S} s, and nothing closed")
            raise Lost("no answer") from None

    async def ask_until_taken(self, event: str, payload: Any) -> Any:
        """Again and again while it cannot be had now. Raises Declined for good, Lost."""
        while True:
            try:
                return await self.ask(event, payload)
            except Declined as declined:
                if not declined.is_for_now:
                    raise
                await asyncio.sleep(0.3)

    async def _enter(self) -> None:
        try:
            async with asyncio.timeout(SILENCE_S):
                self.engine_id = json.loads(str(await self._socket.recv())[1:])["sid"]
                await self._socket.send("40")
                while not str(await self._socket.recv()).startswith("40"):
                    pass
        except (ConnectionClosed, OSError) as error:
            raise Lost(f"at the beginning: {error}") from None
        except TimeoutError:
            raise Lost("silence at the beginning") from None

    async def _write(self) -> None:
        with suppress(ConnectionClosed, OSError):
            while True:
                await self._socket.send(await self._outgoing.get())
        # What has come before the end is still to be read: whoever reads says that it is the end.
        await asyncio.Event().wait()

    async def _read(self) -> None:
        try:
            while True:
                async with asyncio.timeout(SILENCE_S):
                    text = str(await self._socket.recv())
                self._take(text)
        except (ConnectionClosed, OSError) as error:
            raise Lost(str(error)) from None
        except TimeoutError:
            raise Lost("silence") from None

    def _take(self, text: str) -> None:
        if text == "2":
            self._outgoing.put_nowait("3")
        elif text.startswith("42"):
            name, *args = json.loads(text[2:])
            self._heard(name, args[0] if args else None)
        elif text.startswith("43"):
            begin = text.index("[")
            args = json.loads(text[begin:])
            self._acknowledged(int(text[2:begin]), args[0] if args else None)

    def _acknowledged(self, number: int, value: Any) -> None:
        answer = self._answers.pop(number, None)
        if answer is not None and answer.cancelled():
            return
        if answer is None or answer.done():
            self._life.problem(f"event {number} was answered twice: {value}")
        elif isinstance(value, dict) and "code" in value:
            answer.set_exception(Declined(value))
            answer.exception()  # whoever waits for it may be gone
        else:
            answer.set_result(value)

    def _lose(self) -> None:
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(Lost("with an answer to come"))
                answer.exception()


async def first_of(*works: Coroutine[Any, Any, None]) -> None:
    """Until the first of them ends, in the way in which it does; the others are cancelled."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        await task
