"""How fast one connection may speak: what is over it waits unread."""

from collections.abc import Callable
from time import monotonic

# However many a second are allowed, a connection that speaks too fast is not read more often
# than this: 50 timers a second for each of them cost nothing, one for each packet would.
_LEAST_WAIT_S = 0.02

# A frame that is no whole message (a Ping, a Pong, a fragment) costs so much, and a control frame
# by its bytes as well. A chat client proves up to 2,000 messages a second by Pongs, and must not
# be slowed by them; a flood of Pings must.
FRAME_COST = 1 / 32
BYTE_COST = 1 / 512


class Pace:
    """A token bucket: `burst` packets at once, `per_s` in the long run."""

    __slots__ = ("_burst", "_clock", "_last_refill", "_per_s", "_tokens")

    def __init__(self, per_s: float, burst: float, clock: Callable[[], float] = monotonic) -> None:
        self._per_s = per_s
        self._burst = burst
        self._clock = clock
        self._tokens = float(burst)
        self._last_refill = clock()

    def spend(self, cost: float = 1.0) -> float:
        """Count what has been read; returns how many seconds the next has to wait, mostly 0.

        It may be called before the wait is over (a read brings several frames): the waits add up.
        """
        now = self._clock()
        tokens = self._tokens + (now - self._last_refill) * self._per_s
        self._last_refill = now
        if tokens > self._burst:
            tokens = self._burst
        self._tokens = tokens = tokens - cost
        if tokens >= 1:
            return 0.0
        return max(_LEAST_WAIT_S, (1 - tokens) / self._per_s)
