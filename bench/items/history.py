"""What students write is recorded: to find a change, to keep it, and an hour of it on disk."""

import sys

from bench.item import Column, Figures, Item, at_most, number
from bench.rig import Rig
from bench.subject import Subject


def _measure(rig: Rig, _subject: Subject) -> Figures:
    rounds = 2 if rig.quick else 40
    command = [sys.executable, "-m", "bench.history", f"--rounds={rounds}"]
    return rig.figures_of(command, core=rig.server_core)


HISTORY = Item(
    key="history",
    title="A student's history",
    kind="history",
    measure=_measure,
    columns=(
        Column("splice_us", "µs to find a change in 90 kB", number),
        Column("splice_cyrillic_us", "in Cyrillic", number),
        Column("relay_us", "µs CPU to relay 9 kB", number),
        Column("recorded_us", "recorded", number),
        Column("times", "times as much", number),
        Column("relay_32_us", "32 at a time", number),
        Column("recorded_32_us", "recorded", number),
        Column("hour_kb", "kB for an hour of typing", number),
    ),
    targets=(
        at_most("a change in 90 kB is found in ≤ 150 µs", "splice_us", 150.0),
        at_most("recorded, 9 kB cost ≤ 1.5 × as much", "times", 1.5),
        at_most("an hour of typing takes ≤ 100 kB", "hour_kb", 100.0),
    ),
    note="In one process, without network. A student sends one update a second; of 32 at a time "
    "from one student the last file alone is written, and each change of it. Whoever types changes "
    "something in six of ten seconds.",
    most_rounds=2,
)
