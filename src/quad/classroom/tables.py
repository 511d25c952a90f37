"""Rooms, who is in them and what they write to each other: tables and statements.

A room's rows go when the room is closed, a student's when the student leaves for good. Statements
are constants, so that the store can merge neighbours; changes of one place ("latest state") carry
a key, so that of many that wait only the last is executed.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, Literal

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    Select,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from quad.classroom.columns import AnyText, kept_key
from quad.classroom.entering.secrets import IssuedPass
from quad.classroom.helping import tables as help_tables
from quad.classroom.history import tables as history_tables
from quad.classroom.model import Enrolled, Rules, Signal, Status, Step
from quad.classroom.notices import tables as notice_tables
from quad.classroom.pictures import tables as picture_tables
from quad.classroom.running import tables as report_tables
from quad.classroom.sharing import tables as file_tables
from quad.classroom.sharing.ignores import Ignores
from quad.classroom.tasks import tables as task_tables
from quad.store import Change, metadata, upsert
from quad.store.schema import TABLE_OPTIONS, LongText, ShortText, Timestamp

rooms: Final = Table(
    "classroom_rooms",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("created_at", Timestamp, nullable=False),
    # JSON: the tasks, and what `settings` sends.
    Column("steps", LongText, nullable=False),
    Column("settings", LongText),
    Column("exercise", AnyText),
    # JSON: the tasks imported last, until some are handed out.
    Column("imported", LongText),
    # When somebody was last in it, to the day.
    Column("used_at", Timestamp, nullable=False, server_default="0"),
    # 0 or 1.
    Column("is_locked", Integer, nullable=False, server_default="0"),
    Column("has_results_page", Integer, nullable=False, server_default="1"),
    Column("is_recorded", Integer, nullable=False, server_default="1"),
    Column("auto_done", Integer, nullable=False, server_default="0"),
    # What the teacher calls it; empty if nothing.
    Column("title", ShortText(100), nullable=False, server_default=""),
    # The highest id of a participant who has gone; those who are there know theirs.
    Column("last_id", Integer, nullable=False, server_default="0"),
    # JSON: how many seconds the last helps took, from when they were taken.
    Column("helps_took_s", LongText),
    # Whose key it belongs to; none for classes of original clients.
    Column("teacher_id", BigInteger),
    Index("ix_classroom_rooms_used_at", "used_at"),
    Index("ix_classroom_rooms_teacher_id", "teacher_id"),
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
    # The address block last used: what an original client, which has no token, is known by.
    Column("address", ShortText(64), nullable=False),
    Column("token_hash", ShortText(64)),
    # JSON: the status of each step.
    Column("steps", LongText, nullable=False),
    # Messages up to this id are no business of whoever has come back from another address.
    Column("hidden_before", BigInteger, nullable=False, server_default="0"),
    # What a student has said last of how it goes: see `signal`.
    Column("last_signal", ShortText(11), nullable=False, server_default="NONE"),
    # JSON: hashes of the tokens of further devices, the newest last; of a host, the hash of the key
    # under which all of them were given.
    Column("more_tokens", LongText),
    Column("key_hash", ShortText(64)),
    # What takes the place over, once.
    Column("pass_hash", ShortText(64)),
    Column("pass_ends_at", Timestamp),
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
    # What the sender calls it, in hexadecimal: compared byte by byte on every engine.
    Column("client_key", ShortText(128)),
    Index("ix_classroom_messages_sender_client_key", "sender", "client_key", unique=True),
    **TABLE_OPTIONS,
)

barred: Final = Table(
    "classroom_barred",
    metadata,
    Column("room", Integer, primary_key=True, autoincrement=False),
    # `name`, or `token` with its hash.
    Column("kind", ShortText(5), primary_key=True),
    Column("value", ShortText(100), primary_key=True),
    **TABLE_OPTIONS,
)

_INSERT_ROOM: Final = insert(rooms)
_UPDATE_ROOM: Final = update(rooms).where(rooms.c.number == bindparam("of_room"))
_INSERT_PARTICIPANT: Final = insert(participants)
_UPDATE_PARTICIPANT: Final = update(participants).where(participants.c.id == bindparam("of_id"))
_INSERT_BARRED: Final = upsert(barred, key=["room", "kind", "value"], update=[])
_INSERT_MESSAGE: Final = insert(messages)
_DELETE_STUDENT: Final = (
    delete(messages).where(messages.c.student_id == bindparam("of_id")),
    file_tables.DELETE_OF_STUDENT,
    help_tables.DELETE_OF_STUDENT,
    *report_tables.DELETE_OF_STUDENT,
    *history_tables.DELETE_OF_STUDENT,
    delete(participants).where(participants.c.id == bindparam("of_id")),
)
_IDS_IN_ROOM: Final = select(participants.c.id).where(participants.c.room == bindparam("of_room"))
_DELETE_ROOM: Final = (
    delete(messages).where(messages.c.student_id.in_(_IDS_IN_ROOM)),
    file_tables.DELETE_OF_ROOM,
    help_tables.DELETE_OF_ROOM,
    *report_tables.DELETE_OF_ROOM,
    *history_tables.DELETE_OF_ROOM,
    delete(participants).where(participants.c.room == bindparam("of_room")),
    delete(barred).where(barred.c.room == bindparam("of_room")),
    notice_tables.DELETE_OF_ROOM,
    task_tables.DELETE_OF_ROOM,
    picture_tables.DELETE_OF_ROOM,
    delete(rooms).where(rooms.c.number == bindparam("of_room")),
)

_TASKS: Final = task_tables.tasks.c
SELECT_ROOM: Final = (
    select(
        rooms,
        _TASKS.rev,
        _TASKS.tasks,
        _TASKS.revealed,
        history_tables.last_mark_in(rooms.c.number),
    )
    .outerjoin_from(rooms, task_tables.tasks, _TASKS.room == rooms.c.number)
    .where(rooms.c.number == bindparam("of_room"))
)
"""One row, or none: of a room, and of its tasks."""
SELECT_BARRED: Final = select(barred.c.kind, barred.c.value).where(
    barred.c.room == bindparam("of_room")
)
"""Who does not come into a room again."""
_LAST_MESSAGE: Final = select(func.max(messages.c.id)).where(
    messages.c.student_id == participants.c.id
)
SELECT_PARTICIPANTS: Final = (
    select(
        participants,
        _LAST_MESSAGE.scalar_subquery().label("last_message"),
        *history_tables.kept_of(participants.c.id),
    )
    .where(participants.c.room == bindparam("of_room"))
    .order_by(participants.c.place)
)
"""Everybody in a room by place, with the last message of each one's conversation."""

