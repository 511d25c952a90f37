"""A teacher and students who share folders with a real server."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

from quad.cli.share.answers import Answer
from quad.cli.share.commands import Commands
from quad.cli.share.folder import Folder
from quad.cli.share.lesson import Lesson, Note
from quad.cli.share.memory import Memories
from quad.cli.share.place import Place
from quad.cli.share.visit import Visit
from quad.cli.share.watching import Report
from tests.classroom.school import Peer, enter
from tests.patience import patience

PATIENCE_S = patience(8.0)
# Faster than students are; one test holds the real pace.
PACE_S = 0.15


class Teacher:
    """A room, and who opened it."""

    def __init__(self, peer: Peer, url: str, opened: dict[str, Any]) -> None:
        self.peer = peer
        self.url = url
        self.room: int = opened["id"]
        self.user_id: int = opened["host"]
        self.token: str = opened["token"]
        # What the teacher sees of the folder of the student who is watched.
        self.tree: dict[str, str] = {}

    @property
    def place(self) -> Place:
        return Place(self.url, self.room)

    async def emit(self, event: str, **payload: object) -> None:
        await self.peer.emit(event, {"room_id": self.room, **payload})

    async def expect_student(self, name: str) -> int:
        """The id of a student, when the list shows one of that name online."""
        while True:
            users = (await self.peer.expect("room/update"))["users"]
            for user in users:
                if user["name"] == name:
                    return int(user["id"])

    async def watch(self, user_id: int) -> None:
        """Begin to watch; returns when the whole tree has arrived."""
        await self.emit("sharing/start", user_id=user_id)
        await self.see("sharing/code_send")

    async def see(self, event: str = "sharing/code_update") -> list[tuple[str, str]]:
        """The next files: their names and statuses; `tree` has the contents."""
        files = (await self.peer.expect(event))["files"]
        if event == "sharing/code_send":
            self.tree = {}
        for file in files:
            if file["status"] == "REMOVED":
                del self.tree[file["filename"]]
            else:
                is_known = file["filename"] in self.tree
                assert file["status"] == ("CHANGED" if is_known else "CREATED")
                self.tree[file["filename"]] = file["content"]
        return [(file["filename"], file["status"]) for file in files]

    async def see_until(self, condition: Callable[[dict[str, str]], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition(self.tree):
                await self.see()

    def updates_heard(self) -> int:
        return sum(event.startswith("sharing/code") for event, _ in self.peer.heard)


class Desk:
    """Records what a student would see; `wait` for it."""

    def __init__(self) -> None:
        self.lesson = Lesson(room=0, name="")
        self.notes: list[str] = []
        self.reports: list[Report] = []
        self.changed = asyncio.Event()

    def show(self, lesson: Lesson, notes: Sequence[Note]) -> None:
        self.lesson = lesson
        self.notes += [note.text for note in notes]
        self.changed.set()

    def shared(self, report: Report) -> None:
        self.reports.append(report)
        self.changed.set()

    async def wait(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                self.changed.clear()
                await self.changed.wait()


class Student:
    """A visit that is under way."""

    def __init__(
        self, visit: Visit, folder: Folder, desk: Desk, staying: asyncio.Task[str]
    ) -> None:
        self.visit = visit
        self._commands = Commands(visit, folder)
        self.desk = desk
        self.staying = staying

    @property
    def user_id(self) -> int:
        return self.desk.lesson.user_id

    async def type(self, line: str) -> Answer:
        """What the program answers."""
        return await self._commands.obey(line)

    async def quit(self) -> None:
        self.staying.cancel()
        await asyncio.wait({self.staying})


async def open_room(url: str, protocol: int = 2) -> Teacher:
    peer = await enter(url)
    await peer.emit("room/create", {"name": "Teacher", "protocol": protocol})
    return Teacher(peer, url, await peer.expect("room/update"))


@contextlib.asynccontextmanager
async def teaching(url: str, protocol: int = 2) -> AsyncIterator[Teacher]:
    """Someone who speaks this protocol, as long as the block runs."""
    teacher = await open_room(url, protocol)
    try:
        yield teacher
    finally:
        await teacher.peer.close()


@contextlib.asynccontextmanager
async def sharing(
    place: Place,
    root: Path,
    state: Path,
    name: str = "Ann",
    *,
    is_polling: bool = False,
    may_record: bool | None = None,
    typed_pass: str | None = None,
) -> AsyncIterator[Student]:
    """A student, in the room from the beginning of the block on."""
    desk = Desk()
    folder = Folder(root)
    visit = Visit(
        place,
        name,
        folder,
        Memories(state),
        desk,
        pace_s=PACE_S,
        is_polling=is_polling,
        may_record=may_record,
        typed_pass=typed_pass,
    )
    student = Student(visit, folder, desk, asyncio.create_task(visit.run()))
    student.staying.add_done_callback(lambda _: desk.changed.set())
    try:
        await desk.wait(lambda: desk.lesson.link == "online" or student.staying.done())
        yield student
    finally:
        await student.quit()
