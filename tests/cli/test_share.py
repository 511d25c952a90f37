"""`quad share` against a real server, with real folders."""

import asyncio
import json
import os
import pty
import re
import select
import stat
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from websockets.asyncio.server import ServerConnection, serve

from quad.cli.failures import Failed
from quad.cli.share.calls import standing_of
from quad.cli.share.place import Place, find_place
from tests.classroom.school import Peer, enter, exercise
from tests.cli.remote_server import quad
from tests.cli.share_class import PACE_S, Student, Teacher, open_room, sharing, teaching
from tests.cli.test_share_folder import write
from tests.filter import a_filter
from tests.patience import patience
from tests.process import ServerProcess, free_port

T = TypeVar("T")

JOINED = '42["room/join",{"user_id":7,"room_id":1,"name":"A","token":"t","is_teacher_here":true}]'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    data = tmp_path_factory.mktemp("share")
    command = [sys.executable, "-m", "quad", "serve", "--port", "0", "--data", str(data)]
    # Less than students share by themselves.
    env = {"QUAD_CLASSROOM_FILES_LIMIT": "1500", "QUAD_LIMITS_DAILY_STUDENT_BYTES": "1500000"}
    server = ServerProcess(command, env=env)
    yield server
    server.terminate()


@asynccontextmanager
async def watched(
    server: ServerProcess, tmp_path: Path, *, is_polling: bool = False
) -> AsyncIterator[tuple[Teacher, Student, Path]]:
    """A teacher who watches a student, and the student's folder."""
    root = tmp_path / "folder"
    root.mkdir(exist_ok=True)
    async with (
        teaching(server.url) as teacher,
        sharing(teacher.place, root, tmp_path / "state", is_polling=is_polling) as student,
    ):
        await teacher.watch(student.user_id)
        yield teacher, student, root


# --- the folder -----------------------------------------------------------------------------------


async def test_nothing_is_sent_before_the_teacher_watches_nor_after(
    server: ServerProcess, tmp_path: Path
) -> None:
    root = write(tmp_path / "folder", {"a.py": "1", "sub/b.py": "2", "c.png": b"\x00"})
    async with (
        teaching(server.url) as teacher,
        sharing(teacher.place, root, tmp_path / "state") as student,
    ):
        (root / "a.py").write_text("more")
        await teacher.expect_student("Ann")
        assert student.desk.reports == []
        await teacher.watch(student.user_id)
        assert teacher.tree == {"a.py": "more", "sub/b.py": "2"}
        assert student.desk.lesson.is_watched
        await teacher.emit("sharing/end", user_id=student.user_id)
        await student.desk.wait(lambda: not student.desk.lesson.is_watched)
        sent = len(student.desk.reports)
        (root / "a.py").write_text("later")
        # Nothing tells that nothing happens: the time in which it would have.
        await asyncio.sleep(3 * PACE_S)
        assert len(student.desk.reports) == sent
        # What changed meanwhile is in the next whole tree.
        await teacher.watch(student.user_id)
        assert teacher.tree == {"a.py": "later", "sub/b.py": "2"}
        assert teacher.updates_heard() == 0


@pytest.mark.parametrize("is_polling", [False, True], ids=["told", "polling"])
async def test_saves_renames_and_deletes_arrive_as_what_they_are(
    is_polling: bool, server: ServerProcess, tmp_path: Path
) -> None:
    write(tmp_path / "folder", {"main.py": "1", "old.py": "x", "gone.py": "y", "dir/in.py": "z"})
    async with watched(server, tmp_path, is_polling=is_polling) as (teacher, _, root):
        (root / "main.py").write_text("2")
        assert await teacher.see() == [("main.py", "CHANGED")]

        # Written anew as it was: no news.
        (root / "main.py").write_text("2")
        (root / "gone.py").write_text("y")

        # As editors save: a file beside it, renamed over it.
        (root / ".main.py.swp").write_text("3")
        (root / ".main.py.swp").replace(root / "main.py")
        assert await teacher.see() == [("main.py", "CHANGED")]
        assert teacher.tree["main.py"] == "3"

        # And as others do: the old one becomes a copy that is deleted in the end.
        (root / "main.py").rename(root / "main.py~")
        (root / "main.py").write_text("4")
        (root / "main.py~").unlink()
        assert await teacher.see() == [("main.py", "CHANGED")]

        (root / "old.py").rename(root / "new.py")
        (root / "gone.py").unlink()
        assert sorted(await teacher.see()) == [
            ("gone.py", "REMOVED"),
            ("new.py", "CREATED"),
            ("old.py", "REMOVED"),
        ]
        (root / "dir").rename(root / "moved")
        assert await teacher.see() == [("dir/in.py", "REMOVED"), ("moved/in.py", "CREATED")]

        # It is text no longer; and then a link to outside.
        (root / "main.py").write_bytes(b"\x00")
        assert await teacher.see() == [("main.py", "REMOVED")]
        (tmp_path / "secret").write_text("hush")
        (root / "new.py").unlink()
        (root / "new.py").symlink_to(tmp_path / "secret")
        assert await teacher.see() == [("new.py", "REMOVED")]
        assert teacher.tree == {"moved/in.py": "z"}


