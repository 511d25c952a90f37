"""Sessions in the order in which something began for them, by their block of addresses and site."""

import time
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from quad.addresses import shares
from quad.realtime.http.request import Handshake


class Opened(Protocol):
    """What somebody has opened from an address, which does not change."""

    handshake: Handshake


S = TypeVar("S", bound=Opened)


class Lines(Generic[S]):
    """For each block of addresses, and each site, a line of sessions, the oldest first."""

    __slots__ = ("_clock", "_lines", "_members")

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lines: dict[str, dict[S, float]] = {}
        self._members: set[S] = set()

    def __contains__(self, session: S) -> bool:
        return session in self._members

    def add(self, session: S) -> None:
        """Last in its lines; one that stands there already goes to the end."""
        now = self._clock()
        self._members.add(session)
        for counted, _ in shares(session.handshake.address):
            line = self._lines.setdefault(counted, {})
            line.pop(session, None)
            line[session] = now

    def discard(self, session: S) -> None:
        """Out of its lines, if it stands there."""
        if session not in self._members:
            return
        self._members.remove(session)
        for counted, _ in shares(session.handshake.address):
            line = self._lines[counted]
            del line[session]
            if not line:
                del self._lines[counted]

    def count(self, counted: str) -> int:
        """How many stand in the line of this block or site."""
        return len(self._lines.get(counted, ()))

    def oldest(self, counted: str, at_least_s: float) -> S | None:
        """The first of this line, if it has stood there for so long."""
        for session, since in self._lines.get(counted, {}).items():
            return session if self._clock() - since >= at_least_s else None
        return None
