"""Sending something once: under a number of its own, and once for each key of its sender."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from quad.classroom.model import ORIGINAL, Sent
from quad.classroom.refusals import BadValue
from quad.classroom.rooms import Rooms
from quad.classroom.state import Participant
from quad.client_keys import LIMIT_BYTES, is_too_long
from quad.refusals import CannotSave
from quad.store import Change, Conflict, OutcomeUnknown
from quad.store.ids import milliseconds_of

# To give something another number, if its own is taken: no other process should have given it.
_ATTEMPTS: Final = 5
# Of one sender; older ones are looked up in the database.
_KEYS_REMEMBERED: Final = 50

Earlier = dict[str, asyncio.Future[Sent]]
"""What became of the keys that a sender has used last, or is becoming of them now."""


class Kept(NamedTuple):
    """Something that was kept under this number, at this time."""

    id: int
    at: datetime


class Sending:
    """Gives numbers to what is sent in any room, and keeps it."""

    def __init__(self, rooms: Rooms, now: Callable[[], datetime]) -> None:
        self._rooms = rooms
        self._now = now

    def mark(self) -> int:
        """An id above those of all that was sent so far, and below those of all that will be."""
        return self._next_id(self._now())

    async def keep(
        self,
        changes: Callable[[Kept], Sequence[Change]],
        look_up: Callable[[], Coroutine[Any, Any, Sent | None]] | None,
    ) -> Kept | Sent:
        """The number under which it is saved, with all of the changes, or what was told of its key
        before.

        `look_up` asks the database for that; None for what has no key.
        """
        for _ in range(_ATTEMPTS):
            at = self._now()
            kept = Kept(self._next_id(at), at)
            try:
                await self._rooms.save(*changes(kept))
            except Conflict:
                if look_up is not None:
                    # Sent before, by a connection or a server that is no more? Asked in a task: the
                    # drivers of some databases need one, and this handler runs without.
                    sent = await asyncio.get_running_loop().create_task(look_up())
                    if sent is not None:
                        return sent
                # Something earlier has this number.
                continue
            return kept
        raise CannotSave

    def _next_id(self, at: datetime) -> int:
        return self._rooms.message_ids.next_id(milliseconds_of(at))


async def once(earlier: Earlier, key: str, send: Callable[[], Awaitable[Sent]]) -> Sent:
    """What sending comes to; the same again for a key that was used before, or is used meanwhile.

    Raises what `send` raises: then the key may be used again.
    """
    under_way = earlier.get(key)
    if under_way is not None:
        return await asyncio.shield(under_way)
    done = earlier[key] = asyncio.get_running_loop().create_future()
    try:
        sent = await send()
    except BaseException as error:
        del earlier[key]
        # Whoever was cancelled may have been in the middle of the commit.
        told = error if isinstance(error, Exception) else CannotSave(OutcomeUnknown())
        done.set_exception(told)
        done.exception()  # it is no loss if nobody waits for it
        raise
    done.set_result(sent)
    if len(earlier) > _KEYS_REMEMBERED:
        _forget_first(earlier)
    return sent


def checked_key(sender: Participant, key: str | None) -> str | None:
    """The key if it is one; raises BadValue.

    Original clients know no keys: a key of theirs is one of those that mean nothing.
    """
    if key is None or sender.protocol == ORIGINAL:
        return None
    if is_too_long(key):
        raise BadValue("key", f"may not be longer than {LIMIT_BYTES} bytes")
    return key


def _forget_first(earlier: Earlier) -> None:
    """Forget the oldest that is no longer under way."""
    for key, done in earlier.items():
        if done.done():
            del earlier[key]
            return
