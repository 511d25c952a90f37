"""The mailbox: entries kept in boxes for readers, until all have proven that they have them.

box_entries = await mailbox.read(["chat/1"], device.after, device.gap, device.upto)

Ids are made by the program, sort by time and are one sequence for all boxes, so one position per
reader says for all boxes what the reader has. Boxes and readers are named by the system that
owns them, beginning with its own name: "chat/1", "chat/+4912345".
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final, NamedTuple, Self

from sqlalchemy import (
    BigInteger,
    Column,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
)

from . import ids
from .batch import Change
from .errors import StoreError
from .reader import Gap, Reader
from .schema import TABLE_OPTIONS, LongText, ShortText, metadata
from .store import Store
from .upsert import upsert

log = logging.getLogger("quad.mailbox")

SAVE_S: Final = 1.0
"""How long a position may wait to be saved. What is lost of it is told once more."""

NAME_LENGTH: Final = 64

# 63 bits until the year 2248.
_COUNT_BITS: Final = 20
# Many ids of one millisecond may run ahead by a little.
_AHEAD_MS: Final = 2_000
_POSITIONS_A_WRITE: Final = 500

entries: Final = Table(
    "mailbox_entries",
    metadata,
    Column("box", ShortText(NAME_LENGTH), primary_key=True),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("content", LongText, nullable=False),
    # One tree instead of two: an entry is found by box and id, and by nothing else.
    sqlite_with_rowid=False,
    **TABLE_OPTIONS,
)

readers: Final = Table(
    "mailbox_readers",
    metadata,
    Column("reader", ShortText(NAME_LENGTH), primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("gap_after", BigInteger),
    Column("gap_upto", BigInteger),
    **TABLE_OPTIONS,
)

_INSERT: Final = insert(entries)
_KEEP_READER: Final = upsert(readers, key=["reader"], update=["position", "gap_after", "gap_upto"])
_TRIM: Final = delete(entries).where(
    entries.c.box == bindparam("of_box"), entries.c.id <= bindparam("upto")
)
_DROP_READER: Final = delete(readers).where(readers.c.reader == bindparam("of_reader"))
_DROP: Final = delete(entries).where(entries.c.box == bindparam("of_box"))
_READ: Final[Select[str, int, str]] = (
    select(entries.c.box, entries.c.id, entries.c.content)
    .where(
        entries.c.box.in_(bindparam("boxes", expanding=True)),
        entries.c.id > bindparam("start"),
        entries.c.id <= bindparam("upto"),
        or_(
            entries.c.id > bindparam("after"),
            and_(
                entries.c.id > bindparam("gap_after"),
                entries.c.id <= bindparam("gap_upto"),
            ),
        ),
    )
    .order_by(entries.c.id)
    .limit(bindparam("most"))
)
_READ_BACK: Final[Select[str, int, str]] = (
    select(entries.c.box, entries.c.id, entries.c.content)
    .where(
        entries.c.box == bindparam("box"),
        entries.c.id > bindparam("after"),
        entries.c.id < bindparam("before"),
    )
    .order_by(entries.c.id.desc())
    .limit(bindparam("most"))
)
_COUNTS: Final[Select[str, int]] = (
    select(entries.c.box, func.count().label("entries"))
    .where(entries.c.box.in_(bindparam("boxes", expanding=True)))
    .group_by(entries.c.box)
)
_FIRST_IDS: Final[Select[int]] = (
    select(entries.c.id)
    .where(entries.c.box == bindparam("box"))
    .order_by(entries.c.id)
    .limit(bindparam("most"))
)
_LAST_IDS: Final[Select[str, int]] = (
    select(entries.c.box, func.max(entries.c.id).label("last_id"))
    .where(entries.c.box.like(bindparam("pattern")))
    .group_by(entries.c.box)
)
_READERS: Final[Select[str, int, int | None, int | None]] = select(
    readers.c.reader, readers.c.position, readers.c.gap_after, readers.c.gap_upto
).where(readers.c.reader.like(bindparam("pattern")))
_NO_GAP: Final = Gap(0, 0)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


class Entry(NamedTuple):
    """One entry of a box; `content` is its owner's own text."""

    box: str
    id: int
    content: str


