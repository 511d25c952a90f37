"""What students write is kept change by change, and given out as it was."""

import asyncio
import io
import sys
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from quad.classroom.history import model, packing, tables
from quad.classroom.history.state import CACHE_BYTES
from quad.classroom.model import File
from quad.classroom.refusals import NotRecorded
from quad.server import serving
from quad.settings import AdminSettings, ClassroomSettings, ServerSettings, Settings
from tests.classroom.school import Peer, School, code, enter, locked, open_school, until
from tests.classroom.scribbling import Project, Scribbler, lines_of, versions
from tests.classroom.test_moving import moved

NEW: dict[str, Any] = {"protocol": 3}
LONG = "x = 1\n" * 30


class Writer:
    """A student who writes, and what their project was after each update."""

    def __init__(self, school: School, peer: Peer, joined: dict[str, Any]) -> None:
        self.school = school
        self.peer = peer
        self.joined = joined
        self.room = {"room_id": joined["room_id"]}
        self.scribbler = Scribbler(1)
        self.sent: list[Project] = []

    async def send(self, *files: dict[str, str], is_tree: bool = False, **more: object) -> Any:
        event = "sharing/code_send" if is_tree else "sharing/code_update"
        payload = {**self.room, "files": files, "is_recorded": True, **more}
        (answer,) = await self.peer.call(event, payload)
        return answer

    async def scribble(self, times: int) -> None:
        for _ in range(times):
            files = self.scribbler.change()
            assert await self.send(*files) == {}
            self.note()

    def note(self) -> None:
        """The project is another now."""
        if self.sent[-1:] != [self.scribbler.files]:
            self.sent.append(dict(self.scribbler.files))

    async def lines(self, after: int = 0) -> list[dict[str, Any]]:
        room = await self.school.service.rooms.find(self.joined["room_id"])
        student = room.students[self.joined["user_id"]]
        return lines_of(await self.school.service.reading.lines(student, after))

    async def versions(self) -> list[Project]:
        return [files for _, files in versions(await self.lines())]

    async def pack(self) -> None:
        """Pack what is there, now."""
        room = await self.school.service.rooms.find(self.joined["room_id"])
        student = room.students[self.joined["user_id"]]
        self.school.service.packing.begin(student)
        await until(lambda: not room.traces[student.id].is_packing)

    async def check_chunks(self) -> int:
        """Play each chunk alone, from what it says its files were before; returns how many."""
        rows = await self.school.store.read(tables.select_chunks(self.joined["user_id"]))
        chunks = tables.read_chunks(rows)
        whole: Project = {}
        for chunk in chunks:
            alone = dict(chunk.files)
            if all(edit.kind != "thinned" for edit in chunk.edits):
                assert {*model.touched(chunk.edits)} == {*alone}
            for edit in chunk.edits:
                model.play_one(whole, edit)
                model.play_one(alone, edit)
                assert alone.items() <= whole.items()
        return len(chunks)


async def writer(school: School, **more: object) -> tuple[Peer, Writer]:
    teacher, room = await school.teacher(**NEW)
    student, joined = await school.student(room["id"], "Ann", **{**NEW, **more})
    await teacher.take()
    return teacher, Writer(school, student, joined)


def holds_all(found: list[Project], sent: list[Project]) -> bool:
    """Whether each version that was sent is there, in order; some changes are several edits."""
    rest = iter(found)
    return all(any(each == version for each in rest) for version in sent)


