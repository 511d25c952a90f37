"""The values and rules of alert rooms, and the sentences that they show."""

import unicodedata
from datetime import UTC, datetime
from typing import Final

from msgspec import Struct

from quad import names
from quad.alert.refusals import BadKey, BadName, BadRoom, BadText
from quad.client_keys import LIMIT_BYTES, is_too_long
from quad.store import ids

NAME_LIMIT: Final = 64
ROOM_LIMIT: Final = 64

ANONYMOUS: Final = "ALERT"
"""Who speaks when a program posts a text without a name."""

COUNT_BITS: Final = 12
"""Of the ids of messages, which are numbers to JavaScript: 53 bits until the year 2039."""


class Message(Struct, frozen=True):
    """Something that was said in a room. `id` grows in the order of saying."""

    id: int
    name: str
    text: str
    at: datetime

    def shown(self) -> str:
        """The message as everyone sees it."""
        return f"{self.name}: {self.text}"


def id_at(at: datetime) -> int:
    """The first id that a message of this moment can have."""
    return ids.id_at(ids.milliseconds_of(at), COUNT_BITS)


def shown_joined(name: str) -> str:
    """What a room is told about somebody who has come."""
    return f"{name} has joined the chat!"


def shown_left(name: str) -> str:
    """What a room is told about somebody who has gone."""
    return f"{name} has left the chat :("


def shown_time(at: datetime) -> str:
    """A moment in ISO 8601, to the millisecond, in UTC."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def check_name(name: str | None) -> str:
    """The name as it is shown, which is also what tells people of a room apart.

    Raises BadName.
    """
    name = (name or "").strip()
    if not name:
        raise BadName("A name is needed!", reason="empty")
    if len(name) > NAME_LIMIT:
        raise BadName(f"A name has at most {NAME_LIMIT} characters!", reason="long")
    try:
        return unicodedata.normalize("NFC", names.clean_name(name).upper())
    except names.BadName as error:
        raise BadName(f"This name {error}!", reason="characters") from None


def check_room(code: str | None) -> str:
    """The code of a room as it is shown; any other text names a room of its own.

    Raises BadRoom.
    """
    code = (code or "").strip()
    if not code:
        raise BadRoom("The code of a room is needed!", reason="empty")
    # Without case a code may be longer: `ß` is `ss`.
    if max(len(code), len(room_key(code))) > ROOM_LIMIT:
        raise BadRoom(f"The code of a room has at most {ROOM_LIMIT} characters!", reason="long")
    try:
        return names.clean_name(code)
    except names.BadName as error:
        raise BadRoom(f"This code {error}!", reason="characters") from None


def room_key(code: str) -> str:
    """What tells rooms apart: codes are read out and typed on phones, so case does not count."""
    return unicodedata.normalize("NFC", code.casefold())


def check_key(key: str | None) -> str | None:
    """A key that a client made for one of its messages, unchanged. Raises BadKey."""
    if key is not None and (not key or is_too_long(key)):
        raise BadKey(f"A key has 1 to {LIMIT_BYTES} bytes!", reason="long")
    if key is not None and "\x00" in key:  # which PostgreSQL cannot keep
        raise BadKey("A key may not hold the character U+0000!", reason="characters")
    return key


def check_text(text: str, limit_bytes: int) -> str:
    """The text, unchanged. Raises BadText."""
    if not text or text.isspace():
        raise BadText("There is nothing to say!", reason="empty")
    if len(text.encode()) > limit_bytes:
        raise BadText(f"A message has at most {limit_bytes} bytes!", reason="long")
    if "\x00" in text:  # which PostgreSQL cannot keep
        raise BadText("A message may not hold the character U+0000!", reason="characters")
    return text
