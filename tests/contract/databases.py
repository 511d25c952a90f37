"""Databases of their own for tests: made with a random name, dropped afterwards."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from sqlalchemy import URL, Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from quad.store import parse_url
from quad.store.migrate import _config

T = TypeVar("T")

_HOW_TO_START = {
    "postgresql": "start PostgreSQL (pg_ctlcluster 15 main start) or set QUAD_TEST_POSTGRESQL",
    "mariadb": "start MariaDB (service mariadb start) or set QUAD_TEST_MARIADB",
}


class ServiceMissing(Exception):
    """The database server does not answer; the text says how to start it."""


@dataclass
class Databases:
    """Makes and drops databases of one engine: "sqlite", "postgresql" or "mariadb"."""

    engine: str
    directory: Path
    made: list[str] = field(default_factory=list)

    def create(self, template: str = "") -> str:
        """The URL of a new, empty database, or (PostgreSQL's) a copy of one that nobody uses.

        Raises ServiceMissing.
        """
        name = f"quad_test_{secrets.token_hex(6)}"
        url = self._url(name)
        if self.engine != "sqlite":
            self._administer(
                f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else "")
            )
        self.made.append(name)
        return url

    def drop_all(self) -> None:
        if self.engine == "sqlite":
            return
        force = " WITH (FORCE)" if self.engine == "postgresql" else ""
        for name in self.made:
            self._administer(f"DROP DATABASE {name}{force}")

    def _url(self, name: str) -> str:
        if self.engine == "sqlite":
            return f"sqlite+aiosqlite:///{self.directory / name}.db"
        return self._server().set(database=name).render_as_string(hide_password=False)

    def _server(self) -> URL:
        if self.engine == "postgresql":
            known = os.environ.get("QUAD_TEST_POSTGRESQL")
            return parse_url(known or "postgresql://postgres@127.0.0.1:5432/postgres")
        return parse_url(os.environ.get("QUAD_TEST_MARIADB") or "mysql://root@127.0.0.1:3306/mysql")

    def _administer(self, statement: str) -> None:
        try:
            run_apart(_execute_alone(self._server(), statement))
        except Exception as error:
            if _is_unreachable(error):
                raise ServiceMissing(_HOW_TO_START[self.engine]) from error
            raise


@asynccontextmanager
async def connected(url: str | URL) -> AsyncIterator[AsyncConnection]:
    """A connection beside the store's, as another program would have one; commits nothing."""
    parsed = parse_url(url) if isinstance(url, str) else url
    engine = create_async_engine(parsed, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()


async def migrate_to(url: str, revision: str) -> None:
    """The tables of an older revision, in an empty database."""

    def upgrade(connection: Connection) -> None:
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    async with connected(url) as connection:
        await connection.run_sync(upgrade)
        await connection.commit()


def run_apart(coroutine: Coroutine[Any, Any, T]) -> T:
    """Runs it in a loop of its own, for fixtures that outlive the loop of a test."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


async def _execute_alone(url: URL, statement: str) -> None:
    engine = create_async_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            await connection.execute(text(statement))
    finally:
        await engine.dispose()


def _is_unreachable(error: Exception) -> bool:
    said = str(getattr(error, "orig", ""))
    return isinstance(error, OSError) or "Can't connect to MySQL server" in said