async def test_any_version_is_as_it_was_sent_over_packing_moves_and_trees(school: School) -> None:
    _, ann = await writer(school)
    await ann.send(code("main.py", "x"), code("old.py", ""), is_tree=True)
    ann.scribbler.files = {"main.py": "x", "old.py": ""}
    ann.note()
    for _ in range(2):
        await ann.scribble(12)
        await ann.pack()
        await ann.scribble(6)
        # The other node knows nothing but the database.
        await moved(school)
        await ann.scribble(6)
        ann.scribbler.files.pop("old.py", None)
        await ann.send(*ann.scribbler.tree(), is_tree=True)
        ann.note()
    await ann.check_chunks()
    found = await ann.versions()
    assert holds_all(found, ann.sent)
    assert found[-1] == ann.sent[-1]
    # The same from any point on.
    seqs = [line["seq"] for line in await ann.lines() if "seq" in line]
    assert seqs == sorted(seqs)
    for after in seqs[::9]:
        later = [files for _, files in versions(await ann.lines(after))]
        assert later == found[len(found) - len(later) :]


async def test_a_file_that_is_not_in_the_whole_tree_is_gone(school: School) -> None:
    _, ann = await writer(school)
    for names in ("ab", "a", "ac", ""):
        await ann.send(*(code(name, name) for name in names), is_tree=True)
        assert (await ann.versions())[-1] == {name: name for name in names}


async def test_a_letter_is_a_letter_and_the_rest_is_not_kept_again(school: School) -> None:
    _, ann = await writer(school)
    await ann.send(code("a.py", "pint()\n" * 100))
    school.clock.seconds = 1
    await ann.send(code("a.py", "print()\n" + "pint()\n" * 99))
    (start, whole, edit) = [line for line in await ann.lines() if "mark" not in line]
    assert start == {"files": {}}
    assert whole["inserted"] == "pint()\n" * 100
    assert edit == {
        "seq": 2,
        "at": "2024-05-17T09:30:01.000Z",
        "filename": "a.py",
        "start": 1,
        "removed": 0,
        "inserted": "r",
    }
    # Nothing has changed: nothing is kept.
    await ann.send(code("a.py", "print()\n" + "pint()\n" * 99))
    assert len(await ann.versions()) == 2


async def test_nothing_is_recorded_without_the_students_word_or_the_teachers(
    school: School,
) -> None:
    teacher, ann = await writer(school)
    await ann.send(code("a.py", "1"), is_recorded=False)
    await ann.send(code("a.py", "2"), is_tree=True, is_recorded=False)
    await teacher.call("rules/set", {"is_recorded": False})
    await ann.send(code("a.py", "3"))
    with pytest.raises(NotRecorded):
        await ann.lines()
    await teacher.call("rules/set", {"is_recorded": True})
    await ann.send(code("a.py", "4"))
    await ann.send(code("a.py", "45"), is_recorded=False)
    await ann.send(code("a.py", "456"))
    assert await ann.versions() == [{"a.py": "4"}, {"a.py": "456"}]
    _, old = await writer(school, protocol=2)
    payload = {**old.room, "files": [code("a.py", "1")], "is_recorded": True}
    await old.peer.call("sharing/code_update", payload)
    with pytest.raises(NotRecorded):
        await old.lines()


async def test_a_teacher_who_watches_hears_the_same_whether_it_is_recorded_or_not(
    school: School,
) -> None:
    teacher, ann = await writer(school)
    await teacher.call("sharing/start", {**ann.room, "user_id": ann.joined["user_id"]})
    for is_recorded in (True, False):
        await ann.send(code("a.py", "1"), is_recorded=is_recorded, pasted=True)
        told = await teacher.expect("sharing/code_update")
        assert set(told) == {"room_id", "user_id", "files"}


@pytest.mark.parametrize(("is_tree", "event"), [(True, "code_send"), (False, "code_update")])
async def test_what_comes_for_the_history_alone_is_told_to_nobody(
    school: School, is_tree: bool, event: str
) -> None:
    teacher, ann = await writer(school)
    await ann.send(code("a.py", "secret"), is_tree=is_tree)
    await ann.send(code("a.py", "shown"), is_tree=is_tree, is_recorded=False)
    told = await teacher.expect(f"sharing/{event}")
    assert [file["content"] for file in told["files"]] == ["shown"]
    assert "secret" in str(await ann.lines())


