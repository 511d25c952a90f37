"""The values and rules of alert rooms, and the sentences that they show."""

import unicodedata
from datetime import datetime
from typing import Final

from msgspec import Struct

from quad.alert.refusals import BadName, BadRoom, BadText

NAME_LIMIT: Final = 64
ROOM_LIMIT: Final = 64

ANONYMOUS: Final = "ALERT"
"""Who speaks when a program posts a text without a name."""


class Message(Struct, frozen=True):
    """Something that was said in a room. `id` grows in the order of saying."""

    id: int
    name: str
    text: str
    at: datetime

    def shown(self) -> str:
        """The message as everyone sees it."""
        return f"{self.name}: {self.text}"


def shown_joined(name: str) -> str:
    """What a room is told about somebody who has come."""
    return f"{name} has joined the chat!"


def shown_left(name: str) -> str:
    """What a room is told about somebody who has gone."""
    return f"{name} has left the chat :("


def check_name(name: str | None) -> str:
    """The name as it is shown, which is also what tells people of a room apart.

    Raises BadName.
    """
    name = (name or "").strip()
    if not name:
        raise BadName("A name is needed!", reason="empty")
    if len(name) > NAME_LIMIT:
        raise BadName(f"A name has at most {NAME_LIMIT} characters!", reason="long")
    if _has_controls(name):
        raise BadName("A name is one line of plain text!", reason="characters")
    return name.upper()


def check_room(code: str | None) -> str:
    """The code of a room, without blanks around it; any other text names a room of its own.

    Raises BadRoom.
    """
    code = (code or "").strip()
    if not code:
        raise BadRoom("The code of a room is needed!", reason="empty")
    if len(code) > ROOM_LIMIT:
        raise BadRoom(f"The code of a room has at most {ROOM_LIMIT} characters!", reason="long")
    if _has_controls(code):
        raise BadRoom("The code of a room is one line of plain text!", reason="characters")
    return code


def check_text(text: str, limit_bytes: int) -> str:
    """The text, unchanged. Raises BadText."""
    if not text or text.isspace():
        raise BadText("There is nothing to say!", reason="empty")
    if len(text.encode()) > limit_bytes:
        raise BadText(f"A message has at most {limit_bytes} bytes!", reason="long")
    if "\x00" in text:  # which PostgreSQL cannot keep
        raise BadText("A message may not hold the character U+0000!", reason="characters")
    return text


def _has_controls(text: str) -> bool:
    return any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in text)
