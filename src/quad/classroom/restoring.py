"""A room as it comes into memory: out of the database, with nobody online."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, cast

from sqlalchemy import Row

from quad.addresses import block
from quad.classroom import tables
from quad.classroom.entering.secrets import IssuedPass
from quad.classroom.model import Enrolled, Notice, Signal
from quad.classroom.state import Participant, Room
from quad.classroom.tasks import tables as task_tables


class Saved(NamedTuple):
    """The rows of a room, one of them its own; notices, the oldest first."""

    room: Row[Any]
    participants: Sequence[Any]
    barred: Iterable[Any]
    notices: Iterable[Notice]
    tasks: Sequence[Row[Any]]


def restore_room(number: int, saved: Saved, dropped_at: float) -> Room:
    """The room of these rows; whoever was online has lost the connection at that time."""
    room = _room(number, saved.room, saved.tasks)
    room.notices.extend(saved.notices)
    for kind, value in saved.barred:
        (room.barred_names if kind == "name" else room.barred_tokens).add(value)
    room.last_id = max(room.last_id, *(row.id for row in saved.participants))
    for row in saved.participants:
        participant = _participant(room, row)
        participant.dropped_at = dropped_at
        room.places = participant.place + 1
        room.add_name(participant)
        if participant.role == "host":
            room.host = participant
        else:
            room.students[participant.id] = participant
            room.has_statuses = room.has_statuses or bool(participant.steps)
    return room


def _room(number: int, saved: Row[Any], tasks: Sequence[Row[Any]]) -> Room:
    room = Room(number, saved.title)
    room.teacher_id = saved.teacher_id
    room.handout = room.decided_handout = task_tables.read_handout(
        tasks, tables.decoded_steps(saved.steps)
    )
    room.imported = tables.decoded_imported(saved.imported)
    room.settings = tables.decoded_settings(saved.settings)
    room.exercise = saved.exercise
    room.is_locked = bool(saved.is_locked)
    room.has_results_page = bool(saved.has_results_page)
    room.is_recorded = bool(saved.is_recorded)
    room.has_auto_done = bool(saved.auto_done)
    room.last_id = saved.last_id
    room.saved_use_at = saved.used_at
    return room


def _participant(room: Room, row: Row[Any]) -> Participant:
    enrolled = Enrolled(
        row.id,
        "host" if row.role == "host" else "client",
        row.name,
        row.place,
        # Older versions kept the address itself.
        block(row.address),
        row.token_hash,
    )
    participant = Participant(room, enrolled, tables.decoded_statuses(row.steps))
    if row.token_hash is not None:
        participant.tokens = row.token_hash, *tables.decoded_tokens(row.more_tokens)
    participant.key_hash = row.key_hash
    if row.pass_hash is not None:
        participant.issued_pass = IssuedPass(row.pass_hash, row.pass_ends_at)
    participant.hidden_before = row.hidden_before
    participant.signal = cast(Signal, row.last_signal)
    return participant
