"""The figures of the last day, on every engine."""

from datetime import UTC, datetime, timedelta
from typing import cast

from msgspec.structs import replace
from sqlalchemy import select

from quad.admin.day import Day, Recorder, read_day
from quad.admin.figures import (
    CommitTotals,
    EventTotals,
    Figures,
    Gauges,
    Queues,
)
from quad.admin.tables import figures
from quad.store import Store

START = datetime(2024, 5, 17, 12, tzinfo=UTC)
MINUTE = int(START.timestamp())
IDLE = Figures(
    version="",
    uptime_s=0.0,
    connections=[],
    connections_total=0,
    handshakes_refused=0,
    deliveries=0,
    slow_readers_closed=0,
    events=EventTotals(0, 0, 0, 0.0),
    queues=Queues(0, 0, 0),
    commits=CommitTotals(0, 0, 0.0, 0),
    memory_bytes=None,
    cpu_seconds=0.0,
    loop_lateness_s=0.0,
)


class Node:
    """A node whose gauges and clock a test sets."""

    def __init__(self, store: Store, number: int) -> None:
        self.figures = IDLE
        self.at = START
        # Of the gauges this is all that is asked.
        self.recorder = Recorder(store, cast(Gauges, self), number, lambda: self.at)

    def read(self) -> Figures:
        return self.figures

    def goes_on(self, seconds: float, **figures: object) -> None:
        """Time goes by, and what the gauges say then is seen."""
        self.at += timedelta(seconds=seconds)
        uptime_s = self.figures.uptime_s + seconds
        self.figures = replace(self.figures, uptime_s=uptime_s, **figures)
        self.recorder.look()


async def day(store: Store, node: Node) -> Day:
    await store.write()
    return await read_day(store, lambda: node.at)


async def test_each_minute_has_its_rates_and_its_peaks(store: Store) -> None:
    node = Node(store, 0)
    node.goes_on(30, connections_total=7, memory_bytes=100, loop_lateness_s=0.25)
    node.goes_on(
        30,
        connections_total=3,
        deliveries=120,
        events=EventTotals(30, 20, 10, 1.0),
        queues=Queues(50, 40, 2),
        commits=CommitTotals(6, 6, 0.1, 0),
        memory_bytes=80,
        cpu_seconds=15.0,
        loop_lateness_s=0.0,
    )
    node.goes_on(60)  # the peaks of the minute before are not this one's
    assert await day(store, node) == Day(
        minutes=[MINUTE, MINUTE + 60],
        connections=[7.0, 3.0],
        deliveries=[2.0, 0.0],
        events=[1.0, 0.0],
        declined=[0.5, 0.0],
        queued=[50.0, 50.0],
        largest=[40.0, 40.0],
        memory=[100.0, 80.0],
        cpu=[25.0, 0.0],
        lateness=[250.0, 0.0],
        commits=[0.1, 0.0],
    )


async def test_of_several_nodes_it_has_the_sums_or_the_worst(store: Store) -> None:
    nodes = [Node(store, number) for number in (3, 4)]
    for count, node in enumerate(nodes, 1):
        node.goes_on(60, connections_total=count, deliveries=60 * count, loop_lateness_s=count)
    # One of them does not know its memory: what the other one has is known.
    nodes[0].goes_on(60, memory_bytes=10)
    shown = await day(store, nodes[0])
    assert (shown.connections, shown.deliveries) == ([3.0, 1.0], [3.0, 0.0])
    assert (shown.lateness, shown.memory) == ([2000.0, 1000.0], [None, 10.0])


async def test_what_is_older_than_a_day_goes_whoever_kept_it(store: Store) -> None:
    gone, node = Node(store, 1), Node(store, 2)
    gone.goes_on(60)
    for _ in range(3):
        node.goes_on(12 * 3600)
    assert (await day(store, node)).minutes == [MINUTE + 24 * 3600]
    rows = await store.read(select(figures.c.minute, figures.c.node).order_by(figures.c.minute))
    half_a_day = 12 * 60
    first = MINUTE // 60
    assert [tuple(row) for row in rows] == [(first + half_a_day, 2), (first + 2 * half_a_day, 2)]
