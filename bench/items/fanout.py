"""One speaker, a thousand listeners: a broadcast in a room."""

from bench.item import Chart, Figures, Item, at_least, at_most, times_as_many
from bench.items.traffic import COLUMNS, measure_traffic
from bench.rig import Rig
from bench.subject import Subject

LISTENERS = 1000
NOTE = "64 bytes, others in every message. Quad classroom: steps/all, committed before it is told."


def _measure_1(rig: Rig, subject: Subject) -> Figures:
    return measure_traffic(rig, subject, "fanout", mode="fanout", members=LISTENERS, window=1)


def _measure_64(rig: Rig, subject: Subject) -> Figures:
    return measure_traffic(rig, subject, "fanout", mode="fanout", members=LISTENERS, window=64)


WINDOW_1 = Item(
    key="fanout-1",
    title="Broadcast to 1,000, one message at a time",
    kind="fanout",
    measure=_measure_1,
    columns=COLUMNS,
    targets=(
        times_as_many("≥ 0.75 × C limit, durably", "per_second", "limit", 0.75),
        times_as_many(
            "≥ 0.85 × C limit on the engine", "per_second", "limit", 0.85, of="quad-engine"
        ),
        times_as_many("≥ 8 × python-socketio", "per_second", "python-socketio", 8),
        times_as_many("≥ 1.4 × Node Socket.IO", "per_second", "node", 1.4),
    ),
    chart=Chart("per_second", "Broadcast, one at a time: deliveries/s", more_is_better=True),
    note=NOTE,
)

WINDOW_64 = Item(
    key="fanout-64",
    title="Broadcast to 1,000, 64 messages in flight",
    kind="fanout",
    measure=_measure_64,
    columns=COLUMNS,
    targets=(
        at_least("≥ 3,000,000 deliveries/s", "per_second", 3_000_000),
        times_as_many("≥ 80 × python-socketio", "per_second", "python-socketio", 80),
        times_as_many("≥ 12 × Node Socket.IO", "per_second", "node", 12),
        at_most("p99 ≤ 8 ms on the engine", "p99_ms", 8, of="quad-engine"),
    ),
    chart=Chart("per_second", "Broadcast, 64 in flight: deliveries/s", more_is_better=True),
    note=NOTE,
)
