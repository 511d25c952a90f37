"""Fetch from a few allowed hosts, at addresses of people who may mean harm.

A teacher names the address, this server follows it from inside its own network. So the host must
be on the list, every address that its name resolves to must be public, the connection goes to the
very address that was checked (a second look-up could answer differently), and size and time are
bounded. A redirect is a new address: it is checked like the first.
"""

import asyncio
import socket
import ssl
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import cache
from http import HTTPStatus
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

import httpx
from msgspec import Struct

Resolve = Callable[[str], Awaitable[Sequence[str]]]
"""Look up a host: returns all its addresses in text, raises OSError if there are none."""

_REDIRECTS: Final = 3
_CONNECT_TIMEOUT_S: Final = 3.0
_HEADERS: Final = {
    "User-Agent": "quad-server (task import)",
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
}
_GZIP: Final = 16 + zlib.MAX_WBITS

_UNICAST: Final = IPv6Network("2000::/3")
# Prefixes inside it that tunnel or number something else: RFC 4380, 3056, 3849, 9637, IANA's
# special-purpose registry.
_NOT_UNICAST: Final = tuple(
    map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
)
# RFC 6052: in an IPv6-only network these stand for the IPv4 address in the last 32 bits.
_NAT64: Final = IPv6Network("64:ff9b::/96")


class FetchOptions(Struct, frozen=True, kw_only=True):
    """What may be fetched.

    `hosts` are names, or `*.name` for every name below it. `allow_private` is for tests: it
    allows private addresses, plain HTTP and any port.
    """

    hosts: Sequence[str] = ("notion.so", "*.notion.so", "*.notion.site")
    allow_private: bool = False
    timeout_s: float = 10.0
    limit_bytes: int = 5_000_000


class FetchFailed(Exception):
    """The content could not be fetched; `str()` is a sentence for people."""


class AddressRefused(FetchFailed):
    """The address is none that may be fetched."""


class NoAddress(AddressRefused):
    """The text is the address of nothing on the web."""

    def __init__(self) -> None:
        super().__init__("This is not a web address.")


class StatusNotOk(FetchFailed):
    """The server answered, but with this `status`."""

    def __init__(self, status: int) -> None:
        super().__init__(f"The server answered with status {status}.")
        self.status = status


