"""A lesson, recorded from the server for the tests of the teacher's and the student's page.

`python -m tests.classroom.scenes` writes it anew. A scene is one thing that happens, and what each
page asks and is told of it. In the pages' tests (`ui/src/class/network.ts`) a page has to ask the
same, and is told that.
"""

import json
import shutil
from pathlib import Path
from typing import Any, Final

from quad.classroom.model import Step
from quad.settings import ClassroomSettings, LimitSettings
from tests.classroom.school import Peer, School, code, locked, open_school
from tests.process import ROOT
from tests.scenes import Scenes, Stable, write

FILE: Final = ROOT / "ui/src/class/scenes.json"
ROOM: Final = 123456
HOST: Final = 1
TOKEN_LENGTH: Final = 43
# The protocols that the pages speak.
TEACHERS: Final = 3
STUDENTS: Final = 3
THEORY: Final = {"id": "theory", "type": "theory", "content": "<p>Loops</p>"}
TASKS: Final = [{"id": name, "content": f"<p>Task {name}</p>"} for name in ("10", "2", "1")]
BEGUN: Final = (code("main.py", "print(1)\n"),)
CHANGED: Final = (code("main.py", "print(2)\n"),)
BIG: Final = {"filename": "data.csv", "why": "too_large", "size": 900_000, "limit": 700_000}


class Recorder:
    """Everybody's page, of which every frame is noted; who is called by a name has that name."""

    def __init__(self, school: School, database: Path, scenes: Scenes) -> None:
        self.school = school
        self.database = database
        self.room = 0
        self.rev = 0
        self.ids: dict[str, int] = {}
        self.tokens: dict[str, str] = {}
        self.key = ""
        self._scenes = scenes
        self._stable = Stable()
        self._pages: dict[str, Peer] = {}
        self._gone: list[tuple[str, Peer]] = []
        self._connections = 0

    async def scene(self, name: str) -> None:
        """What has happened since the last scene has this name."""
        for peer in self._pages.values():
            if not peer.is_closed.is_set():
                await peer.settle()
        frames: dict[str, list[Any]] = {}
        for page, peer in [*self._gone, *self._pages.items()]:
            noted = self._stable([_frame(line) for line in _said(peer)])
            if noted:
                frames.setdefault(page, []).extend(noted)
            peer.heard.clear()
            peer.journal.clear()
        self._gone.clear()
        assert name not in self._scenes, name
        self._scenes[name] = frames
        self.school.clock.seconds += 60

    async def connect(self, page: str) -> Peer:
        if page in self._pages:
            self._gone.append((page, self._pages[page]))
        peer = self._pages[page] = await self.school.peer()
        self._connections += 1
        self._stable.show(peer.sid, f"sid-{self._connections}")
        return peer

    async def ask(self, page: str, event: str, payload: object) -> Any:
        """What a page asks; the answer."""
        answer = await self._pages[page].call(event, payload)
        return answer[0] if answer else None

    async def hear(self, page: str, *events: str) -> Any:
        """Wait for these; the last one's payload."""
        heard = None
        for event in events:
            heard = await self._pages[page].expect(event)
        return heard

    async def drop(self, page: str) -> None:
        """The connection ends as by a closed window."""
        await self._pages[page].close()

    # What pages do by themselves

    async def create(self, name: str) -> None:
        await self.connect("teacher")
        await self.ask("teacher", "room/create", {"name": name, "protocol": TEACHERS})
        update = await self.hear("teacher", "room/update")
        self.room, self.ids["teacher"] = update["id"], update["host"]
        self._stable.show(self.room, ROOM)
        self._stable.show(update["host"], HOST)
        self.key = update["teacher"]
        self._stable.show(self.key, "teacher-key".ljust(TOKEN_LENGTH, "x"))
        self._keep_token("teacher", update["token"])

    async def join(self, page: str, name: str) -> None:
        await self.connect(page)
        await self.ask(page, "room/join", self.in_room(name=name, protocol=STUDENTS))
        joined = await self.hear(page, "room/join")
        self.ids[page] = joined["user_id"]
        self._stable.show(joined["user_id"], HOST + len(self.ids) - 1)
        self._keep_token(page, joined["token"])
        await self.read_back(page, page)
        await self.send_tree(page, *BEGUN)

    async def rejoin(self, page: str, *files: dict[str, str]) -> None:
        await self.connect(page)
        place = self.of(page, token=self.tokens[page], protocol=STUDENTS)
        await self.ask(page, "room/rejoin", place)
        await self.read_back(page, page)
        await self.send_tree(page, *(files or BEGUN))

    async def rehost(self) -> None:
        await self.connect("teacher")
        place = self.of("teacher", token=self.tokens["teacher"], protocol=TEACHERS)
        await self.ask("teacher", "room/rehost", place)

    async def rehost_by_key(self) -> None:
        await self.connect("teacher")
        await self.ask("teacher", "room/rehost", self.in_room(teacher=self.key, protocol=TEACHERS))
        update = await self.hear("teacher", "room/update")
        self._keep_token("teacher", update["token"])

    async def watch(self, *pages: str) -> None:
        for page in pages:
            await self.ask("teacher", "sharing/start", self.of(page, exclusive=False))

    async def share(self, page: str, *files: dict[str, str]) -> None:
        await self.hear(page, "sharing/start")
        await self.ask(page, "sharing/left_out", self.in_room(files=[]))
        await self.send_tree(page, *files)

    async def send_tree(self, page: str, *files: dict[str, str]) -> None:
        await self.ask(page, "sharing/code_send", self.in_room(files=files, is_recorded=True))

    async def read_back(self, page: str, student: str) -> None:
        await self.ask(page, "message/user", {"user_id": self.ids[student]})

    async def say(self, page: str, content: str, *, to: str = "") -> None:
        """With a key of its own, as pages do."""
        key = f"key-{content}"
        if page == "teacher":
            message = self.of(to, content=content, key=key)
            await self.ask(page, "message/to_client", message)
            await self.read_back(page, to)
        else:
            await self.ask(page, "message/to_mentor", self.in_room(content=content, key=key))

    async def report(self, page: str, **statuses: str) -> None:
        named = {name.removeprefix("task_"): status for name, status in statuses.items()}
        await self.ask(page, "tasks/report", {"statuses": named})

    async def call(self, page: str, **about: str) -> None:
        await self.ask(page, "help/ask", about or {"note": ""})

    async def stand(self, page: str) -> Any:
        """Where a student's call is, as they hear it."""
        return await self.hear(page, "help/place")

    async def review(self, page: str, **statuses: str) -> None:
        steps = {name.removeprefix("task_"): status for name, status in statuses.items()}
        review = {"user_id": self.ids[page], "statuses": steps}
        await self.ask("teacher", "tasks/review", review)

    async def hand_out(self, *tasks: dict[str, str]) -> None:
        answer = await self.ask("teacher", "tasks/set", {"tasks": tasks, "rev": self.rev})
        self.rev = answer["rev"]

    def in_room(self, **keys: object) -> dict[str, Any]:
        return {"room_id": self.room, **keys}

    def of(self, page: str, **keys: object) -> dict[str, Any]:
        return self.in_room(user_id=self.ids[page], **keys)

    def _keep_token(self, page: str, token: str) -> None:
        self.tokens[page] = token
        self._stable.show(token, f"{page}-token".ljust(TOKEN_LENGTH, "x"))