@pytest.mark.parametrize(
    ("before", "text", "more", "is_pasted"),
    [
        ("", LONG, {}, True),
        ("", LONG[:100], {}, False),
        (LONG, LONG * 2, {}, False),
        ("", LONG, {"pasted": False}, False),
        ("", "x", {"pasted": True}, True),
    ],
)
async def test_what_was_pasted_says_so(
    school: School, before: str, text: str, more: dict[str, Any], is_pasted: bool
) -> None:
    _, ann = await writer(school)
    await ann.send(code("a.py", before), is_tree=True)
    await ann.send(code("a.py", text), **more)
    (*_, last) = [line for line in await ann.lines() if "seq" in line]
    assert last.get("pasted", False) is is_pasted


async def test_what_else_happened_is_marked_in_its_place(school: School) -> None:
    teacher, ann = await writer(school)
    await ann.send(code("a.py", "1"))
    school.clock.seconds = 1
    run = {"run": "1", "filename": "a.py", "state": "failed"}
    error = {"kind": "NameError", "message": "x"}
    await ann.peer.call("run/report", {**run, "error": error})
    report = {"task": "1", "rev": 0, "passed": ["a"], "failed": []}
    await ann.peer.call("checks/report", report)
    await ann.peer.call("steps/status/to_mentor", {"1": "HELP"})
    await teacher.call("help/take", {"user_id": ann.joined["user_id"]})
    school.clock.seconds = 2
    await ann.send(code("a.py", "12"))
    lines = await ann.lines()
    kinds = [line["mark"]["kind"] if "mark" in line else line.get("seq") for line in lines]
    assert kinds == [None, "join", 1, "run", "check", "help", "status", "help", 2]
    marks = [line["mark"]["data"] for line in lines if "mark" in line]
    assert marks[1:] == [
        {"filename": "a.py", "state": "failed", "error": "NameError"},
        {"task": "1", "passed": 1, "failed": 0},
        {"state": "waiting", "task": "1", "helped": 0},
        {"1": "HELP"},
        {"state": "taken", "task": "1", "helped": 0},
    ]
    later = await ann.lines(after=1)
    assert [("mark" in line) for line in later] == [False, *[True] * 5, False]


async def test_edits_are_packed_when_they_are_many_or_old(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "EDITS_IN_CHUNK", 20)
    _, ann = await writer(school)
    room = await school.service.rooms.find(ann.room["room_id"])
    await ann.scribble(25)
    trace = room.traces[ann.joined["user_id"]]
    await until(lambda: bool(trace.packed_bytes) and not trace.is_packing)
    packed = trace.packed_bytes
    assert trace.open_count < 20
    school.service.packing.sweep()
    assert not trace.is_packing
    school.clock.seconds = model.CHUNK_AGE.total_seconds()
    school.service.packing.sweep()
    await until(lambda: trace.packed_bytes > packed and not trace.is_packing)
    assert trace.open_count == 0
    found = await ann.versions()
    assert holds_all(found, ann.sent)
    assert found[-1] == ann.sent[-1]
    await ann.check_chunks()


@pytest.mark.parametrize("known_bytes", [400, CACHE_BYTES])
async def test_each_chunk_begins_with_what_its_files_were_then(
    school: School, known_bytes: int
) -> None:
    # Where less is known in memory than is written, some changes are kept as whole texts.
    school.service.sharing._recording._texts._limit_bytes = known_bytes
    _, ann = await writer(school)
    for number in range(6):
        await ann.scribble(25)
        await ann.pack()
        if number == 2:
            await moved(school)
    assert await ann.check_chunks() == 6
    found = await ann.versions()
    assert holds_all(found, ann.sent)
    assert found[-1] == ann.sent[-1]


