"""What the drivers' errors mean. Codes are those of each engine's own documentation."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from .errors import Conflict, StatementRejected, StoreError, StoreUnavailable

_LOST: Final = "The connection to the database was lost."
POOLED: Final = (
    "Something between this server and the database gives a session to each transaction "
    "(transaction pooling): a direct connection is needed."
)
_NOT_ALLOWED: Final = "The database does not let this account do that."

# https://www.sqlite.org/rescode.html, primary codes.
_SQLITE_UNAVAILABLE: Final = {
    3: "The database file may not be opened.",  # PERM
    5: "The database is locked by another program.",  # BUSY
    6: "The database is locked by another program.",  # LOCKED
    7: "The database has no memory left.",  # NOMEM
    8: "The database is read-only.",  # READONLY
    10: "The disk of the database fails.",  # IOERR
    11: "The database file is damaged.",  # CORRUPT
    13: "The disk of the database is full.",  # FULL
    14: "The database file cannot be opened.",  # CANTOPEN
    15: "The database is locked by another program.",  # PROTOCOL
    26: "The file is not a database.",  # NOTADB
}

# https://www.postgresql.org/docs/current/errcodes-appendix.html, classes and whole codes.
_POSTGRESQL_UNAVAILABLE: Final = {
    "08": _LOST,
    "25006": "The database is read-only.",
    "26": POOLED,  # another session got the prepared statement, or its name
    "42P05": POOLED,
    "42501": _NOT_ALLOWED,
    "28": "The database refuses the login.",
    "3D": "The database does not exist.",
    "40": "The database has too many writers for the same rows.",
    "53": "The database has no disk, memory or connections left.",
    "53100": "The disk of the database is full.",
    "55P03": "The database is locked by another program.",
    "57": "The database was stopped or interrupted.",
    "58": "The disk of the database fails.",
    "XX": "The database is damaged.",
}
_POSTGRESQL_TRANSIENT: Final = frozenset({"40001", "40P01"})

# https://mariadb.com/kb/en/mariadb-error-code-reference/
_MYSQL_UNAVAILABLE: Final = {
    3: "The disk of the database is full.",
    1020: "The database is locked by another program.",
    1021: "The disk of the database is full.",
    1030: "The disk of the database fails.",
    1037: "The database has no memory left.",
    1040: "The database has no connections left.",
    1041: "The database has no memory left.",
    1044: "The database refuses the login.",
    1045: "The database refuses the login.",
    1049: "The database does not exist.",
    1053: "The database was stopped or interrupted.",
    1114: "The disk of the database is full.",
    1142: _NOT_ALLOWED,
    1143: _NOT_ALLOWED,
    1180: "The disk of the database fails.",
    1203: "The database has no connections left.",
    1205: "The database is locked by another program.",
    1213: "The database has too many writers for the same rows.",
    1290: "The database is read-only.",
    1317: "The database was stopped or interrupted.",
    1698: "The database refuses the login.",
    1792: "The database is read-only.",
    1836: "The database is read-only.",
    1927: _LOST,
    2002: _LOST,
    2003: _LOST,
    2006: _LOST,
    2013: _LOST,
    2014: _LOST,
    2055: _LOST,
}
_MYSQL_CHECKS: Final = frozenset({3819, 4025})
_MYSQL_TRANSIENT: Final = frozenset({1213})


@contextmanager
def declared_errors() -> Iterator[None]:
    """Raises what the driver raised as the StoreError it means. A bug of ours stays what it is."""
    try:
        yield
    except Exception as error:
        meaning = _meaning(error)
        if meaning is None:
            raise
        raise meaning from error


def is_transient(error: DBAPIError) -> bool:
    """Whether this transaction lost a deadlock: it is rolled back and may be tried again."""
    return _sql_state(error) in _POSTGRESQL_TRANSIENT or _mysql_code(error) in _MYSQL_TRANSIENT


def is_lost_connection(error: DBAPIError) -> bool:
    """Whether the connection broke: only a commit that was already sent leaves a doubt."""
    return error.connection_invalidated


def _meaning(error: Exception) -> StoreError | None:
    match error:
        case DBAPIError(orig=sqlite3.Error() as driver_error):
            return _sqlite_meaning(driver_error)
        case DBAPIError():
            return _driver_meaning(error)
        case sqlite3.Error():
            return _sqlite_meaning(error)
        case PoolTimeout():
            return StoreUnavailable("The database has no connections left.")
        case TimeoutError():
            return StoreUnavailable("The database did not answer in time.")
        case OSError():
            return StoreUnavailable("The database cannot be reached.")
        case OverflowError():
            # sqlite3 says so for an integer of more than 64 bits, outside its own error tree.
            return StatementRejected()
        case _:
            return None


def _sqlite_meaning(error: sqlite3.Error) -> StoreError:
    # The primary code: the extended code keeps it in its lowest byte. Misuse has none.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _SQLITE_UNAVAILABLE:
        return StoreUnavailable(_SQLITE_UNAVAILABLE[code])
    return Conflict() if isinstance(error, sqlite3.IntegrityError) else StatementRejected()


def _driver_meaning(error: DBAPIError) -> StoreError:
    sentence = _unavailable_sentence(error)
    if sentence is not None:
        return StoreUnavailable(sentence)
    if _is_constraint(error):
        return Conflict()
    return StatementRejected()


def _unavailable_sentence(error: DBAPIError) -> str | None:
    mysql, postgresql = _mysql_code(error), _sql_state(error)
    if mysql in _MYSQL_UNAVAILABLE:
        return _MYSQL_UNAVAILABLE[mysql]
    if error.connection_invalidated:
        return _LOST
    table = _POSTGRESQL_UNAVAILABLE
    return table.get(postgresql) or table.get(postgresql[:2])


def _is_constraint(error: DBAPIError) -> bool:
    # asyncmy reports a failed CHECK as an OperationalError.
    return isinstance(error, IntegrityError) or _mysql_code(error) in _MYSQL_CHECKS


def _mysql_code(error: DBAPIError) -> int | None:
    args = error.orig.args if error.orig is not None else ()
    return args[0] if args and isinstance(args[0], int) else None


def _sql_state(error: DBAPIError) -> str:
    """PostgreSQL's; asyncmy has the attribute too, with less in it than its code."""
    if _mysql_code(error) is not None:
        return ""
    return getattr(error.orig, "sqlstate", None) or ""
