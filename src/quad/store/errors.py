"""What can go wrong in the store.

    StoreError                  root; also "something failed that has no better name"
    ├── StoreUnavailable        nothing can be saved or read now: full disk, lock, lost connection
    │   ├── OutcomeUnknown      the connection was lost in a commit, and did not come back
    │   └── SessionLost         this node of a cluster may not write: others have, or had, its lock
    ├── Conflict                this change contradicts what is saved: unique, foreign key, check
    ├── StatementRejected       the database cannot take this statement or this value
    ├── StoreClosed             the store was closed before the call
    ├── DatabaseInUse           another process has the database
    ├── NewerSchema             the database was made by a newer version of this program
    └── UnfitSchema             its tables are not those of the revision that it names

`str(error)` is a sentence for people and holds no SQL, no values and no password; what the driver
said is in `__cause__`.
"""

from __future__ import annotations

from typing import ClassVar, Final, Self

DOUBT: Final = (
    "The database did not answer, nobody knows whether this was saved: look before you try again!"
)
"""What clients are told of `OutcomeUnknown`, under the code of what cannot be saved now."""

IN_DOUBT: Final = "The store was stopped during a commit: nobody knows whether it was saved."


class StoreError(Exception):
    """Nothing of the failed call was saved, unless the message says that the outcome is unknown."""

    code: ClassVar[str] = "store_error"
    sentence: ClassVar[str] = "The database failed."

    def __init__(self, sentence: str | None = None) -> None:
        super().__init__(sentence or self.sentence)

    def again(self) -> Self:
        """The same error as a new object: each waiting caller raises its own."""
        twin = type(self)(str(self))
        twin.__cause__ = self.__cause__
        return twin


class StoreUnavailable(StoreError):
    """A full disk, a lock that does not end, a lost connection: trying again later may work."""

    code = "store_unavailable"
    sentence = "The database is not available."


class OutcomeUnknown(StoreUnavailable):
    """The database was told to commit, and never answered: perhaps it did."""

    code = "outcome_unknown"
    sentence = "The connection was lost during a commit: nobody knows whether it was saved."


class SessionLost(StoreUnavailable):
    """A node has not the lock without which none may write: perhaps it was declared dead."""

    code = "session_lost"
    sentence = "This node has lost its place in the cluster."


def sentence_for_clients(error: BaseException | None, usual: str) -> str:
    """The usual sentence for a change that cannot be saved now, unless its outcome is not known."""
    return DOUBT if isinstance(error, OutcomeUnknown) else usual


class Conflict(StoreError):
    """A unique, foreign key, not-null or check constraint forbids the change."""

    code = "conflict"
    sentence = "The change contradicts what is saved."


class StatementRejected(StoreError):
    """The statement is wrong or a value does not fit; trying again cannot work."""

    code = "statement_rejected"
    sentence = "The database cannot take this statement or value."


class DatabaseInUse(StoreError):
    """Another Quad has the database: two would undo each other's work."""

    code = "database_in_use"
    sentence = "Another Quad has the database."


class NewerSchema(StoreError):
    """The tables are of a revision that this version does not know."""

    code = "newer_schema"
    sentence = "The database was made by a newer Quad."


class UnfitSchema(StoreError):
    """The tables are not those of a revision: somebody has removed some, or the revision itself."""

    code = "unfit_schema"
    sentence = "The tables are not those of the revision that the database names."


class StoreClosed(StoreError):
    """The store was closed before the call, or before the call could be saved."""

    code = "store_closed"
    sentence = "The store is closed."
