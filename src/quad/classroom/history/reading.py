"""A history as it is given out: JSON lines, or an archive with the files as they are now.

The first line has the `files` as they were at the beginning, then come edits, each a splice of what
is there, and marks, in the order in which all of it happened.
"""

import asyncio
import zipfile
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import UNSET, Struct, UnsetType
from sqlalchemy import Row

from quad.classroom.history import tables
from quad.classroom.history.model import (
    Edit,
    Files,
    Kind,
    MarkKind,
    play_one,
    shown,
)
from quad.classroom.model import in_words
from quad.classroom.refusals import NotRecorded
from quad.classroom.rooms import Rooms
from quad.classroom.state import Participant

_encode: Final = msgspec.json.Encoder().encode


class FilesLine(Struct, frozen=True):
    """The files where the lines begin."""

    files: Mapping[str, str]


class EditLine(Struct, frozen=True):
    """One change; `at` in ISO 8601. A file that is gone is `removed`, with all its text."""

    seq: int
    at: str
    filename: str
    start: int
    removed: int
    inserted: str
    kind: Kind | UnsetType = UNSET
    pasted: bool | UnsetType = UNSET


class Mark(Struct, frozen=True):
    """Something else that happened."""

    id: int
    at: str
    kind: MarkKind
    data: msgspec.Raw


class MarkLine(Struct, frozen=True):
    """The same as a line."""

    mark: Mark


class Found(NamedTuple):
    """What the database has of a student's history."""

    edits: Sequence[Row[Any]]
    chunks: Sequence[Row[Any]]
    marks: Sequence[Row[Any]]
    after: int


class Reading:
    """Reads histories."""

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    async def lines(self, student: Participant, after: int) -> bytes:
        """A student's history after a number as JSON lines; raises NotRecorded, CannotSave."""
        found = await self._find(student, after)
        return await asyncio.to_thread(_lines, found)

    async def archive(self, student: Participant) -> bytes:
        """All of it as a ZIP archive, with the files as they are now; raises as `lines` does."""
        found = await self._find(student, 0)
        return await asyncio.to_thread(_archive, found)

    async def _find(self, student: Participant, after: int) -> Found:
        # What was to be saved until now is part of it.
        await self._rooms.save()
        # Edits first: what is packed meanwhile is then found twice, and not never.
        edits = await self._rooms.read(tables.select_edits(student.id))
        chunks = await self._rooms.read(tables.select_chunks(student.id))
        if not edits and not chunks:
            raise NotRecorded(student.id)
        marks = await self._rooms.read(tables.select_log(student.id))
        return Found(edits, chunks, marks, after)


def _lines(found: Found) -> bytes:
    files: Files = {}
    return b"".join(_encode(line) + b"\n" for line in _all_lines(found, files))


def _archive(found: Found) -> bytes:
    files: Files = {}
    text = b"".join(_encode(line) + b"\n" for line in _all_lines(found, files))
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("history.jsonl", text)
        for name, content in sorted(files.items()):
            archive.writestr(f"files/{name}", content.encode(errors="replace"))
    return packed.getvalue()


def _all_lines(found: Found, files: Files) -> Iterator[Struct]:
    """The lines; `files` are those at the end when they were all taken."""
    edits, since = deque(_every_edit(found)), 0
    while edits and edits[0].seq <= found.after:
        since = edits[0].at
        play_one(files, edits.popleft())
    yield FilesLine(dict(files))
    marks = deque(row for row in found.marks if not since or _ms(row.at) > since)
    for edit in edits:
        while marks and _ms(marks[0].at) <= edit.at:
            yield _mark(marks.popleft())
        yield from _edit_lines(files, edit)
    yield from map(_mark, marks)


def _every_edit(found: Found) -> Iterator[Edit]:
    # The first chunk is of the beginning, when there was no file: what others begin with follows.
    last = 0
    for row, chunk in zip(found.chunks, tables.read_chunks(found.chunks), strict=True):
        yield from chunk.edits
        last = row.last_seq
    for edit in tables.read_edits(found.edits):
        if edit.seq > last:
            yield edit


def _edit_lines(files: Files, edit: Edit) -> Iterator[EditLine]:
    """The edit as lines, and the files after it."""
    if edit.kind == "tree":
        for name in list(files):
            yield from _edit_lines(files, Edit(edit.seq, edit.at, name, "removed", 0, 0, ""))
        return
    edit = shown(files, edit)
    play_one(files, edit)
    kind = edit.kind if edit.kind in ("removed", "thinned") else UNSET
    yield EditLine(
        edit.seq,
        in_words(datetime.fromtimestamp(edit.at / 1000, UTC)),
        edit.filename,
        edit.start,
        edit.removed,
        edit.inserted,
        kind,
        edit.pasted or UNSET,
    )


def _mark(row: Row[Any]) -> MarkLine:
    return MarkLine(Mark(row.id, in_words(row.at), row.kind, msgspec.Raw(row.data.encode())))


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
