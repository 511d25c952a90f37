"""The last known files of each student, and every statement that reads or changes them."""

from collections.abc import Iterable
from functools import lru_cache, partial
from hashlib import blake2b
from typing import Any, Final

import msgspec
from sqlalchemy import Column, Integer, Row, Select, Table, bindparam, column, delete, select, table

from quad.classroom.columns import AnyText
from quad.classroom.model import File, utf8_size
from quad.store import Change, metadata, upsert
from quad.store.schema import TABLE_OPTIONS, ShortText

files: Final = Table(
    "classroom_files",
    metadata,
    Column("student_id", Integer, primary_key=True, autoincrement=False),
    # A hash, because a path may be longer than a key on MySQL.
    Column("path_key", ShortText(32), primary_key=True),
    Column("filename", ShortText(1000), nullable=False),
    Column("status", ShortText(7), nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("content", AnyText, nullable=False),
    **TABLE_OPTIONS,
)

_UPSERT_FILE: Final = upsert(
    files,
    key=["student_id", "path_key"],
    update=["filename", "status", "size_bytes", "content"],
)
_DELETE_FILE: Final = delete(files).where(
    files.c.student_id == bindparam("of_id"), files.c.path_key == bindparam("of_path")
)
DELETE_OF_STUDENT: Final = delete(files).where(files.c.student_id == bindparam("of_id"))
_participants: Final = table("classroom_participants", column("id"), column("room"))
_IDS_IN_ROOM: Final = select(_participants.c.id).where(_participants.c.room == bindparam("of_room"))
DELETE_OF_ROOM: Final = delete(files).where(files.c.student_id.in_(_IDS_IN_ROOM))
"""To be executed while the participants are still there."""


def keep_file(student_id: int, file: File) -> Change:
    """Keep the latest state of one file; a removed one goes."""
    name = file.filename
    key = ("classroom-file", student_id, name)
    if file.status == "REMOVED":
        return Change(_DELETE_FILE, {"of_id": student_id, "of_path": _path_key(name)}, key)
    return Change(_UPSERT_FILE, partial(_file_values, student_id, file), key)


def _file_values(student_id: int, file: File) -> dict[str, Any]:
    content = file.content or ""
    return {
        "student_id": student_id,
        "path_key": _path_key(file.filename),
        "filename": file.filename,
        "status": file.status,
        "size_bytes": utf8_size(content),
        "content": content,
    }


# A class has the same few names, again and again: measured, 0.1 instead of 1 µs a file.
@lru_cache(1024)
def _path_key(filename: str) -> str:
    return blake2b(filename.encode(), digest_size=16).hexdigest()


def keep_tree(student_id: int, tree: Iterable[File]) -> list[Change]:
    """Keep these files of a student and no others."""
    forget = Change(DELETE_OF_STUDENT, {"of_id": student_id})
    return [forget, *(keep_file(student_id, file) for file in tree)]


def select_files(student_id: int) -> Select[str, str, str]:
    """The kept files of one student: filename, status, content."""
    columns = files.c
    return (
        select(columns.filename, columns.status, columns.content)
        .where(columns.student_id == student_id)
        .order_by(columns.filename)
    )


def select_file_sizes(student_id: int) -> Select[str, int]:
    """How large each kept file of one student is."""
    columns = files.c
    return select(columns.filename, columns.size_bytes).where(columns.student_id == student_id)


def read_files(rows: Iterable[Row[str, str, str]]) -> list[File]:
    """The files of `select_files`."""
    return [
        msgspec.convert({"filename": filename, "status": status, "content": content}, File)
        for filename, status, content in rows
    ]
