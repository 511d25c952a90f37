"""What can be set about the engine."""

import msgspec


class EngineOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The engine's numbers; times in milliseconds are advertised to clients as given."""

    ping_interval_ms: int = 25_000
    ping_timeout_ms: int = 20_000
    connect_timeout_ms: int = 45_000
    upgrade_timeout_ms: int = 10_000
    max_payload_bytes: int = 1_000_000
    outbox_limit_bytes: int = 1_048_576
    # Origins besides the server's own that browsers may connect from; "*" allows all.
    origins: tuple[str, ...] = ()
    compression: bool = False
    # None switches a limit off.
    connections_per_address: int | None = None
    events_per_s: float | None = None
    events_burst: int = 1_000
