"""What is read off a request: who asks, by which name, and from which page."""

import pytest

from quad.addresses import Network, parse_network
from quad.realtime.http.request import Request, parse_query
from quad.realtime.http.site import Site, request_of

PROXIES = (parse_network("10.0.0.0/8"), parse_network("::1"))


def request(
    *headers: tuple[bytes, bytes],
    peer: str = "192.0.2.1",
    query: bytes = b"a=1",
    proxies: tuple[Network, ...] = PROXIES,
    site: Site | None = None,
    http_version: str = "1.1",
) -> Request:
    site = site or Site(trusted_proxies=proxies)
    return site.request("GET", "/", query, list(headers), peer, http_version)


# --- who asks -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("peer", "forwarded", "address", "is_certain"),
    [
        pytest.param("192.0.2.1", b"198.51.100.7", "192.0.2.1", False, id="not from a proxy"),
        pytest.param("10.0.0.1", b"198.51.100.7", "198.51.100.7", True, id="from a proxy"),
        pytest.param("::1", b"2001:db8::1", "2001:db8::1", True, id="IPv6"),
        pytest.param("::1", b"2001:DB8:0:0::01", "2001:db8::1", True, id="IPv6, otherwise spelt"),
        pytest.param("::ffff:10.0.0.1", b"::ffff:192.0.2.9", "192.0.2.9", True, id="IPv4 in IPv6"),
        pytest.param("10.0.0.1", b"192.0.2.9:4711", "192.0.2.9", True, id="with a port"),
        pytest.param("10.0.0.1", b"[2001:db8::1]:4711", "2001:db8::1", True, id="IPv6 with a port"),
        pytest.param("10.0.0.1", b"1.1.1.1, 192.0.2.9", "192.0.2.9", True, id="a forged first hop"),
        pytest.param("10.0.0.1", b"192.0.2.9, 10.9.9.9", "192.0.2.9", True, id="two proxies"),
        pytest.param("10.0.0.1", b"192.0.2.9,, 10.9.9.9,", "192.0.2.9", True, id="empty hops"),
        pytest.param("10.0.0.1", b"10.0.0.2, 10.0.0.3", "10.0.0.1", False, id="only proxies"),
        pytest.param("10.0.0.1", b"", "10.0.0.1", False, id="nothing"),
        pytest.param("10.0.0.1", b"unknown", "unknown", False, id="a name"),
        pytest.param("", b"198.51.100.7", "", False, id="a peer without an address"),
    ],
)
def test_the_address_is_the_last_hop_that_is_no_proxy_of_ours(
    peer: str, forwarded: bytes, address: str, is_certain: bool
) -> None:
    asked = request((b"x-forwarded-for", forwarded), peer=peer)
    assert (asked.address, asked.has_certain_address) == (address, is_certain)
    kept = asked.handshake()
    assert (kept.address, kept.has_certain_address) == (address, is_certain)


@pytest.mark.parametrize(
    ("spelt", "normal"),
    [("::ffff:203.0.113.5", "203.0.113.5"), ("2001:DB8:0::1", "2001:db8::1"), ("ann", "ann")],
)
def test_the_address_of_a_peer_has_one_spelling(spelt: str, normal: str) -> None:
    asked = request(peer=spelt)
    assert (asked.address, asked.has_certain_address) == (normal, True)


