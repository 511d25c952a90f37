"""Nodes as real processes, with a PostgreSQL and a NATS of their own: any of it may be killed.

No balancer: whoever connects is told a node that runs, as a balancer that knows would do.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
from sqlalchemy import select

from quad.cluster.shards import shard_of
from quad.store import migrate
from quad.store.schema import nodes as node_rows
from quad.store.schema import shards as shard_rows
from quad.store.session import DEAD
from tests.bus.brokers import NatsServer
from tests.cluster.postgresql import OwnPostgresql, running_postgresql
from tests.contract.databases import connected, run_apart
from tests.patience import patience
from tests.process import ServerProcess, kept_port

PING_INTERVAL_S = 3.0
PING_TIMEOUT_S = 6.0

_COMMON = {
    "QUAD_CLUSTER_NAME": "faults",
    "QUAD_KEY": "k" * 43,
    "QUAD_LIMITS": "off",
    "QUAD_IDENTITY_LOGIN": "guest",
    "QUAD_ENGINE_PING_INTERVAL_MS": str(int(PING_INTERVAL_S * 1000)),
    "QUAD_ENGINE_PING_TIMEOUT_MS": str(int(PING_TIMEOUT_S * 1000)),
    # More than is said while somebody is away.
    "QUAD_ALERT_HISTORY_LIMIT": "1000",
    "QUAD_SERVER_DRAIN_S": "2",
}


class FleetNode:
    """One node; whoever is started in its place has its name and its address."""

    def __init__(self, number: int, directory: Path, env: Mapping[str, str]) -> None:
        self.number = number
        self.name = f"node-{number}"
        self.is_asleep = False
        self._port = kept_port()
        self._log = directory / f"{self.name}.log"
        own = {"QUAD_NODE_NAME": self.name, "QUAD_DATA": str(directory / self.name)}
        self._env = {**env, **own}
        self._process: ServerProcess | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._port}"

    @property
    def is_up(self) -> bool:
        """Whether it takes connections, as far as a balancer can tell."""
        return self._process is not None and self._process.is_running and not self.is_asleep

    def start(self) -> None:
        """Return when it listens."""
        command = [sys.executable, "-m", "quad", "serve", "--port", str(self._port)]
        self._process = ServerProcess(command, env=self._env)

    def kill(self) -> None:
        """As a power cut."""
        if self._process is not None:
            self.wake()
            self._process.kill()
            self._keep_log("killed")

    def drain(self) -> None:
        """Return when it has ended by itself."""
        assert self._process is not None
        self._process.terminate(within_s=20)
        self._keep_log("ended")

    def sleep(self) -> None:
        """Stop it in the middle of whatever it does; the kernel goes on for it."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)
        self.is_asleep = True

    def wake(self) -> None:
        if self._process is not None and self.is_asleep:
            os.kill(self._process.pid, signal.SIGCONT)
            self.is_asleep = False

    def troubles(self) -> list[str]:
        """What it has written that nobody should have to read."""
        output = self._process.output if self._process is not None else ""
        return [line for line in output.splitlines() if "Traceback" in line or "leaked" in line]

    def keep_log(self) -> None:
        self._keep_log("runs")

    def _keep_log(self, end: str) -> None:
        if self._process is not None:
            with self._log.open("a") as log:
                log.write(f"{self._process.output}--- {end}\n")


class Homes(NamedTuple):
    """Which node is the home of what, by numbers of `FleetNode`."""

    by_shard: Mapping[int, int]

    def of(self, key: str) -> int:
        return self.by_shard.get(shard_of(key), 0)


class Fleet:
    """Three nodes, or as many as wished."""

    def __init__(self, directory: Path, database: OwnPostgresql, count: int) -> None:
        self.directory = directory
        self.database = database
        self.broker = NatsServer(kept_port(), directory)
        env = {
            **_COMMON,
            "QUAD_DATABASE": database.url,
            "QUAD_BUS": f"nats://127.0.0.1:{self.broker.port}",
        }
        self.nodes = [FleetNode(number, directory, env) for number in range(1, count + 1)]

    @property
    def up(self) -> list[FleetNode]:
        return [node for node in self.nodes if node.is_up]

    def node(self, number: int) -> FleetNode:
        return self.nodes[number - 1]

    async def homes(self) -> Homes:
        """As the database says. Raises OSError and others while it does not answer."""
        async with connected(self.database.url) as connection:
            living = select(node_rows.c.incarnation, node_rows.c.name)
            rows = await connection.execute(living.where(node_rows.c.state != DEAD))
            names = {row.incarnation: row.name for row in rows}
            placed = await connection.execute(select(shard_rows.c.id, shard_rows.c.node))
            numbers = {node.name: node.number for node in self.nodes}
            return Homes({row.id: numbers.get(names.get(row.node, ""), 0) for row in placed})

    async def until_ready(self, within_s: float = 30.0) -> None:
        """Return when every node says that it is ready, and each shard has one of them."""
        end = time.monotonic() + patience(within_s)
        async with httpx.AsyncClient(timeout=5.0, trust_env=False) as http:
            while trouble := await self._trouble(http):
                if time.monotonic() > end:
                    raise TimeoutError(f"not healed: {trouble}")
                await asyncio.sleep(0.1)

    async def _trouble(self, http: httpx.AsyncClient) -> str:
        for node in self.nodes:
            try:
                answer = await http.get(f"http://{node.address}/ready")
            except httpx.HTTPError as error:
                return f"{node.name} does not answer: {error!r}"
            if answer.status_code != 200 or "silent" in answer.text:
                return f"{node.name}: {answer.text}"
        homes = await self.homes()
        if len(homes.by_shard) < 256 or 0 in homes.by_shard.values():
            return "some shards have no living home"
        return ""


@contextmanager
def running_fleet(directory: Path, count: int = 3) -> Iterator[Fleet]:
    """A fleet that runs, and ends with the block."""
    with running_postgresql(directory) as database:
        run_apart(migrate(database.url))
        fleet = Fleet(directory, database, count)
        try:
            fleet.broker.start()
            for node in fleet.nodes:
                node.start()
            yield fleet
        finally:
            for node in fleet.nodes:
                node.keep_log()
                node.kill()
            fleet.broker.kill()
