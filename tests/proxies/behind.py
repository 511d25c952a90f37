"""A whole server in this process, behind a real nginx, Apache or HAProxy."""

import asyncio
import os
import re
import shutil
import ssl
import subprocess
import textwrap
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from quad.server import serving
from quad.settings import ServerSettings, Settings
from tests.process import ROOT, free_port

NAME = "quad.example.org"
HERE = "127.0.0.1"
# All of 127.0.0.0/8 is this machine; the proxies speak from 127.0.0.1.
CLIENT = "127.0.0.2"
_WITHIN_S = 20.0
_BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.M | re.S)
_PROGRAMS = {"nginx": "nginx", "apache": "apache2", "haproxy": "haproxy"}
_FILES = {"nginx": "nginx.conf", "haproxy": "haproxy.cfg"}
_DIRECTORIES = ":/usr/sbin:/usr/local/sbin"
_APACHE_MODULES = (
    "mpm_event",
    "authz_core",
    "headers",
    "proxy",
    "proxy_http",
    "socache_shmcb",
    "ssl",
)


def program(kind: str) -> str:
    """The proxy's program; without it a test fails in CI and is skipped elsewhere."""
    name = _PROGRAMS[kind]
    found = shutil.which(name, path=os.environ.get("PATH", "") + _DIRECTORIES)
    if found is None:
        how = f"no {name}: tools/services.sh installs it"
        if os.environ.get("CI") == "true":
            pytest.fail(how)
        pytest.skip(how)
    return found


def documented(kind: str) -> str:
    """The configuration that docs/how-to/operate.md gives for a proxy."""
    page = (ROOT / "docs/how-to/operate.md").read_text(encoding="utf-8")
    (text,) = [match["text"] for match in _BLOCK.finditer(page) if match["language"] == kind]
    return text


def deployed(kind: str) -> str:
    """The configuration of deploy/ for a proxy: one of its three nodes is there."""
    text = (ROOT / "deploy" / _FILES[kind]).read_text(encoding="utf-8")
    text = text.replace("quad-1:8000", f"{HERE}:8000")
    return re.sub(r"quad-[23]:8000", f"{HERE}:{free_port()}", text)


class Behind:
    """The server as it is reached through the proxy."""

    def __init__(self, scheme: str, port: int, server: str, trusted: ssl.SSLContext | None) -> None:
        self.url = f"{scheme}://{NAME}:{port}"
        self.server = server
        self.port = port
        self.tls = trusted

    @property
    def origin(self) -> Mapping[str, str]:
        """What a browser says of a page of this server."""
        return {"Origin": self.url}

    def http(self, **headers: str) -> httpx.AsyncClient:
        """A client at another address than the proxy, which finds the server by its name."""
        transport = _Resolving(local_address=CLIENT, verify=self.tls or False)
        return httpx.AsyncClient(
            transport=transport, base_url=self.url, headers=headers, timeout=_WITHIN_S
        )


class _Resolving(httpx.AsyncHTTPTransport):
    """Knows one name more than this machine does."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions["sni_hostname"] = request.url.host
        request.url = request.url.copy_with(host=HERE)
        return await super().handle_async_request(request)


@asynccontextmanager
async def behind(
    kind: str,
    text: str,
    directory: Path,
    *,
    certificate: Path | None = None,
    settings: Settings | None = None,
) -> AsyncIterator[Behind]:
    """Serve, behind a proxy with this configuration, while the block runs.

    In the text the addresses and files of the documentation become those of this test.
    """
    found = program(kind)
    scheme, port = "https" if certificate else "http", free_port()
    if settings is None:
        server = ServerSettings(port=0, data=directory / "data")
        settings = Settings(server=server)
    async with serving(settings) as url:
        text = text.replace("127.0.0.1:8000", url.partition("://")[2])
        text = re.sub(r"(listen |bind |\*)(?:\*?:)?(?:443|8080)\b", rf"\g<1>{HERE}:{port}", text)
        text = text.replace(f"*{HERE}", HERE).replace(f":{HERE}", HERE)
        text = text.replace("/etc/ssl/quad", str(certificate.parent if certificate else directory))
        command = _WRITERS[kind](found, text, directory, port)
        process = subprocess.Popen(
            command, cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        try:
            await _accepts(process, port)
            tls = ssl.create_default_context(cafile=certificate) if certificate else None
            yield Behind(scheme, port, url, tls)
        finally:
            process.terminate()
            await asyncio.to_thread(process.communicate)


async def _accepts(process: subprocess.Popen[str], port: int) -> None:
    async with asyncio.timeout(_WITHIN_S):
        while True:
            if process.poll() is not None:
                assert process.stdout is not None
                pytest.fail(f"{process.args!r} ended: {process.stdout.read()}")
            try:
                _, writer = await asyncio.open_connection(HERE, port)
            except OSError:
                await asyncio.sleep(0.02)  # nothing announces a listening socket: ask again
            else:
                writer.close()
                return


# What surrounds the configuration, in a directory of the test instead of the system's.


def _nginx(found: str, text: str, directory: Path, port: int) -> list[str]:
    paths = "".join(
        f"    {kind}_temp_path {directory}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main = (
        f"daemon off;\npid {directory}/nginx.pid;\nerror_log stderr;\nuser root;\n"
        "events {}\nhttp {\n    access_log off;\n" + paths + textwrap.indent(text, "    ") + "}\n"
    )
    if os.geteuid() != 0:
        main = main.replace("user root;\n", "")
    file = directory / "nginx.conf"
    file.write_text(main)
    return [found, "-c", str(file), "-p", str(directory), "-e", "stderr"]


def _apache(found: str, text: str, directory: Path, port: int) -> list[str]:
    modules = "".join(
        f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"
        for name in _APACHE_MODULES
    )
    file = directory / "apache.conf"
    file.write_text(
        f"ServerRoot {directory}\nPidFile {directory}/apache.pid\nServerName {NAME}\n"
        f"DefaultRuntimeDir {directory}\nErrorLog /dev/stderr\nListen {HERE}:{port}\n"
        f"StartServers 1\n{modules}{text}"
    )
    return [found, "-f", str(file), "-D", "FOREGROUND"]


def _haproxy(found: str, text: str, directory: Path, port: int) -> list[str]:
    file = directory / "haproxy.cfg"
    file.write_text(text)
    return [found, "-db", "-f", str(file)]


_WRITERS = {"nginx": _nginx, "apache": _apache, "haproxy": _haproxy}


def make_certificate(directory: Path) -> Path:
    """A certificate for the name, by itself, with its key, and both in one file."""
    directory.mkdir(parents=True, exist_ok=True)
    cert, key = directory / "cert.pem", directory / "key.pem"
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
        f"-subj /CN={NAME} -addext subjectAltName=DNS:{NAME} -keyout {key.name} -out {cert.name}"
    )
    subprocess.run(command.split(), cwd=directory, check=True, capture_output=True)
    (directory / "quad.pem").write_text(cert.read_text() + key.read_text())
    return cert