async def test_of_thousands_of_files_as_many_arrive_as_the_server_keeps(
    server: ServerProcess, tmp_path: Path
) -> None:
    files = {f"d{number % 40}/f{number:04}.py": f"# {number}\n" * 60 for number in range(2_500)}
    write(tmp_path / "folder", dict(files))
    async with watched(server, tmp_path) as (teacher, student, root):
        await teacher.see_until(lambda tree: len(tree) == 1_500)
        assert teacher.tree.items() <= files.items()
        reports = student.desk.reports
        await student.desk.wait(lambda: len(reports) == 2)
        assert ["more than 1500 files" in report.trouble for report in reports] == [True, False]
        assert sum(len(report.files) for report in reports) == 1_500
        changed = next(iter(teacher.tree))
        (root / changed).write_text("new")
        assert await teacher.see() == [(changed, "CHANGED")]


async def test_the_teacher_is_told_what_does_not_come_and_no_hidden_names(
    server: ServerProcess, tmp_path: Path
) -> None:
    files: dict[str, str | bytes] = {
        "a.py": "1",
        "cat.png": b"\x00",
        "data.csv": "x" * 600_000,
        ".env": "x" * 600_000,
        "ignored.csv": "x" * 600_000,
        ".gitignore": "ignored.csv\n",
        "key.bin": b"-----BEGIN PRIVATE KEY-----\n\x00",
        "set/by.dat": b"\x00",
    }
    root = write(tmp_path / "folder", files)
    async with (
        teaching(server.url) as teacher,
        sharing(teacher.place, root, tmp_path / "state") as student,
    ):
        data = {"filename": "data.csv", "why": "too_large", "size": 600_000, "limit": 500_000}
        cat = {"filename": "cat.png", "why": "binary", "size": 1}

        async def told() -> list[Any]:
            report = await teacher.peer.expect("sharing/left_out")
            assert report["user_id"] == student.user_id
            return list(report["files"])

        await teacher.emit("settings", files_to_ignore="set/")
        await student.desk.wait(lambda: student.desk.lesson.ignores.dirs)
        await teacher.emit("sharing/start", user_id=student.user_id)
        assert await told() == [data, cat]
        # And then the files: what the teacher was shown of these stays.
        await teacher.see("sharing/code_send")

        (root / "data.csv").write_text("x" * 700_000)
        assert await told() == [{**data, "size": 700_000}, cat]
        (root / "data.csv").write_text("1;2")
        (root / "cat.png").unlink()
        assert await told() == []
        assert await teacher.see() == [("data.csv", "CREATED")]
        # Grown again: the teacher keeps what fitted, and edits go on beside it.
        (root / "data.csv").write_text("x" * 600_000)
        assert await told() == [data]
        (root / "a.py").write_text("2")
        assert await teacher.see() == [("a.py", "CHANGED")]
        assert teacher.tree["data.csv"] == "1;2"
        answer = await student.type("/files")
        assert "left out, too large: 1 (data.csv, 600 KB)" in answer.text
        # Who begins to watch anew hears it anew.
        await teacher.emit("sharing/start", user_id=student.user_id)
        assert await told() == [data]


async def test_what_the_server_keeps_no_more_of_is_told_as_too_much(
    server: ServerProcess, tmp_path: Path
) -> None:
    files = dict.fromkeys(("a.txt", "b.txt", "c.txt", "d.txt"), "x" * 450_000)
    async with watched(server, tmp_path) as (teacher, _, root):
        write(root, files)
        report = await teacher.peer.expect("sharing/left_out")
        assert report["files"] == [{"filename": "d.txt", "why": "too_much", "size": 450_000}]
        (root / "d.txt").unlink()
        assert (await teacher.peer.expect("sharing/left_out"))["files"] == []


