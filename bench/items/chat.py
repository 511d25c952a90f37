"""Chat messages that survive a power cut: each is committed before its sender sees it."""

from bench.item import Chart, Figures, Item, Round, Target
from bench.items.traffic import COLUMNS, measure_traffic
from bench.rig import Rig
from bench.subject import Subject

CONNECTIONS = 50
WINDOW = 64


def _measure(rig: Rig, subject: Subject) -> Figures:
    return measure_traffic(rig, subject, "chat", mode="echo", members=CONNECTIONS, window=WINDOW)


def _rate(each: Round) -> float | None:
    return each["quad-chat"]["per_second"] if "quad-chat" in each else None


CHAT = Item(
    key="chat",
    title=f"Durable chat messages, {CONNECTIONS} senders with {WINDOW} in flight each",
    kind="chat",
    measure=_measure,
    columns=COLUMNS,
    targets=(Target("≥ 20,000 accepted a second", _rate, 20_000, at_least=True),),
    chart=Chart("per_second", "Durable chat messages a second", more_is_better=True),
    note="all: SQLite, WAL, synchronous=FULL; the sender is the chat's one member",
)
