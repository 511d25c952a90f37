"""What is forgotten at a home alone, and never while it moves away."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from quad.retention import Expiry


class Expiring:
    """The expiries of one key: of all nodes, its home forgets.

    `Part.aclose` has to be what `closing` makes of it: when that has returned, a batch that was
    under way is saved, and no other begins.
    """

    def __init__(self, is_at_home: Callable[[], bool]) -> None:
        """`is_at_home` is False by the time when the part is closed."""
        self._is_at_home = is_at_home
        self._forgetting = asyncio.Lock()

    def at_home(self, expiry: Expiry) -> Expiry:
        """The same, but elsewhere nothing is forgotten."""

        async def forget(before: datetime, limit: int) -> int:
            async with self._forgetting:
                return await expiry.forget(before, limit) if self._is_at_home() else 0

        return Expiry(expiry.kind, forget)

    def closing(self, aclose: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        """The same, once nothing is being forgotten."""

        async def close() -> None:
            async with self._forgetting:
                await aclose()

        return close
