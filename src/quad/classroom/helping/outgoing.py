"""What is said of the queue, to clients of protocol 3."""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import UNSET, Struct, UnsetType

from quad.classroom.helping.queue import CallState


class QueuedCall(Struct, frozen=True):
    """Somebody who calls for help; `since` in ISO 8601, `by` is the name of who helps.

    `helped` counts the helps of before.
    """

    user_id: int
    task: str | None
    note: str
    since: str
    state: CallState
    by: str | None
    helped: int


class PlaceInQueue(Struct, frozen=True):
    """`help/place`: the student is the next but so many, counted from 1; null: not in the queue.

    `by` is the name of who helps now, and then the place is 0. Whoever `is_paused` keeps the place.
    """

    place: int | None
    estimate_s: int | UnsetType = UNSET
    by: str | UnsetType = UNSET
    is_paused: bool | UnsetType = UNSET


OUTGOING: Final[Mapping[str, Any]] = {
    "help/place": PlaceInQueue,
    "help/queue": list[QueuedCall],
}
"""The type of each event's argument."""
