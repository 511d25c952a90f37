"""``quad serve``."""

import gc

import typer

from quad.cli import options
from quad.cli.failures import naming_database


def serve(
    host: options.Host = None,
    port: options.Port = None,
    data: options.Data = None,
    database: options.Database = None,
    config: options.Config = None,
    limits: options.Limits = None,
    log_level: options.LogLevel = None,
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
            "--limits": limits,
            "--log-level": log_level,
        },
    )
    # Only here: the server knows everyone, and every other command starts faster without it.
    from quad.server import run

    with naming_database(settings.server.database_url):
        raise typer.Exit(run(settings))
