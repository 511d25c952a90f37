"""What the server is called, which proxies stand before it, and whose pages may talk to it."""

import logging
import re
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any, Final

from quad.addresses import Network, is_loopback, is_within, normal, parse
from quad.realtime.http.request import Request, parse_query

log = logging.getLogger("quad.site")

Scope = MutableMapping[str, Any]

ANYBODY: Final = "*"

# Where an ASGI scope carries its site, and its request once somebody has asked for it.
_SITE: Final = "quad.site"
_REQUEST: Final = "quad.request"
IS_GONE: Final = "quad.is_gone"
"""Where it says, by a function, whether the client's connection has ended."""
IS_DELIVERED: Final = "quad.is_delivered"
"""In a scope that has crossed from another node: waits until it is known whether the whole answer
was written to the client's connection."""
CUT: Final = "quad.cut"
"""Where it says, by a function, how to cut the client's connection: half an answer has no end."""
HAS_CROSSED: Final = "quad.has_crossed"
"""Set for what another node has taken in and passed on; nothing that a client sends sets it."""
# What proxies say of the client: each request is asked for it.
_FORWARDED: Final = re.compile(r"x-forwarded-|(?:forwarded|x-real-ip)\Z")
_DEFAULT_PORTS: Final = {"http": ":80", "https": ":443"}
# What browsers add by themselves to whatever a page makes them send.
_CREDENTIALS: Final = ("cookie", "authorization")
# What clients say must not fill the log: after so many different lines of a kind it is silent.
_LINES: Final = 100
_SHOWN: Final = 200

_UNANNOUNCED: Final = (
    "REQUESTS FROM %s CARRY FORWARDING HEADERS, BUT IT IS NO TRUSTED PROXY: its clients share its "
    "address and its limits, and have no guest login and no right that rests on addresses. If it "
    "is your proxy, set server.trusted_proxies = [%r]"
)
_SILENT: Final = (
    "the trusted proxy %s does not say for whom it asks: its clients share its address and its "
    "limits, and have no right that rests on addresses. Let it send X-Forwarded-For"
)
_FOREIGN_PAGE: Final = (
    "refused a page of %r: it asked for this server as %r. If the page is this server's own, a "
    "proxy changes Host: let it keep it (nginx: proxy_set_header Host $http_host; Apache: "
    "ProxyPreserveHost On), or set server.public_url = %r. If it is another site's and may "
    "connect, add it to engine.origins"
)
_FOREIGN_APP: Final = (
    "refused a page of %r: no web site has this origin. If it is your app's, add it to "
    "engine.origins"
)
_LOST_UPGRADE: Final = (
    "a WebSocket from %s came without the header Upgrade: a proxy drops it, and chat and whatever "
    "else needs WebSockets does not work. nginx: proxy_http_version 1.1; proxy_set_header Upgrade "
    '$http_upgrade; proxy_set_header Connection "upgrade"; Apache: ProxyPass with upgrade=websocket'
)
_FOREIGN_NAME: Final = (
    "refused requests to the host %r: it is neither server.public_url nor in server.hosts"
)