async def test_what_is_written_all_the_time_arrives_at_most_once_in_its_pace(
    server: ServerProcess, tmp_path: Path
) -> None:
    write(tmp_path / "folder", {"log.txt": ""})
    async with watched(server, tmp_path) as (teacher, student, root):
        started = asyncio.get_running_loop().time()
        for number in range(60):
            (root / "log.txt").write_text(str(number))
            (root / f"temporary{number}").write_text("x")
            await asyncio.sleep(0.01)
            (root / f"temporary{number}").unlink()
        await teacher.see_until(lambda tree: tree == {"log.txt": "59"})
        # The student hears of it only after the teacher.
        async with asyncio.timeout(patience(10)):
            while len(student.desk.reports) < 2:
                await asyncio.sleep(0.01)
        took_s = asyncio.get_running_loop().time() - started
        assert len(student.desk.reports) <= 2 + took_s / PACE_S
        assert all(len(report.files) == 1 for report in student.desk.reports)


async def test_the_rooms_settings_are_obeyed_while_the_teacher_watches(
    server: ServerProcess, tmp_path: Path
) -> None:
    write(tmp_path / "folder", {"a.py": "1", "a.txt": "2", "out/b.py": "3"})
    async with watched(server, tmp_path) as (teacher, student, root):
        await teacher.emit("settings", files_to_ignore="*.txt\nout/")
        assert sorted(await teacher.see()) == [("a.txt", "REMOVED"), ("out/b.py", "REMOVED")]
        await teacher.emit("settings", files_to_ignore="out/")
        assert await teacher.see() == [("a.txt", "CREATED")]
        (root / ".gitignore").write_text("a.txt\n.gitignore\n")
        assert await teacher.see() == [("a.txt", "REMOVED")]
        answer = await student.type("/files")
        assert "1 file, 1 bytes" in answer.text
        assert "ignored by the room's settings: 1 (out)" in answer.text
        assert "ignored by .gitignore: 2 (.gitignore, a.txt)" in answer.text


# --- tasks and messages ---------------------------------------------------------------------------


async def test_tasks_statuses_and_messages_go_both_ways(
    server: ServerProcess, tmp_path: Path
) -> None:
    async with (
        teaching(server.url) as teacher,
        sharing(teacher.place, tmp_path, tmp_path / "state") as student,
    ):
        desk = student.desk
        await teacher.peer.emit("steps/all", [exercise("1", "<p>Add</p>"), exercise("2", "Sub")])
        await desk.wait(lambda: len(desk.lesson.tasks) == 2)
        assert (await student.type("/task 1")).text == "--- Task 1 ---\nAdd\n---"
        await student.type("/progress 1")
        await student.type("/ask 2")
        reported = {"1": "IN_PROGRESS", "2": "HELP"}
        while (await teacher.peer.expect("steps/status/to_mentor"))["steps"] != reported:
            """One after another."""
        assert (await student.type("/tasks")).text == (
            "Task 1  in progress  Add\nTask 2  help!        Sub"
        )
        await student.type("/done 1")
        assert (await teacher.peer.expect("steps/status/to_mentor"))["steps"]["1"] == "DONE"
        review = {"user_id": student.user_id, "steps": {"1": "ACCEPTED"}}
        await teacher.emit("steps/status/to_client", **review)
        await desk.wait(lambda: "Task 1: accepted!" in desk.notes)
        await desk.wait(lambda: desk.lesson.status("1") == "ACCEPTED")

        await student.type("Что дальше?")
        assert (await teacher.peer.expect("message/to_mentor"))["content"] == "Что дальше?"
        await teacher.emit("message/to_client", user_id=student.user_id, content="Task 2")
        await desk.wait(lambda: "Task 2" in desk.notes)
        await desk.wait(lambda: len(desk.lesson.talk) == 2)
        await student.type("x" * 70_000)
        await desk.wait(lambda: any("may not be longer" in note for note in desk.notes))
        assert desk.lesson.unsent == ()
        assert (await student.type("/fly")).text.startswith("There is no command /fly")
        assert (await student.type("/done")).text == "Say which task: /done 1"
        assert "/quit" in (await student.type("/help")).text


