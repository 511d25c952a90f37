"""An alert room of 300 displays: everyone is told at once."""

from bench.item import Figures, Item, Round, Target
from bench.items.traffic import COLUMNS, measure_traffic
from bench.rig import Rig
from bench.subject import Subject

DISPLAYS = 300
NOTE = "Quad alert: committed before it is told; Flask-SocketIO on eventlet keeps nothing"


def _measure(rig: Rig, subject: Subject, window: int) -> Figures:
    return measure_traffic(rig, subject, "alert", mode="fanout", members=DISPLAYS, window=window)


def _measure_1(rig: Rig, subject: Subject) -> Figures:
    return _measure(rig, subject, 1)


def _measure_64(rig: Rig, subject: Subject) -> Figures:
    return _measure(rig, subject, 64)


def _cheaper_than_flask(each: Round) -> float | None:
    ours, theirs = each.get("quad-alert"), each.get("flask")
    return theirs["cpu_us"] / ours["cpu_us"] if ours and theirs else None


def _target(factor: float) -> Target:
    text = f"a delivery costs ≤ 1/{factor:g} of Flask-SocketIO's CPU"
    return Target(text, _cheaper_than_flask, factor, at_least=True)


ALERT_1 = Item(
    key="alert-1",
    title="Alert to 300 displays, one message at a time",
    kind="alert",
    measure=_measure_1,
    columns=COLUMNS,
    targets=(_target(3.5),),
    note=NOTE,
)

ALERT_64 = Item(
    key="alert-64",
    title="Alert to 300 displays, 64 messages in flight",
    kind="alert",
    measure=_measure_64,
    columns=COLUMNS,
    targets=(_target(20),),
    note=NOTE,
)
