"""`quad share` in a class of protocol 3: tasks by ids, the queue for help, and messages."""

import asyncio
import json
import random
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from quad.cli import connection
from quad.cli.share.calls import sign_of
from quad.cli.share.place import Place
from tests.classroom.school import Peer, enter
from tests.cli.remote_server import serving_quad
from tests.cli.share_class import Student, Teacher, open_room, sharing, teaching
from tests.filter import a_filter
from tests.process import ServerProcess, kept_port

TASKS = [
    {"id": "read", "type": "theory", "title": "Loops", "content": "<p>Read.</p>"},
    {"id": "t-sum", "title": "Sum", "content": "<p>Add them.</p>"},
    {
        "id": "t-max",
        "title": "Maximum",
        "content": "<p>Find it.</p>",
        "folder": "max",
        "files": [{"filename": "main.py", "content": "numbers = []\n"}],
        "solution": [{"filename": "main.py", "content": "numbers = []\nprint(max(numbers))\n"}],
    },
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with serving_quad(tmp_path_factory.mktemp("beyond")) as server:
        yield server


async def hand_out(teacher: Teacher, student: Student) -> None:
    await teacher.peer.call("tasks/set", {"tasks": TASKS, "rev": 0})
    await student.desk.wait(lambda: len(student.desk.lesson.tasks) == len(TASKS))


async def queued(teacher: Teacher, **wanted: object) -> Any:
    """The only call in the queue, once it is so."""
    while True:
        for call in await teacher.peer.expect("help/queue"):
            if wanted.items() <= call.items():
                return call


async def test_tasks_reviews_and_notices_go_by_ids_and_codes(
    server: ServerProcess, tmp_path: Path
) -> None:
    async with (
        teaching(server.url, 3) as teacher,
        sharing(teacher.place, tmp_path, tmp_path / "state") as student,
    ):
        desk, peer = student.desk, teacher.peer
        await hand_out(teacher, student)
        assert (await student.type("/tasks")).text == (
            "Theory, Loops                 Read.\n"
            "Task 1, Sum                   Add them.\n"
            "Task 2, Maximum               Find it."
        )
        assert (await student.type("/task sum")).text == "--- Task 1, Sum ---\nAdd them.\n---"
        await student.type("/done max")
        assert (await peer.expect("tasks/report"))["statuses"] == {"t-max": "DONE"}
        await student.type("/progress 1")
        statuses = {"t-max": "DONE", "t-sum": "IN_PROGRESS"}
        assert (await peer.expect("tasks/report"))["statuses"] == statuses

        review = {"user_id": student.user_id, "statuses": {"t-max": "ACCEPTED"}}
        await peer.call("tasks/review", {**review, "comment": "Neat.", "key": "r1"})
        await desk.wait(lambda: desk.lesson.status("t-max") == "ACCEPTED")
        # The comment is a message as well, and read once.
        assert Counter(desk.notes)["Neat."] == 1
        assert "Task 2, Maximum: accepted!" in desk.notes
        review["statuses"] = {"t-max": "IN_PROGRESS"}
        await peer.call("tasks/review", review)
        await desk.wait(lambda: "Task 2, Maximum: in progress" in desk.notes)

        await peer.call("notice/send", {"content": "Lunch at one", "key": "n1"})
        await desk.wait(lambda: "Lunch at one" in desk.notes)
        assert (await student.type("/done o")).text == "There is no task o."


async def test_a_call_for_help_has_a_note_and_a_place_in_the_queue(
    server: ServerProcess, tmp_path: Path
) -> None:
    async with (
        teaching(server.url, 3) as teacher,
        sharing(teacher.place, tmp_path, tmp_path / "state") as student,
    ):
        desk, peer = student.desk, teacher.peer
        await hand_out(teacher, student)
        await student.type("/ask 2 I get an IndexError")
        await queued(teacher, task="t-max", note="I get an IndexError")
        await desk.wait(lambda: sign_of(desk.lesson).endswith(": you are next"))
        assert desk.lesson.status("t-max") == "HELP"

        await student.type("/pause")
        await queued(teacher, state="paused")
        await desk.wait(lambda: "keeps its place" in sign_of(desk.lesson))
        await student.type("/pause")
        await queued(teacher, state="waiting")

        who = {"user_id": student.user_id}
        await peer.call("help/take", who)
        await desk.wait(lambda: sign_of(desk.lesson) == "Teacher is with you now")
        await peer.call("help/done", {**who, "is_helped": True})
        await desk.wait(lambda: desk.lesson.call is None)
        await desk.wait(lambda: desk.lesson.status("t-max") == "IN_PROGRESS")

        await student.type("/ask about everything")
        await queued(teacher, task=None, note="about everything", helped=1)
        await student.type("/cancel")
        while await peer.expect("help/queue"):
            """Still there."""
        assert sign_of(desk.lesson) == ""
        assert (await student.type("/ask 9")).text == "There is no task 9."


async def test_files_of_a_task_are_fetched_and_its_solution_compared(
    server: ServerProcess, tmp_path: Path
) -> None:
    root = tmp_path / "folder"
    root.mkdir()
    async with (
        teaching(server.url, 3) as teacher,
        sharing(teacher.place, root, tmp_path / "state") as student,
    ):
        await hand_out(teacher, student)
        assert (await student.type("/task 2")).text.endswith("--- /start 2 gets its files")
        await student.type("/start maximum")
        (root / "max/main.py").write_text("mine\n")
        assert "left as it is: max/main.py" in (await student.type("/start 2")).text
        # Asked first; anything else is no.
        await student.type("/start 2 --again")
        await student.type("")
        assert (await student.type("/start 2 --again")).text == ""
        await student.type("/tasks")
        await student.type("y")
        assert (root / "max/main.py").read_text() == "mine\n"
        # It was a message then.
        assert (await teacher.peer.expect("message/to_mentor"))["content"] == "y"
        await student.type("/start 2 --again")
        assert "max/main.py.before" in (await student.type("yes")).text
        assert (root / "max/main.py").read_text() == "numbers = []\n"

        assert "has not shown" in (await student.type("/solution 2")).text
        await teacher.peer.call("tasks/reveal", {"task": "t-max"})
        await student.desk.wait(lambda: student.desk.lesson.tasks[2].solution)
        assert student.desk.notes[-1].endswith("/solution 2 compares it.")
        assert "\n+print(max(numbers))\n" in (await student.type("/solution 2")).text
        await student.type("/solution 2 --save")
        assert (root / "max/main.py.solution").read_text().endswith("print(max(numbers))\n")


async def test_the_place_of_an_earlier_program_is_kept(
    server: ServerProcess, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    async with teaching(server.url, 3) as teacher:
        async with sharing(teacher.place, tmp_path, state) as student:
            first = student.user_id
        [file] = state.iterdir()
        # As older versions wrote it.
        kept = json.loads(file.read_text())
        file.write_text(json.dumps({key: kept[key] for key in ("user_id", "token")}))
        async with sharing(teacher.place, tmp_path, state) as student:
            assert student.user_id == first


@pytest.mark.parametrize("seed", [1, 2])
async def test_what_is_written_arrives_once_whatever_breaks(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_FIRST_WAIT_S", 0.02)
    monkeypatch.setattr(connection, "_LONGEST_WAIT_S", 0.1)
    chance, port = random.Random(seed), kept_port()
    command = [sys.executable, "-m", "quad", "serve", "--port", str(port), "--data"]
    command.append(str(tmp_path / "data"))
    server = await asyncio.to_thread(ServerProcess, command, port=port)
    written: list[str] = []
    try:
        async with a_filter(server.url) as network, AsyncExitStack() as stack:
            teacher = await open_room(server.url, 3)
            place = Place(network.url, teacher.room)

            async def start() -> Student:
                return await stack.enter_async_context(sharing(place, tmp_path, tmp_path / "state"))

            student = await start()
            for fault in chance.sample(["cut"] * 12 + ["share"] * 5 + ["server"] * 2, 19):
                for _ in range(chance.randrange(1, 4)):
                    written.append(f"word {len(written)}")
                    student.visit.say(written[-1])
                # Somewhere between the question and its answer.
                await asyncio.sleep(chance.random() * 0.01)
                if fault == "server":
                    server.kill()
                    server = await asyncio.to_thread(ServerProcess, command, port=port)
                elif fault == "share":
                    await student.quit()
                    assert max(Counter(student.desk.notes)[word] for word in written) == 1
                    student = await start()
                await network.aclose()
            await student.visit.ready()
            await student.desk.wait(lambda: not student.desk.lesson.unsent)
            shown = Counter(note for note in student.desk.notes if note in written)
            assert shown == Counter(written)
            again = await enter(server.url)
            assert await read_by_teacher(again, teacher, student.user_id) == written
            await again.close()
            await teacher.peer.close()
    finally:
        await asyncio.to_thread(server.terminate)


async def read_by_teacher(peer: Peer, teacher: Teacher, user_id: int) -> list[str]:
    who = {"room_id": teacher.room, "user_id": teacher.user_id, "token": teacher.token}
    await peer.call("room/rehost", {**who, "protocol": 3})
    await peer.emit("message/user", {"user_id": user_id})
    history = await peer.expect("message/user")
    return [message["content"] for message in history["messages"]]
