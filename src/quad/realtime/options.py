"""What can be set about the engine."""

import msgspec

from quad.realtime.sessions.pace import Pace


class EngineOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The engine's numbers; times in milliseconds are advertised to clients as given."""

    ping_interval_ms: int = 25_000
    ping_timeout_ms: int = 20_000
    connect_timeout_ms: int = 45_000
    upgrade_timeout_ms: int = 10_000
    # How long a client may take to show that it lives, when somebody asks; how long that holds.
    probe_timeout_ms: int = 2_000
    probe_loopback_timeout_ms: int = 4
    probe_holds_ms: int = 2_000
    max_payload_bytes: int = 1_000_000
    outbox_limit_bytes: int = 1_048_576
    compression: bool = False
    # None switches a limit off.
    connections_per_address: int | None = None
    # Sessions that have entered no namespace yet; they are no connections until then.
    newcomers_per_address: int | None = None
    events_per_s: float | None = None
    events_burst: int = 1_000

    @property
    def ping_early_s(self) -> float:
        """The Pings of so long a span are written together, the later ones early: 100 ms of 25 s.

        Measured with 15,000 idle connections, the heartbeats cost half as much: one by one, each
        has a timer, a turn of the loop and a Pong that nobody else's comes with.
        """
        return self.ping_interval_ms / 250_000

    def pace(self) -> Pace | None:
        """How fast a new connection may speak; None is as fast as it likes."""
        return None if self.events_per_s is None else Pace(self.events_per_s, self.events_burst)
