"""What fan-out and relay have in common: messages for some seconds, counted where they arrive."""

from typing import Any

from bench.item import Column, Figures, number, percent
from bench.rig import Rig
from bench.subject import Subject


def measure_traffic(
    rig: Rig, subject: Subject, kind: str, *, mode: str, members: int, window: int
) -> Figures:
    """Deliveries a second by the wall clock, how long they took, and the server's CPU for each.

    `mode` is the load generator's.
    """
    with rig.serving(subject) as server:
        report = rig.apply(
            mode,
            server,
            subject.scripts[kind],
            members=members,
            window=window,
            warmup=0.5 if rig.quick else 1.0,
            seconds=1.0 if rig.quick else 3.0,
        )
    return traffic_figures(report)


def traffic_figures(report: dict[str, Any]) -> Figures:
    """From the load generator's report. Shares are of one core."""
    seconds, deliveries = report["seconds"], report["deliveries"]
    connecting = report["connecting"]
    return {
        "per_second": deliveries / seconds,
        "cpu_us": report["server_cpu_s"] / deliveries * 1e6,
        "p50_ms": report["p50_ms"],
        "p95_ms": report["p95_ms"],
        "p99_ms": report["p99_ms"],
        "server_share": report["server_cpu_s"] / seconds,
        "load_share": report["load_cpu_s"] / seconds,
        "connect_cpu_us": connecting["server_cpu_s"] / connecting["connections"] * 1e6,
    }


LATENCIES = (
    Column("p50_ms", "p50 ms", number),
    Column("p95_ms", "p95 ms", number),
    Column("p99_ms", "p99 ms", number),
)

COLUMNS = (
    Column("per_second", "a second", number, better="more"),
    Column("cpu_us", "µs CPU", number),
    *LATENCIES,
    Column("server_share", "server", percent, better=None),
    Column("load_share", "load", percent, better=None),
)
