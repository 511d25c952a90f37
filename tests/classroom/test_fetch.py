"""Fetching from named hosts: never elsewhere, never inside, never without bounds."""

import asyncio
import gzip
import ssl
import tracemalloc
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from quad.classroom.notion.fetch import (
    AddressRefused,
    Fetcher,
    FetchFailed,
    FetchOptions,
    StatusNotOk,
    is_public,
)
from tests.classroom.web import Request, serving

LOCAL = FetchOptions(hosts=["127.0.0.1"], allow_private=True)


async def hello(request: Request) -> None:
    await request.answer(b"hello")


def resolving(**names: Sequence[str]) -> "Names":
    return Names({name.replace("_", "."): addresses for name, addresses in names.items()})


class Names:
    """A name service of the test's own: answers in turn, the last one again and again."""

    def __init__(self, names: dict[str, Sequence[str]]) -> None:
        self.names = names
        self.asked: list[str] = []

    async def __call__(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        if host not in self.names:
            raise OSError("no such name")
        return self.names[host]


@pytest.mark.parametrize(
    "url",
    [
        "https://notion.so/Tasks-0123",
        "https://www.notion.so/x?v=1#a",
        "https://a.b.notion.so/",
        "https://school.notion.site/x",
        "HTTPS://School.NOTION.Site./x",
        "https://notion.so:443/x",
        "https://notion。so/x",
    ],
)
def test_addresses_of_the_listed_hosts_are_allowed(url: str) -> None:
    assert Fetcher(FetchOptions()).check(url).scheme == "https"


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "not a web address"),
        ("notion.so/x", "not a web address"),
        ("//notion.so/x", "not a web address"),
        ("https:///x", "not a web address"),
        ("https://notion.so\n/x", "not a web address"),
        ("https://notion.so:port/x", "not a web address"),
        ("javascript:alert(1)", "not a web address"),
        ("file:///etc/passwd", "not a web address"),
        ("ftp://notion.so/x", "not a web address"),
        ("https://user@notion.so/x", "user name"),
        ("https://user:pass@notion.so/x", "user name"),
        ("https://notion.so@evil.example/x", "user name"),
        ("https://notion.so\\@evil.example/x", "user name"),
        ("http://notion.so/x", "https"),
        ("https://notion.so:8443/x", "no port"),
        ("https://evil.example/notion.so", "from evil.example"),
        ("https://notion.so.evil.example/x", "from notion.so.evil.example"),
        ("https://evilnotion.so/x", "from evilnotion.so"),
        ("https://evil-notion.site/x", "from evil-notion.site"),
        ("https://notion.site/x", "from notion.site"),
        ("https://notion.so%2eevil.example/", "from notion.so%2eevil.example"),
        ("https://nоtion.so/with-a-russian-o", "from xn--"),
        ("https://127.0.0.1/x", "from 127.0.0.1"),
        ("https://2130706433/x", "from 2130706433"),
        ("https://[::1]/x", "from ::1"),
        ("https://localhost/x", "from localhost"),
        ("https://169.254.169.254/latest/meta-data", "from 169.254.169.254"),
    ],
)
async def test_other_addresses_are_refused_without_any_look_up(url: str, reason: str) -> None:
    names = resolving()
    with pytest.raises(AddressRefused, match=reason):
        await Fetcher(FetchOptions(), resolve=names).fetch(url)
    assert names.asked == []


def test_a_host_of_the_list_may_be_written_in_any_letters() -> None:
    fetcher = Fetcher(FetchOptions(hosts=["*.Школа.рф"]))
    assert fetcher.check("https://задачи.школа.рф/x").host == "задачи.школа.рф"


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "104.18.39.102", "2606:4700::6812:2766", "64:ff9b::808:808", "::ffff:8.8.8.8"],
)
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.0.1",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "64:ff9b:1::808:808",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
    ],
)
def test_all_other_addresses_are_private(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "addresses",
    [
        pytest.param(["127.0.0.1"], id="loopback"),
        pytest.param(["8.8.8.8", "10.0.0.1"], id="one of two"),
        pytest.param(["::ffff:169.254.169.254"], id="mapped"),
    ],
)
async def test_a_name_that_leads_inside_is_refused(addresses: list[str]) -> None:
    fetcher = Fetcher(FetchOptions(), resolve=resolving(notion_so=addresses))
    with pytest.raises(AddressRefused, match="its address is private"):
        await fetcher.fetch("https://notion.so/x")


async def test_an_unknown_name_is_a_failure() -> None:
    with pytest.raises(FetchFailed, match=r"notion\.so could not be found"):
        await Fetcher(FetchOptions(), resolve=resolving()).fetch("https://notion.so/x")


async def test_the_name_service_of_the_system_is_asked_by_default() -> None:
    fetcher = Fetcher(FetchOptions(hosts=["localhost"]))
    with pytest.raises(AddressRefused, match="its address is private"):
        await fetcher.fetch("https://localhost/x")


