"""Names: of folders by what is in them, of tasks by their folders, and which comes first."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from typing import Final

_NUMBER: Final = re.compile(r"\d+")
_LEADING: Final = re.compile(r"\d+[\s._-]*(?=\S)")
_WORDS: Final = re.compile(r"[\W_]+")
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,36}")
_NO_ID: Final = re.compile(r"[^A-Za-z0-9_-]+")
_ID_LENGTH: Final = 36
_FOLDER_LENGTH: Final = 40
_STEM: Final = re.compile(r"\w(?:[\w .()+,=-]{0,78}[\w)])?")
# What Windows takes for a device, whatever the ending.
_DEVICE: Final = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)


def order_of(path: str) -> tuple[object, ...]:
    """By what paths are sorted as people do it: 2 before 10."""
    parts = re.split(r"(\d+)", path)
    return tuple(int(part) if number % 2 else part for number, part in enumerate(parts))


def folder_of(place: int, count: int, title: str, task_id: str) -> str:
    """What the folder of a task is called."""
    words = _WORDS.sub("-", unicodedata.normalize("NFC", title).casefold()).strip("-")
    name = words[:_FOLDER_LENGTH].strip("-") or task_id
    return f"{place:0{max(2, len(str(count)))}d}-{name}"


def is_id(text: str) -> bool:
    """Whether a task may have this id."""
    return _ID.fullmatch(text) is not None


def id_of(folder: str, taken: Iterable[str]) -> str:
    """An id for a task that has none: the same as long as the folder is called so.

    Not by its number: that changes when tasks are moved.
    """
    name = _LEADING.sub("", folder.rpartition("/")[2], count=1)
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    wanted = _NO_ID.sub("-", plain).strip("-")[:_ID_LENGTH]
    if not any(map(str.isalnum, wanted)):
        wanted = f"t{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    return unique(wanted, taken)


def unique(wanted: str, taken: Iterable[str]) -> str:
    """The id that is wanted, or one like it."""
    known = set(taken)
    found, number = wanted, 1
    while found in known:
        number += 1
        ending = f"-{number}"
        found = wanted[: _ID_LENGTH - len(ending)] + ending
    return found


def title_of(folder: str) -> str:
    """What a task is called that has no heading."""
    name = _LEADING.sub("", folder.rpartition("/")[2], count=1)
    words = re.sub(r"[-_\s]+", " ", name).strip()
    return words[:1].upper() + words[1:]


def can_be_stem(name: str) -> bool:
    """Whether files may be called so everywhere."""
    is_plain = unicodedata.normalize("NFC", name) == name and _STEM.fullmatch(name) is not None
    return is_plain and _DEVICE.fullmatch(name) is None