def _said(peer: Peer) -> list[str]:
    """What was noted of a connection, without the questions of this recorder."""
    settling = {line[3:].split("[")[0] for line in peer.journal if "test/settle" in line}
    return [
        line
        for line in peer.journal
        if "test/settle" not in line
        and not (line.startswith("43") and line[2:].split("[")[0] in settling)
    ]


def _frame(line: str) -> dict[str, Any]:
    """`asked` and `told` are an event and its payload, `answered` is an acknowledgement."""
    if line.startswith("41"):
        return {"ended": True}
    kind = "asked" if line.startswith(">") else "answered" if line.startswith("43") else "told"
    return {kind: json.loads(line[line.index("[") :])}


async def lesson(record: Recorder) -> None:
    """In this order; what each of them says depends on those before."""
    await record.create("Ms Ivanova")
    await record.scene("the class begins")
    await coming(record)
    await working(record)
    await running(record)
    await helping(record)
    await talking(record)
    await losing(record)
    await importing(record)
    await ending(record)


async def coming(record: Recorder) -> None:
    await record.join("anna", "Anna")
    await record.hear("teacher", "room/update")
    await record.scene("Anna joins")
    await record.watch("anna")
    await record.share("anna", *BEGUN)
    await record.hear("teacher", "sharing/code_send")
    await record.scene("the teacher watches Anna")
    await record.join("boris", "Boris")
    await record.hear("teacher", "room/update")
    await record.watch("boris")
    await record.share("boris", code("main.py", ""), code("b.py", "b"))
    await record.scene("Boris joins and is watched")
    await record.connect("carl")
    await record.ask("carl", "room/join", record.in_room(name="Anna", protocol=STUDENTS))
    await record.scene("somebody wants to be Anna")
    await record.ask("teacher", "settings", {"files_to_ignore": "*.log\nsecret/"})
    await record.scene("the teacher ignores files")
    await record.ask("teacher", "door/set", {"state": "locked"})
    await record.hear("teacher", "room/update")
    await record.ask("teacher", "rules/set", {"has_results_page": False})
    await record.hear("teacher", "room/update")
    await record.scene("the teacher locks the door and the results")
    await record.ask("teacher", "door/set", {"state": "open"})
    await record.hear("teacher", "room/update")
    await record.ask("teacher", "rules/set", {"has_results_page": True})
    await record.hear("teacher", "room/update")
    await record.scene("the teacher opens both")


