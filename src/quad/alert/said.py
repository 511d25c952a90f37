"""What alert says: every event that it sends, and what the event carries."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct


class Line(Struct, frozen=True):
    """`message`: what somebody said; `status`: who came or went."""

    msg: str


class People(Struct, frozen=True):
    """The answer to `joined`: the names of all who are in the room."""

    people: Sequence[str]


SAID: Final[Mapping[str, Any]] = {"message": Line, "status": Line}
"""The type of each event's argument."""
