"""Users and chats as they are in memory: what the database says, and who is connected.

What is here is committed. A change that is decided and not yet committed lives in the operation
that makes it, which has its chat or its phone to itself meanwhile (`quad.exclusive`).
"""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

import msgspec

from quad.chat.keys import RecentKeys
from quad.chat.model import PROTOCOLS, shown_date
from quad.realtime import RawConnection, Shared
from quad.store import Device, Reader

_encode = msgspec.json.Encoder().encode


class ShownUser(msgspec.Struct, frozen=True):
    """A user as clients see one."""

    name: str
    phone: str
    disconnection_date: str | None


class Code(NamedTuple):
    """What hands a phone over, or resets its token; kept as a hash."""

    hashed: str
    expires_at: datetime


class User:
    """Somebody who has registered, online or not."""

    __slots__ = (
        "_shown",
        "chats",
        "code",
        "disconnected_at",
        "keys",
        "name",
        "phone",
        "reader",
        "removals",
        "seats",
        "shown_phone",
        "takes_portions",
        "token",
    )

    def __init__(
        self,
        phone: str,
        shown_phone: str,
        name: str,
        disconnected_at: datetime | None,
        token: str | None,
    ) -> None:
        """`phone` is the normal form, `shown_phone` what its owner wrote."""
        self.phone = phone
        self.shown_phone = shown_phone
        self.name = name
        self.disconnected_at = disconnected_at
        # The token's hash; None while original clients may log in as this phone.
        self.token = token
        self.code: Code | None = None
        self.reader = Reader()
        self.seats: set[Seat] = set()
        # Chats by id, each with the id after which its messages are this member's.
        self.chats: dict[int, tuple[Chat, int]] = {}
        # The ids of removals that are not proven to have been heard of.
        self.removals: set[int] = set()
        # Whether a client of this phone has found a `state` too long.
        self.takes_portions = False
        # Of the messages of the last day; read when the first one comes that has a key.
        self.keys: RecentKeys | None = None
        self._shown: bytes | None = None

    @property
    def shown(self) -> bytes:
        """The user as JSON; encoded once for as long as nothing changes."""
        if self._shown is None:
            at = self.disconnected_at
            date = None if at is None else shown_date(at)
            self._shown = _encode(ShownUser(self.name, self.shown_phone, date))
        return self._shown

    @property
    def reader_name(self) -> str:
        """The mailbox's name of this user."""
        return f"chat/{self.phone}"

    def rename(self, name: str, shown_phone: str) -> None:
        """Show another name, and another spelling of the phone, from now on."""
        self.name = name
        self.shown_phone = shown_phone
        self._shown = None
        for chat, _ in self.chats.values():
            chat.changed()

    def show_presence(self, disconnected_at: datetime | None) -> None:
        """Show when the user left, or that they are here."""
        self.disconnected_at = disconnected_at
        self._shown = None


class Removal(NamedTuple):
    """Somebody was removed from a chat and may not have heard of it.

    The messages with `since < id <= id` are still theirs; the rest is the chat as it was then.
    """

    phone: str
    id: int
    chat: int
    since: int
    name: str
    owner: str
    members: tuple[str, ...]


class Seat:
    """One connection of a user."""

    __slots__ = ("connection", "device", "protocol", "user")

    def __init__(
        self, connection: RawConnection, user: User, device: Device, protocol: int
    ) -> None:
        self.connection = connection
        self.user = user
        self.device = device
        self.protocol = protocol


class Chat:
    """A chat with its members, the oldest first."""

    __slots__ = (
        "_object",
        "box",
        "first_id",
        "id",
        "is_open",
        "last_id",
        "members",
        "name",
        "owner",
        "shown_name",
        "topics",
    )

    def __init__(self, chat_id: int, name: str, owner: User, *, is_open: bool = False) -> None:
        """`is_open`: members may read what was said before they came."""
        self.id = chat_id
        self.name = name
        self.shown_name = _encode(name)
        self.owner = owner
        self.is_open = is_open
        self.members: dict[str, User] = {}
        self.box = box_of(chat_id)
        # What reaches the members' connections of each protocol.
        self.topics = {protocol: f"{self.box}/{protocol}" for protocol in PROTOCOLS}
        # The last message that was told, and where the ones that are kept begin, or before.
        self.last_id = 0
        self.first_id = 0
        self._object: Shared | None = None

    def add(self, user: User, since: int) -> None:
        """Make a user a member, who gets the messages after an id."""
        self.members[user.phone] = user
        user.chats[self.id] = (self, since)
        self.changed()

    def remove(self, user: User) -> None:
        """Make a member leave."""
        del self.members[user.phone]
        del user.chats[self.id]
        self.changed()

    def hand_to(self, owner: User) -> None:
        """Make a member the owner."""
        self.owner = owner
        self.changed()

    def changed(self) -> None:
        """What is told of the chat with its messages has to be encoded anew."""
        self._object = None

    def seats(self) -> Iterator[Seat]:
        """Every open connection of every member."""
        for member in self.members.values():
            yield from member.seats

    @property
    def object(self) -> Shared:
        """The chat as JSON, as it comes with every message to original clients.

        Encoded when it is needed after a change of the chat. Who is online is no change: the dates
        are those of that moment. With a thousand members it has 80 kB, so each message cannot have
        one of its own.
        """
        if self._object is None:
            self._object = Shared(self.shown)
        return self._object

    @property
    def shown(self) -> bytes:
        """The chat as JSON, with who is online now."""
        members = b",".join([member.shown for member in self.members.values()])
        return b'{"name":%b,"members":[%b],"owner":%b}' % (
            self.shown_name,
            members,
            self.owner.shown,
        )


def box_of(chat_id: int) -> str:
    """The mailbox's name of a chat."""
    return f"chat/{chat_id:x}"
