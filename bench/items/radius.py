"""A hundred thousand people online: who is within a radius, and what a move costs."""

import sys

from bench.item import Column, Figures, Item, at_most, number, times_as_cheap
from bench.rig import Rig
from bench.subject import Subject

PEOPLE = 100_000
FEW = 1000
OURS = "quad-nearby"


def _measure(rig: Rig, subject: Subject) -> Figures:
    many = PEOPLE // 10 if rig.quick else PEOPLE
    how = subject.scripts["radius"].say.split()
    figures = _run(rig, many, how)
    if "move_cpu_us" not in figures:
        return figures
    few = _run(rig, FEW, how)
    return {**figures, "move_growth": figures["move_cpu_us"] / few["move_cpu_us"]}


def _run(rig: Rig, people: int, how: list[str]) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.neighbours", "--people", str(people), *how]
    # It knows Quad from inside, so each commit has its own.
    return rig.figures_of(command, core=rig.server_core, root=rig.sources.parent)


RADIUS = Item(
    key="radius",
    title=f"{PEOPLE:,} people online: who is within 200 m",
    kind="radius",
    measure=_measure,
    columns=(
        Column("query_ms", "ms a question", number),
        Column("found", "found", number, better=None),
        Column("move_cpu_us", "µs CPU a move", number),
        Column("move_growth", "× at 1,000", number),
    ),
    targets=(
        at_most("≤ 2 ms a question", "query_ms", 2.0, of=OURS),
        at_most("a move costs what it does among 1,000 (≤ 1.2 ×)", "move_growth", 1.2, of=OURS),
        times_as_cheap("≥ 20 × faster than asking everyone", "query_ms", "everyone", 20, of=OURS),
    ),
    note="1,000 people to a square kilometre; those of one of them move. A move is committed, and "
    "told to who must hear.",
    most_rounds=2,
)
