"""How code grows, as `quad share` has it recorded: after a yes, and while the class records."""

import asyncio
import json
import os
import pty
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from quad.cli.share.recording import QUESTION, UNASKED
from tests.cli.remote_server import serving_quad
from tests.cli.share_class import PACE_S, PATIENCE_S, Student, Teacher, sharing, teaching
from tests.cli.test_share import read_until
from tests.cli.test_share_folder import write
from tests.process import ServerProcess

BEGINS = "What you save is recorded now, for you and your teacher; /record no ends that."


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with serving_quad(tmp_path_factory.mktemp("recording")) as server:
        yield server


async def history(teacher: Teacher, user_id: int) -> list[Any]:
    """What was recorded: names with what was inserted; None where a file has gone."""
    request = urllib.request.Request(
        f"{teacher.url}/classes/{teacher.room}/history/{user_id}",
        headers={"Authorization": f"Bearer {teacher.token}"},
    )

    def read() -> str:
        try:
            with urllib.request.urlopen(request) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError:
            # Nothing of this student yet.
            return ""

    lines = [json.loads(line) for line in (await asyncio.to_thread(read)).splitlines()]
    return [
        (line["filename"], None if line.get("kind") == "removed" else line["inserted"])
        for line in lines
        if "seq" in line
    ]


async def recorded(teacher: Teacher, user_id: int, *edits: tuple[str, str | None]) -> None:
    """Wait until the history says just this; nobody is told when it does."""
    async with asyncio.timeout(PATIENCE_S):
        while (found := await history(teacher, user_id)) != list(edits):
            assert len(found) < len(edits), found
            await asyncio.sleep(0.05)


async def reported(student: Student, count: int) -> None:
    await student.desk.wait(lambda: len(student.desk.reports) >= count)


async def test_nothing_is_recorded_without_a_yes_and_all_that_is_saved_after_it(
    server: ServerProcess, tmp_path: Path
) -> None:
    root = write(tmp_path / "folder", {"a.py": "one\n"})
    async with (
        teaching(server.url, 3) as teacher,
        sharing(teacher.place, root, tmp_path / "state") as student,
    ):
        desk = student.desk
        assert desk.lesson.is_asking_to_record
        await teacher.watch(await teacher.expect_student("Ann"))
        (root / "a.py").write_text("one\ntwo\n")
        await teacher.see()
        await reported(student, 2)
        assert (await student.type("/record")).text == (
            "You are not recorded; /record yes allows it."
        )

        # The history begins with what is there, and goes on though nobody watches.
        await student.type("/record yes")
        assert BEGINS in desk.notes
        assert await teacher.see("sharing/code_send") == [("a.py", "CREATED")]
        await teacher.emit("sharing/end")
        await desk.wait(lambda: not desk.lesson.is_watched)
        (root / "a.py").write_text("one\ntwo\nthree\n")
        edits: list[tuple[str, str | None]] = [("a.py", "one\ntwo\n"), ("a.py", "three\n")]
        await recorded(teacher, student.user_id, *edits)
        await reported(student, 4)
        assert [report.is_watched for report in desk.reports] == [True, True, True, False]

        # Whoever watches gets the whole tree, and the history says nothing new of it.
        await teacher.watch(student.user_id)
        await teacher.emit("sharing/end")
        await desk.wait(lambda: not desk.lesson.is_watched)
        (root / "a.py").unlink()
        edits.append(("a.py", None))
        await recorded(teacher, student.user_id, *edits)

        await student.type("/record no")
        write(root, {"b.py": "secret"})
        # Nothing tells that nothing happens: the time in which it would have.
        await asyncio.sleep(3 * PACE_S)
        await teacher.watch(student.user_id)
        assert teacher.tree == {"b.py": "secret"}
        await recorded(teacher, student.user_id, *edits)


async def test_the_answer_is_remembered_and_the_rule_of_the_class_ends_it(
    server: ServerProcess, tmp_path: Path
) -> None:
    root, state = write(tmp_path / "folder", {"a.py": "one\n"}), tmp_path / "state"
    async with teaching(server.url, 3) as teacher:
        async with sharing(teacher.place, root, state, may_record=True) as student:
            await recorded(teacher, student.user_id, ("a.py", "one\n"))
        async with sharing(teacher.place, root, state) as student:
            assert student.desk.lesson.is_recorded
            await reported(student, 1)
            await teacher.peer.call("rules/set", {"is_recorded": False})
            ended = "The class does not record any more."
            await student.desk.wait(lambda: ended in student.desk.notes)
            (root / "a.py").write_text("two\n")
            await asyncio.sleep(3 * PACE_S)
            assert (await student.type("/record")).text == "This class does not record."
            await teacher.peer.call("rules/set", {"is_recorded": True})
            await student.desk.wait(lambda: student.desk.notes.count(BEGINS) == 2)
            # Sent anew with each beginning, and told once.
            await recorded(teacher, student.user_id, ("a.py", "one\n"), ("a.py", "two"))
        async with sharing(teacher.place, root, state, may_record=False) as student:
            assert not student.desk.lesson.is_recorded
        async with sharing(teacher.place, root, state) as student:
            assert not student.desk.lesson.is_asking_to_record


async def test_a_large_tree_is_recorded_as_what_was_there(
    server: ServerProcess, tmp_path: Path
) -> None:
    files = {f"f{number}.txt": str(number) * 100_000 for number in range(6)}
    root = write(tmp_path / "folder", {**files, "cat.png": b"\x00"})
    async with (
        teaching(server.url, 3) as teacher,
        sharing(teacher.place, root, tmp_path / "state", may_record=True) as student,
    ):
        await recorded(teacher, student.user_id, *sorted(files.items()))
        request = urllib.request.Request(
            f"{teacher.url}/classes/{teacher.room}/history/{student.user_id}",
            headers={"Authorization": f"Bearer {teacher.token}"},
        )
        with await asyncio.to_thread(urllib.request.urlopen, request) as answer:
            lines = [json.loads(line) for line in answer.read().splitlines()]
        assert sum("seq" in line for line in lines) == 6
        assert not [line for line in lines if line.get("pasted")]
        # Names of what stays here are for who watches.
        assert not [line for line in teacher.peer.journal if "sharing/left_out" in line]


async def test_a_terminal_asks_and_a_pipe_says_how_it_is_allowed(
    server: ServerProcess, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "quad", "share", str(tmp_path), "--plain", "--name"]
    env = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state"), "QUAD_URL": server.url}
    async with teaching(server.url, 3) as teacher:
        room = ["--room", str(teacher.room)]
        done = await asyncio.to_thread(
            subprocess.run,
            [*command, "Bob", *room],
            env=env,
            input="y\n/quit\n",
            capture_output=True,
            text=True,
            check=True,
        )
        assert UNASKED in done.stdout
        assert "You: y" in done.stdout
        assert BEGINS not in done.stdout

        main, side = pty.openpty()
        process = subprocess.Popen(
            [*command, "Ann", *room], env=env, stdin=side, stdout=side, stderr=side
        )
        os.close(side)
        try:
            await asyncio.to_thread(read_until, main, f"{QUESTION} [y/N]")
            os.write(main, b"yes\n")
            await asyncio.to_thread(read_until, main, BEGINS)
            os.write(main, b"/quit\n")
            assert await asyncio.to_thread(process.wait, 20) == 0
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            os.close(main)
