"""``quad bench``: how fast a server is on this machine, with nothing but what is installed.

A class is opened, students join it, and the teacher tells all of them something again and again.
Every delivery is counted; one that does not come ends the measurement as failed.
"""

import asyncio
import ipaddress
import json
import os
import re
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, Final, NamedTuple
from urllib.parse import urlsplit

import typer
from rich.console import Console
from rich.table import Table

from quad.cli.connection import ConnectionLost
from quad.cli.crowd import Lesson, crowd
from quad.cli.failures import Failed
from quad.cli.reaching import Unreachable, reason
from quad.cli.remote import AsJson, Remote

EPILOG: Final = (
    "Examples:\n\nquad bench\n\nquad bench --connections 1000 --seconds 5\n\n"
    "quad bench --server http://127.0.0.1:8000"
)
_IN_FLIGHT: Final = 64
_BUSY: Final = 0.9
# Telling everybody that nobody watches is free of a commit; new settings are kept before they are
# told.


class Load(NamedTuple):
    """What is measured: an event, and how many of it are under way at a time."""

    event: str
    in_flight: int
    is_on_disk: bool


_LOADS: Final = (
    Load("sharing/end", 1, is_on_disk=False),
    Load("sharing/end", _IN_FLIGHT, is_on_disk=False),
    Load("settings", 1, is_on_disk=True),
    Load("settings", _IN_FLIGHT, is_on_disk=True),
)


class Row(NamedTuple):
    """What one measurement has found; times in milliseconds, `client_busy` a part of one core."""

    in_flight: int
    is_on_disk: bool
    deliveries_per_s: float
    p50_ms: float
    p99_ms: float
    worst_ms: float
    client_busy: float


def bench(
    *,
    url: Annotated[
        str | None,
        typer.Option(
            "--server",
            "--url",
            metavar="URL",
            help="A running server, started with --limits off; without it one is started.",
        ),
    ] = None,
    connections: Annotated[
        int, typer.Option("--connections", min=1, max=10_000, help="Students in the class.")
    ] = 200,
    seconds: Annotated[
        float, typer.Option("--seconds", min=0.1, max=60, help="Time for each measurement.")
    ] = 3.0,
    is_mine: Annotated[
        bool,
        typer.Option("--yes-it-is-mine", help="Load a server that is not on this machine, too."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Measure how fast a teacher reaches a class on this machine.

    The load comes from one Python process on the same machine, which shares
    the processor with the server: where it was busy all the time, the server
    can do more than the table says. Compare runs on one machine, not machines.
    """
    if url is not None and not is_mine:
        _refuse_others(url)
    _raise_files_limit()
    with asyncio.Runner(loop_factory=_loops()) as runner:
        rows = runner.run(_bench(url, connections, seconds))
    if as_json:
        print(json.dumps([row._asdict() for row in rows], indent=2))
    else:
        _print(rows, connections)
        if url is not None:
            print("A server hears nobody faster than its limits allow; --limits off lifts them.")


async def _bench(url: str | None, connections: int, seconds: float) -> list[Row]:
    try:
        async with _server(url) as address, crowd(address, connections) as lesson:
            return [await _measure(lesson, load, seconds) for load in _LOADS]
    except ConnectionLost as lost:
        raise Failed(f"the server has ended the connection: {lost}") from None


async def _measure(lesson: Lesson, load: Load, seconds: float) -> Row:
    lesson.begin(load.event)
    started, busy = time.perf_counter(), time.process_time()
    while time.perf_counter() < started + seconds:
        while len(lesson.sent) - lesson.complete < load.in_flight:
            await lesson.tell(load.event)
        await lesson.something_complete()
    while lesson.complete < len(lesson.sent):
        await lesson.something_complete()
    took_s = time.perf_counter() - started
    client_busy = (time.process_time() - busy) / took_s
    latencies = sorted(lesson.latencies)
    p50, p99, worst = (
        1000 * latencies[int(part * (len(latencies) - 1))] for part in (0.5, 0.99, 1)
    )
    rate = len(latencies) / took_s
    return Row(load.in_flight, load.is_on_disk, rate, p50, p99, worst, client_busy)


@asynccontextmanager
async def _server(url: str | None) -> AsyncIterator[str]:
    """The address of the server to measure: a fresh one, which ends with the block, or that one."""
    if url is not None:
        yield Remote(url).url
        return
    with tempfile.TemporaryDirectory(prefix="quad-bench-") as data:
        command = [sys.executable, "-m", "quad", "serve", "--port", "0", "--limits", "off"]
        server = await asyncio.create_subprocess_exec(
            *command, "--data", data, "--log-level", "error", env=_plain_environment(),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        try:
            yield await _address(server)
        finally:
            if server.returncode is None:
                server.terminate()
            await server.wait()


async def _address(server: asyncio.subprocess.Process) -> str:
    """What the server prints when it is ready. Raises Failed."""
    assert server.stdout is not None
    printed = ""
    async for line in server.stdout:
        printed += line.decode(errors="replace")
        found = re.search(r"http://[\w.\-]+:\d+", printed)
        if found:
            return found[0]
    raise Failed(f"the server did not start:\n{printed.strip()}")


def _plain_environment() -> dict[str, str]:
    """Without the settings of another server, whose data and port are none of ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith("QUAD_")}


def _refuse_others(url: str) -> None:
    host = urlsplit(Remote(url).url).hostname or ""
    try:
        found = socket.getaddrinfo(host, None)
    except OSError as error:
        raise Unreachable(url, reason(error)) from None
    # An IPv6 address may name its interface.
    addresses = [str(address[0]).partition("%")[0] for *_, address in found]
    if not all(ipaddress.ip_address(address).is_loopback for address in addresses):
        raise Failed(
            f"{host} is not this machine, and others may be using it; if it is yours to put under "
            "load, say --yes-it-is-mine"
        )


def _loops() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        # Only here, for it is slow to import.
        from uvloop import new_event_loop
    except ModuleNotFoundError:
        # Windows has none.
        return asyncio.new_event_loop
    return new_event_loop


def _raise_files_limit() -> None:
    try:
        import resource
    except ModuleNotFoundError:
        # Windows has no such limit.
        return
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _print(rows: list[Row], connections: int) -> None:
    people = "1 student" if connections == 1 else f"{connections:,} students"
    table = Table(title=f"A teacher tells {people}", header_style="bold", title_justify="left")
    table.add_column("in flight", justify="right")
    table.add_column("durable")
    for column in ("deliveries/s", "p50 ms", "p99 ms", "worst ms", "client"):
        table.add_column(column, justify="right")
    for row in rows:
        times = (f"{ms:.2f}" for ms in (row.p50_ms, row.p99_ms, row.worst_ms))
        rate, busy = f"{row.deliveries_per_s:,.0f}", f"{row.client_busy:.0%}"
        table.add_row(str(row.in_flight), "yes" if row.is_on_disk else "no", rate, *times, busy)
    Console(highlight=False).print(table)
    print("durable: on disk before it is told; client: how busy this program was.")
    if any(row.client_busy > _BUSY for row in rows):
        print("Where this client was busy all the time, it was the limit, and not the server.")
