"""`quad bench`: a short run with a server of its own, and what it refuses."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.remote_server import quad
from tests.process import ServerProcess, free_port


def test_a_class_is_measured_on_a_server_that_is_started_for_it() -> None:
    done = quad("bench", "--connections", "130", "--seconds", "0.1", "--json")
    assert (done.code, done.err) == (0, "")
    rows = json.loads(done.out)
    assert [(row["in_flight"], row["is_on_disk"]) for row in rows] == [
        (1, False),
        (64, False),
        (1, True),
        (64, True),
    ]
    for row in rows:
        assert row["deliveries_per_s"] > 0
        assert 0 < row["p50_ms"] <= row["p99_ms"] <= row["worst_ms"]


@pytest.fixture
def strict_server(tmp_path: Path) -> Iterator[ServerProcess]:
    command = [sys.executable, "-m", "quad", "serve", "--port", "0", "--data", str(tmp_path)]
    server = ServerProcess(command, env={"QUAD_LIMITS_EVENTS_BURST": "30"})
    yield server
    server.terminate()


def test_whoever_measures_a_server_is_told_that_its_limits_count(
    strict_server: ServerProcess,
) -> None:
    done = quad("bench", "--url", strict_server.url, "--connections", "2", "--seconds", "0.5")
    assert (done.code, done.err) == (0, "")
    assert "--limits off" in done.out
    assert "Traceback" not in strict_server.output


def test_a_server_of_somebody_else_is_not_put_under_load() -> None:
    done = quad("bench", "--url", "http://192.0.2.1:8000")
    assert done.code == 1
    assert "192.0.2.1 is not this machine" in done.err
    assert "--yes-it-is-mine" in done.err


def test_a_server_that_is_not_there_is_a_sentence() -> None:
    done = quad("bench", "--url", f"http://127.0.0.1:{free_port()}")
    assert done.code == 1
    assert "nobody answers there" in done.err