class Site:
    """Makes the requests of one server, and judges the pages and names that they come with."""

    def __init__(
        self,
        *,
        public_url: str = "",
        origins: Iterable[str] = (),
        hosts: Iterable[str] = (),
        trusted_proxies: Iterable[Network] = (),
    ) -> None:
        """`public_url` is where browsers reach this server; empty is wherever they ask for it.

        `origins` are other sites whose pages may connect; "*" is everyone. `hosts` are further
        names of this server (`*.` stands for any subdomain); with them or `public_url`, requests
        to other names are not for it. `trusted_proxies`: peers whose `X-Forwarded-For` is believed.
        """
        self.public_url = public_url.rstrip("/")
        self._public_scheme, _, rest = self.public_url.lower().partition("://")
        self._public_host = _without_default_port(self._public_scheme, rest.partition("/")[0])
        self._origins = frozenset(origin.lower() for origin in origins)
        names = [*hosts, *([self._public_host] if self._public_host else [])]
        self._hosts = frozenset(_name_of(name) for name in names)
        self._trusted_proxies = tuple(trusted_proxies)
        self._foreign_pages = _Once()
        self._foreign_names = _Once()
        self._proxies = _Once()
        self._lost_upgrades = _Once()

    # Requests

    def request(
        self,
        method: str,
        path: str,
        raw_query: bytes,
        header_lines: list[tuple[bytes, bytes]],
        peer: str,
        http_version: str = "1.1",
    ) -> Request:
        """A request as the HTTP server hands it over: header names in lower case."""
        headers = _joined(header_lines)
        address, is_certain = self._address(normal(peer), headers)
        query = parse_query(raw_query)
        request = Request(
            method,
            path,
            query,
            raw_query,
            headers,
            header_lines,
            address,
            is_certain,
            self,
            http_version,
        )
        if not self.allows_credentials(request):
            _drop_credentials(request)
        return request

    def is_proxy(self, address: str) -> bool:
        """Whether a proxy of ours has this address."""
        return bool(self._trusted_proxies) and is_within(address, self._trusted_proxies)

    def _address(self, peer: str, headers: Mapping[str, str]) -> tuple[str, bool]:
        """Who asks, and whether that is certain."""
        if not self.is_proxy(peer):
            if not _is_forwarded(headers):
                return peer, True
            if self._proxies.is_new(peer):
                log.warning(_UNANNOUNCED, peer, peer)
            return peer, False
        # Each proxy appends who spoke to it, so the last one that is no proxy of ours is the
        # client.
        forwarded = headers.get("x-forwarded-for", "")
        hops = forwarded.split(",")
        for hop in map(_address_of_hop, reversed(hops)):
            if hop and not is_within(hop, self._trusted_proxies):
                return hop, parse(hop) is not None
        if not forwarded and self._proxies.is_new(peer):
            log.warning(_SILENT, peer)
        return peer, False

    # Pages

    def allows(self, request: Request) -> bool:
        """Whether the page that a request comes from may talk to us; programs come from none.

        It may if the browser says that the page is of the same origin, or if its origin is that of
        the host that was asked for, the public address, or one of the origins that were set.
        Cookies of ours never go to anybody else; this is what else keeps other sites out.
        """
        page = request.headers.get("sec-fetch-site", "")
        # No page can set this header (Fetch, "forbidden request-header"); proxies leave it alone.
        if page == "same-origin":
            return True
        origin = _origin_of(request.headers, page)
        if origin is None or ANYBODY in self._origins or self._is_named(origin, page, request):
            return True
        if self._foreign_pages.is_new(origin, request.host):
            shown = origin[:_SHOWN]
            if origin.partition("://")[0] in _DEFAULT_PORTS:
                log.warning(_FOREIGN_PAGE, shown, request.host[:_SHOWN], shown)
            else:
                log.warning(_FOREIGN_APP, shown)
        return False

    def allows_credentials(self, request: Request) -> bool:
        """Whether the page may also use what this browser has: cookies, and a password it keeps.

        Not where everyone may connect: then a page of anybody is none that was thought of. What its
        browser adds by itself is no part of its requests.
        """
        if ANYBODY not in self._origins:
            return True
        page = request.headers.get("sec-fetch-site", "")
        origin = request.headers.get("origin", "").lower()
        # Only what is opened or fetched comes without an origin, and changes nothing.
        return not origin or page == "same-origin" or self._is_named(origin, page, request)

    def _is_named(self, origin: str, page: str, request: Request) -> bool:
        """Whether the settings name the origin, or it is that of the host that is asked for."""
        if self._knows(origin):
            return True
        # Where the browser says that it comes from elsewhere, an equal Host is that of a proxy.
        return page not in ("cross-site", "same-site") and self._is_of_host(origin, request)

    def _knows(self, origin: str) -> bool:
        if origin in self._origins:
            return True
        scheme, _, host = origin.partition("://")
        return (
            self._public_host != ""
            and scheme == self._public_scheme
            and _without_default_port(scheme, host) == self._public_host
        )

    def _is_of_host(self, origin: str, request: Request) -> bool:
        """Whether the page was loaded under the name by which it now asks."""
        # An origin is a scheme and a host (RFC 6454, section 6.2), but a peer may send any text.
        scheme, _, host = origin.partition("://")
        if scheme not in _DEFAULT_PORTS or not host:
            return False
        # Behind a proxy that ends TLS nobody may have told us, so HTTPS may always be; but where
        # it is known, a page without it may be anybody's who sits on the way.
        if scheme == "http" and self._is_surely_https(request):
            return False
        host = _without_default_port(scheme, host)
        # A page cannot make a browser send X-Forwarded-Host, unless its origin is allowed already.
        asked = {request.host, request.headers.get("host", "")}
        return any(host == _without_default_port(scheme, each.lower()) for each in asked)

    def _is_surely_https(self, request: Request) -> bool:
        if request.has_certain_address and "x-forwarded-proto" in request.headers:
            return request.is_https  # said by a proxy that is trusted
        return self.scheme_of(request.host) == "https"

    def scheme_of(self, host: str) -> str:
        """The scheme under which browsers reach this host, if it is the public address."""
        known = self._public_host
        is_public = known and _without_default_port(self._public_scheme, host.lower()) == known
        return self._public_scheme if is_public else ""

    def note_lost_upgrade(self, scope: Scope) -> None:
        """Say what is wrong if a plain request began as a WebSocket, at the browser."""
        # nginx drops Upgrade and Connection, and passes the rest of the handshake on.
        if scope["method"] != "GET":
            return
        for name, _ in scope["headers"]:
            if name == b"sec-websocket-key":
                peer = normal(scope["client"][0] if scope["client"] else "")
                if self._lost_upgrades.is_new(peer):
                    log.warning(_LOST_UPGRADE, peer)

    # Names

    def foreign_name(self, headers: Iterable[tuple[bytes, bytes]]) -> str | None:
        """The name in a request's head that is not this server's, or None.

        Addresses and loopback names always are its own: nobody can have them point elsewhere. So is
        no name at all, which HTTP/1.0 may leave out.
        """
        if not self._hosts:
            return None
        for name, value in headers:
            asked = value.decode("latin-1").strip()
            if name == b"x-forwarded-host":
                asked = asked.partition(",")[0].strip()
            elif name != b"host":
                continue
            if asked and not self.is_own_name(asked):
                if self._foreign_names.is_new(asked):
                    log.warning(_FOREIGN_NAME, asked[:_SHOWN])
                return asked
        return None

    def is_own_name(self, host: str) -> bool:
        """Whether a host, with or without a port, surely is this server and no other."""
        name = _name_of(host)
        if parse(name) is not None or self.is_loopback_name(host) or name in self._hosts:
            return True
        parents = name.split(".")[1:]
        return any(f"*.{'.'.join(parents[at:])}" in self._hosts for at in range(len(parents)))

    @staticmethod
    def is_loopback_name(host: str) -> bool:
        """Whether a host, with or without a port, is this very machine."""
        name = _name_of(host)
        if name == "localhost" or name.endswith(".localhost"):  # RFC 6761, section 6.3
            return True
        return is_loopback(name)


