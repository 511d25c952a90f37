"""The chat's tables, and every statement that reads or changes them.

Messages are entries of the mailbox: a box for each chat, a reader for each phone. Statements are
constants, so that the store can merge neighbours.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Row,
    Select,
    Table,
    UniqueConstraint,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from quad.chat.model import NAME_LIMIT
from quad.store import Change, metadata
from quad.store.schema import TABLE_OPTIONS, ShortText, Timestamp

_PHONE: Final = 16

users: Final = Table(
    "chat_users",
    metadata,
    Column("phone", ShortText(_PHONE), primary_key=True),
    Column("name", ShortText(NAME_LIMIT), nullable=False),
    # None while a connection is open.
    Column("disconnected_at", Timestamp),
    # None while anybody may log in as this phone.
    Column("token_hash", ShortText(64)),
    **TABLE_OPTIONS,
)

chats: Final = Table(
    "chat_chats",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", ShortText(NAME_LIMIT), nullable=False),
    Column("owner", ShortText(_PHONE), nullable=False),
    UniqueConstraint("name"),
    **TABLE_OPTIONS,
)

members: Final = Table(
    "chat_members",
    metadata,
    Column("chat", BigInteger, primary_key=True, autoincrement=False),
    Column("phone", ShortText(_PHONE), primary_key=True),
    # Of the ids of messages: the member gets what comes after; also the order of membership.
    Column("since", BigInteger, nullable=False),
    **TABLE_OPTIONS,
)

_INSERT_USER: Final = insert(users)
_RENAME_USER: Final = (
    update(users).where(users.c.phone == bindparam("of_phone")).values(name=bindparam("name"))
)
_CLAIM_USER: Final = (
    update(users)
    .where(users.c.phone == bindparam("of_phone"))
    .values(token_hash=bindparam("token_hash"))
)
_KEEP_PRESENCE: Final = (
    update(users)
    .where(users.c.phone == bindparam("of_phone"))
    .values(disconnected_at=bindparam("at"))
)
_END_PRESENCES: Final = (
    update(users).where(users.c.disconnected_at.is_(None)).values(disconnected_at=bindparam("at"))
)
_INSERT_CHAT: Final = insert(chats)
_DELETE_CHAT: Final = delete(chats).where(chats.c.id == bindparam("of_chat"))
_KEEP_OWNER: Final = (
    update(chats).where(chats.c.id == bindparam("of_chat")).values(owner=bindparam("owner"))
)
_INSERT_MEMBER: Final = insert(members)
_DELETE_MEMBER: Final = delete(members).where(
    members.c.chat == bindparam("of_chat"), members.c.phone == bindparam("of_phone")
)
_DELETE_MEMBERS: Final = delete(members).where(members.c.chat == bindparam("of_chat"))

SELECT_USERS: Final[Select[Any]] = select(
    users.c.phone, users.c.name, users.c.disconnected_at, users.c.token_hash
)
SELECT_CHATS: Final[Select[Any]] = select(chats.c.id, chats.c.name, chats.c.owner)
SELECT_MEMBERS: Final[Select[Any]] = select(
    members.c.chat, members.c.phone, members.c.since
).order_by(members.c.since)

Rows = Sequence[Row[Any]]


def insert_user(phone: str, name: str, token_hash: str | None) -> Change:
    """Add a user, who is online."""
    values = {"phone": phone, "name": name, "disconnected_at": None, "token_hash": token_hash}
    return Change(_INSERT_USER, values)


def rename_user(phone: str, name: str) -> Change:
    """Keep another name."""
    return Change(_RENAME_USER, {"of_phone": phone, "name": name})


def claim_user(phone: str, token_hash: str) -> Change:
    """From now on the phone belongs to whoever has the token."""
    return Change(_CLAIM_USER, {"of_phone": phone, "token_hash": token_hash})


def keep_presence(phone: str, disconnected_at: datetime | None) -> Change:
    """Keep when the user left, or that they are here."""
    values = {"of_phone": phone, "at": disconnected_at}
    return Change(_KEEP_PRESENCE, values, key=("chat_presence", phone))


def end_presences(at: datetime) -> Change:
    """Nobody is here any more."""
    return Change(_END_PRESENCES, {"at": at})


def insert_chat(chat: int, name: str, owner: str) -> Change:
    """Add a chat."""
    return Change(_INSERT_CHAT, {"id": chat, "name": name, "owner": owner})


def delete_chat(chat: int) -> list[Change]:
    """Forget a chat and who was in it; its messages are the mailbox's."""
    return [
        Change(_DELETE_CHAT, {"of_chat": chat}),
        Change(_DELETE_MEMBERS, {"of_chat": chat}),
    ]


def keep_owner(chat: int, owner: str) -> Change:
    """Keep who owns a chat."""
    return Change(_KEEP_OWNER, {"of_chat": chat, "owner": owner})


def insert_member(chat: int, phone: str, since: int) -> Change:
    """Add a member, who gets the messages after the id `since`."""
    return Change(_INSERT_MEMBER, {"chat": chat, "phone": phone, "since": since})


def delete_member(chat: int, phone: str) -> Change:
    """Take a member out of a chat."""
    return Change(_DELETE_MEMBER, {"of_chat": chat, "of_phone": phone})
