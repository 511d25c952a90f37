"""From one student's event to its effect at the teacher, when the server has nothing else to do."""

from bench.item import Chart, Column, Figures, Item, at_most, number
from bench.items.traffic import LATENCIES, measure_traffic
from bench.rig import Rig
from bench.subject import Subject


def _measure(rig: Rig, subject: Subject) -> Figures:
    disk = rig.probe_machine()
    return {
        **measure_traffic(rig, subject, "relay", mode="relay", members=1, window=1),
        "fdatasync_p50_ms": disk["fdatasync_p50_ms"],
        "fdatasync_p99_ms": disk["fdatasync_p99_ms"],
    }


LATENCY = Item(
    key="latency",
    title="From event to effect, idle server, one message at a time",
    kind="relay",
    measure=_measure,
    columns=(
        *LATENCIES,
        Column("cpu_us", "µs CPU", number),
        Column("fdatasync_p50_ms", "fdatasync p50", number, better=None),
        Column("fdatasync_p99_ms", "p99", number, better=None),
    ),
    targets=(
        at_most("p50 ≤ 0.7 ms", "p50_ms", 0.7),
        at_most("p99 ≤ 2 ms", "p99_ms", 2.0),
    ),
    chart=Chart("p50_ms", "One message, event to effect: ms", more_is_better=False),
    note="Quad classroom: committed before it is told. fdatasync: measured right before each row.",
)
