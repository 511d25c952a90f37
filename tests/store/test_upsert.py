from types import ModuleType

import pytest
from sqlalchemy import Column, Index, Integer, MetaData, Table, UniqueConstraint
from sqlalchemy.dialects import mysql, postgresql, sqlite

from quad.store import upsert

people = Table(
    "people",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("name", Integer),
    Column("select", Integer),
    Column("mail", Integer),
    Column("phone", Integer),
    UniqueConstraint("name", "select"),
    Index("by_mail", "mail", unique=True),
    Index("by_phone", "phone"),
)


@pytest.mark.parametrize("key", [["id"], ["select", "name"], ["mail"]])
def test_a_key_is_any_unique_set_of_columns(key: list[str]) -> None:
    assert upsert(people, key=key, update=["phone"]).key == tuple(key)


@pytest.mark.parametrize("key", [[], ["name"], ["phone"], ["id", "name"], ["no such column"]])
def test_another_key_is_refused(key: list[str]) -> None:
    with pytest.raises(ValueError, match="people"):
        upsert(people, key=key, update=["phone"])


def test_an_unknown_column_to_update_is_refused() -> None:
    with pytest.raises(ValueError, match="nickname"):
        upsert(people, key=["id"], update=["nickname"])


@pytest.mark.parametrize(
    ("module", "tail"),
    [
        (sqlite, 'ON CONFLICT (id) DO UPDATE SET "select" = excluded."select"'),
        (postgresql, 'ON CONFLICT (id) DO UPDATE SET "select" = excluded."select"'),
        (mysql, "ON DUPLICATE KEY UPDATE `select` = VALUES(`select`)"),
    ],
    ids=["sqlite", "postgresql", "mysql"],
)
def test_each_engine_gets_its_own_words_with_names_quoted(module: ModuleType, tail: str) -> None:
    dialect = module.dialect()
    native = upsert(people, key=["id"], update=["select"]).native(dialect.name)
    assert str(native.compile(dialect=dialect)).endswith(tail)


def test_the_statement_of_an_engine_is_made_once() -> None:
    statement = upsert(people, key=["id"], update=[])
    assert statement.native("sqlite") is statement.native("sqlite")
