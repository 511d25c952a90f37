"""The keys that clients give to their messages: one that is sent again is the same message.

Each system keeps them with its messages, in the same transaction. What a key may be, and for how
long it counts, is the same in all of them. They are four tables and not one, because each names
its senders in its own way, answers a repetition with something else, and is emptied with its owner.
"""

from datetime import timedelta
from typing import Final

LIMIT_BYTES: Final = 64
LIFETIME: Final = timedelta(days=1)
"""For so long the same key of the same sender means the same message."""


def is_too_long(key: str) -> bool:
    """Whether a key is no key, because of its length."""
    return len(key.encode(errors="replace")) > LIMIT_BYTES
