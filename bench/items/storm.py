"""A thousand students, connected, join one class in the same instant."""

from bench.item import Chart, Column, Figures, Item, at_most, number
from bench.rig import Rig
from bench.subject import Subject

STUDENTS = 1000


def _measure(rig: Rig, subject: Subject) -> Figures:
    with rig.serving(subject) as server:
        report = rig.apply("storm", server, subject.scripts["join"], members=STUDENTS, settle=1)
    return {
        "joined_s": report["joined_s"],
        # Up to one second after the last answer: what is put off is paid all the same.
        "cpu_s": report["server_cpu_s"],
        "load_cpu_s": report["load_cpu_s"],
    }


STORM = Item(
    key="storm",
    title="1,000 join one class at once (Quad: durably)",
    kind="join",
    measure=_measure,
    columns=(
        Column("joined_s", "s until all joined", number),
        Column("cpu_s", "s of server CPU", number),
        Column("load_cpu_s", "s of load CPU", number, better=None),
    ),
    targets=(at_most("≤ 1 s of server CPU", "cpu_s", 1.0),),
    chart=Chart("cpu_s", "1,000 join at once: s of CPU", more_is_better=False),
    most_rounds=3,
)
