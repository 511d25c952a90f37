"""A folder as it is shared: its text files, and what is left out and why."""

import enum
import os
import stat
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from quad.cli.share.ignoring import (
    NEVER,
    Chain,
    Config,
    Ignores,
    UnreadableRules,
    is_ignored,
    read_config,
    rules_above,
    rules_in,
)
from quad.cli.share.secrets import Secrets

Files = Mapping[str, str]
"""Contents by relative path with `/`."""

_NAME_LIMIT: Final = 1_000
# Somebody may share their whole home: the rest of it is not even looked at.
_ENTRIES_LIMIT: Final = 100_000
# A file written twice within the resolution of its times (FAT: two seconds) looks unchanged.
_TRUSTED_AFTER_NS: Final = 2_500_000_000
# Whoever replaces a file by a link or a pipe at this moment gains and stops nothing. Windows has
# neither flag, nor the pipes; and it has a mode for text, which changes the ends of lines.
_OPEN: Final = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
)
# What Windows calls a link between directories; the other systems have no such tag.
_JUNCTION: Final = getattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", None)


class Why(enum.Enum):
    """Why something is left out; in words for people."""

    GITIGNORE = "ignored by .gitignore"
    RULES = "its .gitignore cannot be read, so nothing in it is shared"
    SECRET = "may hold keys or passwords; --include shares it"
    SETTINGS = "ignored by the room's settings"
    NEVER = "of version control, or made by tools"
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


class Unsent(NamedTuple):
    """Why a file is left out that hides nothing; its size and what it may be, in bytes."""

    why: Why
    size: int
    limit: int | None = None


class Snapshot(NamedTuple):
    """A folder at one moment; of what is left out, `unsent` is what nobody hides."""

    files: dict[str, str]
    left_out: dict[str, Why]
    unsent: dict[str, Unsent]

    def reasons(self) -> Counter[Why]:
        """How much is left out for each reason; an ignored directory counts once."""
        return Counter(self.left_out.values())


class _Seen(NamedTuple):
    # What says that the content is still the same, and when that was found out.
    signature: tuple[int, ...]
    found: "Found"


Found = str | Why | Unsent
"""A file's text, or why it is left out."""


