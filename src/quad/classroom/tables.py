"""The classroom's tables, and every statement that reads or changes them.

A room's rows go when the room is closed, a student's when the student leaves for good. Statements
are constants, so that the store can merge neighbours; changes of one place ("latest state") carry
a key, so that of many that wait only the last is executed.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from hashlib import blake2b
from typing import Any, Final

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Dialect,
    Index,
    Integer,
    Row,
    Select,
    Table,
    TypeDecorator,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from quad.classroom.ignores import Ignores
from quad.classroom.model import File, Role, Status, Step, utf8_size
from quad.store import Change, metadata, upsert
from quad.store.schema import TABLE_OPTIONS, LongText, ShortText, Timestamp


class AnyText(TypeDecorator[str]):
    """Text with any character; PostgreSQL's own would refuse U+0000, which a file may hold."""

    impl = LongText
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Write U+0000 as two characters, and the first of these as two others."""
        if value is None or ("\x00" not in value and "\uffff" not in value):
            return value
        return value.replace("\uffff", "\uffff1").replace("\x00", "\uffff0")

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Undo it."""
        if value is None or "\uffff" not in value:
            return value
        return value.replace("\uffff0", "\x00").replace("\uffff1", "\uffff")


rooms: Final = Table(
    "classroom_rooms",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("created_at", Timestamp, nullable=False),
    # JSON: the tasks, and what `settings` sends.
    Column("steps", LongText, nullable=False),
    Column("settings", LongText),
    Column("exercise", AnyText),
    **TABLE_OPTIONS,
)

participants: Final = Table(
    "classroom_participants",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("room", Integer, nullable=False),
    Column("role", ShortText(6), nullable=False),
    Column("name", ShortText(100), nullable=False),
    # In order of joining.
    Column("place", Integer, nullable=False),
    # The address last used: what an original client, which has no token, is known by.
    Column("address", ShortText(64), nullable=False),
    Column("token_hash", ShortText(64)),
    # JSON: the status of each step.
    Column("steps", LongText, nullable=False),
    Index("ix_classroom_participants_room", "room"),
    **TABLE_OPTIONS,
)

messages: Final = Table(
    "classroom_messages",
    metadata,
    Column("student_id", Integer, primary_key=True, autoincrement=False),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("sender", Integer, nullable=False),
    Column("at", Timestamp, nullable=False),
    Column("content", AnyText, nullable=False),
    **TABLE_OPTIONS,
)

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

_INSERT_ROOM: Final = insert(rooms)
_UPDATE_ROOM: Final = update(rooms).where(rooms.c.number == bindparam("of_room"))
_INSERT_PARTICIPANT: Final = insert(participants)
_UPDATE_PARTICIPANT: Final = update(participants).where(participants.c.id == bindparam("of_id"))
_INSERT_MESSAGE: Final = insert(messages)
_UPSERT_FILE: Final = upsert(
    files,
    key=["student_id", "path_key"],
    update=["filename", "status", "size_bytes", "content"],
)
_DELETE_FILE: Final = delete(files).where(
    files.c.student_id == bindparam("of_id"), files.c.path_key == bindparam("of_path")
)
_DELETE_FILES: Final = delete(files).where(files.c.student_id == bindparam("of_id"))
_DELETE_STUDENT: Final = (
    delete(messages).where(messages.c.student_id == bindparam("of_id")),
    _DELETE_FILES,
    delete(participants).where(participants.c.id == bindparam("of_id")),
)
_IDS_IN_ROOM: Final = select(participants.c.id).where(participants.c.room == bindparam("of_room"))
_DELETE_ROOM: Final = (
    delete(messages).where(messages.c.student_id.in_(_IDS_IN_ROOM)),
    delete(files).where(files.c.student_id.in_(_IDS_IN_ROOM)),
    delete(participants).where(participants.c.room == bindparam("of_room")),
    delete(rooms).where(rooms.c.number == bindparam("of_room")),
)

_encode: Final = msgspec.json.Encoder().encode
_decode_steps: Final = msgspec.json.Decoder(list[Step]).decode
_decode_statuses: Final = msgspec.json.Decoder(dict[str, Status]).decode
_decode_settings: Final = msgspec.json.Decoder(Ignores).decode


def insert_room(number: int, at: datetime) -> Change:
    """Open a room; conflicts if the number is in use."""
    return Change(
        _INSERT_ROOM,
        {"number": number, "created_at": at, "steps": "[]", "settings": None, "exercise": None},
    )