@pytest.mark.parametrize(
    "name",
    ["Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Anything", "X-Real-IP"],
)
def test_forwarding_headers_from_anybody_else_are_said_once_for_each_peer(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    site = Site(trusted_proxies=PROXIES)
    forged = (name.lower().encode(), b"198.51.100.7")
    for peer in ("192.0.2.1", "192.0.2.1", "192.0.2.2"):
        asked = request(forged, peer=peer, site=site)
        assert (asked.address, asked.has_certain_address) == (peer, False)
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 2
    assert all("server.trusted_proxies = ['192.0.2." in line for line in caplog.messages)


def test_without_trusted_proxies_the_header_means_nothing() -> None:
    forged = (b"x-forwarded-for", b"198.51.100.7")
    assert request(forged, peer="10.0.0.1", proxies=()).address == "10.0.0.1"


def test_a_proxy_that_does_not_say_for_whom_it_asks_is_named(
    caplog: pytest.LogCaptureFixture,
) -> None:
    site = Site(trusted_proxies=PROXIES)
    for _ in range(2):
        assert not request(peer="10.0.0.1", site=site).has_certain_address
    assert len(caplog.messages) == 1
    assert "the trusted proxy 10.0.0.1 does not say for whom it asks" in caplog.text


def test_what_strangers_say_cannot_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    site = Site()
    for number in range(1000):
        request((b"forwarded", b"for=x"), peer=f"2001:db8::{number:x}", site=site)
        asked = request((b"origin", b"http://%d" % number), (b"host", b"here"), site=site)
        assert not asked.is_allowed
    assert len(caplog.records) == 200


def test_repeated_forwarded_lines_are_one_list() -> None:
    lines = ((b"x-forwarded-for", b"1.1.1.1"), (b"x-forwarded-for", b"198.51.100.7"))
    assert request(*lines, peer="10.0.0.1").address == "198.51.100.7"


@pytest.mark.parametrize(
    ("peer", "host", "others", "http_version", "is_here"),
    [
        pytest.param("127.0.0.1", b"localhost:8000", {}, "1.1", True, id="a browser here"),
        pytest.param("::1", b"[::1]:8000", {}, "1.1", True, id="IPv6"),
        pytest.param("::ffff:127.0.0.1", b"127.0.0.1", {}, "1.1", True, id="IPv4 in IPv6"),
        pytest.param("192.0.2.1", b"localhost", {}, "1.1", False, id="another machine"),
        pytest.param("127.0.0.1", b"quad.school", {}, "1.1", False, id="another name"),
        pytest.param("127.0.0.1", b"localhost.evil.example", {}, "1.1", False, id="like a name"),
        pytest.param("127.0.0.1", b"", {}, "1.1", False, id="no name"),
        pytest.param(
            "127.0.0.1", b"localhost", {b"x-forwarded-for": b"::1"}, "1.1", False, id="a proxy"
        ),
        pytest.param("127.0.0.1", b"127.0.0.1:8000", {}, "1.0", False, id="nginx saying nothing"),
    ],
)
def test_only_a_browser_on_this_machine_without_a_proxy_counts_as_here(
    peer: str, host: bytes, others: dict[bytes, bytes], http_version: str, is_here: bool
) -> None:
    asked = request(
        (b"host", host), *others.items(), peer=peer, site=Site(), http_version=http_version
    )
    assert asked.is_from_this_machine is is_here


# --- whose page it is -----------------------------------------------------------------------------


def page(origin: bytes | None, host: bytes, site: Site | None = None, **more: bytes) -> Request:
    headers = [(b"host", host)] if host else []
    if origin is not None:
        headers.append((b"origin", origin))
    headers += [(name.replace("_", "-").encode(), value) for name, value in more.items()]
    peer = "10.0.0.1" if "x_forwarded_for" in more else "192.0.2.1"
    return request(*headers, peer=peer, site=site)


@pytest.mark.parametrize(
    ("origin", "host", "is_allowed"),
    [
        pytest.param(None, b"quad.example", True, id="no page"),
        pytest.param(b"http://quad.example", b"quad.example", True, id="same"),
        pytest.param(b"https://QUAD.example:8000", b"quad.EXAMPLE:8000", True, id="case"),
        pytest.param(b"https://quad.example", b"quad.example:443", True, id="the port of HTTPS"),
        pytest.param(b"http://quad.example", b"quad.example:80", True, id="the port of HTTP"),
        pytest.param(b"http://quad.example", b"quad.example:443", False, id="that of the other"),
        pytest.param(b"http://quad.example", b"quad.example:8000", False, id="another port"),
        pytest.param(b"http://evil.example", b"quad.example", False, id="another host"),
        pytest.param(b"http://quad.example.evil.example", b"quad.example", False, id="a prefix"),
        pytest.param(b"chrome-extension://quad.example", b"quad.example", False, id="no web page"),
        pytest.param(b"null", b"quad.example", False, id="null"),
        pytest.param(b"null", b"", False, id="null, to nowhere"),
        pytest.param(b"", b"", False, id="nothing, to nowhere"),
        pytest.param(b"http://", b"", False, id="nobody, to nowhere"),
        pytest.param(b"http://[", b"quad.example", False, id="no address at all"),
        pytest.param(b"http://[::1]:80", b"[::1]:80", True, id="IPv6"),
        pytest.param(b"http://a, http://b", b"b", False, id="two"),
    ],
)
def test_a_page_of_the_host_that_it_asks_for_may_talk_to_us(
    origin: bytes | None, host: bytes, is_allowed: bool
) -> None:
    assert page(origin, host).is_allowed is is_allowed


SCHOOL = Site(public_url="https://Quad.School/", trusted_proxies=PROXIES)


@pytest.mark.parametrize(
    ("origin", "host", "is_allowed"),
    [
        pytest.param(b"https://quad.school", b"127.0.0.1:8000", True, id="a proxy changes Host"),
        pytest.param(b"https://quad.school:443", b"127.0.0.1:8000", True, id="with its port"),
        pytest.param(b"http://quad.school", b"127.0.0.1:8000", False, id="without TLS"),
        pytest.param(b"http://quad.school", b"quad.school", False, id="the same without TLS"),
        pytest.param(b"http://10.0.0.5:8000", b"10.0.0.5:8000", True, id="beside the proxy"),
        pytest.param(b"https://evil.example", b"127.0.0.1:8000", False, id="a foreign page"),
        pytest.param(b"https://quad.school.evil", b"quad.school", False, id="a prefix"),
    ],
)
def test_a_page_of_the_public_address_may_talk_to_us_whatever_host_is_asked_for(
    origin: bytes, host: bytes, is_allowed: bool
) -> None:
    assert page(origin, host, SCHOOL).is_allowed is is_allowed


APPS = ("file://", "null", "capacitor://localhost", "ionic://localhost", "http://localhost")


@pytest.mark.parametrize("origin", [*APPS, "https://localhost", "https://app.example:8443"])
def test_an_origin_is_allowed_once_it_is_named(origin: str) -> None:
    for known, is_allowed in (((), False), ((origin,), True), (("https://x.example",), False)):
        asked = page(origin.encode(), b"quad.school", Site(origins=known))
        assert asked.is_allowed is is_allowed
        assert not is_allowed or asked.site.allows_credentials(asked)


@pytest.mark.parametrize(
    ("origin", "said", "is_known"),
    [
        pytest.param(b"https://evil.example", b"", False, id="anybody's"),
        pytest.param(b"https://evil.school", b"same-site", False, id="a neighbour's"),
        pytest.param(b"null", b"", False, id="nobody's"),
        pytest.param(b"https://friend.example", b"cross-site", True, id="one that is named"),
        pytest.param(b"https://quad.school", b"", True, id="that of the public address"),
        pytest.param(b"http://127.0.0.1:8000", b"", True, id="that of the host"),
        pytest.param(b"http://127.0.0.1:8000", b"cross-site", False, id="that of a proxy's host"),
        pytest.param(b"https://other.school", b"same-origin", True, id="ours, says the browser"),
        pytest.param(None, b"", True, id="a program"),
    ],
)
def test_where_everyone_may_connect_only_known_pages_use_what_the_browser_has(
    origin: bytes | None, said: bytes, is_known: bool
) -> None:
    site = Site(origins=("*", "https://friend.example"), public_url="https://quad.school")
    more = {"sec_fetch_site": said} if said else {}
    secrets = {"cookie": b"quad_admin=x", "authorization": b"Basic x"}
    asked = page(origin, b"127.0.0.1:8000", site, **more, **secrets)
    assert asked.is_allowed
    assert asked.site.allows_credentials(asked) is is_known
    assert ("cookie" in asked.headers, "authorization" in asked.headers) == (is_known, is_known)
    assert bool(asked.handshake().headers) is is_known


@pytest.mark.parametrize(
    ("said", "is_allowed"),
    [(b"same-origin", True), (b"same-site", False), (b"cross-site", False), (b"none", False)],
)
def test_what_the_browser_itself_says_of_the_page_counts(said: bytes, is_allowed: bool) -> None:
    site = Site()
    asked = page(b"https://quad.school", b"127.0.0.1:8000", site, sec_fetch_site=said)
    assert asked.is_allowed is is_allowed
    # A foreign page whose host happens to be what a proxy makes of ours.
    asked = page(b"http://127.0.0.1:8000", b"127.0.0.1:8000", site, sec_fetch_site=said)
    assert asked.is_allowed is (said in (b"same-origin", b"none"))


@pytest.mark.parametrize("said", [b"cross-site", b"same-site"])
def test_a_page_of_another_site_that_leaves_its_origin_out_is_known_by_its_address(
    said: bytes,
) -> None:
    site = Site(origins=("https://friend.example",))
    for referer, is_allowed in ((b"https://friend.example/x", True), (b"https://evil/", False)):
        asked = page(None, b"quad.school", site, sec_fetch_site=said, referer=referer)
        assert asked.is_allowed is is_allowed
    assert not page(None, b"quad.school", site, sec_fetch_site=said).is_allowed


def test_a_proxy_that_replaces_the_host_may_say_what_it_was() -> None:
    def asked(origin: bytes) -> Request:
        return page(origin, b"127.0.0.1:8000", x_forwarded_host=b"quad.school:8080, inner")

    assert asked(b"http://quad.school:8080").is_allowed
    assert asked(b"http://quad.school:8080").host == "quad.school:8080"
    assert not asked(b"http://inner").is_allowed
    assert not asked(b"http://evil.example").is_allowed


@pytest.mark.parametrize(
    ("said", "origin", "is_allowed"),
    [
        (b"https", b"https://quad.school", True),
        (b"https", b"http://quad.school", False),
        # TLS may have ended further out.
        (b"http", b"https://quad.school", True),
        (b"http", b"http://quad.school", True),
    ],
)
def test_where_a_trusted_proxy_says_https_a_page_without_it_is_another_one(
    said: bytes, origin: bytes, is_allowed: bool
) -> None:
    more = {"x_forwarded_for": b"192.0.2.1", "x_forwarded_proto": said}
    assert page(origin, b"quad.school", None, **more).is_allowed is is_allowed


def test_each_refused_pair_of_page_and_host_is_said_once_with_what_to_set(
    caplog: pytest.LogCaptureFixture,
) -> None:
    site = Site()
    for _ in range(3):
        assert not page(b"https://quad.school", b"127.0.0.1:8000", site).is_allowed
    assert not page(b"https://evil.example", b"127.0.0.1:8000", site).is_allowed
    assert len(caplog.messages) == 2
    line = caplog.messages[0]
    assert "'https://quad.school'" in line
    assert "'127.0.0.1:8000'" in line
    for help_ in ("proxy_set_header Host $http_host", "ProxyPreserveHost On", "engine.origins"):
        assert help_ in line
    assert "server.public_url = 'https://quad.school'" in line


@pytest.mark.parametrize(
    ("said", "host", "is_https"),
    [
        (b"", b"quad.school", True),
        (b"", b"127.0.0.1", False),
        (b"https", b"127.0.0.1", True),
        (b"http", b"quad.school", False),
        (b"https, http", b"127.0.0.1", True),
    ],
)
def test_a_browser_speaks_https_if_a_proxy_says_so_or_the_public_address_has_it(
    said: bytes, host: bytes, is_https: bool
) -> None:
    more = {"x_forwarded_proto": said} if said else {}
    assert page(None, host, SCHOOL, **more).is_https is is_https


# --- by which name --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "is_own"),
    [
        (b"quad.school", True),
        (b"QUAD.school.:8000", True),
        (b"lab.example", True),
        (b"a.b.lab.example", True),
        (b"xlab.example", False),
        (b"evil.example", False),
        (b"quad.school.evil.example", False),
        (b"quad.school, evil.example", False),
        (b"localhost:8000", True),
        (b"quad.localhost", True),
        (b"192.0.2.1:8000", True),
        (b"[2001:db8::1]:8000", True),
        (b"", True),
    ],
)
def test_a_name_is_the_servers_own_if_it_is_listed_or_cannot_be_pointed_elsewhere(
    host: bytes, is_own: bool
) -> None:
    site = Site(public_url="https://quad.school", hosts=("lab.example", "*.lab.example"))
    assert site.foreign_name([(b"host", host)]) == (None if is_own else host.decode())
    behind = [(b"host", b"127.0.0.1"), (b"x-forwarded-host", host + b", inner.example")]
    assert (site.foreign_name(behind) is None) is (is_own or b"," in host)
    assert site.foreign_name([]) is None
    assert Site().foreign_name([(b"host", host)]) is None


