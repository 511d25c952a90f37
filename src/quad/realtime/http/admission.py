"""Which TCP connections are let in: so many from an address, and none of the last descriptors."""

import asyncio
import logging
import resource
from typing import Protocol

from quad.realtime.errors import HandshakeRefused
from quad.realtime.http.door import Door
from quad.realtime.http.seldom import Seldom
from quad.realtime.http.site import Site

log = logging.getLogger("quad.admission")

# Kept for the store, for the log and, one half of them, for those who ask whether the server lives.
KEPT_DESCRIPTORS = 32
_SPARE_CONNECTIONS = 16


class Connection(Protocol):
    """What is let in, or not."""

    def abort(self) -> None:
        """Cut it."""


class Admission:
    """Counts connections from their first moment on, until they end or become a WebSocket.

    Those that are not let in still get to ask one question, so that they can be told why, and so
    that a health check is answered during a flood. Few of them are kept: the newest.
    """

    def __init__(self, door: Door | None, site: Site) -> None:
        """Without a door, an address may have as many as there are descriptors."""
        self._door = door
        self._site = site
        self._first_kept = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - KEPT_DESCRIPTORS
        self._addresses: dict[Connection, str] = {}
        self._spare: dict[Connection, None] = {}
        self._shortage = Seldom(log)
        if door is not None and door.limit is not None and door.limit > self._first_kept:
            log.warning(
                "limits.connections_per_address is %d, but this process may open %d files: "
                "raise the limit of open files (ulimit -n, LimitNOFILE)",
                door.limit,
                self._first_kept + KEPT_DESCRIPTORS,
            )

    def enter(
        self, connection: Connection, transport: asyncio.Transport
    ) -> HandshakeRefused | None:
        """A connection has been made; why it may ask one question only, or None."""
        refusal = self._check(connection, transport)
        if refusal is not None:
            self._spare[connection] = None
            if len(self._spare) > _SPARE_CONNECTIONS:
                oldest = next(iter(self._spare))
                del self._spare[oldest]
                oldest.abort()
        return refusal

    def leave(self, connection: Connection) -> None:
        """It has ended, or is counted elsewhere from now on."""
        self._spare.pop(connection, None)
        address = self._addresses.pop(connection, None)
        if address is not None and self._door is not None:
            self._door.leave_plain(address)

    def _check(
        self, connection: Connection, transport: asyncio.Transport
    ) -> HandshakeRefused | None:
        # The kernel gives out the lowest number that is free (POSIX, section 2.6 of its file
        # descriptors), so a high one says that all the others are in use.
        if _descriptor(transport) >= self._first_kept:
            self._shortage.warning("no descriptors are left (ulimit -n): refusing connections")
            return HandshakeRefused(4, "The server has too many connections.", 503)
        peer = transport.get_extra_info("peername")
        address = peer[0] if isinstance(peer, tuple) else ""
        if self._door is None or not address or self._site.is_proxy(address):
            return None
        if self._door.is_full(address):
            return HandshakeRefused(4, "Too many connections from this address.", 429)
        self._door.enter_plain(address)
        self._addresses[connection] = address
        return None


def raise_descriptor_limit() -> None:
    """Let this process open as many files as the system allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    except (OSError, ValueError) as error:  # some systems name a limit that they do not grant
        log.warning("the limit of open files stays at %d: %s", soft, error)


def _descriptor(transport: asyncio.Transport) -> int:
    socket = transport.get_extra_info("socket")
    return -1 if socket is None else int(socket.fileno())
