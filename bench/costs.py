"""`python -m bench.costs bench.json`: what a cluster costs, as Markdown for docs/topics/scale.md.

Reads what `python -m bench --only cluster --out FOLDER` has written. With `--into PAGE` the part of
the page between its two marks is replaced, instead of printed.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.item import number, percent
from bench.items.machine import THIS_MACHINE
from bench.subjects.nodes import AT_HOME, AWAY, AWAY_RABBITMQ

BEGIN, END = "<!-- costs -->", "<!-- /costs -->"

CROWDS = (100_000, 1_000_000)
A_NODE = 50_000
PING_INTERVAL_S = 25
# Every tenth says something each second, and everybody hears something every ten seconds.
SAYING = 0.1
HEARING = 0.1

Medians = Mapping[str, float]
"""Figures by the item's key and their own: `cluster-event.edge_us_1`."""


class NotMeasured(Exception):
    """The report has no figures of a cluster, or the page no place for them."""


@dataclass(frozen=True)
class Line:
    """One line of the table of figures; several figures stand side by side."""

    text: str
    item: str
    metrics: tuple[str, ...]

    def cell(self, medians: Medians) -> str:
        """What one column has to say; a dash where it was not measured."""
        values = [medians.get(f"{self.item}.{metric}") for metric in self.metrics]
        if None in values:
            return "–"
        return " / ".join(number(value) for value in values if value is not None)


LINES = (
    Line("a student's event, one at a time: µs", "cluster-event", ("edge_us_1", "home_us_1")),
    Line("16 in flight: µs", "cluster-event", ("edge_us_16", "home_us_16")),
    Line("64 in flight: µs", "cluster-event", ("edge_us_64", "home_us_64")),
    Line("one at a time, p50 / p99: ms", "cluster-event", ("p50_ms_1", "p99_ms_1")),
    Line("64 in flight, p50 / p99: ms", "cluster-event", ("p50_ms_64", "p99_ms_64")),
    Line("`fdatasync` right before, p50: ms", "cluster-event", ("fdatasync_p50_ms",)),
    Line("a broadcast to 1,000: µs", "cluster-broadcast", ("edge_us", "home_us")),
    Line("the same, both nodes, a delivery: µs", "cluster-broadcast", ("delivery_us",)),
    Line("the broadcast, p50 / p95 / p99: ms", "cluster-broadcast", ("p50_ms", "p95_ms", "p99_ms")),
    Line("`GET /roomstats/…`: µs", "cluster-request", ("edge_us", "home_us")),
    Line("the request, p50 / p99: ms", "cluster-request", ("p50_ms", "p99_ms")),
    Line("a chat message, through the tunnel: µs", "cluster-chat", ("edge_us", "home_us")),
    Line("the chat message, p50 / p99: ms", "cluster-chat", ("p50_ms", "p99_ms")),
    Line("memory of an idle student: KB", "cluster-idle", ("edge_kilobytes", "home_kilobytes")),
    Line("a heartbeat, both nodes: µs", "cluster-idle", ("ping_us",)),
)
COLUMNS = (
    (AT_HOME, "at home"),
    (AWAY, "at another node"),
    (AWAY_RABBITMQ, "the same, over RabbitMQ"),
)


def markdown(report: Mapping[str, Any]) -> str:
    """The whole part of the page. Raises NotMeasured."""
    parts = [
        machine_line(report),
        figures_table(report),
        moves_table(medians_of(report, AWAY.key)),
        arithmetic_table(medians_of(report, AT_HOME.key), medians_of(report, AWAY.key)),
    ]
    return "\n\n".join(parts) + "\n"


def medians_of(report: Mapping[str, Any], subject: str) -> dict[str, float]:
    """All that was measured about a subject, over all items."""
    return {
        f"{item['key']}.{metric}": value
        for item in report["items"]
        for row in item["rows"]
        if row["key"] == subject
        for metric, value in row["median"].items()
    }


def machine_line(report: Mapping[str, Any]) -> str:
    """Where, and how often, this was measured."""
    machine = report["machine"]
    rounds = max(len(row["rounds"]) for item in report["items"] for row in item["rows"])
    fsync = medians_of(report, THIS_MACHINE.key).get("machine.fdatasync_p50_ms")
    disk = "" if fsync is None else f", `fdatasync` {number(fsync)} ms"
    busy = f", load {machine['load']} before" if "load" in machine else ""
    median = "one round" if rounds == 1 else f"medians of {rounds} rounds"
    hint = " (`--quick`: no figures)" if report["quick"] else ""
    return f"{machine['processor']}, Python {machine['python']}{disk}{busy}; {median}{hint}."


