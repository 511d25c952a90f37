"""Changes, and how waiting calls become one transaction. No I/O."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, NamedTuple

from msgspec import Struct
from sqlalchemy import Executable


class Change(Struct, frozen=True, eq=False):
    """One statement with its values.

    `key` says "latest state only": of the changes that wait with equal keys only the last is
    executed, in its own place in the order. Keys are shared by all systems: begin with a name of
    your own, as in ("classroom_files", room, name).

    `values` may be a function that makes them, called only for changes that are executed.
    """

    statement: Executable
    values: Mapping[str, Any] | Callable[[], Mapping[str, Any]] | None = None
    key: Hashable = None


class Call(Struct, frozen=True, eq=False, gc=False):
    """One `Store.write`: its changes are saved together, then `done` resolves."""

    changes: tuple[Change, ...]
    done: asyncio.Future[None]


class Step(NamedTuple):
    """One statement and the rows to execute it with (None: it has no parameters)."""

    statement: Executable
    rows: list[Mapping[str, Any]] | None


class Batch(NamedTuple):
    """Calls that share a transaction, and what of their changes is to be executed, in order."""

    calls: list[Call]
    changes: list[Change]


def take_batch(queue: deque[Call], limit: int) -> Batch:
    """Takes calls from the front until at least `limit` changes are to be executed.

    A call is never divided, so the last one may pass the limit.
    """
    calls: list[Call] = []
    pending: dict[Hashable, Change] = {}
    while queue and len(pending) < limit:
        call = queue.popleft()
        calls.append(call)
        for change in call.changes:
            if change.key is None:
                pending[object()] = change
            else:
                # Removed first: the later change must not move to the place of the earlier.
                pending.pop(change.key, None)
                pending[change.key] = change
    return Batch(calls, list(pending.values()))


def merge_steps(changes: Iterable[Change]) -> list[Step]:
    """Neighbours that share their statement (the same object) and columns become one step."""
    steps: list[Step] = []
    for change in changes:
        values = change.values() if callable(change.values) else change.values
        if values is None:
            steps.append(Step(change.statement, None))
        elif not _joined(steps, change.statement, values):
            steps.append(Step(change.statement, [values]))
    return steps


def _joined(steps: list[Step], statement: Executable, values: Mapping[str, Any]) -> bool:
    if not steps or steps[-1].statement is not statement:
        return False
    rows = steps[-1].rows
    # SQLAlchemy compiles for the columns of the first row and would drop others in silence.
    if rows is None or rows[0].keys() != values.keys():
        return False
    rows.append(values)
    return True
