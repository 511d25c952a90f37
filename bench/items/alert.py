"""An alert room of 300 displays: everyone is told at once."""

from bench.item import Figures, Item, Target, times_as_cheap
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


def _target(factor: float) -> Target:
    text = f"a delivery costs ≤ 1/{factor:g} of Flask-SocketIO's CPU"
    return times_as_cheap(text, "cpu_us", "flask", factor, of="quad-alert")


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
