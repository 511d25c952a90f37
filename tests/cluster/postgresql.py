"""A PostgreSQL of a test's own, which may be stopped and started again."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

import pytest

from tests.process import kept_port

PROGRAMS = Path("/usr/lib/postgresql/15/bin")


@contextmanager
def running_postgresql(tmp_path: Path) -> Iterator[OwnPostgresql]:
    """One that runs, and ends with the block; without the programs the test is skipped."""
    if not PROGRAMS.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"no PostgreSQL in {PROGRAMS}")
        pytest.skip(f"install PostgreSQL 15 ({PROGRAMS})")
    with _directory(tmp_path) as directory:
        server = OwnPostgresql(directory)
        server.start()
        try:
            yield server
        finally:
            with suppress(subprocess.CalledProcessError):  # the test has stopped it
                server.stop()


class OwnPostgresql:
    """A server that a test may stop."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._port = kept_port()
        self.url = f"postgresql://postgres@127.0.0.1:{self._port}/postgres"
        self._run("initdb", "-U", "postgres", "-A", "trust", "-N")

    def start(self) -> None:
        options = f"-p {self._port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''"
        self._run("pg_ctl", "-w", "-o", options, "-l", str(self._directory / "log"), "start")

    def stop(self, mode: Literal["fast", "immediate"] = "immediate") -> None:
        self._run("pg_ctl", "-w", "-m", mode, "stop")

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(PROGRAMS / program), "-D", str(self._directory / "data"), *arguments]
        if os.geteuid() == 0:  # it refuses to run as root
            command = ["setpriv", "--reuid=postgres", "--clear-groups", *command]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")


@contextmanager
def _directory(tmp_path: Path) -> Iterator[Path]:
    """One that the account of the server may write to, which those of pytest are not."""
    if os.geteuid() != 0:
        yield tmp_path
        return
    directory = Path(tempfile.mkdtemp(prefix="quad-postgresql-"))
    shutil.chown(directory, "postgres")
    try:
        yield directory
    finally:
        shutil.rmtree(directory)
