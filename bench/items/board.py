"""Sixty students type; their teacher watches all of them in a browser."""

import sys

from bench.item import Column, Figures, Item, at_least, at_most, number
from bench.rig import Rig
from bench.subject import Subject

STUDENTS = 60


def _measure(rig: Rig, subject: Subject) -> Figures:
    command = [sys.executable, "-m", "bench.board", f"--students={STUDENTS}"]
    seconds = 2 if rig.quick else 8
    with rig.serving(subject) as server:
        flags = [f"--port={server.port}", f"--seconds={seconds}"]
        # Not on the load's core alone: a browser is several processes.
        return rig.figures_of([*command, *flags], core=None)


BOARD = Item(
    key="board",
    title=f"{STUDENTS} students type, the teacher watches all of them in Chromium",
    kind="board",
    measure=_measure,
    columns=(
        Column("frames_per_s", "frames/s", number, better="more"),
        Column("delay_median_ms", "ms from edit to tile", number),
        Column("delay_p95_ms", "p95", number),
        Column("edits_per_s", "edits/s shown", number, better="more"),
    ),
    targets=(
        at_least("≥ 30 frames/s", "frames_per_s", 30.0),
        at_most("p95 of edit to tile ≤ 250 ms", "delay_p95_ms", 250.0),
    ),
    note="Each student sends a file of 2 to 5 KB twice a second. Browser, students and server "
    "share the machine; the browser draws without a graphics card.",
    most_rounds=2,
)
