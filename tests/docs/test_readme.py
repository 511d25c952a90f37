"""The README's examples, against a real server."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.test_docs import ROOT, SERVED, blocks
from tests.patience import patience
from tests.process import ServerProcess

README = ROOT / "README.md"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    command = [sys.executable, "-m", "quad", "serve", "--port", "0", "--data", str(tmp_path)]
    process = ServerProcess(command)
    yield process
    process.terminate()


def test_the_class_of_the_readme_is_held(server: ServerProcess) -> None:
    [code] = blocks(README, "python")
    assert SERVED in code
    program = code.replace(SERVED, server.url) + (
        "\nevent, message = teacher.receive()\n"
        "while event != 'message/to_mentor':\n"
        "    event, message = teacher.receive()\n"
        "assert message['content'] == 'Hello!', message\n"
        "teacher.disconnect()\n"
        "student.disconnect()\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=patience(30))


def test_the_alert_of_the_readme_is_given(server: ServerProcess) -> None:
    [command] = [code for code in blocks(README, "sh") if "curl" in code]
    assert SERVED in command
    if shutil.which("curl") is None:
        pytest.skip("curl is missing: apt-get install curl")
    answer = subprocess.run(
        ["bash", "-c", command.replace(SERVED, server.url)],
        check=True,
        capture_output=True,
        timeout=patience(30),
    )
    assert answer.stdout == b'{"delivered":0}'
