"""One student to the teacher: a message from one connection to one other."""

from bench.item import Chart, Figures, Item, at_most, times_as_cheap
from bench.items.traffic import COLUMNS, measure_traffic
from bench.rig import Rig
from bench.subject import Subject


def _measure(rig: Rig, subject: Subject) -> Figures:
    return measure_traffic(rig, subject, "relay", mode="relay", members=1, window=64)


RELAY = Item(
    key="relay",
    title="Relay from one to one, 64 messages in flight",
    kind="relay",
    measure=_measure,
    columns=COLUMNS,
    targets=(
        times_as_cheap("no dearer than Node Socket.IO, durably", "cpu_us", "node", 1),
        times_as_cheap("≥ 12 × cheaper than python-socketio", "cpu_us", "python-socketio", 12),
        at_most("≤ 5 µs CPU a message on the engine", "cpu_us", 5, of="quad-engine"),
    ),
    note="64 bytes, others in every message. Quad classroom: committed before it is told.",
    chart=Chart("cpu_us", "Message to one other: µs of CPU", more_is_better=False),
)
