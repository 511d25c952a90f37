"""What one participant costs as the room grows: to join it, and to be told something in it."""

from functools import partial

from bench.item import JUDGED, Column, Figures, Item, Round, Target, figure, number
from bench.rig import Rig
from bench.subject import Subject

SIZES = (10, 100, 1000, 5000)


def _measure(rig: Rig, subject: Subject) -> Figures:
    sizes = SIZES[:-1] if rig.quick else SIZES
    return {name: value for size in sizes for name, value in _room(rig, subject, size).items()}


def _room(rig: Rig, subject: Subject, size: int) -> Figures:
    with rig.serving(subject) as server:
        report = rig.apply(
            "fanout",
            server,
            subject.scripts["fanout"],
            members=size,
            # The second half joins a room that is half full at least.
            prime=size // 2,
            ramp=1,
            settle=0,
            window=1,
            warmup=0.2 if rig.quick else 0.5,
            seconds=0.5 if rig.quick else 1.5,
        )
    connecting = report["connecting"]
    return {
        f"cpu_us_{size}": report["server_cpu_s"] / report["deliveries"] * 1e6,
        f"join_us_{size}": connecting["server_cpu_s"] / connecting["connections"] * 1e6,
    }


def _grown(metric: str, small: int, large: int, each: Round) -> float | None:
    before, after = (figure(each, JUDGED, f"{metric}_{size}") for size in (small, large))
    return after / before if before and after else None


GROWTH = Item(
    key="growth",
    title="A room grows: µs CPU a delivery, and µs CPU to connect and join, by participants",
    kind="fanout",
    measure=_measure,
    columns=(
        *(Column(f"cpu_us_{size}", f"{size:,}", number) for size in SIZES),
        *(Column(f"join_us_{size}", f"join {size:,}", number) for size in SIZES),
    ),
    targets=(
        Target(
            "a delivery to 5,000 costs ≤ 1.3 × what it does to 1,000",
            partial(_grown, "cpu_us", 1000, 5000),
            1.3,
            at_least=False,
        ),
        Target(
            "to join 5,000 costs ≤ 1.2 × what it does to join 100",
            partial(_grown, "join_us", 100, 5000),
            1.2,
            at_least=False,
        ),
    ),
    note="One message at a time. The second half of each room joins one after another; with ten, "
    "most of that runs for the first time.",
    most_rounds=2,
)