async def test_help_is_asked_for_without_a_task_and_also_offline(
    server: ServerProcess, tmp_path: Path
) -> None:
    async with a_filter(server.url) as network, teaching(server.url) as teacher:
        place = Place(network.url, teacher.room)
        async with sharing(place, tmp_path, tmp_path / "state") as student:
            desk = student.desk
            await student.visit.ready()
            await student.type("/ask")
            signal = {"user_id": student.user_id, "value": "HELP"}
            assert await teacher.peer.expect("signal") == signal
            await desk.wait(lambda: "You are next." in desk.notes)
            assert "Your teacher knows that you need help." in desk.notes
            answer = await student.type("/ask")
            assert answer.text == (
                "Your teacher knows that you need help: you are next; /cancel when you can go on."
            )
            await student.type("/done")
            assert await teacher.peer.expect("signal") == {**signal, "value": "IN_PROGRESS"}

            # Several tasks, and none of them meant; the theory is none.
            tasks = [exercise(name, "Add") for name in ("theory", "1", "2")]
            await teacher.peer.emit("steps/all", tasks)
            await desk.wait(lambda: len(desk.lesson.tasks) == 3)
            network.upgrades = "refuse"
            await network.aclose()
            await desk.wait(lambda: desk.lesson.link == "offline")
            await student.type("/ask")
            assert desk.notes[-1].endswith("your teacher hears of it as soon as you are connected.")
            network.upgrades = "pass"
            assert await teacher.peer.expect("signal") == signal
            await desk.wait(lambda: standing_of(desk.lesson) == "known")
            assert desk.lesson.statuses == {}
        # Who starts again still needs it.
        async with sharing(place, tmp_path, tmp_path / "state") as student:
            await student.desk.wait(lambda: standing_of(student.desk.lesson) == "known")


# --- coming back ----------------------------------------------------------------------------------


async def test_who_starts_again_is_the_same_student(server: ServerProcess, tmp_path: Path) -> None:
    state = tmp_path / "state"
    async with teaching(server.url) as teacher:
        await teacher.peer.emit("steps/all", [exercise("1", "Add")])
        async with sharing(teacher.place, tmp_path, state) as student:
            first = student.user_id
            await student.desk.wait(lambda: student.desk.lesson.tasks)
            await student.type("/done 1")
            student.visit.say("hello")
            await teacher.peer.expect("steps/status/to_mentor")
        [ticket] = state.iterdir()
        assert stat.S_IMODE(ticket.stat().st_mode) == 0o600
        assert stat.S_IMODE(state.stat().st_mode) == 0o700
        async with sharing(teacher.place, tmp_path, state) as student:
            assert student.user_id == first
            await student.desk.wait(lambda: student.desk.lesson.talk)
            assert student.desk.lesson.status("1") == "DONE"
            assert "hello" in student.desk.notes
            # Twice at once: the earlier one says why it ends, and does not fight.
            async with sharing(teacher.place, tmp_path, state) as other:
                assert other.user_id == first
                with pytest.raises(Failed, match="runs twice"):
                    await asyncio.wait_for(student.staying, patience(5))
                other.visit.say("still here")
                await teacher.peer.expect("message/to_mentor")
                # For good: the next one is somebody new.
                answer = await other.type("/leave")
                assert answer.is_last
        assert list(state.iterdir()) == []
        async with sharing(teacher.place, tmp_path, state) as student:
            assert student.user_id != first


