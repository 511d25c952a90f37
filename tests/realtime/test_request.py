"""What the engine reads off a request: the address, the headers, the page it comes from."""

import ipaddress

import pytest

from quad.realtime.request import Network, Request, make_request, parse_query

PROXIES = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("::1/128"))


def request(
    *headers: tuple[bytes, bytes],
    peer: str = "192.0.2.1",
    query: bytes = b"a=1",
    proxies: tuple[Network, ...] = PROXIES,
) -> Request:
    return make_request("GET", "/", query, list(headers), peer, proxies)


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        pytest.param("192.0.2.1", b"198.51.100.7", "192.0.2.1", id="not from a proxy"),
        pytest.param("10.0.0.1", b"198.51.100.7", "198.51.100.7", id="from a proxy"),
        pytest.param("::1", b"2001:db8::1", "2001:db8::1", id="IPv6"),
        pytest.param("10.0.0.1", b"1.1.1.1, 198.51.100.7", "198.51.100.7", id="a forged first hop"),
        pytest.param("10.0.0.1", b"198.51.100.7, 10.9.9.9", "198.51.100.7", id="two proxies"),
        pytest.param("10.0.0.1", b"198.51.100.7,, 10.9.9.9,", "198.51.100.7", id="empty hops"),
        pytest.param("10.0.0.1", b"10.0.0.2, 10.0.0.3", "10.0.0.1", id="only proxies"),
        pytest.param("10.0.0.1", b"", "10.0.0.1", id="nothing"),
        pytest.param("10.0.0.1", b"unknown", "unknown", id="a name"),
        pytest.param("", b"198.51.100.7", "", id="a peer without an address"),
    ],
)
def test_the_address_is_the_last_hop_that_is_no_proxy_of_ours(
    peer: str, forwarded: bytes, address: str
) -> None:
    assert request((b"x-forwarded-for", forwarded), peer=peer).address == address


def test_without_trusted_proxies_the_header_means_nothing() -> None:
    forged = (b"x-forwarded-for", b"198.51.100.7")
    assert request(forged, peer="10.0.0.1", proxies=()).address == "10.0.0.1"


def test_repeated_forwarded_lines_are_one_list() -> None:
    lines = ((b"x-forwarded-for", b"1.1.1.1"), (b"x-forwarded-for", b"198.51.100.7"))
    assert request(*lines, peer="10.0.0.1").address == "198.51.100.7"


@pytest.mark.parametrize(
    ("origin", "host", "is_same"),
    [
        pytest.param(None, b"quad.example", True, id="no page"),
        pytest.param(b"http://quad.example", b"quad.example", True, id="same"),
        pytest.param(b"https://QUAD.example:8000", b"quad.EXAMPLE:8000", True, id="case"),
        pytest.param(b"http://quad.example", b"quad.example:8000", False, id="another port"),
        pytest.param(b"http://evil.example", b"quad.example", False, id="another host"),
        pytest.param(b"http://quad.example.evil.example", b"quad.example", False, id="a prefix"),
        pytest.param(b"null", b"quad.example", False, id="null"),
        pytest.param(b"null", b"", False, id="null, to nowhere"),
        pytest.param(b"", b"", False, id="nothing, to nowhere"),
        pytest.param(b"http://[", b"quad.example", False, id="no address at all"),
        pytest.param(b"http://[::1]:80", b"[::1]:80", True, id="IPv6"),
    ],
)
def test_a_page_of_this_host_is_of_the_same_origin(
    origin: bytes | None, host: bytes, is_same: bool
) -> None:
    headers = [(b"host", host)] if host else []
    if origin is not None:
        headers.append((b"origin", origin))
    assert request(*headers).is_same_origin is is_same


def test_a_handshake_remembers_what_applications_may_ask_for() -> None:
    handshake = request(
        (b"cookie", b"a=1"),
        (b"x-many", b"1"),
        (b"x-many", b"2"),
        (b"user-agent", b"n\xf6: yes"),
        (b"sec-websocket-key", b"secret"),
        (b"connection", b"Upgrade"),
        query=b"token=x&token=y&empty=",
    ).handshake()
    assert handshake.address == "192.0.2.1"
    assert handshake.headers == {"cookie": "a=1", "x-many": "1, 2", "user-agent": "nö: yes"}
    assert handshake.query == {"token": "y", "empty": ""}


def test_a_handshake_without_anything_is_empty() -> None:
    handshake = request(query=b"").handshake()
    assert (handshake.headers, handshake.query) == ({}, {})


def test_a_request_joins_repeated_headers() -> None:
    assert request((b"x-a", b"1"), (b"x-a", b"2")).headers == {"x-a": "1, 2"}


@pytest.mark.parametrize(
    ("raw", "pairs"),
    [(b"", {}), (b"a=%F0%9F%98%80", {"a": "😀"}), (b"a", {"a": ""}), (b"a=\xff", {"a": "ÿ"})],
    ids=repr,
)
def test_any_query_has_pairs(raw: bytes, pairs: dict[str, str]) -> None:
    assert parse_query(raw) == pairs
