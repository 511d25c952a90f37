"""The store: a queue of changes in front of one writer, and reads beside it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any, Final, Protocol, Self

from sqlalchemy import Executable, Row

from .batch import Batch, Call, Change, merge_steps, take_batch
from .engine import Engine
from .errors import OutcomeUnknown, StoreClosed, StoreError, StoreUnavailable
from .schema import probe
from .server import ServerEngine
from .sqlite import SqliteEngine
from .upsert import upsert
from .urls import parse_url

BATCH_LIMIT: Final = 1000
CHECK_TIMEOUT_S: Final = 1.0

# A cancelled driver first tries to tell its database.
_CANCEL_S: Final = 0.2

_PROBE: Final = upsert(probe, key=["id"], update=["filler"])
# Larger than a page, so that the probe needs free space and not only a page that is there.
_FILLERS: Final = (bytes(32 * 1024), b"")
_IN_DOUBT: Final = "The store was stopped during a commit: nobody knows whether it was saved."


class Observer(Protocol):
    """Hears what the store does; called in the event loop, so it must be quick."""

    def committed(self, seconds: float, changes: int) -> None:
        """A transaction of `changes` statements' rows was committed; `seconds` from its begin."""

    def failed(self, code: str) -> None:
        """One call failed with this code (`StoreError.code`, or "bug")."""


