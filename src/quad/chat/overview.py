"""All chats, for whoever looks after the server: those that were used last come first."""

from datetime import UTC, datetime
from typing import Final

from msgspec import Struct

from quad.chat.chats import Chats
from quad.chat.state import Chat, User
from quad.store.mailbox import milliseconds_at

_SHOWN: Final = 100


class MemberOverview(Struct):
    """Somebody in a chat."""

    phone: str
    name: str
    is_online: bool


class ChatOverview(Struct):
    """A chat; `people` are its first hundred members, `messages` those that are kept.

    `last_at` is when somebody wrote last; null if nothing that was said is kept.
    """

    name: str
    owner: MemberOverview
    members: int
    people: list[MemberOverview]
    messages: int
    created_at: datetime
    last_at: datetime | None


class ChatPage(Struct):
    """Some of the chats; `total` is how many were found."""

    total: int
    chats: list[ChatOverview]


async def find_chats(chats: Chats, search: str, offset: int, limit: int) -> ChatPage:
    """The chats whose name, or a member's name or number, holds some letters, whatever their case.

    Raises StoreUnavailable.
    """
    wanted = search.strip().casefold()
    found = [chat for chat in chats.by_name.values() if _is_found(chat, wanted)]
    found.sort(key=lambda chat: max(chat.id, chat.last_id), reverse=True)
    shown = found[offset : offset + limit]
    counts = await chats.mailbox.counts([chat.box for chat in shown])
    return ChatPage(len(found), [_overview(chat, counts.get(chat.box, 0)) for chat in shown])


def _is_found(chat: Chat, wanted: str) -> bool:
    return wanted in chat.name.casefold() or any(
        wanted in user.name.casefold() or wanted in user.phone for user in chat.members.values()
    )


def _overview(chat: Chat, messages: int) -> ChatOverview:
    return ChatOverview(
        name=chat.name,
        owner=_member(chat.owner),
        members=len(chat.members),
        people=[_member(user) for user in list(chat.members.values())[:_SHOWN]],
        messages=messages,
        created_at=_time_of(chat.id),
        last_at=_time_of(chat.last_id) if messages else None,
    )


def _member(user: User) -> MemberOverview:
    return MemberOverview(user.shown_phone, user.name, bool(user.seats))


def _time_of(id: int) -> datetime:
    return datetime.fromtimestamp(milliseconds_at(id) / 1000, UTC)
