"""What is measured outside the engine: commits of the store and the punctuality of the loop."""

import asyncio
import time

from quad.realtime.counters import Histogram

_COMMIT_BOUNDS_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0)
_BATCH_BOUNDS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)
_TICK_S = 0.25


class CommitStatistics:
    """An observer of the store."""

    def __init__(self) -> None:
        self.latency_s = Histogram(_COMMIT_BOUNDS_S)
        self.batch_size = Histogram(_BATCH_BOUNDS)
        self.failures: dict[str, int] = {}

    def committed(self, seconds: float, changes: int) -> None:
        """A transaction was committed."""
        self.latency_s.observe(seconds)
        self.batch_size.observe(changes)

    def failed(self, code: str) -> None:
        """A call failed."""
        self.failures[code] = self.failures.get(code, 0) + 1


class LoopClock:
    """Ticks in the event loop and remembers how late the last tick was."""

    def __init__(self) -> None:
        self.lateness_s = 0.0
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to tick; `stop` ends it."""
        self._due = time.monotonic() + _TICK_S
        self._timer = asyncio.get_running_loop().call_later(_TICK_S, self._tick)

    def stop(self) -> None:
        """Tick no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _tick(self) -> None:
        self.lateness_s = max(0.0, time.monotonic() - self._due)
        self.start()
