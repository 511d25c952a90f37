"""Who is helped next. Pure rules: no I/O, and no clock.

Whoever was never helped comes first, and nobody starves: with every ten minutes of waiting one of
the helps that somebody has had counts no longer. Of equals, whoever waits longest.

Who calls by a task's status (`HELP`), or by the signal, calls by that word, and no longer when it
is taken back.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import Final, Literal

from msgspec import Struct, structs

from quad.classroom.model import Signal, Status

CallState = Literal["waiting", "paused", "taken"]

FORGIVEN_EACH: Final = timedelta(minutes=10)
"""After so much waiting one help of before counts no longer."""
AWAY_S: Final = 120.0
"""So long a helper without a connection keeps whom they have taken."""
ESTIMATED_FROM: Final = 5
"""With fewer helps than this nobody knows how long one takes."""

HELP: Final = "HELP"
AFTERWARDS: Final = "IN_PROGRESS"
"""What becomes of `HELP` when the call has ended."""


class Call(Struct, frozen=True):
    """A student's call for help, with or without a task; `since` is kept through everything.

    `helper` is the id of who has taken it, and `taken_at` since when.
    """

    since: datetime
    task: str | None = None
    note: str = ""
    is_paused: bool = False
    helper: int | None = None
    taken_at: datetime | None = None

    @property
    def state(self) -> CallState:
        """What the queue says of it."""
        if self.helper is not None:
            return "taken"
        return "paused" if self.is_paused else "waiting"


class Standing(Struct, frozen=True):
    """How often a student was helped, and the student's call, if there is one."""

    helped: int = 0
    call: Call | None = None


NEVER: Final = Standing()
"""Of everybody who has not called yet."""

Standings = Mapping[int, Standing]
"""By the student's id."""


# What people do


def asked(standing: Standing, now: datetime, task: str | None, note: str = "") -> Standing:
    """The student calls; who has called already keeps the place, with this task and note."""
    call = standing.call
    if call is None:
        return structs.replace(standing, call=Call(now, task, note))
    return _with(standing, structs.replace(call, task=task, note=note, is_paused=False))


def paused(standing: Standing, *, is_paused: bool) -> Standing:
    """The student, who has called, cannot be helped now, or can again; the place is kept."""
    assert standing.call is not None
    return _with(standing, structs.replace(standing.call, is_paused=is_paused))


def cancelled(standing: Standing) -> Standing:
    """The student needs no help any more."""
    return structs.replace(standing, call=None)


def taken(standing: Standing, helper: int, now: datetime) -> Standing:
    """A helper takes the call, which nobody else has taken."""
    assert standing.call is not None
    if standing.call.helper == helper:
        return standing
    return _with(standing, structs.replace(standing.call, helper=helper, taken_at=now))


def helped(standing: Standing) -> Standing:
    """The student was helped."""
    return Standing(standing.helped + 1)


def missed(standing: Standing) -> Standing:
    """The student was not there to be helped: back in the same place, until they say more."""
    released_call = released(standing).call
    assert released_call is not None
    return _with(standing, structs.replace(released_call, is_paused=True))


def released(standing: Standing) -> Standing:
    """The helper has gone: the call is back in its place."""
    assert standing.call is not None
    return _with(standing, structs.replace(standing.call, helper=None, taken_at=None))


def _with(standing: Standing, call: Call) -> Standing:
    return standing if call == standing.call else structs.replace(standing, call=call)


# What the words of tasks say


def followed(
    standing: Standing,
    before: Mapping[str, Status],
    after: Mapping[str, Status],
    now: datetime,
    *,
    is_by_staff: bool,
) -> Standing:
    """Where a student stands when the statuses have changed from one map to the other.

    A `HELP` that is new calls. The call ends when its own is gone, unless there is another one;
    whose word ended it has helped, if it was the teacher's.
    """
    call, calling = standing.call, [task for task, status in after.items() if status == HELP]
    if call is None:
        new = [task for task in calling if before.get(task) != HELP]
        return asked(standing, now, new[0]) if new else standing
    if call.task is None or before.get(call.task) != HELP or after.get(call.task) == HELP:
        return standing
    if calling:
        return _with(standing, structs.replace(call, task=calling[0], note=""))
    return helped(standing) if is_by_staff else cancelled(standing)


def signalled(standing: Standing, signal: Signal, now: datetime) -> Standing:
    """The same for the signal, which is the word of a call without a task."""
    call = standing.call
    if signal == HELP:
        return asked(standing, now, None) if call is None else standing
    return cancelled(standing) if call is not None and call.task is None else standing


def without_help(statuses: Mapping[str, Status]) -> dict[str, Status]:
    """The statuses of a student who calls no longer."""
    return {task: AFTERWARDS if status == HELP else status for task, status in statuses.items()}


# Whose turn it is


def in_order(standings: Standings, now: datetime) -> list[int]:
    """The students who have called, the next one first."""

    def turn(student_id: int) -> tuple[int, datetime, int]:
        standing = standings[student_id]
        assert standing.call is not None
        return _counted(standing.helped, standing.call.since, now), standing.call.since, student_id

    return sorted((each for each, standing in standings.items() if standing.call), key=turn)


def ahead(standings: Standings, order: list[int]) -> dict[int, int]:
    """How many wait in front of each student who has called: not who pauses, nor who is helped."""
    count, found = 0, {}
    for student_id in order:
        call = standings[student_id].call
        assert call is not None
        found[student_id] = count
        count += call.state == "waiting"
    return found


def next_change(standings: Standings, now: datetime) -> datetime | None:
    """When the order may change next by waiting alone; None: it does not."""
    times = [
        standing.call.since + FORGIVEN_EACH * (_forgiven(standing.call.since, now) + 1)
        for standing in standings.values()
        if standing.call and _counted(standing.helped, standing.call.since, now)
    ]
    return min(times, default=None)


def _counted(times: int, since: datetime, now: datetime) -> int:
    """How many of the helps that somebody has had still count."""
    return max(0, times - _forgiven(since, now))


def _forgiven(since: datetime, now: datetime) -> int:
    # A clock may be set back.
    return max(0, (now - since) // FORGIVEN_EACH)


def estimate_s(took_s: Sequence[float], in_front: int, busy: int) -> int | None:
    """How long somebody will wait, by what the last helps took; None while that is not known.

    `in_front` wait before, and `busy` are being helped now.
    """
    if len(took_s) < ESTIMATED_FROM:
        return None
    return round(median(took_s) * (in_front + (busy > 0)))
