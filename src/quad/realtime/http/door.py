"""How many connections an address may open: the counts that all protocols share."""

import logging
from collections import Counter
from collections.abc import Callable

from quad.addresses import shares
from quad.realtime.counters import Counters
from quad.realtime.errors import HandshakeRefused
from quad.realtime.http.seldom import Seldom
from quad.realtime.options import EngineOptions

log = logging.getLogger("quad.door")


class Door:
    """Counts connections by address; give one to all protocols of a server."""

    def __init__(
        self,
        options: EngineOptions,
        counters: Counters,
        admit: Callable[[str], float] = lambda _: 0.0,
    ) -> None:
        """`admit(address)` says in how many seconds the address may connect; 0 is now."""
        self._admit = admit
        self.limit = options.connections_per_address
        self._counters = counters
        self._sessions = Counts()
        self._plain = Counts()
        self._full = Seldom(log)
        self.on_full: list[Callable[[str], object]] = []
        """Called with a block, or site, that is full: whoever can do without some of its
        connections ends one."""

    def has_room(self, address: str) -> bool:
        """Whether one more connection of this address may be open."""
        full = self._sessions.full(self.limit, address)
        if full is None:
            return True
        for make_room in self.on_full:
            make_room(full)
        return self._sessions.full(self.limit, address) is None

    def check(self, address: str) -> None:
        """Bound the connections of one address, and how fast it opens them.

        Raises:
            HandshakeRefused: there are too many, or too many at a time.
        """
        if not self.has_room(address):
            self._note_full(self._sessions, address)
            raise HandshakeRefused(4, "Too many connections from this address", 429)
        wait_s = self._admit(address)
        if wait_s:
            self._counters.refused_handshakes["connects_per_s"] += 1
            message = f"Too many new connections from this address: try again in {wait_s:.1f} s"
            raise HandshakeRefused(4, message, 429)

    def is_full(self, address: str) -> bool:
        """Whether an address has as many connections of plain HTTP as it may have.

        They are counted apart from sessions: those on long-polling must go on being served where
        there may be no more of them.
        """
        if self._plain.full(self.limit, address) is None:
            return False
        self._note_full(self._plain, address)
        return True

    def _note_full(self, counts: "Counts", address: str) -> None:
        full = counts.full(self.limit, address)
        if full is not None:
            self._full.warning("%s has %d connections: refused one more", full, counts[full])
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


class Counts:
    """How many there are of each block of addresses, and of each site above those of IPv6."""

    def __init__(self) -> None:
        self._counter: Counter[str] = Counter()

    def __getitem__(self, counted: str) -> int:
        return self._counter[counted]

    def full(self, limit: int | None, address: str) -> str | None:
        """The block or site where one more of this address would be too many; None if there is
        room. `limit` is that of a block; None is none.
        """
        if limit is None:
            return None
        for counted, times in shares(address):
            if self._counter[counted] >= limit * times:
                return counted
        return None

    def add(self, address: str) -> None:
        """One more of this address."""
        for counted, _ in shares(address):
            self._counter[counted] += 1

    def take(self, address: str) -> None:
        """One less."""
        for counted, _ in shares(address):
            self._counter[counted] -= 1
            if not self._counter[counted]:
                del self._counter[counted]
