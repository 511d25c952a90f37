"""On a migrated database for each test: alert rooms on it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from quad.settings import AlertSettings
from tests.alert.hall import Hall, open_hall


@pytest.fixture
async def hall(database: Path) -> AsyncIterator[Hall]:
    """Nobody who is lost comes back too late."""
    async with open_hall(database, AlertSettings(grace_s=60)) as hall:
        yield hall