class Folder:
    """Takes snapshots of one folder; reads only what has changed since the last one."""

    def __init__(
        self, root: Path, limits: Limits | None = None, included: Sequence[str] = ()
    ) -> None:
        """`included` are patterns of what is shared although it may hold secrets."""
        self.root = root.resolve()
        self.limits = limits or Limits()
        self._included = included
        self._secrets = Secrets(included)
        self._config: Config | None = None
        self._seen: dict[str, _Seen] = {}

    def anew(self) -> "Folder":
        """The same folder, for somebody else's snapshots."""
        return Folder(self.root, self.limits, self._included)

    def snapshot(self, ignores: Ignores) -> Snapshot:
        """Everything there is to share now: what lies higher in the tree goes first."""
        seen: dict[str, _Seen] = {}
        taken = Snapshot({}, {}, {})
        total = 0
        for path, why in self._walk(ignores):
            found: Found = why or self._look_at(path, seen)
            if isinstance(found, str):
                total += (size := len(found.encode()))
                if total <= self.limits.total and len(taken.files) < self.limits.files:
                    taken.files[path] = found
                    continue
                total -= size
                found = Unsent(Why.TOO_MUCH, size)
            if isinstance(found, Unsent):
                taken.unsent[path] = found
                found = found.why
            taken.left_out[readable(path)] = found
            if len(taken.files) >= self.limits.files and found is Why.TOO_MUCH:
                break
        self._seen = seen
        return taken

    def _walk(self, ignores: Ignores) -> Iterator[tuple[str, Why | None]]:
        """Paths level by level: files, and what is left out by its name or kind alone."""
        config = self._config = self._config or read_config(self.root)
        why, chain = self._begin(config)
        if why is not None:
            yield ".", why
            return
        waiting: deque[tuple[str, Chain]] = deque([("", chain)])
        entries_left = _ENTRIES_LIMIT
        while waiting and entries_left > 0:
            below, chain = waiting.popleft()
            entries = _entries(self.root / below)
            try:
                chain += self._rules(entries, below, config)
            except UnreadableRules:
                yield below[:-1] or ".", Why.RULES
                continue
            for entry in entries:
                entries_left -= 1
                path = below + entry.name
                why = self._judge(entry, path, ignores, chain)
                if why is None and entry.is_dir(follow_symlinks=False):
                    waiting.append((f"{path}/", chain))
                else:
                    yield path, why

    def _begin(self, config: Config) -> tuple[Why | None, Chain]:
        """What is said from outside about the folder: why all of it is left out, or what of it."""
        if self._secrets.hide_all_in(self.root):
            return Why.SECRET, ()
        try:
            chain = rules_above(self.root, config)
        except UnreadableRules:
            return Why.RULES, ()
        return (Why.GITIGNORE, ()) if chain is None else (None, chain)

    def _rules(self, entries: Sequence[os.DirEntry[str]], below: str, config: Config) -> Chain:
        is_repository = any(entry.name == ".git" for entry in entries)
        way = os.fsencode(below)
        return rules_in(self.root / below, way, config, is_repository=is_repository)

    def _judge(
        self, entry: os.DirEntry[str], path: str, ignores: Ignores, chain: Chain
    ) -> Why | None:
        is_directory = entry.is_dir(follow_symlinks=False)
        way = os.fsencode(path)
        if entry.name in NEVER:
            return Why.NEVER
        if is_ignored(way, chain, is_directory=is_directory):
            return Why.GITIGNORE
        if not _is_name_for_others(path):
            return Why.NAME
        if ignores.has_directory(entry.name) if is_directory else ignores.has_file(entry.name):
            return Why.SETTINGS
        if self._secrets.hide(way, is_directory=is_directory):
            return Why.SECRET
        return _kind(entry, is_directory=is_directory)

    def _look_at(self, path: str, seen: dict[str, _Seen]) -> Found:
        try:
            status = (self.root / path).lstat()
        except OSError:
            return Why.UNREADABLE
        signature = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        known = self._seen.get(path)
        if known is None or known.signature != signature:
            known = _Seen(signature, self._read(path))
        if time.time_ns() - status.st_mtime_ns > _TRUSTED_AFTER_NS:
            seen[path] = known
        return known.found

    def _read(self, path: str) -> Found:
        try:
            number = os.open(self.root / path, _OPEN)
        except OSError:
            return Why.UNREADABLE
        with os.fdopen(number, "rb") as opened:
            status = os.fstat(number)
            if not stat.S_ISREG(status.st_mode):
                return Why.SPECIAL
            content = opened.read(self.limits.file + 1)
        if self._secrets.hide_content(os.fsencode(path), content):
            return Why.SECRET
        return _text(content, max(status.st_size, len(content)), self.limits)


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


def _kind(entry: os.DirEntry[str], *, is_directory: bool) -> Why | None:
    """Why nobody looks into it, if it is neither a file nor a directory."""
    if entry.is_symlink() or _is_junction(entry):
        # What is behind it is shared under its own name, or is none of the teacher's business.
        return Why.LINK
    if not is_directory and not entry.is_file(follow_symlinks=False):
        return Why.SPECIAL
    return None


def _is_junction(entry: os.DirEntry[str]) -> bool:
    if _JUNCTION is None:
        return False
    try:
        tag = getattr(entry.stat(follow_symlinks=False), "st_reparse_tag", None)
    except OSError:
        return True
    return bool(tag == _JUNCTION)


def _is_name_for_others(path: str) -> bool:
    """Whether the server, and other operating systems, take the path for a relative one."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return len(path) <= _NAME_LIMIT and "\\" not in path and path[1:2] != ":"


def _text(content: bytes, size: int, limits: Limits) -> Found:
    """The text of a file of this size, of which `content` is the beginning or all."""
    if b"\x00" in content:
        return Unsent(Why.BINARY, size)
    if len(content) > limits.file:
        return Unsent(Why.OVERSIZED, size, limits.file)
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return Unsent(Why.BINARY, size)
    # Characters that JSON escapes take up to six times their size.
    size = len(msgspec.json.encode(text))
    return Unsent(Why.OVERSIZED, size, limits.message) if size > limits.message else text
