"""Addresses of databases."""

from __future__ import annotations

from typing import Final

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

_DRIVERS: Final = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
    "mysql": "mysql+asyncmy",
    "mariadb": "mysql+asyncmy",
}
_SECRET_PARAMETERS: Final = frozenset({"password", "passwd", "sslpassword", "passfile"})


def parse_url(url: str) -> URL:
    """The address with the driver this program uses; `mariadb://` and `mysql://` are one engine.

    Raises ValueError, without repeating the address, for anything that is not a SQLite file, a
    PostgreSQL or a MySQL/MariaDB database.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise ValueError(
            "not a database URL; expected for example sqlite+aiosqlite:///quad.db"
        ) from None
    backend = parsed.drivername.partition("+")[0]
    if backend not in _DRIVERS:
        known = ", ".join(sorted(_DRIVERS))
        raise ValueError(f"unknown database {backend!r}; known are {known}")
    if backend == "sqlite" and _is_in_memory(parsed):
        raise ValueError(
            "SQLite needs a file: readers and the writer have connections of their own"
        )
    if backend != "sqlite" and not parsed.database:
        raise ValueError("the database URL names no database")
    return parsed.set(drivername=_DRIVERS[backend])


def safe_url(url: str | URL) -> str:
    """The address for logs and messages, without its secrets."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return "<not a database URL>"
    masked = {
        name: "***" if name.lower() in _SECRET_PARAMETERS else value
        for name, value in parsed.query.items()
    }
    return parsed.set(query=masked).render_as_string(hide_password=True)


def place_of(url: str) -> str:
    """Where a database is, for messages: the path of a SQLite file, else the safe address."""
    parsed = parse_url(url)
    is_file = parsed.get_backend_name() == "sqlite"
    return (parsed.database or "") if is_file else safe_url(url)


def _is_in_memory(url: URL) -> bool:
    database = url.database or ""
    return database in {"", ":memory:"} or database.startswith("file:")
