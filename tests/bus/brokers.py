"""Brokers for tests: those of this machine, and servers of a test's own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.patience import patience

URLS = {
    "nats": os.environ.get("QUAD_TEST_NATS") or "nats://127.0.0.1:4222",
    "rabbitmq": os.environ.get("QUAD_TEST_RABBITMQ") or "amqp://guest:guest@127.0.0.1:5672/",
}
_HOW_TO_START = {
    "nats": "start NATS (make services) or set QUAD_TEST_NATS",
    "rabbitmq": "start RabbitMQ (make services) or set QUAD_TEST_RABBITMQ",
}


def broker_url(kind: str) -> str:
    """The address of a broker that runs; without it a test fails in CI and is skipped elsewhere."""
    url = URLS[kind]
    parsed = urlsplit(url)
    if not _answers(parsed.hostname or "", parsed.port or 0):
        missing(_HOW_TO_START[kind])
    return url


def missing(how_to_start: str) -> None:
    """End the test, in the way that fits where it runs."""
    if os.environ.get("CI") == "true":
        pytest.fail(how_to_start)
    pytest.skip(how_to_start)


class NatsServer:
    """A nats-server of a test's own, which may be killed and started again."""

    def __init__(self, port: int, directory: Path, *options: str) -> None:
        self.port = port
        self._log = directory / "nats.log"
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Return when it answers."""
        program = shutil.which("nats-server", path=os.environ.get("PATH", "") + ":/usr/sbin")
        if program is None:
            missing(_HOW_TO_START["nats"])
            return
        command = [program, "-a", "127.0.0.1", "-p", str(self.port), "-l", str(self._log)]
        self._process = subprocess.Popen([*command, *self._options])
        end = time.monotonic() + patience(5)
        while not _answers("127.0.0.1", self.port):
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < end
            time.sleep(0.02)

    def kill(self) -> None:
        """As a crash: nothing is said to anybody."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=2):
            return True
    except OSError:
        return False