async def working(record: Recorder) -> None:
    await record.hand_out(*TASKS, THEORY)
    for page in ("anna", "boris"):
        await record.hear(page, "tasks/all")
    await record.scene("tasks are handed out")
    await record.hand_out(*TASKS[1:])
    await record.hand_out(*TASKS, THEORY)
    for page in ("anna", "boris"):
        await record.hear(page, "tasks/all", "tasks/all")
    await record.scene("one task is taken away, and given back")
    await _types(record, code("main.py", "print(2)\n", "CHANGED"))
    await record.scene("Anna types")
    await _types(record, code("debug.log", "1"))
    await record.scene("Anna makes a log")
    await record.ask("anna", "sharing/left_out", record.in_room(files=[BIG]))
    await record.scene("Anna has a file that is too large")
    await record.call("anna", task="1", note="")
    await record.stand("anna")
    await record.scene("Anna needs help with the first task")
    await record.call("anna", task="2", note="The sum is 0")
    await record.scene("Anna needs help with the second task, too")
    await record.report("anna", task_1="DONE")
    await record.report("anna", task_2="DONE")
    await record.stand("anna")
    await record.scene("Anna has done both")
    await record.review("anna", task_1="ACCEPTED", task_2="NONE")
    await record.scene("the teacher accepts the first and declines the second")
    await record.call("anna")
    await record.stand("anna")
    await record.scene("Anna calls for help")
    await record.ask("anna", "help/pause", {"is_paused": True})
    await record.stand("anna")
    await record.scene("Anna cannot be helped now")
    await record.ask("anna", "help/cancel", {})
    await record.stand("anna")
    await record.scene("Anna needs no help")


async def running(record: Recorder) -> None:
    run = {"run": "run-1", "filename": "main.py", "state": "running", "output": "", "ms": 0}
    await record.ask("boris", "run/report", run)
    await record.hear("teacher", "run/report")
    await record.scene("Boris runs a program")
    error = {"kind": "NameError", "line": 3, "message": "name 'x' is not defined"}
    ended = {**run, "state": "failed", "output": "1\n", "ms": 70, "error": error}
    # The clock of this lesson is another than that which counts runs a second.
    await record.ask("boris", "run/report", ended)
    await record.hear("teacher", "run/report")
    await record.scene("Boris's program fails")
    failed = [{"name": "three", "why": "line 1"}]
    report = {"task": "2", "rev": record.rev, "passed": ["one", "two"], "failed": failed}
    await record.ask("boris", "checks/report", report)
    await record.hear("teacher", "checks/report")
    await record.scene("Boris passes two of three checks")


async def helping(record: Recorder) -> None:
    await record.call("boris", task="2", note="What is x?")
    await record.stand("boris")
    await record.hear("teacher", "help/queue")
    await record.scene("Boris needs help with the second task")
    await record.ask("teacher", "help/take", {"user_id": record.ids["boris"]})
    await record.stand("boris")
    await record.scene("the teacher takes the call of Boris")
    await record.ask("teacher", "help/done", {"user_id": record.ids["boris"], "is_helped": False})
    await record.stand("boris")
    await record.scene("Boris was away")
    await record.ask("boris", "help/pause", {"is_paused": False})
    await record.stand("boris")
    await record.ask("teacher", "help/take", {"user_id": record.ids["boris"]})
    await record.stand("boris")
    await record.ask("teacher", "help/done", {"user_id": record.ids["boris"], "is_helped": True})
    await record.stand("boris")
    await record.scene("the teacher has helped Boris")


async def _types(record: Recorder, *files: dict[str, str]) -> None:
    changed = record.in_room(files=files, is_recorded=True, pasted=False)
    await record.ask("anna", "sharing/code_update", changed)


async def talking(record: Recorder) -> None:
    await record.say("anna", "one")
    await record.scene("Anna says one")
    await record.say("teacher", "two", to="anna")
    await record.scene("the teacher says two to Anna")
    await record.say("anna", "two")
    await record.scene("Anna says two")
    await record.say("anna", "two")
    await record.scene("Anna says two again, with the same key")
    await record.read_back("anna", "anna")
    await record.read_back("teacher", "anna")
    await record.scene("both ask for what was said")