class Mailbox:
    """Boxes and readers' positions; one for all systems of a process."""

    def __init__(self, store: Store, now_ms: Callable[[], int] = _now_ms) -> None:
        """To be loaded before it gives an id; see `open`."""
        self._store = store
        self._ids = ids.Ids(_COUNT_BITS)
        self._now_ms = now_ms
        self.said_at: int | None = None
        """When the last id was given, in seconds since 1970, if the id itself does not tell.

        Ids only grow: after the clock was set back they stay ahead of it until it has caught up.
        """
        self._saved: dict[str, tuple[int, Gap | None]] = {}
        self._unsaved: dict[str, Reader] = {}
        self._timer: asyncio.TimerHandle | None = None

    @classmethod
    async def open(cls, store: Store, now_ms: Callable[[], int] = _now_ms) -> Self:
        """A mailbox that is loaded. Raises StoreUnavailable."""
        mailbox = cls(store, now_ms)
        await mailbox.load()
        return mailbox

    async def load(self) -> None:
        """Continue behind everything that is in the database, even if the clock was set back.

        To be called when nobody else gives ids any more. Raises StoreUnavailable.
        """
        for statement in (select(func.max(entries.c.id)), select(func.max(readers.c.position))):
            self.skip_to((await self._store.read(statement))[0][0] or 0)

    @property
    def last_id(self) -> int:
        """The id that was given last."""
        return self._ids.last

    def next_id(self) -> int:
        """A new id, larger than all before; write what bears it before the next one."""
        now_ms = self._now_ms()
        given = self._ids.next_id(now_ms)
        ahead_ms = milliseconds_at(given) - now_ms
        self.said_at = None if ahead_ms < _AHEAD_MS else now_ms // 1000
        return given

    def skip_to(self, entry_id: int) -> None:
        """Give only ids after this one, which its owner has kept elsewhere."""
        self._ids.skip_to(entry_id)

    # Entries

    async def read(
        self,
        boxes: Iterable[str],
        after: int,
        gap: Gap | None,
        upto: int,
        *,
        start: int = 0,
        most: int = 1000,
    ) -> list[Entry]:
        """The first `most` entries with start < id <= upto in the gap or after `after`, by id.

        Raises StoreUnavailable.
        """
        gap = gap or _NO_GAP
        values = {
            "boxes": list(boxes),
            "start": max(start, min(after, gap.after) if gap.upto else after),
            "upto": upto,
            "after": after,
            "gap_after": gap.after,
            "gap_upto": gap.upto,
            "most": most,
        }
        rows = await self._store.read(_READ, values)
        return [Entry(row.box, row.id, row.content) for row in rows]

    async def read_back(self, box: str, after: int, before: int, most: int) -> list[Entry]:
        """The last `most` entries of a box with after < id < before, the newest first.

        Raises StoreUnavailable.
        """
        values = {"box": box, "after": after, "before": before, "most": most}
        rows = await self._store.read(_READ_BACK, values)
        return [Entry(row.box, row.id, row.content) for row in rows]

    async def first_ids(self, box: str, most: int) -> list[int]:
        """The smallest ids in a box, in their order. Raises StoreUnavailable."""
        rows = await self._store.read(_FIRST_IDS, {"box": box, "most": most})
        return [row.id for row in rows]

    async def last_ids(self, owner: str) -> dict[str, int]:
        """The id of the last entry of every box of one system; raises StoreUnavailable."""
        rows = await self._store.read(_LAST_IDS, _names_of(owner))
        return {row.box: row.last_id for row in rows}

    async def counts(self, boxes: Iterable[str]) -> dict[str, int]:
        """How many entries these boxes hold, those with any; raises StoreUnavailable."""
        rows = await self._store.read(_COUNTS, {"boxes": list(boxes)})
        return {row.box: row.entries for row in rows}

    # Readers

    async def readers(self, owner: str) -> dict[str, Reader]:
        """Every reader of one system, with nobody reading; raises StoreUnavailable."""
        found: dict[str, Reader] = {}
        for row in await self._store.read(_READERS, _names_of(owner)):
            gap = None if row.gap_upto is None else Gap(row.gap_after, row.gap_upto)
            found[row.reader] = Reader(row.position, gap)
            self._saved[row.reader] = (row.position, gap)
        return found

    def save(self, name: str, reader: Reader) -> None:
        """Save the reader's position soon; the latest one is what is saved."""
        self._unsaved[name] = reader
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(SAVE_S, self._save)

    def forget(self, name: str) -> None:
        """Save nothing more of a reader, whose row is dropped."""
        self._unsaved.pop(name, None)
        self._saved.pop(name, None)

    async def flush(self) -> None:
        """Save all positions now; one that cannot be saved is told of and lost.

        Call it when nobody reads any more, before the store is closed.
        """
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        changes = self._take_changes()
        if not changes:
            return
        try:
            await self._store.write(*changes)
        except StoreError as error:
            log.warning("positions of %d readers: not saved: %s", len(changes), error)

    def _save(self) -> None:
        self._timer = None
        changes = self._take_changes()
        for first in range(0, len(changes), _POSITIONS_A_WRITE):
            some = changes[first : first + _POSITIONS_A_WRITE]
            # Nothing is lost: it will be told again, and a later position is saved all the same.
            self._store.save_soon(*some, what=f"positions of {len(some)} readers")

    def _take_changes(self) -> list[Change]:
        changes = []
        for name, reader in self._unsaved.items():
            state = (reader.position, reader.gap)
            if self._saved.get(name) != state:
                self._saved[name] = state
                changes.append(keep_reader(name, *state))
        self._unsaved.clear()
        return changes


