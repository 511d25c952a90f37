"""Insert or update, in the words of each engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, CursorResult, Executable, Table, UniqueConstraint
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.sql import Insert


def upsert(table: Table, *, key: Sequence[str], update: Sequence[str]) -> Upsert:
    """A statement that inserts a row or, if its `key` is there, updates the `update` columns.

    With an empty `update` an existing row stays as it is. Keep the statement (a module constant):
    the store merges changes that share it. Raises ValueError unless `key` is the primary key or
    another unique set of columns. MySQL and MariaDB update on a violation of *any* unique set, so
    give a table that is upserted only one.
    """
    return Upsert(table, tuple(key), tuple(update))


class Upsert(Executable):
    """Made by `upsert`; executes like an insert, alone or with many rows."""

    def __init__(self, table: Table, key: tuple[str, ...], update: tuple[str, ...]) -> None:
        _check_columns(table, key, update)
        self.table = table
        self.key = key
        self.update = update
        self._natives: dict[str, Insert] = {}

    def native(self, dialect: str) -> Insert:
        """The statement for one engine, always the same object, so that it is compiled once."""
        found = self._natives.get(dialect)
        if found is None:
            found = self._natives[dialect] = _BUILDERS[dialect](self)
        return found

    def _execute_on_connection(self, connection: Connection, *passed_on: Any) -> CursorResult[Any]:
        # The hook by which SQLAlchemy executes any Executable; the engine's own insert takes over.
        native = self.native(connection.dialect.name)
        return native._execute_on_connection(connection, *passed_on)


def _for_sqlite(statement: Upsert) -> Insert:
    insert = sqlite.insert(statement.table)
    if not statement.update:
        return insert.on_conflict_do_nothing(index_elements=statement.key)
    new = {name: insert.excluded[name] for name in statement.update}
    return insert.on_conflict_do_update(index_elements=statement.key, set_=new)


def _for_postgresql(statement: Upsert) -> Insert:
    insert = postgresql.insert(statement.table)
    if not statement.update:
        return insert.on_conflict_do_nothing(index_elements=statement.key)
    new = {name: insert.excluded[name] for name in statement.update}
    return insert.on_conflict_do_update(index_elements=statement.key, set_=new)


def _for_mysql(statement: Upsert) -> Insert:
    insert = mysql.insert(statement.table)
    # Not INSERT IGNORE: that would also swallow foreign key violations and cut long values.
    if not statement.update:
        first = statement.key[0]
        return insert.on_duplicate_key_update({first: statement.table.c[first]})
    return insert.on_duplicate_key_update(
        {name: insert.inserted[name] for name in statement.update}
    )


_BUILDERS = {"sqlite": _for_sqlite, "postgresql": _for_postgresql, "mysql": _for_mysql}


def _check_columns(table: Table, key: tuple[str, ...], update: tuple[str, ...]) -> None:
    unknown = [name for name in (*key, *update) if name not in table.c]
    if unknown:
        raise ValueError(f"{table.name} has no column {', '.join(unknown)}")
    if frozenset(key) not in _unique_sets(table):
        raise ValueError(f"{', '.join(key)} is not a unique set of columns of {table.name}")


def _unique_sets(table: Table) -> set[frozenset[str]]:
    sets = {frozenset(table.primary_key.columns.keys())}
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            sets.add(frozenset(constraint.columns.keys()))
    for index in table.indexes:
        if index.unique:
            sets.add(frozenset(index.columns.keys()))
    return sets
