"""Waiting for what has to happen."""

import asyncio
from collections.abc import Callable

from tests.patience import patience


async def until(is_true: Callable[[], object], within_s: float = 10.0) -> None:
    """Return when it is; fail when that takes too long, even here."""
    loop = asyncio.get_running_loop()
    end = loop.time() + patience(within_s)
    while not is_true():
        assert loop.time() < end, "it never was"
        await asyncio.sleep(0.005)
