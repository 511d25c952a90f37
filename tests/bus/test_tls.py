"""Signing in at NATS, over TLS and without. That no password goes to a server without TLS depends
on a private method of its client, so this fails when another version of that has it no more.
"""

import asyncio
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from quad.bus.urls import open_bus
from tests.bus.brokers import NatsServer
from tests.bus.waiting import until
from tests.process import free_port

StartNats = Callable[..., int]


@pytest.fixture
def start_nats(tmp_path: Path) -> Iterator[StartNats]:
    """Start a server with these options; the port it has."""
    started: list[NatsServer] = []

    def start(*options: str) -> int:
        started.append(NatsServer(free_port(), tmp_path, *options))
        started[-1].start()
        return started[-1].port

    yield start
    for server in started:
        server.kill()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    command = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
        "-subj /CN=broker -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem"
    )
    subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    return tmp_path / "cert.pem"


@pytest.fixture
def with_tls(certificate: Path) -> tuple[str, ...]:
    return ("--tls", "--tlscert", str(certificate), "--tlskey", str(certificate.parent / "key.pem"))


async def heard_itself(url: str, cluster: str) -> None:
    heard: list[bytes] = []
    bus = open_bus(url, cluster=cluster, me=1)
    await bus.start(heard.append)
    await until(lambda: bus.is_connected)
    bus.broadcast(b"x")
    await until(lambda: heard)
    await bus.aclose()


async def refused(url: str, cluster: str, caplog: pytest.LogCaptureFixture) -> str:
    """What the log says of a server that is there and will not do."""
    bus = open_bus(url, cluster=cluster, me=1)
    starting = asyncio.create_task(bus.start(print))
    await until(lambda: "no connection to the broker" in caplog.text)
    assert not bus.is_connected
    starting.cancel()
    await asyncio.wait([starting])
    await bus.aclose()
    assert "sesame" not in caplog.text
    return caplog.text


async def test_nats_is_spoken_to_over_tls(
    start_nats: StartNats, with_tls: tuple[str, ...], certificate: Path, cluster: str
) -> None:
    port = start_nats(*with_tls, "--user", "quad", "--pass", "sesame")
    await heard_itself(f"tls://quad:sesame@127.0.0.1:{port}?cafile={certificate}", cluster)


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    start_nats: StartNats,
    with_tls: tuple[str, ...],
    cluster: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    port = start_nats(*with_tls)
    said = await refused(f"tls://quad:sesame@127.0.0.1:{port}", cluster, caplog)
    assert "certificate verify failed" in said


async def test_nobody_signs_in_where_tls_is_wanted_and_not_offered(
    start_nats: StartNats, cluster: str, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    port = start_nats("--user", "quad", "--pass", "sesame", "-DV")
    said = await refused(f"tls://quad:sesame@127.0.0.1:{port}", cluster, caplog)
    assert "the server offers no TLS" in said
    assert "CONNECT {" not in (tmp_path / "nats.log").read_text()


@pytest.mark.parametrize("user", ["quad:sesame", "sesame"])
async def test_a_password_or_a_token_lets_in(
    start_nats: StartNats, cluster: str, user: str
) -> None:
    options = ("--auth", "sesame") if user == "sesame" else ("--user", "quad", "--pass", "sesame")
    port = start_nats(*options)
    await heard_itself(f"nats://{user}@127.0.0.1:{port}", cluster)


async def test_a_wrong_password_is_told_without_it(
    start_nats: StartNats, cluster: str, caplog: pytest.LogCaptureFixture
) -> None:
    port = start_nats("--user", "quad", "--pass", "open")
    said = await refused(f"nats://quad:sesame@127.0.0.1:{port}", cluster, caplog)
    assert "Authorization Violation" in said
