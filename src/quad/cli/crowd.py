"""A teacher and a crowd of students, to measure a server with; `quad bench` does."""

import asyncio
import base64
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, Final, cast
from urllib.parse import urlsplit

from quad.cli.connection import Connection, ConnectionLost, Declined, connected
from quad.cli.failures import Failed

PATIENCE_S: Final = 15.0
# At a time: a listening socket has a queue, and that is all there is to wait for.
_ARRIVING: Final = 100


class Student(asyncio.Protocol):
    """Counts what it hears. Far cheaper than a complete client, of which no table needs more."""

    def __init__(self, request: bytes, lesson: "Lesson") -> None:
        self.has_joined: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._request = request
        self._lesson = lesson
        self._buffer = b""
        self._is_open = False
        self._heard = 0
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for a WebSocket."""
        # Those of uvloop are what they should be by their methods alone.
        self._transport = cast(asyncio.WriteTransport, transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Take the frames apart: a server's are neither masked nor, these, fragmented."""
        data = self._buffer + data
        if not self._is_open:
            head, end, data = data.partition(b"\r\n\r\n")
            if not end:
                self._buffer = head
                return
            self._is_open = True
        start = 0
        while len(data) - start >= 4:
            length, begin = data[start + 1], start + 2
            if length == 126:
                length, begin = int.from_bytes(data[start + 2 : start + 4]), start + 4
            if len(data) < begin + length:
                break
            self._take(data[begin : begin + length])
            start = begin + length
        self._buffer = data[start:]

    def connection_lost(self, _error: Exception | None) -> None:
        """Whoever waits for it is told."""
        if not self.has_joined.done():
            self.has_joined.set_exception(ConnectionLost("a student was not let in"))
        self._lesson.failed = "a student's connection has ended"

    def begin(self) -> None:
        """Count from nothing."""
        self._heard = 0

    def say(self, text: str) -> None:
        """Send a short text, masked by zeros."""
        assert self._transport is not None
        self._transport.write(bytes((0x81, 0x80 | len(text))) + bytes(4) + text.encode())

    def close(self) -> None:
        """Leave."""
        if self._transport is not None:
            self._transport.abort()

    def _take(self, text: bytes) -> None:
        if text.startswith(self._lesson.counted):
            self._lesson.hear(self._heard)
            self._heard += 1
        elif text == b"2":
            self.say("3")
        elif text.startswith(b"0"):
            self.say("40")
        elif text.startswith(b"40"):
            self.say(f'42["room/join",{{"room_id":{self._lesson.room}}}]')
        elif text.startswith(b'42["room/join"') and not self.has_joined.done():
            self.has_joined.set_result(None)


class Lesson:
    """A teacher, the students, and what has reached them."""

    def __init__(self, teacher: Connection, room: int) -> None:
        self.room = room
        self.failed = ""
        self.students: list[Student] = []
        self.counted = b"\0"
        self.latencies: list[float] = []
        self._is_free = asyncio.Event()
        self.sent: list[float] = []
        self.complete = 0
        self._teacher = teacher
        self._reached: list[int] = []

    def begin(self, event: str) -> None:
        """Count from nothing what is told by this event."""
        self.counted = f'42["{event}"'.encode()
        self.latencies, self.sent, self._reached, self.complete = [], [], [], 0
        for student in self.students:
            student.begin()

    async def something_complete(self) -> None:
        """Return when one more message has reached everybody. Raises Failed."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._is_free.wait()
        except TimeoutError:
            self.failed = f"a message did not reach everybody in {PATIENCE_S:g} s"
        self._is_free.clear()
        if self.failed:
            raise Failed(f"not measured: {self.failed}; was it started with --limits off?")

    async def tell(self, event: str) -> None:
        """Tell all students."""
        payload: dict[str, Any] = {"room_id": self.room}
        if event == "settings":
            payload["files_to_ignore"] = f"{len(self.sent)}.py"
        self._reached.append(0)
        self.sent.append(time.perf_counter())
        await self._teacher.emit(event, payload)

    def hear(self, number: int) -> None:
        """A student has heard what was told as the so manieth."""
        self.latencies.append(time.perf_counter() - self.sent[number])
        self._reached[number] += 1
        if self._reached[number] == len(self.students):
            self.complete += 1
            self._is_free.set()

    async def listen(self) -> None:
        """Notice what the server declines."""
        async for event in self._teacher:
            if event.name == "error":
                self.failed = str(event.args[0].get("message", "")).removeprefix("Error: ")
                self._is_free.set()


@asynccontextmanager
async def crowd(url: str, connections: int) -> AsyncIterator[Lesson]:
    """A room with so many students, who have all joined. Raises Failed, ConnectionLost."""
    async with connected(url) as teacher:
        try:
            await teacher.ask("room/create", {"name": "Bench", "protocol": 2})
        except Declined as declined:
            raise Failed(f"{url} refuses: {declined.sentence}") from None
        async for event in teacher:
            if event.name == "room/update":
                break
        lesson = Lesson(teacher, event.args[0]["id"])
        listening = asyncio.create_task(lesson.listen())
        try:
            for first in range(0, connections, _ARRIVING):
                await _join(lesson, url, min(_ARRIVING, connections - first))
            yield lesson
        finally:
            listening.cancel()
            for student in lesson.students:
                student.close()
            with suppress(ConnectionLost, Declined):
                await teacher.ask("room/close", {"room_id": lesson.room})


async def _join(lesson: Lesson, url: str, count: int) -> None:
    parts = urlsplit(url)
    key = base64.b64encode(os.urandom(16)).decode()
    request = (
        f"GET {parts.path}/socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n"
        f"Host: {parts.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n"
    ).encode()
    loop = asyncio.get_running_loop()
    port = parts.port or (443 if parts.scheme == "https" else 80)
    is_safe = True if parts.scheme == "https" else None
    students = [Student(request, lesson) for _ in range(count)]
    lesson.students += students
    try:
        async with asyncio.timeout(PATIENCE_S):
            for student in students:
                make = partial(_itself, student)
                await loop.create_connection(make, parts.hostname or "", port, ssl=is_safe)
            await asyncio.gather(*(student.has_joined for student in students))
    except OSError:  # TimeoutError is one
        raise Failed(f"not measured: {count} students were not let in in time") from None


def _itself(student: Student) -> Student:
    return student
