"""Passwords are hashed here as they are in service."""

import pytest


@pytest.fixture(autouse=True)
def _passwords_take_no_time() -> None:
    """They take their time."""
