"""Ids that sort by time: milliseconds since 1970 and, within one, a count."""

from datetime import datetime
from typing import Final


class Ids:
    """Gives the ids of one sequence, each larger than all before.

    One writer: a sequence is given out by the one process where its things live, on one event
    loop, and by nobody else. Whoever opens it says which id was kept last (`last`, or `skip_to`)
    before the first `next_id`: then neither a restart nor a move to another process repeats one,
    nor gives a smaller one. A clock that is slow or was set back does no harm: ids run ahead of
    it, one by one, until it has caught up; until then `milliseconds_at` tells a later time.

    `count_bits` is how many bits lie below the milliseconds, which have 41 until the year 2039,
    42 until 2109, 43 until 2248. An id has to fit into the 63 of a column and, where JavaScript
    reads it as a number, into 53. More of one millisecond than have room run ahead as well.
    """

    __slots__ = ("_count_bits", "last")

    def __init__(self, count_bits: int, last: int = 0) -> None:
        self._count_bits: Final = count_bits
        self.last = last
        """The id that was given last, or was kept before; to be read only."""

    def next_id(self, now_ms: int) -> int:
        """A new id, at a time in milliseconds since 1970."""
        self.last = max(self.last + 1, id_at(now_ms, self._count_bits))
        return self.last

    def skip_to(self, kept: int) -> None:
        """Give only ids after this one, which somebody has kept."""
        self.last = max(self.last, kept)


def id_at(now_ms: int, count_bits: int) -> int:
    """The smallest id that could be given at a time, in milliseconds since 1970."""
    return now_ms << count_bits


def milliseconds_at(given: int, count_bits: int) -> int:
    """When an id was given, in milliseconds since 1970."""
    return given >> count_bits


def milliseconds_of(moment: datetime) -> int:
    """A moment in milliseconds since 1970, rounded down."""
    return int(moment.timestamp() * 1000)
