"""A migrated database for each test, and a classroom on it."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from quad.settings import ClassroomSettings
from quad.store import migrate
from tests.classroom.school import School, open_school

OpenSchool = Callable[..., AbstractAsyncContextManager[School]]


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("classroom") / "empty.sqlite3"
    asyncio.run(migrate(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture
def database(empty_database: Path, tmp_path: Path) -> Path:
    path = tmp_path / "quad.sqlite3"
    shutil.copy(empty_database, path)
    return path


@pytest.fixture
def impatient_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """A locked database is given up at once."""
    monkeypatch.setattr("quad.store.sqlite.BUSY_TIMEOUT_S", 0.02)


@pytest.fixture
async def school(database: Path) -> AsyncIterator[School]:
    async with open_school(database, ClassroomSettings(room_update_interval_ms=20)) as school:
        yield school
