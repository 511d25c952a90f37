"""A migrated database for each test, and a campus on it."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from quad.store import migrate
from tests.nearby.campus import Campus, open_campus


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("nearby") / "empty.sqlite3"
    asyncio.run(migrate(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture
def database(empty_database: Path, tmp_path: Path) -> Path:
    path = tmp_path / "quad.sqlite3"
    shutil.copy(empty_database, path)
    return path


@pytest.fixture
async def campus(database: Path) -> AsyncIterator[Campus]:
    async with open_campus(database) as campus:
        yield campus
