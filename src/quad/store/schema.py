"""The schema's one MetaData, and column types that behave the same on every engine.

Tables of the systems register on `metadata`:

    files = Table("classroom_files", metadata, Column("name", ShortText(200)), ..., **TABLE_OPTIONS)

Text compares and sorts by code point, so case and accents count. One difference stays: MySQL and
MariaDB ignore trailing spaces when they compare text, so strip what people type before saving it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Dialect,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.types import TypeEngine

# Constraints need names that are the same everywhere, or a later migration cannot drop them.
metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

TABLE_OPTIONS: Final[dict[str, Any]] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_bin",
}
"""Keyword arguments of every `Table` and of every `op.create_table`."""

_MYSQL_TEXT: Final[dict[str, Any]] = {"charset": "utf8mb4", "collation": "utf8mb4_bin"}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def ShortText(length: int) -> TypeEngine[str]:  # noqa: N802 - reads as a type in a Column
    """Text of at most `length` characters; may be a key or have an index (up to 768)."""
    return (
        String(length)
        .with_variant(mysql.VARCHAR(length, **_MYSQL_TEXT), "mysql")
        .with_variant(postgresql.VARCHAR(length, collation="C"), "postgresql")
    )


LongText: Final[TypeEngine[str]] = (
    Text()
    .with_variant(mysql.LONGTEXT(**_MYSQL_TEXT), "mysql")
    .with_variant(postgresql.TEXT(collation="C"), "postgresql")
)
"""Text of any length; MySQL's own TEXT would end at 64 KB."""

LongBinary: Final[TypeEngine[bytes]] = LargeBinary().with_variant(mysql.LONGBLOB(), "mysql")
"""Bytes of any length; MySQL's own BLOB would end at 64 KB."""


class Timestamp(TypeDecorator[datetime]):
    """A point in time: an aware datetime in the program, microseconds since 1970 in the database.

    An integer because the three engines disagree about precision and time zones. Reads back in
    UTC. Raises ValueError for a datetime without a time zone.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> int | None:
        """What is saved: microseconds."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a timestamp needs a time zone")
        return (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, _dialect: Dialect) -> datetime | None:
        """What is read: an aware datetime in UTC."""
        return None if value is None else _EPOCH + timedelta(microseconds=value)


probe: Final = Table(
    "quad_store_probe",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("filler", LongBinary, nullable=False),
    **TABLE_OPTIONS,
)
"""One row which `Store.check` writes to learn whether writing works."""

owner: Final = Table(
    "quad_owner",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("who", ShortText(200), nullable=False),
    **TABLE_OPTIONS,
)
"""One row on a database server: the process that had the lock last. See `ownership`."""

cluster: Final = Table(
    "quad_cluster",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("name", ShortText(100), nullable=False),
    **TABLE_OPTIONS,
)
"""One row: the name of the cluster that has the database. Nodes join while they hold its lock."""

nodes: Final = Table(
    "quad_nodes",
    metadata,
    Column("incarnation", Integer, primary_key=True, autoincrement=False),
    Column("name", ShortText(200), nullable=False),
    Column("session", BigInteger, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("state", ShortText(20), nullable=False),
    Column("joined_at", Timestamp, nullable=False),
    **TABLE_OPTIONS,
)
"""A row for each start of a node; the newest is never removed, it holds the last number.

`session` is for people: who has a node's lock is asked of the database. See `session`.
"""

shards: Final = Table(
    "quad_shards",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("node", Integer, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    **TABLE_OPTIONS,
)
"""Which node has which shard; `epoch` grows whenever one moves."""
