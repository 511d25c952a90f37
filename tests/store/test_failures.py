import sqlite3

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from quad.store import Conflict, StatementRejected, StoreError, StoreUnavailable
from quad.store.failures import declared_errors, is_transient


class PostgresqlError(Exception):
    def __init__(self, sqlstate: str | None) -> None:
        super().__init__("words")
        self.sqlstate = sqlstate


class MysqlError(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(code, "words")
        self.sqlstate = "HY000"


def driver(error: Exception, *, is_lost: bool = False) -> DBAPIError:
    return DBAPIError("SQL", {"a": "value"}, error, connection_invalidated=is_lost)


def sqlite(code: int) -> DBAPIError:
    error = sqlite3.OperationalError("words")
    error.sqlite_errorcode = code
    return driver(error)


@pytest.mark.parametrize(
    ("error", "meaning", "message"),
    [
        (sqlite(13), StoreUnavailable, "full"),
        (sqlite(10 | 12 << 8), StoreUnavailable, "disk"),
        (sqlite(1), StatementRejected, "cannot take"),
        (driver(sqlite3.ProgrammingError("no code")), StatementRejected, "cannot take"),
        (driver(PostgresqlError("53100")), StoreUnavailable, "full"),
        (driver(PostgresqlError("53200")), StoreUnavailable, "no disk, memory"),
        (driver(PostgresqlError("25006")), StoreUnavailable, "read-only"),
        (driver(PostgresqlError("42501")), StoreUnavailable, "does not let this account"),
        (driver(PostgresqlError("40P01")), StoreUnavailable, "too many writers"),
        (driver(PostgresqlError("22001")), StatementRejected, "cannot take"),
        (driver(PostgresqlError(None), is_lost=True), StoreUnavailable, "lost"),
        (driver(PostgresqlError(None)), StatementRejected, "cannot take"),
        (driver(MysqlError(1021)), StoreUnavailable, "full"),
        (driver(MysqlError(1142)), StoreUnavailable, "does not let this account"),
        (driver(MysqlError(1213)), StoreUnavailable, "too many writers"),
        (driver(MysqlError(4025)), Conflict, "contradicts"),
        (driver(MysqlError(1406)), StatementRejected, "cannot take"),
        (IntegrityError("SQL", {}, MysqlError(1062)), Conflict, "contradicts"),
        (PoolTimeout(), StoreUnavailable, "no connections left"),
        (TimeoutError(), StoreUnavailable, "in time"),
        (ConnectionRefusedError(), StoreUnavailable, "reached"),
        (OverflowError(), StatementRejected, "cannot take"),
    ],
)
def test_what_a_driver_says_has_a_declared_meaning(
    error: Exception, meaning: type[StoreError], message: str
) -> None:
    with pytest.raises(StoreError, match=message) as caught, declared_errors():
        raise error
    assert type(caught.value) is meaning
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("error", [KeyError("a bug"), StoreUnavailable("declared already")])
def test_other_errors_stay_what_they_are(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, declared_errors():
        raise error
    assert caught.value is error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (PostgresqlError("40001"), True),
        (PostgresqlError("40P01"), True),
        (PostgresqlError("23505"), False),
        (MysqlError(1213), True),
        (MysqlError(1205), False),
    ],
)
def test_a_lost_deadlock_may_be_tried_again(error: Exception, expected: bool) -> None:
    assert is_transient(driver(error)) is expected


def test_codes_are_stable_and_every_error_has_its_own() -> None:
    waiting: list[type[StoreError]] = [StoreError]
    kinds: list[type[StoreError]] = []
    while waiting:
        kinds.append(waiting.pop())
        waiting += kinds[-1].__subclasses__()
    assert len({kind.code for kind in kinds}) == len(kinds)
    assert {kind.code for kind in kinds} == {
        "database_in_use",
        "newer_schema",
        "outcome_unknown",
        "session_lost",
        "store_error",
        "store_unavailable",
        "conflict",
        "statement_rejected",
        "store_closed",
        "unfit_schema",
    }


def test_an_error_made_again_says_the_same() -> None:
    cause = OSError()
    error = StoreUnavailable("The disk is full.")
    error.__cause__ = cause
    twin = error.again()
    assert twin is not error
    assert (type(twin), str(twin), twin.__cause__) == (StoreUnavailable, str(error), cause)