async def test_another_node_knows_how_far_a_history_has_come(school: School) -> None:
    _, ann = await writer(school)
    await ann.scribble(5)
    await ann.pack()
    school.clock.seconds = 1
    await ann.scribble(5)
    school.clock.seconds = 2
    await ann.scribble(5)

    async def known() -> list[int]:
        room = await school.service.rooms.find(ann.room["room_id"])
        trace = room.traces[ann.joined["user_id"]]
        return [trace.last_seq, trace.open_count, trace.open_since, trace.packed_bytes]

    before = await known()
    assert all(before)
    await moved(school)
    assert await known() == before


async def test_a_long_history_is_thinned_and_says_so(database: Path) -> None:
    settings = ClassroomSettings(history_limit_bytes=2_000)
    async with open_school(database, settings) as school:
        _, ann = await writer(school)
        for _ in range(6):
            for _ in range(4):
                school.clock.seconds += 20
                await ann.scribble(10)
            await ann.pack()
        room = await school.service.rooms.find(ann.room["room_id"])
        trace = room.traces[ann.joined["user_id"]]
        lines = await ann.lines()
        kinds = [line.get("kind") for line in lines if "seq" in line]
        assert "thinned" in kinds
        # The newest is whole.
        assert "thinned" not in kinds[-10:]
        assert (await ann.versions())[-1] == ann.sent[-1]
        assert len(kinds) < 200
        await ann.check_chunks()
        last = trace.last_seq
        await moved(school)
        room = await school.service.rooms.find(ann.room["room_id"])
        assert room.traces[ann.joined["user_id"]].last_seq == last


@pytest.mark.usefixtures("impatient_store")
async def test_what_cannot_be_saved_is_no_part_of_it_and_the_rest_is_as_it_was(
    school: School, database: Path
) -> None:
    _, ann = await writer(school)
    await ann.scribble(5)
    with locked(database):
        for name in ann.scribbler.files:
            assert (await ann.send(code(name, "lost")))["code"] == "store_unavailable"
    await ann.scribble(5)
    with locked(database):
        assert (await ann.send(code("lost", ""), is_tree=True))["code"] == "store_unavailable"
    await ann.scribble(5)
    found = await ann.versions()
    assert holds_all(found, ann.sent)
    assert found[-1] == ann.sent[-1]
    assert not any("lost" in {*files, *files.values()} for files in found)


async def test_what_is_under_way_behind_something_lost_is_kept_whole(school: School) -> None:
    _, ann = await writer(school)
    await ann.send(code("a.py", "1"))
    room = await school.service.rooms.find(ann.room["room_id"])
    student = room.students[ann.joined["user_id"]]
    recording = school.service.sharing._recording
    file = File("a.py", "CHANGED", "12")
    lost = recording.record(student, [file], is_tree=False)
    kept = recording.record(student, [File("a.py", "CHANGED", "123")], is_tree=False)
    await school.service.rooms.save(*kept.changes)
    lost.settle(is_saved=False)
    kept.settle(is_saved=True)
    await ann.send(code("a.py", "1234"))
    assert await ann.versions() == [{"a.py": "1"}, {"a.py": "123"}, {"a.py": "1234"}]


