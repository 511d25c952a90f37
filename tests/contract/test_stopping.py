"""SIGTERM ends a server in time, whatever its database does."""

import asyncio
import contextlib
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from quad.store import parse_url
from tests.contract.databases import Databases
from tests.contract.proxy import Proxy
from tests.process import ServerProcess

SERVE = [sys.executable, "-m", "quad", "serve", "--port", "0"]
# What `server.drain_s` allows by default, and a second. More than that is for a slow machine.
LIMIT_S = 5.0
SLOWNESS_S = 2.0


@pytest.mark.parametrize("databases", ["postgresql", "mariadb"], indirect=True)
async def test_a_server_ends_in_five_seconds_although_its_database_is_silent(
    databases: Databases, database_url: str, tmp_path: Path
) -> None:
    url = parse_url(database_url)
    port = url.port or {"postgresql": 5432, "mysql": 3306}[url.get_backend_name()]
    async with Proxy(url.host or "127.0.0.1", port) as proxy:
        server = await asyncio.to_thread(
            ServerProcess,
            SERVE,
            env={"QUAD_DATABASE": proxy.url(url), "QUAD_ADMIN_PASSWORD": "x" * 12},
            cwd=tmp_path,
        )
        try:
            async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
                answer = await http.post("/v1/rooms/R1/messages", content="hello")
                assert answer.is_success, answer.text
                proxy.is_silent = True
                writing = asyncio.create_task(http.post("/v1/rooms/R1/messages", content="lost"))
                reading = asyncio.create_task(http.get("/v1/rooms/R2/messages"))
                await asyncio.sleep(0.2)  # both have reached the silent database, or soon will
                started = time.monotonic()
                code = await asyncio.to_thread(server.terminate, 60)
                assert time.monotonic() - started < LIMIT_S + SLOWNESS_S
                assert code == 0
                for task in (writing, reading):
                    with contextlib.suppress(httpx.HTTPError):
                        await task
        finally:
            await asyncio.to_thread(server.kill)


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_a_server_ends_in_five_seconds_although_its_file_is_locked(
    databases: Databases, tmp_path: Path, database: Path
) -> None:
    server = ServerProcess([*SERVE, "--database", f"sqlite:///{database}"], cwd=tmp_path)
    hold = (
        "import sqlite3, sys, time; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "c.execute('BEGIN IMMEDIATE'); print('held', flush=True); time.sleep(600)"
    )
    holder = subprocess.Popen([sys.executable, "-c", hold, str(database)], stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        started = time.monotonic()
        assert server.terminate(60) == 0
        assert time.monotonic() - started < LIMIT_S + SLOWNESS_S
    finally:
        holder.kill()
        holder.communicate()
        server.kill()
