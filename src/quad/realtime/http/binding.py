"""The address that a server listens on: taken first, before anything else is done."""

import socket

BACKLOG = 4096  # Linux' own limit; a school reconnects all at once


def bind(address: str, port: int, *, is_shared: bool = False) -> socket.socket:
    """A socket that listens on the address; port 0 is any free one.

    `::` hears IPv4, too. Whoever connects waits until the socket is served. One that is shared
    lets others of this account that are shared, too, listen beside it. Raises OSError.
    """
    family, _, _, _, where = socket.getaddrinfo(
        address, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    is_any = family == socket.AF_INET6 and not any(socket.inet_pton(family, str(where[0])))
    listener = socket.create_server(
        where[:2],
        family=family,
        backlog=BACKLOG,
        reuse_port=is_shared,
        dualstack_ipv6=is_any and socket.has_dualstack_ipv6(),
    )
    # Accepted sockets inherit it. uvloop sets it by itself; asyncio does not for sockets made here,
    # and then each answer of more than one write waits 40 ms for the peer's acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def url_of(listener: socket.socket) -> str:
    """The address as a URL."""
    address, port = listener.getsockname()[:2]
    return f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"
