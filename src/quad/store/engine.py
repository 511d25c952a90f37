"""The port between the store's queue and a database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import Executable, Row

from .batch import Step


class Engine(Protocol):
    """One database. Errors of the driver arrive as StoreError; anything else is a bug.

    One transaction is under way at a time, and any number of reads.
    """

    def transact(
        self, take: Callable[[], Sequence[Step]], ended: Callable[[Exception | None], object]
    ) -> None:
        """Executes all steps in one transaction, and then has the loop call `ended`, in no task.

        `take` gives the steps. It is called once, when the transaction can begin, in whatever
        thread that is; without steps there is no transaction.

        `ended` is told None after the commit. On an error nothing is saved, but for OutcomeUnknown:
        then nobody can know.
        """

    async def read(
        self, statement: Executable, values: Mapping[str, Any] | None
    ) -> Sequence[Row[Any]]:
        """The rows of one statement; sees all that `transact` has committed."""

    async def aclose(self, within_s: float | None = None) -> None:
        """Ends all connections, after the reads that are under way; drops them after `within_s`.

        A transaction that is under way was given up: nobody is told what becomes of it.
        """
