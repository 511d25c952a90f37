"""Students type; their teacher watches all of them in a browser."""

import sys

from bench.item import Column, Figures, Item, at_least, at_most, number
from bench.rig import Rig
from bench.subject import Subject

STUDENTS = 60
# As many as a large lecture has; each program of a student's sends at most once a second.
MANY = 120
SIZES = ("small", "medium", "large")


def _measure_one_size(rig: Rig, subject: Subject) -> Figures:
    return _measure(rig, subject, students=STUDENTS, edits_per_s=2, sizes=("medium",), seconds=8)


def _measure_all_sizes(rig: Rig, subject: Subject) -> Figures:
    return _measure(rig, subject, students=MANY, edits_per_s=1, sizes=SIZES, seconds=10)


def _measure(
    rig: Rig,
    subject: Subject,
    *,
    students: int,
    edits_per_s: float,
    sizes: tuple[str, ...],
    seconds: int,
) -> Figures:
    command = [sys.executable, "-m", "bench.board", f"--students={students}"]
    with rig.serving(subject) as server:
        flags = [
            f"--port={server.port}",
            f"--edits-per-s={edits_per_s}",
            f"--sizes={','.join(sizes)}",
            f"--seconds={2 if rig.quick else seconds}",
        ]
        # Not on the load's core alone: a browser is several processes.
        return rig.figures_of([*command, *flags], core=None)


BOARD = Item(
    key="board",
    title=f"{STUDENTS} students type, the teacher watches all of them in Chromium",
    kind="board",
    measure=_measure_one_size,
    columns=(
        Column("medium_frames_per_s", "frames/s", number, better="more"),
        Column("medium_delay_median_ms", "ms from edit to tile", number),
        Column("medium_delay_p95_ms", "p95", number),
        Column("medium_edits_per_s", "edits/s shown", number, better=None),
    ),
    targets=(
        at_least("≥ 30 frames/s", "medium_frames_per_s", 30.0),
        at_most("p95 of edit to tile ≤ 250 ms", "medium_delay_p95_ms", 250.0),
    ),
    note="Each student sends a file of 2 to 5 KB twice a second. Browser, students and server "
    "share the machine; the browser draws without a graphics card. Tiles out of sight "
    "show no code.",
    most_rounds=2,
)

BOARD_SIZES = Item(
    key="board-sizes",
    title=f"{MANY} students type, the teacher's tiles are small, medium and large",
    kind="board",
    measure=_measure_all_sizes,
    columns=tuple(
        column
        for size in SIZES
        for column in (
            Column(f"{size}_frame_median_ms", f"{size}: ms a frame", number),
            Column(f"{size}_frame_p95_ms", "p95", number),
        )
    ),
    targets=tuple(
        at_most(f"{size}: p95 of a frame ≤ 50 ms", f"{size}_frame_p95_ms", 50.0) for size in SIZES
    ),
    note="Each student sends a file of 2 to 5 KB once a second, as students' programs do at most; "
    "1440 × 900 pixels, all on one machine as above.",
    most_rounds=2,
)
