"""What programs written for the original server do, with the client library that they use."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import socketio

from quad.settings import ClassroomSettings
from tests.classroom.school import exercise, open_school
from tests.patience import patience

PATIENCE_S = patience(5.0)


class Program:
    """The reference client in Python, which remembers what was said last under each name."""

    def __init__(self) -> None:
        self._latest: dict[str, Any] = {}
        self._arrival = asyncio.Event()
        self._client = socketio.AsyncClient()
        self._client.on("*", self._remember)

    async def _remember(self, event: str, payload: Any) -> None:
        self._latest[event] = payload
        self._arrival.set()

    async def connect(self, url: str) -> None:
        await self._client.connect(url, wait_timeout=patience(1))

    async def emit(self, event: str, payload: object) -> None:
        await self._client.emit(event, payload)

    async def hears(self, event: str, payload: object) -> None:
        """Wait for exactly this."""
        await self.until(event, lambda heard: bool(heard == payload))

    async def until(self, event: str, holds: Callable[[Any], bool] = lambda _: True) -> Any:
        """Wait for an event whose payload is as it should be, and return it."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while event not in self._latest or not holds(self._latest[event]):
                    self._arrival.clear()
                    await self._arrival.wait()
        except TimeoutError:
            pytest.fail(f"{event}: heard last {self._latest.get(event)!r}")
        return self._latest[event]

    def die(self) -> None:
        """Leave the connection open, and nobody behind it."""
        self._transport.pause_reading()

    async def disconnect(self) -> None:
        self._transport.resume_reading()
        await self._client.disconnect()

    @property
    def _transport(self) -> asyncio.Transport:
        transport: asyncio.Transport = self._client.eio.ws._writer.transport
        return transport


class Programs:
    """Connects programs; of earlier ones the connections stay open, as the original tests leave
    them.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._all: list[Program] = []

    async def two(self) -> tuple[Program, Program]:
        for program in self._all:
            program.die()
        pair = Program(), Program()
        for program in pair:
            self._all.append(program)
            await program.connect(self._url)
        return pair

    async def close(self) -> None:
        for program in self._all:
            await program.disconnect()


@pytest.fixture
async def programs(database: Path) -> AsyncIterator[Programs]:
    settings = ClassroomSettings(room_update_interval_ms=20)
    async with open_school(database, settings, has_proxy=False) as school:
        programs = Programs(school.url)
        yield programs
        await programs.close()


def lists(count: int) -> Callable[[Any], bool]:
    """A room update with so many users."""
    return lambda update: len(update["users"]) == count


async def test_a_lesson_over_many_connections(programs: Programs) -> None:
    host, client = await programs.two()
    await host.emit("room/create", {"name": "Teacher"})
    room = await host.until("room/update", lists(1))
    there = {"room_id": room["id"]}
    await client.emit("room/join", {**there, "name": "John", "version": "0.1"})
    joined = await client.until("room/join")
    assert joined == {**there, "user_id": joined["user_id"]}
    await client.until("alerts", lambda alert: alert["type"] == "WARNING")
    await host.until("room/update", lists(2))
    as_host = {**there, "user_id": room["host"]}
    as_client = {**there, "user_id": joined["user_id"]}

    tasks = [exercise(str(number), f"Content {number}") for number in (1, 2, 3)]
    await host.emit("steps/all", tasks)
    await client.hears("steps/all", tasks)

    # New connections take the places of those that are still open.
    host, client = await programs.two()
    await host.emit("room/rehost", as_host)
    await host.hears("steps/load", tasks)
    await client.emit("room/rejoin", as_client)
    await client.hears("room/join", joined)
    await host.until("room/update", lists(2))

    statuses = {"1": "DONE", "2": "DONE", "3": "HELP"}
    await client.emit("steps/status/to_mentor", statuses)
    reported = {"user_id": joined["user_id"], "steps": statuses}
    await host.hears("steps/status/to_mentor", reported)
    review = {"user_id": joined["user_id"], "steps": {"1": "ACCEPTED"}}
    await host.emit("steps/status/to_client", review)
    accepted = {"message": "Task 1 solution accepted!", "type": "SUCCESS"}
    await client.hears("alerts", accepted)
    await client.hears("steps/status/to_client", {"1": "ACCEPTED"})
    await host.emit("steps/status/to_client", {**review, "steps": {"2": "NONE"}})
    declined = {"message": "Task 2 solution declined!", "type": "WARNING"}
    await client.hears("alerts", declined)
    await host.emit("steps/table", {})
    results = {"1": "ACCEPTED", "2": "NONE", "3": "HELP"}
    await host.hears("steps/table", [{"user_id": joined["user_id"], "steps": results}])

    await host.emit("message/to_client", {**as_client, "content": "Hi student"})
    message = await client.until("message/to_client")
    assert message == {
        "sender": room["host"],
        "receiver": joined["user_id"],
        "content": "Hi student",
        "status": None,
        "created_at": message["created_at"],
    }
    await client.emit("message/to_mentor", {**there, "content": "Hi teacher"})
    await host.until("message/to_mentor", lambda said: said["content"] == "Hi teacher")
    await host.emit("message/user", {"user_id": joined["user_id"]})
    history = await host.until("message/user")
    assert [said["content"] for said in history["messages"]] == ["Hi student", "Hi teacher"]

    await host.emit("sharing/start", as_client)
    await client.hears("sharing/start", {})
    files = [{"filename": "main.py", "status": "CREATED", "content": "содержимое main.py"}]
    await client.emit("sharing/code_send", {**as_client, "files": files})
    await host.hears("sharing/code_send", {**as_client, "files": files})
    files = [{"filename": "main.py", "status": "UPDATED", "content": "обновилось"}]
    await client.emit("sharing/code_update", {**as_client, "files": files})
    await host.hears("sharing/code_update", {**as_client, "files": files})
    await host.emit("settings", {"files_to_ignore": "*.class\n.idea/\nREADME.md"})
    settings = {"names": ["README.md"], "dirs": [".idea"], "extensions": ["class"]}
    await client.hears("settings", settings)

    await client.emit("room/leave", there)
    await host.until("room/update", lists(1))
    host, client = await programs.two()
    await host.emit("room/rehost", as_host)
    await client.emit("room/join", {**there, "name": "John", "version": "1.1"})
    await host.until("room/update", lists(2))
    again = await client.until("room/join")
    await host.emit("room/kill", {"user_id": again["user_id"]})
    await host.until("room/update", lists(1))

    host, client = await programs.two()
    await host.emit("room/rehost", as_host)
    await client.emit("room/join", {**there, "name": "John", "version": "1.2.6"})
    await host.until("room/update", lists(2))
    await host.emit("room/close", there)
    await client.hears("room/closed", {"message": "Room closed!"})
