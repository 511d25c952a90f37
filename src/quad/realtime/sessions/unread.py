"""Whoever does not read what it is sent is read slowly, and cannot make us keep ever more."""

from collections.abc import Callable
from time import monotonic
from typing import Final

from quad.realtime.sessions.pace import Pace

# What may be under way to a peer that reads.
UNREAD_BYTES: Final = 65_536
# How often to look whether the events that wait for their turn have become fewer.
CROWDED_S: Final = 0.02
# What it may say meanwhile, at once and in the long run. A slow reader of what others say is still
# heard; who sends and never reads provokes some 50 kB of answers, and not the whole outbox limit.
_BURST: Final = 64
_PER_S: Final = 4.0
# Long messages come back as long answers.
_BYTE_COST: Final = 1 / 1_024
# After so long it is read again, however much it has said.
_LONGEST_S: Final = 30.0
# How often to look whether it reads; until then those who ask take it for alive.
LOOK_S: Final = 1.0
# Who goes on sending, and has taken nothing for so long, reads nothing at all.
_GIVE_UP_S: Final = 45.0


class Unread:
    """What one peer says while it leaves unread what it was sent."""

    __slots__ = ("_clock", "_least_bytes", "_pace", "_since")

    def __init__(self, unread_bytes: int, clock: Callable[[], float] = monotonic) -> None:
        self._pace = Pace(_PER_S, _BURST, clock)
        self._clock = clock
        self._least_bytes = unread_bytes
        self._since = clock()

    def spend(self, cost: float, size_bytes: int) -> float:
        """Count a frame of this cost and length; returns how many seconds the next has to wait."""
        return min(_LONGEST_S, self._pace.spend(cost + size_bytes * _BYTE_COST))

    def is_hopeless(self, unread_bytes: int) -> bool:
        """Whether the peer has taken nothing for too long; asked while more of it waits unread."""
        now = self._clock()
        if unread_bytes < self._least_bytes:
            self._least_bytes, self._since = unread_bytes, now
        return now - self._since > _GIVE_UP_S