def insert_participant(
    participant_id: int,
    room: int,
    role: Role,
    name: str,
    place: int,
    address: str,
    token_hash: str | None,
) -> Change:
    """Add somebody to a room; conflicts if the id is in use in any room."""
    values = {
        "id": participant_id,
        "room": room,
        "role": role,
        "name": name,
        "place": place,
        "address": address,
        "token_hash": token_hash,
        "steps": "{}",
    }
    return Change(_INSERT_PARTICIPANT, values)


def keep_identity(participant_id: int, address: str, token_hash: str | None) -> Change:
    """Keep what the participant is known by."""
    values = {"of_id": participant_id, "address": address, "token_hash": token_hash}
    return Change(_UPDATE_PARTICIPANT, values, ("classroom-identity", participant_id))


def keep_statuses(participant_id: int, steps: Mapping[str, Status]) -> Change:
    """Keep the status of each of a student's steps."""
    values = {"of_id": participant_id, "steps": _encode(steps).decode()}
    return Change(_UPDATE_PARTICIPANT, values, ("classroom-statuses", participant_id))


def keep_steps(room: int, steps: Sequence[Step]) -> Change:
    """Keep the tasks of a room."""
    values = {"of_room": room, "steps": encoded_steps(steps)}
    return Change(_UPDATE_ROOM, values, ("classroom-steps", room))


def keep_settings(room: int, ignores: Ignores) -> Change:
    """Keep which files the room ignores."""
    values = {"of_room": room, "settings": _encode(ignores).decode()}
    return Change(_UPDATE_ROOM, values, ("classroom-settings", room))


def keep_exercise(room: int, content: str) -> Change:
    """Keep the room's one task in the old form."""
    values = {"of_room": room, "exercise": content}
    return Change(_UPDATE_ROOM, values, ("classroom-exercise", room))


def insert_message(
    student_id: int, message_id: int, sender: int, at: datetime, content: str
) -> Change:
    """Add a message to the conversation of one student with the teacher."""
    values = {
        "student_id": student_id,
        "id": message_id,
        "sender": sender,
        "at": at,
        "content": content,
    }
    return Change(_INSERT_MESSAGE, values)


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


def _path_key(filename: str) -> str:
    return blake2b(filename.encode(), digest_size=16).hexdigest()


def keep_tree(student_id: int, tree: Iterable[File]) -> list[Change]:
    """Keep these files of a student and no others."""
    forget = Change(_DELETE_FILES, {"of_id": student_id})
    return [forget, *(keep_file(student_id, file) for file in tree)]


def delete_student(student_id: int) -> list[Change]:
    """Forget a student with everything that belongs to them."""
    return [Change(statement, {"of_id": student_id}) for statement in _DELETE_STUDENT]


def delete_room(number: int) -> list[Change]:
    """Forget a room with everything in it; the number is free again."""
    return [Change(statement, {"of_room": number}) for statement in _DELETE_ROOM]


def select_room(number: int) -> Select[str, str | None, str | None]:
    """One row, or none: tasks, settings, exercise."""
    return select(rooms.c.steps, rooms.c.settings, rooms.c.exercise).where(rooms.c.number == number)


def select_participants(
    number: int,
) -> Select[int, str, str, int, str, str | None, str]:
    """Everybody in a room by place: id, role, name, place, address, token_hash, steps."""
    columns = participants.c
    return (
        select(
            columns.id,
            columns.role,
            columns.name,
            columns.place,
            columns.address,
            columns.token_hash,
            columns.steps,
        )
        .where(columns.room == number)
        .order_by(columns.place)
    )


def select_messages(student_id: int, limit: int) -> Select[int, int, datetime, str]:
    """The latest messages of one conversation, last first: id, sender, at, content."""
    columns = messages.c
    return (
        select(columns.id, columns.sender, columns.at, columns.content)
        .where(columns.student_id == student_id)
        .order_by(columns.id.desc())
        .limit(limit)
    )


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


def encoded_steps(steps: Sequence[Step]) -> str:
    """Tasks as they are kept."""
    return _encode(steps).decode()


def decoded_steps(text: str) -> list[Step]:
    """Tasks from what was kept."""
    return _decode_steps(text)


def decoded_statuses(text: str) -> dict[str, Status]:
    """The status of each step from what was kept."""
    return _decode_statuses(text)


def decoded_settings(text: str | None) -> Ignores | None:
    """The ignored files from what was kept."""
    return None if text is None else _decode_settings(text)


def read_files(rows: Iterable[Row[str, str, str]]) -> list[File]:
    """The files of `select_files`."""
    return [
        msgspec.convert({"filename": filename, "status": status, "content": content}, File)
        for filename, status, content in rows
    ]
