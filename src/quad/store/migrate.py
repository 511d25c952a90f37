"""Applying the migrations of the package.

Several nodes may start at once: the first one migrates, the others wait for it and find nothing
left to do.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from importlib.resources import files
from typing import Any, Final, TypeVar

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, create_engine, func, select, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from .errors import StoreUnavailable
from .failures import declared_errors
from .urls import parse_url

LOCK_TIMEOUT_S: Final = 60
"""How long a node waits for another one that is migrating."""

_POSTGRESQL_LOCK: Final = 0x71756164  # any constant of ours; "quad" in ASCII

# Alembic keeps the running migration in module globals.
_alembic: Final = threading.Lock()

T = TypeVar("T")


async def migrate(url: str) -> None:
    """Brings the database to the newest revision; does nothing when it is there.

    Raises ValueError for an address that is none of ours, StoreUnavailable when nobody answers or
    another node's migration does not end.
    """
    await _on_connection(parse_url(url), _upgrade)


async def current_revision(url: str) -> str | None:
    """The database's revision; None before the first migration. Raises like `migrate`."""
    return await _on_connection(parse_url(url), _revision)


async def head_revision() -> str:
    """The newest revision this program knows."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


async def is_current(url: str) -> bool:
    """Whether the database has the schema that this program needs. Raises like `migrate`."""
    return await current_revision(url) == await head_revision()


def _upgrade(connection: Connection) -> None:
    with _alembic:
        _lock(connection)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _lock(connection: Connection) -> None:
    """Waits for other nodes.

    The lock ends with the transaction or the connection: a node that dies leaves none behind.
    """
    match connection.dialect.name:
        case "sqlite":
            connection.execute(text("BEGIN IMMEDIATE"))
        case "postgresql":
            connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_S}s'"))
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_POSTGRESQL_LOCK})"))
        case _:
            # The name is the server's, not the database's; 64 characters at most.
            name = func.concat("quad-", func.md5(func.database()))
            if connection.scalar(select(func.get_lock(name, LOCK_TIMEOUT_S))) != 1:
                raise StoreUnavailable("Another node's migration does not end.")


def _config() -> Config:
    config = Config()
    path = str(files("quad.store") / "migrations")
    config.set_main_option("script_location", path.replace("%", "%%"))
    return config


async def _on_connection(url: URL, work: Callable[[Connection], T]) -> T:
    """Does the work in one transaction.

    In a thread, for a server with a loop of its own: migrating may take long, and Alembic itself
    does not await.
    """
    with declared_errors():
        if url.get_backend_name() == "sqlite":
            return await asyncio.to_thread(_on_file, url, work)
        return await asyncio.to_thread(lambda: asyncio.run(_on_server(url, work)))


def _on_file(url: URL, work: Callable[[Connection], T]) -> T:
    engine = create_engine(
        url.set(drivername="sqlite+pysqlite"),
        poolclass=NullPool,
        hide_parameters=True,
        connect_args={"timeout": LOCK_TIMEOUT_S},
    )
    with engine.begin() as connection:
        return work(connection)


async def _on_server(url: URL, work: Callable[[Connection], T]) -> T:
    options: dict[str, Any] = {}
    if url.get_backend_name() == "mysql":
        # MariaDB warns that it knows only one name for primary keys; asyncmy would log that.
        options = {"init_command": "SET SESSION max_error_count = 0"}
    engine = create_async_engine(
        url, poolclass=NullPool, hide_parameters=True, connect_args=options
    )
    try:
        async with engine.begin() as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()
