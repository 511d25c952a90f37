"""The figures of the last day, minute by minute: in the database, each node its own."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, NamedTuple

from msgspec import Struct
from msgspec.structs import asdict

from quad.admin import tables
from quad.admin.figures import Figures, Gauges
from quad.store import Store

MINUTE_S: Final = 60
KEPT_MINUTES: Final = 24 * 60
# So often the worst of a minute is looked for.
_TICK_S: Final = 5.0
_DECIMALS: Final = 2


class Point(Struct, frozen=True):
    """One minute of one node: rates are per second, `cpu` is percent of a core, `lateness` in ms.

    Of what goes up and down within the minute it has the highest; null where nobody knows.
    """

    connections: float
    deliveries: float | None
    events: float | None
    declined: float | None
    queued: float
    largest: float
    memory: float | None
    cpu: float | None
    lateness: float
    commits: float | None


class Day(Struct):
    """The last day: `minutes` are their beginnings in seconds since 1970, the rest is by minute.

    Of several nodes these are the sums; `largest` and `lateness` are those of the worst.
    """

    minutes: list[int]
    connections: list[float | None]
    deliveries: list[float | None]
    events: list[float | None]
    declined: list[float | None]
    queued: list[float | None]
    largest: list[float | None]
    memory: list[float | None]
    cpu: list[float | None]
    lateness: list[float | None]
    commits: list[float | None]


def _now() -> datetime:
    return datetime.now(UTC)


class Recorder:
    """Keeps a point a minute of this node, and forgets those of all nodes that are a day old."""

    def __init__(
        self, store: Store, gauges: Gauges, node: int = 0, now: Callable[[], datetime] = _now
    ) -> None:
        """`node` is the number of its life among others; 0 is one alone."""
        self._store = store
        self._gauges = gauges
        self._node = node
        self._now = now
        self._minute = self._this_minute()
        self._before = gauges.read()
        self._peaks = _peaks_of(self._before)
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to look; `stop` ends it."""
        self.look()
        self._timer = asyncio.get_running_loop().call_later(_TICK_S, self.start)

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()

    def look(self) -> None:
        """Remember how it is now; if a minute is over, keep it."""
        figures = self._gauges.read()
        peaks = _peaks_of(figures)
        self._peaks = _higher(self._peaks, peaks)
        minute = self._this_minute()
        if minute == self._minute:
            return
        point = _point(self._before, figures, self._peaks)
        self._store.save_soon(
            tables.put_point(self._node, self._minute, asdict(point)),
            tables.delete_points(minute - KEPT_MINUTES),
            what="the figures of a minute",
        )
        self._minute, self._before, self._peaks = minute, figures, peaks

    def _this_minute(self) -> int:
        return int(self._now().timestamp()) // MINUTE_S


async def read_day(store: Store, now: Callable[[], datetime] = _now) -> Day:
    """The last day of all nodes together; a minute when none ran is left out. Raises StoreError."""
    after = int(now().timestamp()) // MINUTE_S - KEPT_MINUTES
    rows = await store.read(tables.select_points(after))
    columns = {
        name: [_rounded(getattr(row, name)) for row in rows] for name in Point.__struct_fields__
    }
    return Day(minutes=[row.minute * MINUTE_S for row in rows], **columns)


class _Peaks(NamedTuple):
    """What goes up and down: the highest of a while."""

    connections: float
    queued: float
    largest: float
    memory: float | None
    lateness: float


def _peaks_of(figures: Figures) -> _Peaks:
    return _Peaks(
        connections=figures.connections_total,
        queued=figures.queues.bytes,
        largest=figures.queues.largest_bytes,
        memory=figures.memory_bytes,
        lateness=1000 * figures.loop_lateness_s,
    )


def _higher(before: _Peaks, after: _Peaks) -> _Peaks:
    known = [each.memory for each in (before, after) if each.memory is not None]
    return _Peaks(
        connections=max(before.connections, after.connections),
        queued=max(before.queued, after.queued),
        largest=max(before.largest, after.largest),
        memory=max(known, default=None),
        lateness=max(before.lateness, after.lateness),
    )


def _point(before: Figures, after: Figures, peaks: _Peaks) -> Point:
    seconds = after.uptime_s - before.uptime_s

    def rate(total: Callable[[Figures], float]) -> float | None:
        return (total(after) - total(before)) / seconds if seconds > 0 else None

    return Point(
        **peaks._asdict(),
        deliveries=rate(lambda figures: figures.deliveries),
        events=rate(_events),
        declined=rate(lambda figures: figures.events.refused + figures.events.failed),
        cpu=rate(lambda figures: 100 * figures.cpu_seconds),
        commits=rate(lambda figures: figures.commits.total),
    )


def _events(figures: Figures) -> float:
    events = figures.events
    return events.succeeded + events.refused + events.failed


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), _DECIMALS)
