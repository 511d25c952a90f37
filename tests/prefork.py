"""Processes of Quad that start at once: forked from one that has imported all of it.

Nearly all of a start are imports, a second of CPU and more, and the tests start some hundred
processes. What is forked is a process like any other (a number, signals, an end with its code);
only its interpreter was started by somebody else. Tests that mean the start itself begin with
`python -m quad`.
"""

from __future__ import annotations

import atexit
import functools
import gc
import importlib
import json
import os
import select
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import coverage
from litestar import Litestar

ROOT = Path(__file__).resolve().parent.parent
QUAD = [sys.executable, "-m", "quad"]

# What `quad serve` and the other commands import when they are asked for something.
_IMPORTED = (
    "quad.cli.app",
    "quad.cli.serve",
    "quad.server",
    "alembic.command",
    "asyncpg",
    "asyncmy",
    "nats",
    "aio_pika",
)
_REQUEST_BYTES = 1 << 17


class Forked:
    """A process of Quad, with what the tests use of `subprocess.Popen`."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        stdout: int,
        stderr: int,
    ) -> None:
        """`arguments` are those behind `quad`; it has nothing to read."""
        self.returncode: int | None = None
        self._status, status = os.pipe()
        # Open as long as this is: whoever waits in another thread must not meet another file.
        weakref.finalize(self, os.close, self._status)
        self._reading = threading.Lock()
        request = json.dumps([list(arguments), dict(env), str(cwd)]).encode()
        try:
            socket.send_fds(_parent(), [request], [stdout, stderr, status])
        finally:
            os.close(status)
        self.pid = int(self._read())

    def poll(self) -> int | None:
        """Its exit code, or minus the number of the signal that ended it; None while it runs."""
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        """Like `poll`, when it has ended; raises `subprocess.TimeoutExpired`."""
        code = self._look(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(QUAD, timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        """Does nothing when it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def _look(self, timeout_s: float | None) -> int | None:
        if self.returncode is None and select.select([self._status], [], [], timeout_s)[0]:
            with self._reading:
                if self.returncode is None:
                    self.returncode = int(self._read())
        return self.returncode

    def _read(self) -> bytes:
        """What the parent says next: the number of the process, then its code."""
        said = os.read(self._status, 16)
        if not said:
            raise ChildProcessError("the process that forks has ended")
        return said


def can_fork(command: Sequence[str]) -> bool:
    """Whether this is `python -m quad` with the interpreter of the tests."""
    return list(command[:3]) == QUAD


def quad(
    *arguments: str,
    env: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
    timeout_s: float = 60.0,
) -> subprocess.CompletedProcess[str]:
    """Run `quad` with these arguments to its end. `env` is added to this process's.

    One that runs for longer is killed; raises `subprocess.TimeoutExpired`.
    """
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        process = Forked(
            arguments,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            stdout=stdout.fileno(),
            stderr=stderr.fileno(),
        )
        try:
            code = process.wait(timeout_s)
        except BaseException:
            process.send_signal(signal.SIGKILL)
            raise
        printed = [_text_of(each) for each in (stdout, stderr)]
    return subprocess.CompletedProcess([*QUAD, *arguments], code, *printed)


def _text_of(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


@functools.cache
def _parent() -> socket.socket:
    """The way to the process that forks, which ends when this is closed."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with its:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.prefork", str(its.fileno())],
            cwd=ROOT,
            env={**os.environ, "COVERAGE_PROCESS_CONFIG": ""},
            stdin=subprocess.DEVNULL,
            pass_fds=[its.fileno()],
        )
    atexit.register(process.wait)
    atexit.register(ours.close)  # the last that is registered comes first
    return ours


def _serve(control: socket.socket) -> bool:
    """Fork for each request, and tell how each of them ends.

    Returns False when nobody asks any more, and True in each child.
    """
    with selectors.DefaultSelector() as waiting:
        waiting.register(control, selectors.EVENT_READ)
        while True:
            for key, _ in waiting.select():
                if key.data is not None:
                    waiting.unregister(key.fileobj)
                    _tell_end(key.fd, *key.data)
                    continue
                request, files, _flags, _address = socket.recv_fds(control, _REQUEST_BYTES, 3)
                if not request:
                    return False
                pid = os.fork()
                if pid == 0:
                    _become(*json.loads(request), *files[:2])
                    return True
                for file in files[:2]:
                    os.close(file)
                os.write(files[2], str(pid).encode())
                waiting.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, files[2]))


def _tell_end(pidfd: int, pid: int, status: int) -> None:
    _, code = os.waitpid(pid, 0)
    os.close(pidfd)
    try:
        os.write(status, str(os.waitstatus_to_exitcode(code)).encode())
    except BrokenPipeError:
        pass  # nobody wants to know
    os.close(status)


def _become(arguments: list[str], env: dict[str, str], cwd: str, out: int, err: int) -> None:
    """Make the child what `python -m quad` is before its first line."""
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    for number, file in ((1, out), (2, err)):
        os.dup2(file, number)
    os.closerange(3, max(out, err) + 1)
    # The parent's know whether its files can be sought in, these not.
    encoding, _, errors = env.get("PYTHONIOENCODING", "utf-8").partition(":")
    sys.stdout = os.fdopen(1, "w", 1, encoding, errors or "strict", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, encoding, "backslashreplace", closefd=False)
    sys.argv = ["quad", *arguments]
    if env.get("COVERAGE_PROCESS_CONFIG"):
        coverage.process_startup()


def _import_all() -> None:
    for name in _IMPORTED:
        importlib.import_module(name)
    Litestar(logging_config=None)  # looks for what else is installed, and imports that


if __name__ == "__main__":
    _import_all()
    gc.freeze()
    with socket.socket(fileno=int(sys.argv[1])) as control:
        is_child = _serve(control)
    if is_child:
        importlib.import_module("quad.cli").main()
