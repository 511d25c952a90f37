"""A room as it comes into memory: out of the database, with nobody online."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, cast

from sqlalchemy import Executable, Row

from quad.addresses import block
from quad.classroom import tables
from quad.classroom.entering.secrets import IssuedPass
from quad.classroom.helping.tables import SELECT_STANDINGS, read_standing
from quad.classroom.history.state import traces_of
from quad.classroom.model import Enrolled, Signal
from quad.classroom.notices.tables import SELECT_LAST_NOTICES, read_notices
from quad.classroom.running.tables import SELECT_CHECKS, read_checks
from quad.classroom.state import Participant, Room
from quad.classroom.tasks.tables import read_handout

_Rows = Sequence[Any]


class Saved(NamedTuple):
    """What the queries of `BELONGINGS` find, in their order."""

    participants: _Rows
    barred: _Rows
    notices: _Rows
    helps: _Rows
    checks: _Rows


BELONGINGS: Final[Sequence[Executable]] = (
    tables.SELECT_PARTICIPANTS,
    tables.SELECT_BARRED,
    SELECT_LAST_NOTICES,
    SELECT_STANDINGS,
    SELECT_CHECKS,
)


def restore_room(row: Row[Any], saved: Saved, dropped_at: float) -> Room:
    """The room of this row; whoever was online has lost the connection at that time."""
    room = _room(row)
    room.notices.extend(read_notices(saved.notices))
    for kind, value in saved.barred:
        (room.barred_names if kind == "name" else room.barred_tokens).add(value)
    _restore_participants(room, saved.participants, dropped_at)
    room.helps.kept = {each.student_id: read_standing(each) for each in saved.helps}
    room.helps.took_s.extend(tables.decoded_took(row.helps_took_s))
    room.reports.checks = read_checks(saved.checks)
    room.traces = traces_of(saved.participants)
    return room


def last_id_of(row: Row[Any], saved: Saved) -> int:
    """The highest id of whatever was said or has happened in a room."""
    ids = [row.last_mark or 0, *(each.id for each in saved.notices)]
    for each in saved.participants:
        ids += each.hidden_before, each.last_message or 0
    return int(max(ids))


def _restore_participants(room: Room, rows: _Rows, dropped_at: float) -> None:
    for row in rows:
        participant = _participant(room, row)
        participant.dropped_at = dropped_at
        room.places = participant.place + 1
        room.last_id = max(room.last_id, participant.id)
        room.add_name(participant)
        if participant.role == "host":
            room.host = participant
        else:
            room.students[participant.id] = participant
            room.has_statuses = room.has_statuses or bool(participant.steps)


def _room(saved: Row[Any]) -> Room:
    room = Room(saved.number, saved.title)
    room.teacher_id = saved.teacher_id
    room.handout = room.decided_handout = read_handout(saved, tables.decoded_steps(saved.steps))
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