_encode: Final = msgspec.json.Encoder().encode
_decode_steps: Final = msgspec.json.Decoder(list[Step]).decode
_decode_statuses: Final = msgspec.json.Decoder(dict[str, Status]).decode
_decode_took: Final = msgspec.json.Decoder(list[float]).decode
_decode_tokens: Final = msgspec.json.Decoder(list[str]).decode
_decode_settings: Final = msgspec.json.Decoder(Ignores).decode


def insert_room(
    number: int, at: datetime, title: str = "", teacher_id: int | None = None
) -> Change:
    """Open a room; conflicts if the number is in use."""
    values = {
        "number": number,
        "title": title,
        "teacher_id": teacher_id,
        "created_at": at,
        "used_at": at,
        "steps": "[]",
        "settings": None,
        "exercise": None,
    }
    return Change(_INSERT_ROOM, values)


def insert_participant(room: int, enrolled: Enrolled) -> Change:
    """Add somebody to a room; conflicts if the id is in use in any room."""
    values = enrolled._asdict() | {"room": room, "steps": "{}"}
    return Change(_INSERT_PARTICIPANT, values)


def keep_address(participant_id: int, address: str, hidden_before: int) -> Change:
    """Keep where the participant is, and which messages are hidden from whoever is there."""
    values = {"of_id": participant_id, "address": address, "hidden_before": hidden_before}
    return Change(_UPDATE_PARTICIPANT, values, ("classroom-address", participant_id))


