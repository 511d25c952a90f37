"""Keeps pictures of tasks, and gives them out.

Like keys, they are at home nowhere: the database has them, and any node answers.
"""

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, NamedTuple

from quad.classroom.entering.secrets import Teacher
from quad.classroom.pictures import tables
from quad.classroom.pictures.model import checked_type, counted_bytes, ids_in, is_id
from quad.classroom.pictures.shelf import Shelf
from quad.classroom.quotas import Quotas
from quad.classroom.refusals import TooLarge
from quad.classroom.rooms import Rooms
from quad.exclusive import Exclusive
from quad.store import Change, Conflict

# Retention counts in days.
_USE_NOTED_EACH: Final = timedelta(days=1)


class Added(NamedTuple):
    """The ids of pictures, in the order in which they came, and what is to be saved for them."""

    ids: Sequence[str]
    changes: Sequence[Change]


class Pictures:
    """The pictures of all teachers."""

    def __init__(
        self, rooms: Rooms, quotas: Quotas, now: Callable[[], datetime], limit_bytes: int
    ) -> None:
        """`limit_bytes` is for all pictures of one key."""
        self._rooms: Final = rooms
        self._quotas: Final = quotas
        self._now: Final = now
        self._limit_bytes: Final = limit_bytes
        self._turns: Final = Exclusive()
        self._shelf: Final = Shelf(self._read)

    async def keep(
        self,
        teacher: Teacher,
        contents: Sequence[bytes],
        address: str,
        others: Callable[[Sequence[str]], Sequence[Change]] = lambda _: (),
    ) -> Sequence[str]:
        """Keep pictures, and in the same commit what `others` make of their ids; returns these.

        One that the teacher has already keeps its id, and counts no second time.

        Raises TooLarge, NoPicture, QuotaReached, CannotSave.
        """
        for content in contents:
            checked_type(content)
        # What is left of the limit may be spent once.
        async with self._turns.turn(teacher.id):
            try:
                return await self._keep(teacher, contents, address, others)
            except Conflict:
                # Another node was given the same picture meanwhile: now it is there.
                return await self._keep(teacher, contents, address, others)

    async def content(self, picture_id: str) -> bytes | None:
        """A picture, if there is one with this id; raises CannotSave."""
        return await self._shelf.get(picture_id) if is_id(picture_id) else None

    async def contents(self, ids: Sequence[str]) -> dict[str, bytes]:
        """Those of these pictures that there are, by their ids; raises CannotSave."""
        rows = await self._rooms.read(tables.select_contents(ids)) if ids else []
        return {row.picture_id: row.content for row in rows}

    async def size_bytes(self, ids: Sequence[str]) -> int:
        """How much these pictures count together; raises CannotSave."""
        return (await self._rooms.read(tables.select_sizes(ids)))[0][0] if ids else 0

    async def shown_in(self, contents: Sequence[str]) -> list[str]:
        """The ids of the pictures that this HTML shows; raises CannotSave."""
        ids = ids_in(contents)
        rows = await self._rooms.read(tables.select_existing(ids)) if ids else []
        return [picture_id for (picture_id,) in rows]

    async def forget(self, before: datetime, limit: int) -> int:
        """Forget pictures that nothing has shown since; returns how many. Raises CannotSave."""
        await self._rooms.save(tables.note_shown(self._now(), _USE_NOTED_EACH))
        rows = await self._rooms.read(tables.select_unused(before, limit))
        if rows:
            await self._rooms.save(
                *(change for (each,) in rows for change in tables.delete_unused(each, before))
            )
            self._shelf.forget(each for (each,) in rows)
        return len(rows)

    async def _keep(
        self,
        teacher: Teacher,
        contents: Sequence[bytes],
        address: str,
        others: Callable[[Sequence[str]], Sequence[Change]],
    ) -> Sequence[str]:
        added = await self._add(teacher, contents, address)
        await self._rooms.save(*added.changes, *others(added.ids))
        return added.ids

    async def _add(self, teacher: Teacher, contents: Sequence[bytes], address: str) -> Added:
        by_hash = {sha256(content).hexdigest(): content for content in contents}
        hashes = [sha256(content).hexdigest() for content in contents]
        ids = await self._kept(teacher, list(by_hash))
        new = {hashed: content for hashed, content in by_hash.items() if hashed not in ids}
        size_bytes = sum(map(counted_bytes, new.values()))
        await self._check_room(teacher, size_bytes)
        self._quotas.keep_pictures(address, size_bytes)
        # Who brings it again means to show it: it must not be forgotten meanwhile.
        changes = [tables.keep_used(each, self._now()) for each in ids.values()]
        for hashed, content in new.items():
            ids[hashed] = secrets.token_hex(16)
            row = tables.Picture(
                ids[hashed], teacher.id, hashed, counted_bytes(content), self._now()
            )
            changes += tables.insert_picture(row, content)
        return Added([ids[each] for each in hashes], changes)

    async def _kept(self, teacher: Teacher, hashes: Sequence[str]) -> dict[str, str]:
        if not hashes:
            return {}
        rows = await self._rooms.read(tables.select_kept(teacher.id, hashes))
        return {row.hash: row.id for row in rows}

    async def _check_room(self, teacher: Teacher, size_bytes: int) -> None:
        if not size_bytes:
            return
        (kept,) = await self._rooms.read(tables.select_total(teacher.id))
        if kept.total + size_bytes > self._limit_bytes:
            raise TooLarge(f"pictures of more than {self._limit_bytes} bytes")

    async def _read(self, picture_id: str) -> bytes | None:
        rows = await self._rooms.read(tables.select_content(picture_id))
        return rows[0][0] if rows else None
