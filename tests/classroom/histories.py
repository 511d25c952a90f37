"""Histories, recorded from the server for the tests of the page that plays them back.

`python -m tests.classroom.histories` writes them anew. Beside the lines that the server gives out
stands what the project was after each change that was sent.
"""

import json
import shutil
from pathlib import Path
from typing import Any, Final

from quad.classroom.state import Participant
from quad.settings import ClassroomSettings
from tests.classroom.school import Peer, School, code, exercise, open_school, until
from tests.classroom.scribbling import Project, Scribbler
from tests.process import ROOT
from tests.scenes import Scenes, write

FILE: Final = ROOT / "ui/src/replay/scenes.json"
RUN: Final = {"run": "r1", "filename": "main.py", "ms": 10}
ERROR: Final = {"kind": "NameError", "message": "name 'x' is not defined", "line": 3}
# Longer than what anybody types at once.
PASTED: Final = "def area(r):\n    return 3.14 * r * r\n\n\n" * 4


class Author:
    """A student who writes, and whose history is read."""

    def __init__(self, school: School, peer: Peer, joined: dict[str, Any]) -> None:
        self._school = school
        self._peer = peer
        self._joined = joined
        self._scribbler = Scribbler(7)
        self.sent: list[Project] = []

    async def send(self, *files: dict[str, str], is_tree: bool = False, **more: object) -> None:
        event = "sharing/code_send" if is_tree else "sharing/code_update"
        payload = {"room_id": self._joined["room_id"], "files": files, "is_recorded": True, **more}
        assert await self._peer.call(event, payload) == [{}]
        self._school.clock.seconds += 2

    async def scribble(self, times: int) -> None:
        for _ in range(times):
            await self.send(*self._scribbler.change())
            self.sent.append(dict(self._scribbler.files))

    async def report(self, event: str, **payload: object) -> None:
        assert await self._peer.call(event, payload) == [{}]
        self._school.clock.seconds += 1

    async def lines(self, after: int = 0) -> list[Any]:
        body = await self._school.service.reading.lines(await self._student(), after)
        return [json.loads(line) for line in body.splitlines()]

    async def pack(self) -> None:
        student = await self._student()
        self._school.service.packing.begin(student)
        await until(lambda: not student.room.traces[student.id].is_packing)

    async def _student(self) -> Participant:
        room = await self._school.service.rooms.find(self._joined["room_id"])
        return room.students[self._joined["user_id"]]


async def author(school: School) -> tuple[Peer, Author]:
    teacher, room = await school.teacher(protocol=3)
    await teacher.call("steps/all", [exercise("1", "x")])
    peer, joined = await school.student(room["id"], "Ann", protocol=3)
    return teacher, Author(school, peer, joined)


async def written(school: School) -> Scenes:
    """Files that come, change and go, astral characters among them."""
    _, ann = await author(school)
    await ann.scribble(300)
    await ann.pack()
    await ann.scribble(40)
    lines = await ann.lines()
    middle = lines[len(lines) // 2]["seq"]
    later = await ann.lines(middle)
    return {"written": lines, "written, later": later, "sent": ann.sent[9::10]}


async def happened(school: School) -> Scenes:
    """One of each that is marked, and a file that is renamed."""
    teacher, ann = await author(school)
    await ann.send(code("main.py", "print(x)\n"), code("notes.txt", ""), is_tree=True)
    await ann.report("run/report", **RUN, state="failed", error=ERROR)
    await ann.send(code("main.py", PASTED), pasted=True)
    await ann.report("help/ask", task="1")
    await ann.report("help/cancel")
    await ann.report("checks/report", task="1", rev=1, passed=["a"], failed=[
        {"name": "b", "why": "2 s"}
    ])  # fmt: skip
    school.clock.seconds += 3_600
    await ann.report("run/report", **{**RUN, "run": "r2"}, state="ended")
    await ann.report("tasks/report", statuses={"1": "DONE"})
    await ann.send(code("area.py", PASTED), is_tree=True)
    await teacher.take()
    return {"happened": await ann.lines()}


async def thinned(school: School) -> Scenes:
    """So long that its oldest part has one state a minute."""
    _, ann = await author(school)
    for _ in range(6):
        for _ in range(4):
            school.clock.seconds += 20
            await ann.scribble(10)
        await ann.pack()
    return {"thinned": await ann.lines(), "thinned, sent": ann.sent[-1:]}


async def record(empty_database: Path, directory: Path) -> Scenes:
    """Each on a server of its own."""
    scenes: Scenes = {}
    for play, limit_bytes in ((written, 4_000_000), (happened, 4_000_000), (thinned, 2_000)):
        database = Path(shutil.copy(empty_database, directory / f"{play.__name__}.sqlite3"))
        settings = ClassroomSettings(history_limit_bytes=limit_bytes)
        async with open_school(database, settings) as school:
            scenes.update(await play(school))
    return scenes


if __name__ == "__main__":
    write(record, FILE)
