"""When a silent node is taken for dead. No I/O: others measure, and act.

Silence alone proves nothing, so the lock of a silent node decides. A node that is frozen, or cut
off, keeps its lock: then its session may be ended, which costs a healthy node its place. So it
takes more than silence: it must be likely that it is the other one who is in trouble.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

SILENT_S: Final = 1.5
"""Three beats: its lock is tried from then on."""

FROZEN_S: Final = 5.0
"""Its session is ended although it has its lock. More than `pulse.STILL_S`: it knows by then."""

SETTLING_S: Final = 5.0
"""If the database has lost our session, it may have lost all; so long, each finds its own again."""

# A node that could not listen has to listen first: four beats.
_STEADY_S: Final = 2.0


class Signs(NamedTuple):
    """What this node perceives."""

    silence_s: Mapping[int, float]
    """Of each other node that is registered."""
    hears_itself: bool
    """Its own beat came back over the broker lately."""
    steady_s: float
    """For how long its loop has run without a pause."""
    session_s: float
    """For how long it has had its session."""
    ended: Collection[int] = ()
    """Who has ended, as somebody says who sees them."""

    @property
    def suspects(self) -> list[int]:
        """Whose lock is to be tried."""
        # Who has lost the broker, or has slept, finds everybody silent.
        if not self.hears_itself or self.steady_s < _STEADY_S or self.session_s < SETTLING_S:
            return []
        return sorted(
            node
            for node, silence_s in self.silence_s.items()
            if silence_s >= SILENT_S or node in self.ended
        )

    def is_frozen(self, node: int) -> bool:
        """Whether its session is to be ended, for its lock is held: it is asleep, or cut off."""
        others = [silence_s for other, silence_s in self.silence_s.items() if other != node]
        # Of two nodes each may think so of the other. With three, a witness has to be heard.
        has_witness = not others or min(others) < SILENT_S
        silence_s = self.silence_s.get(node, 0.0)
        return node in self.suspects and silence_s >= FROZEN_S and has_witness
