"""A migrated database for each test, and a chat on it."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from quad.store import migrate
from tests.chat.phones import Station, open_chat


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("chat") / "empty.sqlite3"
    asyncio.run(migrate(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture
def database(empty_database: Path, tmp_path: Path) -> Path:
    path = tmp_path / "quad.sqlite3"
    shutil.copy(empty_database, path)
    return path


@pytest.fixture
async def station(database: Path) -> AsyncIterator[Station]:
    async with open_chat(database) as station:
        yield station
