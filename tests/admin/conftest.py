"""On a migrated database for each test: nearby, which the administrator looks after."""

from tests.nearby.conftest import campus

__all__ = ["campus"]