def test_a_foreign_name_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    site = Site(hosts=("quad.school",))
    for _ in range(2):
        site.foreign_name([(b"host", b"evil.example")])
    assert len(caplog.messages) == 1
    assert "'evil.example'" in caplog.text


# --- what is kept ---------------------------------------------------------------------------------


def test_a_scope_has_one_request_and_works_without_a_host() -> None:
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/x",
        "query_string": b"",
        "headers": [(b"a", b"b")],
        "client": None,
    }
    asked = request_of(scope)
    assert (asked.path, asked.address, asked.headers) == ("/x", "", {"a": "b"})
    assert request_of(scope) is asked


def test_a_handshake_remembers_what_applications_may_ask_for() -> None:
    handshake = request(
        (b"cookie", b"a=1"),
        (b"x-many", b"1"),
        (b"cookie", b"n=\xf6"),
        (b"user-agent", b"somebody"),
        (b"sec-websocket-key", b"secret"),
        query=b"EIO=3&token=x&token=y&empty=",
    ).handshake()
    assert handshake.address == "192.0.2.1"
    assert handshake.headers == {"cookie": "a=1; n=ö"}
    assert handshake.query == {"EIO": "3", "token": "y", "empty": ""}


def test_a_handshake_of_engine_io_4_needs_no_query_which_has_an_auth() -> None:
    assert request(query=b"EIO=4&token=x").handshake().query == {}


def test_a_handshake_keeps_no_more_of_a_large_head_than_of_a_small_one() -> None:
    ours = b"quad_alert=" + b"t" * 200
    cookies = b"; ".join([b"other=" + b"x" * 4_000] * 7 + [ours, b"last=1"])
    handshake = request(
        (b"x-large", b"y" * 30_000), (b"cookie", cookies), query=b"EIO=3&q=" + b"z" * 9_000
    ).handshake()
    assert handshake.headers == {"cookie": ours.decode()}
    assert handshake.query == {}
    assert len(handshake.head) < 300


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
