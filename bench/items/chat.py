"""Chat messages that survive a power cut: each is committed before its sender sees it."""

import json
import subprocess
import sys

from bench.item import Chart, Column, Figures, Item, Round, Target, number, percent
from bench.rig import HERE, LOAD_WITHIN_S, MeasurementFailed, Rig, pinned
from bench.subject import Subject

CONNECTIONS = 50
WINDOW = 64


def _measure(rig: Rig, subject: Subject) -> Figures:
    with rig.serving(subject) as server, pinned(rig.load_core):
        done = subprocess.run(
            [
                *(sys.executable, "-m", "bench.senders"),
                *(f"--port={server.port}", f"--server={server.pid}"),
                *(f"--connections={CONNECTIONS}", f"--window={WINDOW}"),
                *(f"--warmup={0.5 if rig.quick else 1}", f"--seconds={1 if rig.quick else 3}"),
            ],
            cwd=HERE.parent,
            capture_output=True,
            text=True,
            timeout=LOAD_WITHIN_S,
        )
    if done.returncode != 0:
        raise MeasurementFailed(done.stderr.strip())
    report = json.loads(done.stdout)
    seconds, accepted = report["seconds"], report["accepted"]
    if not accepted:
        raise MeasurementFailed("no message was accepted")
    return {
        "per_second": accepted / seconds,
        "cpu_us": report["server_cpu_s"] / accepted * 1e6,
        "server_share": report["server_cpu_s"] / seconds,
        "load_share": report["load_cpu_s"] / seconds,
    }


def _rate(each: Round) -> float | None:
    return each["quad-chat"]["per_second"] if "quad-chat" in each else None


CHAT = Item(
    key="chat",
    title=f"Durable chat messages, {CONNECTIONS} senders with {WINDOW} in flight each",
    kind="chat",
    measure=_measure,
    columns=(
        Column("per_second", "accepted per second", number, better="more"),
        Column("cpu_us", "µs CPU each", number),
        Column("server_share", "server CPU", percent, better=None),
        Column("load_share", "load CPU", percent, better=None),
    ),
    targets=(Target("≥ 20,000 accepted a second", _rate, 20_000, at_least=True),),
    chart=Chart("per_second", "Durable chat messages a second", more_is_better=True),
    note="both: SQLite, WAL, synchronous=FULL; the sender is the chat's one member",
)
