"""Echo servers for the protocol suite, ours or (to check the suite itself) the reference's.

`QUAD_TEST_REFERENCE=1` runs the suite against Node's implementation: what it does otherwise than
the wire's specification is marked `differs` and skipped there.
"""

import os
import shutil
import ssl
import sys
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from tests import nodes
from tests.patience import patience
from tests.process import ROOT, ServerProcess, free_port
from tests.protocol.nodes import EchoNodes
from tests.protocol.peers import Target

REFERENCE = os.environ.get("QUAD_TEST_REFERENCE") == "1"

# The heartbeat of the public protocol suites. Everyone else gets the defaults, under which nothing
# that these tests wait for can be the work of a timeout.
QUICK_HEARTBEAT = ("--ping-interval-ms", "300", "--ping-timeout-ms", "200")
# The same for those who have to answer in time, on a busy machine, too.
LENIENT_HEARTBEAT = ("--ping-interval-ms", "300", "--ping-timeout-ms", "700")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "differs(reason): the reference implementation does otherwise than our wire"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not REFERENCE:
        return
    for item in items:
        mark = item.get_closest_marker("differs")
        if mark is not None:
            item.add_marker(pytest.mark.skip(reason=f"the reference differs: {mark.args[0]}"))


class Farm:
    """Echo servers by their flags, each started when it is first asked for."""

    def __init__(self) -> None:
        self._running: dict[tuple[str, ...], ServerProcess | EchoNodes] = {}

    def server(self, eio: int, *flags: str) -> Target:
        # Node's needs a switch for version 3 that changes what it does for version 4.
        key = (*flags, "--eio3") if REFERENCE and eio == 3 else flags
        if key not in self._running:
            self._running[key] = _start(key)
        process = self._running[key]
        assert process.is_running, f"an earlier test ended the server:\n{process.output}"
        return Target(process.host, process.port)

    def close(self) -> None:
        for process in self._running.values():
            process.terminate()


def _start(flags: tuple[str, ...]) -> ServerProcess | EchoNodes:
    if nodes.COUNT and not REFERENCE:
        return EchoNodes(flags)
    port = free_port()
    if REFERENCE:
        program = [shutil.which("node") or "node", "tests/protocol/reference/echo_server.cjs"]
    else:
        program = [sys.executable, str(ROOT / "examples" / "echo_server.py")]
    return ServerProcess([*program, "--port", str(port), *flags], port=port)


@pytest.fixture(scope="session")
def farm() -> Iterator[Farm]:
    farm = Farm()
    yield farm
    farm.close()


@pytest.fixture
def eio() -> int:
    """The version of Engine.IO spoken; tests of both versions parametrise it."""
    return 4


@pytest.fixture
def quick(farm: Farm, eio: int) -> Target:
    """A server with the heartbeat of the public suites: a ping each 300 ms, 200 ms to answer."""
    return farm.server(eio, *QUICK_HEARTBEAT)


@pytest.fixture
def lenient(farm: Farm, eio: int) -> Target:
    """A server with a ping each 300 ms, and 700 ms to answer."""
    return farm.server(eio, *LENIENT_HEARTBEAT)


@pytest.fixture
def patient(farm: Farm, eio: int) -> Target:
    """A server with the default heartbeat: whatever it closes, it closes by decision."""
    return farm.server(eio)


@pytest.fixture
def hasty(farm: Farm, eio: int) -> Target:
    """A server that waits 300 ms for the first CONNECT."""
    return farm.server(eio, "--connect-timeout-ms", "300")


@pytest.fixture
def brisk(farm: Farm, eio: int) -> Target:
    """A server that waits 600 ms for an upgrade to be finished."""
    return farm.server(eio, "--upgrade-timeout-ms", "600")


# Building a TLS context takes longer than most tests; nobody here speaks TLS.
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        timeout=patience(30.0),
        trust_env=False,
        verify=_NO_TLS,
        limits=httpx.Limits(max_connections=None),
    ) as client:
        yield client
