"""PostgreSQL and MySQL/MariaDB: one connection writes, a pool reads.

Of several nodes each has a lock on the session of its writing connection: see `session`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from sqlalchemy import URL, Executable, Row
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from .batch import Step
from .errors import IN_DOUBT, OutcomeUnknown, StoreUnavailable
from .failures import declared_errors, is_lost_connection, is_transient
from .session import NodeSession

LOCK_TIMEOUT_S: Final = 2
"""How long a statement waits for a lock of another session."""

ANSWER_TIMEOUT_S: Final = 10.0
"""How long a transaction or a query may take: a silent network says nothing by itself."""

CONNECT_TIMEOUT_S: Final = 5

_ATTEMPTS: Final = 3
DOUBT_S: Final = 60.0
"""How long to find out whether a commit whose answer was lost has been saved: a database that has
crashed reads its log before it answers."""

REFUSAL_S: Final = 5.0
"""So long others wait behind a commit in doubt. What waits is certain not to be saved."""

_RECONNECT_S: Final = 0.1

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


class _Doubt:
    """Whether a commit was sent and its answer is not known; and who is told that this lasts."""

    is_open = False
    telling: asyncio.TimerHandle | None = None

    def settle(self) -> None:
        """It is known, or nobody will ever know."""
        if self.telling is not None:
            self.telling.cancel()


class ServerEngine:
    """A database server. A lost connection is replaced by the next call that needs one.

    If it is lost between a commit and its answer, the same transaction is tried again on another:
    keys are the program's own and changes set what is to be, so it conflicts with itself if it was
    saved, or changes nothing, and is saved now if it was not.
    """

    def __init__(
        self,
        url: URL,
        readers: int,
        *,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
        session: NodeSession | None = None,
    ) -> None:
        self._url = url
        self._session = session
        self._answer_timeout_s = answer_timeout_s
        self._tell_doubt: Callable[[], object] = lambda: None
        self._under_way: asyncio.Task[None] | None = None
        self._reads = 0
        self._no_reads = asyncio.Event()
        self._no_reads.set()
        # READ COMMITTED: with MySQL's default, upserts would lock gaps against others' writes.
        self._writer = _engine(url, 1, isolation_level="READ COMMITTED")
        self._readers = _engine(
            url, readers, isolation_level="AUTOCOMMIT", skip_autocommit_rollback=True
        )

    async def open(self) -> None:
        """Connects the writer, for a node with its lock; raises StoreUnavailable, DatabaseInUse."""
        await self._commit([])
        if self._session is not None:
            with declared_errors():
                async with asyncio.timeout(self._answer_timeout_s):
                    await self._check_direct(self._session)

    def on_doubt(self, told: Callable[[], object]) -> None:
        """See `Engine`."""
        self._tell_doubt = told

    def transact(
        self, take: Callable[[], Sequence[Step]], ended: Callable[[Exception | None], object]
    ) -> None:
        """See `Engine`."""
        # Held here: the loop alone would let go of it.
        self._under_way = asyncio.get_running_loop().create_task(
            self._take_and_commit(take), name="quad-store-writer"
        )
        self._under_way.add_done_callback(partial(_tell, ended))

    async def _take_and_commit(self, take: Callable[[], Sequence[Step]]) -> None:
        steps = take()
        if steps:
            await self._commit(steps)

    async def _commit(self, steps: Sequence[Step]) -> None:
        doubt = _Doubt()
        try:
            with declared_errors():
                await self._transact(steps, doubt)
        except StoreUnavailable as error:
            if doubt.is_open:
                raise OutcomeUnknown from error
            raise
        finally:
            doubt.settle()

    async def read(
        self, statements: Sequence[Executable], values: Mapping[str, Any] | None
    ) -> list[Sequence[Row[Any]]]:
        """See `Engine`."""
        if asyncio.current_task() is None:
            # So are handlers run that overlap (`realtime.drive`), and time limits need a task.
            return await asyncio.ensure_future(self._read_in_time(statements, values))
        return await self._read_in_time(statements, values)

    async def _read_in_time(
        self, statements: Sequence[Executable], values: Mapping[str, Any] | None
    ) -> list[Sequence[Row[Any]]]:
        self._reads += 1
        self._no_reads.clear()
        try:
            with declared_errors():
                async with asyncio.timeout(self._answer_timeout_s):
                    return await self._read(statements, values)
        finally:
            self._reads -= 1
            if not self._reads:
                self._no_reads.set()

    async def aclose(self, within_s: float | None = None) -> None:
        """See `Engine`."""
        if self._under_way is not None and not self._under_way.done():
            self._under_way.cancel()
            await asyncio.wait([self._under_way], timeout=within_s)
        try:
            async with asyncio.timeout(within_s):
                await self._no_reads.wait()
                await self._readers.dispose()
                await self._writer.dispose()
        except TimeoutError:
            # The sockets end with the process, and the database's sessions with them.
            await self._readers.dispose(close=False)
            await self._writer.dispose(close=False)

    async def _transact(self, steps: Sequence[Step], doubt: _Doubt) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        attempts = 0
        while True:
            try:
                patient_from = loop.time() if doubt.is_open else began
                async with asyncio.timeout_at(patient_from + self._answer_timeout_s):
                    await self._attempt(steps, doubt)
                return
            except IntegrityError:
                # All of it fitted when the commit was sent, and nobody else writes these rows: it
                # is saved. With several nodes, too: each thing is written by its home alone, and
                # a node that is no home any more does not get as far as here (`SessionLost`).
                if doubt.is_open:
                    doubt.is_open = False
                    return
                raise
            except (DBAPIError, OSError) as error:  # a TimeoutError is one
                attempts += 1
                if not doubt.is_open:
                    if attempts == _ATTEMPTS or not _may_be_repeated(error):
                        raise
                    continue
                # Whatever keeps us from finding out may pass, also a database that starts.
                if loop.time() > began + DOUBT_S:
                    raise
                if doubt.telling is None:
                    doubt.telling = loop.call_at(began + REFUSAL_S, self._tell_doubt)
                await asyncio.sleep(_RECONNECT_S)

    async def _attempt(self, steps: Sequence[Step], doubt: _Doubt) -> None:
        """One try; whatever it raises is rolled back, unless that leaves the doubt open."""
        was_open = doubt.is_open
        try:
            async with self._writer.connect() as connection:
                if self._session is not None:
                    await self._session.hold(connection)
                for statement, rows in steps:
                    await connection.execute(statement, rows)
                doubt.is_open = True
                await connection.commit()
                doubt.is_open = False
                if self._session is not None:
                    self._session.is_held = True
        except asyncio.CancelledError:
            # The database is silent; whether the session lives is not known.
            if self._session is not None:
                self._session.is_held = False
            raise
        except DBAPIError as error:
            # A commit that was refused is none; one whose answer was lost may be one.
            doubt.is_open = was_open or (doubt.is_open and is_lost_connection(error))
            if self._session is not None and is_lost_connection(error):
                self._session.is_held = False
            raise

    async def _check_direct(self, session: NodeSession) -> None:
        others = connect_alone(self._url)
        try:
            async with self._writer.connect() as connection, others.connect() as other:
                await session.check_direct(connection, other)
        finally:
            await others.dispose()

    async def _read(
        self, statements: Sequence[Executable], values: Mapping[str, Any] | None
    ) -> list[Sequence[Row[Any]]]:
        try:
            return await self._read_once(statements, values)
        except DBAPIError as error:
            if not is_lost_connection(error):
                raise
        return await self._read_once(statements, values)

    async def _read_once(
        self, statements: Sequence[Executable], values: Mapping[str, Any] | None
    ) -> list[Sequence[Row[Any]]]:
        async with self._readers.connect() as connection:
            return [(await connection.execute(each, values)).all() for each in statements]


def _tell(ended: Callable[[Exception | None], object], done: asyncio.Task[None]) -> None:
    if done.cancelled():
        ended(OutcomeUnknown(IN_DOUBT))
        return
    error = done.exception()
    assert error is None or isinstance(error, Exception)
    ended(error)


def _may_be_repeated(error: DBAPIError | OSError) -> bool:
    """Whether another try, at once and on another connection, may do better."""
    return isinstance(error, DBAPIError) and (is_lost_connection(error) or is_transient(error))


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
