"""Turns: what is over a limit waits instead of being refused, and nobody's wait is another's."""

import asyncio
import random
from collections.abc import Callable


class Turns:
    """Lets those who wait under a key pass one after the other, drawn at random.

    At random, because then nobody who asks a thousand times at once is before one who asks once.
    """

    def __init__(self, per_s: float) -> None:
        """`per_s`: how many of one key pass in a second."""
        self._per_s = per_s
        self.nodes: Callable[[], int] = lambda: 1
        """How many nodes let pass what this one does: together they are no faster than one."""
        self._queues: dict[str, _Queue] = {}

    def waiting(self, key: str) -> int:
        """How many wait under a key; a key stays for one turn after the last of them."""
        queue = self._queues.get(key)
        return 0 if queue is None else max(1, len(queue))

    def longest_s(self, key: str) -> float:
        """How long whoever comes last may have to wait."""
        return self.waiting(key) * self._interval_s

    @property
    def _interval_s(self) -> float:
        return self.nodes() / self._per_s

    async def turn(self, key: str, *, goes_first: bool = True) -> None:
        """Return when it is this one's turn; those that `goes_first` pass before the others."""
        queue = self._queues.get(key)
        if queue is None:
            queue = self._queues[key] = _Queue()
            asyncio.get_running_loop().call_later(self._interval_s, self._next, key)
        await queue.wait(goes_first=goes_first)

    def _next(self, key: str) -> None:
        if self._queues[key].pass_one():
            asyncio.get_running_loop().call_later(self._interval_s, self._next, key)
        else:
            del self._queues[key]


class _Queue:
    """Those who wait under one key."""

    def __init__(self) -> None:
        self._first: list[asyncio.Future[None]] = []
        self._others: list[asyncio.Future[None]] = []

    def __len__(self) -> int:
        return len(self._first) + len(self._others)

    async def wait(self, *, goes_first: bool) -> None:
        waiting = self._first if goes_first else self._others
        turn = asyncio.get_running_loop().create_future()
        waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:  # whoever waited has gone
            if turn in waiting:
                waiting.remove(turn)
            raise

    def pass_one(self) -> bool:
        """Let one pass; False if nobody waits."""
        turn = draw(self._first) or draw(self._others)
        if turn is None:
            return False
        turn.set_result(None)
        return True


def draw(waiting: "list[asyncio.Future[None]]") -> "asyncio.Future[None] | None":
    """Take one of those who still wait out of the list, by lot; None if there is none.

    Whoever has given up in this very turn of the loop stands in the list all the same.
    """
    while waiting:
        chosen = random.randrange(len(waiting))
        waiting[chosen], waiting[-1] = waiting[-1], waiting[chosen]
        turn = waiting.pop()
        if not turn.done():
            return turn
    return None
