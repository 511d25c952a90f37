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


class Counters:
    """Everything that one engine counts since the start of the process."""

    def __init__(self) -> None:
        # (transport, version) of the connections open now.
        self.connections: Counter[tuple[str, str]] = Counter()
        # (event, result) with result one of ok, refused, failed.
        self.events: Counter[tuple[str, str]] = Counter()
        self.deliveries = 0
        self.slow_readers_closed = 0
        self.refused_handshakes: Counter[str] = Counter()
        self.handler_latency: dict[str, Histogram] = {}

    def observe_handler(self, event: str, seconds: float) -> None:
        """Count the time that a handler of this event took."""
        histogram = self.handler_latency.get(event)
        if histogram is None:
            histogram = self.handler_latency[event] = Histogram()
        histogram.observe(seconds)