def put(box: str, entry_id: int, content: str) -> Change:
    """Put an entry into a box."""
    return Change(_INSERT, {"box": box, "id": entry_id, "content": content})


def trim(box: str, upto: int) -> Change:
    """Forget the entries of a box up to an id."""
    return Change(_TRIM, {"of_box": box, "upto": upto}, key=("mailbox_trim", box))


def drop(box: str) -> Change:
    """Forget a box with all its entries."""
    return Change(_DROP, {"of_box": box})


def keep_reader(name: str, position: int, gap: Gap | None) -> Change:
    """Save a position now, together with other changes; `Mailbox.save` does it soon."""
    values: Mapping[str, object] = {
        "reader": name,
        "position": position,
        "gap_after": gap.after if gap else None,
        "gap_upto": gap.upto if gap else None,
    }
    return Change(_KEEP_READER, values, key=("mailbox_reader", name))


def drop_reader(name: str) -> Change:
    """Forget how far a reader is."""
    return Change(_DROP_READER, {"of_reader": name}, key=("mailbox_reader", name))


def count_before(owner: str, before: datetime) -> Select[int]:
    """How many entries of one system were put before a time."""
    is_of_owner = entries.c.box.like(f"{owner}/%")
    is_old = entries.c.id < id_before(before)
    return select(func.count()).select_from(entries).where(is_of_owner, is_old)


def id_before(moment: datetime) -> int:
    """The smallest id that could be given at a time."""
    return id_at(ids.milliseconds_of(moment))


def id_at(milliseconds: int) -> int:
    """The smallest id that could be given at a time, in milliseconds since 1970."""
    return ids.id_at(milliseconds, _COUNT_BITS)


def milliseconds_at(entry_id: int) -> int:
    """When an id was given, in milliseconds since 1970."""
    return ids.milliseconds_at(entry_id, _COUNT_BITS)


def _names_of(owner: str) -> dict[str, str]:
    return {"pattern": f"{owner}/%"}
