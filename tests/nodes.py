"""Several real nodes behind a real HAProxy, where tests else have one server: `QUAD_TEST_NODES=3`.

HAProxy deals out every connection and every request in turn, so that each polling request meets
another node than the one before. The nodes share a database that is made for them, and a broker:
`QUAD_TEST_BUS`, by default the NATS of this machine. One node (`QUAD_TEST_NODES=1`) has no broker:
what fails there fails because of the proxy or the database, not because of the cluster.

What a test may use of a server is its URL. Suites that open a system in their own process (a
school, a hall, a station, a campus) get one that is only reached by its URL; a test that reaches
for more is skipped, and says for what. What cannot be is listed in tests/single.py.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, NoReturn, cast

import msgspec
import pytest

from quad.settings import Settings
from quad.store import migrate
from tests.contract.databases import Databases, ServiceMissing, run_apart
from tests.process import ROOT, ServerDidNotStart, ServerProcess, free_port

COUNT: Final = int(os.environ.get("QUAD_TEST_NODES", "0"))
"""How many nodes stand for a server; 0 is a server alone, as it is without all of this."""

BUS: Final = os.environ.get("QUAD_TEST_BUS", "nats://127.0.0.1:4222")
_ENGINE: Final = os.environ.get("QUAD_TEST_NODES_DATABASE", "postgresql")
_HERE: Final = "127.0.0.1"
# HAProxy speaks from here, so that clients at 127.0.0.1 are nobody's proxy.
_BALANCER: Final = "127.0.0.99"
_KEY: Final = "k" * 43
_TRIES: Final = 10

_HAPROXY: Final = """\
defaults
    mode http
    timeout connect 5s
    timeout client 1h
    timeout server 1h
    timeout tunnel 1h
    # The next request of a connection, too, goes to the next node.
    option http-server-close
    http-reuse never
    option forwardfor
    option abortonclose
    retries 3
    option redispatch 1

frontend clients
    bind {here}:{port}
    default_backend nodes

backend nodes
    balance roundrobin
    source {balancer}
    default-server observe layer4 error-limit 1 on-error mark-down check inter 200ms rise 1
"""


def serve(
    *flags: str,
    data: Path,
    port: int | None = None,
    env: Mapping[str, str] | None = None,
    is_counted: bool = False,
) -> Served:
    """A real `quad serve` with these flags, or that many nodes of it.

    What was kept in `data` is there again. Port None is any free one.
    """
    if COUNT:
        return Nodes(flags, data=data, port=port, env=env)
    quad = [sys.executable, "-m", "quad", "serve"]
    place = ["--data", str(data), "--port", str(port or 0)]
    return ServerProcess([*quad, *place, *flags], port=port, env=env, is_counted=is_counted)


class Nodes:
    """That many nodes at one address; it ends as one server does."""

    host = _HERE

    def __init__(
        self,
        flags: Sequence[str] = (),
        *,
        data: Path,
        port: int | None = None,
        env: Mapping[str, str] | None = None,
        program: Sequence[str] = ("-m", "quad", "serve"),
    ) -> None:
        database = _databases.at(data)
        common = {
            "QUAD_DATABASE": database.url,
            "QUAD_CLUSTER_NAME": database.cluster,
            "QUAD_KEY": _KEY,
            # Who has a proxy does not let everybody in unasked.
            "QUAD_IDENTITY_LOGIN": "guest",
            **(env or {}),
        }
        trusted = common.get("QUAD_SERVER_TRUSTED_PROXIES", "")
        common["QUAD_SERVER_TRUSTED_PROXIES"] = f"{_BALANCER},{trusted}"
        if COUNT > 1:
            common["QUAD_BUS"] = BUS

        def start(number: int) -> ServerProcess:
            own = {"QUAD_NODE_NAME": f"node-{number}", "QUAD_DATA": str(data / str(number))}
            command = [sys.executable, *program, "--port", "0", *flags]
            return ServerProcess(command, env={**common, **own})

        self.processes: list[ServerProcess] = []
        try:
            # The first one alone makes what is made once.
            self.processes.append(start(1))
            with ThreadPoolExecutor() as threads:
                self.processes += threads.map(start, range(2, COUNT + 1))
            # Chosen late: nodes open connections, and any of them may get a port that is free.
            self.port = port or free_port()
            self._balancer = start_balancer(self.port, self.processes, data)
        except BaseException:
            self._kill_nodes()
            raise
        _running.add(self)

    @property
    def url(self) -> str:
        """The balancer's."""
        return f"http://{_HERE}:{self.port}"

    @property
    def is_running(self) -> bool:
        """Whether all nodes run."""
        return all(process.is_running for process in self.processes)

    @property
    def output(self) -> str:
        """What all nodes have printed so far, one after the other."""
        return "".join(process.output for process in self.processes)

    def kill(self) -> None:
        """kill -9 of all nodes, at once."""
        self._kill_nodes()
        self._end_balancer()

    def terminate(self, within_s: float = 15.0) -> int:
        """Ask all nodes to stop and wait; the highest of their exit codes."""
        with ThreadPoolExecutor() as threads:
            ending = threads.map(lambda process: process.terminate(within_s), self.processes)
            codes: list[int] = list(ending)
        self._end_balancer()
        return max(codes)

    def _kill_nodes(self) -> None:
        with ThreadPoolExecutor() as threads:
            list(threads.map(ServerProcess.kill, self.processes))

    def _end_balancer(self) -> None:
        self._balancer.kill()
        _running.discard(self)


