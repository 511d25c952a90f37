"""Edits, chunks of them, and what a project was at any of them. No I/O."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final, Literal

from msgspec import Struct, structs

from quad.classroom.history.splice import Splice, applied, splice, units

Kind = Literal["edit", "whole", "removed", "tree", "thinned"]
"""`edit`: a splice. `whole`: the file is this text now, whatever it was. `removed`: the file is
gone. `tree`: all files are gone, those that are there follow. `thinned`: a splice in place of those
of a minute."""

MarkKind = Literal["check", "help", "join", "run", "status"]
"""What else is in a history."""

EDITS_IN_CHUNK: Final = 256
CHUNK_AGE: Final = timedelta(minutes=5)
CHUNK_BYTES: Final = 500_000
"""Edits are packed when there are so many, when the first is so old, or when they are so long."""
PASTED_FROM: Final = 120
"""So many characters that come at once, and that the project did not hold, were not typed."""
_MINUTE_MS: Final = 60_000
_NOTHING: Final = Splice(0, 0, "")

Files = dict[str, str]
"""Texts by the names of files."""


class Edit(Struct, frozen=True, array_like=True):
    """One change of one file; `at` in milliseconds since 1970, places in UTF-16 units."""

    seq: int
    at: int
    filename: str
    kind: Kind
    start: int
    removed: int
    inserted: str
    pasted: bool = False


class Chunk(Struct, frozen=True, array_like=True):
    """Edits that are kept together, and what the files that they touch were before."""

    files: Files
    edits: Sequence[Edit]


def play(files: Files, edits: Iterable[Edit]) -> None:
    """Let the files become what they are after the edits."""
    for edit in edits:
        play_one(files, edit)


def play_one(files: Files, edit: Edit) -> None:
    """The same for one edit."""
    match edit.kind:
        case "tree":
            files.clear()
        case "removed":
            files.pop(edit.filename, None)
        case "whole":
            files[edit.filename] = edit.inserted
        case "edit" | "thinned":
            change = Splice(edit.start, edit.removed, edit.inserted)
            files[edit.filename] = applied(files.get(edit.filename, ""), change)


def played(chunks: Iterable[Chunk]) -> Files:
    """The files after chunks that follow each other from the first on."""
    files: Files = {}
    for chunk in chunks:
        files.update(chunk.files)
        play(files, chunk.edits)
    return files


def shown(files: Mapping[str, str], edit: Edit) -> Edit:
    """The edit as a splice of the files before it, which needs no other kind to be played."""
    if edit.kind not in ("whole", "removed"):
        return edit
    return structs.replace(edit, start=0, removed=units(files.get(edit.filename, "")))


def is_pasted(inserted: str, held: Iterable[str]) -> bool:
    """Whether text that came at once has come from elsewhere: `held` are the project's texts."""
    return len(inserted) >= PASTED_FROM and not any(inserted in text for text in held)


def touched(edits: Iterable[Edit]) -> Iterator[str]:
    """The files whose texts of before the edits need: those that are spliced first."""
    seen: set[str] = set()
    for edit in edits:
        if edit.kind == "tree":
            # All texts of before are gone.
            return
        if edit.filename not in seen:
            seen.add(edit.filename)
            if edit.kind not in ("whole", "removed"):
                yield edit.filename


def thinned(chunks: Sequence[Chunk]) -> Chunk:
    """The same chunks, which follow each other, as one that has a state for each minute."""
    edits = [edit for chunk in chunks for edit in chunk.edits]
    start: Files = {}
    files: Files = {}
    for chunk in chunks:
        for name, text in chunk.files.items():
            if name not in files:
                start[name] = files[name] = text
        play(files, chunk.edits)
    return Chunk(start, list(_thinned(dict(start), edits)))


def _thinned(files: Files, edits: Sequence[Edit]) -> Iterator[Edit]:
    """Edits that lead from one minute's end to the next, in the order of the files' last ones."""
    minute: list[Edit] = []
    for edit in edits:
        if minute and edit.at // _MINUTE_MS != minute[0].at // _MINUTE_MS:
            yield from _thinned_minute(files, minute)
            minute = []
        minute.append(edit)
    if minute:
        yield from _thinned_minute(files, minute)


def _thinned_minute(files: Files, edits: Sequence[Edit]) -> Iterator[Edit]:
    after = dict(files)
    play(after, edits)
    last = {edit.filename: edit for edit in edits if edit.kind != "tree"}
    pasted = {edit.filename for edit in edits if edit.pasted}
    found: list[Edit] = []
    for name in {**files, **after}:
        edit = last.get(name, edits[-1])
        if name not in after:
            found.append(Edit(edit.seq, edit.at, name, "removed", 0, 0, ""))
        elif name not in files or files[name] != after[name]:
            change = splice(files.get(name, ""), after[name]) or _NOTHING
            is_pasted = name in pasted
            found.append(Edit(edit.seq, edit.at, name, "thinned", *change, pasted=is_pasted))
    files.clear()
    files.update(after)
    yield from sorted(found, key=lambda edit: edit.seq)
