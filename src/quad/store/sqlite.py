"""SQLite: one thread writes, a few read, one hop to a thread for a whole transaction or query.

aiosqlite hops for every statement, begin, fetch and commit. Measured side by side with
`synchronous=FULL`: a commit of one row 1.0 ms there and 0.32 ms here, a read by key 1.4 ms and
0.25 ms, 200 rows a commit 120,000 and 200,000 rows/s.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from sqlalchemy import URL, Connection, Executable, Row, create_engine, event
from sqlalchemy import Engine as SyncEngine

from .batch import Step
from .failures import declared_errors
from .prepared import Prepared, PreparedStatements
from .threads import Threads

BUSY_TIMEOUT_S: Final = 2.0
"""How long a transaction waits for a lock of another program."""

# A deferred transaction that reads before it writes fails at once when it meets a lock.
_BEGIN: Final = "BEGIN IMMEDIATE"


class SqliteEngine:
    """A SQLite file in WAL mode: readers never wait for the writer."""

    def __init__(self, url: URL, readers: int, busy_timeout_s: float | None = None) -> None:
        self._engine = _sync_engine(url, pool_size=1)
        prepare_writers(self._engine, busy_timeout_s)
        self._readers_engine = _sync_engine(url, pool_size=readers)
        _prepare_readers(self._readers_engine)
        self._writer = Threads(1, "quad-store-writer")
        self._readers = Threads(readers, "quad-store-reader")
        self._connection: Connection | None = None
        self._prepared = PreparedStatements(self._engine.dialect)

    async def open(self) -> None:
        """Connects the writer; raises StoreUnavailable."""
        with declared_errors():
            await self._writer.call(self._connect)

    def transact(
        self, take: Callable[[], Sequence[Step]], ended: Callable[[Exception | None], object]
    ) -> None:
        """See `Engine`."""
        self._writer.submit(partial(self._transact, take), lambda _, error: ended(error))

    async def read(
        self, statements: Sequence[Executable], values: Mapping[str, Any] | None
    ) -> list[Sequence[Row[Any]]]:
        """See `Engine`."""
        with declared_errors():
            return await self._readers.call(self._read, statements, values)

    def on_doubt(self, told: Callable[[], object]) -> None:
        """See `Engine`: here the outcome is always known."""

    async def aclose(self, within_s: float | None = None) -> None:
        """See `Engine`."""
        closing = asyncio.ensure_future(asyncio.to_thread(self._close))
        await asyncio.wait([closing], timeout=within_s)

    def _transact(self, take: Callable[[], Sequence[Step]]) -> None:
        with declared_errors():
            connection = self._connect()
            steps = take()
            if steps:
                self._execute(connection, steps)

    def _execute(self, connection: Connection, steps: Sequence[Step]) -> None:
        prepared = self._prepared.find_all(steps)
        if prepared is not None:
            driver = connection.connection.driver_connection
            assert driver is not None  # it was connected to just now
            _transact(driver, prepared)
            return
        with connection.begin():
            for statement, rows in steps:
                connection.execute(statement, rows)

    def _connect(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def _read(
        self, statements: Sequence[Executable], values: Mapping[str, Any] | None
    ) -> list[Sequence[Row[Any]]]:
        with self._readers_engine.connect() as connection:
            return [connection.execute(each, values).all() for each in statements]

    def _close(self) -> None:
        self._readers.close()
        self._readers_engine.dispose()
        self._writer.close()
        # Last, so that it is this connection that folds the log into the file.
        if self._connection is not None:
            self._connection.close()
        self._engine.dispose()


def _transact(driver: sqlite3.Connection, steps: Sequence[tuple[Prepared, Step]]) -> None:
    cursor = driver.cursor()
    if len(steps) == 1:
        [(prepared, step)] = steps
        if step.rows is None or len(step.rows) == 1:
            # A statement alone is a transaction and locks at its begin. Each call gives the
            # interpreter up and waits to have it back: measured, this takes half the time of three.
            [parameters] = prepared.parameters(step.rows)
            cursor.execute(prepared.sql, parameters)
            return
    cursor.execute(_BEGIN)
    try:
        for prepared, step in steps:
            cursor.executemany(prepared.sql, prepared.parameters(step.rows))
        cursor.execute("COMMIT")
    except BaseException:
        driver.rollback()  # nothing to do where SQLite has done it
        raise


def prepare_writers(engine: SyncEngine, busy_timeout_s: float | None = None) -> None:
    """Gives the engine's connections durable commits and transactions that lock at their begin."""
    if busy_timeout_s is None:
        busy_timeout_s = BUSY_TIMEOUT_S

    @event.listens_for(engine, "connect")
    def set_pragmas(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # or the driver would begin by itself, without a lock
        _pragmas(
            connection,
            f"busy_timeout={int(busy_timeout_s * 1000)}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
        )

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(_BEGIN)


def _prepare_readers(engine: SyncEngine) -> None:
    @event.listens_for(engine, "connect")
    def set_pragmas(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None
        _pragmas(connection, f"busy_timeout={int(BUSY_TIMEOUT_S * 1000)}", "query_only=ON")


def _pragmas(connection: sqlite3.Connection, *pragmas: str) -> None:
    cursor = connection.cursor()
    for pragma in pragmas:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _sync_engine(url: URL, pool_size: int) -> SyncEngine:
    return create_engine(
        url.set(drivername="sqlite+pysqlite"),
        pool_size=pool_size,
        max_overflow=0,
        hide_parameters=True,
        connect_args={"check_same_thread": False},
    )
