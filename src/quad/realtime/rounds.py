"""Work that many connections bring at once: a share of it in each turn of the loop."""

import asyncio
from collections import deque
from collections.abc import Callable

# Of what costs a third of a millisecond each.
_SHARE = 32


class Rounds:
    """Does what it is given at once, or in its order in the next turns if it is too much for one.

    Whatever else waits for the loop, and costs little, has its turn in between.
    """

    def __init__(self, share: int = _SHARE) -> None:
        self._share = self._left = share
        self._is_turning = False
        self._waiting: deque[tuple[int, Callable[[], object]]] = deque()

    def run(self, cost: int, work: Callable[[], object]) -> bool:
        """Whether it is done already; `cost` is its part of the share of a turn."""
        if self._waiting or self._left <= 0:
            self._waiting.append((cost, work))
            return False
        if not self._is_turning:
            self._is_turning = True
            asyncio.get_running_loop().call_soon(self._turn)
        self._left -= cost
        work()
        return True

    def _turn(self) -> None:
        self._left = self._share
        self._is_turning = bool(self._waiting)
        if self._is_turning:
            asyncio.get_running_loop().call_soon(self._turn)
        while self._waiting and self._left > 0:
            cost, work = self._waiting.popleft()
            self._left -= cost
            work()
