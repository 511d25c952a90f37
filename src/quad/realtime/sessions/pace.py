"""Token buckets: what is over a rate waits (`Pace`), or is refused (`RateLimit`)."""

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

# Permits are counted in floats: a client that waits exactly as long as it was told must not be
# refused for the last bit of a rounded time.
_ROUNDING = 1e-6


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


class RateLimit(Pace):
    """A `Pace` for what is refused, and not put off: it takes what is there and owes nothing.

    It holds ``burst`` permits at first and regains ``rate_per_s`` of them a second, so that over
    any span of t seconds it allows at most ``burst + rate_per_s * t``. ``clock`` returns seconds
    that never go back.
    """

    __slots__ = ()

    def __init__(
        self, rate_per_s: float, burst: float, clock: Callable[[], float] = monotonic
    ) -> None:
        if rate_per_s <= 0 or burst < 1:
            raise ValueError("a rate limit needs a rate above 0 and a burst of at least 1")
        super().__init__(rate_per_s, burst, clock)

    def take(self, count: int = 1) -> float:
        """Take a permit and return 0.0, or take none and return the seconds until there is one.

        Several are taken together. Of more than ``burst`` there can never be enough: then a full
        bucket is, which owes the rest.
        """
        wait_s = self.wait(count)
        if not wait_s:
            self._tokens -= count
        return wait_s

    def wait(self, count: int = 1) -> float:
        """Return what ``take`` would, and take nothing."""
        self.spend(0)
        missing = min(count, self._burst) - self._tokens
        return missing / self._per_s if missing > _ROUNDING else 0.0

    def give_back(self, count: int = 1) -> None:
        """Undo a ``take``: what was charged before its outcome was known cost nothing."""
        self._tokens = min(self._burst, self._tokens + count)

    @property
    def is_full(self) -> bool:
        """Whether nothing was taken lately: such a bucket is as good as a new one."""
        self.spend(0)
        return self._tokens >= self._burst
