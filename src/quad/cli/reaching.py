"""How a server is reached, and why it is not: proxies, certificates, and words for people.

The environment says which proxy and whom to trust, in the variables that other programs read, too;
HTTP and WebSocket go the same way.
"""

import ipaddress
import os
import socket
import ssl
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import SplitResult, urlsplit

from quad.cli.failures import Failed

# Not only of Python: schools set them for every program that asks over TLS.
_AUTHORITIES: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR")
_MORE_AUTHORITIES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class Unreachable(Failed):
    """There is no connection; trying again may help."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(f"{url} cannot be reached: {reason}")


class Proxy(NamedTuple):
    """Through whom a server is asked; `source` names what says so."""

    url: str
    source: str

    @property
    def shown(self) -> str:
        """For people, without the password that it may hold."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


class Way(NamedTuple):
    """How an address is reached; `trust` is None where nothing is asked over TLS."""

    proxy: Proxy | None
    trust: ssl.SSLContext | None


def address_of(text: str) -> SplitResult | None:
    """An address in its parts; None if no machine can have it."""
    try:
        parts = urlsplit(text)
        # Both are found out by asking: a port that is no number or too high, a name that cannot be
        # looked up. UnicodeError is a ValueError.
        _, name = parts.port, (parts.hostname or "").encode("idna")
    except ValueError:
        return None
    return parts if name else None


def way_to(url: str) -> Way:
    """Raises Failed if the environment names a proxy or certificates that cannot be used."""
    proxy = proxy_for(url)
    is_over_tls = url.startswith("https:") or (proxy and proxy.url.startswith("https:"))
    return Way(proxy, trusted() if is_over_tls else None)


def proxy_for(url: str) -> Proxy | None:
    """The proxy that the environment (or the system) has for this address; none for this machine.

    Raises Failed if it has no address, or is of a kind that is not spoken here.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if _is_here(host) or _is_excepted(host, parts.netloc):
        return None
    proxies = {kind: named.strip() for kind, named in urllib.request.getproxies().items()}
    kind = next((kind for kind in (parts.scheme, "all") if proxies.get(kind)), None)
    if kind is None:
        return None
    named = proxies[kind]
    proxy = Proxy(named if "://" in named else f"http://{named}", _source(kind))
    if address_of(proxy.url) is None:
        # It may hold a password, in a place where nobody would look for it.
        raise Failed(
            f"{proxy.source} names a proxy in a way that nobody understands; it has to look like "
            f"http://proxy.example.org:3128. Mend or unset it, or add {host} to NO_PROXY"
        )
    scheme = proxy.url.partition(":")[0].lower()
    if scheme not in ("http", "https"):
        raise Failed(
            f"{proxy.source} names the proxy {proxy.shown}, of a kind that this program does not "
            f"speak ({scheme}); unset it, or add {host} to NO_PROXY"
        )
    return proxy


def trusted() -> ssl.SSLContext:
    """Whom to believe over TLS: the usual authorities, and those that the environment names.

    Raises Failed if it names what holds none.
    """
    import httpx  # only here, for it is slow to import

    try:
        context = httpx.create_ssl_context()
    except OSError as error:  # ssl.SSLError is one
        raise _no_authorities(_AUTHORITIES, error) from None
    if not any(os.environ.get(variable) for variable in _AUTHORITIES):
        context.load_default_certs()
    for variable in _MORE_AUTHORITIES:
        place = os.environ.get(variable)
        if not place:
            continue
        try:
            if Path(place).is_dir():
                context.load_verify_locations(capath=place)
            else:
                context.load_verify_locations(cafile=place)
        except OSError as error:
            raise _no_authorities((variable,), error) from None
    return context


def unreachable(url: str, error: BaseException, proxy: Proxy | None = None) -> Unreachable:
    """What to tell people of a connection that did not come about."""
    through = f"through the proxy {proxy.shown}, which {proxy.source} names: " if proxy else ""
    return Unreachable(url, through + reason(error, is_through_proxy=proxy is not None))


def reason(error: BaseException, *, is_through_proxy: bool = False) -> str:
    """Why a connection did not come about, in words for people."""
    for cause in _causes(error):
        if words := _words(cause):
            return words
        if isinstance(cause, ConnectionRefusedError) or "Connect call failed" in str(cause):
            return "nobody answers there" + (
                "" if is_through_proxy else "; is the server running, and is the address right?"
            )
    return str(error) or type(error).__name__


def _words(cause: BaseException) -> str:
    match cause:
        case ssl.SSLCertVerificationError():
            return (
                f"its certificate is not trusted ({cause.verify_message}); where a school or a "
                "proxy has certificates of its own, SSL_CERT_FILE names the file that holds them"
            )
        case ssl.SSLError():
            return "it does not speak TLS; is it http:// instead of https://?"
        case socket.gaierror():
            return "there is no server of that name; is the address right, and is there a network?"
        case TimeoutError():
            return "no answer in time"
        case _:
            return ""


def _causes(error: BaseException) -> Iterator[BaseException]:
    """What has led to it, itself first."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        if isinstance(cause, BaseExceptionGroup):
            cause = cause.exceptions[0]
        else:
            cause = cause.__cause__ or cause.__context__


def _is_here(host: str) -> bool:
    # Of loopback no proxy knows which machine is meant.
    return (
        host == "localhost" or host.endswith(".localhost") or _is_in(host, ("127.0.0.0/8", "::1"))
    )


def _is_excepted(host: str, netloc: str) -> bool:
    if urllib.request.proxy_bypass(netloc.rpartition("@")[2]):
        return True
    # Networks, which Python does not look for.
    listed = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    return _is_in(host, [entry.strip() for entry in listed.split(",") if "/" in entry])


def _is_in(host: str, networks: list[str] | tuple[str, ...]) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return any(_holds(network, address) for network in networks)


def _holds(network: str, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    try:
        return address in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def _source(kind: str) -> str:
    """The variable that names the proxy for this kind of address."""
    for name in (f"{kind}_proxy", f"{kind}_proxy".upper()):
        if os.environ.get(name):
            return name
    return "the system"


def _no_authorities(variables: tuple[str, ...], error: OSError) -> Failed:
    named = [f"{name} ({os.environ[name]})" for name in variables if os.environ.get(name)]
    why = error.strerror or str(error)
    return Failed(f"there are no certificates in what {' and '.join(named)} names: {why}")
