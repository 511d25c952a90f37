"""What deploy/ holds is accepted by the programs that it is for, and its commands run.

The proxies' configurations are run for real, with the tests of tests/proxies.
"""

import asyncio
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from quad.settings import conflicts, load
from tests.contract.databases import Databases, ServiceMissing
from tests.patience import patience
from tests.process import ROOT, ServerProcess, free_port
from tests.proxies.behind import HERE, NAME, make_certificate

DEPLOY = ROOT / "deploy"
PASSWORDS = {
    "QUAD_KEY": "k" * 43,
    "QUAD_ADMIN_PASSWORD": "let me administrate",
    "QUAD_DB_PASSWORD": "database",
    "QUAD_BUS_PASSWORD": "broker",
}


def program(name: str) -> str:
    """A program; without it a test fails in CI and is skipped elsewhere."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if found is None:
        how = f"no {name}: tools/services.sh installs it"
        if os.environ.get("CI") == "true":
            pytest.fail(how)
        pytest.skip(how)
    return found


# --- systemd --------------------------------------------------------------------------------------


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("this machine has no systemd")
    text = (DEPLOY / "quad@.service").read_text()
    unit = tmp_path / "quad@8001.service"
    unit.write_text(text.replace("/opt/quad/bin/quad", sys.executable))
    done = subprocess.run(
        [analyze, "verify", "--man=no", unit], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert unit.name not in done.stderr


def test_the_unit_gives_a_stop_more_time_than_all_workers_need() -> None:
    text = (DEPLOY / "quad@.service").read_text()
    (stop_s,) = re.findall(r"^TimeoutStopSec=(\d+)$", text, re.M)
    settings = load(environment={})
    assert int(stop_s) > settings.server.drain_s + 2 * 3  # see quad.workers


# --- NATS -----------------------------------------------------------------------------------------


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[tuple[int, ssl.SSLContext]]:
    """A real broker with the configuration of deploy/; its port, and whom to trust."""
    nats = program("nats-server")
    certificate = make_certificate(tmp_path)
    port = free_port()
    text = (DEPLOY / "nats.conf").read_text()
    text = text.replace("0.0.0.0:4222", f"{HERE}:{port}").replace("/etc/ssl/quad", str(tmp_path))
    file = tmp_path / "nats.conf"
    file.write_text(text)
    env = {**os.environ, **PASSWORDS}
    subprocess.run([nats, "-t", "-c", file], check=True, capture_output=True, env=env)
    process = subprocess.Popen([nats, "-c", file], env=env, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    told = iter(process.stderr.readline, "")
    assert any("Server is ready" in line for line in told)
    yield port, ssl.create_default_context(cafile=certificate)
    process.terminate()
    process.communicate()


async def say(broker: tuple[int, ssl.SSLContext], password: str, *lines: str) -> str:
    """What the broker answers over TLS to who signs in and says these lines."""
    port, trusted = broker
    reader, writer = await asyncio.open_connection(HERE, port)
    async with asyncio.timeout(patience(5)):
        info = json.loads((await reader.readline()).removeprefix(b"INFO "))
        assert info["tls_required"]
        await writer.start_tls(trusted, server_hostname=NAME)
        options = {"user": "quad", "pass": password, "verbose": False, "pedantic": False}
        text = "\r\n".join([f"CONNECT {json.dumps(options)}", *lines, "PING", ""])
        writer.write(text.encode())
        answer = await reader.readuntil(b"\r\n")
        while not answer.startswith((b"PONG", b"-ERR 'Auth")) and b"PONG" not in answer:
            answer += await reader.readuntil(b"\r\n")
    writer.close()
    return answer.decode()


async def test_the_broker_lets_in_the_nodes_alone_and_only_to_their_own_subjects(
    broker: tuple[int, ssl.SSLContext],
) -> None:
    right = PASSWORDS["QUAD_BUS_PASSWORD"]
    heard = await say(broker, right, "SUB quad.mine.1 1", "PUB quad.mine.1 2", "hi")
    assert heard.startswith("MSG quad.mine.1 1 2\r\nhi\r\n")
    assert "Permissions Violation for Subscription" in await say(broker, right, "SUB > 1")
    assert "Permissions Violation for Publish" in await say(broker, right, "PUB other 2", "hi")
    assert "Authorization Violation" in await say(broker, "wrong")


# --- containers -----------------------------------------------------------------------------------


def compose() -> dict[str, Any]:
    """compose.yaml, with the variables of `.env` in it."""
    text = (DEPLOY / "compose.yaml").read_text()
    text = re.sub(r"\$\{(\w+):\?\}", lambda found: PASSWORDS[found[1]], text)
    assert "${" not in text
    document: dict[str, Any] = yaml.safe_load(text)
    return document


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's, continued lines joined."""
    text = re.sub(r"\\\n\s*", "", (DEPLOY / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def of_image(word: str) -> str:
    """The last instruction of this kind."""
    return [rest for each, rest in instructions() if each == word][-1]


def image_environment() -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in of_image("ENV").split())


NODES = ("quad-1", "quad-2", "quad-3")


@pytest.mark.parametrize("name", NODES)
def test_the_settings_of_each_container_are_settings_that_go_together(name: str) -> None:
    service = compose()["services"][name]
    settings = load(environment={**image_environment(), **service["environment"]})
    assert list(conflicts(settings)) == []
    assert settings.node.name == name
    assert settings.cluster.bus
    assert service["depends_on"]["tables"]["condition"] == "service_completed_successfully"


def test_the_proxy_that_the_nodes_trust_is_the_one_of_the_composition() -> None:
    document = compose()
    (address,) = {
        document["services"][name]["environment"]["QUAD_SERVER_TRUSTED_PROXIES"] for name in NODES
    }
    proxy = document["services"]["haproxy"]
    assert proxy["networks"]["default"]["ipv4_address"] == address
    assert set(NODES) == set(proxy["depends_on"])
    for mount in proxy["volumes"]:
        source = DEPLOY / mount.partition(":")[0]
        assert source.exists() or source.name == "quad.pem"
    text = (DEPLOY / "haproxy.cfg").read_text()
    # Whether they are checked or not.
    assert re.findall(r"^    server \S+ (\S+):8000$", text, re.M) == [*NODES, *NODES]


def test_everything_that_the_image_takes_from_the_checkout_is_there() -> None:
    for word, rest in instructions():
        if word == "COPY" and not rest.startswith("--from"):
            assert (ROOT / rest.split()[0]).exists()
        if word == "RUN":
            subprocess.run(["bash", "-n", "-c", rest], check=True)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    installing = "".join(rest for word, rest in instructions() if word == "RUN")
    ((name, extras),) = re.findall(r"(\w+)-\*\.whl\)\[([\w,]+)\]", installing)
    assert name == project["name"].replace("-", "_")
    assert set(extras.split(",")) <= set(project["optional-dependencies"])


@pytest.fixture
def database(tmp_path: Path) -> Iterator[str]:
    databases = Databases("postgresql", tmp_path)
    try:
        yield databases.create().replace("+asyncpg", "")
    except ServiceMissing as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    finally:
        databases.drop_all()


def test_the_commands_of_the_containers_run(database: str, tmp_path: Path) -> None:
    """Without containers: the same words, with this machine's addresses."""
    services = compose()["services"]
    (entry,) = json.loads(of_image("ENTRYPOINT"))
    quad = [sys.executable, "-m", entry]

    def environment(name: str) -> Mapping[str, str]:
        given = {**image_environment(), **services[name]["environment"]}
        assert "@db/" in given["QUAD_DATABASE"]
        own = {"QUAD_DATABASE": database, "QUAD_DATA": str(tmp_path / name), "QUAD_HOST": HERE}
        # One node needs no broker, and three are tried in tests/test_nodes.py.
        return {**given, **own, "QUAD_BUS": "", "QUAD_PORT": "0"}

    env = {**os.environ, **environment("tables")}
    subprocess.run([*quad, *services["tables"]["command"]], check=True, env=env)
    server = ServerProcess([*quad, *json.loads(of_image("CMD"))], env=environment("quad-1"))
    try:
        line = of_image("HEALTHCHECK")
        check = json.loads(line[line.index("CMD") + 3 :])
        here = [word.replace("localhost:8000", f"{HERE}:{server.port}") for word in check]
        subprocess.run([sys.executable, *here[1:]], check=True)
        assert httpx.get(f"{server.url}/ready").status_code == 200
        assert server.terminate() == 0
    finally:
        server.kill()
