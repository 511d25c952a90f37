"""What goes to the driver past SQLAlchemy is what SQLAlchemy would have said."""

import gc
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Executable,
    Integer,
    MetaData,
    Table,
    bindparam,
    create_engine,
    delete,
    insert,
    select,
    text,
    update,
)

from quad.store import ShortText, Timestamp, upsert
from quad.store.batch import Step
from quad.store.prepared import PreparedStatements

people = Table(
    "people",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("name", ShortText(40)),
    Column("select", Integer),
    Column("is_here", Boolean),
    Column("seen_at", Timestamp),
    Column("visits", Integer, server_default="7"),
)
counted = Table(
    "counted",
    people.metadata,
    Column("id", Integer, primary_key=True),
    Column("n", Integer, default=3),
)

NOON = datetime(2024, 5, 1, 12, 0, 0, 250, tzinfo=UTC)
ANNA = {"id": 1, "name": "Anna", "select": 1, "is_here": True, "seen_at": NOON}
BORIS = {"id": 2, "name": "Борис", "select": None, "is_here": False, "seen_at": None}


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.connect() as opened:
        people.metadata.create_all(opened)
        yield opened
    engine.dispose()


def statements(connection: Connection) -> PreparedStatements:
    return PreparedStatements(connection.dialect)


def prepared_run(
    connection: Connection, statement: Executable, rows: list[Mapping[str, Any]] | None
) -> None:
    known, step = statements(connection), Step(statement, rows)
    assert known.find(step) is None, "met first"
    prepared = known.find(step)
    assert prepared is not None
    assert known.find(step) is prepared
    driver: Any = connection.connection.driver_connection
    driver.executemany(prepared.sql, prepared.parameters(rows))


@pytest.mark.parametrize(
    ("statement", "rows"),
    [
        pytest.param(insert(people), [{**ANNA, "id": 3}, {**BORIS, "id": 4}], id="insert"),
        pytest.param(insert(people), [{"name": "no key", "id": 9}], id="some columns"),
        pytest.param(
            upsert(people, key=["id"], update=["name"]), [{**BORIS, "id": 1}], id="upsert"
        ),
        pytest.param(upsert(people, key=["id"], update=[]), [{**BORIS, "id": 1}], id="insert once"),
        pytest.param(
            update(people).where(people.c.id == bindparam("of")).values(is_here=True),
            [{"of": 2}],
            id="update with a constant",
        ),
        pytest.param(
            update(people).where(people.c.select == 1).values(seen_at=NOON, name="Zoë"),
            None,
            id="update of constants alone",
        ),
        pytest.param(
            delete(people).where(people.c.id == bindparam("of")), [{"of": 1}], id="delete"
        ),
        pytest.param(
            text("UPDATE people SET name = :to WHERE id = :id"), [{"to": "x", "id": 1}], id="text"
        ),
    ],
)
def test_the_outcome_is_that_of_sqlalchemy(
    connection: Connection, statement: Executable, rows: list[Mapping[str, Any]] | None
) -> None:
    outcomes = []
    for run in (Connection.execute, prepared_run):
        connection.execute(delete(people))
        connection.execute(insert(people), [ANNA, BORIS])
        run(connection, statement, rows)
        outcomes.append(connection.execute(select(people)).all())
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize(
    ("statement", "row"),
    [
        pytest.param(insert(counted), {"id": 1}, id="a default of the program"),
        pytest.param(
            delete(people).where(people.c.id.in_(bindparam("of", expanding=True))),
            {"of": [1, 2]},
            id="a list",
        ),
        pytest.param(
            delete(people).where(people.c.id == bindparam("of")), {}, id="a value missing"
        ),
    ],
)
def test_what_needs_more_than_binding_is_left_to_sqlalchemy(
    connection: Connection, statement: Executable, row: dict[str, Any]
) -> None:
    known, step = statements(connection), Step(statement, [row])
    assert [known.find(step) for _ in range(3)] == [None] * 3


def test_other_columns_are_another_text(connection: Connection) -> None:
    known = statements(connection)
    statement = insert(people)
    steps = [Step(statement, [{"id": 1, "name": "a"}]), Step(statement, [{"id": 1}])]
    for step in steps:
        known.find(step)
    two, one = [known.find(step) for step in steps]
    assert two is not None
    assert one is not None
    assert two.sql != one.sql


def test_all_or_none(connection: Connection) -> None:
    known = statements(connection)
    often, once = Step(insert(people), [ANNA]), Step(delete(people), None)
    known.find(often)
    assert known.find_all([often, once]) is None
    found = known.find_all([often, once])
    assert found is not None
    assert [step for _, step in found] == [often, once]


def test_a_statement_that_nobody_has_any_more_is_forgotten(connection: Connection) -> None:
    known = statements(connection)
    for _ in range(100):
        known.find_all([Step(delete(people), None)] * 2)
    gc.collect()
    assert len(known) == 0
