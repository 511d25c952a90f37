"""A class: a teacher and students, who write, send code, hand out tasks, and resume by tokens."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from websockets.asyncio.client import ClientConnection

from tests.cluster.model.letters import Heard, Letter, Row, Sent, check_stretch
from tests.cluster.model.lives import Declined, Life, Lost, Talk, World

_SOCKET = "/socket.io/?EIO=4&transport=websocket"
_PAUSE_S = 0.25, 0.9


class Class:
    """One room, and everybody in it."""

    def __init__(self, world: World, name: str, students: int) -> None:
        self.world = world
        self.name = name
        self.number = 0
        self.is_open = asyncio.Event()
        self.teacher = Teacher(self)
        self.students = [Student(self, number) for number in range(1, students + 1)]
        self.passers = [Passer(self)] if students < 20 else []
        # Tasks by their version, which is their content.
        self.tasks_acknowledged = 0
        self.tasks_refused: set[int] = set()

    @property
    def members(self) -> list[_Member]:
        return [self.teacher, *self.students]

    @property
    def lives(self) -> list[Life]:
        return [*self.members, *self.passers]

    def opened(self, number: int) -> None:
        """The room has its number."""
        self.number = number
        for life in self.lives:
            life.keys.add(f"class/{number}")
        self.is_open.set()

    def problem(self, what: str) -> None:
        self.world.problem(self.name, what)

    def check(self) -> None:
        """All of them have heard the tasks in one order, and none is missing between two."""
        heard = {each for student in self.students for each in student.all_tasks}
        everything = sorted(heard - self.tasks_refused)
        for student in self.students:
            told = [each for each in student.tasks if each not in self.tasks_refused]
            check_stretch(told, everything, student.problem, "tasks")

    async def check_saved(self, connection: AsyncConnection) -> None:
        """What the database says."""
        for passer in self.passers:
            await passer.check_saved(connection)
        for student in self.students:
            code = student.code_acknowledged
            sent, of_teacher = student.sent, self.teacher.sent[student]
            acknowledged = sent.acknowledged | of_teacher.acknowledged
            found = await connection.scalar(
                text("SELECT content FROM classroom_files WHERE student_id = :of"),
                {"of": student.id},
            )
            if not code <= int(found or 0) <= student.code:
                student.problem(f"the code saved is {found}, acknowledged {code}")
            rows = await connection.execute(
                text(
                    "SELECT id, content, sender FROM classroom_messages "
                    "WHERE student_id = :of ORDER BY id"
                ),
                {"of": student.id},
            )
            both = [(row.sender == student.id, Row(row.id, row.content)) for row in rows]
            sent.check([row for is_own, row in both if is_own], acknowledged)
            of_teacher.check([row for is_own, row in both if not is_own], acknowledged)


class _Member(Life):
    path = _SOCKET

    def __init__(self, room: Class, name: str) -> None:
        super().__init__(room.world, name)
        self.room = room
        self.id = 0
        self.token = ""
        self.in_class_at = 0.0
        """When it had entered the last time, and was told the state."""

    async def _visit(self, socket: ClientConnection) -> None:
        await Talk.run(self, socket, self._hear, self._work)

    def _hear(self, event: str, payload: Any) -> None:
        raise NotImplementedError

    async def _work(self, talk: Talk) -> None:
        raise NotImplementedError

    async def _pause(self) -> None:
        await asyncio.sleep(self._random.uniform(*_PAUSE_S))

    async def _push(self, talk: Talk, sent: Sent, event: str, **keys: Any) -> None:
        def send(letter: Letter) -> asyncio.Future[Any]:
            payload = {"room_id": self.room.number, "content": letter.text, **keys}
            if letter.key is not None:
                payload["key"] = letter.key
            return talk.send(event, payload)

        sent_at = time.monotonic()
        while not await sent.push(send, talk.answer):
            await asyncio.sleep(0.3)
        self.note_answer(sent_at)

    async def _ask_history(self, talk: Talk, user_id: int) -> None:
        await talk.ask_until_taken("message/user", {"user_id": user_id})


class Student(_Member):
    """Writes to the teacher, and sends code."""

    def __init__(self, room: Class, number: int) -> None:
        super().__init__(room, f"{room.name} student {number}")
        self.sent = Sent(self.name, self.problem)
        self.heard = Heard(self.problem)
        self.tasks: list[int] = []
        """The versions that this connection was told."""
        self.all_tasks: set[int] = set()
        self.code = 0
        self.code_acknowledged = 0
        self._tasks_before = 0
        self._acknowledged_before: set[int] = set()

    def _hear(self, event: str, payload: Any) -> None:
        if event == "room/join":
            self.id, self.token = payload["user_id"], payload["token"]
        elif event == "message/to_client":
            self.heard.hear(Row(payload["id"], payload["content"]))
        elif event == "message/user":
            self._hear_history(payload["messages"])
        elif event == "steps/all":
            self._hear_tasks(_version(payload))

    def _hear_history(self, messages: list[dict[str, Any]]) -> None:
        rows = [(m["sender"] == self.id, Row(m["id"], m["content"])) for m in messages]
        self.sent.check([row for is_own, row in rows if is_own], self._acknowledged_before)
        self.heard.check([row for is_own, row in rows if not is_own])

    def _hear_tasks(self, version: int) -> None:
        if not self.tasks and version < self._tasks_before:
            self.problem(f"tasks {version} are shown, and {self._tasks_before} were handed out")
        if self.tasks and version <= self.tasks[-1]:
            self.problem(f"tasks {version} came after {self.tasks[-1]}")
        self.tasks.append(version)
        self.all_tasks.add(version)

    async def _work(self, talk: Talk) -> None:
        await self.room.is_open.wait()
        self.heard.begin()
        self.room.check()
        self.tasks = []
        self._tasks_before = self.room.tasks_acknowledged
        await self._enter(talk)
        await self._ask(talk)
        self.in_class_at = time.monotonic()
        await self._push(talk, self.sent, "message/to_mentor")
        await self._send_code(talk, "code_send")
        while True:
            await self._pause()
            if not self.world.is_quiet:
                await self._do_something(talk)
            else:
                await self._ask(talk)

    async def _enter(self, talk: Talk) -> None:
        payload = {"room_id": self.room.number, "protocol": 2}
        if self.token:
            await talk.ask_until_taken(
                "room/rejoin", {**payload, "user_id": self.id, "token": self.token}
            )
        else:
            # Whoever was let in and never heard of it cannot take the name again.
            await talk.ask_until_taken(
                "room/join", {**payload, "name": f"{self.name} {self.visits}"}
            )

    async def _do_something(self, talk: Talk) -> None:
        what = self._random.random()
        if what < 0.2:
            await self._ask(talk)
        elif what < 0.6:
            self.sent.write(self._random.randint(1, 3), has_key=self._random.random() < 0.7)
            await self._push(talk, self.sent, "message/to_mentor")
        else:
            await self._send_code(talk, "code_update")

    async def _ask(self, talk: Talk) -> None:
        self._acknowledged_before = self.sent.acknowledged
        await self._ask_history(talk, self.id)

    async def _send_code(self, talk: Talk, event: str) -> None:
        self.code += 1
        version = self.code
        files = [{"filename": "a.py", "status": "CHANGED", "content": str(version)}]
        try:
            await talk.ask(f"sharing/{event}", {"room_id": self.room.number, "files": files})
            self.code_acknowledged = version
        except Declined as declined:
            if not declined.is_for_now:
                self.problem(f"code was refused: {declined}")


class Passer(_Member):
    """Joins under one name after the other, and leaves again for good."""

    def __init__(self, room: Class) -> None:
        super().__init__(room, f"{room.name} passer")
        self._names = 0
        self._is_leaving = False
        self._left: set[int] = set()

    async def check_saved(self, connection: AsyncConnection) -> None:
        """Whoever was let in is there, and whoever has left is not."""
        is_in = self.id if self.token and not self._is_leaving else 0
        left = set(self._left)
        query = text("SELECT id FROM classroom_participants WHERE room = :of")
        found = await connection.scalars(query, {"of": self.room.number})
        ids = set(found.all())
        # It may have left, and somebody been let in, since the question was asked.
        if is_in and is_in not in ids | self._left and not self._is_leaving:
            self.problem(f"{is_in} was let in, and is not there")
        if left & ids:
            self.problem(f"{sorted(left & ids)} have left, and are there")

    def _hear(self, event: str, payload: Any) -> None:
        if event == "room/join":
            self.id, self.token = payload["user_id"], payload["token"]

    async def _work(self, talk: Talk) -> None:
        await self.room.is_open.wait()
        while True:
            await self._enter(talk)
            await self._pause()
            await self._pause()
            if self.token:
                self._is_leaving = True
                await talk.ask_until_taken("room/leave", {"room_id": self.room.number})
                self._gone()

    async def _enter(self, talk: Talk) -> None:
        payload = {"room_id": self.room.number, "protocol": 2}
        if not self.token:
            self._names += 1
            name = f"{self.name} {self._names}"
            await talk.ask_until_taken("room/join", {**payload, "name": name})
            return
        known = {**payload, "user_id": self.id, "token": self.token}
        try:
            await talk.ask_until_taken("room/rejoin", known)
        except Declined as declined:
            if not self._is_leaving:
                self.problem(f"may not come back: {declined}")
            self._gone()

    def _gone(self) -> None:
        self._left.add(self.id)
        self.token, self._is_leaving = "", False


class Teacher(_Member):
    """Writes to each student, hands out tasks, and sees what they do."""

    def __init__(self, room: Class) -> None:
        super().__init__(room, f"{room.name} teacher")
        self.sent: dict[Student, Sent] = {}
        self.heard: dict[Student, Heard] = {}
        self.code: dict[Student, list[int]] = {}
        self.version = 0
        self._acknowledged_before: set[int] = set()

    def _hear(self, event: str, payload: Any) -> None:
        if event == "room/update" and "token" in payload:
            self.id, self.token = payload["host"], payload["token"]
            if not self.room.number:
                self.room.opened(payload["id"])
        elif event == "message/to_mentor":
            student = self._student(payload["sender"])
            self.heard[student].hear(Row(payload["id"], payload["content"]))
        elif event == "message/user":
            self._hear_history(payload)
        elif event in {"sharing/code_send", "sharing/code_update"}:
            self._hear_code(self._student(payload["user_id"]), int(payload["files"][0]["content"]))

    def _hear_history(self, payload: dict[str, Any]) -> None:
        student = self._student(payload["user_id"])
        rows = [(m["sender"] == self.id, Row(m["id"], m["content"])) for m in payload["messages"]]
        self.sent[student].check([row for is_own, row in rows if is_own], self._acknowledged_before)
        self.heard[student].check([row for is_own, row in rows if not is_own])

    def _hear_code(self, student: Student, version: int) -> None:
        told = self.code[student]
        if told and version <= told[-1]:
            student.problem(f"code {version} came to the teacher after {told[-1]}")
        told.append(version)

    def _student(self, id: int) -> Student:
        for student in self.room.students:
            if student.id == id:
                return student
        raise Lost(f"nobody is {id}")

    async def _work(self, talk: Talk) -> None:
        for student in self.room.students:
            self.sent.setdefault(student, Sent(f"to {student.name}", self.problem))
            self.heard.setdefault(student, Heard(self.problem)).begin()
            self.code[student] = []
        await self._enter(talk)
        self.in_class_at = time.monotonic()
        for student in self._known():
            await self._ask(talk, student)
            await self._write(talk, student)
        while True:
            await self._pause()
            known = self._known()
            if known and self.world.is_quiet:
                await self._ask(talk, self._random.choice(known))
            elif known:
                await self._do_something(talk, self._random.choice(known))

    def _known(self) -> list[Student]:
        return [student for student in self.room.students if student.id]

    async def _enter(self, talk: Talk) -> None:
        if self.token:
            payload = {"room_id": self.room.number, "user_id": self.id, "token": self.token}
            await talk.ask_until_taken("room/rehost", {**payload, "protocol": 2})
        else:
            await talk.ask_until_taken("room/create", {"name": self.name, "protocol": 2})

    async def _do_something(self, talk: Talk, student: Student) -> None:
        what = self._random.random()
        if what < 0.3:
            await self._ask(talk, student)
        elif what < 0.7:
            self.sent[student].write(self._random.randint(1, 3))
            await self._write(talk, student)
        else:
            await self._hand_out(talk)

    async def _write(self, talk: Talk, student: Student) -> None:
        await self._push(talk, self.sent[student], "message/to_client", user_id=student.id)

    async def _ask(self, talk: Talk, student: Student) -> None:
        self._acknowledged_before = self.sent[student].acknowledged
        await self._ask_history(talk, student.id)

    async def _hand_out(self, talk: Talk) -> None:
        self.version += 1
        version = self.version
        content = f"<p>{version}</p>"
        task = {"name": "1", "content": content, "language": "html", "type": "exercise"}
        try:
            await talk.ask("steps/all", [task])
            self.room.tasks_acknowledged = version
        except Declined as declined:
            self.room.tasks_refused.add(version)
            if not declined.is_for_now:
                self.problem(f"tasks were refused: {declined}")


def _version(steps: list[dict[str, Any]]) -> int:
    found = re.search(r"\d+", steps[0]["content"])
    return int(found[0]) if found else 0