Served = ServerProcess | Nodes


def start_balancer(port: int, processes: Sequence[ServerProcess], directory: Path) -> ServerProcess:
    """A HAProxy that deals everything out among these processes."""
    lines = [
        f"    server node-{number} {process.host}:{process.port}\n"
        for number, process in enumerate(processes, 1)
    ]
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / "haproxy.cfg"
    text = _HAPROXY.format(here=_HERE, balancer=_BALANCER, port=port)
    file.write_text(text + "".join(lines))
    command = [_haproxy(), "-db", "-f", str(file)]
    for _ in range(_TRIES):
        with contextlib.suppress(ServerDidNotStart):
            return ServerProcess(command, port=port)
        time.sleep(0.2)  # somebody's connection has the port for a moment
    return ServerProcess(command, port=port)


def _haproxy() -> str:
    found = shutil.which("haproxy", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if found is None:
        raise FileNotFoundError("no haproxy: tools/services.sh installs it")
    return found


# --- systems that a suite opens -------------------------------------------------------------------


@contextlib.contextmanager
def opened(
    database: Path,
    settings: Settings,
    *,
    limits: bool = False,
    port: int = 0,
    is_shared: bool = False,
) -> Iterator[Nodes]:
    """Nodes with these settings while the block runs, in place of a system in this process.

    What was kept at the path of the database is there again. Shared ones outlive the block, for
    the next one with the same settings: for tests whose names are their own.
    """
    env = {**_variables(settings), "QUAD_LIMITS": "on" if limits else "off"}
    if is_shared:
        key = tuple(sorted(env.items()))
        if key not in _shared:
            _shared[key] = _settling(database.with_suffix(".shared"), env)
        yield _shared[key]
        return
    nodes = _settling(database.with_suffix(".nodes"), env, port)
    try:
        yield nodes
    finally:
        nodes.terminate()
        assert "Traceback" not in nodes.output, nodes.output


def beyond(what: str) -> Any:
    """Stands for a part of the server that is in other processes: who reaches for it is skipped."""
    return _Beyond(what)


def cannot(why: str) -> NoReturn:
    """Skip the test: it needs a server in its own process."""
    pytest.skip(f"one process: {why}")


class _Beyond:
    __slots__ = ("_what",)

    def __init__(self, what: str) -> None:
        object.__setattr__(self, "_what", what)

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        cannot(f"the test reaches for {self._what}.{name}")

    def __setattr__(self, name: str, value: object) -> NoReturn:
        cannot(f"the test sets {self._what}.{name}")

    def __call__(self, *_: object, **__: object) -> NoReturn:
        cannot(f"the test calls {self._what}")


def _settling(data: Path, env: Mapping[str, str], port: int = 0) -> Nodes:
    program = ("-m", "tests.settling_node", "serve")
    return Nodes(data=data, port=port or None, env=env, program=program)


def _variables(settings: Settings) -> dict[str, str]:
    """What differs from the defaults, as variables of the environment."""
    found = {}
    for section in msgspec.structs.fields(Settings):
        values, defaults = getattr(settings, section.name), section.default
        for name in values.__struct_fields__:
            value = getattr(values, name)
            if value != getattr(defaults, name):
                text = ",".join(value) if isinstance(value, tuple) else str(value)
                found[f"QUAD_{section.name}_{name}".upper()] = text
    return found


# --- databases ------------------------------------------------------------------------------------


class _Database(msgspec.Struct):
    url: str
    cluster: str


class _Kept:
    """A database for each directory of data; all are dropped when the tests end."""

    def __init__(self) -> None:
        self._known: dict[Path, _Database] = {}
        self._template = ""
        self._engine: Databases | None = None

    def at(self, data: Path) -> _Database:
        if data not in self._known:
            self._known[data] = _Database(self._make(), f"test-{secrets.token_hex(4)}")
        return self._known[data]

    def drop_all(self) -> None:
        if self._engine is not None:
            self._engine.drop_all()
            self._engine = None

    def _make(self) -> str:
        if self._engine is None:
            self._engine = Databases(_ENGINE, ROOT)
        try:
            if _ENGINE != "postgresql":
                return self._migrated()
            # To copy one that has its tables takes a tenth of making them.
            self._template = self._template or self._migrated()
            return self._engine.create(template=self._template.rpartition("/")[2])
        except ServiceMissing as missing:
            pytest.fail(str(missing))

    def _migrated(self) -> str:
        url = cast(Databases, self._engine).create()
        run_apart(migrate(url))
        return url


_databases: Final = _Kept()
_running: Final[set[Nodes]] = set()
_shared: Final[dict[tuple[tuple[str, str], ...], Nodes]] = {}


def close_all() -> None:
    """End what outlived its test, and drop all databases."""
    for nodes in list(_running):
        nodes.kill()
    _shared.clear()
    _databases.drop_all()
