"""What alert says: every event that it sends, and what the event carries."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import UNSET, Struct, UnsetType

from quad.alert.model import Message, shown_time


class Line(Struct, frozen=True):
    """`message`: what somebody said; `status`: who came or went.

    Protocol 2 also gets a message's `id`, a text that sorts by time, when it was said (`at`, in
    ISO 8601), and, on the connections of its sender, the `key` that it was sent with.
    """

    msg: str
    id: str | UnsetType = UNSET
    at: str | UnsetType = UNSET
    key: str | UnsetType = UNSET


class People(Struct, frozen=True):
    """The answer to `joined`: the names of all who are in the room.

    Protocol 2 also gets how many messages the room has: none, and nobody else there, may be a
    code that was mistyped.
    """

    people: Sequence[str]
    messages: int | UnsetType = UNSET


class Accepted(Struct, frozen=True):
    """The answer to a `text` of protocol 2: it is saved, and told to the room."""

    id: str
    at: str


class Said(Struct, frozen=True):
    """A message as programs read it over HTTP."""

    id: str
    at: str
    name: str
    msg: str


def original_line(message: Message) -> Line:
    """A message for original clients, who know one key."""
    return Line(message.shown())


def current_line(message: Message, key: str | None = None) -> Line:
    """A message for protocol 2; with its key, if it is for the sender."""
    return Line(
        message.shown(), shown_id(message.id), shown_time(message.at), UNSET if key is None else key
    )


def said(message: Message) -> Said:
    """A message for programs."""
    return Said(shown_id(message.id), shown_time(message.at), message.name, message.text)


def shown_id(id: int) -> str:
    """An id as clients see it: of equal length until the year 2527, so that texts sort as well."""
    return f"{id:017}"


OUTGOING: Final[Mapping[str, Any]] = {"message": Line, "status": Line}
"""The type of each event's argument."""