class Fetcher:
    """Fetches contents that the options allow; keeps no cookies and no connections."""

    def __init__(
        self,
        options: FetchOptions,
        *,
        resolve: Resolve | None = None,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        """`trust` checks certificates; by default, by the authorities that httpx comes with."""
        self._options = options
        self._patterns = [_ascii_pattern(pattern) for pattern in options.hosts]
        self._resolve = resolve or _resolve
        self._trust = trust

    def check(self, url: str) -> httpx.URL:
        """Return the address in parts if it may be fetched, else raises AddressRefused."""
        try:
            parsed = httpx.URL(url)
        except httpx.InvalidURL:
            raise NoAddress from None
        if parsed.scheme not in ("http", "https") or not parsed.raw_host:
            raise NoAddress
        if parsed.userinfo:
            raise AddressRefused("The address may not contain a user name.")
        if not any(_host_matches(_host(parsed), pattern) for pattern in self._patterns):
            raise AddressRefused(f"Tasks may not be imported from {_host(parsed)}.")
        if not self._options.allow_private and (parsed.scheme, parsed.port) != ("https", None):
            raise AddressRefused("The address must begin with https:// and name no port.")
        return parsed

    async def fetch(
        self, url: str, body: bytes | None = None, *, limit_bytes: int | None = None
    ) -> bytes:
        """Get the content, or post a JSON body and return the answer's content.

        Raises:
            AddressRefused: this address or one that it redirects to.
            StatusNotOk: the answer is another than 200.
            FetchFailed: not reached, too slow, too large.
        """
        limit_bytes = self._options.limit_bytes if limit_bytes is None else limit_bytes
        try:
            async with asyncio.timeout(self._options.timeout_s):
                return await self._follow(self.check(url), body, limit_bytes)
        except TimeoutError:
            raise FetchFailed("The server took too long to answer.") from None

    async def _follow(self, url: httpx.URL, body: bytes | None, limit_bytes: int) -> bytes:
        for _ in range(_REDIRECTS + 1):
            answer = await self._exchange(url, body, limit_bytes)
            if isinstance(answer, bytes):
                return answer
            url = self.check(str(answer.url))
            body = body if answer.keeps_method else None
        raise FetchFailed("The address redirects too often.")

    async def _exchange(
        self, url: httpx.URL, body: bytes | None, limit_bytes: int
    ) -> "bytes | _Redirect":
        """Try the addresses of the host in turn until one can be connected to."""
        for address in await self._checked_addresses(url):
            try:
                return await self._exchange_at(address, url, body, limit_bytes)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
            except httpx.HTTPError:
                raise FetchFailed("The server did not answer as a web server does.") from None
        raise FetchFailed(f"{_host(url)} could not be reached.")

    async def _checked_addresses(self, url: httpx.URL) -> Sequence[str]:
        host = _host(url)
        try:
            addresses = await self._resolve(host)
        except (OSError, UnicodeError):
            raise FetchFailed(f"{host} could not be found.") from None
        if not self._options.allow_private and not all(map(is_public, addresses)):
            raise AddressRefused(f"Tasks may not be imported from {host}: its address is private.")
        return addresses

    async def _exchange_at(
        self, address: str, url: httpx.URL, body: bytes | None, limit_bytes: int
    ) -> "bytes | _Redirect":
        # The connection is to the checked address; the name goes where TLS and HTTP look for it:
        # the certificate is checked against `sni_hostname`.
        async with httpx.AsyncClient(
            verify=self._trust or _default_trust(),
            trust_env=False,
            timeout=httpx.Timeout(None, connect=_CONNECT_TIMEOUT_S),  # the rest is in fetch()
        ) as client:
            request = client.build_request(
                "GET" if body is None else "POST",
                url.copy_with(host=address),
                content=body,
                headers=_HEADERS | {"Host": _netloc(url)} | _type_of(body),
                extensions={"sni_hostname": _host(url)},
            )
            response = await client.send(request, stream=True)
            try:
                if response.has_redirect_location:
                    return _redirect(url, response)
                if response.status_code != HTTPStatus.OK:
                    raise StatusNotOk(response.status_code)
                return await _read(response, limit_bytes)
            finally:
                await response.aclose()


class _Redirect(Struct, frozen=True):
    url: httpx.URL
    keeps_method: bool


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet."""
    parsed = ip_address(address.partition("%")[0])
    if isinstance(parsed, IPv4Address):
        # Python counts multicast as global.
        return parsed.is_global and not parsed.is_multicast and not parsed.is_reserved
    if embedded := _embedded(parsed):
        return is_public(str(embedded))
    return parsed in _UNICAST and not any(parsed in network for network in _NOT_UNICAST)


def _embedded(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped


def _ascii_pattern(pattern: str) -> str:
    star = "*." if pattern.startswith("*.") else ""
    return star + pattern.removeprefix("*.").lower().encode("idna").decode("ascii")


def _host_matches(host: str, pattern: str) -> bool:
    return host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern


def _host(url: httpx.URL) -> str:
    """The host as it is compared: ASCII, small letters, without the dot of the root."""
    return url.raw_host.decode("ascii").lower().removesuffix(".")


def _netloc(url: httpx.URL) -> str:
    return _host(url) if url.port is None else f"{_host(url)}:{url.port}"


def _type_of(body: bytes | None) -> dict[str, str]:
    return {} if body is None else {"Content-Type": "application/json"}


def _redirect(url: httpx.URL, response: httpx.Response) -> _Redirect:
    # An address that is none was refused when httpx read the response.
    target = url.join(response.headers["location"])
    keeps_method = response.status_code in (
        HTTPStatus.TEMPORARY_REDIRECT,
        HTTPStatus.PERMANENT_REDIRECT,
    )
    return _Redirect(target, keeps_method)


async def _read(response: httpx.Response, limit_bytes: int) -> bytes:
    content = bytearray()
    async for chunk in _plain_chunks(response, limit_bytes):
        content += chunk
        if len(content) > limit_bytes:
            raise FetchFailed(f"The page is larger than {limit_bytes:,} bytes.")
    return bytes(content)


async def _plain_chunks(response: httpx.Response, limit_bytes: int) -> AsyncIterator[bytes]:
    """The content without its compression; no chunk is much longer than the limit.

    Not by httpx, which would unpack a small chunk into a thousand times its size at once.
    """
    match response.headers.get("content-encoding", "identity").strip().lower():
        case "identity" | "":
            async for chunk in response.aiter_raw():
                yield chunk
        case "gzip" | "x-gzip":
            unpacker = zlib.decompressobj(_GZIP)
            async for chunk in response.aiter_raw():
                try:
                    yield unpacker.decompress(chunk, limit_bytes + 1)
                except zlib.error:
                    raise FetchFailed("The page is packed in a wrong way.") from None
        case unknown:
            raise FetchFailed(f"The page is packed in an unknown way: {unknown[:40]}.")


async def _resolve(host: str) -> Sequence[str]:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@cache
def _default_trust() -> ssl.SSLContext:
    """Read once: the authorities take tens of milliseconds."""
    return httpx.create_ssl_context(trust_env=False)
