"""Chat messages that survive a power cut: each is committed before its sender sees it."""

from bench.item import Chart, Figures, Item, at_least, times_as_many
from bench.items.traffic import COLUMNS, measure_traffic
from bench.rig import Rig
from bench.subject import Subject

CONNECTIONS = 50
WINDOW = 64
OURS = "quad-chat"


def _measure(rig: Rig, subject: Subject) -> Figures:
    return measure_traffic(rig, subject, "chat", mode="echo", members=CONNECTIONS, window=WINDOW)


CHAT = Item(
    key="chat",
    title=f"Durable chat messages, {CONNECTIONS} senders with {WINDOW} in flight each",
    kind="chat",
    measure=_measure,
    columns=COLUMNS,
    targets=(
        at_least("≥ 20,000 accepted a second", "per_second", 20_000, of=OURS),
        times_as_many("as many as Node Socket.IO, SQLite", "per_second", "node-stored", 1, of=OURS),
        times_as_many(
            "as many as python-socketio, SQLite",
            "per_second",
            "python-socketio-stored",
            1,
            of=OURS,
        ),
    ),
    chart=Chart("per_second", "Durable chat messages a second", more_is_better=True),
    note="All: SQLite, WAL, synchronous=FULL. The sender is the chat's one member; a message "
    "counts when it comes back.",
)