def carry(site: Site, scope: Scope) -> None:
    """Let everyone who handles this ASGI scope find the site that it is for."""
    scope[_SITE] = site


def request_of(scope: Any) -> Request:  # noqa: ANN401 - Litestar's is a TypedDict
    """The request of an ASGI HTTP scope: who asks, from where, and whose page it is.

    For all routes; the scope of Litestar's `request.scope` is one. Made once for each request.
    """
    request: Request | None = scope.get(_REQUEST)
    if request is None:
        site: Site = scope.get(_SITE) or _ALONE
        request = site.request(
            scope["method"],
            scope["path"],
            scope["query_string"],
            list(scope["headers"]),
            scope["client"][0] if scope["client"] else "",
            scope.get("http_version", "1.1"),
        )
        request.is_gone = scope.get(IS_GONE, request.is_gone)
        request.is_delivered = scope.get(IS_DELIVERED)
        request.has_crossed = HAS_CROSSED in scope
        scope[_REQUEST] = request
    return request


class _Once:
    """Remembers what was said already, up to a bound; then nothing is new any more."""

    def __init__(self) -> None:
        self._said: set[object] = set()

    def is_new(self, *thing: str) -> bool:
        thing = tuple(part[:_SHOWN] for part in thing)
        if thing in self._said or len(self._said) >= _LINES:
            return False
        self._said.add(thing)
        return True


def _joined(lines: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Header lines by name; those of one name in one, as RFC 9110, section 5.3, has it."""
    headers: dict[str, str] = {}
    repeated: dict[str, list[str]] = {}
    for raw_name, raw_value in lines:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        if name in headers:
            repeated.setdefault(name, [headers[name]]).append(value)
        else:
            headers[name] = value
    for name, values in repeated.items():
        headers[name] = ", ".join(values)
    return headers


def _origin_of(headers: Mapping[str, str], page: str) -> str | None:
    """The origin of the page that asks; None if no page does.

    Browsers leave Origin out of what they only fetch; where they say that it comes from another
    site, that site is in Referer, or unknown.
    """
    origin = headers.get("origin")
    if origin is not None:
        return origin.lower()
    if page not in ("cross-site", "same-site"):
        return None
    scheme, separator, rest = headers.get("referer", "").lower().partition("://")
    return f"{scheme}://{rest.partition('/')[0]}" if separator else "null"


def _drop_credentials(request: Request) -> None:
    request.headers = {
        name: value for name, value in request.headers.items() if name not in _CREDENTIALS
    }
    kept = [line for line in request.header_lines if line[0].decode("latin-1") not in _CREDENTIALS]
    request.header_lines = kept


def _is_forwarded(headers: Mapping[str, str]) -> bool:
    return any(map(_FORWARDED.match, headers))


def _address_of_hop(hop: str) -> str:
    """The address in an element of X-Forwarded-For: some proxies add the port."""
    hop = hop.strip()
    if hop.startswith("["):
        hop = hop[1:].partition("]")[0]
    elif hop.count(":") == 1:
        hop = hop.partition(":")[0]
    return normal(hop) if hop else ""


def _without_default_port(scheme: str, host: str) -> str:
    return host.removesuffix(_DEFAULT_PORTS.get(scheme, "\0"))


def _name_of(host: str) -> str:
    """The name or address in a Host header: without the port, brackets and the root's dot."""
    host = host.lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].removesuffix(".")


_ALONE: Final = Site()
