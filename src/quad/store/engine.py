"""The port between the store's queue and a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import Executable, Row

from .batch import Step


class Engine(Protocol):
    """One database. Errors of the driver arrive as StoreError; anything else is a bug.

    `transact` is called by one task at a time, `read` by any number.
    """

    async def transact(self, steps: Sequence[Step]) -> None:
        """Executes all steps in one transaction and returns after its commit.

        On an error nothing is saved, but for OutcomeUnknown: then nobody can know.
        """

    async def read(
        self, statement: Executable, values: Mapping[str, Any] | None
    ) -> Sequence[Row[Any]]:
        """The rows of one statement; sees all that `transact` has committed."""

    async def aclose(self, within_s: float | None = None) -> None:
        """Ends all connections, after the reads that are under way; drops them after `within_s`."""
