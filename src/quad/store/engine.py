"""The port between the store's queue and a database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import Executable, Row

from .batch import Step


class Engine(Protocol):
    """One database, which belongs to one store. Errors of the driver arrive as StoreError.

    Called on the loop. One transaction is under way at a time: the next `transact` comes at the
    earliest within `ended` of the one before. Any number of reads may be under way beside it.
    """

    def transact(
        self, take: Callable[[], Sequence[Step]], ended: Callable[[Exception | None], object]
    ) -> None:
        """Executes all steps, in order, in one transaction; then has the loop call `ended`.

        Never waits or raises. `take` gives the steps. It is called when the transaction can begin,
        in whatever thread that is, and at most once: not at all, if it fails before. Without steps
        there is no transaction.

        `ended` is called once, in no task, and told None after the commit: then it is on disk, and
        every later `read` sees it. On an error nothing is saved, but for OutcomeUnknown: then
        nobody can know. What is no StoreError is a bug.
        """

    def on_doubt(self, told: Callable[[], object]) -> None:
        """Have `told` called when a transaction takes long whose commit was sent: it goes on until
        its outcome is known. To be called once, before the first transaction.
        """

    async def read(
        self, statements: Sequence[Executable], values: Mapping[str, Any] | None
    ) -> list[Sequence[Row[Any]]]:
        """The rows of each statement; they see all transactions of which `ended` was told.

        Raises StoreUnavailable, StatementRejected.
        """

    async def aclose(self, within_s: float | None = None) -> None:
        """Ends all connections, after the reads that are under way; drops them after `within_s`.

        The last call. A transaction that is still under way was given up by the store: it may be
        committed or not, and `ended` may never be called.
        """
