"""How a server ends: handlers at work are waited for, connections are closed one after another."""

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeVar

Connection = TypeVar("Connection")


class Work:
    """Tasks that somebody has to answer for at the end."""

    __slots__ = ("_log", "_tasks")

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._tasks: set[asyncio.Task[None]] = set()

    def own(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something to its end."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self, grace_s: float) -> None:
        """Wait for all of it; what takes too long is cancelled."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace_s)
        if self._tasks:
            count = len(self._tasks)
            self._log.warning("cancelling %d handlers: still at work at the end", count)
        while self._tasks:  # a handler that ends lets the next one of its client begin
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks)


async def close_spread(
    connections: Iterable[Connection], close: Callable[[Connection], None], spread_s: float
) -> None:
    """Close all, in random order over `spread_s`, so that not all return at once."""
    waiting = list(connections)
    random.shuffle(waiting)
    loop = asyncio.get_running_loop()
    start = loop.time()
    for done, connection in enumerate(waiting):
        close(connection)
        due = start + spread_s * done / len(waiting)
        if due > loop.time():
            await asyncio.sleep(due - loop.time())
