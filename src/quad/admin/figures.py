"""Live figures of the server, for plots: cheap enough to be asked for once a second."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

from msgspec import Struct

import quad
from quad.admin.statistics import CommitStatistics, LoopClock
from quad.realtime import RawServer, SocketServer

_MEMORY: Final = Path("/proc/self/statm")


class ConnectionCount(Struct):
    """How many connections of one kind are open: `polling` or `websocket`; `V3`, `V4` or `raw`."""

    transport: str
    version: str
    open: int


class EventTotals(Struct):
    """Events of all names since the start, by what became of them; `seconds` to handle them."""

    succeeded: int
    refused: int
    failed: int
    seconds: float


class EventFigures(Struct):
    """Events of one name since the start: what became of them, and `seconds` to handle them."""

    event: str
    succeeded: int
    refused: int
    failed: int
    seconds: float


class CommitTotals(Struct):
    """Transactions since the start: how many, of how many changes, in how many seconds."""

    total: int
    changes: int
    seconds: float
    failed: int


class Queues(Struct):
    """What waits for readers now: bytes in all, in the longest queue, and how many have any."""

    bytes: int
    largest_bytes: int
    waiting: int


NodeState = Literal["serving", "suspended", "draining", "silent"]


class NodeOverview(Struct):
    """One of several nodes; `number` is that of its life, and grows with each start of any node.

    Nobody knows how many connections a silent one has, nor its memory.
    """

    name: str
    number: int
    generation: int
    state: NodeState
    shards: int
    connections: int | None
    memory_bytes: int | None


class Figures(Struct, omit_defaults=True):
    """The server at one moment. Totals only grow: a rate is their difference by `uptime_s`'s.

    Memory is what the process holds; null where the system does not tell. Of several nodes all of
    this are the sums over those in `nodes` that are not silent; one alone has no such list.
    """

    version: str
    uptime_s: float
    connections: list[ConnectionCount]
    connections_total: int
    handshakes_refused: int
    deliveries: int
    slow_readers_closed: int
    events: EventTotals
    queues: Queues
    commits: CommitTotals
    memory_bytes: int | None
    cpu_seconds: float
    loop_lateness_s: float
    nodes: list[NodeOverview] = []


class Gauges:
    """Reads what the engine, the store and the system count; nothing is counted here."""

    def __init__(
        self,
        server: SocketServer,
        endpoint: RawServer,
        commits: CommitStatistics,
        clock: LoopClock,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`endpoint` shares the counters of `server`."""
        self.counters = server.counters
        self.commits = commits
        self.clock = clock
        self._server = server
        self._endpoint = endpoint
        self._now = now
        self._started_at = now()

    @property
    def deliveries(self) -> int:
        """Messages queued for a connection, once for each receiver."""
        return self._server.engine.delivery.delivered + self._endpoint.deliveries

    def queues(self) -> Queues:
        """What waits for readers. Asks every connection: 1.8 ms for 15,000 of them."""
        depths = [session.queued_bytes for session in self._server.engine.sessions.values()]
        depths += [connection.queued_bytes for connection in self._endpoint.connections]
        return Queues(sum(depths), max(depths, default=0), len(depths) - depths.count(0))

    def read(self) -> Figures:
        """All of it, now."""
        counters = self.counters
        return Figures(
            version=quad.__version__,
            uptime_s=self._now() - self._started_at,
            connections=[
                ConnectionCount(transport, version, count)
                for (transport, version), count in sorted(counters.connections.items())
            ],
            connections_total=counters.connections.total(),
            handshakes_refused=counters.refused_handshakes.total(),
            deliveries=self.deliveries,
            slow_readers_closed=counters.slow_readers_closed,
            events=self._events(),
            queues=self.queues(),
            commits=self._commits(),
            memory_bytes=_memory_bytes(),
            cpu_seconds=time.process_time(),
            loop_lateness_s=self.clock.lateness_s,
        )

    def events(self) -> list[EventFigures]:
        """Each of those that have come."""
        return [
            EventFigures(name, event.succeeded, event.refused, event.failed, event.latency_s.total)
            for name, event in self.counters.events.items()
        ]

    def _events(self) -> EventTotals:
        totals = EventTotals(0, 0, 0, 0.0)
        for event in self.counters.events.values():
            totals.succeeded += event.succeeded
            totals.refused += event.refused
            totals.failed += event.failed
            totals.seconds += event.latency_s.total
        return totals

    def _commits(self) -> CommitTotals:
        return CommitTotals(
            total=sum(self.commits.latency_s.buckets),
            changes=round(self.commits.batch_size.total),
            seconds=self.commits.latency_s.total,
            failed=sum(self.commits.failures.values()),
        )


def _memory_bytes() -> int | None:
    try:
        pages = int(_MEMORY.read_text().split()[1])
    except OSError:  # not Linux
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")
