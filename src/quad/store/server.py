"""PostgreSQL and MySQL/MariaDB: one connection writes, a pool reads."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import URL, Executable, Row
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from .batch import Step
from .errors import StoreUnavailable
from .failures import declared_errors, is_lost_connection, is_transient

LOCK_TIMEOUT_S: Final = 2
"""How long a statement waits for a lock of another session."""

ANSWER_TIMEOUT_S: Final = 10.0
"""How long a transaction or a query may take: a silent network says nothing by itself."""

CONNECT_TIMEOUT_S: Final = 5

_ATTEMPTS: Final = 3
_IN_DOUBT: Final = "The connection was lost during a commit: nobody knows whether it was saved."

_CONNECT_ARGS: Final[dict[str, dict[str, Any]]] = {
    "postgresql": {
        "timeout": CONNECT_TIMEOUT_S,
        "server_settings": {"lock_timeout": f"{LOCK_TIMEOUT_S}s", "application_name": "quad"},
    },
    "mysql": {
        "connect_timeout": CONNECT_TIMEOUT_S,
        "charset": "utf8mb4",
        "init_command": (
            f"SET SESSION innodb_lock_wait_timeout={LOCK_TIMEOUT_S}, "
            f"lock_wait_timeout={LOCK_TIMEOUT_S}, "
            # Or a value that is too long would be cut instead of refused.
            "sql_mode='STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'"
        ),
    },
}


class ServerEngine:
    """A database server. A lost connection is replaced by the next call that needs one."""

    def __init__(
        self, url: URL, readers: int, *, answer_timeout_s: float = ANSWER_TIMEOUT_S
    ) -> None:
        self._answer_timeout_s = answer_timeout_s
        self._reads = 0
        self._no_reads = asyncio.Event()
        self._no_reads.set()
        # READ COMMITTED: with MySQL's default, nodes that upsert would lock each other's gaps.
        self._writer = _engine(url, 1, isolation_level="READ COMMITTED")
        self._readers = _engine(
            url, readers, isolation_level="AUTOCOMMIT", skip_autocommit_rollback=True
        )

    async def open(self) -> None:
        """Connects the writer; raises StoreUnavailable."""
        await self.transact([])

    async def transact(self, steps: Sequence[Step]) -> None:
        """See `Engine`."""
        with declared_errors():
            async with asyncio.timeout(self._answer_timeout_s):
                await self._transact(steps)

    async def read(
        self, statement: Executable, values: Mapping[str, Any] | None
    ) -> Sequence[Row[Any]]:
        """See `Engine`."""
        self._reads += 1
        self._no_reads.clear()
        try:
            with declared_errors():
                async with asyncio.timeout(self._answer_timeout_s):
                    return await self._read(statement, values)
        finally:
            self._reads -= 1
            if not self._reads:
                self._no_reads.set()

    async def aclose(self) -> None:
        """See `Engine`."""
        await self._no_reads.wait()
        await self._readers.dispose()
        await self._writer.dispose()

    async def _transact(self, steps: Sequence[Step]) -> None:
        for _ in range(_ATTEMPTS - 1):
            try:
                await self._attempt(steps)
                return
            except DBAPIError as error:
                if not (is_lost_connection(error) or is_transient(error)):
                    raise
        await self._attempt(steps)

    async def _attempt(self, steps: Sequence[Step]) -> None:
        """One try; whatever it raises as the driver's error is known to be rolled back."""
        is_commit_sent = False
        try:
            async with self._writer.connect() as connection:
                for statement, rows in steps:
                    await connection.execute(statement, rows)
                is_commit_sent = True
                await connection.commit()
        except DBAPIError as error:
            if is_commit_sent and is_lost_connection(error):
                raise StoreUnavailable(_IN_DOUBT) from error
            raise

    async def _read(
        self, statement: Executable, values: Mapping[str, Any] | None
    ) -> Sequence[Row[Any]]:
        try:
            return await self._read_once(statement, values)
        except DBAPIError as error:
            if not is_lost_connection(error):
                raise
        return await self._read_once(statement, values)

    async def _read_once(
        self, statement: Executable, values: Mapping[str, Any] | None
    ) -> Sequence[Row[Any]]:
        async with self._readers.connect() as connection:
            return (await connection.execute(statement, values)).all()


def connect_alone(url: URL) -> AsyncEngine:
    """An engine whose connections are not shared and commit each statement by itself."""
    return create_async_engine(
        url,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,
        connect_args=_CONNECT_ARGS[url.get_backend_name()],
    )


def _engine(url: URL, pool_size: int, **options: Any) -> AsyncEngine:
    return create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=CONNECT_TIMEOUT_S,
        hide_parameters=True,
        connect_args=_CONNECT_ARGS[url.get_backend_name()],
        **options,
    )