async def losing(record: Recorder) -> None:
    await record.drop("teacher")
    await record.hear("anna", "message")
    await record.scene("the teacher leaves while watching")
    await record.join("dora", "Dora")
    await record.hear("dora", "message")
    await record.scene("Dora joins while the teacher is away")
    await record.call("dora")
    await record.stand("dora")
    await record.say("dora", "Hello?")
    await record.call("anna", task="2", note="")
    await record.stand("anna")
    await record.stand("dora")
    await record.scene("Dora and Anna need help meanwhile")
    await record.drop("dora")
    await record.rejoin("dora")
    await record.stand("dora")
    await record.scene("Dora reloads")
    await record.connect("carl")
    await record.ask("carl", "room/join", record.in_room(name="Carl", protocol=STUDENTS))
    await record.scene("Carl is one too many")
    await record.rehost()
    await record.hear("teacher", "room/update")
    await record.scene("the teacher is back")
    for page in ("anna", "boris", "dora"):
        await record.read_back("teacher", page)
    await record.scene("the teacher reads what was missed")
    await record.watch("anna", "boris", "dora")
    for page in ("anna", "boris", "dora"):
        await record.share(page, *CHANGED)
    await record.hear("teacher", *["sharing/code_send"] * 3)
    await record.scene("the teacher watches again")
    await record.drop("anna")
    await record.hear("teacher", "room/update")
    await record.scene("Anna is lost")
    await record.say("teacher", "three", to="anna")
    await record.review("anna", task_2="ACCEPTED")
    await record.stand("dora")
    await record.scene("the teacher says three to Anna meanwhile, and accepts")
    await record.rejoin("anna")
    await record.hear("teacher", "room/update")
    await record.scene("Anna is back")
    await record.watch("anna")
    await record.share("anna", *CHANGED)
    await record.scene("the teacher watches Anna who is back")
    await record.rejoin("anna")
    await record.hear("teacher", "room/update")
    await record.scene("Anna comes in from another window")
    with locked(record.database):
        await record.call("anna")
        await record.report("anna", task_10="IN_PROGRESS")
        message = {"content": "one", "key": "key-one again"}
        await record.ask("anna", "message/to_mentor", record.in_room(**message))
        await record.ask("teacher", "message/to_client", record.of("anna", **message))
        await record.scene("the server cannot save")
    await record.call("anna")
    await record.stand("anna")
    await record.report("anna", task_10="IN_PROGRESS")
    await record.scene("the server can save again")


async def importing(record: Recorder) -> None:
    importer = record.school.importer
    importer.answer = [Step("1", "<p>Imported</p>", "html", "exercise")]
    importer.left_out = {"picture": 2}
    await record.ask("teacher", "steps/import", {"url": "https://team.notion.site/page"})
    await record.hear("teacher", "alerts", "alerts")
    await record.scene("tasks are imported, but for two pictures")


async def ending(record: Recorder) -> None:
    await record.ask("boris", "room/leave", record.in_room())
    await record.hear("teacher", "room/update")
    await record.scene("Boris leaves for good")
    await record.ask("teacher", "room/kill", record.of("dora", is_barred=True))
    await record.hear("teacher", "room/update")
    await record.scene("Dora is removed")
    await record.connect("dora")
    place = record.of("dora", token=record.tokens["dora"], protocol=STUDENTS)
    await record.ask("dora", "room/rejoin", place)
    await record.scene("Dora comes back in vain")
    await record.connect("carl")
    wrong = record.of("anna", token="w" * TOKEN_LENGTH, protocol=STUDENTS)
    await record.ask("carl", "room/rejoin", wrong)
    await record.scene("somebody comes with a wrong token")
    await record.ask("teacher", "exercise", {"content": "<p>Old</p>"})
    await record.scene("the teacher hands out an exercise of old")
    await record.rehost()
    await record.scene("the teacher comes in from another window")
    await record.drop("teacher")
    await record.hear("anna", "message")
    await record.scene("the teacher closes the window")
    await record.rehost_by_key()
    await record.scene("the teacher comes in with the key, from another browser")
    await record.ask("teacher", "room/close", record.in_room())
    await record.hear("anna", "room/closed")
    await record.scene("the teacher closes the class")
    await record.rejoin("anna")
    await record.scene("Anna comes back in vain")


async def record(empty_database: Path, directory: Path) -> Scenes:
    """The whole lesson, on a server of its own."""
    scenes: Scenes = {}
    database = Path(shutil.copy(empty_database, directory / "lesson.sqlite3"))
    settings = ClassroomSettings(room_update_interval_ms=1)
    limits = LimitSettings(students_per_minute_per_address=0.01, students_burst_per_address=3)
    async with open_school(database, settings, limits) as school:
        await lesson(Recorder(school, database, scenes))
    return scenes


if __name__ == "__main__":
    write(record, FILE)
