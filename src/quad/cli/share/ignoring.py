"""What of a folder nobody shares: by the room's settings and by the ``.gitignore`` files of a tree.

Pure, but for the reading of those files.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
from pathspec import GitIgnoreSpec

NEVER: Final = frozenset({".git", ".hg", ".svn", "node_modules", ".venv"})
"""Names that are left out wherever they are: histories of version control, what tools install."""

_GITIGNORE: Final = ".gitignore"


class Ignores(msgspec.Struct, frozen=True):
    """The room's settings: names, directories without slashes, extensions without the first dot."""

    names: list[str] = []
    dirs: list[str] = []
    extensions: list[str] = []

    def has_file(self, name: str) -> bool:
        """Whether a file of that name is left out."""
        return name in self.names or any(name.endswith(f".{end}") for end in self.extensions)

    def has_directory(self, name: str) -> bool:
        """Whether a directory of that name is left out, with all that is in it."""
        # A line without a slash means both. `*.egg-info/` arrives as `.egg-info`.
        return (
            name in self.names
            or name in self.dirs
            or any(end.startswith(".") and name.endswith(end) for end in self.dirs)
        )


class Patterns(NamedTuple):
    """One ``.gitignore``, and how paths of the shared folder look from where it lies.

    `above` leads from there down to the folder (empty if it lies inside), `below` from the folder
    down to it (empty if it lies outside); both end with a slash if not empty.
    """

    above: str
    below: str
    spec: GitIgnoreSpec

    def verdict(self, path: str) -> bool | None:
        """Whether it leaves the path out, or lets it in again; None if it says nothing of it."""
        return self.spec.check_file(self.above + path[len(self.below) :]).include


def is_ignored(path: str, chain: Sequence[Patterns]) -> bool:
    """Whether the innermost file that says anything leaves the path out.

    `path` is relative to the shared folder, and ends with a slash if it is a directory.
    """
    for patterns in reversed(chain):
        verdict = patterns.verdict(path)
        if verdict is not None:
            return verdict
    return False


def patterns_in(directory: Path, below: str) -> Patterns | None:
    """The patterns of a directory inside the shared folder, if it has any."""
    return _read(directory / _GITIGNORE, "", below)


def patterns_above(root: Path) -> tuple[Patterns, ...]:
    """Those that a repository has for the shared folder, the outermost first."""
    repository = next((place for place in (root, *root.parents) if (place / ".git").exists()), None)
    if repository is None:
        return ()
    places = [place for place in root.parents if place.is_relative_to(repository)][::-1]
    files = [place / _GITIGNORE for place in places]
    found = [_read(file, _way(file.parent, root), "") for file in files]
    exclude = _read(repository / ".git/info/exclude", _way(repository, root), "")
    return tuple(_present([exclude, *found]))


def _way(place: Path, root: Path) -> str:
    steps = root.relative_to(place).as_posix()
    return "" if steps == "." else f"{steps}/"


def _present(found: Iterable[Patterns | None]) -> list[Patterns]:
    return [patterns for patterns in found if patterns is not None]


def _read(file: Path, above: str, below: str) -> Patterns | None:
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
        return Patterns(above, below, GitIgnoreSpec.from_lines(lines))
    except (OSError, ValueError):
        # None is there, or somebody is writing one just now.
        return None
