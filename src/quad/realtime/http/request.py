"""A request, as far as the engine and all routes care: one value for HTTP and for WebSocket."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import lru_cache
from typing import Protocol
from urllib.parse import parse_qsl

import msgspec

from quad.addresses import is_loopback

# A connection may last for days, and what its first request said is kept as long. So only what is
# asked for later is, and of that no more than this: a head may have 64 kB.
_COOKIE_LIMIT_BYTES = 1_024
_QUERY_LIMIT_BYTES = 4_096
# Shorter than any with a session's id.
_USUAL_QUERY_BYTES = 32
# All cookies of this server begin so; others, of programs at the same host, go first.
_OUR_COOKIES = b"quad_"

# Said by proxies, trusted ones as well: the client is on another machine, and far away.
_FORWARDING = re.compile("forwarded|x-forwarded-|x-real-ip|via")

HeaderLines = Iterable[tuple[bytes, bytes]]


class Handshake(msgspec.Struct, frozen=True):
    """What is remembered of the request that opened a connection.

    There are as many of these as connections, so it stays one piece of bytes and is taken apart by
    whoever asks: its cookies, and the query where it is what a client says of itself.
    """

    address: str
    head: bytes
    has_certain_address: bool = True
    is_from_this_machine: bool = False
    is_of_another_page: bool = False

    @property
    def headers(self) -> Mapping[str, str]:
        """The `cookie` header, if there was one; no other is kept."""
        cookie = self.head.partition(b"\n")[2].decode("latin-1")
        return {"cookie": cookie} if cookie else {}

    @property
    def query(self) -> dict[str, str]:
        """The pairs of the address's query, for clients of Engine.IO 3; they have no other auth."""
        return parse_query(self.head.partition(b"\n")[0])


def remember(
    address: str,
    query: bytes,
    headers: HeaderLines,
    *,
    has_certain_address: bool = True,
    is_from_this_machine: bool = False,
    is_of_another_page: bool = False,
) -> Handshake:
    """The compact form of a request."""
    cookies = b"; ".join(value for name, value in headers if name == b"cookie")
    head = _kept_query(query) + b"\n" + _kept_cookies(cookies) if query or cookies else b""
    return Handshake(address, head, has_certain_address, is_from_this_machine, is_of_another_page)


def _kept_query(query: bytes) -> bytes:
    is_auth = b"EIO=3" in query and len(query) <= _QUERY_LIMIT_BYTES
    return query if is_auth else b""


def _kept_cookies(cookies: bytes) -> bytes:
    if len(cookies) <= _COOKIE_LIMIT_BYTES:
        return cookies
    pairs = [pair.strip() for pair in cookies.split(b";")]
    ours = b"; ".join(pair for pair in pairs if pair.startswith(_OUR_COOKIES))
    return ours if len(ours) <= _COOKIE_LIMIT_BYTES else b""


class Judge(Protocol):
    """What a request is judged by: the names of the server, and whom it trusts. See `Site`."""

    public_url: str

    def scheme_of(self, host: str) -> str:
        """The scheme under which browsers reach this host, or nothing."""

    def allows(self, request: "Request") -> bool:
        """Whether the page that a request comes from may talk to us."""

    def allows_credentials(self, request: "Request") -> bool:
        """Whether that page may also use what this browser has."""

    def is_own_name(self, host: str) -> bool:
        """Whether a host surely is this server."""

    def is_loopback_name(self, host: str) -> bool:
        """Whether a host is this very machine."""


class Request(msgspec.Struct):
    """One HTTP request without its body; `Site.request` makes them.

    `address` is who asks, in the normal form of `quad.addresses`. If not `has_certain_address`, it
    is that of a proxy which nobody has announced, or of one that does not say for whom it asks:
    whatever rests on addresses (guests, proofs, coming back without a token) is not for it.
    """

    method: str
    path: str
    query: dict[str, str]
    raw_query: bytes
    headers: dict[str, str]
    header_lines: list[tuple[bytes, bytes]]
    address: str
    has_certain_address: bool
    site: Judge
    http_version: str = "1.1"
    is_gone: Callable[[], bool] = lambda: False
    """Whether the connection is known to have ended: what is answered now reaches nobody."""
    is_delivered: Callable[[], Awaitable[bool]] | None = None
    """From another node: waits until it is known whether its client has got the answer."""
    has_crossed: bool = False
    """Whether another node holds the connection: the address says nothing of how near it is."""

    def handshake(self) -> Handshake:
        """What to keep of this request for the life of the connection."""
        return remember(
            self.address,
            self.raw_query,
            self.header_lines,
            has_certain_address=self.has_certain_address,
            is_from_this_machine=self._is_near,
            is_of_another_page=self.is_of_another_page,
        )

    @property
    def _is_near(self) -> bool:
        """Whether an answer to a question takes no longer than the loop needs."""
        return self.is_from_this_machine and not self._is_forwarded and not self.has_crossed

    @property
    def _is_forwarded(self) -> bool:
        """Whether a proxy, trusted or not, says that it stands in between."""
        return any(map(_FORWARDING.match, self.headers))

    @property
    def host(self) -> str:
        """What the browser called this server, as far as proxies pass it on; empty if unknown."""
        # Apache's proxy replaces Host and says the browser's here; each proxy appends its own.
        forwarded = self.headers.get("x-forwarded-host", "").partition(",")[0].strip()
        return forwarded or self.headers.get("host", "")

    @property
    def is_https(self) -> bool:
        """Whether the browser speaks HTTPS, to a proxy in front of us."""
        # The header may be a lie, but its only victim would be who tells it.
        forwarded = self.headers.get("x-forwarded-proto", "").partition(",")[0].strip()
        return (forwarded or self.site.scheme_of(self.host)) == "https"

    @property
    def is_allowed(self) -> bool:
        """Whether the page that asks may talk to us; programs, which are no page, may.

        The one rule for sockets, forms and REST: see `Site.allows`. A refusal is logged.
        """
        return self.site.allows(self)

    @property
    def is_of_another_page(self) -> bool:
        """Whether a browser says that a page of another site asks, one that may connect included.

        Rights that rest on the address alone are not for it: the address is whoever looks at the
        page.
        """
        site = self.headers.get("sec-fetch-site")
        if site is not None:
            return site not in ("same-origin", "none")
        origin = self.headers.get("origin")
        if origin is None:
            return False
        own = {self.headers.get("host", ""), self.headers.get("x-forwarded-host", "")} - {""}
        return origin.partition("://")[2].lower() not in {each.lower() for each in own}

    @property
    def is_from_this_machine(self) -> bool:
        """Whether a browser on this very machine asks, and no proxy is in between.

        nginx with `proxy_pass` alone says nothing of itself, but speaks HTTP/1.0, as no browser
        does.
        """
        return (
            self.has_certain_address
            and is_loopback(self.address)
            and self.site.is_loopback_name(self.host)
            and self.http_version != "1.0"
        )


def parse_query(raw: bytes) -> dict[str, str]:
    """The pairs of a query; of a repeated key the last."""
    if len(raw) <= _USUAL_QUERY_BYTES:
        return dict(_usual_pairs(raw))
    return dict(_pairs(raw))


def _pairs(raw: bytes) -> list[tuple[str, str]]:
    return parse_qsl(raw.decode("latin-1"), keep_blank_values=True)


# All clients open a WebSocket with the same one: `EIO=4&transport=websocket`.
_usual_pairs = lru_cache(maxsize=64)(_pairs)
