"""The peers that store by hand tell nothing that is not committed; else they were no comparison."""

import shutil
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from bench.rig import MeasurementFailed, Rig
from bench.subject import Subject
from bench.subjects.node import FOLDER
from bench.subjects.stored import NODE_STORED, PYTHON_STORED
from tests.patience import patience

SHORT = {"window": 4, "warmup": 0.0, "seconds": 0.2}


def is_installed() -> bool:
    return shutil.which("node") is not None and (FOLDER / "node_modules/better-sqlite3").is_dir()


@pytest.fixture(
    params=[
        PYTHON_STORED,
        pytest.param(
            NODE_STORED,
            marks=pytest.mark.skipif(not is_installed(), reason="`make bench` installs it"),
        ),
    ],
    ids=lambda subject: subject.key,
)
def stored(request: pytest.FixtureRequest, tmp_path: Path) -> Subject:
    """One that has its database in the test's directory."""
    subject: Subject = request.param
    return replace(subject, command=lambda site: subject.command(replace(site, directory=tmp_path)))


def messages(path: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT place, text FROM messages").fetchall()


def test_everything_that_is_told_has_been_stored(rig: Rig, stored: Subject, tmp_path: Path) -> None:
    with rig.serving(stored) as server:
        chat = rig.apply("echo", server, stored.scripts["chat"], members=3, **SHORT)
        alert = rig.apply("fanout", server, stored.scripts["alert"], members=3, **SHORT)
        kept = messages(tmp_path / "stored.sqlite3")
    places = [place for place, _ in kept]
    assert {*places} == {"chat 0", "chat 1", "chat 2", "room"}
    assert places.count("room") == alert["said"] > 0
    assert len(kept) == chat["said"] + alert["said"]


@pytest.mark.parametrize(("kind", "mode"), [("chat", "echo"), ("alert", "fanout")])
def test_nothing_is_told_before_it_is_committed(
    rig: Rig, stored: Subject, tmp_path: Path, kind: str, mode: str
) -> None:
    lock = sqlite3.connect(tmp_path / "stored.sqlite3", isolation_level=None)
    with closing(lock), rig.serving(stored) as server:
        await_table(lock)
        lock.execute("BEGIN IMMEDIATE")
        with pytest.raises(MeasurementFailed, match=r"\d messages said, 0 heard by all"):
            rig.apply(mode, server, stored.scripts[kind], members=3, deadline=3, **SHORT)


def await_table(database: sqlite3.Connection) -> None:
    deadline = time.monotonic() + patience(5)
    while time.monotonic() < deadline:
        if database.execute("SELECT 1 FROM sqlite_master WHERE name = 'messages'").fetchall():
            return
        time.sleep(0.01)  # nothing announces a table
    pytest.fail("there is no table")
