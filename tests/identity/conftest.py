"""On a migrated database for each test: nearby, whose page is the way to sign in."""

from tests.nearby.conftest import campus

__all__ = ["campus"]