@pytest.mark.soak
async def test_a_history_is_whole_however_often_the_server_is_killed(database: Path) -> None:
    command = [sys.executable, "-m", "tests.classroom.serve", str(database)]
    scribbler, sent = Scribbler(2), list[Project]()
    room: dict[str, Any] = {}
    joined: dict[str, Any] = {}
    for _ in range(3):
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        assert process.stdout is not None
        url = (await process.stdout.readline()).decode().strip()
        teacher, peer = await enter(url, ""), await enter(url, "")
        if not room:
            await teacher.emit("room/create", {"name": "T", **NEW})
            room = await teacher.expect("room/update")
        token = {"token": joined["token"]} if joined else {}
        await peer.emit("room/join", {"room_id": room["id"], "name": "Ann", **NEW, **token})
        joined = await peer.expect("room/join")
        # As clients do: what was under way may be lost.
        tree = {"room_id": room["id"], "files": scribbler.tree(), "is_recorded": True}
        assert await peer.call("sharing/code_send", tree) == [{}]
        for number in range(270):
            payload = {"room_id": room["id"], "files": scribbler.change(), "is_recorded": True}
            if number < 260:
                assert await peer.call("sharing/code_update", payload) == [{}]
            else:
                # Under way when the power goes out: each of them is there, or is not.
                await peer.emit("sharing/code_update", payload)
            if number < 260 and sent[-1:] != [scribbler.files]:
                sent.append(dict(scribbler.files))
        process.kill()
        await process.wait()
        await teacher.close()
        await peer.close()
    async with open_school(database, ClassroomSettings()) as school:
        peer, joined = await school.student(room["id"], "Ann", token=joined["token"], **NEW)
        ann = Writer(school, peer, joined)
        assert holds_all(await ann.versions(), sent)
        await ann.pack()
        assert holds_all(await ann.versions(), sent)
        await ann.check_chunks()


# By HTTP


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[str]:
    server = ServerSettings(port=0, data=tmp_path, drain_s=0.1)
    async with serving(Settings(server=server, admin=AdminSettings(password="a" * 12))) as url:
        yield url


async def test_staff_and_the_student_get_it_and_nobody_else(site: str) -> None:
    teacher, ann, ben = [await enter(site, "") for _ in range(3)]
    await teacher.emit("room/create", {"name": "T", **NEW})
    room = await teacher.expect("room/update")
    tokens: dict[str, Any] = {"T": room["token"]}
    ids: dict[str, int] = {}
    for name, peer in (("Ann", ann), ("Ben", ben)):
        await peer.emit("room/join", {"room_id": room["id"], "name": name, **NEW})
        joined = await peer.expect("room/join")
        tokens[name], ids[name] = joined["token"], joined["user_id"]
    text = "Ёлка 😀"
    payload = {"room_id": room["id"], "files": [code("a.py", text)], "is_recorded": True}
    await ann.call("sharing/code_update", payload)
    path = f"/classes/{room['id']}/history/{ids['Ann']}"
    async with httpx.AsyncClient(base_url=site) as browser:

        async def get(path: str, token: str | None, **more: str) -> httpx.Response:
            headers = {} if token is None else {"Authorization": f"Bearer {token}"}
            return await browser.get(path, headers={**headers, **more})

        answers = [await get(path, tokens[name]) for name in ("T", "Ann")]
        for answer in answers:
            assert answer.status_code == 200, answer.text
            assert answer.headers["content-encoding"] == "gzip"
            assert [*versions(lines_of(answer.content))] == [(1, {"a.py": text})]
        plain = await get(path, tokens["T"], **{"Accept-Encoding": "identity"})
        assert plain.content == answers[0].content
        assert "content-encoding" not in plain.headers
        later = lines_of((await get(f"{path}?after=1", tokens["T"])).content)
        assert later == [{"files": {"a.py": text}}]
        packed = await get(f"{path}?as=zip", tokens["T"])
        with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
            assert archive.read("files/a.py").decode() == text
            assert archive.read("history.jsonl") == plain.content
        for where, token in (
            (path, None),
            (path, "x"),
            (path, tokens["Ben"]),
            (f"/classes/{room['id']}/history/{room['host']}", tokens["T"]),
            (f"/classes/100000/history/{ids['Ann']}", tokens["T"]),
            (f"/classes/x/history/{ids['Ann']}", tokens["T"]),
        ):
            refused = await get(where, token)
            assert (refused.status_code, refused.json()["code"]) == (401, "wrong_token")
        none = await get(f"/classes/{room['id']}/history/{ids['Ben']}", tokens["T"])
        assert (none.status_code, none.json()["code"]) == (404, "not_recorded")
        assert (await get(f"{path}?as=tar", tokens["T"])).status_code == 400
    for peer in (teacher, ann, ben):
        await peer.close()
