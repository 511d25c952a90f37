"""The calls of a room as they are in memory."""

import asyncio
from collections import deque
from typing import Final

from quad.classroom.helping.outgoing import PlaceInQueue
from quad.classroom.helping.queue import Standing

_REMEMBERED: Final = 20


class Helps:
    """What a room knows of its calls, and the timers of whoever tells them."""

    __slots__ = ("decided", "kept", "places_due", "timers", "told", "took_s")

    def __init__(self) -> None:
        self.kept: dict[int, Standing] = {}
        # What is decided and not yet saved is here alone.
        self.decided: dict[int, Standing] = {}
        # What each student has heard last, and when the next may be told.
        self.told: dict[int, PlaceInQueue] = {}
        self.places_due = 0.0
        # By what is to be done.
        self.timers: dict[str, asyncio.Handle] = {}
        # How long the last helps took.
        self.took_s: deque[float] = deque(maxlen=_REMEMBERED)

    def stop(self) -> None:
        """Tell nobody anything more."""
        for timer in self.timers.values():
            timer.cancel()
        self.timers.clear()
