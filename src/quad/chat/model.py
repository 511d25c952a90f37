"""The chat's values and rules: phones, names, dates. Nothing here waits or remembers."""

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from quad.chat.refusals import BadValue, TextTooLong
from quad.client_keys import LIFETIME, LIMIT_BYTES, is_too_long
from quad.names import BadName, clean_name

ORIGINAL: Final = 1
CURRENT: Final = 2
"""The protocols of clients: exactly the keys of the original, or also ids, tokens and codes."""
PROTOCOLS: Final = (ORIGINAL, CURRENT)

NAME_LIMIT: Final = 100
# What a client may choose as its own token: 128 bits in any usual spelling have 22 characters.
TOKEN_LENGTHS: Final = range(22, 201)

PHONE_LIMIT: Final = 64
"""Longest spelling of a phone number."""

KEYS_LAST_MS: Final = LIFETIME // timedelta(milliseconds=1)
"""For so long a message with the same key of the same phone is the same message."""

_MESSAGE_ID = re.compile(r"[0-7][0-9a-f]{15}")
_NORMAL = re.compile(r"\+?[0-9]{3,15}")
# Spaces and dashes of all scripts (general categories Zs and Pd), and what people group digits by.
_DROPPED_CATEGORIES: Final = frozenset({"Zs", "Pd"})
_DROPPED: Final = frozenset("/.()[]")


class PhoneNumber(NamedTuple):
    """A phone number: what is compared, and what its owner wrote."""

    normal: str
    shown: str


def phone_number(given: str | int) -> PhoneNumber:
    """A phone number from any of its spellings.

    Raises:
        BadValue: it is no phone number.
    """
    shown = str(given).strip() if isinstance(given, str) or given >= 0 else ""
    plain = "".join([sign for sign in shown if not _is_dropped(sign)])
    if len(shown) > PHONE_LIMIT or not _NORMAL.fullmatch(plain):
        raise BadValue("phone", "needs 3 to 15 digits, and may have a '+', spaces and -/.()[]")
    return PhoneNumber(plain, shown)


def _is_dropped(sign: str) -> bool:
    return sign in _DROPPED or unicodedata.category(sign) in _DROPPED_CATEGORIES


def checked_name(key: str, given: str) -> str:
    """The name of a user or a chat in the form that is kept and compared.

    Raises:
        BadValue: it is empty or too long, or pretends to be another one.
    """
    try:
        name = clean_name(given)
    except BadName as error:
        raise BadValue(key, str(error)) from None
    if len(name) > NAME_LIMIT:
        raise BadValue(key, f"has more than {NAME_LIMIT} characters")
    return name


def check_text(text: str, limit_bytes: int) -> None:
    """Bound the text of a message.

    Raises:
        TextTooLong: it is too long.
    """
    # A character has four bytes at most: most texts need not be encoded to know.
    if len(text) * 4 > limit_bytes and len(text.encode()) > limit_bytes:
        raise TextTooLong(limit_bytes)


def check_key(key: str) -> None:
    """Bound what a client calls its message.

    Raises:
        BadValue: it is too long.
    """
    if is_too_long(key):
        raise BadValue("key", f"has more than {LIMIT_BYTES} bytes")


def message_id(shown: str) -> int:
    """The id of a message as clients see it.

    Raises:
        BadValue: it is none.
    """
    if not _MESSAGE_ID.fullmatch(shown):
        raise BadValue("before", "is not the id of a message")
    return int(shown, 16)


def shown_date(at: datetime) -> str:
    """A point in time as clients see it, in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
