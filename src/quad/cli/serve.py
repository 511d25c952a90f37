"""``quad serve``."""

import gc
import sys
from collections.abc import Iterator
from typing import Annotated

import typer

from quad.cli import options
from quad.cli.failures import naming_database
from quad.settings import BadSettings, Settings, conflicts

# Set by `quad.workers` for the processes that it starts.
AsWorker = Annotated[str | None, typer.Option("--as-worker", hidden=True)]


def serve(
    host: options.Host = None,
    port: options.Port = None,
    data: options.Data = None,
    database: options.Database = None,
    workers: options.Workers = None,
    bus: options.Bus = None,
    config: options.Config = None,
    limits: options.Limits = None,
    log_level: options.LogLevel = None,
    as_worker: AsWorker = None,
) -> None:
    """Run the server until it is stopped with Ctrl-C or SIGTERM.

    It prints its address when it is ready. Without flags it listens on this
    machine only and keeps its data in ./quad-data, in a SQLite file.
    """
    # What is imported from here on stays: to search it for garbage is a sixth of the start. The
    # search begins when the server listens.
    gc.disable()
    settings = options.settings_from(
        config,
        {
            "--host": host,
            "--port": port,
            "--data": data,
            "--database": database,
            "--workers": workers,
            "--bus": bus,
            "--limits": limits,
            "--log-level": log_level,
        },
    )
    if problems := (*conflicts(settings), *_troubles_of_bus(settings)):
        raise BadSettings(problems)
    with naming_database(settings.server.database_url):
        raise typer.Exit(_run(settings, as_worker))


def _troubles_of_bus(settings: Settings) -> Iterator[str]:
    """What is wrong with the broker's address, as a sentence."""
    if not settings.cluster.bus:
        return
    # Only here: whoever has one node needs none of it.
    from quad.bus.urls import check_url

    try:
        check_url(settings.cluster.bus)
    except ValueError as error:
        yield f"cluster.bus: {error}"


def _run(settings: Settings, as_worker: str | None) -> int:
    # Only here: the server knows everyone, and every other command starts faster without it.
    from quad import workers

    worker = workers.Worker.parse(as_worker) if as_worker else None
    if worker is None and settings.server.workers > 1:
        return workers.run(settings, sys.argv[1:])
    if worker is not None:
        worker.end_with_parent()
    from quad.server import run

    return run(settings, worker)
