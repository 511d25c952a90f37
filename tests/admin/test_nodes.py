"""The figures of several nodes, added."""

import msgspec

from quad.admin.figures import (
    CommitTotals,
    ConnectionCount,
    EventFigures,
    EventTotals,
    Figures,
    Queues,
)
from quad.admin.nodes import _read, add, add_events


def figures(uptime_s: float, kinds: list[ConnectionCount], memory: int | None) -> Figures:
    return Figures(
        version=f"{uptime_s}",
        uptime_s=uptime_s,
        connections=kinds,
        connections_total=sum(kind.open for kind in kinds),
        handshakes_refused=1,
        deliveries=2,
        slow_readers_closed=3,
        events=EventTotals(1, 2, 3, 0.5),
        queues=Queues(100 * len(kinds), 50 * len(kinds), len(kinds)),
        commits=CommitTotals(1, 2, 0.25, 4),
        memory_bytes=memory,
        cpu_seconds=1.5,
        loop_lateness_s=uptime_s / 1000,
    )


WEBSOCKETS = ConnectionCount("websocket", "V4", 3)
POLLING = ConnectionCount("polling", "V3", 1)


def test_what_can_be_added_is_and_the_rest_is_of_the_worst() -> None:
    own = figures(10.0, [WEBSOCKETS], 1000)
    other = figures(20.0, [POLLING, WEBSOCKETS], None)
    assert add(own, [other, own]) == Figures(
        version="10.0",
        uptime_s=20.0,
        connections=[POLLING, ConnectionCount("websocket", "V4", 6)],
        connections_total=7,
        handshakes_refused=2,
        deliveries=4,
        slow_readers_closed=6,
        events=EventTotals(2, 4, 6, 1.0),
        queues=Queues(300, 100, 3),
        commits=CommitTotals(2, 4, 0.5, 8),
        memory_bytes=1000,
        cpu_seconds=3.0,
        loop_lateness_s=0.02,
    )


def test_events_are_added_by_name() -> None:
    ada = [EventFigures("room/join", 1, 2, 3, 0.5), EventFigures("message", 1, 0, 0, 0.1)]
    bob = [EventFigures("room/join", 10, 20, 30, 1.5)]
    assert add_events([ada, bob, []]) == [
        EventFigures("message", 1, 0, 0, 0.1),
        EventFigures("room/join", 11, 22, 33, 2.0),
    ]


def test_one_alone_is_as_it_is() -> None:
    own = figures(10.0, [WEBSOCKETS], None)
    assert add(own, [own]) == own
    assert b"nodes" not in msgspec.json.encode(own)


def test_what_another_version_means_is_not_known() -> None:
    assert _read({"figures": {}, "cluster": {}}) is None
    assert _read(None) is None
