"""Applying the migrations of the package.

Several programs may do it at once: the first one migrates, the others wait for it and find nothing
left to do.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import Any, Final, TypeVar

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, create_engine, func, inspect, select, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from .errors import Conflict, NewerSchema, StatementRejected, StoreUnavailable, UnfitSchema
from .failures import declared_errors
from .schema import metadata
from .urls import parse_url

log = logging.getLogger("quad.store")

LOCK_TIMEOUT_S: Final = 60
"""How long a program waits for another one that is migrating."""

_SILENCE_S: Final = 1.0
_BACKUP: Final = "Only a backup, or a new database, helps here."
_POSTGRESQL_LOCK: Final = 0x71756164  # any constant of ours; "quad" in ASCII

# Alembic keeps the running migration in module globals.
_alembic: Final = threading.Lock()

T = TypeVar("T")


async def migrate(url: str) -> None:
    """Brings the database to the newest revision; does nothing when it is there.

    Raises ValueError for an address that is none of ours, NewerSchema for tables that a newer
    version has made, UnfitSchema for tables that no version has, StoreUnavailable when nobody
    answers or another migration does not end.
    """
    try:
        await _on_connection(parse_url(url), _upgrade)
    except (StatementRejected, Conflict) as error:
        raise UnfitSchema(
            "The tables could not be brought up to date: they are not those of the revision that "
            f"the database names. {_BACKUP}"
        ) from error


async def current_revision(url: str) -> str | None:
    """The database's revision; None before the first migration. Raises like `migrate`."""
    return await _on_connection(parse_url(url), _revision)


async def head_revision() -> str:
    """The newest revision this program knows."""
    return _head()


async def is_current(url: str) -> bool:
    """Whether the database has the schema that this program needs.

    Raises like `migrate`.
    """
    return await _on_connection(parse_url(url), _is_whole)


def _upgrade(connection: Connection) -> None:
    with _alembic:
        with _telling_of_the_wait():
            _lock(connection)
        _revision(connection)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    _check_tables(connection)


@contextmanager
def _telling_of_the_wait() -> Iterator[None]:
    """Nobody should wonder for a minute why nothing happens."""
    timer = threading.Timer(
        _SILENCE_S,
        log.warning,
        ("waiting for another program that has the database, %d s at most", LOCK_TIMEOUT_S),
    )
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _is_whole(connection: Connection) -> bool:
    if _revision(connection) != _head():
        return False
    _check_tables(connection)
    return True


def _head() -> str:
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def _revision(connection: Connection) -> str | None:
    """Raises NewerSchema for a revision that is none of ours, UnfitSchema for tables without."""
    revisions = MigrationContext.configure(connection).get_current_heads()
    if len(revisions) > 1:
        raise UnfitSchema(
            f"Its table alembic_version names {len(revisions)} revisions, where there is one at a "
            f"time. {_BACKUP}"
        )
    if not revisions:
        _check_empty(connection)
        return None
    scripts = ScriptDirectory.from_config(_config())
    if revisions[0] not in {script.revision for script in scripts.walk_revisions()}:
        raise NewerSchema(
            f"The database was made by a newer Quad (revision {revisions[0]}, which this one does "
            "not know)."
        )
    return revisions[0]


def _check_empty(connection: Connection) -> None:
    """Raises UnfitSchema for tables of ours: the first migrations would be run over them."""
    if not metadata.tables.keys().isdisjoint(inspect(connection).get_table_names()):
        raise UnfitSchema(
            "The database has tables of Quad, but its table alembic_version, which says of what "
            f"revision they are, is missing or empty. {_BACKUP}"
        )


def _check_tables(connection: Connection) -> None:
    """Raises UnfitSchema if the newest revision has tables that are not there.

    It knows of those whose modules were imported.
    """
    missing = metadata.tables.keys() - set(inspect(connection).get_table_names())
    if missing:
        raise UnfitSchema(f"The database lacks tables: {', '.join(sorted(missing))}. {_BACKUP}")


def _lock(connection: Connection) -> None:
    """Waits for other programs.

    The lock ends with the transaction or the connection: one that dies leaves none behind.
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
                raise StoreUnavailable("Another program's migration does not end.")


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
