"""An alert room of 300 displays: everyone is told at once."""

from bench.item import Figures, Item, Target, times_as_cheap
from bench.items.traffic import COLUMNS, measure_traffic
from bench.rig import Rig
from bench.subject import Subject

DISPLAYS = 300
NOTE = "Quad alert, and where it says SQLite: committed before it is told. The others keep nothing."
OURS = "quad-alert"


def _measure(rig: Rig, subject: Subject, window: int) -> Figures:
    return measure_traffic(rig, subject, "alert", mode="fanout", members=DISPLAYS, window=window)


def _measure_1(rig: Rig, subject: Subject) -> Figures:
    return _measure(rig, subject, 1)


def _measure_64(rig: Rig, subject: Subject) -> Figures:
    return _measure(rig, subject, 64)


def _targets(factor: float) -> tuple[Target, ...]:
    text = f"a delivery costs ≤ 1/{factor:g} of Flask-SocketIO's CPU"
    return (
        times_as_cheap(text, "cpu_us", "flask", factor, of=OURS),
        times_as_cheap(
            "no dearer than Node Socket.IO, SQLite", "cpu_us", "node-stored", 1, of=OURS
        ),
        times_as_cheap(
            "no dearer than python-socketio, SQLite", "cpu_us", "python-socketio-stored", 1, of=OURS
        ),
    )


ALERT_1 = Item(
    key="alert-1",
    title="Alert to 300 displays, one message at a time",
    kind="alert",
    measure=_measure_1,
    columns=COLUMNS,
    targets=_targets(3.5),
    note=NOTE,
    most_rounds=3,
)

ALERT_64 = Item(
    key="alert-64",
    title="Alert to 300 displays, 64 messages in flight",
    kind="alert",
    measure=_measure_64,
    columns=COLUMNS,
    targets=_targets(20),
    note=NOTE,
    most_rounds=3,
)
