"""The chat's values and rules: phones, names, dates. Nothing here waits or remembers."""

import re
from datetime import UTC, datetime
from typing import Final

from quad.chat.refusals import BadValue, TextTooLong

ORIGINAL: Final = 1
CURRENT: Final = 2
"""The protocols of clients: exactly the keys of the original, or also ids, tokens and codes."""
PROTOCOLS: Final = (ORIGINAL, CURRENT)

NAME_LIMIT: Final = 100
# What a client may choose as its own token: 128 bits in any usual spelling have 22 characters.
TOKEN_LENGTHS: Final = range(22, 201)

_PHONE = re.compile(r"\+?[0-9]{3,15}")
_DROPPED = str.maketrans("", "", " -")


def normal_phone(phone: str) -> str:
    """The one spelling of a phone number: without spaces and dashes.

    Raises:
        BadValue: it is no phone number.
    """
    plain = phone.translate(_DROPPED)
    if not _PHONE.fullmatch(plain):
        raise BadValue("phone", "needs 3 to 15 digits, with spaces, dashes and a leading '+'")
    return plain


def checked_name(key: str, name: str) -> str:
    """A name of a user or a chat as it was given.

    Raises:
        BadValue: it is empty, too long, or nobody could type it again.
    """
    if not 1 <= len(name) <= NAME_LIMIT:
        raise BadValue(key, f"needs 1 to {NAME_LIMIT} characters")
    if name != name.strip() or not name.isprintable():
        raise BadValue(key, "has spaces around it, or characters that cannot be printed")
    return name


def check_text(text: str, limit_bytes: int) -> None:
    """Bound the text of a message.

    Raises:
        TextTooLong: it is too long.
    """
    # A character has four bytes at most: most texts need not be encoded to know.
    if len(text) * 4 > limit_bytes and len(text.encode()) > limit_bytes:
        raise TextTooLong(limit_bytes)


def shown_date(at: datetime) -> str:
    """A point in time as clients see it, in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
