"""Tables, statements and an observer for the tests of the store itself."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Integer,
    MetaData,
    Table,
    bindparam,
    select,
)

from quad.store import (
    TABLE_OPTIONS,
    LongBinary,
    LongText,
    ShortText,
    Store,
    Timestamp,
    metadata,
    upsert,
)

# Not the program's own metadata: these tables must not appear in its migrations.
shelf = MetaData(naming_convention=metadata.naming_convention)

books = Table(
    "test_books",
    shelf,
    Column("code", ShortText(40), primary_key=True),
    Column("title", LongText),
    Column("cover", LongBinary),
    Column("printed_at", Timestamp),
    # Words of SQL, to see that names are quoted.
    Column("order", Integer),
    **TABLE_OPTIONS,
)

pages = Table(
    "test_pages",
    shelf,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("book", ShortText(40), ForeignKey(books.c.code), nullable=False),
    Column("number", Integer, nullable=False),
    CheckConstraint("number > 0", name="number"),
    **TABLE_OPTIONS,
)

ADD_BOOK = books.insert()
PUT_BOOK = upsert(books, key=["code"], update=["title", "order"])
TITLE = upsert(books, key=["code"], update=["title"])
ADD_PAGE = pages.insert()
APPEND = (
    books.update()
    .where(books.c.code == bindparam("of"))
    .values(title=books.c.title.concat(bindparam("more")))
)


class Witness:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.commits: list[int] = []
        self.failures: list[str] = []

    def committed(self, seconds: float, changes: int) -> None:
        assert seconds > 0
        self.commits.append(changes)

    def failed(self, code: str) -> None:
        self.failures.append(code)


async def titles(store: Store) -> dict[str, str | None]:
    rows = await store.read(select(books.c.code, books.c.title))
    return {row.code: row.title for row in rows}
