"""What commands print on terminals, pipes and logs that do not know every character."""

import asyncio
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import httpx
import pytest

from quad.cli.printing import takes_every_character, write_on_anything
from tests.classroom.school import exercise
from tests.cli.remote_server import PASSWORD, serving_quad
from tests.cli.share_class import teaching
from tests.patience import patience
from tests.prefork import quad
from tests.process import ServerProcess

NARROW = {
    "cp1251": {"PYTHONIOENCODING": "cp1251"},
    "cp1252": {"PYTHONIOENCODING": "cp1252"},
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "koi8-r": {"PYTHONIOENCODING": "koi8-r"},
    # Python takes neither C nor POSIX at its word: that is UTF-8.
    "C": {"LC_ALL": "C"},
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with serving_quad(tmp_path_factory.mktemp("printing")) as server:
        where = {"latitude": 38.737, "longitude": -9.139, "radious": 60}
        building = {"id": "1", "name": "Библиотека ✓", **where}
        url = f"{server.url}/API/admin/buildings/add"
        answer = httpx.post(url, json=building, auth=("admin", PASSWORD))
        assert answer.status_code == 200
        yield server


def as_shown(text: str, encoding: str) -> str:
    signs = {"✓": "+", "→": ">"}
    known = (each.encode(encoding, "ignore") != b"" for each in text)
    return "".join(
        each if is_known else signs.get(each, "?")
        for each, is_known in zip(text, known, strict=True)
    )


@pytest.mark.parametrize("encoding", NARROW)
async def test_a_lesson_is_shown_in_any_encoding(
    encoding: str, server: ServerProcess, tmp_path: Path
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "задача→.py").write_text("x")
    env = {**os.environ, **NARROW[encoding], "XDG_STATE_HOME": str(tmp_path)}
    async with teaching(server.url) as teacher:
        await teacher.peer.emit("steps/all", [exercise("1", "Сложи ✓ 你好")])
        command = [sys.executable, "-m", "quad", "share", str(tmp_path / "folder"), "--plain"]
        process = await asyncio.create_subprocess_exec(
            *command,
            *("--name", "Аня", "--room", teacher.place.link),
            env=env,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            user_id = await teacher.expect_student("Аня")
            await teacher.emit("message/to_client", user_id=user_id, content="Привет ✓ 你好")
            await teacher.watch(user_id)
            (tmp_path / "folder" / "задача→.py").write_text("y")
            await teacher.see()
            assert process.stdin is not None
            process.stdin.write(b"/tasks\n/files\nhello\n/quit\n")
            out, err = await asyncio.wait_for(process.communicate(), patience(20))
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    assert (process.returncode, err) == (0, b"")
    known = "utf-8" if encoding == "C" else encoding
    lines = out.decode(known).splitlines()
    for sign, words in (("✓", "You are in room"), ("→", "Shared the folder: 1 file")):
        assert any(line.startswith(f"{as_shown(sign, known)} {words}") for line in lines), lines
    assert f"Teacher: {as_shown('Привет ✓ 你好', known)}" in lines
    assert "You: hello" in lines


@pytest.mark.parametrize(
    "args",
    [
        ["--help"],
        ["share", "--help"],
        ["serve", "--help"],
        ["bench", "--help"],
        ["admin", "load", "--help"],
        ["bot", "run", "--help"],
        ["settings"],
        ["settings", "--markdown"],
        ["admin", "buildings"],
        ["admin", "buildings", "--json"],
        ["bot", "buildings"],
        ["bot", "check", "✓"],
        ["admin", "authorise", "Привет"],
        ["share", "--room", "холл", "--name", "Аня"],
    ],
    ids=" ".join,
)
def test_every_command_writes_in_ascii_if_it_has_to(args: list[str], server: ServerProcess) -> None:
    env = {"PYTHONIOENCODING": "ascii", "QUAD_URL": server.url, "QUAD_ADMIN_PASSWORD": PASSWORD}
    done = quad(*args, env={"COLUMNS": "100", **env})
    printed = done.stdout + done.stderr
    assert printed.isascii()
    assert done.returncode in (0, 1), printed
    assert "a bug in Quad" not in printed
    assert printed


def test_a_screen_is_drawn_only_where_its_signs_are_known() -> None:
    for encoding, is_drawn in (("utf-8", True), ("utf-16", True), ("cp1251", False)):
        with patch.object(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding=encoding)):
            assert takes_every_character() is is_drawn


def test_names_of_files_that_are_no_text_are_printed() -> None:
    written = io.BytesIO()
    with patch.object(sys, "stdout", io.TextIOWrapper(written, encoding="utf-8")):
        write_on_anything()
        print(os.fsdecode(b"caf\xe9 \xe2\x9c\x93"), flush=True)
        assert written.getvalue() == "caf? ✓\n".encode()
