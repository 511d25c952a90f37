"""Real server processes: start one, learn its address, kill it, start it again."""

from __future__ import annotations

import math
import os
import random
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from tests.patience import patience
from tests.prefork import Forked, can_fork

ROOT = Path(__file__).resolve().parent.parent

_ADDRESS = re.compile(r"https?://(?P<host>[\w.\-]+):(?P<port>\d+)")
_HOST = "127.0.0.1"
_WITHOUT_COVERAGE = {"COVERAGE_PROCESS_CONFIG": ""}


class ServerDidNotStart(Exception):
    """The process ended, and printed no address or accepted no connection."""


class ServerProcess:
    """One server in a process of its own, with all it prints.

    `port` is known beforehand (then the server is ready when it accepts a connection) or `None`
    (then it is read from the first address that the server prints). Coverage is counted in it only
    if `is_counted`: without, it starts twice as fast, and tests of the same code in this process
    count it.

    A start may take as long as the process lives: how long depends on what else the machine does.
    One that hangs is ended by the time limit of the test.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        port: int | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path = ROOT,
        is_counted: bool = False,
    ) -> None:
        self.command = list(command)
        self._lines: list[str] = []
        self._changed = threading.Condition()
        environment = {
            **os.environ,
            **({} if is_counted else _WITHOUT_COVERAGE),
            "PYTHONUNBUFFERED": "1",
            **(env or {}),
        }
        output, end = os.pipe()
        try:
            self._process = self._start(environment, cwd, end)
        finally:
            os.close(end)
        self._output = os.fdopen(output, encoding="utf-8", errors="backslashreplace")
        self._reader = threading.Thread(target=self._collect, daemon=True)
        self._reader.start()
        try:
            self.port = self._await_address() if port is None else port
            self._await_accept()
        except BaseException:
            self.kill()
            raise

    def _start(
        self, env: Mapping[str, str], cwd: Path, output: int
    ) -> subprocess.Popen[bytes] | Forked:
        if can_fork(self.command):
            return Forked(self.command[3:], env=env, cwd=cwd, stdout=output, stderr=output)
        return subprocess.Popen(
            self.command,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )

    @property
    def host(self) -> str:
        return _HOST

    @property
    def url(self) -> str:
        return f"http://{_HOST}:{self.port}"

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    @property
    def output(self) -> str:
        """All that the process printed so far, standard error included."""
        with self._changed:
            return "".join(self._lines)

    def wait_for_output(self, pattern: str, within_s: float | None = 10.0) -> re.Match[str]:
        """The first place in the output that matches; raises `TimeoutError`.

        None waits as long as the process lives.
        """
        limit_s = math.inf if within_s is None else patience(within_s)
        deadline = time.monotonic() + limit_s
        with self._changed:
            while True:
                found = re.search(pattern, "".join(self._lines))
                if found:
                    return found
                left_s = deadline - time.monotonic()
                if left_s <= 0 or not self._reader.is_alive():
                    printed = "".join(self._lines)
                    raise TimeoutError(
                        f"no {pattern!r} in the output of {self.command}:\n{printed}"
                    )
                self._changed.wait(min(left_s, 0.1))

    def kill(self) -> None:
        """End it without a word, as a power cut does. Returns once it is gone."""
        self._end(signal.SIGKILL)

    def terminate(self, within_s: float = 15.0) -> int:
        """Ask it to stop and wait; returns the exit code. One that stays is killed and raises."""
        self._process.terminate()
        try:
            code = self._process.wait(patience(within_s))
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        self._drain()
        return code

    def _end(self, number: signal.Signals) -> None:
        if self.is_running:
            self._process.send_signal(number)
        self._process.wait()
        self._drain()

    def _drain(self) -> None:
        self._reader.join(5.0)
        self._output.close()

    def _collect(self) -> None:
        for line in self._output:
            with self._changed:
                self._lines.append(line)
                self._changed.notify_all()

    def _await_address(self) -> int:
        try:
            return int(self.wait_for_output(_ADDRESS.pattern, None)["port"])
        except TimeoutError as error:
            raise ServerDidNotStart(str(error)) from None

    def _await_accept(self) -> None:
        while self.is_running:
            try:
                socket.create_connection((_HOST, self.port), timeout=1.0).close()
            except OSError:
                time.sleep(0.02)  # nothing announces a listening socket: ask again
            else:
                return
        raise ServerDidNotStart(f"{self.command} ended:\n{self.output}")


def kept_port() -> int:
    """A free port for a server that is stopped and started again: none that a connection of
    somebody may be given meanwhile, as those of `free_port` are.
    """
    while True:
        port = random.randrange(10_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind((_HOST, port))
            return port


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
        return port
