"""Which raw connections are asked for a Pong, and when: for proofs, and as a heartbeat."""

from typing import Protocol

from quad.realtime.deadlines import Deadlines
from quad.realtime.options import EngineOptions
from quad.realtime.sessions.pace import RateLimit
from quad.wire.websocket import PING, encode_frame

# A Ping and its Pong cost about 10 µs: so many a second are 2 % of a core.
_PINGS_PER_S = 2_000.0
_PINGS_BURST = 4_000.0
# Beyond that, a connection is asked so long after the first message that is not proven.
_LATER_S = 1.0


class Askable(Protocol):
    """A connection that answers Pings, equal only to itself. `Asking` calls it, on the loop."""

    def __hash__(self) -> int: ...

    def ask(self) -> None:
        """Ask for a Pong now, unless one is due."""

    def fail_silent(self) -> None:
        """A Ping was not answered in time."""


class Asking:
    """The clocks of one server's connections: one Ping is under way for each, at most."""

    def __init__(self, options: EngineOptions) -> None:
        self._pings = Deadlines(options.ping_interval_ms / 1000, _ask, options.ping_early_s)
        self._pongs = Deadlines(options.ping_timeout_ms / 1000, _fail_silent)
        self._later = Deadlines(_LATER_S, _ask)
        self._rate = RateLimit(_PINGS_PER_S, _PINGS_BURST)
        self._frame: tuple[int, bytes] = (0, encode_frame(PING, bytes(8)))

    def begin(self, connection: Askable) -> None:
        """A connection is open; it is asked after an interval without a message."""
        self._pings.start(connection)

    def may_ask(self, connection: Askable) -> bool:
        """Whether it may be asked now for what is not proven; otherwise it will be."""
        if not self._rate.take():
            return True
        if connection not in self._later:
            self._later.start(connection)
        return False

    def frame(self, position: int) -> bytes:
        """The Ping that asks for the proof of a position; many connections share it."""
        if self._frame[0] != position:
            self._frame = (position, encode_frame(PING, position.to_bytes(8, "big")))
        return self._frame[1]

    def sent_ping(self, connection: Askable) -> None:
        """An answer is due."""
        self._later.stop(connection)
        self._pings.stop(connection)
        self._pongs.start(connection)

    def heard_pong(self, connection: Askable) -> None:
        """The client lives; it is asked again after an interval without a message."""
        self._pongs.stop(connection)
        self._pings.start(connection)

    def forget(self, connection: Askable) -> None:
        """The connection has ended."""
        for deadlines in (self._pings, self._pongs, self._later):
            deadlines.stop(connection)

    def clear(self) -> None:
        """No timer runs any more."""
        for deadlines in (self._pings, self._pongs, self._later):
            deadlines.clear()


def _ask(connection: Askable) -> None:
    connection.ask()


def _fail_silent(connection: Askable) -> None:
    connection.fail_silent()
