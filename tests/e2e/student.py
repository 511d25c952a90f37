"""A student who is no browser."""

import asyncio
from typing import Any

import socketio

from tests.patience import patience

CODE = "def area(r):\n    return 3.14 * r * r\n\n\nprint(area(1))\n"
WITHIN_S = 10.0


class Student:
    """A student's program: it joins, shares while watched, and says what it is told to say."""

    def __init__(self, url: str, room: int, name: str) -> None:
        self.name = name
        self.room = room
        self.user_id = 0
        self.files = {"main.py": CODE, "lib/shapes.py": "SIDES = 4\n", "README.md": "# Areas\n"}
        self.heard: list[tuple[str, Any]] = []
        self._url = url
        self._client = socketio.AsyncClient(reconnection=False)
        self._client.on("*", self._hear)
        self._news = asyncio.Condition()

    async def enter(self, token: str | None = None) -> None:
        await self._client.connect(self._url, transports=["websocket"], wait_timeout=patience(1))
        request = {"room_id": self.room, "name": self.name, "protocol": 2, "token": token}
        await self._client.emit("room/join", request)
        joined = await self.hears("room/join")
        self.user_id, self.token = joined["user_id"], joined["token"]

    async def edit(self, filename: str, content: str) -> None:
        self.files[filename] = content
        file = {"filename": filename, "status": "CHANGED", "content": content}
        await self._client.emit("sharing/code_update", {"room_id": self.room, "files": [file]})

    async def report(self, **steps: str) -> None:
        statuses = {name.removeprefix("task"): status for name, status in steps.items()}
        await self._client.emit("steps/status/to_mentor", statuses)

    async def say(self, content: str) -> None:
        await self._client.emit("message/to_mentor", {"room_id": self.room, "content": content})

    async def leaves_out(self, *files: dict[str, Any]) -> None:
        report = {"room_id": self.room, "files": files}
        await self._client.emit("sharing/left_out", report)

    async def hears(self, event: str, within_s: float = WITHIN_S) -> Any:
        """The payload of the first such event that was not asked for yet."""
        async with asyncio.timeout(within_s), self._news:
            while True:
                for index, (name, payload) in enumerate(self.heard):
                    if name == event:
                        del self.heard[index]
                        return payload
                await self._news.wait()

    async def leave(self) -> None:
        await self._client.disconnect()

    async def _hear(self, event: str, payload: Any) -> None:
        if event == "sharing/start":
            files = [
                {"filename": name, "status": "CREATED", "content": content}
                for name, content in self.files.items()
            ]
            code = {"room_id": self.room, "files": files}
            await self._client.emit("sharing/code_send", code)
        async with self._news:
            self.heard.append((event, payload))
            self._news.notify_all()
