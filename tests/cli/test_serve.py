"""``quad serve`` as a process."""

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from tests.process import ServerProcess

SERVE = [sys.executable, "-m", "quad", "serve"]


def refused(
    *flags: str, cwd: Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """A server that should not start, once it has ended."""
    return subprocess.run(
        [*SERVE, *flags],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        check=False,
    )


def test_it_prints_its_address_keeps_its_data_and_stops_when_told(tmp_path: Path) -> None:
    data = tmp_path / "data"
    server = ServerProcess([*SERVE, "--port", "0", "--data", str(data)], is_counted=True)
    try:
        answer = httpx.get(f"{server.url}/socket.io/", params={"EIO": "4", "transport": "polling"})
        assert answer.status_code == 200
        assert (data / "quad.sqlite3").exists()
        assert server.terminate(within_s=10.0) == 0
    finally:
        server.kill()
    assert "Traceback" not in server.output


def test_variables_and_file_reach_the_server(tmp_path: Path) -> None:
    file = tmp_path / "quad.toml"
    file.write_text("[engine]\nping_interval_ms = 300\npath = '/class/'\n")
    server = ServerProcess(
        [*SERVE, "--config", str(file)],
        env={"QUAD_PORT": "0", "QUAD_DATA": str(tmp_path / "data")},
    )
    try:
        answer = httpx.get(f"{server.url}/class/", params={"EIO": "4", "transport": "polling"})
        assert '"pingInterval":300' in answer.text
    finally:
        server.kill()


def test_a_port_in_use_is_a_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = refused("--port", str(taken.getsockname()[1]), cwd=tmp_path)
    assert done.returncode == 1
    assert "in use" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "flags",
    [
        ["--data", "file/below"],
        ["--database", "postgresql://quad:hush@127.0.0.1:1/quad"],
        ["--database", "sqlite:////nowhere/at/all.sqlite3"],
    ],
    ids=["data below a file", "database down", "database file without a directory"],
)
def test_what_keeps_it_from_starting_is_a_sentence(flags: list[str], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = refused("--port", "0", *flags, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.strip() != ""
    assert "Traceback" not in done.stderr
    assert "hush" not in done.stdout + done.stderr