def keep_token(participant_id: int, address: str, token_hash: str | None) -> Change:
    """Hand a participant over: to whoever has the token, else to whoever is at the address."""
    values = {
        "of_id": participant_id,
        "address": address,
        "token_hash": token_hash,
        "more_tokens": None,
        "key_hash": None,
    }
    return Change(_UPDATE_PARTICIPANT, values)


def keep_tokens(participant_id: int, tokens: Sequence[str], key_hash: str | None) -> Change:
    """Keep the hashes of a participant's tokens, and of a host's key; a pass is used up."""
    first, *more = tokens
    values = {
        "of_id": participant_id,
        "token_hash": first,
        "more_tokens": _encode(more).decode() if more else None,
        "key_hash": key_hash,
        "pass_hash": None,
        "pass_ends_at": None,
    }
    return Change(_UPDATE_PARTICIPANT, values)


def keep_key_hash(participant_id: int, key_hash: str) -> Change:
    """Keep under which key a host has got the first token."""
    return Change(_UPDATE_PARTICIPANT, {"of_id": participant_id, "key_hash": key_hash})


def keep_pass(participant_id: int, issued: IssuedPass) -> Change:
    """Keep a pass to a place; an earlier one opens it no more."""
    values = {"of_id": participant_id, "pass_hash": issued.hash, "pass_ends_at": issued.ends_at}
    return Change(_UPDATE_PARTICIPANT, values)


def decoded_tokens(text: str | None) -> list[str]:
    """Hashes of further tokens from what was kept."""
    return [] if text is None else _decode_tokens(text)


def keep_teacher(room: int, teacher_id: int | None) -> Change:
    """Keep whose key a room belongs to."""
    return Change(_UPDATE_ROOM, {"of_room": room, "teacher_id": teacher_id})


def keep_statuses(participant_id: int, steps: Mapping[str, Status]) -> Change:
    """Keep the status of each of a student's steps."""
    values = {"of_id": participant_id, "steps": _encode(steps).decode()}
    return Change(_UPDATE_PARTICIPANT, values, ("classroom-statuses", participant_id))


def keep_signal(participant_id: int, value: Signal) -> Change:
    """Keep what a student has said of how it goes."""
    values = {"of_id": participant_id, "last_signal": value}
    return Change(_UPDATE_PARTICIPANT, values, ("classroom-signal", participant_id))


def keep_steps(room: int, steps: Sequence[Step]) -> Change:
    """Keep the tasks of a room; those that were imported before are of no use any more."""
    values = {"of_room": room, "steps": encoded_steps(steps), "imported": None}
    return Change(_UPDATE_ROOM, values, ("classroom-steps", room))


def keep_imported(room: int, steps: Sequence[Step]) -> Change:
    """Keep tasks that were imported but not handed out."""
    return Change(_UPDATE_ROOM, {"of_room": room, "imported": encoded_steps(steps)})


def keep_used(room: int, at: datetime) -> Change:
    """Keep when the room was last used."""
    return Change(_UPDATE_ROOM, {"of_room": room, "used_at": at}, ("classroom-used", room))


def keep_door(room: int, *, is_locked: bool) -> Change:
    """Keep whether newcomers are let in."""
    return Change(_UPDATE_ROOM, {"of_room": room, "is_locked": int(is_locked)})


def keep_rules(room: int, rules: Rules) -> Change:
    """Keep what the teacher allows everybody."""
    values = {name: int(value) for name, value in msgspec.structs.asdict(rules).items()}
    return Change(_UPDATE_ROOM, {"of_room": room, **values})


