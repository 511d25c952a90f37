"""Clusters for measurements: nodes that share a broker, and a database and a name of their own.

PostgreSQL and the brokers are those that run. Where, say the variables of the environment that the
tests use, too; RabbitMQ takes part only if it is named.
"""

import asyncio
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from bench.rig import HERE, HOST, MeasurementFailed, Rig, Server
from bench.subject import Site, Subject
from quad.cluster.shards import shard_of
from quad.store import parse_url

POSTGRESQL = (
    os.environ.get("QUAD_TEST_POSTGRESQL") or "postgresql://postgres@127.0.0.1:5432/postgres"
)
NATS = os.environ.get("QUAD_TEST_NATS") or "nats://127.0.0.1:4222"
RABBITMQ = os.environ.get("QUAD_TEST_RABBITMQ") or ""

SHARDS = 256
SETTLE_WITHIN_S = 30.0

_OWNERS = "SELECT id, node FROM quad_shards"

Loads = Mapping[int, int]
"""How many shards each node has, by the node's number."""


@dataclass(frozen=True)
class Nodes:
    """A cluster that runs: where classes are opened, and the others, which pass things on."""

    home: Server
    edges: Sequence[Server]

    @property
    def edge(self) -> Server:
        """The first of the others."""
        return self.edges[0]


@contextmanager
def serving_nodes(
    rig: Rig,
    subject: Subject,
    count: int = 2,
    *,
    key: str = "",
    **settings: float,
) -> Iterator[Nodes]:
    """So many nodes with these settings, among which everything has been dealt out.

    The first one is the home, or with a `key` the one where that is at home. Any of them may be
    ended in the block.
    """
    with ExitStack() as stack:
        database = stack.enter_context(_a_database(rig))
        common = {
            "QUAD_DATABASE": database,
            "QUAD_CLUSTER_NAME": f"bench-{secrets.token_hex(4)}",
            "QUAD_KEY": secrets.token_urlsafe(32),
            **{name: str(value) for name, value in settings.items()},
        }
        servers = []
        for number in range(1, count + 1):
            own = {**common, "QUAD_NODE_NAME": f"node-{number}"}
            command = partial(_serve, subject, own)
            node = replace(subject, label=f"{subject.label}, node {number}", command=command)
            servers.append(stack.enter_context(rig.serving(node, may_end=True)))
        home = servers[_await_balance(database, servers, key)]
        try:
            yield Nodes(home, [each for each in servers if each is not home])
        finally:
            _kill(servers)


def _kill(servers: Sequence[Server]) -> None:
    """To drain one node after the other takes seconds, and nobody needs them any more."""
    for each in servers:
        # Nobody has waited for those that have ended: their numbers are still theirs.
        os.kill(each.pid, signal.SIGKILL)


def missing_services(bus: str) -> str | None:
    """Why no cluster with this broker can be measured here, or `None`."""
    if not bus:
        return "for RabbitMQ, too, set QUAD_TEST_RABBITMQ to amqp://user:password@host:port/"
    for what, url, standard in (("PostgreSQL", POSTGRESQL, 5432), ("a broker", bus, 4222)):
        place = urlsplit(url)
        host, port = place.hostname or HOST, place.port or standard
        if not _answers(host, port):
            return f"{what} does not answer at {host}:{port}"
    return None


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=2):
            return True
    except OSError:
        return False


def _serve(subject: Subject, settings: Mapping[str, str], site: Site) -> Sequence[str]:
    return ["env", *(f"{name}={value}" for name, value in settings.items()), *subject.command(site)]


# --- the database ---------------------------------------------------------------------------------


@contextmanager
def _a_database(rig: Rig) -> Iterator[str]:
    """The address of a database with its tables, which is dropped afterwards."""
    name = f"quad_bench_{secrets.token_hex(6)}"
    server = parse_url(POSTGRESQL)
    url = server.set(database=name).render_as_string(hide_password=False)
    _execute(server, f"CREATE DATABASE {name}")
    try:
        _upgrade(rig, url)
        yield url
    finally:
        _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


def _upgrade(rig: Rig, url: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "quad", "db", "upgrade"],
        cwd=HERE.parent,
        env={**rig.environment, "QUAD_DATABASE": url},
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        raise MeasurementFailed(f"no tables: {(done.stdout + done.stderr).strip()[-2000:]}")


def _execute(url: URL, statement: str) -> Sequence[Sequence[Any]]:
    """The rows, if there are any; each statement has a connection of its own."""

    async def execute() -> Sequence[Sequence[Any]]:
        engine = create_async_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        try:
            async with engine.connect() as connection:
                result = await connection.execute(text(statement))
                return [tuple(row) for row in result] if result.returns_rows else []
        finally:
            await engine.dispose()

    return asyncio.run(execute())


# --- who has what ---------------------------------------------------------------------------------


def _await_balance(database: str, servers: Sequence[Server], key: str) -> int:
    """Which of the servers is the home, when all have what is theirs."""
    url = parse_url(database)
    deadline = time.monotonic() + SETTLE_WITHIN_S
    while time.monotonic() < deadline:
        owners = {int(row[0]): int(row[1]) for row in _execute(url, _OWNERS)}
        numbers = sorted({*owners.values()})
        if is_dealt_out(loads_of(owners), len(servers)) and all(map(_is_ready, servers)):
            # Numbers grow with each start, and the servers have been started in turn.
            return numbers.index(owners[shard_of(key)]) if key else 0
        time.sleep(0.1)  # nobody is told from outside
    raise MeasurementFailed(f"no balance within {SETTLE_WITHIN_S:.0f} s")


def loads_of(owners: Mapping[int, int]) -> Loads:
    """Count the shards of each node."""
    return {node: list(owners.values()).count(node) for node in {*owners.values()}}


def is_dealt_out(loads: Loads, nodes: int) -> bool:
    """Whether that many nodes have a fair share each."""
    return len(loads) == nodes and min(loads.values()) >= SHARDS // nodes


def _is_ready(server: Server) -> bool:
    try:
        with urllib.request.urlopen(f"http://{HOST}:{server.port}/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