class Store:
    """Durable state.

    Writes of concurrent callers share a transaction (group commit): while one commits, the next
    gathers; an idle store commits at once. The order of commits is the order of calls, and what
    `write` has acknowledged is on disk and visible to every later `read`.
    """

    def __init__(
        self, engine: Engine, observer: Observer | None = None, batch_limit: int = BATCH_LIMIT
    ) -> None:
        """For `open`; must run inside the event loop."""
        self._engine = engine
        self._observer = observer
        self._batch_limit = batch_limit
        self._queue: deque[Call] = deque()
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._is_closing = False
        self._writer = self._loop.create_task(self._commit_forever(), name="quad-store-writer")
        self._closed: asyncio.Task[None] | None = None

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        observer: Observer | None = None,
        read_connections: int = 4,
        batch_limit: int = BATCH_LIMIT,
        busy_timeout_s: float | None = None,
    ) -> Self:
        """Connects to `sqlite+aiosqlite:///path`, `postgresql+asyncpg://...` or
        `mysql+asyncmy://...`; does not migrate.

        `batch_limit`: changes that share a transaction, at most; `busy_timeout_s`: how long SQLite
        waits for another program's lock, by default `BUSY_TIMEOUT_S`.

        Raises ValueError for another address and StoreUnavailable when nobody answers.
        """
        parsed = parse_url(url)
        engine: SqliteEngine | ServerEngine
        if parsed.get_backend_name() == "sqlite":
            engine = SqliteEngine(parsed, read_connections, busy_timeout_s)
        else:
            engine = ServerEngine(parsed, read_connections)
        try:
            await engine.open()
        except BaseException:
            await engine.aclose()
            raise
        return cls(engine, observer, batch_limit)

    def write(self, *changes: Change) -> asyncio.Future[None]:
        """Queues the changes, now, to be saved all or none; the future resolves after the commit.

        A caller that stops waiting changes nothing: the changes are saved all the same. Without
        changes the future resolves when everything before it is settled.

        Raises StoreClosed at once; through the future: Conflict and StatementRejected for this
        call alone, StoreUnavailable when nothing can be saved.
        """
        if self._is_closing:
            raise StoreClosed
        done = self._loop.create_future()
        self._queue.append(Call(changes, done))
        if not self._wake.is_set():  # asked here: `set` costs more than the rest of this call
            self._wake.set()
        return done

    async def read(
        self, statement: Executable, values: Mapping[str, Any] | None = None
    ) -> Sequence[Row[Any]]:
        """The rows of one query. Does not wait for writes, and sees all that are acknowledged.

        Raises StoreClosed, StoreUnavailable, StatementRejected.
        """
        if self._is_closing:
            raise StoreClosed
        return await self._engine.read(statement, values)

    async def check(self, timeout_s: float = CHECK_TIMEOUT_S) -> None:
        """Writes the probe as everybody writes: by the queue, twice, within a second.

        Raises StoreUnavailable unless that works.
        """
        try:
            async with asyncio.timeout(timeout_s):
                for filler in _FILLERS:
                    await self.write(Change(_PROBE, {"id": 1, "filler": filler}))
        except TimeoutError as error:
            raise StoreUnavailable("The database does not save within a second.") from error
        except StoreUnavailable:
            raise
        except StoreError as error:
            raise StoreUnavailable(f"The database cannot save: {error}") from error

    async def aclose(self, within_s: float | None = None) -> None:
        """Saves what is queued, then closes the connections. May be called again.

        After `within_s` it gives up: a database that does not answer is left alone, and whoever
        waits is told that the outcome is not known.
        """
        if self._closed is None:
            self._closed = self._loop.create_task(self._close(within_s), name="quad-store-close")
        await asyncio.shield(self._closed)

    async def _close(self, within_s: float | None) -> None:
        self._is_closing = True
        self._wake.set()
        done, _ = await asyncio.wait([self._writer], timeout=within_s)
        if done:
            await self._engine.aclose(within_s)
            return
        self._writer.cancel()
        await asyncio.wait([self._writer], timeout=_CANCEL_S)
        await self._engine.aclose(_CANCEL_S)

    async def _commit_forever(self) -> None:
        try:
            while not self._is_closing:
                await self._wake.wait()
                self._wake.clear()
                while self._queue:
                    await self._commit_next()
        finally:
            # Only a cancelled writer (the loop is being stopped) leaves something here.
            self._is_closing = True
            self._fail(list(self._queue), StoreClosed())
            self._queue.clear()

    async def _commit_next(self) -> None:
        batch = take_batch(self._queue, self._batch_limit)
        try:
            await self._commit(batch)
        except asyncio.CancelledError:
            unsettled = [call for call in batch.calls if not call.done.done()]
            self._fail(unsettled, OutcomeUnknown(_IN_DOUBT))
            raise

    async def _commit(self, batch: Batch) -> None:
        try:
            await self._transact(batch.changes)
        except StoreUnavailable as error:
            # It would fail for each call alone as well, each after its own timeout.
            self._fail(batch.calls, error)
        except Exception as error:  # noqa: BLE001 - whatever it is belongs to the callers
            if len(batch.calls) == 1:
                self._fail(batch.calls, error)
            else:
                await self._commit_alone(batch.calls)
        else:
            _resolve(batch.calls)

    async def _commit_alone(self, calls: Sequence[Call]) -> None:
        for index, call in enumerate(calls):
            try:
                await self._transact(call.changes)
            except StoreUnavailable as error:
                self._fail(calls[index:], error)
                return
            except Exception as error:  # noqa: BLE001 - as above
                self._fail([call], error)
            else:
                _resolve([call])

    async def _transact(self, changes: Sequence[Change]) -> None:
        if not changes:
            return
        started = perf_counter()
        await self._engine.transact(merge_steps(changes))
        self._observe_commit(perf_counter() - started, len(changes))

    def _fail(self, calls: Sequence[Call], error: Exception) -> None:
        for call in calls:
            self._observe_failure(error)
            if not call.done.done():
                call.done.set_exception(error.again() if isinstance(error, StoreError) else error)

    # The observer is called by the loop: if it raises, that must not look like a failed commit.

    def _observe_commit(self, seconds: float, changes: int) -> None:
        if self._observer is not None:
            self._loop.call_soon(self._observer.committed, seconds, changes)

    def _observe_failure(self, error: Exception) -> None:
        if self._observer is not None:
            code = error.code if isinstance(error, StoreError) else "bug"
            self._loop.call_soon(self._observer.failed, code)


def _resolve(calls: Sequence[Call]) -> None:
    for call in calls:
        if not call.done.done():
            call.done.set_result(None)