async def test_a_content_comes_whole_and_nothing_of_ours_goes_along() -> None:
    async with serving(hello) as web:
        assert await Fetcher(LOCAL).fetch(web.url("/a?b=c#d")) == b"hello"
    (request,) = web.requests
    assert (request.method, request.path) == ("GET", "/a?b=c")
    assert request.headers["user-agent"].startswith("quad-server")
    assert not {"cookie", "authorization", "referer"} & set(request.headers)


async def test_a_body_is_posted_as_json() -> None:
    async with serving(hello) as web:
        assert await Fetcher(LOCAL).fetch(web.url("/"), b'{"a":1}') == b"hello"
    (request,) = web.requests
    assert (request.method, request.body) == ("POST", b'{"a":1}')
    assert request.headers["content-type"] == "application/json"


async def test_the_connection_goes_to_the_checked_address_under_the_name() -> None:
    names = resolving(school_test=["127.0.0.1"])
    options = FetchOptions(hosts=["school.test"], allow_private=True)
    async with serving(hello) as web:
        assert await Fetcher(options, resolve=names).fetch(web.url(host="School.test.")) == b"hello"
    assert names.asked == ["school.test"]
    assert web.requests[0].headers["host"] == f"school.test:{web.port}"


async def test_the_next_address_is_tried_when_one_cannot_be_reached() -> None:
    names = resolving(school_test=["127.0.0.2", "::1", "127.0.0.1"])
    options = FetchOptions(hosts=["school.test"], allow_private=True)
    async with serving(hello) as web:
        assert await Fetcher(options, resolve=names).fetch(web.url(host="school.test")) == b"hello"


async def test_a_closed_port_is_a_failure() -> None:
    async with serving(hello) as web:
        pass
    with pytest.raises(FetchFailed, match=r"127\.0\.0\.1 could not be reached"):
        await Fetcher(LOCAL).fetch(web.url())


async def test_what_is_no_web_server_is_a_failure() -> None:
    async def talk(request: Request) -> None:
        request.write.write(b"220 mail.example ESMTP\r\n")

    async with serving(talk) as web:
        with pytest.raises(FetchFailed, match="did not answer as a web server"):
            await Fetcher(LOCAL).fetch(web.url())


@pytest.mark.parametrize("status", [204, 304, 401, 404, 500])
async def test_another_status_is_a_failure_that_says_which(status: int) -> None:
    async with serving(lambda request: request.answer(status=status)) as web:
        with pytest.raises(StatusNotOk, match=str(status)) as failed:
            await Fetcher(LOCAL).fetch(web.url())
    assert failed.value.status == status


def redirecting(to: str, status: int = 302) -> "Redirecting":
    return Redirecting(to, status)


class Redirecting:
    """Answers every path but /end with a redirect, and sets a cookie."""

    def __init__(self, to: str, status: int) -> None:
        self.to = to
        self.status = status

    async def __call__(self, request: Request) -> None:
        if request.path == "/end":
            await request.answer(b"end")
        else:
            await request.answer(
                status=self.status, headers={"Location": self.to, "Set-Cookie": "a=b"}
            )


