"""What people of a class are known by: tokens of devices, keys of teachers, passes.

A token is of one device, and a participant has at most five of them. A pass is read from a screen
and typed on another device, once. Kept are hashes alone.
"""

import secrets
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from quad.classroom.refusals import WrongPass
from quad.identity import hash_token

TOKENS: Final = 5
"""How many a participant has at once: one for each device; the oldest goes."""

NO_TOKEN: Final = ("",)
"""The tokens of a participant of current clients who has none now: nothing has this hash."""

PASS_LIFE: Final = timedelta(minutes=10)
_PASS_LENGTH: Final = 8
# Without what is taken for something else: 0 and O, 1, I and L.
_PASS_LETTERS: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


class Teacher(NamedTuple):
    """Whom a key belongs to; `name` is that of their first class."""

    id: int
    name: str
    key_hash: str
    used_at: datetime


class IssuedPass(NamedTuple):
    """The hash of a pass, and until when it opens a place."""

    hash: str
    ends_at: datetime


def with_token(tokens: tuple[str, ...] | None, hashed: str) -> tuple[str, ...]:
    """The hashes of a participant's tokens when there is one more, the newest last."""
    kept = () if tokens is None or tokens == NO_TOKEN else tokens
    return (*kept, hashed)[-TOKENS:]


def new_teacher_id() -> int:
    """An id that nobody else has: of 62 bits, at random."""
    return secrets.randbits(62)


def new_pass() -> str:
    """A fresh pass; one of 10^12."""
    return "".join(secrets.choice(_PASS_LETTERS) for _ in range(_PASS_LENGTH))


def hash_pass(typed: str) -> str:
    """What is kept of a pass, however it was typed: in small letters, with blanks or hyphens.

    Raises WrongPass for what cannot be one.
    """
    plain = "".join(each for each in typed[:64].upper() if each not in " -")
    if len(plain) != _PASS_LENGTH or not set(plain) <= set(_PASS_LETTERS):
        raise WrongPass
    return hash_token(plain)


def is_valid(issued: IssuedPass | None, hashed: str, now: datetime) -> bool:
    """Whether this is the pass, in time."""
    return issued is not None and issued.hash == hashed and now < issued.ends_at
