"""A handshake request, as far as the engine cares: one value for HTTP and for WebSocket."""

import ipaddress
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl

import msgspec

# What only matters while the connection is made, and is not worth its memory afterwards.
_DROPPED_HEADERS = frozenset(
    {
        b"accept",
        b"accept-encoding",
        b"accept-language",
        b"cache-control",
        b"connection",
        b"content-length",
        b"content-type",
        b"pragma",
        b"sec-fetch-dest",
        b"sec-fetch-mode",
        b"sec-fetch-site",
        b"sec-websocket-extensions",
        b"sec-websocket-key",
        b"sec-websocket-version",
        b"upgrade",
    }
)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
HeaderLines = Iterable[tuple[bytes, bytes]]


class Handshake(msgspec.Struct, frozen=True):
    """What is remembered of the request that opened a connection.

    There are as many of these as connections, so the headers stay one piece of bytes and are
    taken apart by whoever asks.
    """

    address: str
    head: bytes

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers by lower-case name; repeated ones are joined by a comma."""
        headers: dict[str, str] = {}
        for line in self.head.decode("latin-1").split("\n")[1:]:
            name, _, value = line.partition(":")
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        return headers

    @property
    def query(self) -> dict[str, str]:
        """The pairs of the address's query."""
        return parse_query(self.head.partition(b"\n")[0])


def remember(address: str, query: bytes, headers: HeaderLines) -> Handshake:
    """The compact form of a request."""
    lines = [name + b":" + value for name, value in headers if name not in _DROPPED_HEADERS]
    return Handshake(address, b"\n".join((query, *lines)))


class Request(msgspec.Struct):
    """One HTTP request without its body."""

    method: str
    path: str
    query: dict[str, str]
    raw_query: bytes
    headers: dict[str, str]
    header_lines: list[tuple[bytes, bytes]]
    address: str

    def handshake(self) -> Handshake:
        """What to keep of this request for the life of the connection."""
        return remember(self.address, self.raw_query, self.header_lines)

    @property
    def is_same_origin(self) -> bool:
        """Whether it comes from a page of this very host, or from no page at all."""
        origin = self.headers.get("origin")
        if origin is None:
            return True
        # An origin is a scheme and a host (RFC 6454, section 6.2), but a peer may send any text.
        return origin.partition("://")[2].lower() == self.headers.get("host", "").lower() != ""


def make_request(
    method: str,
    path: str,
    raw_query: bytes,
    header_lines: list[tuple[bytes, bytes]],
    peer: str,
    trusted_proxies: tuple[Network, ...],
) -> Request:
    """A request as the HTTP server hands it over: header names in lower case."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in header_lines:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    address = _address(peer, headers, trusted_proxies)
    query = parse_query(raw_query)
    return Request(method, path, query, raw_query, headers, header_lines, address)


def parse_query(raw: bytes) -> dict[str, str]:
    """The pairs of a query; of a repeated key the last."""
    return dict(parse_qsl(raw.decode("latin-1"), keep_blank_values=True))


def _address(peer: str, headers: dict[str, str], trusted_proxies: tuple[Network, ...]) -> str:
    # Each proxy appends who spoke to it, so the last one that is no proxy of ours is the client.
    if not trusted_proxies or not is_within(peer, trusted_proxies):
        return peer
    hops = [hop.strip() for hop in headers.get("x-forwarded-for", "").split(",")]
    for hop in reversed(hops):
        if hop and not is_within(hop, trusted_proxies):
            return hop
    return peer


def is_within(address: str, networks: tuple[Network, ...]) -> bool:
    """Whether an address belongs to one of the networks; what is no address does not."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)
