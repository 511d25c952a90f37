"""One listener stops reading while 100 MB are broadcast: what it costs all."""

from bench.item import Chart, Column, Figures, Item, at_most, number
from bench.rig import Rig
from bench.subject import Subject

LISTENERS = 10
BYTES = 100_000_000
# For each half.
DEADLINE_S = 180


def _measure(rig: Rig, subject: Subject) -> Figures:
    script = subject.scripts["bulk"]
    volume = BYTES // 10 if rig.quick else BYTES
    with rig.serving(subject) as server:
        report = rig.apply(
            "stall",
            server,
            script,
            members=LISTENERS + 1,
            window=4,
            count=volume // len(script.say),
            deadline=DEADLINE_S,
        )
    reading, stalled = report["reading"], report["stalled"]
    return {
        "growth_mb": (stalled["memory_peak_bytes"] - stalled["memory_start_bytes"]) / 1e6,
        "p99_reading_ms": reading["p99_ms"],
        "p99_stalled_ms": stalled["p99_ms"],
        "p99_ratio": stalled["p99_ms"] / reading["p99_ms"],
    }


STALL = Item(
    key="stall",
    title="100 MB broadcast past a listener that has stopped reading",
    kind="bulk",
    measure=_measure,
    columns=(
        Column("growth_mb", "MB more", number),
        Column("p99_reading_ms", "p99 ms before", number),
        Column("p99_stalled_ms", "p99 ms of others", number),
        Column("p99_ratio", "ratio", number),
    ),
    targets=(
        at_most("< 10 MB more memory", "growth_mb", 10),
        at_most("p99 of the others ≤ 1.10 × before", "p99_ratio", 1.10),
    ),
    chart=Chart("growth_mb", "Stalled reader, 100 MB sent: MB more", more_is_better=False),
    most_rounds=2,
)
