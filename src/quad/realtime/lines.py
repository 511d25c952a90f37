"""Sessions in the order in which something began for them, by the block of their address."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from quad.addresses import block

if TYPE_CHECKING:
    from quad.realtime.session import Session


class Lines:
    """For each block of addresses a line of sessions, the oldest first."""

    __slots__ = ("_clock", "_lines", "_members")

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lines: dict[str, dict[Session, float]] = {}
        self._members: dict[Session, str] = {}

    def __contains__(self, session: "Session") -> bool:
        return session in self._members

    def add(self, session: "Session") -> None:
        """Last in its line; one that stands there already goes to the end."""
        counted = self._members.get(session)
        if counted is None:
            counted = self._members[session] = block(session.handshake.address)
        line = self._lines.setdefault(counted, {})
        line.pop(session, None)
        line[session] = self._clock()

    def discard(self, session: "Session") -> None:
        """Out of the line, if it stands there."""
        counted = self._members.pop(session, None)
        if counted is None:
            return
        line = self._lines[counted]
        del line[session]
        if not line:
            del self._lines[counted]

    def count(self, block: str) -> int:
        """How many stand in this line."""
        return len(self._lines.get(block, ()))

    def oldest(self, block: str, at_least_s: float) -> "Session | None":
        """The first of this line, if it has stood there for so long."""
        for session, since in self._lines.get(block, {}).items():
            return session if self._clock() - since >= at_least_s else None
        return None
