"""What the administrator's page is answered, recorded from the server for the page's own tests.

`python -m tests.admin.scenes` writes it anew; a scene is what some routes answer at one moment.
What the machine decides (times, memory, how much was delivered by now) is replaced by numbers of
ours: the page's tests (`ui/src/admin/scenes.ts`) set those that matter.
"""

import json
import re
import shutil
from pathlib import Path
from typing import Any, Final

import httpx
from websockets.asyncio.client import ClientConnection, connect

from tests.admin.test_overview import TASKS, join, open_site, teach
from tests.classroom.school import Peer, enter
from tests.process import ROOT
from tests.scenes import Scenes, write

FILE: Final = ROOT / "ui/src/admin/scenes.json"
ROOM: Final = 123456
MOMENT: Final = "2026-11-20T10:00:00Z"
SPACES: Final = [
    {"id": "b10", "name": "Hall 10", "latitude": 38.737, "longitude": -9.139, "range": 20},
    {"id": "b2", "name": "hall 2", "latitude": 38.74, "longitude": -9.139, "range": 30},
    {"id": 3, "name": "Physics", "latitude": 38.75, "longitude": -9.139, "range": 10},
]
# Of the figures: what is another in each recording, and what stands there instead.
MEASURED: Final[dict[str, Any]] = {
    "version": "1",
    "uptime_s": 10.0,
    "deliveries": 100,
    "memory_bytes": 50_000_000,
    "cpu_seconds": 2.5,
    "loop_lateness_s": 0.002,
    "commits": {"total": 10, "changes": 10, "seconds": 0.5, "failed": 0},
}
_DATE = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.\d]*Z?")


class Recorder:
    """The administrator, who has logged in, and what they are answered."""

    def __init__(self, browser: httpx.AsyncClient, scenes: Scenes) -> None:
        self.browser = browser
        self.room = 0
        self._scenes = scenes

    async def scene(self, name: str, *questions: str) -> None:
        """What these answer now: paths, with method and body if they are more than questions."""
        self._scenes[name] = [await self._answered(question) for question in questions]

    async def figures(self, name: str) -> None:
        """The server's figures, of which our own numbers stand for what is measured."""
        await self.scene(name, "/API/admin/figures")
        said = self._scenes[name][0]["said"]
        assert all(type(said[key]) is type(value) for key, value in MEASURED.items())
        said |= MEASURED
        said["events"]["seconds"] = 0.5

    async def _answered(self, question: str) -> dict[str, Any]:
        method, path, body = question.split(" ", 2) if " " in question else ("GET", question, "")
        headers = {"Content-Type": "application/json"} if body else {}
        answer = await self.browser.request(method, path, content=body, headers=headers)
        text = _DATE.sub(MOMENT, answer.text)
        text = re.sub(rf"\b{self.room}\b", str(ROOM), text) if self.room else text
        return {"asked": f"{method} {path}", "status": answer.status_code, "said": json.loads(text)}


async def beginning(record: Recorder) -> None:
    load = json.dumps({"containedSpaces": SPACES})
    await record.scene("a campus is loaded", f"POST /API/admin/buildings/load {load}")
    bots = [await _bot(record.browser, name) for name in ("canteen", "lamp")]
    assert all(bots)
    authorise = json.dumps({"id": "canteen", "state": True})
    await record.scene(
        "a bot is authorised",
        f"POST /API/admin/bots/update/auth {authorise}",
        "/API/admin/bots/show",
    )


async def _bot(browser: httpx.AsyncClient, name: str) -> str:
    answer = await browser.post("/API/bot/register", json={"id": name, "b_id": "b2"})
    return str(answer.json()["pass"])


async def working(record: Recorder) -> None:
    url = str(record.browser.base_url)
    ada, record.room = await teach(url, "Ada")
    await ada.emit("steps/all", TASKS)
    bob = await join(url, record.room, "Bob")
    visitor = await _visitor(url)
    ben = await enter(url)
    await ben.call("joined", {"name": "ben", "room": "Hall", "protocol": 2})
    ann = await _phone(url)
    await record.scene(
        "a day at school",
        "/API/admin/buildings/show/all",
        "/API/admin/users/count",
        "/API/admin/users/find?limit=50",
        "/API/admin/users/find?search=x&offset=50&limit=50",
        "/API/admin/users/show/building/b10",
        "/API/admin/logs/show/user/vis",
        "/API/admin/classes/show?offset=0&limit=50",
        "/API/admin/rooms/show",
        "/API/admin/chats/show",
        "/API/admin/chats/find?limit=50",
    )
    await record.figures("its figures")
    for peer in (ada, bob, visitor, ben, ann):
        await peer.close()


async def _visitor(url: str) -> Peer:
    """Somebody in the first building."""
    async with httpx.AsyncClient(base_url=url) as guest:
        token = (await guest.post("/nearby", data={"name": "vis"})).cookies["quad_nearby"]
        peer = await enter(url)
        await peer.call("new_client", {"id": "vis", "token": token})
        place = {"id": "vis", "token": token, "latitude": 38.737, "longitude": -9.139}
        assert (await guest.post("/API/user/update/coordinates", json=place)).text == "Hall 10"
        return peer


async def _phone(url: str) -> ClientConnection:
    """Ann, in a chat of her own."""
    phone = await connect(url.replace("http", "ws") + "/chat/ws")
    for frame in (
        {"type": "register", "user": {"name": "Ann", "phone": "+351911"}},
        {"type": "create_chat", "name": "Team"},
    ):
        await phone.send(json.dumps(frame))
        await phone.recv()
    return phone


async def ending(record: Recorder) -> None:
    await record.scene("nothing is there", "/API/admin/logs/show/building/none")
    await record.scene("the day before its first minute", "/API/admin/figures/day")
    record.browser.cookies.clear()
    await record.scene("the session is over", "/API/admin/figures", "/admin/session")


async def record(empty_database: Path, directory: Path) -> Scenes:
    """All scenes, on one whole server."""
    scenes: Scenes = {}
    shutil.copy(empty_database, directory / "quad.sqlite3")
    async with open_site(directory) as browser:
        recorder = Recorder(browser, scenes)
        for play in (beginning, working, ending):
            await play(recorder)
    return scenes


if __name__ == "__main__":
    write(record, FILE)
