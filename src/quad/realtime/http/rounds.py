"""Work that many connections bring at once: a share of it in each turn of the loop."""

import asyncio
from collections import deque
from collections.abc import Callable
from time import monotonic

# Of what costs a third of a millisecond each.
_SHARE = 32
# The loop takes one new connection a turn. When there was one in so many turns, more wait behind
# them, and perhaps one of those is somebody who brings little: so they are let in first. Measured
# with 2,000 requests at once, whoever came last waited 500 ms before.
_CROWD_TURNS = 8
_LETTING_IN_S = 0.25
_WORKING_S = 0.05


class Rounds:
    """Does what it is given at once, or in its order in the next turns if it is too much for one.

    Whatever else waits for the loop, and costs little, has its turn in between.
    """

    def __init__(self, share: int = _SHARE, clock: Callable[[], float] = monotonic) -> None:
        self._share = self._left = share
        self._clock = clock
        self._is_turning = False
        self._waiting: deque[tuple[int, Callable[[], object]]] = deque()
        self._has_arrived = False
        self._arriving_turns = 0
        self._let_in_until = 0.0

    def arrive(self) -> None:
        """A new connection has come."""
        self._has_arrived = True
        self._keep_turning()

    def run(self, cost: int, work: Callable[[], object]) -> bool:
        """Whether it is done already; `cost` is its part of the share of a turn."""
        self._keep_turning()
        if self._waiting or self._left <= 0:
            self._waiting.append((cost, work))
            return False
        self._left -= cost
        work()
        return True

    def _keep_turning(self) -> None:
        if not self._is_turning:
            self._is_turning = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self._is_turning = False
        self._left = 0 if self._lets_in() else self._share
        if self._waiting or self._arriving_turns:
            self._keep_turning()
        while self._waiting and self._left > 0:
            cost, work = self._waiting.popleft()
            self._left -= cost
            work()

    def _lets_in(self) -> bool:
        """Whether so many are coming that this turn is for the next of them."""
        has_arrived, self._has_arrived = self._has_arrived, False
        self._arriving_turns = self._arriving_turns + 1 if has_arrived else 0
        if self._arriving_turns < _CROWD_TURNS:
            return False
        now = self._clock()
        if now > self._let_in_until + _WORKING_S:
            self._let_in_until = now + _LETTING_IN_S
        return now < self._let_in_until