def keep_helps_took(room: int, took_s: Iterable[float]) -> Change:
    """Keep how long the last helps took."""
    values = {"of_room": room, "helps_took_s": _encode([*took_s]).decode()}
    return Change(_UPDATE_ROOM, values, ("classroom-helps-took", room))


def keep_last_id(room: int, last_id: int) -> Change:
    """Keep which ids were given out, although nobody has them any more."""
    return Change(_UPDATE_ROOM, {"of_room": room, "last_id": last_id})


def bar(room: int, kind: Literal["name", "token"], value: str) -> Change:
    """Keep a name, or the hash of a token, out of a room."""
    return Change(_INSERT_BARRED, {"room": room, "kind": kind, "value": value})


def keep_settings(room: int, ignores: Ignores) -> Change:
    """Keep which files the room ignores."""
    values = {"of_room": room, "settings": _encode(ignores).decode()}
    return Change(_UPDATE_ROOM, values, ("classroom-settings", room))


def keep_exercise(room: int, content: str) -> Change:
    """Keep the room's one task in the old form."""
    values = {"of_room": room, "exercise": content}
    return Change(_UPDATE_ROOM, values, ("classroom-exercise", room))


def insert_message(
    student_id: int, message_id: int, sender: int, at: datetime, content: str, key: str | None
) -> Change:
    """Add a message to the conversation of one student with the teacher.

    Conflicts if the sender has sent one with this key.
    """
    values = {
        "student_id": student_id,
        "id": message_id,
        "sender": sender,
        "at": at,
        "content": content,
        "client_key": None if key is None else kept_key(key),
    }
    return Change(_INSERT_MESSAGE, values)


def delete_student(student_id: int) -> list[Change]:
    """Forget a student with everything that belongs to them."""
    return [Change(statement, {"of_id": student_id}) for statement in _DELETE_STUDENT]


def delete_room(number: int) -> list[Change]:
    """Forget a room with everything in it; the number is free again."""
    return [Change(statement, {"of_room": number}) for statement in _DELETE_ROOM]


def select_unused(before: datetime, limit: int) -> Select[int]:
    """The numbers of rooms where nobody has been since; the longest unused first."""
    return (
        select(rooms.c.number)
        .where(rooms.c.used_at < before)
        .order_by(rooms.c.used_at, rooms.c.number)
        .limit(limit)
    )


def count_unused(before: datetime) -> Select[int]:
    """One number: in how many rooms nobody has been since."""
    return select(func.count()).select_from(rooms).where(rooms.c.used_at < before)


def select_messages(
    student_id: int, limit: int, after: int = 0
) -> Select[int, int, datetime, str, str | None]:
    """The latest messages of one conversation, last first: id, sender, at, content, client_key."""
    columns = messages.c
    return (
        select(columns.id, columns.sender, columns.at, columns.content, columns.client_key)
        .where(columns.student_id == student_id, columns.id > after)
        .order_by(columns.id.desc())
        .limit(limit)
    )


def select_sent(sender: int, key: str) -> Select[int, datetime]:
    """The message that a sender has sent under a key, or none: id, at."""
    columns = messages.c
    return select(columns.id, columns.at).where(
        columns.sender == sender, columns.client_key == kept_key(key)
    )


def encoded_steps(steps: Sequence[Step]) -> str:
    """Tasks as they are kept."""
    return _encode(steps).decode()


def decoded_steps(text: str) -> list[Step]:
    """Tasks from what was kept."""
    return _decode_steps(text)


def decoded_imported(text: str | None) -> list[Step] | None:
    """Imported tasks from what was kept."""
    return None if text is None else _decode_steps(text)


def decoded_took(text: str | None) -> list[float]:
    """How long the last helps took, from what was kept."""
    return [] if text is None else _decode_took(text)


def decoded_statuses(text: str) -> dict[str, Status]:
    """The status of each step from what was kept."""
    return _decode_statuses(text)


def decoded_settings(text: str | None) -> Ignores | None:
    """The ignored files from what was kept."""
    return None if text is None else _decode_settings(text)
