"""Thousands who are connected and joined and say nothing: memory, and the cost of heartbeats."""

from bench.item import Chart, Column, Figures, Item, at_most, number, percent
from bench.rig import Rig
from bench.subject import Subject

PARTICIPANTS = 15_000
CLASS = 300
# Engine.IO's default: in this time the server pings everyone exactly once.
PING_INTERVAL_S = 25
# To connect so many takes the slowest peer half a minute.
DEADLINE_S = 180


def _measure(rig: Rig, subject: Subject) -> Figures:
    participants = PARTICIPANTS // 10 if rig.quick else PARTICIPANTS
    with rig.serving(subject) as server:
        report = rig.apply(
            "idle",
            server,
            subject.scripts["join"],
            members=participants,
            groups=participants // CLASS,
            # The first tenth loads code and fills pools; the rest shows what one more costs.
            prime=participants // 10,
            settle=1 if rig.quick else 5,
            seconds=2 if rig.quick else PING_INTERVAL_S,
            deadline=DEADLINE_S,
        )
    connecting = report["connecting"]
    return {
        "kilobytes": report["memory_bytes_each"] / 1000,
        "server_share": report["server_cpu_s"] / report["seconds"],
        "load_share": report["load_cpu_s"] / report["seconds"],
        "connect_cpu_us": connecting["server_cpu_s"] / connecting["connections"] * 1e6,
    }


IDLE = Item(
    key="idle",
    title=f"{PARTICIPANTS:,} joined and idle, heartbeats on",
    kind="join",
    measure=_measure,
    columns=(
        Column("kilobytes", "KB each", number),
        Column("server_share", "server CPU", percent),
        Column("load_share", "load CPU", percent, better=None),
        Column("connect_cpu_us", "µs CPU to join", number),
    ),
    targets=(
        at_most("≤ 3.5 KB a participant", "kilobytes", 3.5),
        at_most("≤ 3 % of a core", "server_share", 0.03),
    ),
    chart=Chart("kilobytes", "Idle participant: KB of memory", more_is_better=False),
    most_rounds=2,
)
