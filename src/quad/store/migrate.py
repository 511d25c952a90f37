"""Applying the migrations of the package.

Several nodes may start at once: the first one migrates, the others wait for it and find nothing
left to do.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from .errors import StoreUnavailable
from .failures import declared_errors
from .sqlite import prepare_writers
from .urls import parse_url

LOCK_TIMEOUT_S: Final = 60
"""How long a node waits for another one that is migrating."""

_POSTGRESQL_LOCK: Final = 0x71756164  # any constant of ours; "quad" in ASCII

# Alembic keeps the running migration in module globals.
_alembic: Final = threading.Lock()


async def migrate(url: str) -> None:
    """Brings the database to the newest revision; does nothing when it is there.

    Raises ValueError for an address that is none of ours, StoreUnavailable when nobody answers or
    another node's migration does not end.
    """
    # A thread with its own loop: migrating may take long, and Alembic itself does not await.
    await asyncio.to_thread(_migrate, parse_url(url))


async def current_revision(url: str) -> str | None:
    """The database's revision; None before the first migration."""
    parsed = parse_url(url)
    with declared_errors():
        async with _engine(parsed) as engine, engine.connect() as connection:
            return await connection.run_sync(
                lambda sync: MigrationContext.configure(sync).get_current_revision()
            )


async def head_revision() -> str:
    """The newest revision this program knows."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


async def is_current(url: str) -> bool:
    """Whether the database has the schema that this program needs."""
    return await current_revision(url) == await head_revision()


def _migrate(url: URL) -> None:
    with _alembic:
        asyncio.run(_upgrade(url))


async def _upgrade(url: URL) -> None:
    with declared_errors():
        async with _engine(url) as engine:
            if url.get_backend_name() == "sqlite":
                # Its transactions lock at their begin, for exactly one writer.
                prepare_writers(engine.sync_engine, busy_timeout_s=LOCK_TIMEOUT_S)
            async with engine.begin() as connection:
                await _lock(connection, url)
                await connection.run_sync(_upgrade_to_head)


async def _lock(connection: AsyncConnection, url: URL) -> None:
    """Waits for other nodes.

    The lock ends with the transaction or the connection: a node that dies leaves none behind.
    """
    match url.get_backend_name():
        case "postgresql":
            await connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_S}s'"))
            await connection.execute(text(f"SELECT pg_advisory_xact_lock({_POSTGRESQL_LOCK})"))
        case "mysql":
            # The name is the server's, not the database's; 64 characters at most.
            name = func.concat("quad-", func.md5(func.database()))
            if await connection.scalar(select(func.get_lock(name, LOCK_TIMEOUT_S))) != 1:
                raise StoreUnavailable("Another node's migration does not end.")


def _upgrade_to_head(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    path = str(files("quad.store") / "migrations")
    config.set_main_option("script_location", path.replace("%", "%%"))
    return config


@asynccontextmanager
async def _engine(url: URL) -> AsyncIterator[AsyncEngine]:
    # MariaDB notes that it has only one name for primary keys, and asyncmy logs notes as warnings.
    is_mysql = url.get_backend_name() == "mysql"
    options = {"init_command": "SET SESSION sql_notes = 0"} if is_mysql else {}
    engine = create_async_engine(
        url, poolclass=NullPool, hide_parameters=True, connect_args=options
    )
    try:
        yield engine
    finally:
        await engine.dispose()
