"""How many connections an address may open: the counts that all protocols share."""

import logging
from collections import Counter
from collections.abc import Callable

from quad.addresses import block
from quad.realtime.counters import Counters
from quad.realtime.errors import HandshakeRefused
from quad.realtime.options import EngineOptions

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
        self._limit = options.connections_per_address
        self._counters = counters
        self._addresses: Counter[str] = Counter()

    def check(self, address: str) -> None:
        """Bound the connections of one address, and how fast it opens them.

        Raises:
            HandshakeRefused: there are too many, or too many at a time.
        """
        counted = block(address)
        if self._limit is not None and self._addresses[counted] >= self._limit:
            log.warning("%s has %d connections: refused one more", counted, self._limit)
            self._counters.refused_handshakes["connections_per_address"] += 1
            raise HandshakeRefused(4, "Too many connections from this address", 429)
        wait_s = self._admit(counted)
        if wait_s:
            self._counters.refused_handshakes["connects_per_s"] += 1
            message = f"Too many new connections from this address: try again in {wait_s:.1f} s"
            raise HandshakeRefused(4, message, 429)

    def enter(self, address: str) -> None:
        """A connection has been opened."""
        self._addresses[block(address)] += 1

    def leave(self, address: str) -> None:
        """A connection has ended."""
        counted = block(address)
        self._addresses[counted] -= 1
        if not self._addresses[counted]:
            del self._addresses[counted]
