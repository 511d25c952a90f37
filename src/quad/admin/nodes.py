"""Figures of all nodes together, and of each by itself."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Final, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import astuple

from quad.admin.figures import (
    CommitTotals,
    ConnectionCount,
    EventFigures,
    EventTotals,
    Figures,
    Gauges,
    NodeOverview,
    NodeState,
    Queues,
)
from quad.cluster.figures import ClusterFigures
from quad.cluster.member import Member

_QUESTION: Final = "figures"
_OF_EVENTS: Final = "figures.events"
# The page asks every second.
_PATIENCE_S: Final = 1.0

_Totals = TypeVar("_Totals", EventTotals, CommitTotals)


class _Told(Struct):
    """What a node answers to another."""

    figures: Figures
    cluster: ClusterFigures


class AllFigures:
    """The figures of the server, whatever the number of its processes."""

    def __init__(self, gauges: Gauges, member: Member | None = None) -> None:
        """With a `member`, which has not joined yet: this node answers what others ask."""
        self._gauges = gauges
        self._member = member
        if member is not None:
            member.questions.on(_QUESTION, self._tell)
            member.questions.on(_OF_EVENTS, lambda _: gauges.events())

    async def read(self) -> Figures:
        """All of it, now; what does not answer in time is named, and not in the sums."""
        member = self._member
        if member is None:
            return self._gauges.read()
        answers = await member.questions.ask_all(_QUESTION, timeout_s=_PATIENCE_S)
        told = {node: _read(answer) for node, answer in answers.items()}
        own = told[member.membership.me] = _Told(self._gauges.read(), member.figures)
        figures = add(own.figures, [each.figures for each in told.values() if each is not None])
        figures.nodes = [
            _overview(member, number, name, told.get(number))
            for number, name in sorted(member.names.items(), key=lambda each: each[1])
        ]
        return figures

    async def read_events(self) -> list[EventFigures]:
        """Those of each event, by name; what does not answer in time is not in the sums."""
        told = [self._gauges.events()]
        if self._member is not None:
            answers = await self._member.questions.ask_all(_OF_EVENTS, timeout_s=_PATIENCE_S)
            told += map(_read_events, answers.values())
        return add_events(told)

    def _tell(self, _: object) -> _Told:
        assert self._member is not None
        return _Told(self._gauges.read(), self._member.figures)


def add(own: Figures, nodes: Sequence[Figures]) -> Figures:
    """The sums over all nodes, of which `own` is one.

    What cannot be added is that of the worst. The time is that of the node that runs for longest:
    so it is one clock, whichever node is asked.
    """
    known = [each.memory_bytes for each in nodes if each.memory_bytes is not None]
    return Figures(
        version=own.version,
        uptime_s=max(each.uptime_s for each in nodes),
        connections=_add_connections(nodes),
        connections_total=sum(each.connections_total for each in nodes),
        handshakes_refused=sum(each.handshakes_refused for each in nodes),
        deliveries=sum(each.deliveries for each in nodes),
        slow_readers_closed=sum(each.slow_readers_closed for each in nodes),
        events=_add_totals([each.events for each in nodes]),
        queues=_add_queues([each.queues for each in nodes]),
        commits=_add_totals([each.commits for each in nodes]),
        memory_bytes=sum(known) if known else None,
        cpu_seconds=sum(each.cpu_seconds for each in nodes),
        loop_lateness_s=max(each.loop_lateness_s for each in nodes),
    )


def add_events(nodes: Iterable[Iterable[EventFigures]]) -> list[EventFigures]:
    """The sums over all nodes of the events of each name."""
    sums: dict[str, EventFigures] = {}
    for each in chain.from_iterable(nodes):
        before = sums.get(each.event, EventFigures(each.event, 0, 0, 0, 0.0))
        sums[each.event] = EventFigures(
            each.event, *map(sum, zip(astuple(before)[1:], astuple(each)[1:], strict=True))
        )
    return [sums[name] for name in sorted(sums)]


def _add_connections(nodes: Sequence[Figures]) -> list[ConnectionCount]:
    counts: Counter[tuple[str, str]] = Counter()
    for figures in nodes:
        for each in figures.connections:
            counts[each.transport, each.version] += each.open
    return [ConnectionCount(*kind, count) for kind, count in sorted(counts.items())]


def _add_totals(totals: Sequence[_Totals]) -> _Totals:
    return type(totals[0])(*map(sum, zip(*map(astuple, totals), strict=True)))


def _add_queues(queues: Sequence[Queues]) -> Queues:
    return Queues(
        bytes=sum(each.bytes for each in queues),
        largest_bytes=max(each.largest_bytes for each in queues),
        waiting=sum(each.waiting for each in queues),
    )


def _read(answer: object) -> _Told | None:
    """What a node has told; None for nothing, or for what another version means by it."""
    try:
        return msgspec.convert(answer, _Told)
    except msgspec.ValidationError:
        return None


def _read_events(answer: object) -> list[EventFigures]:
    """As `_read`."""
    try:
        return msgspec.convert(answer, list[EventFigures])
    except msgspec.ValidationError:
        return []


def _overview(member: Member, number: int, name: str, told: _Told | None) -> NodeOverview:
    membership = member.membership
    return NodeOverview(
        name=name,
        number=number,
        generation=membership.nodes[number].generation,
        state=_state(told),
        shards=membership.load(number),
        connections=None if told is None else told.figures.connections_total,
        memory_bytes=None if told is None else told.figures.memory_bytes,
    )


def _state(told: _Told | None) -> NodeState:
    if told is None:
        return "silent"
    if told.cluster.is_suspended:
        return "suspended"
    return "draining" if told.cluster.is_draining else "serving"