def figures_table(report: Mapping[str, Any]) -> str:
    """CPU, times and memory, side by side. Who was not measured has no column."""
    measured = [(medians_of(report, subject.key), text) for subject, text in COLUMNS]
    columns = [(medians, text) for medians, text in measured if medians]
    if not columns:
        raise NotMeasured("the report has no figures of a cluster")
    rows = [[line.text, *(line.cell(medians) for medians, _ in columns)] for line in LINES]
    return table(["edge / home", *(text for _, text in columns)], rows)


def moves_table(away: Medians) -> str:
    """A hand-over and a takeover, one beside the other."""
    handover = [
        ["an event's acknowledgement before: p50 / p99", "ms", "before_p50_ms", "before_p99_ms"],
        ["during the hand-over: p50 / p99", "ms", "during_p50_ms", "during_p99_ms"],
        ["the longest", "ms", "longest_ms"],
        ["events that were refused", "", "refused"],
        ["connections that ended", "", "ended"],
    ]
    takeover = [
        ["after `kill -9`, until the first is told", "s", "noticed_s"],
        ["until each goes on: p50 / p99", "s", "p50_s", "p99_s"],
    ]
    rows = [
        [text, f"{Line(text, item, tuple(metrics)).cell(away)} {unit}".rstrip()]
        for item, lines in (("cluster-handover", handover), ("cluster-takeover", takeover))
        for text, unit, *metrics in lines
    ]
    return table(["a class of 60 loses its home", ""], rows)


def arithmetic_table(home: Medians, away: Medians) -> str:
    """What each node has to do for a crowd, from what one of it costs. Raises NotMeasured."""
    try:
        columns = [_of_crowd(crowd, home, away) for crowd in CROWDS]
    except KeyError as missing:
        raise NotMeasured(f"there is no figure {missing}") from None
    rows = [[name, *(column[name] for column in columns)] for name in columns[0]]
    return table(["connections", *(f"{crowd:,}" for crowd in CROWDS)], rows)


@dataclass(frozen=True)
class Node:
    """The work of one of so many nodes, each with as many connections; shares are of a core."""

    nodes: int
    megabytes: float
    nothing: float
    heartbeats: float
    saying: float
    hearing: float

    @property
    def in_all(self) -> float:
        """Of one core."""
        return self.nothing + self.heartbeats + self.saying + self.hearing


def node_of(crowd: int, home: Medians, away: Medians) -> Node:
    """Raises KeyError for what was not measured.

    People come to any node, and classes are at home on any: of N nodes, all but one in N of what
    somebody says has to cross.
    """
    nodes = -(-crowd // A_NODE)
    crossing = 1 - 1 / nodes

    def mixed(metric: str) -> float:
        return crossing * away[metric] + (1 - crossing) * home[metric]

    kilobytes = mixed("cluster-idle.edge_kilobytes") + mixed("cluster-idle.home_kilobytes")
    event_us = mixed("cluster-event.edge_us_16") + mixed("cluster-event.home_us_16")
    return Node(
        nodes=nodes,
        megabytes=A_NODE * kilobytes / 1000,
        nothing=away["cluster-idle.nothing_share"],
        heartbeats=A_NODE / PING_INTERVAL_S * away["cluster-idle.ping_us"] / 1e6,
        saying=A_NODE * SAYING * event_us / 1e6,
        hearing=A_NODE * HEARING * mixed("cluster-broadcast.delivery_us") / 1e6,
    )


def _of_crowd(crowd: int, home: Medians, away: Medians) -> dict[str, str]:
    node = node_of(crowd, home, away)
    return {
        f"nodes, {A_NODE:,} connections each": str(node.nodes),
        "memory of the connections, each node": f"{number(node.megabytes)} MB",
        "links, each node": str(node.nodes - 1),
        "a node by itself": percent(node.nothing),
        "heartbeats": percent(node.heartbeats),
        "one event a second from every tenth client": percent(node.saying),
        "a message to each client every ten seconds": percent(node.hearing),
        "**of one core, each node**": f"**{percent(node.in_all)}**",
        "a class of 1,000 that sits everywhere is told something": _crossings(node.nodes - 1),
        "events a second that the one database commits": f"{crowd * SAYING:,.0f}",
        "chat messages a second until the one home of all chats is full": number(
            1e6 / away["cluster-chat.home_us"]
        ),
    }


def _crossings(count: int) -> str:
    return f"{count} crossing" + ("s" if count != 1 else "")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def put_into(page: str, text: str) -> str:
    """The page with the text between its marks. Raises NotMeasured without them."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise NotMeasured(f"the page has no {BEGIN} with {END} behind it")
    return f"{before}{BEGIN}\n\n{text}\n{END}{after}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("report", type=Path)
    parser.add_argument("--into", type=Path, metavar="PAGE")
    options = parser.parse_args()
    try:
        text = markdown(json.loads(options.report.read_text(encoding="utf-8")))
        if options.into is None:
            print(text, end="")
        else:
            page = put_into(options.into.read_text(encoding="utf-8"), text)
            options.into.write_text(page, encoding="utf-8")
    except NotMeasured as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main()
