"""Edits that become chunks, and chunks that become thinner."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from quad.classroom.history import tables
from quad.classroom.history.model import (
    CHUNK_AGE,
    CHUNK_BYTES,
    EDITS_IN_CHUNK,
    Chunk,
    Edit,
    Files,
    played,
    thinned,
    touched,
)
from quad.classroom.history.state import Trace
from quad.classroom.rooms import Rooms
from quad.classroom.state import Participant
from quad.refusals import CannotSave
from quad.store.ids import milliseconds_of

_AGE_MS = CHUNK_AGE.total_seconds() * 1000

log = logging.getLogger("quad.classroom")


class Packing:
    """Packs the edits of each student from time to time."""

    def __init__(self, rooms: Rooms, limit_bytes: int, now: Callable[[], datetime]) -> None:
        """`limit_bytes`: so large may the chunks of a student be before they are thinned."""
        self._rooms = rooms
        self._limit_bytes = limit_bytes
        self._now = now
        self._tasks: set[asyncio.Task[None]] = set()

    async def aclose(self) -> None:
        """Pack nothing more; what is not packed is kept as it is."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def sweep(self) -> None:
        """Pack what has become old, of students who do not write any more."""
        for room in self._rooms:
            for student_id in list(room.traces):
                student = room.students.get(student_id)
                if student is not None:
                    self.pack_if_due(student)

    def pack_if_due(self, student: Participant) -> None:
        """Begin to pack a student's edits if they are many, long or old."""
        trace = student.room.traces[student.id]
        if trace.is_packing or not trace.open_count:
            return
        is_full = trace.open_count >= EDITS_IN_CHUNK or trace.open_bytes >= CHUNK_BYTES
        if is_full or milliseconds_of(self._now()) - trace.open_since >= _AGE_MS:
            self.begin(student)

    def begin(self, student: Participant) -> None:
        """Begin to pack, in a task."""
        trace = student.room.traces[student.id]
        trace.is_packing = True
        task = asyncio.get_running_loop().create_task(self._pack_and_thin(student, trace))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _pack_and_thin(self, student: Participant, trace: Trace) -> None:
        try:
            await self._pack(student, trace)
            if trace.packed_bytes > self._limit_bytes:
                await self._thin(student, trace)
        except CannotSave as error:
            # The edits are there, and are packed another time.
            log.warning("the history of a student is not packed: %s", error)
        finally:
            trace.is_packing = False

    async def _pack(self, student: Participant, trace: Trace) -> None:
        # What comes from here on belongs to the next chunk, and so do the texts before it.
        last, before, trace.before = trace.last_seq, trace.before, {}
        trace.open_since = milliseconds_of(self._now())
        try:
            # Whatever was to be saved until now is saved then.
            await self._rooms.save()
            rows = await self._rooms.read(tables.select_edits(student.id))
            edits = [edit for edit in tables.read_edits(rows) if edit.seq <= last]
            if edits:
                files = await self._before(student, edits, before)
                await self._replace(student, trace, Chunk(files, edits))
        except BaseException:
            trace.before = None if before is None else {**trace.before, **before}
            raise

    async def _before(
        self, student: Participant, edits: Sequence[Edit], before: Files | None
    ) -> Files:
        """The texts that the edits begin with: as they are remembered, else of the chunks."""
        names = [*touched(edits)]
        if before is None or not before.keys() >= {*names}:
            rows = await self._rooms.read(tables.select_chunks(student.id))
            before = await asyncio.to_thread(_played, rows)
        return {name: before.get(name, "") for name in names}

    async def _replace(self, student: Participant, trace: Trace, chunk: Chunk) -> None:
        data = await asyncio.to_thread(tables.encode_chunk, chunk)
        if _is_gone(student):
            return
        await self._rooms.save(*tables.pack(student.id, chunk, data))
        trace.packed_bytes += len(data)
        trace.open_count = max(0, trace.open_count - len(chunk.edits))
        trace.open_bytes = max(0, trace.open_bytes - sum(len(e.inserted) for e in chunk.edits))

    async def _thin(self, student: Participant, trace: Trace) -> None:
        """The oldest half, by size, becomes a state a minute; if that is not enough, all."""
        rows = await self._rooms.read(tables.select_chunks(student.id))
        for share in (0.5, 1.0):
            oldest = _oldest(rows, share)
            chunk, data = await asyncio.to_thread(_thinner, oldest)
            size_bytes = sum(len(row.data) for row in oldest)
            if _is_gone(student):
                return
            if not chunk.edits or len(data) >= size_bytes:
                continue
            last = oldest[-1].last_seq
            await self._rooms.save(*tables.replace_chunks(student.id, chunk, data, last))
            trace.packed_bytes += len(data) - size_bytes
            if trace.packed_bytes <= self._limit_bytes:
                return
            rows = await self._rooms.read(tables.select_chunks(student.id))


def _played(rows: Sequence[Row[Any]]) -> Files:
    return played(tables.read_chunks(rows))


def _thinner(rows: Sequence[Row[Any]]) -> tuple[Chunk, bytes]:
    chunk = thinned(tables.read_chunks(rows))
    return chunk, tables.encode_chunk(chunk)


def _oldest(rows: Sequence[Row[Any]], share: float) -> list[Row[Any]]:
    wanted, found = share * sum(len(row.data) for row in rows), list[Row[Any]]()
    for row in rows:
        if wanted <= 0:
            break
        found.append(row)
        wanted -= len(row.data)
    return found


def _is_gone(student: Participant) -> bool:
    """Whether nothing may be saved of the student any more: a row would stay for ever."""
    return student.is_leaving or student.room.is_closing
