"""What the cluster's tests share: HTTP, and databases of their own as the contract suites have."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.cluster.servers import Site
from tests.contract.conftest import (
    _migrated_url,
    database_url,
    databases,
    empty_url,
    systems,
)
from tests.realtime.conftest import http

__all__ = ["_migrated_url", "database_url", "databases", "empty_url", "http", "systems"]


@pytest.fixture
async def site(database_url: str, tmp_path: Path) -> AsyncIterator[Site]:
    """Nodes of one cluster; none yet."""
    site = Site(database_url, tmp_path)
    yield site
    await site.aclose()
