"""One change of a text: at a place so many units are taken out, and others put in. No I/O.

Counted in UTF-16 units, as editors in browsers do. A change never divides a character: both ends
are found by characters.
"""

from typing import Final, NamedTuple

# Whoever types goes on where they were.
_NEAR: Final = 64
# What JSON may bring, and UTF-16 has, but no text: half of a character.
_HALVES: Final = "surrogatepass"


class Splice(NamedTuple):
    """At `start`, `removed` units go, and `inserted` comes."""

    start: int
    removed: int
    inserted: str


def splice(old: str, new: str, near: int = 0) -> Splice | None:
    """The least change that makes one text of the other; None if they are the same.

    It is found sooner if it is behind so many characters, and `near`.
    """
    if old == new:
        return None
    shorter = min(len(old), len(new))
    head = _common_head(old, new, shorter, near)
    tail = _common_tail(old, new, shorter - head)
    gone = old[head : len(old) - tail]
    return Splice(units(old[:head]), units(gone), new[head : len(new) - tail])


def applied(text: str, change: Splice) -> str:
    """The text after a change; a change that reaches beyond its end takes what there is."""
    start, removed, inserted = change
    if text.isascii():
        return text[:start] + inserted + text[start + removed :]
    encoded = text.encode("utf-16-le", _HALVES)
    head, tail = encoded[: 2 * start], encoded[2 * (start + removed) :]
    middle = inserted.encode("utf-16-le", _HALVES)
    return (head + middle + tail).decode("utf-16-le", _HALVES)


def units(text: str) -> int:
    """How many UTF-16 units a text has."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", _HALVES)) // 2


# Halves of what is left are compared as a whole, in C: 90 kB take a fiftieth of what a loop over
# the characters takes.


def _common_head(old: str, new: str, most: int, near: int) -> int:
    low, high = 0, most
    if 0 < near <= most and old[:near] == new[:near]:
        low = near
        if old[low : low + _NEAR] != new[low : low + _NEAR]:
            high = min(high, low + _NEAR)
    while low < high:
        middle = (low + high + 1) // 2
        if old[low:middle] == new[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _common_tail(old: str, new: str, most: int) -> int:
    low, high = 0, most
    old_end, new_end = len(old), len(new)
    likely = most - _NEAR
    if likely > 0 and old[old_end - likely :] == new[new_end - likely :]:
        low = likely
    while low < high:
        middle = (low + high + 1) // 2
        if old[old_end - middle : old_end - low] == new[new_end - middle : new_end - low]:
            low = middle
        else:
            high = middle - 1
    return low
