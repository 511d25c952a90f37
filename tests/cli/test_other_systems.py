"""The commands for clients where a system has less than Linux: as far as one can tell without one.

Windows lacks some modules, flags, signals and methods. Here a process of its own is taken the same
away before it loads the commands.
"""

import asyncio
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.remote_server import PASSWORD, serving_quad
from tests.cli.share_class import teaching
from tests.cli.test_share_folder import write
from tests.patience import patience
from tests.process import ROOT, ServerProcess

POORER = """
import asyncio, importlib.abc, os, signal, socket, stat, subprocess, sys, tempfile

MODULES = {"fcntl", "grp", "pwd", "resource", "syslog", "termios", "tty", "uvloop"}


class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in MODULES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, Absent())
for name in MODULES:
    sys.modules.pop(name, None)
for name in list(vars(os)):
    if name.startswith(("O_NO", "O_CLO", "O_DIR")) or name in (
        "chown", "fchmod", "fork", "mkfifo", "statvfs", "uname", "killpg",
    ):
        delattr(os, name)
for name in ("SIGHUP", "SIGKILL", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGWINCH", "SIGTSTP"):
    delattr(signal, name)


def no_signals(self, *_):
    raise NotImplementedError


asyncio.SelectorEventLoop.add_signal_handler = no_signals

from quad.cli import main

sys.argv[0] = "quad"
main()
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with serving_quad(tmp_path_factory.mktemp("other")) as server:
        yield server


def environment(server: ServerProcess | None = None, **more: str) -> dict[str, str]:
    own = {"COVERAGE_PROCESS_CONFIG": "", "COLUMNS": "100", "QUAD_ADMIN_PASSWORD": PASSWORD}
    return {**os.environ, **own, **({"QUAD_URL": server.url} if server else {}), **more}


def poorer(server: ServerProcess | None, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", POORER, *args],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment(server),
        stdin=subprocess.DEVNULL,
        check=False,
    )


async def test_a_folder_is_shared(server: ServerProcess, tmp_path: Path) -> None:
    root = write(tmp_path / "folder", {"a.py": "1\r\n", "b.log": "", ".gitignore": "*.log\n"})
    async with teaching(server.url) as teacher:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", POORER, "share", str(root), "--name", "Ann"),
            *("--room", str(teacher.room)),
            env=environment(server, XDG_STATE_HOME=str(tmp_path)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            user_id = await teacher.expect_student("Ann")
            await teacher.watch(user_id)
            assert teacher.tree == {"a.py": "1\r\n", ".gitignore": "*.log\n"}
            (root / "a.py").write_bytes(b"2")
            assert await teacher.see() == [("a.py", "CHANGED")]
            assert process.stdin is not None
            process.stdin.write("Привет\n".encode())
            assert (await teacher.peer.expect("message/to_mentor"))["content"] == "Привет"
            # Ctrl-C, of which no event loop tells there.
            process.send_signal(2)
            out, err = await asyncio.wait_for(process.communicate(), patience(20))
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    assert (process.returncode, err) == (0, b"")
    assert out.decode().splitlines()[-1].strip().startswith("No longer in the class.")


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (["--help"], 0, "share"),
        (["share", "--help"], 0, "--include"),
        (["admin", "bots"], 0, "There are no bots."),
        (["bot", "check", "x"], 1, "Bot does not exist."),
        (["serve"], 1, "servers run on Linux"),
        (["bench", "--help"], 0, "--server"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_the_other_commands_work_or_say_where_they_do(
    args: list[str], code: int, words: str, server: ServerProcess, tmp_path: Path
) -> None:
    done = poorer(server, *args)
    assert done.returncode == code, done
    assert words in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_nothing_that_windows_cannot_install_is_needed_there() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    [uvloop] = [line for line in project["dependencies"] if line.startswith("uvloop")]
    assert uvloop.endswith("; sys_platform != 'win32'")
