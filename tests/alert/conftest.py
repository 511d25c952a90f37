"""A migrated database for each test, and alert rooms on it."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from quad.settings import AlertSettings
from quad.store import migrate
from tests.alert.hall import Hall, open_hall


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("alert") / "empty.sqlite3"
    asyncio.run(migrate(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture
def database(empty_database: Path, tmp_path: Path) -> Path:
    path = tmp_path / "quad.sqlite3"
    shutil.copy(empty_database, path)
    return path


@pytest.fixture
async def hall(database: Path) -> AsyncIterator[Hall]:
    """Nobody who is lost comes back too late."""
    async with open_hall(database, AlertSettings(grace_s=60)) as hall:
        yield hall
