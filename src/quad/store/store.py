"""The store: a queue of changes in front of one writer, and reads beside it."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from threading import Lock
from time import perf_counter
from typing import Any, Final, Protocol, Self

from sqlalchemy import Executable, Row

from .batch import Batch, Call, Change, Outcome, Step, merge_steps
from .engine import Engine
from .errors import IN_DOUBT, OutcomeUnknown, StoreClosed, StoreError, StoreUnavailable
from .schema import probe
from .server import ServerEngine
from .session import NodeSession
from .sqlite import SqliteEngine
from .threads import resolve
from .upsert import upsert
from .urls import parse_url

log = logging.getLogger("quad.store")

BATCH_LIMIT: Final = 1000
CHECK_TIMEOUT_S: Final = 1.0

# A cancelled driver first tries to tell its database.
_CANCEL_S: Final = 0.2

_PROBE: Final = upsert(probe, key=["id"], update=["filler"])
# Larger than a page, so that the probe needs free space and not only a page that is there.
_FILLERS: Final = (bytes(32 * 1024), b"")


class Observer(Protocol):
    """Hears what the store does; called in the event loop, so it must be quick.

    If it raises, the loop's exception handler is told, and nobody's write fails of it.
    """

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
        self,
        engine: Engine,
        observer: Observer | None = None,
        batch_limit: int = BATCH_LIMIT,
        session: NodeSession | None = None,
    ) -> None:
        """For `open`; must run inside the event loop."""
        self._engine = engine
        self._session = session
        self._observer = observer
        self._batch_limit = batch_limit
        self._queue: deque[Call] = deque()
        self._taking = Lock()
        self._loop = asyncio.get_running_loop()
        self._is_closing = False
        # The transaction that is being executed, and the calls of one that failed, which are tried
        # one by one before anything else.
        self._under_way: Batch | None = None
        self._alone: deque[Call] = deque()
        self._idle = asyncio.Event()
        self._closed: asyncio.Task[None] | None = None
        # Of the transaction under way nobody knows yet whether it is saved.
        self._is_in_doubt = False
        # Of an earlier one nobody has found out.
        self._is_unsure = False
        self.on_unsure: Callable[[], object] = lambda: None
        """Called when something is saved again after a call that has raised OutcomeUnknown: what
        was read from the database before may not be what it says."""
        engine.on_doubt(self._refuse_waiting)

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        observer: Observer | None = None,
        read_connections: int = 4,
        batch_limit: int = BATCH_LIMIT,
        busy_timeout_s: float | None = None,
        session: NodeSession | None = None,
    ) -> Self:
        """Connects to `sqlite+aiosqlite:///path`, `postgresql+asyncpg://...` or
        `mysql+asyncmy://...`; does not migrate.

        `batch_limit`: changes that share a transaction, at most; `busy_timeout_s`: how long SQLite
        waits for another program's lock, by default `BUSY_TIMEOUT_S`; `session`: this is one of
        several nodes, on a database server, and joins them. Every write of a node raises
        SessionLost, and saves nothing, while its session has not its lock.

        Raises ValueError for another address, StoreUnavailable when nobody answers, and
        DatabaseInUse when a node may not join.
        """
        parsed = parse_url(url)
        engine: SqliteEngine | ServerEngine
        if parsed.get_backend_name() == "sqlite":
            if session is not None:
                raise ValueError("several nodes need PostgreSQL or MySQL/MariaDB")
            engine = SqliteEngine(parsed, read_connections, busy_timeout_s)
        else:
            engine = ServerEngine(parsed, read_connections, session=session)
        try:
            await engine.open()
        except BaseException:
            await engine.aclose()
            raise
        return cls(engine, observer, batch_limit, session)

    def write(self, *changes: Change) -> asyncio.Future[None]:
        """Queues the changes, now, to be saved all or none; the future resolves after the commit.

        A caller that stops waiting changes nothing: the changes are saved all the same. Without
        changes the future resolves when everything before it is settled.

        Raises StoreClosed at once; through the future: Conflict and StatementRejected for this
        call alone, StoreUnavailable when nothing can be saved.
        """
        done = self._loop.create_future()
        self._put(Call(changes, partial(resolve, done, None), has_future=True))
        return done

    async def settle(self) -> None:
        """Returns when all that was to be written before this is saved, or never will be."""
        with suppress(StoreError):
            await self.write()
        if self._is_in_doubt:
            await self._idle.wait()

    def submit(self, changes: Sequence[Change], outcome: Outcome) -> None:
        """As `write`, for what comes by the ten thousand: no future, `outcome` is called instead.

        It is called by the loop, in no task, with None or with the error that `write` would raise;
        in the order of the calls, also of those of `write`. Measured, this saves 1.2 of the 10 µs
        that a relayed file takes.

        Raises StoreClosed at once.
        """
        self._put(Call(changes, outcome))

    def save_soon(
        self, *changes: Change, what: str, failed: Callable[[], object] = lambda: None
    ) -> None:
        """As `submit`, for what nobody waits for: it may be told again, or be wrong for a while.

        A failure is logged, under `what`, and told to `failed`.
        """
        try:
            self.submit(changes, partial(_report, what, failed))
        except StoreClosed as error:
            log.warning("%s: not saved: %s", what, error)

    def _put(self, call: Call) -> None:
        if self._is_closing:
            raise StoreClosed
        if self._is_in_doubt:
            self._loop.call_soon(self._tell, [call], StoreUnavailable())
            return
        self._queue.append(call)
        if self._under_way is None:
            self._idle.clear()
            self._begin()

    async def read(
        self, statement: Executable, values: Mapping[str, Any] | None = None
    ) -> Sequence[Row[Any]]:
        """The rows of one query. Does not wait for writes, and sees all that are acknowledged.

        Raises StoreClosed, StoreUnavailable, StatementRejected.
        """
        [rows] = await self.read_all((statement,), values)
        return rows

    async def read_all(
        self, statements: Sequence[Executable], values: Mapping[str, Any] | None = None
    ) -> list[Sequence[Row[Any]]]:
        """The rows of several queries, which have the same values, on one connection.

        For what is read by the thousand: each way to a connection and back costs as much as a small
        query. Later queries may see more than earlier ones. Raises as `read` does.
        """
        if self._is_closing:
            raise StoreClosed
        return await self._engine.read(statements, values)

    async def check(self, timeout_s: float = CHECK_TIMEOUT_S) -> None:
        """Writes the probe as everybody writes: by the queue, twice, within a second.

        Raises StoreUnavailable unless that works.
        """
        # A row for each node: they would wait for each other, within everybody's transactions.
        row = 1 if self._session is None else self._session.incarnation
        try:
            async with asyncio.timeout(timeout_s):
                for filler in _FILLERS:
                    await self.write(Change(_PROBE, {"id": row, "filler": filler}))
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
        if self._under_way is None:
            await self._engine.aclose(within_s)
            return
        try:
            async with asyncio.timeout(within_s):
                await self._idle.wait()
        except TimeoutError:
            self._give_up()
            within_s = _CANCEL_S
        await self._engine.aclose(within_s)

    # One transaction at a time. `_begin` and `_ended` are called by the loop and never wait: a
    # task in between would take three turns of the loop for each commit.

    def _refuse_waiting(self) -> None:
        """What is under way is in doubt and may be so for long: nobody waits behind it."""
        self._is_in_doubt = True
        with self._taking:
            waiting = [*self._alone, *self._queue]
            self._queue = deque()
        self._alone.clear()
        self._settle(waiting, StoreUnavailable())

    def _begin(self) -> None:
        """Begin the next transaction, if anything waits."""
        batch = Batch()
        if self._alone:
            batch.add(self._alone.popleft())
        elif not self._queue:
            self._idle.set()
            return
        self._under_way = batch
        self._engine.transact(partial(self._take, batch), partial(self._ended, batch))

    def _take(self, batch: Batch) -> Sequence[Step]:
        """What the transaction is to execute; called when it begins, by the engine.

        So late, because what is written while the writer's thread wakes up still shares the
        transaction: a commit costs as much as the messages of eight relays.
        """
        with self._taking:
            if not batch.is_abandoned and not batch.calls:
                batch.take(self._queue, self._batch_limit)
        batch.began_at = perf_counter()
        return merge_steps(batch.changes)

    def _ended(self, batch: Batch, error: Exception | None) -> None:
        """The transaction has ended; the next one begins before anybody is told."""
        if batch.is_abandoned:
            return  # they have been told
        self._note_outcome(batch, error)
        if not batch.calls:
            # It failed before it began: this is what it would have begun with.
            batch.take(self._queue, self._batch_limit)
        calls = batch.calls
        if isinstance(error, StoreUnavailable):
            # It would fail for each call alone as well, each after its own timeout.
            calls = [*calls, *self._alone]
            self._alone.clear()
        elif error is not None and len(calls) > 1:
            # Whatever it is belongs to one of them.
            self._alone.extend(calls)
            calls = []
        elif error is None and batch.changes and self._observer is not None:
            seconds = perf_counter() - batch.began_at
            self._loop.call_soon(self._observer.committed, seconds, len(batch.changes))
        self._under_way = None
        self._begin()
        self._settle(calls, error)

    def _note_outcome(self, batch: Batch, error: Exception | None) -> None:
        self._is_in_doubt = False
        if isinstance(error, OutcomeUnknown):
            self._is_unsure = True
        elif self._is_unsure and error is None and batch.changes:
            self._is_unsure = False
            self._loop.call_soon(self.on_unsure)

    def _give_up(self) -> None:
        """The loop ends before the database answers."""
        batch, self._under_way = self._under_way, None
        assert batch is not None
        with self._taking:
            batch.is_abandoned = True
            left = [*self._alone, *self._queue]
            self._queue = deque()
        self._settle(batch.calls, OutcomeUnknown(IN_DOUBT))
        self._settle(left, StoreClosed())

    def _settle(self, calls: Sequence[Call], error: Exception | None) -> None:
        # Whoever waits for a future has a turn of the loop behind those that are told before it. A
        # turn for each of the others would cost as much as what they do in it.
        run: list[Call] = []
        for call in calls:
            if not call.has_future:
                run.append(call)
                continue
            if run:
                self._loop.call_soon(self._tell, run, error)
                run = []
            self._tell([call], error)
        if run:
            self._loop.call_soon(self._tell, run, error)

    def _tell(self, calls: Sequence[Call], error: Exception | None) -> None:
        for call in calls:
            if error is not None:
                self._observe_failure(error)
                error = error.again() if isinstance(error, StoreError) else error
            try:
                call.outcome(error)
            except Exception as bug:  # noqa: BLE001 - one caller's bug; the others must hear
                context = {"message": "told what became of a write, somebody failed"}
                self._loop.call_exception_handler({**context, "exception": bug})

    # The observer is called by the loop: if it raises, that must not look like a failed commit.

    def _observe_failure(self, error: Exception) -> None:
        if self._observer is not None:
            code = error.code if isinstance(error, StoreError) else "bug"
            self._loop.call_soon(self._observer.failed, code)


def _report(what: str, failed: Callable[[], object], error: Exception | None) -> None:
    if error is not None:
        log.warning("%s: not saved: %s", what, error)
        failed()
