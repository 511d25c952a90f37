"""The chat's tables, and every statement that reads or changes them.

Messages are entries of the mailbox: a box for each chat, a reader for each phone. Statements are
constants, so that the store can merge neighbours.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
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

from quad.chat.model import NAME_LIMIT, PHONE_LIMIT
from quad.chat.state import Code, Removal
from quad.store import Change, metadata
from quad.store.schema import TABLE_OPTIONS, LongText, ShortText, Timestamp
from quad.store.upsert import upsert

_PHONE: Final = 16

users: Final = Table(
    "chat_users",
    metadata,
    Column("phone", ShortText(_PHONE), primary_key=True),
    Column("name", ShortText(NAME_LIMIT), nullable=False),
    # None while a connection is open.
    Column("disconnected_at", Timestamp),
    # None while original clients may log in as this phone.
    Column("token_hash", ShortText(64)),
    # The phone as its owner wrote it last; `phone` is what is compared.
    Column("shown_phone", ShortText(PHONE_LIMIT), nullable=False),
    Column("code_hash", ShortText(64)),
    Column("code_expires_at", Timestamp),
    **TABLE_OPTIONS,
)

chats: Final = Table(
    "chat_chats",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", ShortText(NAME_LIMIT), nullable=False),
    Column("owner", ShortText(_PHONE), nullable=False),
    # Whether members may read what was said before they came.
    Column("is_open", Boolean, nullable=False),
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

keys: Final = Table(
    "chat_keys",
    metadata,
    Column("phone", ShortText(_PHONE), primary_key=True),
    # Of what the client chose, which may be any text: databases do not compare all texts alike.
    Column("key_hash", ShortText(64), primary_key=True),
    Column("chat", BigInteger, nullable=False),
    Column("message", BigInteger, nullable=False, index=True),
    **TABLE_OPTIONS,
)

# Who was removed and may not have heard of it: the messages with since < id <= id are still theirs.
removals: Final = Table(
    "chat_removals",
    metadata,
    Column("phone", ShortText(_PHONE), primary_key=True),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("chat", BigInteger, nullable=False),
    Column("since", BigInteger, nullable=False),
    # The chat as it was at that moment; `members` are phones as JSON.
    Column("name", ShortText(NAME_LIMIT), nullable=False),
    Column("owner", ShortText(_PHONE), nullable=False),
    Column("members", LongText, nullable=False),
    **TABLE_OPTIONS,
)

_INSERT_USER: Final = insert(users)
_RENAME_USER: Final = (
    update(users)
    .where(users.c.phone == bindparam("of_phone"))
    .values(name=bindparam("name"), shown_phone=bindparam("shown_phone"))
)
_CLAIM_USER: Final = (
    update(users)
    .where(users.c.phone == bindparam("of_phone"))
    .values(token_hash=bindparam("token_hash"), code_hash=None, code_expires_at=None)
)
_KEEP_CODE: Final = (
    update(users)
    .where(users.c.phone == bindparam("of_phone"))
    .values(code_hash=bindparam("code_hash"), code_expires_at=bindparam("expires_at"))
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
_KEEP_KEY: Final = upsert(keys, key=["phone", "key_hash"], update=["chat", "message"])
_FORGET_KEYS: Final = delete(keys).where(keys.c.message < bindparam("before"))
_INSERT_REMOVAL: Final = insert(removals)
_DELETE_REMOVAL: Final = delete(removals).where(
    removals.c.phone == bindparam("of_phone"), removals.c.id == bindparam("of_removal")
)
_DELETE_USER: Final = [
    delete(table).where(table.c.phone == bindparam("of_phone")) for table in (users, keys, removals)
]
_DELETE_MEMBERS: Final = delete(members).where(members.c.chat == bindparam("of_chat"))

SELECT_USERS: Final[Select[Any]] = select(
    users.c.phone,
    users.c.shown_phone,
    users.c.name,
    users.c.disconnected_at,
    users.c.token_hash,
    users.c.code_hash,
    users.c.code_expires_at,
)
SELECT_CHATS: Final[Select[Any]] = select(chats.c.id, chats.c.name, chats.c.owner, chats.c.is_open)
SELECT_MEMBERS: Final[Select[Any]] = select(
    members.c.chat, members.c.phone, members.c.since
).order_by(members.c.since)

SELECT_KEYS: Final[Select[Any]] = (
    select(keys.c.key_hash, keys.c.chat, keys.c.message)
    .where(keys.c.phone == bindparam("of_phone"), keys.c.message >= bindparam("since"))
    .order_by(keys.c.message.desc())
    .limit(bindparam("most"))
)
SELECT_KEY: Final[Select[Any]] = select(keys.c.chat, keys.c.message).where(
    keys.c.phone == bindparam("of_phone"),
    keys.c.key_hash == bindparam("key_hash"),
    keys.c.message >= bindparam("since"),
)
SELECT_REMOVALS: Final[Select[Any]] = select(removals.c.phone, removals.c.id)
SELECT_REMOVALS_OF: Final[Select[Any]] = (
    select(removals).where(removals.c.phone == bindparam("of_phone")).order_by(removals.c.id)
)

Rows = Sequence[Row[Any]]


def insert_user(phone: str, shown_phone: str, name: str, token_hash: str | None) -> Change:
    """Add a user, who is online."""
    values = {
        "phone": phone,
        "shown_phone": shown_phone,
        "name": name,
        "disconnected_at": None,
        "token_hash": token_hash,
    }
    return Change(_INSERT_USER, values)


def rename_user(phone: str, shown_phone: str, name: str) -> Change:
    """Keep another name, and how the phone is written."""
    return Change(_RENAME_USER, {"of_phone": phone, "shown_phone": shown_phone, "name": name})


def claim_user(phone: str, token_hash: str) -> Change:
    """From now on the phone belongs to whoever has the token; a code that is out is none."""
    return Change(_CLAIM_USER, {"of_phone": phone, "token_hash": token_hash})


def keep_code(phone: str, code: Code) -> Change:
    """Keep what hands the phone over."""
    values = {"of_phone": phone, "code_hash": code.hashed, "expires_at": code.expires_at}
    return Change(_KEEP_CODE, values)


def delete_user(phone: str) -> list[Change]:
    """Forget a user who is in no chat."""
    return [Change(statement, {"of_phone": phone}) for statement in _DELETE_USER]


def keep_presence(phone: str, disconnected_at: datetime | None) -> Change:
    """Keep when the user left, or that they are here."""
    values = {"of_phone": phone, "at": disconnected_at}
    return Change(_KEEP_PRESENCE, values, key=("chat_presence", phone))


def end_presences(at: datetime) -> Change:
    """Nobody is here any more."""
    return Change(_END_PRESENCES, {"at": at})


def insert_chat(chat: int, name: str, owner: str, *, is_open: bool) -> Change:
    """Add a chat."""
    return Change(_INSERT_CHAT, {"id": chat, "name": name, "owner": owner, "is_open": is_open})


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


def keep_key(phone: str, key_hash: str, chat: int, message: int) -> Change:
    """Keep which message a key of this phone belongs to."""
    values = {"phone": phone, "key_hash": key_hash, "chat": chat, "message": message}
    return Change(_KEEP_KEY, values)


def forget_keys(before: int) -> Change:
    """Forget the keys of messages with smaller ids."""
    return Change(_FORGET_KEYS, {"before": before}, key=("chat_forget_keys",))


def insert_removal(removal: Removal) -> Change:
    """Keep what somebody who was removed has to be told."""
    return Change(
        _INSERT_REMOVAL, {**removal._asdict(), "members": json.dumps(list(removal.members))}
    )


def read_removal(row: Row[Any]) -> Removal:
    """What `insert_removal` has kept."""
    return Removal(**(row._asdict() | {"members": tuple(json.loads(row.members))}))


def delete_removal(phone: str, removal: int) -> Change:
    """Somebody has heard of it."""
    return Change(_DELETE_REMOVAL, {"of_phone": phone, "of_removal": removal})
