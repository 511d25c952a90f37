"""On a migrated database for each test: a campus on it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.nearby.campus import Campus, open_campus


@pytest.fixture
async def campus(database: Path) -> AsyncIterator[Campus]:
    async with open_campus(database) as campus:
        yield campus
