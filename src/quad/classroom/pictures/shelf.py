"""The pictures that were asked for last: a whole class opens a task at once.

They are read once, and all who read them slowly share the same bytes.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

LIMIT_BYTES: Final = 32_000_000


class Shelf:
    """Contents by id, up to `limit_bytes` of them; the one unused for longest goes."""

    def __init__(
        self, read: Callable[[str], Awaitable[bytes | None]], limit_bytes: int = LIMIT_BYTES
    ) -> None:
        self._read: Final = read
        self._limit_bytes: Final = limit_bytes
        self._contents: Final[OrderedDict[str, bytes]] = OrderedDict()
        self._size_bytes = 0
        self._reading: Final[dict[str, asyncio.Task[bytes | None]]] = {}

    async def get(self, key: str) -> bytes | None:
        """What `read` says; whoever asks meanwhile waits for the same answer."""
        content = self._contents.get(key)
        if content is not None:
            self._contents.move_to_end(key)
            return content
        task = self._reading.get(key)
        if task is None:
            task = self._reading[key] = asyncio.create_task(self._fetch(key))
        # Whoever goes away takes it from nobody else.
        return await asyncio.shield(task)

    def forget(self, keys: Iterable[str]) -> None:
        """There are no such any more."""
        for key in keys:
            self._size_bytes -= len(self._contents.pop(key, b""))

    async def _fetch(self, key: str) -> bytes | None:
        try:
            content = await self._read(key)
        finally:
            del self._reading[key]
        if content is not None:
            self._put(key, content)
        return content

    def _put(self, key: str, content: bytes) -> None:
        self._contents[key] = content
        self._size_bytes += len(content)
        while self._size_bytes > self._limit_bytes:
            _, oldest = self._contents.popitem(last=False)
            self._size_bytes -= len(oldest)
