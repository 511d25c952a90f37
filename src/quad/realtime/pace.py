"""How fast one connection may speak."""

import time
from collections.abc import Callable

from quad.realtime.errors import TooManyEvents


class Pace:
    """A token bucket: `burst` events at once, `per_s` in the long run."""

    __slots__ = ("_burst", "_clock", "_last_refill", "_per_s", "_tokens")

    def __init__(
        self, per_s: float, burst: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_s = per_s
        self._burst = burst
        self._clock = clock
        self._tokens = float(burst)
        self._last_refill = clock()

    def take(self) -> TooManyEvents | None:
        """Take a token for one event, or say why there is none."""
        now = self._clock()
        earned = (now - self._last_refill) * self._per_s
        self._tokens = min(self._burst, self._tokens + earned)
        self._last_refill = now
        if self._tokens >= 1:
            self._tokens -= 1
            return None
        wait_s = round((1 - self._tokens) / self._per_s, 3)
        rate = f"more than {self._per_s:g} events a second (events_per_s)"
        sentence = f"{rate}: try again in {wait_s} s"
        return TooManyEvents(sentence, limit="events_per_s", retry_after_s=wait_s)
