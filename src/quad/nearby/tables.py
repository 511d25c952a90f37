"""Nearby's tables, and every statement that reads or changes them.

Messages that nobody has fetched yet are entries of the mailbox: a box for each person.
Statements are constants, so that the store can merge neighbours.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    CompoundSelect,
    Double,
    Index,
    Row,
    Select,
    Table,
    bindparam,
    delete,
    func,
    insert,
    null,
    select,
    text,
    true,
    union_all,
    update,
)

from quad.identity.tables import delete_sessions
from quad.nearby.model import ID_LIMIT, NAME_LIMIT, Building, Entry, Position
from quad.store import TABLE_OPTIONS, Change, LongText, ShortText, Timestamp, metadata, upsert

Kind = Literal["user", "building"]

_HASH: Final = 64
_LAST: Final = 10

users: Final = Table(
    "nearby_users",
    metadata,
    Column("id", ShortText(ID_LIMIT), primary_key=True),
    Column("range_m", Double, nullable=False),
    # None until the first coordinates come, and after they were forgotten.
    Column("latitude", Double),
    Column("longitude", Double),
    Column("is_visible", Boolean, nullable=False, server_default=true()),
    # When they were here last: went offline, said where they are, or logged in.
    Column("used_at", Timestamp, nullable=False, server_default=text("0")),
    **TABLE_OPTIONS,
)

buildings: Final = Table(
    "nearby_buildings",
    metadata,
    Column("id", ShortText(ID_LIMIT), primary_key=True),
    Column("name", ShortText(NAME_LIMIT), nullable=False),
    Column("latitude", Double, nullable=False),
    Column("longitude", Double, nullable=False),
    Column("radius_m", Double, nullable=False),
    **TABLE_OPTIONS,
)

bots: Final = Table(
    "nearby_bots",
    metadata,
    Column("id", ShortText(ID_LIMIT), primary_key=True),
    Column("building_id", ShortText(ID_LIMIT), nullable=False),
    Column("pass_hash", ShortText(200), nullable=False),
    Column("is_authorised", Boolean, nullable=False),
    **TABLE_OPTIONS,
)

bot_proofs: Final = Table(
    "nearby_bot_proofs",
    metadata,
    Column("bot_id", ShortText(ID_LIMIT), primary_key=True),
    # A block of addresses, as limits count them.
    Column("address", ShortText(64), primary_key=True),
    Column("used_at", Timestamp, nullable=False),
    **TABLE_OPTIONS,
)
"""From where a bot's password was shown; bot programs run for weeks, and show it once."""

message_keys: Final = Table(
    "nearby_message_keys",
    metadata,
    Column("user_id", ShortText(ID_LIMIT), primary_key=True),
    Column("key", ShortText(_HASH), primary_key=True),
    Column("at", Timestamp, nullable=False),
    Index("ix_nearby_message_keys_at", "at"),
    **TABLE_OPTIONS,
)
"""Which messages were sent, by hashes of the keys that their senders gave them."""

logs: Final = Table(
    "nearby_logs",
    metadata,
    Column("kind", ShortText(8), primary_key=True),
    Column("subject", ShortText(ID_LIMIT), primary_key=True),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("at", Timestamp, nullable=False),
    Column("message", LongText, nullable=False),
    Column("bot_id", ShortText(ID_LIMIT)),
    Index("ix_nearby_logs_at", "at"),
    Index("ix_nearby_logs_id", "id"),
    # One tree instead of two: a line is found by its subject, the latest first.
    sqlite_with_rowid=False,
    **TABLE_OPTIONS,
)
"""What people and bots did. No coordinates."""

tabs: Final = Table(
    "nearby_tabs",
    metadata,
    Column("id", ShortText(64), primary_key=True),
    Column("user_id", ShortText(ID_LIMIT), nullable=False),
    Column("token_hash", ShortText(_HASH), nullable=False),
    # Everything in the person's box up to here was fetched, or is from before.
    Column("position", BigInteger, nullable=False),
    # None while its connection is open.
    Column("dropped_at", Timestamp),
    **TABLE_OPTIONS,
)
"""Unread queues: one for each connection, until it has been gone for the grace."""

