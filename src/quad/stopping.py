"""The end of a server: step by step, each with a time limit, and all of them within one.

Whoever runs a server, a service manager or a person, ends it by force when it does not end by
itself. What was confirmed is in the database by then, so nothing is gained by waiting for one that
does not answer.
"""

import asyncio
import logging
import os
import threading
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Final

log = logging.getLogger("quad.server")

# A step that comes when no time is left still closes what can be closed at once.
_LEAST_S: Final = 0.1


class Ending(AsyncExitStack):
    """The steps of one end, the last one first; together they take `limit_s` at most."""

    def __init__(self, limit_s: float) -> None:
        super().__init__()
        self._limit_s = limit_s
        self._deadline: float | None = None

    def step(
        self, what: str, close: Callable[[], Awaitable[None]], *, spare_s: float = 0.0
    ) -> None:
        """Close something at the end; left as it is if only `spare_s` of the time is left then."""
        self.push_async_callback(self._close, what, close, spare_s)

    def left_s(self, spare_s: float = 0.0) -> float:
        """How much of the time is left before the last `spare_s` of it; it begins now, at most."""
        now = asyncio.get_running_loop().time()
        if self._deadline is None:
            self._deadline = now + self._limit_s
        return max(self._deadline - spare_s - now, _LEAST_S)

    async def _close(self, what: str, close: Callable[[], Awaitable[None]], spare_s: float) -> None:
        left_s = self.left_s(spare_s)
        task = asyncio.ensure_future(close())
        done, _ = await asyncio.wait([task], timeout=left_s)
        if done:
            task.result()
            return
        log.error("stopping: %s did not end within %.1f s, and is left as it is", what, left_s)
        task.cancel()
        task.add_done_callback(_forget)


def end_by_force(after_s: float) -> None:
    """End the process after this time, whatever it does then; it is all saved, or never will be."""

    def end() -> None:
        log.error("stopping: not everything ended in %.1f s; ending by force", after_s)
        logging.shutdown()
        os._exit(0)

    timer = threading.Timer(after_s, end)
    timer.daemon = True
    timer.start()


def _forget(task: "asyncio.Future[None]") -> None:
    if not task.cancelled():
        task.exception()
