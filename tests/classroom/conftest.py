"""On a migrated database for each test: a classroom on it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from quad.settings import ClassroomSettings
from tests.classroom.pictures import Browser, opened_site, teaching
from tests.classroom.school import School, open_school

OpenSchool = Callable[..., AbstractAsyncContextManager[School]]


@pytest.fixture
def impatient_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """A locked database is given up at once."""
    monkeypatch.setattr("quad.store.sqlite.BUSY_TIMEOUT_S", 0.02)


@pytest.fixture
async def school(database: Path) -> AsyncIterator[School]:
    settings = ClassroomSettings(room_update_interval_ms=20)
    async with open_school(database, settings, is_shared=True) as school:
        yield school


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Browser]:
    """A teacher with a key at a whole server."""
    async with opened_site(tmp_path) as site, teaching(site) as browser:
        yield browser
