"""What the engine counts, as plain numbers that cost next to nothing to raise.

Whoever exports them (see `quad.web.metrics`) reads them; nothing here knows of a format.
"""

import bisect
from collections import Counter

# Upper bounds of the latency histogram, in seconds.
LATENCY_BOUNDS_S = (0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0)


class Histogram:
    """Observations counted by upper bound; the last bucket has none."""

    __slots__ = ("bounds", "buckets", "total")

    def __init__(self, bounds: tuple[float, ...] = LATENCY_BOUNDS_S) -> None:
        self.bounds = bounds
        self.buckets = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count one observation."""
        self.buckets[bisect.bisect_left(self.bounds, value)] += 1
        self.total += value


class EventCounter:
    """What became of the events of one name."""

    __slots__ = ("failed", "latency_s", "refused", "succeeded")

    def __init__(self) -> None:
        self.succeeded = 0
        self.refused = 0
        self.failed = 0
        self.latency_s = Histogram()


class Counters:
    """Everything that one engine counts since the start of the process."""

    def __init__(self) -> None:
        # (transport, version) of the connections open now.
        self.connections: Counter[tuple[str, str]] = Counter()
        self.events: dict[str, EventCounter] = {}
        self.slow_readers_closed = 0
        self.refused_handshakes: Counter[str] = Counter()

    def event(self, name: str) -> EventCounter:
        """The counter of an event; names must come from the program, never from a client."""
        counter = self.events.get(name)
        if counter is None:
            counter = self.events[name] = EventCounter()
        return counter