@pytest.mark.parametrize(
    ("status", "method"), [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")]
)
async def test_a_redirect_is_followed_without_cookies(status: int, method: str) -> None:
    async with serving(redirecting("/end", status)) as web:
        assert await Fetcher(LOCAL).fetch(web.url("/a"), b"{}") == b"end"
    assert [request.method for request in web.requests] == ["POST", method]
    assert "cookie" not in web.requests[1].headers


@pytest.mark.parametrize(
    ("to", "reason"),
    [
        pytest.param("https://evil.example/", "from evil.example", id="another host"),
        pytest.param("http://10.0.0.1/", "from 10.0.0.1", id="a private address"),
        pytest.param("//localhost/", "from localhost", id="the machine itself"),
        pytest.param("file:///etc/passwd", "not a web address", id="a file"),
        pytest.param("http://u:p@127.0.0.1/", "user name", id="a password"),
        pytest.param("http://127.0.0.1:port/", "not answer as a web server", id="nonsense"),
    ],
)
async def test_a_redirect_is_checked_like_the_first_address(to: str, reason: str) -> None:
    async with serving(redirecting(to)) as web:
        with pytest.raises(FetchFailed, match=reason):
            await Fetcher(LOCAL).fetch(web.url("/a"))
    assert len(web.requests) == 1


async def test_a_redirect_to_another_name_is_looked_up_and_checked() -> None:
    names = resolving(first_test=["127.0.0.1"], second_test=["127.0.0.1"])
    options = FetchOptions(hosts=["*.test"], allow_private=True)
    redirect = redirecting("")
    async with serving(redirect) as web:
        redirect.to = web.url("/end", host="second.test")
        fetcher = Fetcher(options, resolve=names)
        assert await fetcher.fetch(web.url("/a", host="first.test")) == b"end"
        redirect.to = web.url("/end", host="third.test")
        with pytest.raises(FetchFailed, match=r"third\.test could not be found"):
            await fetcher.fetch(web.url("/a", host="first.test"))
    assert names.asked == ["first.test", "second.test", "first.test", "third.test"]


async def test_redirects_in_a_circle_end() -> None:
    async with serving(redirecting("/again")) as web:
        with pytest.raises(FetchFailed, match="redirects too often"):
            await Fetcher(LOCAL).fetch(web.url("/a"))
    assert len(web.requests) == 4


async def test_a_server_that_is_slow_to_begin_is_given_up() -> None:
    async def wait(request: Request) -> None:
        await asyncio.Event().wait()

    options = FetchOptions(hosts=["127.0.0.1"], allow_private=True, timeout_s=0.05)
    async with serving(wait) as web:
        with pytest.raises(FetchFailed, match="took too long"):
            await Fetcher(options).fetch(web.url())


async def test_a_server_that_trickles_is_given_up() -> None:
    async def trickle(request: Request) -> None:
        request.write.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while True:
            request.write.write(b" ")
            await request.write.drain()
            await asyncio.sleep(0.01)

    options = FetchOptions(hosts=["127.0.0.1"], allow_private=True, timeout_s=0.2)
    async with serving(trickle) as web:
        with pytest.raises(FetchFailed, match="took too long"):
            await Fetcher(options).fetch(web.url())


async def test_a_page_over_the_limit_is_given_up_while_it_comes() -> None:
    async def flood(request: Request) -> None:
        request.write.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
        while True:
            request.write.write(b"x" * 65_536)
            await request.write.drain()

    async with serving(flood) as web:
        with pytest.raises(FetchFailed, match="larger than 5,000,000 bytes"):
            await Fetcher(LOCAL).fetch(web.url())


async def test_a_page_of_exactly_the_limit_passes() -> None:
    async with serving(lambda request: request.answer(b"x" * 1_000)) as web:
        assert len(await Fetcher(LOCAL).fetch(web.url(), limit_bytes=1_000)) == 1_000
        with pytest.raises(FetchFailed, match="larger than 999 bytes"):
            await Fetcher(LOCAL).fetch(web.url(), limit_bytes=999)


async def test_a_packed_page_is_unpacked() -> None:
    packed = gzip.compress(b"hello " * 10_000)
    async with serving(
        lambda request: request.answer(packed, 200, {"Content-Encoding": "gzip"})
    ) as web:
        assert await Fetcher(LOCAL).fetch(web.url()) == b"hello " * 10_000
    assert web.requests[0].headers["accept-encoding"] == "gzip"


async def test_a_bomb_is_not_unpacked_beyond_the_limit() -> None:
    bomb = gzip.compress(bytes(100_000_000), 9)
    headers = {"Content-Encoding": "gzip"}
    async with serving(lambda request: request.answer(bomb, 200, headers)) as web:
        tracemalloc.start()
        try:
            with pytest.raises(FetchFailed, match="larger than 100,000 bytes"):
                await Fetcher(LOCAL).fetch(web.url(), limit_bytes=100_000)
            _, peak_bytes = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak_bytes < 10_000_000


@pytest.mark.parametrize(
    ("packing", "reason"), [("gzip", "in a wrong way"), ("br", "in an unknown way: br")]
)
async def test_a_page_packed_otherwise_is_a_failure(packing: str, reason: str) -> None:
    headers = {"Content-Encoding": packing}
    async with serving(lambda request: request.answer(b"hello", 200, headers)) as web:
        with pytest.raises(FetchFailed, match=reason):
            await Fetcher(LOCAL).fetch(web.url())


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and its certificate for school.test, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "school.test")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("school.test")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "school.pem"
    path.write_bytes(
        signed.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


@pytest.fixture
def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def trust(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate)


async def test_tls_asks_for_the_name_and_checks_the_certificate_of_that_name(
    server_tls: ssl.SSLContext, trust: ssl.SSLContext
) -> None:
    names = resolving(school_test=["127.0.0.1"], other_test=["127.0.0.1"])
    options = FetchOptions(hosts=["school.test", "other.test"], allow_private=True)
    fetcher = Fetcher(options, resolve=names, trust=trust)
    async with serving(hello, server_tls) as web:
        assert await fetcher.fetch(f"https://school.test:{web.port}/") == b"hello"
        assert web.names == ["school.test"]
        with pytest.raises(FetchFailed, match=r"other\.test could not be reached"):
            await fetcher.fetch(f"https://other.test:{web.port}/")


async def test_a_certificate_of_nobody_known_is_refused(server_tls: ssl.SSLContext) -> None:
    options = FetchOptions(hosts=["school.test"], allow_private=True)
    fetcher = Fetcher(options, resolve=resolving(school_test=["127.0.0.1"]))
    async with serving(hello, server_tls) as web:
        with pytest.raises(FetchFailed, match="could not be reached"):
            await fetcher.fetch(f"https://school.test:{web.port}/")
    assert web.requests == []
