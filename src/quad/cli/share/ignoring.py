"""What of a folder nobody shares: by the room's settings and by the ``.gitignore`` files of a tree.

Pure, but for the reading of those files. Which file counts, and before which, is git's order: the
innermost ``.gitignore`` that says anything, then those above, then ``info/exclude``, then the
user's own file for all repositories.
"""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from quad.cli.share.gitignore import Rules, parse

NEVER: Final = frozenset({".git", ".hg", ".svn", "node_modules", ".venv", "__pycache__"})
"""Names that are left out wherever they are: histories of version control, what tools make."""

_GITIGNORE: Final = ".gitignore"
# Nobody writes as many patterns; what is larger is no such file.
_SIZE_LIMIT_BYTES: Final = 1_000_000
_GIT_PATIENCE_S: Final = 5.0


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


class UnreadableRules(Exception):
    """A file with patterns is there and cannot be read: what it would leave out is not known."""


class Config(NamedTuple):
    """What git is told about ignoring: the user's own file, and whether A and a are the same."""

    excludes: Path | None = None
    is_caseless: bool = False


class Patterns(NamedTuple):
    """The rules of one file, and how paths of the shared folder look from where it lies.

    `above` leads from there down to the folder (empty if it lies inside), `below` from the folder
    down to it (empty if it lies outside); both end with a slash if not empty.
    """

    above: bytes
    below: bytes
    rules: Rules

    def verdict(self, path: bytes, *, is_directory: bool) -> bool | None:
        """Whether it leaves the path out, or lets it in again; None if it says nothing of it."""
        seen = self.above + path[len(self.below) :]
        return self.rules.verdict(seen, is_directory=is_directory)


Chain = tuple[Patterns, ...]
"""The outermost first."""


def is_ignored(path: bytes, chain: Chain, *, is_directory: bool) -> bool:
    """Whether the innermost file that says anything leaves the path out.

    `path` is relative to the shared folder; none of the directories above it is left out.
    """
    for patterns in reversed(chain):
        verdict = patterns.verdict(path, is_directory=is_directory)
        if verdict is not None:
            return verdict
    return False


def rules_in(directory: Path, below: bytes, config: Config, *, is_repository: bool) -> Chain:
    """Those of a directory inside the shared folder. Raises UnreadableRules."""
    files = [_git_directory(directory) / "info/exclude"] if is_repository else []
    return _chain([(file, b"") for file in (*files, directory / _GITIGNORE)], below, config)


def rules_above(root: Path, config: Config) -> Chain | None:
    """Those that the user and a repository have for the shared folder.

    None if they leave out the folder itself, and so all that is in it. Raises UnreadableRules.
    """
    repository = _repository_of(root)
    top = root if repository is None else repository
    chain = _chain([(config.excludes, _way(top, root))], b"", config)
    if repository is None:
        return chain
    if repository != root:
        # The folder's own comes with the folder.
        exclude = _git_directory(repository) / "info/exclude"
        chain += _chain([(exclude, _way(repository, root))], b"", config)
    for place in [place for place in root.parents if place.is_relative_to(repository)][::-1]:
        way = _way(place, root)
        chain += _chain([(place / _GITIGNORE, way)], b"", config)
        # What is below an excluded directory stays out, whatever the files in there say.
        step = way.partition(b"/")[0]
        if _is_step_ignored(step, way, chain):
            return None
    return chain


def read_config(root: Path) -> Config:
    """What git would be told in this folder; without git, what it would take for granted."""
    told = _ask_git(root)
    home = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    excludes = Path(home) / "git/ignore"
    if "core.excludesfile" in told:
        # Git runs at the top of the repository.
        excludes = (_repository_of(root) or root) / Path(told["core.excludesfile"]).expanduser()
    # As `git init` finds it on the file systems that these have.
    is_caseless = sys.platform in ("win32", "darwin")
    if "core.ignorecase" in told:
        is_caseless = told["core.ignorecase"].lower() in ("true", "yes", "on", "1", "")
    return Config(excludes, is_caseless)


def _repository_of(root: Path) -> Path | None:
    return next((place for place in (root, *root.parents) if (place / ".git").exists()), None)


def _ask_git(root: Path) -> dict[str, str]:
    git = shutil.which("git")
    if git is None:
        return {}
    command = [git, "config", "-z", "--get-regexp", r"^core\.(excludesfile|ignorecase)$"]
    with suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(
            command, cwd=root, capture_output=True, timeout=_GIT_PATIENCE_S, check=False
        )
        lines = os.fsdecode(done.stdout).split("\0")
        # The last one counts.
        return {key: value for key, _, value in (line.partition("\n") for line in lines)}
    return {}


def _is_step_ignored(step: bytes, way: bytes, chain: Chain) -> bool:
    """Whether a directory on the way from a repository to the shared folder is left out."""
    for patterns in reversed(chain):
        # As seen from where each file lies: the way down to this directory.
        seen = patterns.above[: len(patterns.above) - len(way)] + step
        verdict = patterns.rules.verdict(seen, is_directory=True)
        if verdict is not None:
            return verdict
    return False


def _git_directory(place: Path) -> Path:
    """Where a repository keeps what is its own; of work trees and submodules a file says it."""
    inside = place / ".git"
    if inside.is_dir():
        return inside
    try:
        elsewhere = place / inside.read_text(encoding="utf-8").removeprefix("gitdir:").strip()
        shared = elsewhere / "commondir"
        return (
            elsewhere / shared.read_text(encoding="utf-8").strip() if shared.exists() else elsewhere
        )
    except (OSError, ValueError):
        return inside


def _way(place: Path, root: Path) -> bytes:
    steps = root.relative_to(place).as_posix()
    return b"" if steps == "." else os.fsencode(steps) + b"/"


def _chain(files: Sequence[tuple[Path | None, bytes]], below: bytes, config: Config) -> Chain:
    found = [(above, _read(file)) for file, above in files if file is not None]
    return tuple(
        Patterns(above, below, parse(content, is_caseless=config.is_caseless))
        for above, content in found
        if content
    )


def _read(file: Path) -> bytes | None:
    """None if there is none, or something else of that name. Raises UnreadableRules."""
    try:
        # A pipe would be waited for.
        if not stat.S_ISREG(file.stat().st_mode):
            return None
        with file.open("rb") as opened:
            content = opened.read(_SIZE_LIMIT_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError:
        raise UnreadableRules(file) from None
    if len(content) > _SIZE_LIMIT_BYTES:
        raise UnreadableRules(file)
    return content
