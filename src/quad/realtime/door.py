"""How many connections an address may open: the counts that all protocols share."""

import logging
from collections import Counter
from collections.abc import Callable

from quad.addresses import block
from quad.realtime.counters import Counters
from quad.realtime.errors import HandshakeRefused
from quad.realtime.options import EngineOptions
from quad.realtime.seldom import Seldom

log = logging.getLogger("quad.door")


class Door:
    """Counts connections by address; give one to all protocols of a server."""

    def __init__(
        self,
        options: EngineOptions,
        counters: Counters,
        admit: Callable[[str], float] = lambda address: 0.0,
    ) -> None:
        """`admit(block)` says in how many seconds an address of this block may connect; 0 is now.

        Addresses count by their `block`: whoever has one of IPv6 has them all.
        """
        self._admit = admit
        self.limit = options.connections_per_address
        self._counters = counters
        self._addresses: Counter[str] = Counter()
        self._plain: Counter[str] = Counter()
        self._full = Seldom(log)
        self.on_full: list[Callable[[str], object]] = []
        """Called with a block that is full: whoever can do without some of its connections ends
        one."""

    def has_room(self, address: str) -> bool:
        """Whether one more connection of this address may be open."""
        counted = block(address)
        if self._is_at_limit(counted):
            for make_room in self.on_full:
                make_room(counted)
        return not self._is_at_limit(counted)

    def _is_at_limit(self, counted: str) -> bool:
        return self.limit is not None and self._addresses[counted] >= self.limit

    def check(self, address: str) -> None:
        """Bound the connections of one address, and how fast it opens them.

        Raises:
            HandshakeRefused: there are too many, or too many at a time.
        """
        counted = block(address)
        if not self.has_room(address):
            self._note_full(counted)
            raise HandshakeRefused(4, "Too many connections from this address", 429)
        wait_s = self._admit(counted)
        if wait_s:
            self._counters.refused_handshakes["connects_per_s"] += 1
            message = f"Too many new connections from this address: try again in {wait_s:.1f} s"
            raise HandshakeRefused(4, message, 429)

    def is_full(self, address: str) -> bool:
        """Whether an address has as many connections of plain HTTP as it may have.

        They are counted apart from sessions: those on long-polling must go on being served where
        there may be no more of them.
        """
        if self.limit is None or self._plain[block(address)] < self.limit:
            return False
        self._note_full(block(address))
        return True

    def _note_full(self, counted: str) -> None:
        self._full.warning("%s has %d connections: refused one more", counted, self.limit)
        self._counters.refused_handshakes["connections_per_address"] += 1

    def enter_plain(self, address: str) -> None:
        """A TCP connection has been opened, which speaks HTTP for now."""
        self._plain[block(address)] += 1

    def leave_plain(self, address: str) -> None:
        """It has ended, or become a WebSocket, which enters by itself."""
        _take_one(self._plain, block(address))

    def enter(self, address: str) -> None:
        """A connection has been opened."""
        self._addresses[block(address)] += 1

    def leave(self, address: str) -> None:
        """A connection has ended."""
        _take_one(self._addresses, block(address))


def _take_one(counter: Counter[str], counted: str) -> None:
    counter[counted] -= 1
    if not counter[counted]:
        del counter[counted]
