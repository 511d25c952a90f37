"""What has changed between two snapshots, and how it fits into messages. Pure.

Contents are compared themselves, so nothing is sent twice and nothing is missed.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import msgspec

from quad.cli.share.folder import Files


class File(msgspec.Struct, frozen=True):
    """One file as the wire has it."""

    filename: str
    status: Literal["CREATED", "CHANGED", "REMOVED"]
    content: str


def changes(before: Files, after: Files) -> list[File]:
    """What leads from one to the other; a rename is a file that is removed and one that is new."""
    removed = [File(name, "REMOVED", "") for name in before if name not in after]
    present = [
        File(name, "CHANGED" if name in before else "CREATED", content)
        for name, content in after.items()
        if before.get(name) != content
    ]
    return removed + present


def applied(files: Iterable[File], before: Files) -> dict[str, str]:
    """What the teacher sees after the changes."""
    after = dict(before)
    for file in files:
        if file.status == "REMOVED":
            after.pop(file.filename, None)
        else:
            after[file.filename] = file.content
    return after


def settled(sent: Files, earlier: Files, now: Files) -> dict[str, str]:
    """What of now is worth sending: that a file is new, gone or emptied, has to be seen twice.

    Editors save by writing a file beside the old one and renaming it, or by emptying and filling
    it; in between there is one file too many, one too few, or nothing in it.
    """
    steady = {name: text for name, text in now.items() if name in sent or name in earlier}
    leaving = {name: text for name, text in sent.items() if name in earlier and name not in now}
    emptied = {
        name: sent[name]
        for name, text in now.items()
        if not text and sent.get(name) and earlier.get(name) != text
    }
    return steady | leaving | emptied


def parcels(files: Sequence[File], limit_bytes: int) -> Iterator[list[File]]:
    """The files, in order, in messages of at most so many bytes; at least one message.

    A file that alone is larger gets a message for itself.
    """
    parcel: list[File] = []
    size = 0
    for file in files:
        weight = len(msgspec.json.encode(file)) + 1
        if parcel and size + weight > limit_bytes:
            yield parcel
            parcel, size = [], 0
        parcel.append(file)
        size += weight
    yield parcel