async def test_a_ticket_that_is_worth_nothing_any_more_is_forgotten(
    server: ServerProcess, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    async with teaching(server.url) as teacher:
        async with sharing(teacher.place, tmp_path, state) as student:
            first = student.user_id
        [ticket] = state.iterdir()
        ticket.write_text(json.dumps({"user_id": first, "token": "x" * 43}))
        async with sharing(teacher.place, tmp_path, state) as student:
            # The name is that of somebody whose token is lost.
            with pytest.raises(Failed, match="take another name"):
                await student.staying
        ticket.write_text("rubbish")
        async with sharing(teacher.place, tmp_path, state, "Bob") as student:
            assert student.user_id != first


async def test_who_comes_while_the_teacher_is_away_is_told_so(
    server: ServerProcess, tmp_path: Path
) -> None:
    async with teaching(server.url) as teacher:
        await teacher.peer.close()
        async with sharing(teacher.place, tmp_path, tmp_path / "state") as student:
            await student.desk.wait(lambda: not student.desk.lesson.is_teacher_here)
            assert "The teacher is away." in student.desk.notes


async def test_a_killed_server_costs_nothing(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "quad", "serve", "--port", str(port), "--data"]
    command.append(str(tmp_path / "data"))
    root = write(tmp_path / "folder", {"a.py": "1"})
    server = await asyncio.to_thread(ServerProcess, command, port=port)
    async with (
        teaching(server.url) as teacher,
        sharing(teacher.place, root, tmp_path / "state") as student,
    ):
        desk, first = student.desk, student.user_id
        student.visit.say("before")
        await teacher.peer.expect("message/to_mentor")
        await teacher.watch(first)
        server.kill()
        await desk.wait(lambda: desk.lesson.link == "offline")
        assert not desk.lesson.is_watched
        student.visit.say("while away")
        server = await asyncio.to_thread(ServerProcess, command, port=port)
        try:
            again = await enter(server.url)
            request = {"room_id": teacher.room, "user_id": teacher.user_id, "protocol": 2}
            await again.emit("room/rehost", {**request, "token": teacher.token})
            await desk.wait(lambda: desk.lesson.link == "online")
            await desk.wait(lambda: not desk.lesson.unsent)
            assert desk.lesson.user_id == first
            assert [line.text for line in desk.lesson.talk] == ["before", "while away"]
            teacher.peer, old = again, teacher.peer
            await old.close()
            await teacher.watch(first)
            (root / "a.py").write_text("2")
            await teacher.see_until(lambda tree: tree == {"a.py": "2"})
            await again.emit("message/user", {"user_id": first})
            history = await again.expect("message/user")
            assert [each["content"] for each in history["messages"]] == ["before", "while away"]
        finally:
            await student.quit()
            await teacher.peer.close()
            await asyncio.to_thread(server.terminate)


async def test_the_end_of_the_room_and_a_removal_are_told(
    server: ServerProcess, tmp_path: Path
) -> None:
    async with teaching(server.url) as teacher:
        async with (
            sharing(teacher.place, tmp_path, tmp_path / "state") as ann,
            sharing(teacher.place, tmp_path, tmp_path / "state", "Bob") as bob,
        ):
            await teacher.peer.emit("room/kill", {"user_id": bob.user_id})
            with pytest.raises(Failed, match="removed you from room"):
                await asyncio.wait_for(bob.staying, patience(5))
            await teacher.emit("room/close")
            said = await asyncio.wait_for(ann.staying, patience(5))
            assert said == "The teacher has closed the room."
        assert list((tmp_path / "state").iterdir()) == []


async def test_a_server_that_falls_silent_counts_as_gone(tmp_path: Path) -> None:
    connections: list[ServerConnection] = []

    async def answer(socket: ServerConnection) -> None:
        connections.append(socket)
        await socket.send('0{"sid":"x","pingInterval":200,"pingTimeout":100,"maxPayload":9000}')
        assert await socket.recv() == "40"
        await socket.send('40{"sid":"y"}')
        if len(connections) == 1:
            assert "room/join" in str(await socket.recv())
            await socket.send(
                '42["room/join",{"user_id":7,"room_id":1,"name":"A","token":"t","is_teacher_here":true}]'
            )
            await socket.send("430[]")
        else:
            assert str(await socket.recv()).startswith('420["room/rejoin",{"room_id":1,"user_id":7')
            await socket.send('430[{"code":"room_not_found","message":"Error: no"}]')
        await socket.wait_closed()

    async with serve(answer, "127.0.0.1", 0) as silent:
        port = next(iter(silent.sockets)).getsockname()[1]
        place = Place(f"http://127.0.0.1:{port}", 1)
        async with sharing(place, tmp_path, tmp_path / "state") as student:
            said = await asyncio.wait_for(student.staying, patience(5))
            assert said == "The teacher has closed the room."
            assert "The connection is lost; trying again." in student.desk.notes


async def test_heartbeats_alone_keep_a_connection_that_is_watched(tmp_path: Path) -> None:
    connections: list[ServerConnection] = []
    heard: list[str] = []
    # Several times as long as the server may be silent; nothing but heartbeats in it.
    beats, interval_s = 15, 0.1

    async def answer(socket: ServerConnection) -> None:
        connections.append(socket)
        await socket.send('0{"sid":"x","pingInterval":300,"pingTimeout":300,"maxPayload":90000}')
        assert await socket.recv() == "40"
        await socket.send('40{"sid":"y"}')
        assert "room/join" in str(await socket.recv())
        await socket.send(
            '42["room/join",{"user_id":7,"room_id":1,"name":"A","token":"t","is_teacher_here":true}]'
        )
        await socket.send('42["sharing/start",{}]')
        await socket.send("430[]")

        async def listen() -> None:
            async for text in socket:
                heard.append(str(text))
                if (asked := re.match(r"42(\d+)", str(text))) is not None:
                    await socket.send(f"43{asked[1]}[]")

        listening = asyncio.create_task(listen())
        for _ in range(beats):
            await asyncio.sleep(interval_s)
            await socket.send("2")
        await socket.send('42["room/closed",{"message":"Room closed!"}]')
        await listening

    (tmp_path / "folder").mkdir()
    async with serve(answer, "127.0.0.1", 0) as quiet:
        port = next(iter(quiet.sockets)).getsockname()[1]
        place = Place(f"http://127.0.0.1:{port}", 1)
        async with sharing(place, tmp_path / "folder", tmp_path / "state") as student:
            said = await asyncio.wait_for(student.staying, patience(10))
            assert said == "The teacher has closed the room."
            # Neither lost, nor told twice, nor sent twice.
            assert len(connections) == 1
            assert heard.count("3") == beats
            assert student.desk.notes.count("The teacher is watching your folder.") == 1
            assert sum("sharing/code_send" in text for text in heard) == 1
            assert not [note for note in student.desk.notes if "lost" in note]


# --- the command ----------------------------------------------------------------------------------


def test_what_stops_somebody_from_taking_part_is_a_sentence(
    server: ServerProcess, tmp_path: Path
) -> None:
    here = str(tmp_path)
    nobody = f"http://127.0.0.1:{free_port()}"
    # The command runs loops of its own, and this one has to go on: Ann is asked whether she lives.
    with loop_of_its_own() as run:
        teacher, ann = run(with_somebody_called_ann(server.url))
        room = str(teacher.room)
        for args, exit_code, words in (
            ([here, "--room", "1", "--name", "Ann"], 1, "there is no room 1 at http"),
            ([here, "--room", room, "--name", "Ann"], 1, "take another name with --name"),
            ([here, "--room", room, "--name", "A\x00"], 1, "does not let A"),
            ([here, "--room", room, "--name", "Ann", "--url", nobody], 1, "nobody answers there"),
            ([here, "--room", room, "--name", "Ann", "--url", f"{server.url}/x"], 1, "HTTP 404"),
            ([here, "--room", room, "--name", "Ann", "--url", "ftp://x"], 1, "must look like"),
            ([here, "--room", "hall", "--name", "Ann"], 1, "is no room"),
            ([here, "--room", room, "--name", " "], 2, "1 to 100 characters"),
            ([here, "--name", "Ann"], 2, "--room is missing"),
            ([here, "--room", room], 2, "--name is missing"),
            ([here, "--room", room, "--pass", "x"], 2, "a pass has eight letters"),
            ([here, "--room", room, "--pass", "ABCD-2345"], 1, "a pass is good once"),
            ([f"{here}/missing", "--room", room, "--name", "Ann"], 2, "does not exist"),
        ):
            env = {"QUAD_URL": server.url, "XDG_STATE_HOME": here}
            done = quad("share", *args, env=env, columns="400")
            assert (done.code, done.out) == (exit_code, ""), (args, done)
            assert words in done.err, (args, done)
            assert "Traceback" not in done.err
        run(teacher.peer.close())
        run(ann.close())


@contextmanager
def loop_of_its_own() -> Iterator[Callable[[Coroutine[Any, Any, T]], T]]:
    """Runs coroutines, one after the other, in a loop that goes on in between."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield lambda coroutine: asyncio.run_coroutine_threadsafe(coroutine, loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def with_somebody_called_ann(url: str) -> tuple[Teacher, Peer]:
    teacher, ann = await open_room(url), await enter(url)
    await ann.emit("room/join", {"room_id": teacher.room, "name": "Ann"})
    await ann.expect("room/join")
    return teacher, ann


def test_help_teaches() -> None:
    done = quad("share", "--help")
    assert done.code == 0
    for words in ("Examples", "--room", "--name", "--plain", "--poll", "QUAD_URL", "only then"):
        assert words in done.out


def test_a_room_is_named_by_its_number_or_its_link() -> None:
    here = "http://127.0.0.1:8000"
    assert find_place("123 456", here) == Place(here, 123456)
    link = "https://quad.example.org/school/classroom/123456?name=x"
    assert find_place(link, here) == Place("https://quad.example.org/school", 123456)
    assert find_place(link, here).link == "https://quad.example.org/school/classroom/123456"


async def test_who_is_in_class_in_a_browser_is_the_same_student_in_the_editor(
    server: ServerProcess, tmp_path: Path
) -> None:
    async with teaching(server.url) as teacher:
        browser = await enter(server.url)
        await browser.emit("room/join", {"room_id": teacher.room, "name": "Ann", "protocol": 2})
        me = await browser.expect("room/join")
        main, side = pty.openpty()
        command = [sys.executable, "-m", "quad", "share", str(tmp_path), "--plain", "--name", "Ann"]
        process = subprocess.Popen(
            [*command, "--room", teacher.place.link],
            env={**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")},
            stdin=side,
            stdout=side,
            stderr=side,
            start_new_session=True,
        )
        os.close(side)
        try:
            shown = await asyncio.to_thread(read_until, main, "Code: ")
            assert 'press "Own editor" there and "Copy the code"' in shown
            os.write(main, b"rubbish\n")
            await asyncio.to_thread(
                read_until, main, "That is not a code of the page, and no pass.\r\nCode: "
            )
            # Somebody else's is worth nothing, and it asks again.
            os.write(main, f"{me['user_id']}-{'x' * 43}\n".encode())
            await asyncio.to_thread(read_until, main, "Just Enter gives up.\r\nCode: ")
            os.write(main, f"{me['user_id']}-{me['token']}\n".encode())
            told = await browser.expect("alerts")
            assert "was taken" in told["message"]
            shown += await asyncio.to_thread(read_until, main, "You are in room")
            assert me["token"] not in shown
            os.write(main, b"it is me\n")
            message = await teacher.peer.expect("message/to_mentor")
            assert (message["sender"], message["content"]) == (me["user_id"], "it is me")
            os.write(main, b"/quit\n")
            assert await asyncio.to_thread(process.wait, 20) == 0
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            os.close(main)
            await browser.close()


def read_until(terminal: int, words: str) -> str:
    shown = b""
    while words.encode() not in shown:
        assert select.select([terminal], [], [], 20)[0], shown
        shown += os.read(terminal, 1000)
    return shown.decode()


async def test_the_command_shows_a_lesson_line_by_line_and_holds_its_pace(
    server: ServerProcess, tmp_path: Path
) -> None:
    root = write(tmp_path / "folder", {"a.py": "1"})
    env = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state"), "QUAD_URL": "http://elsewhere"}
    async with teaching(server.url) as teacher:
        await teacher.peer.emit("steps/all", [exercise("1", "<b>Add</b>")])
        program = [sys.executable, "-m", "quad", "share", str(root), "--name", "Ann", "--room"]
        process = await asyncio.create_subprocess_exec(
            *program,
            teacher.place.link,
            env=env,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stdin is not None
        try:
            process.stdin.write(b"/done 1\n")
            user_id = await teacher.expect_student("Ann")
            await teacher.peer.expect("steps/status/to_mentor")
            await teacher.watch(user_id)
            loop = asyncio.get_running_loop()
            started = loop.time()
            for content in "23":
                (root / "a.py").write_text(content)
                assert await teacher.see() == [("a.py", "CHANGED")]
            assert loop.time() - started > 0.9
            process.stdin.write("Пока\n/quit\n".encode())
            assert (await teacher.peer.expect("message/to_mentor"))["content"] == "Пока"
            out, err = await asyncio.wait_for(process.communicate(), patience(10))
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert (process.returncode, err) == (0, b"")
        printed = out.decode().splitlines()
        for line in (
            f"✓ You are in room {teacher.room} as Ann.",
            "  The teacher has given 1 task.",
            "! The teacher is watching your folder.",
            "→ Shared the folder: 1 file",
            "→ Shared a.py",
            "  Task 1: done",
            "You: Пока",
            "  No longer in the class. Start again to go on.",
        ):
            assert line.strip() in [each.strip() for each in printed], (line, printed)
