"""Ways to a server: proxies and certificates that the environment names, and none at all."""

import asyncio
import socket
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.asyncio.server import serve

from quad.cli.connection import open_connection
from quad.cli.failures import Failed
from quad.cli.reaching import Proxy, Unreachable, proxy_for, trusted
from quad.cli.remote import Remote
from tests.cli.remote_server import PASSWORD, quad, serving_quad
from tests.process import ServerProcess, free_port

VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
FAR = "http://quad.example.org:8000"


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with serving_quad(tmp_path_factory.mktemp("reaching")) as server:
        yield server


# --- which proxy ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "url", "expected"),
    [
        ({"http_proxy": "http://p:1"}, FAR, Proxy("http://p:1", "http_proxy")),
        ({"HTTP_PROXY": "p:1"}, FAR, Proxy("http://p:1", "HTTP_PROXY")),
        ({"all_proxy": "http://p:1"}, FAR, Proxy("http://p:1", "all_proxy")),
        ({"https_proxy": "http://p:1"}, FAR, None),
        ({"https_proxy": "http://p:1"}, "https://x.org", Proxy("http://p:1", "https_proxy")),
        # Its own kind goes before all kinds.
        (
            {"http_proxy": "http://p:1", "ALL_PROXY": "socks5://s:2"},
            FAR,
            Proxy("http://p:1", "http_proxy"),
        ),
        ({"http_proxy": "http://p:1", "no_proxy": "example.org"}, FAR, None),
        ({"http_proxy": "http://p:1", "NO_PROXY": "a, quad.example.org:8000"}, FAR, None),
        ({"all_proxy": "socks5://p:1", "NO_PROXY": "*"}, FAR, None),
        ({"http_proxy": "http://p:1", "NO_PROXY": "10.0.0.0/8"}, "http://10.1.2.3:80", None),
        (
            {"http_proxy": "http://p:1", "NO_PROXY": "10.0.0.0/8,rubbish/9"},
            "http://11.1.2.3",
            Proxy("http://p:1", "http_proxy"),
        ),
        ({"all_proxy": "socks5://p:1"}, "http://127.0.0.1:8000", None),
        ({"all_proxy": "socks5://p:1"}, "http://127.3.2.1", None),
        ({"all_proxy": "socks5://p:1"}, "http://[::1]:8000", None),
        ({"all_proxy": "socks5://p:1"}, "http://localhost:8000", None),
        ({"http_proxy": " "}, FAR, None),
        ({}, FAR, None),
    ],
)
def test_the_environment_says_which_proxy(
    environment: dict[str, str],
    url: str,
    expected: Proxy | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert proxy_for(url) == expected


@pytest.mark.parametrize(
    "host",
    ["p:99999", "p:port", "p:-1", "[::1", "", ":3128", "/p", "..", "a" * 64 + ".org", "u:hush@"],
)
def test_what_is_no_address_is_a_sentence_for_servers_and_proxies(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Failed, match=r"must look like http://quad\.example\.org"):
        Remote(f"http://{host}")
    monkeypatch.setenv("HTTP_PROXY", f"http://{host}")
    with pytest.raises(Failed, match=r"^HTTP_PROXY names a proxy in a way") as failed:
        Remote(FAR)
    assert "hush" not in str(failed.value)


@pytest.mark.parametrize(
    "args",
    [
        ["share", "--room", "123456", "--name", "Ann"],
        ["admin", "bots", "--password", "x"],
        ["bot", "buildings"],
        ["bot", "run", "x", "y", "--pass", "x"],
        ["bench", "--yes-it-is-mine"],
    ],
    ids=lambda args: args[0] + args[1],
)
def test_a_proxy_that_is_not_spoken_is_a_sentence_in_every_command(args: list[str]) -> None:
    proxy = {"ALL_PROXY": "socks5://ann:hush@proxy.example.org:9"}
    done = quad(*args, "--server", FAR, env=proxy)
    assert (done.code, done.out) == (1, "")
    assert done.err == (
        "quad: ALL_PROXY names the proxy socks5://proxy.example.org:9, of a kind that this program "
        "does not speak (socks5); unset it, or add quad.example.org to NO_PROXY\n"
    )


# --- through a proxy ------------------------------------------------------------------------------


class ForwardingProxy(socketserver.ThreadingTCPServer):
    """A proxy that takes every name for this machine, and asks for a password."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Forwarding)
        self.heads: list[bytes] = []
        self.port = self.server_address[1]


class Forwarding(socketserver.BaseRequestHandler):
    """One connection of it."""

    def handle(self) -> None:
        assert isinstance(self.server, ForwardingProxy)
        near: socket.socket = self.request
        head = b""
        while b"\r\n\r\n" not in head:
            if not (data := near.recv(65536)):
                return
            head += data
        self.server.heads.append(head)
        # "ann:hush" in Base64.
        if b"proxy-authorization: basic yw5uomh1c2g=" not in head.lower():
            near.sendall(b"HTTP/1.1 407 Who?\r\nContent-Length: 0\r\n\r\n")
            return
        method, target, _ = head.split(b" ", 2)
        authority = target.removeprefix(b"http://").partition(b"/")[0].decode()
        with socket.create_connection(("127.0.0.1", int(authority.rpartition(":")[2]))) as far:
            if method == b"CONNECT":
                near.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            else:
                far.sendall(head.replace(b"http://" + authority.encode(), b"", 1))
            back = threading.Thread(target=_pump, args=(far, near))
            back.start()
            _pump(near, far)
            back.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        """One of them is gone."""


@pytest.fixture
def proxy() -> Iterator[ForwardingProxy]:
    with ForwardingProxy() as proxy:
        serving = threading.Thread(target=proxy.serve_forever, args=(0.01,))
        serving.start()
        yield proxy
        proxy.shutdown()
        serving.join()


def test_a_server_is_asked_through_the_proxy(
    server: ServerProcess, proxy: ForwardingProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A name that only the proxy knows; the server answers to it as to any other.
    far = f"http://school.invalid:{server.port}"
    monkeypatch.setenv("http_proxy", f"http://ann:hush@127.0.0.1:{proxy.port}")
    done = quad("admin", "bots", "--json", "--server", far, "--password", PASSWORD)
    assert done == (0, "[]\n", "")
    done = quad("share", "--room", "1", "--name", "Ann", "--server", far)
    assert done.err.startswith(f"quad: there is no room 1 at {far}")
    assert [head.split(b" ")[0] for head in proxy.heads] == [b"GET", b"CONNECT"]
    # The machine's own addresses are never asked for there.
    assert quad("admin", "bots", "--server", server.url, "--password", PASSWORD).code == 0
    assert len(proxy.heads) == 2


@pytest.mark.parametrize(
    "args",
    [["share", "--room", "123456", "--name", "Ann"], ["admin", "bots", "--password", "x"]],
    ids=["share", "admin"],
)
def test_what_goes_wrong_names_the_proxy_and_not_its_password(
    args: list[str], proxy: ForwardingProxy
) -> None:
    for port, word in ((free_port(), "nobody answers there"), (proxy.port, "407")):
        env = {"HTTP_PROXY": f"http://ann:secret@127.0.0.1:{port}"}
        done = quad(*args, "--server", FAR, env=env)
        assert done.code == 1
        assert word in done.err
        assert "secret" not in done.err
        if word != "407" or args[0] == "share":
            through = f"through the proxy http://127.0.0.1:{port}, which HTTP_PROXY names: "
            assert through in done.err


# --- whom to trust --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    place = tmp_path_factory.mktemp("tls")
    key, file = place / "key", place / "certificate"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run(
        [*command, "-nodes", "-days", "2", "-keyout", str(key), "-out", str(file), *names],
        check=True,
        capture_output=True,
    )
    return file, key


@pytest.mark.parametrize("variable", ["", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
async def test_certificates_that_the_environment_names_are_believed(
    variable: str, certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    file, key = certificate
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file, key)
    if variable:
        monkeypatch.setenv(variable, str(file))

    async def answer(socket: object) -> None:
        """Say nothing that a Quad server would say."""

    async with serve(answer, "127.0.0.1", 0, ssl=context) as secure:
        port = next(iter(secure.sockets)).getsockname()[1]
        url = f"https://localhost:{port}"
        words = "not as a Quad server" if variable else "SSL_CERT_FILE names the file"
        with pytest.raises(Unreachable, match=words):
            await open_connection(url)
        done = await asyncio.to_thread(quad, "bot", "buildings", "--server", url)
        assert done.code == 1
        assert ("SSL_CERT_FILE" in done.err) is not bool(variable)
        with pytest.raises(Unreachable, match="cannot be reached"):
            await open_connection(f"http://localhost:{port}")


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"])
def test_a_file_without_certificates_is_named(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in (tmp_path / "missing", tmp_path / "empty"):
        (tmp_path / "empty").write_text("")
        monkeypatch.setenv(variable, str(file))
        with pytest.raises(Failed, match=f"{variable} \\(.*{file.name}\\)"):
            trusted()


# --- no server ------------------------------------------------------------------------------------


async def test_a_server_that_is_not_there_is_told_in_a_students_words(
    server: ServerProcess,
) -> None:
    async def rude(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example.org\r\n")
        writer.close()

    async with await asyncio.start_server(rude, "127.0.0.1", 0) as other:
        port = other.sockets[0].getsockname()[1]
        for url, words in (
            (f"http://127.0.0.1:{free_port()}", "is the server running, and is the address right"),
            (f"http://localhost:{free_port()}", "is the server running, and is the address right"),
            ("http://nowhere.invalid", "there is no server of that name"),
            (f"http://127.0.0.1:{port}", "not as a Quad server does"),
            (f"{server.url}/elsewhere", r"not as a Quad server does \(HTTP 404\)"),
            (f"https://127.0.0.1:{server.port}", "http:// instead of https://"),
        ):
            with pytest.raises(Unreachable, match=words) as raised:
                await open_connection(url)
            told = str(raised.value)
            assert told.startswith(f"{url} cannot be reached: "), told
            assert not [word for word in ("Errno", "Socket.IO", "Traceback") if word in told]
