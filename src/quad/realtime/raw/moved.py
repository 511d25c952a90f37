"""What of a raw connection moves to another process, while its client hears nothing of it."""

import asyncio
from typing import NamedTuple

from msgspec import Struct

from quad.realtime.http.request import Handshake


class MovedConnection(Struct, frozen=True, array_like=True):
    """A connection of which no operation is at work."""

    handshake: Handshake
    unread: bytes
    """What has come from the client and was not read: from the beginning of a frame on."""
    is_followed: bool
    told: int
    """The position of what was written last."""
    asked: int | None
    """The position that the Ping under way carries, if there is one."""


class Socket(NamedTuple):
    """The transport of a connection between its former owner and the next one."""

    transport: asyncio.Transport
    unread: bytes = b""
    """What has come from the client behind what the connection says."""
    is_full: bool = False
    """Whether it has asked its owner to write no more."""
