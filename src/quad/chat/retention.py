"""What chat forgets when nobody has used it for long; see `quad.retention`."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from sqlalchemy import Select, func, select

from quad.chat import tables
from quad.chat.chats import Chats
from quad.chat.state import User
from quad.retention import Expiry, Kind
from quad.store.mailbox import count_before, drop_reader, id_before, trim


def _count_messages(before: datetime) -> Select[int]:
    return count_before("chat", before)


def _count_removals(before: datetime) -> Select[int]:
    removals = tables.removals
    return select(func.count()).select_from(removals).where(removals.c.id < id_before(before))


def _count_phones(before: datetime) -> Select[int]:
    users, members = tables.users, tables.members
    is_member = select(members.c.phone).where(members.c.phone == users.c.phone).exists()
    return (
        select(func.count()).select_from(users).where(users.c.disconnected_at < before, ~is_member)
    )


_MESSAGES: Final = Kind(
    name="chat_messages",
    what="chat messages",
    setting="chat_messages_days",
    count=_count_messages,
    was_counted=True,
)
_REMOVALS: Final = Kind(
    name="chat_removals",
    what="removals from chats that nobody came to hear of",
    setting="chat_messages_days",
    count=_count_removals,
)
_PHONES: Final = Kind(
    name="chat_phones",
    what="phones without a chat",
    setting="unused_days",
    count=_count_phones,
)

KINDS: Final[tuple[Kind, ...]] = (_MESSAGES, _REMOVALS, _PHONES)


class Forgetting:
    """Forgets it in the database and in memory."""

    def __init__(self, chats: Chats) -> None:
        self._chats = chats

    @property
    def expiries(self) -> tuple[Expiry, ...]:
        """Everything that can be too old."""
        return (
            Expiry(_MESSAGES, self.messages),
            Expiry(_REMOVALS, self.removals),
            Expiry(_PHONES, self.phones),
        )

    async def messages(self, before: datetime, limit: int) -> int:
        """Forget the oldest messages, also those that somebody has not come to get."""
        too_old, gone = id_before(before), 0
        for chat in list(self._chats.by_name.values()):
            if gone >= limit:
                break
            if not chat.last_id or chat.first_id >= too_old:
                continue
            # One more, to know from when on there is something to do.
            ids = await self._chats.mailbox.first_ids(chat.box, limit - gone + 1)
            old = [each for each in ids[: limit - gone] if each < too_old]
            chat.first_id = ids[len(old)] if len(old) < len(ids) else chat.last_id + 1
            if old:
                await self._chats.write(trim(chat.box, old[-1]))
                gone += len(old)
        return gone

    async def removals(self, before: datetime, limit: int) -> int:
        """Forget who was removed and never came back to hear of it."""
        too_old = id_before(before)
        found = [
            (user, each)
            for user in self._chats.users.values()
            for each in user.removals
            if each < too_old
        ][:limit]
        if found:
            await self._chats.write(
                *[tables.delete_removal(user.phone, each) for user, each in found]
            )
        for user, each in found:
            user.removals.discard(each)
        return len(found)

    async def phones(self, before: datetime, limit: int) -> int:
        """Forget phones that are in no chat, with their tokens and readers."""
        gone = 0
        for phone in [user.phone for user in self._unused(before)][:limit]:
            async with self._chats.turns.turn(("phone", phone)):
                user = self._chats.users.get(phone)
                if user is not None and _is_unused(user, before):
                    await self._forget(user)
                    gone += 1
        return gone

    def _unused(self, before: datetime) -> Iterator[User]:
        return (user for user in self._chats.users.values() if _is_unused(user, before))

    async def _forget(self, user: User) -> None:
        # Out of memory first: nobody can add somebody to a chat who is about to go.
        del self._chats.users[user.phone]
        try:
            await self._chats.write(*tables.delete_user(user.phone), drop_reader(user.reader_name))
        except BaseException:
            self._chats.users[user.phone] = user
            raise
        self._chats.mailbox.forget(user.reader_name)


def _is_unused(user: User, before: datetime) -> bool:
    left = user.disconnected_at
    return left is not None and left < before and not user.chats and not user.seats
