"""A server that may open few files: a flood takes what there is but the last, and it is said."""

import asyncio
import resource
import sys
from collections.abc import AsyncIterator

import httpx
import pytest

from quad.realtime import EngineOptions, Host, SocketServer, listen, raise_descriptor_limit
from tests.patience import patience
from tests.process import ServerProcess
from tests.protocol.peers import Target

LIMIT = 128
WARNING = "raise the limit of open files (ulimit -n, LimitNOFILE)"
PROGRAM = """
import logging
import os
from quad.realtime import Host, SocketServer, run

async def application(scope, receive, send):
    # What the store and the log need: some files more, at any time.
    files = [open(os.devnull) for _ in range(8)]
    for file in files:
        file.close()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"well"})

logging.basicConfig()
engine = SocketServer().engine
run(Host({"/socket.io/": engine}, application, vital_paths=frozenset({"/health"})), port=0)
"""


@pytest.fixture
async def poor() -> AsyncIterator[ServerProcess]:
    command = ["sh", "-c", f'ulimit -n {LIMIT} && exec "$0" -c "$1"', sys.executable, PROGRAM]
    process = await asyncio.to_thread(ServerProcess, command)
    try:
        yield process
    finally:
        await asyncio.to_thread(process.terminate)


async def test_health_is_answered_when_a_flood_has_all_other_descriptors(
    poor: ServerProcess, http: httpx.AsyncClient
) -> None:
    http.headers["connection"] = "close"
    target = Target(poor.host, poor.port)
    flood = [await asyncio.open_connection(poor.host, poor.port) for _ in range(3 * LIMIT)]
    for _ in range(20):
        assert (await http.get(target.url("/health"))).status_code == 200
    answer = await http.get(target.url("/hello"))
    assert (answer.status_code, answer.json()["code"]) == (503, 4)
    assert poor.output.count("no descriptors are left") == 1
    for _, writer in flood:
        writer.close()
    await asyncio.gather(*(writer.wait_closed() for _, writer in flood), return_exceptions=True)
    async with asyncio.timeout(patience(5)):
        while (await http.get(target.url("/hello"))).status_code != 200:
            await asyncio.sleep(0.05)
    assert "Traceback" not in poor.output


async def test_more_connections_than_descriptors_are_warned_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    door = SocketServer(EngineOptions(connections_per_address=10**9)).engine.door
    async with listen(Host({}, door=door)):
        assert WARNING in caplog.text
    caplog.clear()
    door = SocketServer(EngineOptions(connections_per_address=10)).engine.door
    async with listen(Host({}, door=door)):
        assert WARNING not in caplog.text  # a slow machine has others, of asyncio itself


def test_the_limit_is_raised_to_what_the_system_allows() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, hard, 1_000), hard))
        raise_descriptor_limit()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
