"""Changes, and how waiting calls become one transaction. No I/O."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec import Struct, field
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


Outcome = Callable[[Exception | None], object]
"""Called once with what became of some changes: None, they are saved."""


class Call(Struct, frozen=True, eq=False, gc=False):
    """Changes that are saved together, and who is told."""

    changes: Sequence[Change]
    outcome: Outcome
    has_future: bool = False
    """Whether `outcome` does no more than to resolve a future."""


class Step(NamedTuple):
    """One statement and the rows to execute it with (None: it has no parameters)."""

    statement: Executable
    rows: list[Mapping[str, Any]] | None


class Batch(Struct, eq=False):
    """Calls that share a transaction, and what of their changes is to be executed, in order."""

    calls: list[Call] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    is_abandoned: bool = False
    """Nobody waits for it any more: it must take nothing."""
    began_at: float = 0.0
    """By `time.perf_counter`."""

    def add(self, call: Call) -> None:
        """Puts in a call that is tried alone."""
        self.calls.append(call)
        self.changes.extend(call.changes)

    def take(self, queue: deque[Call], limit: int) -> None:
        """Takes calls from the front until at least `limit` changes are to be executed.

        A call is never divided, so the last one may pass the limit. Others may append to the queue
        meanwhile, in other threads as well; one alone may take.
        """
        pending: dict[Hashable, Change] = {}
        while queue and len(pending) < limit:
            call = queue.popleft()
            self.calls.append(call)
            for change in call.changes:
                key = change.key
                if key is None:
                    pending[object()] = change
                else:
                    # Removed first: the later change must not move to the place of the earlier.
                    pending.pop(key, None)
                    pending[key] = change
        self.changes.extend(pending.values())


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
