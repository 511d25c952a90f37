"""A chat over raw WebSockets: at least once, by id."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import suppress
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from quad.cluster.routes import CAMPUS
from tests.cluster.model.letters import Letter, Row, Sent, check_stretch
from tests.cluster.model.lives import Declined, Life, Lost, World, first_of

# These clients hear no heartbeat: they give a server up that does not answer them.
_ANSWER_S = 15.0


class Chat:
    """One chat, and its members."""

    def __init__(self, world: World, name: str, members: int) -> None:
        self.world = world
        self.name = name
        self.members = [Member(self, number) for number in range(1, members + 1)]
        self.is_made = asyncio.Event()

    @property
    def lives(self) -> list[Life]:
        return list(self.members)

    def check(self) -> None:
        """What can be told without the database: nothing."""

    async def check_saved(self, connection: AsyncConnection) -> None:
        """What the database says: each was told all of it, at least once, in order."""
        acknowledged = {member: member.sent.acknowledged for member in self.members}
        heard = {member: list(member.told) for member in self.members}
        known = {member: member.known for member in self.members}
        found = await connection.execute(
            text(
                "SELECT e.id, e.content FROM mailbox_entries e, chat_chats c "
                "WHERE e.box = 'chat/' || to_hex(c.id) AND c.name = :of ORDER BY e.id"
            ),
            {"of": self.name},
        )
        rows = [(row.id, *json.loads(row.content)[:2]) for row in found]
        ids = [id for id, _, _ in rows]
        for member in self.members:
            own = [Row(id, said) for id, phone, said in rows if phone == member.phone]
            member.sent.check(own, acknowledged[member])
            check_stretch(heard[member], ids, member.problem, "chat messages")
            member.check_union(known[member], ids)


class Member(Life):
    """A phone."""

    path = "/chat/ws"

    def __init__(self, chat: Chat, number: int) -> None:
        super().__init__(chat.world, f"{chat.name} member {number}", CAMPUS)
        self.chat = chat
        self.phone = f"{abs(hash_of(chat.name)) % 10_000_000:07}{number:03}"
        self.sent = Sent(self.name, self.problem, int)
        self.told: list[int] = []
        """Of this connection, the state included."""
        self._known: set[int] = set()
        self._token = ""
        self._is_owner = number == 1
        self._is_in = asyncio.Event()
        self._answers: dict[str, asyncio.Future[Any]] = {}
        self._outgoing: asyncio.Queue[str] = asyncio.Queue()

    @property
    def known(self) -> set[int]:
        """The ids of all that it was ever shown until now."""
        return set(self._known)

    def check_union(self, known: set[int], ids: list[int]) -> None:
        """Everything between the first and the last of what it was shown."""
        check_stretch(sorted(known), ids, self.problem, "chat messages of all connections")

    async def _visit(self, socket: ClientConnection) -> None:
        self.told = []
        self._answers, self._outgoing = {}, asyncio.Queue()
        try:
            await first_of(self._read(socket), self._write(socket), self._work())
        finally:
            for answer in self._answers.values():
                if not answer.done():
                    answer.set_exception(Lost("with an answer to come"))
                    answer.exception()

    async def _read(self, socket: ClientConnection) -> None:
        try:
            while True:
                self._take(json.loads(await socket.recv()))
        except (ConnectionClosed, OSError) as error:
            raise Lost(str(error)) from None

    async def _write(self, socket: ClientConnection) -> None:
        try:
            while True:
                await socket.send(await self._outgoing.get())
        except (ConnectionClosed, OSError) as error:
            raise Lost(str(error)) from None

    def _take(self, frame: dict[str, Any]) -> None:
        match frame["type"]:
            case "state":
                self._token = frame.get("token", self._token)
                for of_chat in frame["chats"]:
                    for message in of_chat["messages"]:
                        self._hear(message)
                self._answered("register", None)
            case "message":
                self._hear(frame)
            case "error":
                name = frame.get("key") or frame["operation"]
                self._answered(name, Declined(frame))
            case "new_member":
                self._answered(f"new {frame['user']['phone']}", None)

    def _hear(self, message: dict[str, Any]) -> None:
        id = int(message["id"], 16)
        if "key" in message:
            self._answered(message["key"], id)
        if self.told and id <= self.told[-1]:
            if "key" not in message:  # those may be said once more
                self.problem(f"chat message {id} came after {self.told[-1]}")
            return
        self.told.append(id)
        self._known.add(id)

    def _answered(self, name: str, value: Any) -> None:
        answer = self._answers.pop(name, None)
        if answer is None or answer.done():
            return
        if isinstance(value, Declined):
            answer.set_exception(value)
            answer.exception()
        else:
            answer.set_result(value)

    async def _work(self) -> None:
        await self._ask("register", "register", **self._registration())
        self._is_in.set()
        if not self.chat.is_made.is_set():
            await self._make() if self._is_owner else await self.chat.is_made.wait()
        await self._push()
        while True:
            await asyncio.sleep(self._random.uniform(0.4, 1.5))
            if not self.world.is_quiet:
                self.sent.write(self._random.randint(1, 3))
                await self._push()

    def _registration(self) -> dict[str, Any]:
        known = {"token": self._token} if self._token else {}
        return {"user": {"name": self.name, "phone": self.phone}, "protocol": 2, **known}

    async def _make(self) -> None:
        """Before anything is disturbed."""
        await self._ask(f"new {self.phone}", "create_chat", name=self.chat.name)
        for member in self.chat.members[1:]:
            await member._is_in.wait()
            answer = f"new {member.phone}"
            await self._ask(answer, "add_member", chat=self.chat.name, phone=member.phone)
        self.chat.is_made.set()

    async def _push(self) -> None:
        def send(letter: Letter) -> asyncio.Future[Any]:
            assert letter.key is not None
            values = {"chat": self.chat.name, "message": letter.text, "key": letter.key}
            return self._send(letter.key, "send_message", **values)

        sent_at = time.monotonic()
        while not await self.sent.push(send, self._wait):
            await asyncio.sleep(0.3)
        self.note_answer(sent_at)

    async def _ask(self, answer: str, operation: str, **values: Any) -> None:
        while True:
            with suppress(Declined):
                await self._wait(self._send(answer, operation, **values))
                return
            await asyncio.sleep(0.3)

    def _send(self, answer_name: str, operation: str, **values: Any) -> asyncio.Future[Any]:
        answer = self._answers[answer_name] = asyncio.get_running_loop().create_future()
        self._outgoing.put_nowait(json.dumps({"type": operation, **values}))
        return answer

    async def _wait(self, answer: asyncio.Future[Any]) -> Any:
        try:
            async with asyncio.timeout(_ANSWER_S):
                return await answer
        except TimeoutError:
            raise Lost("silence") from None


def hash_of(name: str) -> int:
    """The same in every process."""
    return int.from_bytes(name.encode()[-6:], "big")
