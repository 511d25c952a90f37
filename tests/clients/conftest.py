"""A real `quad serve` that a test may kill and start again on the same data and port."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.nodes import Served, serve
from tests.process import free_port


class Quad:
    """The server of one test. Its address stays the same over restarts."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._port = free_port()
        self._process = self._start()
        self.output = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def kill(self) -> None:
        """kill -9."""
        self._process.kill()
        self.output += self._process.output

    def start(self) -> None:
        """Start again after `kill`."""
        self._process = self._start()

    def stop(self) -> None:
        if self._process.is_running:
            self._process.terminate()
        self.output += self._process.output

    def _start(self) -> Served:
        return serve(data=self._data, port=self._port)


@pytest.fixture
def quad(tmp_path: Path) -> Iterator[Quad]:
    server = Quad(tmp_path / "data")
    yield server
    server.stop()
    assert "Traceback" not in server.output, server.output