_INSERT_USER: Final = upsert(users, key=["id"], update=[])
_UPDATE_RANGE: Final = (
    update(users).where(users.c.id == bindparam("of_user")).values(range_m=bindparam("new_range"))
)
_UPDATE_POSITION: Final = (
    update(users)
    .where(users.c.id == bindparam("of_user"))
    .values(latitude=bindparam("new_latitude"), longitude=bindparam("new_longitude"))
)
_FORGET_POSITION: Final = (
    update(users)
    .where(users.c.id == bindparam("of_user"))
    .values(latitude=null(), longitude=null())
)
_UPDATE_VISIBLE: Final = (
    update(users)
    .where(users.c.id == bindparam("of_user"))
    .values(is_visible=bindparam("new_visible"))
)
_DELETE_USER: Final = tuple(
    delete(table).where(column == bindparam("of_user"))
    for table, column in (
        (users, users.c.id),
        (message_keys, message_keys.c.user_id),
    )
)
_TOUCH_USER: Final = (
    update(users).where(users.c.id == bindparam("of_user")).values(used_at=bindparam("now"))
)
_PUT_BUILDING: Final = upsert(
    buildings, key=["id"], update=["name", "latitude", "longitude", "radius_m"]
)
_DELETE_BUILDING: Final = delete(buildings).where(buildings.c.id == bindparam("of_building"))
_INSERT_LOG: Final = insert(logs)
_DELETE_LOG: Final = delete(logs).where(
    logs.c.kind == bindparam("of_kind"),
    logs.c.subject == bindparam("of_subject"),
    logs.c.id == bindparam("of_id"),
)
_INSERT_MESSAGE_KEY: Final = insert(message_keys)
_DELETE_MESSAGE_KEY: Final = delete(message_keys).where(
    message_keys.c.user_id == bindparam("of_user"),
    message_keys.c.key == bindparam("of_key"),
    message_keys.c.at < bindparam("before"),
)
_DELETE_MESSAGE_KEYS: Final = delete(message_keys).where(message_keys.c.at < bindparam("before"))
_PUT_TAB: Final = upsert(tabs, key=["id"], update=["position", "dropped_at"])
_DELETE_TAB: Final = delete(tabs).where(tabs.c.id == bindparam("of_tab"))
_TOUCH_ONLINE_USERS: Final = (
    update(users)
    .where(users.c.id.in_(select(tabs.c.user_id).where(tabs.c.dropped_at.is_(None))))
    .values(used_at=bindparam("now"))
)
_DROP_OPEN_TABS: Final = (
    update(tabs).where(tabs.c.dropped_at.is_(None)).values(dropped_at=bindparam("now"))
)

# People


def insert_user(id: str, range_m: float, now: datetime) -> Change:
    """Make somebody known; who is known already stays as they are."""
    values = {
        "id": id,
        "range_m": range_m,
        "latitude": None,
        "longitude": None,
        "is_visible": True,
        "used_at": now,
    }
    return Change(_INSERT_USER, values)


def update_range(id: str, range_m: float) -> Change:
    """Keep somebody's range."""
    return Change(_UPDATE_RANGE, {"of_user": id, "new_range": range_m}, ("nearby_range", id))


def update_position(id: str, position: Position) -> Change:
    """Keep where somebody was last."""
    values = {
        "of_user": id,
        "new_latitude": position.latitude,
        "new_longitude": position.longitude,
    }
    return Change(_UPDATE_POSITION, values, ("nearby_position", id))


def forget_position(id: str) -> Change:
    """Forget where somebody was last."""
    return Change(_FORGET_POSITION, {"of_user": id}, ("nearby_position", id))


def update_visible(id: str, *, is_visible: bool) -> Change:
    """Keep whether others see somebody."""
    values = {"of_user": id, "new_visible": is_visible}
    return Change(_UPDATE_VISIBLE, values, ("nearby_visible", id))


def touch_user(id: str, now: datetime) -> Change:
    """Somebody was here until now."""
    return Change(_TOUCH_USER, {"of_user": id, "now": now}, ("nearby_used", id))


def touch_online_users(now: datetime) -> Change:
    """Whoever was connected when the server ended was here until now; before `drop_open_tabs`."""
    return Change(_TOUCH_ONLINE_USERS, {"now": now})


def delete_user(id: str) -> tuple[Change, ...]:
    """Forget somebody, and what only they could use."""
    values = {"of_user": id}
    return (*(Change(each, values) for each in _DELETE_USER), delete_sessions(id))


def select_unused_users(before: datetime, limit: int) -> Select[str]:
    """Those who were not here since, and have no tab; the longest unused first."""
    return (
        select(users.c.id)
        .where(users.c.used_at < before, users.c.id.not_in(select(tabs.c.user_id)))
        .order_by(users.c.used_at)
        .limit(limit)
    )


def select_users() -> Select[Any]:
    """Everybody, those first who were here the longest ago."""
    return select(users).order_by(users.c.used_at)


# Buildings


