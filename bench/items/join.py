"""A thousand connect and join one room, one after another."""

from bench.item import Column, Figures, Item, at_most, number
from bench.rig import Rig
from bench.subject import Subject

STUDENTS = 1000


def _measure(rig: Rig, subject: Subject) -> Figures:
    with rig.serving(subject) as server:
        report = rig.apply(
            "idle",
            server,
            subject.scripts["join"],
            members=STUDENTS,
            # The first tenth loads code and fills pools.
            prime=STUDENTS // 10,
            ramp=1,
            settle=0.5,
            seconds=0,
        )
    connecting = report["connecting"]
    return {
        "cpu_us": connecting["server_cpu_s"] / connecting["connections"] * 1e6,
        "took_ms": connecting["seconds"] / connecting["connections"] * 1e3,
    }


JOIN = Item(
    key="join",
    title=f"{STUDENTS:,} connect and join one room, one after another (Quad: durably)",
    kind="join",
    measure=_measure,
    columns=(
        Column("cpu_us", "µs CPU each", number),
        Column("took_ms", "ms each", number),
    ),
    targets=(
        at_most("≤ 350 µs CPU each", "cpu_us", 350),
        at_most("≤ 200 µs on the engine", "cpu_us", 200, of="quad-engine"),
    ),
    most_rounds=3,
)
