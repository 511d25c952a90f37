"""Whether this node's loop has stood still for so long that others may have declared it dead."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

TICK_S: Final = 0.5
STILL_S: Final = 3.0
"""Less than others wait before they end the session of a silent node."""
_LATE_S: Final = 1.0


class Pulse:
    """Told the time every `TICK_S` by `tick`; everything else may be asked at any time."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._ticked_at = clock()
        self._late_at = -math.inf
        self._stops = 0
        self._is_unproven = False

    @property
    def is_in_doubt(self) -> bool:
        """Whether the loop stood still, and the session is not proven since.

        Also before the next tick: what has come meanwhile is handled before it.
        """
        return self._is_unproven or self._clock() - self._ticked_at > STILL_S

    @property
    def steady_s(self) -> float:
        """For how long the loop has run without a pause in which it could hear nobody."""
        return self._clock() - self._late_at

    def tick(self) -> None:
        """The loop runs."""
        now = self._clock()
        pause_s = now - self._ticked_at
        if pause_s > _LATE_S:
            self._late_at = now
        if pause_s > STILL_S:
            self._is_unproven = True
            self._stops += 1
        self._ticked_at = now

    def begin_proof(self) -> int:
        """To be called before the session is asked; gives what `proven` wants."""
        return self._stops

    def proven(self, proof: int) -> None:
        """The session has answered. An answer to a question from before the pause says nothing."""
        if proof == self._stops and self._clock() - self._ticked_at <= STILL_S:
            self._is_unproven = False
