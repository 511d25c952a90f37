"""What it costs that a class is at home on another node than its people; PostgreSQL in all rows."""

import sys
import time
from typing import Any

from bench.item import Column, Figures, Item, Round, Target, at_most, figure, number, percent
from bench.items.traffic import LATENCIES
from bench.nodes import Nodes, serving_nodes
from bench.rig import Rig, Server
from bench.subject import Subject
from bench.subjects.nodes import AT_HOME, AWAY
from quad.cluster.routes import CAMPUS

WINDOWS = (1, 16, 64)
LISTENERS = 1000
# A class of this size goes from one node to another.
STUDENTS = 60
IDLE = 3000
CLASS = 200
# In this time everyone is pinged once; it is set so short that nobody has to wait for the usual.
PING_INTERVAL_S = 5
CHATS = 50
NOTHING_S = 2.0


def _place(subject: Subject, nodes: Nodes) -> Server:
    """Where those are connected whom the row is about."""
    return nodes.home if subject.key == AT_HOME.key else nodes.edge


def _cpu_us(report: dict[str, Any], of: float) -> Figures:
    """Of the load generator's two accounts, by what there was of it."""
    return {
        "edge_us": report["server_cpu_s"] / of * 1e6,
        "home_us": report["home_cpu_s"] / of * 1e6,
    }


def _traffic(
    rig: Rig, subject: Subject, nodes: Nodes, kind: str, mode: str, **flags: float
) -> Figures:
    # The edge's account is the edge's, wherever the members are.
    members_at = Server(nodes.edge.pid, _place(subject, nodes).port)
    report = rig.apply(
        mode,
        members_at,
        subject.scripts[kind],
        nodes.home,
        warmup=0.5,
        seconds=0.5 if rig.quick else 2.0,
        **flags,
    )
    return {
        **_cpu_us(report, report["messages"]),
        "per_second": report["messages"] / report["seconds"],
        "delivery_us": (report["server_cpu_s"] + report["home_cpu_s"]) / report["deliveries"] * 1e6,
        "p50_ms": report["p50_ms"],
        "p95_ms": report["p95_ms"],
        "p99_ms": report["p99_ms"],
        # Of the one core that both nodes share.
        "server_share": (report["server_cpu_s"] + report["home_cpu_s"]) / report["seconds"],
        "load_share": report["load_cpu_s"] / report["seconds"],
    }


def _disk(rig: Rig) -> Figures:
    """A row whose commits were slower than those of the next one cannot be compared with it."""
    return {"fdatasync_p50_ms": rig.probe_machine()["fdatasync_p50_ms"]}


DISK = Column("fdatasync_p50_ms", "disk", number, better=None)
DISK_NOTE = "Disk: ms of fdatasync, right before."


def _times(metric: str, each: Round) -> float | None:
    """The figure at another node by the one at home."""
    away, home = (figure(each, subject.key, metric) for subject in (AWAY, AT_HOME))
    return away / home if away is not None and home else None


# --- an event -------------------------------------------------------------------------------------


def _measure_events(rig: Rig, subject: Subject) -> Figures:
    figures = {**_disk(rig)}
    with serving_nodes(rig, subject) as nodes:
        for window in WINDOWS:
            found = _traffic(rig, subject, nodes, "nodes-relay", "relay", members=1, window=window)
            figures |= {f"{name}_{window}": value for name, value in found.items()}
    return figures


EVENT = Item(
    key="cluster-event",
    title="A student's event to the teacher, by how many are in flight: µs CPU",
    kind="nodes-relay",
    measure=_measure_events,
    columns=(
        Column("edge_us_1", "1: edge", number),
        Column("home_us_1", "home", number),
        Column("p50_ms_1", "p50 ms", number),
        Column("edge_us_16", "16: edge", number),
        Column("home_us_16", "home", number),
        Column("edge_us_64", "64: edge", number),
        Column("home_us_64", "home", number),
        Column("p50_ms_64", "p50 ms", number),
        DISK,
    ),
    targets=(
        at_most("≤ 20 µs at the edge, 64 in flight", "edge_us_64", 20, of=AWAY.key),
        Target(
            "costs the home ≤ 2 × what it does without",
            lambda each: _times("home_us_64", each),
            2,
            at_least=False,
        ),
    ),
    note="sharing/code_update of 64 bytes, committed before it is told. "
    "“At home”: teacher and student at one node of the same two, which share a core. "
    f"{DISK_NOTE}",
)


