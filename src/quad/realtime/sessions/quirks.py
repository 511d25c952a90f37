"""Real clients that need something of their own, and how they are recognised.

Both marks are in the handshake's cache breaker `t`, which each library makes in its own way.
"""

import re

import msgspec

# socketIO-client (Python, Engine.IO 3): seconds, a dash and a count.
_SECONDS_AND_COUNT = re.compile(r"\d{10,}-\d+")
# python-engineio's client: seconds with a fraction.
_SECONDS_WITH_FRACTION = re.compile(r"\d{10,}\.\d+")
# What python-engineio takes in one payload; it drops a longer one with everything in it.
_PACKETS_PER_POLL = 16


class Quirks(msgspec.Struct, frozen=True):
    """What one client needs beyond the protocol."""

    # V3: answers to polls are in binary framing even when they hold text alone.
    needs_binary_framing: bool = False
    # A Close frame leaves it waiting for ever; the end of the connection does not.
    is_deaf_to_close: bool = False
    # The most packets that it reads of one answer.
    packets_per_poll: int | None = None


NONE = Quirks()


def recognise(cache_breaker: str) -> Quirks:
    """The quirks of the client that sent this `t` with its handshake."""
    if _SECONDS_AND_COUNT.fullmatch(cache_breaker):
        return Quirks(needs_binary_framing=True, is_deaf_to_close=True)
    if _SECONDS_WITH_FRACTION.fullmatch(cache_breaker):
        return Quirks(packets_per_poll=_PACKETS_PER_POLL)
    return NONE
