"""The keys that clients give to their messages: which of the last day is which message.

A client repeats what was not confirmed; the key says that it is the same message. Keys are in the
database with their messages, in one transaction, and in memory while their phone is online.
"""

import asyncio
from collections.abc import Iterable
from typing import Final, NamedTuple

KEPT_LIMIT: Final = 10_000
"""So many keys of one phone are in memory; the others of its day are looked up."""


class Keyed(NamedTuple):
    """The message that a key belongs to; `accepted` is there until it is committed."""

    chat: int
    message: int
    accepted: "asyncio.Future[None] | None" = None


class RecentKeys:
    """The keys of one phone, by their hashes, the oldest first."""

    def __init__(self, known: Iterable[tuple[str, Keyed]] = (), *, are_all: bool = True) -> None:
        """`are_all`: what is not among them was not used within a day."""
        self.are_all = are_all
        self._known = dict(known)

    def get(self, hashed: str, since: int) -> Keyed | None:
        """The message of a key, unless its id is before `since`."""
        keyed = self._known.get(hashed)
        return keyed if keyed is not None and keyed.message >= since else None

    def put(self, hashed: str, keyed: Keyed, since: int) -> None:
        """Know one more; those before `since` go."""
        self._known.pop(hashed, None)
        self._known[hashed] = keyed
        while (oldest := next(iter(self._known))) != hashed:
            is_old = self._known[oldest].message < since
            if not is_old and len(self._known) <= KEPT_LIMIT:
                return
            self.are_all &= is_old
            del self._known[oldest]

    def settle(self, hashed: str, message: int, accepted: "asyncio.Future[None]") -> None:
        """The message is committed, or it never will be."""
        keyed = self._known.get(hashed)
        if keyed is None or keyed.message != message:
            return
        if accepted.cancelled() or accepted.exception() is not None:
            del self._known[hashed]
        else:
            self._known[hashed] = Keyed(keyed.chat, message)
