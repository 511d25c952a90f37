"""Puts files of the teacher's into the student's folder, and never over work that is there.

Names come from somebody else: none may lead out of the folder, through a link, or to what is
hidden there, such as the hooks of git.
"""

import errno
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from quad.cli.share.ignoring import NEVER
from quad.cli.share.tasks import TaskFile

_NEW: Final = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_NOFOLLOW", 0)
    # Windows has a mode for text, which changes the ends of lines.
    | getattr(os, "O_BINARY", 0)
)
_READ_LIMIT_BYTES: Final = 1_000_000


class NotForFiles(Exception):
    """A name that no file of the teacher's may have here, or a way that leads elsewhere."""


class Placed(Struct):
    """What became of the files, by their paths from the folder; `aside` is old and new name."""

    written: list[str] = []
    present: list[str] = []
    aside: list[tuple[str, str]] = []
    refused: list[str] = []
    failed: list[tuple[str, str]] = []


def place(root: Path, folder: str, files: Iterable[TaskFile], *, is_again: bool = False) -> Placed:
    """Write the files that are not there yet.

    `is_again`: those that are there and different make room, under other names.
    """
    placed = Placed()
    for file in files:
        path = path_of(folder, file.filename)
        try:
            _place_one(root, path, file.content, placed, is_again=is_again)
        except NotForFiles:
            placed.refused.append(path)
        except OSError as error:
            placed.failed.append((path, error.strerror or str(error)))
    return placed


def place_beside(root: Path, folder: str, files: Iterable[TaskFile], ending: str) -> Placed:
    """Write each file beside where its name leads, under a name that is free."""
    named = [
        TaskFile(_free(root, path_of(folder, file.filename) + ending), file.content)
        for file in files
    ]
    return place(root, "", named)


def different(root: Path, folder: str, files: Iterable[TaskFile]) -> Sequence[str]:
    """The files that are there, and not as the teacher's."""
    paths = ((path_of(folder, file.filename), file.content) for file in files)
    return [path for path, content in paths if text_at(root, path) not in (None, content)]


def path_of(folder: str, filename: str) -> str:
    """From the shared folder."""
    return f"{folder}/{filename}" if folder else filename


def text_at(root: Path, path: str) -> str | None:
    """What is there; None if there is no file, or none that would be shared."""
    try:
        place = _way_to(root, path)
        if not stat.S_ISREG(place.lstat().st_mode):
            return None
        with place.open("rb") as opened:
            return opened.read(_READ_LIMIT_BYTES).decode(errors="replace")
    except (NotForFiles, OSError):
        return None


def _place_one(root: Path, path: str, content: str, placed: Placed, *, is_again: bool) -> None:
    place = _way_to(root, path)
    if os.path.lexists(place):
        own = text_at(root, path)
        if own is None:
            raise FileExistsError(errno.EEXIST, "something else is called so")
        if not is_again or own == content:
            placed.present.append(path)
            return
        free = _free(root, f"{path}.before")
        place.rename(root / free)
        placed.aside.append((path, free))
    place.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(place, _NEW, 0o666), "wb") as opened:
        opened.write(content.encode())
    placed.written.append(path)


def _free(root: Path, path: str) -> str:
    """The path, or with a number, so that nothing has it."""
    return next(each for each in _names(path) if not os.path.lexists(root / each))


def _names(path: str) -> Iterator[str]:
    yield path
    number = 2
    while True:
        yield f"{path}{number}"
        number += 1


def _way_to(root: Path, path: str) -> Path:
    """Raises NotForFiles."""
    steps = path.split("/")
    if not all(_is_plain(step) for step in steps):
        raise NotForFiles(path)
    way = root
    for step in steps[:-1]:
        way /= step
        if way.is_symlink() or (way.exists() and not way.is_dir()):
            raise NotForFiles(path)
    return way / steps[-1]


def _is_plain(step: str) -> bool:
    # What begins with a dot is read by programs rather than by people.
    is_odd = not step.isprintable() or any(character in step for character in '\\:*?"<>|')
    return bool(step) and not step.startswith(".") and step not in NEVER and not is_odd
