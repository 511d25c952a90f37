"""How many connections an address may open: the counts that all protocols share."""

import logging
from collections import Counter
from collections.abc import Callable

from quad.addresses import block, wider_block
from quad.realtime.counters import Counters
from quad.realtime.errors import HandshakeRefused
from quad.realtime.options import EngineOptions
from quad.realtime.seldom import Seldom

log = logging.getLogger("quad.door")

# A site has a /48 of IPv6, 65,536 blocks: whoever has one could take a block's share in each. A
# campus has as much, so it may have as many connections as sixteen addresses.
_BLOCKS_OF_SITE = 16


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
        self._sessions = _Counts()
        self._plain = _Counts()
        self._full = Seldom(log)
        self.on_full: list[Callable[[str], object]] = []
        """Called with a block that is full: whoever can do without some of its connections ends
        one."""

    def has_room(self, address: str) -> bool:
        """Whether one more connection of this address may be open."""
        if self._sessions.are_at(self.limit, address):
            for make_room in self.on_full:
                make_room(block(address))
        return not self._sessions.are_at(self.limit, address)

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
        if not self._plain.are_at(self.limit, address):
            return False
        self._note_full(block(address))
        return True

    def _note_full(self, counted: str) -> None:
        self._full.warning("%s has %d connections: refused one more", counted, self.limit)
        self._counters.refused_handshakes["connections_per_address"] += 1

    def enter_plain(self, address: str) -> None:
        """A TCP connection has been opened, which speaks HTTP for now."""
        self._plain.add(address)

    def leave_plain(self, address: str) -> None:
        """It has ended, or become a WebSocket, which enters by itself."""
        self._plain.take(address)

    def enter(self, address: str) -> None:
        """A connection has been opened."""
        self._sessions.add(address)

    def leave(self, address: str) -> None:
        """A connection has ended."""
        self._sessions.take(address)


class _Counts:
    """How many there are of each block, and of the /48 that stands above it."""

    def __init__(self) -> None:
        self._blocks: Counter[str] = Counter()
        self._sites: Counter[str] = Counter()

    def are_at(self, limit: int | None, address: str) -> bool:
        """Whether one more of this address would be too many."""
        if limit is None:
            return False
        is_full = self._blocks[block(address)] >= limit
        return is_full or self._sites[wider_block(address)] >= limit * _BLOCKS_OF_SITE

    def add(self, address: str) -> None:
        self._blocks[block(address)] += 1
        self._sites[wider_block(address)] += 1

    def take(self, address: str) -> None:
        _take_one(self._blocks, block(address))
        _take_one(self._sites, wider_block(address))


def _take_one(counter: Counter[str], counted: str) -> None:
    counter[counted] -= 1
    if not counter[counted]:
        del counter[counted]
