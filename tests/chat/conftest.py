"""On a migrated database for each test: a chat on it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.chat.phones import Station, open_chat


@pytest.fixture
async def station(database: Path) -> AsyncIterator[Station]:
    async with open_chat(database) as station:
        yield station
