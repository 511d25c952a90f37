"""What the cluster's tests share: HTTP, and databases of their own as the contract suites have."""

from tests.contract.conftest import (
    _migrated_url,
    database_url,
    databases,
    empty_url,
    systems,
)
from tests.realtime.conftest import http

__all__ = ["_migrated_url", "database_url", "databases", "empty_url", "http", "systems"]
