"""A folder as it is shared: its text files, and what is left out and why."""

import enum
import os
import stat
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from quad.cli.share.ignoring import (
    NEVER,
    Ignores,
    Patterns,
    is_ignored,
    patterns_above,
    patterns_in,
)

Files = Mapping[str, str]
"""Contents by relative path with `/`."""

_NAME_LIMIT: Final = 1_000
# Somebody may share their whole home: the rest of it is not even looked at.
_ENTRIES_LIMIT: Final = 100_000
# A file written twice within the resolution of its times (FAT: two seconds) looks unchanged.
_TRUSTED_AFTER_NS: Final = 2_500_000_000


class Why(enum.Enum):
    """Why something is left out; in words for people."""

    GITIGNORE = "ignored by .gitignore"
    SETTINGS = "ignored by the room's settings"
    NEVER = "of version control or installed by tools"
    BINARY = "not text in UTF-8"
    OVERSIZED = "too large"
    TOO_MUCH = "more than the server keeps"
    LINK = "a symbolic link"
    NAME = "a name that others could not read"
    SPECIAL = "not a file"
    UNREADABLE = "not readable"


class Limits(msgspec.Struct, frozen=True):
    """How much is shared; sizes in bytes of UTF-8, `message` in bytes of JSON."""

    files: int = 2_000
    total: int = 10_000_000
    file: int = 500_000
    message: int = 900_000


class Snapshot(NamedTuple):
    """A folder at one moment."""

    files: dict[str, str]
    left_out: dict[str, Why]

    def reasons(self) -> Counter[Why]:
        """How much is left out for each reason; an ignored directory counts once."""
        return Counter(self.left_out.values())


class _Seen(NamedTuple):
    # What says that the content is still the same, and when that was found out.
    signature: tuple[int, ...]
    found: str | Why


class Folder:
    """Takes snapshots of one folder; reads only what has changed since the last one."""

    def __init__(self, root: Path, limits: Limits | None = None) -> None:
        self.root = root.resolve()
        self.limits = limits or Limits()
        self._seen: dict[str, _Seen] = {}

    def snapshot(self, ignores: Ignores) -> Snapshot:
        """Everything there is to share now: what lies higher in the tree goes first."""
        seen: dict[str, _Seen] = {}
        taken = Snapshot({}, {})
        total = 0
        for path, why in self._walk(ignores):
            found: str | Why = why or self._look_at(path, seen)
            if isinstance(found, str):
                total += (size := len(found.encode()))
                if total <= self.limits.total and len(taken.files) < self.limits.files:
                    taken.files[path] = found
                    continue
                total -= size
                found = Why.TOO_MUCH
            taken.left_out[readable(path)] = found
            if len(taken.files) >= self.limits.files and found is Why.TOO_MUCH:
                break
        self._seen = seen
        return taken

    def _walk(self, ignores: Ignores) -> Iterator[tuple[str, Why | None]]:
        """Paths level by level: files, and what is left out by its name or kind alone."""
        waiting: deque[tuple[str, tuple[Patterns, ...]]] = deque([("", patterns_above(self.root))])
        entries_left = _ENTRIES_LIMIT
        while waiting and entries_left > 0:
            below, chain = waiting.popleft()
            own = patterns_in(self.root / below, below)
            chain = chain if own is None else (*chain, own)
            for entry in _entries(self.root / below):
                entries_left -= 1
                path = below + entry.name
                why = _judge(entry, path, ignores, chain)
                if why is None and entry.is_dir(follow_symlinks=False):
                    waiting.append((f"{path}/", chain))
                else:
                    yield path, why

    def _look_at(self, path: str, seen: dict[str, _Seen]) -> str | Why:
        try:
            status = (self.root / path).lstat()
        except OSError:
            return Why.UNREADABLE
        signature = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        known = self._seen.get(path)
        if known is None or known.signature != signature:
            known = _Seen(signature, _read(self.root / path, self.limits))
        if time.time_ns() - status.st_mtime_ns > _TRUSTED_AFTER_NS:
            seen[path] = known
        return known.found


def readable(path: str) -> str:
    """A path for people, whatever bytes it is made of."""
    return os.fsencode(path).decode(errors="backslashreplace")


def _entries(directory: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        # It went away, or is not for us.
        return []


def _judge(
    entry: os.DirEntry[str], path: str, ignores: Ignores, chain: tuple[Patterns, ...]
) -> Why | None:
    is_directory = entry.is_dir(follow_symlinks=False)
    if entry.name in NEVER:
        return Why.NEVER
    if not _is_name_for_others(path):
        return Why.NAME
    if ignores.has_directory(entry.name) if is_directory else ignores.has_file(entry.name):
        return Why.SETTINGS
    if is_ignored(f"{path}/" if is_directory else path, chain):
        return Why.GITIGNORE
    if entry.is_symlink():
        # What is behind it is shared under its own name, or is none of the teacher's business.
        return Why.LINK
    if not is_directory and not entry.is_file(follow_symlinks=False):
        return Why.SPECIAL
    return None


def _is_name_for_others(path: str) -> bool:
    """Whether the server, and other operating systems, take the path for a relative one."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return len(path) <= _NAME_LIMIT and "\\" not in path and path[1:2] != ":"


def _read(file: Path, limits: Limits) -> str | Why:
    try:
        # Whoever replaces it by a link or a pipe at this moment gains and stops nothing.
        number = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return Why.UNREADABLE
    with os.fdopen(number, "rb") as opened:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            return Why.SPECIAL
        content = opened.read(limits.file + 1)
    if b"\x00" in content:
        return Why.BINARY
    if len(content) > limits.file:
        return Why.OVERSIZED
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return Why.BINARY
    # Characters that JSON escapes take up to six times their size.
    return Why.OVERSIZED if len(msgspec.json.encode(text)) > limits.message else text