# --- a broadcast ----------------------------------------------------------------------------------


def _measure_broadcast(rig: Rig, subject: Subject) -> Figures:
    disk = _disk(rig)
    with serving_nodes(rig, subject) as nodes:
        how = {"members": LISTENERS, "window": 1, "spread": 2}
        return {**disk, **_traffic(rig, subject, nodes, "nodes-fanout", "fanout", **how)}


BROADCAST = Item(
    key="cluster-broadcast",
    title=f"Broadcast to {LISTENERS:,}, one at a time: all at home, or half at another node",
    kind="nodes-fanout",
    measure=_measure_broadcast,
    columns=(
        Column("edge_us", "edge µs a message", number),
        Column("home_us", "home µs", number),
        Column("delivery_us", "µs a delivery", number),
        *LATENCIES,
        DISK,
    ),
    targets=(
        Target(
            "a delivery on two nodes costs ≤ 1.3 × what it does on one",
            lambda each: _times("delivery_us", each),
            1.3,
            at_least=False,
        ),
    ),
    note=f"steps/all of 64 bytes, committed before it is told. {DISK_NOTE}",
)


# --- a request, a chat ----------------------------------------------------------------------------


def _measure_request(rig: Rig, subject: Subject) -> Figures:
    with serving_nodes(rig, subject) as nodes:
        place = _place(subject, nodes)
        return _away(rig, "request", nodes, place, seconds=0.5 if rig.quick else 3.0)


REQUEST = Item(
    key="cluster-request",
    title="GET /roomstats/…, one at a time on one connection",
    kind="nodes-request",
    measure=_measure_request,
    columns=(
        Column("edge_us", "edge µs", number),
        Column("home_us", "home µs", number),
        Column("p50_ms", "p50 ms", number),
        Column("p99_ms", "p99 ms", number),
    ),
    targets=(at_most("p50 ≤ 10 ms across", "p50_ms", 10, of=AWAY.key),),
)


def _measure_chat(rig: Rig, subject: Subject) -> Figures:
    disk = _disk(rig)
    with serving_nodes(rig, subject, key=CAMPUS) as nodes:
        how = {"members": CHATS, "window": 4}
        return {**disk, **_traffic(rig, subject, nodes, "nodes-chat", "echo", **how)}


CHAT = Item(
    key="cluster-chat",
    title=f"Chat messages, {CHATS} senders with 4 in flight each: through a tunnel, and not",
    kind="nodes-chat",
    measure=_measure_chat,
    columns=(
        Column("edge_us", "edge µs", number),
        Column("home_us", "home µs", number),
        Column("per_second", "a second", number, better="more"),
        *LATENCIES,
        DISK,
    ),
    targets=(
        Target(
            "costs the home ≤ 2 × what it does without",
            lambda each: _times("home_us", each),
            2,
            at_least=False,
        ),
    ),
    note="Committed before it comes back. The home of all chats does all of this work. "
    f"{DISK_NOTE}",
)


# --- homes that move ------------------------------------------------------------------------------


def _measure_handover(rig: Rig, subject: Subject) -> Figures:
    with serving_nodes(rig, subject, 3) as nodes:
        return _away(rig, "handover", nodes, *nodes.edges, seconds=1.0 if rig.quick else 3.0)


HANDOVER = Item(
    key="cluster-handover",
    title=f"The home of a class of {STUDENTS} is stopped (SIGTERM): from event to acknowledgement",
    kind="nodes-moving",
    measure=_measure_handover,
    columns=(
        Column("before_p50_ms", "before: p50 ms", number),
        Column("before_p99_ms", "p99", number),
        Column("during_p50_ms", "during: p50 ms", number),
        Column("during_p99_ms", "p99", number),
        Column("longest_ms", "longest", number),
        Column("refused", "refused", number),
        Column("ended", "connections ended", number),
    ),
    targets=(
        at_most("nobody waits longer than 1 s", "longest_ms", 1000, of=AWAY.key),
        at_most("no event is refused", "refused", 0, of=AWAY.key),
        at_most("no connection ends", "ended", 0, of=AWAY.key),
    ),
    note="Three nodes; everybody is at one of the other two and sends 5 events a second. During: "
    "what was under way or sent in the 2 s after the signal.",
    most_rounds=3,
)


