"""Several statements as one, with decisions between them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, CursorResult, Executable


class Procedure(Executable):
    """What `run` executes, as one statement of a `Change`: in the transaction of the others.

    `run` returns the result of its last statement, and raises a StoreError for what must not be:
    then nothing is saved of the call. It may be run more than once (see `ServerEngine`), so it
    looks at what is there and sets what is to be. On database servers only.
    """

    def __init__(self, run: Callable[[Connection], CursorResult[Any]]) -> None:
        self._run = run

    def _execute_on_connection(
        self, connection: Connection, _distilled_params: object, _execution_options: object
    ) -> CursorResult[Any]:
        # The hook by which SQLAlchemy executes any Executable, as for `Upsert`.
        return self._run(connection)