def put_building(building: Building) -> Change:
    """Add or change a building."""
    values = {
        "id": building.id,
        "name": building.name,
        "latitude": building.position.latitude,
        "longitude": building.position.longitude,
        "radius_m": building.radius_m,
    }
    return Change(_PUT_BUILDING, values)


def delete_building(id: str) -> Change:
    """Forget a building; its log stays as long as logs are kept."""
    return Change(_DELETE_BUILDING, {"of_building": id})


def select_buildings() -> Select[Any]:
    """All buildings, by name."""
    return select(buildings).order_by(buildings.c.name, buildings.c.id)


def read_buildings(rows: Iterable[Row[Any]]) -> list[Building]:
    """The buildings of `select_buildings`."""
    return [
        Building(row.id, row.name, Position(row.latitude, row.longitude), row.radius_m)
        for row in rows
    ]


# Logs


def insert_log(
    kind: Kind, subject: str, id: int, at: datetime, message: str, bot_id: str | None = None
) -> Change:
    """Add a line to a log; `id` grows from line to line."""
    values = {
        "kind": kind,
        "subject": subject,
        "id": id,
        "at": at,
        "message": message,
        "bot_id": bot_id,
    }
    return Change(_INSERT_LOG, values)


def select_old_logs(before: datetime, limit: int) -> Select[str, str, int]:
    """The keys of the oldest lines."""
    columns = select(logs.c.kind, logs.c.subject, logs.c.id)
    return columns.where(logs.c.at < before).order_by(logs.c.at).limit(limit)


def delete_log(kind: str, subject: str, id: int) -> Change:
    """Forget a line."""
    return Change(_DELETE_LOG, {"of_kind": kind, "of_subject": subject, "of_id": id})


def select_last_logs(kind: Kind, subject: str) -> Select[datetime, str, str | None]:
    """The last ten lines, newest first."""
    return (
        select(logs.c.at, logs.c.message, logs.c.bot_id)
        .where(logs.c.kind == kind, logs.c.subject == subject)
        .order_by(logs.c.id.desc())
        .limit(_LAST)
    )


def select_last_ids() -> CompoundSelect[int | None]:
    """The last id of any log, and the last position of any tab."""
    return union_all(select(func.max(logs.c.id)), select(func.max(tabs.c.position)))


def read_logs(rows: Iterable[Row[Any]]) -> list[Entry]:
    """The lines of `select_last_logs`."""
    return [Entry(row.at, row.message, row.bot_id) for row in rows]


# Tabs


def put_tab(
    id: str, user_id: str, token_hash: str, position: int, dropped_at: datetime | None
) -> Change:
    """Keep a tab as it is now."""
    values = {
        "id": id,
        "user_id": user_id,
        "token_hash": token_hash,
        "position": position,
        "dropped_at": dropped_at,
    }
    return Change(_PUT_TAB, values, ("nearby_tab", id))


def delete_tab(id: str) -> Change:
    """Forget a tab."""
    return Change(_DELETE_TAB, {"of_tab": id}, ("nearby_tab", id))


def drop_open_tabs(now: datetime) -> Change:
    """Whoever was connected when the server ended has dropped now."""
    return Change(_DROP_OPEN_TABS, {"now": now})


def select_open_tabs() -> Select[str]:
    """Whose connections were open."""
    return select(tabs.c.user_id).where(tabs.c.dropped_at.is_(None)).distinct()


def select_tabs() -> Select[Any]:
    """All tabs, those that were dropped first before the others."""
    return select(tabs).order_by(tabs.c.dropped_at, tabs.c.id)


# Keys of messages


def insert_message_key(user_id: str, key_hash: str, at: datetime) -> Change:
    """A message with this key is sent; conflicts if one was."""
    return Change(_INSERT_MESSAGE_KEY, {"user_id": user_id, "key": key_hash, "at": at})


def delete_message_key(user_id: str, key_hash: str, before: datetime) -> Change:
    """Forget the key if it counts no more."""
    values = {"of_user": user_id, "of_key": key_hash, "before": before}
    return Change(_DELETE_MESSAGE_KEY, values)


def delete_message_keys(before: datetime) -> Change:
    """Forget all keys that count no more."""
    return Change(_DELETE_MESSAGE_KEYS, {"before": before}, ("nearby_message_keys",))


def select_message_key(user_id: str, key_hash: str, after: datetime) -> Select[datetime]:
    """One row if such a message was sent after that, or none."""
    return select(message_keys.c.at).where(
        message_keys.c.user_id == user_id,
        message_keys.c.key == key_hash,
        message_keys.c.at >= after,
    )
