"""What holds for every test: a clean environment, and no task that outlives its test."""

import asyncio
import gc
import itertools
import os
import shutil
import sqlite3
import threading
import traceback
from asyncio import constants
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings

from quad.store import migrate
from tests import nodes, single
from tests.thoroughness import examples

# The machines that run this are shared and noisy: slowness is not a failure.
settings.register_profile(
    "quad",
    deadline=None,
    max_examples=examples(25, 1_000),
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.load_profile("quad")

# In its debug mode asyncio notes where every callback and future comes from. With the whole stack,
# as it is by default, that is half the time of all tests; one looks for the innermost frames.
constants.DEBUG_STACK_DEPTH = 3  # type: ignore[misc]
traceback.extract_stack.__defaults__ = (None, 4)


def _innermost(
    frames: Iterator[tuple[FrameType, int]], *, limit: int | None = None, **_: bool
) -> traceback.StackSummary:
    """A stack's frames, without looking at each file whether it has changed, as Python does."""
    stack = traceback.StackSummary()
    for frame, line in itertools.islice(frames, limit):
        code = frame.f_code
        stack.append(
            traceback.FrameSummary(code.co_filename, line, code.co_name, lookup_line=False)
        )
    return stack


traceback.StackSummary.extract = staticmethod(_innermost)  # type: ignore[method-assign,assignment]

# Transports and cancelled tasks may need a few turns of the loop to finish what was asked of them.
GRACE_S = 0.5


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest come first: at the end nobody waits for them. Some mean one process."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)  # whole files, which share what they start
    if nodes.COUNT:
        for item in items:  # see tests/single.py
            if why := single.reason(item.nodeid):
                item.add_marker(pytest.mark.skip(reason=f"one process: {why}"))


@pytest.fixture(autouse=True)
def _nodes_have_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks into the SQLite file means one process; stores open theirs in threads."""
    connect = sqlite3.connect

    def look(*args: Any, **options: Any) -> sqlite3.Connection:
        if threading.current_thread() is threading.main_thread():
            nodes.cannot("the test opens the SQLite file")
        opened: sqlite3.Connection = connect(*args, **options)
        return opened

    if nodes.COUNT:
        monkeypatch.setattr("sqlite3.connect", look)


@pytest.fixture(autouse=True, scope="session")
def _nodes_end() -> Iterator[None]:
    """What several tests share ends with the last of them."""
    yield
    nodes.close_all()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Twice the cores: half of the time a worker waits for a process, a disk or the clock.

    With three to a core browsers at the end of the run starve each other.
    """
    return 2 * len(os.sched_getaffinity(0))


# What is imported and collected stays: there is no garbage to search for in it, then or later.
gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()
    gc.set_threshold(10_000, 10, 10)


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests may have settings of a real server exported."""
    for name in list(os.environ):
        if name.startswith("QUAD_") and not name.startswith("QUAD_TEST_"):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True, scope="session")
def _nobody_is_trusted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test asks anybody else over TLS, and reading all authorities takes longer than most."""
    empty: Path = tmp_path_factory.mktemp("authorities")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SSL_CERT_FILE", raising=False)  # it would count before the directory
        patch.setenv("SSL_CERT_DIR", str(empty))
        yield


@pytest.fixture(autouse=True)
def _passwords_take_no_time() -> Iterator[None]:
    """Hashes are slow on purpose, and each start makes one; see tests/identity/test_passwords."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("quad.identity.passwords._HASHER", quick)
        yield


@pytest.fixture(autouse=True)
def _every_task_ends(request: pytest.FixtureRequest) -> None:
    """Fails an asynchronous test that leaves a task behind; it is set up first and checks last."""
    if request.node.get_closest_marker("asyncio") is not None:
        request.getfixturevalue("_tasks_of_this_loop")


@pytest.fixture
async def _tasks_of_this_loop() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    loop = asyncio.get_running_loop()
    end = loop.time() + GRACE_S
    while leaked := _others(before):
        if loop.time() > end:
            pytest.fail("tasks outlived their test: " + ", ".join(map(repr, leaked)))
        await asyncio.sleep(0.005)


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All tables, and nothing in them: to be copied, because migrations take time."""
    path = tmp_path_factory.mktemp("database") / "empty.sqlite3"
    asyncio.run(migrate(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture
def database(empty_database: Path, tmp_path: Path) -> Path:
    """A migrated database of the test's own."""
    path = tmp_path / "quad.sqlite3"
    shutil.copy(empty_database, path)
    return path


def _others(known: set[asyncio.Task[Any]]) -> set[asyncio.Task[Any]]:
    return {task for task in asyncio.all_tasks() - known if task is not asyncio.current_task()}