def _measure_takeover(rig: Rig, subject: Subject) -> Figures:
    with serving_nodes(rig, subject, 3) as nodes:
        return _away(rig, "takeover", nodes, *nodes.edges)


TAKEOVER = Item(
    key="cluster-takeover",
    title=f"The home of a class of {STUDENTS} dies (kill -9): until each has an event acknowledged",
    kind="nodes-moving",
    measure=_measure_takeover,
    columns=(
        Column("noticed_s", "s until the first is told", number),
        Column("p50_s", "resumed: p50 s", number),
        Column("p99_s", "p99", number),
        Column("longest_s", "longest", number),
    ),
    targets=(at_most("p99 ≤ 4 s", "p99_s", 4, of=AWAY.key),),
    note="Three nodes; everybody is at one of the other two, connects again at once, and tries "
    "every 50 ms.",
    most_rounds=3,
)


def _away(
    rig: Rig, mode: str, nodes: Nodes, *places: Server, seconds: float = 0
) -> dict[str, float]:
    """What `bench.away` finds, with people at these places."""
    command = [sys.executable, "-m", "bench.away", mode, f"--seconds={seconds}"]
    command += [f"--home={nodes.home.port}", f"--home-pid={nodes.home.pid}"]
    command += [f"--edge-pid={nodes.edge.pid}", f"--students={STUDENTS}"]
    command += [f"--at={place.port}" for place in places]
    return rig.figures_of(command, core=rig.load_core)


# --- somebody who does nothing --------------------------------------------------------------------


def _measure_idle(rig: Rig, subject: Subject) -> Figures:
    members = IDLE // 5 if rig.quick else IDLE
    interval_ms = PING_INTERVAL_S * 1000
    with serving_nodes(rig, subject, QUAD_ENGINE_PING_INTERVAL_MS=interval_ms) as nodes:
        nothing_share = _share_of_nothing(nodes)
        report = rig.apply(
            "idle",
            Server(nodes.edge.pid, _place(subject, nodes).port),
            subject.scripts["nodes-join"],
            nodes.home,
            members=members,
            groups=members // CLASS,
            # The first tenth loads code and fills pools; the rest shows what one more costs.
            prime=members // 10,
            settle=1,
            seconds=PING_INTERVAL_S,
            deadline=180,
        )
    edge, home = report["memory_bytes_each"] / 1000, report["home_memory_bytes_each"] / 1000
    cpu_s = report["server_cpu_s"] + report["home_cpu_s"]
    pings_s = cpu_s - 2 * nothing_share * report["seconds"]
    return {
        "edge_kilobytes": edge,
        "home_kilobytes": home,
        "kilobytes": edge + home,
        "ping_us": pings_s / members * 1e6,
        "nothing_share": nothing_share,
    }


def _share_of_nothing(nodes: Nodes) -> float:
    """What a node takes of a core that serves nobody: its beats, and its watch over the others."""
    before = nodes.home.cpu_s + nodes.edge.cpu_s
    time.sleep(NOTHING_S)
    return (nodes.home.cpu_s + nodes.edge.cpu_s - before) / 2 / NOTHING_S


CLIENT = Item(
    key="cluster-idle",
    title=f"{IDLE:,} joined and idle: memory of each, and of its class's home",
    kind="nodes-join",
    measure=_measure_idle,
    columns=(
        Column("edge_kilobytes", "edge KB", number),
        Column("home_kilobytes", "home KB", number),
        Column("kilobytes", "both", number),
        Column("ping_us", "µs CPU a heartbeat", number),
        Column("nothing_share", "a node that serves nobody", percent),
    ),
    targets=(at_most("≤ 8 KB at both", "kilobytes", 8, of=AWAY.key),),
    note=f"Classes of {CLASS}. Everyone is pinged once in {PING_INTERVAL_S} s while nothing else "
    "happens.",
    most_rounds=2,
)

CLUSTER = (EVENT, BROADCAST, REQUEST, CHAT, HANDOVER, TAKEOVER, CLIENT)
