"""Cleaning of HTML beside the event loop: half a megabyte takes tens of milliseconds."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from quad.classroom.refusals import BadValue
from quad.classroom.tasks.html import has_markup, sanitise

# One at work for a large class does not keep the next waiting.
_THREADS: Final = 2
# Cleaned at once, in less than two milliseconds; two threads would take turns for as long.
_SHORT_CHARACTERS: Final = 1_000
# So much is looked through for markup first: most tasks of others than our own editor have none,
# and measured, a thread doubles the time that a task of 10 kB takes.
_LOOKED_THROUGH: Final = 50_000
# A hundred times what the longest tasks need; a thread cannot be stopped, but nobody waits for it.
DEADLINE_S: Final = 10.0


class Cleaning:
    """Threads that clean what people write."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, "quad-sanitise")

    async def clean(self, contents: Sequence[str]) -> list[str]:
        """Each of the contents without anything that could act; what is short does not wait.

        Raises BadValue if it takes too long.
        """
        characters = sum(map(len, contents))
        if characters <= _SHORT_CHARACTERS:
            return _clean(contents)
        if characters <= _LOOKED_THROUGH and not any(map(has_markup, contents)):
            return list(contents)
        # A task of its own: whoever asks may run without one, and a timeout needs one.
        return await asyncio.create_task(self._clean_beside(contents))

    async def _clean_beside(self, contents: Sequence[str]) -> list[str]:
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(self._threads, _clean, contents)
        try:
            return await asyncio.wait_for(work, DEADLINE_S)
        except TimeoutError:
            raise BadValue("content", "takes too long to check") from None

    def close(self) -> None:
        """Begin nothing more; what runs is of no use to anybody."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _clean(contents: Sequence[str]) -> list[str]:
    return [sanitise(content) for content in contents]
