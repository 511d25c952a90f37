"""What the teacher is told of files that do not come: name, size and why. Pure.

Names that somebody hides, by a ``.gitignore``, as a secret or by the room's settings, stay here.
"""

from collections.abc import Iterable
from typing import Final, Literal

import msgspec

from quad.cli.share.changes import File
from quad.cli.share.folder import Files, Snapshot, Unsent, Why
from quad.names import BadName, clean_name

_MOST: Final = 100  # as many as the server relays
_WORDS: Final[dict[Why, Literal["too_large", "too_much", "binary"]]] = {
    # What a teacher may look for in vain comes first; pictures and the like are no surprise.
    Why.OVERSIZED: "too_large",
    Why.TOO_MUCH: "too_much",
    Why.BINARY: "binary",
}


class UnsentFile(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file as `sharing/left_out` has it; its size, and what it may be, in bytes."""

    filename: str
    why: Literal["too_large", "too_much", "binary"]
    size: int
    limit: int | None = None


def unsent_files(
    now: Snapshot, earlier: Snapshot, refused: Iterable[UnsentFile] = ()
) -> list[UnsentFile]:
    """What of now is worth telling, beside what the server has refused.

    Like files that are new, it has to be seen twice: editors write and rename.
    """
    found = [
        UnsentFile(path, _WORDS[each.why], each.size, each.limit)
        for path, each in now.unsent.items()
        if path in earlier.unsent and _is_worth_telling(path, each)
    ]
    order = list(_WORDS.values())
    return [*refused, *sorted(found, key=lambda file: order.index(file.why))][:_MOST]


def refused_files(files: Iterable[File]) -> list[UnsentFile]:
    """What the server does not keep beside the student's other files."""
    return [
        UnsentFile(file.filename, "too_much", len(file.content.encode()))
        for file in files
        if file.status != "REMOVED"
    ]


def still_shown(sent: Files, now: Snapshot) -> dict[str, str]:
    """What has become too large: the teacher keeps what fitted last, and is told that it is old."""
    return {
        path: sent[path]
        for path, each in now.unsent.items()
        if each.why is Why.OVERSIZED and path in sent
    }


def _is_worth_telling(path: str, unsent: Unsent) -> bool:
    # What editors and systems keep for themselves: `.main.py.swp`, `.DS_Store`.
    if unsent.why is Why.BINARY and any(step.startswith(".") for step in path.split("/")):
        return False
    # The server passes on no name that turns the text around it.
    try:
        clean_name(path)
    except BadName:
        return False
    return True
