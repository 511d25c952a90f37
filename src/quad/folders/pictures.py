"""Pictures of a set as files: in HTML by their addresses, in Markdown by their paths."""

import posixpath
import re
import secrets
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

FOLDER: Final = "pictures"

_SRC: Final = re.compile(r'(<img\b[^<>]*?\bsrc=")([^"<>]*)(")')
_ELSEWHERE: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|/|#|\Z")


class Outgoing:
    """Names for the pictures of a set, in the order in which they are shown."""

    def __init__(self, pictures: Mapping[str, bytes], endings: Mapping[str, str]) -> None:
        self._pictures: Final = pictures
        self._endings: Final = endings
        self._names: Final[dict[str, str]] = {}

    def as_paths(self, html: str, above: str) -> str:
        """HTML whose pictures are files; `above` leads from the page to the set."""

        def path(found: re.Match[str]) -> str:
            name = self._name(found[2])
            return found[0] if name is None else f"{found[1]}{above}{name}{found[3]}"

        return _SRC.sub(path, html)

    @property
    def files(self) -> dict[str, bytes]:
        """The pictures that were named."""
        return {name: self._pictures[src] for src, name in self._names.items()}

    def _name(self, src: str) -> str | None:
        if src not in self._pictures:
            return None
        number = len(self._names) + 1
        return self._names.setdefault(src, f"{FOLDER}/{number}.{self._endings[src]}")


class Incoming:
    """The pictures that pages show, by their numbers."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files: Final = files
        self._numbers: Final[dict[str, int]] = {}
        self.mark: Final = f"picture-{secrets.token_hex(8)}-"
        self.missing: Final[list[str]] = []

    def as_marks(self, html: str, page: str) -> str:
        """HTML whose pictures have numbers, where they are files of the set."""
        folder = posixpath.dirname(page)

        def mark(found: re.Match[str]) -> str:
            src = found[2].replace("&amp;", "&").replace("&quot;", '"')
            if _ELSEWHERE.match(src):
                return found[0]
            path = self._find(folder, src)
            if path is None:
                self.missing.append(posixpath.normpath(posixpath.join(folder, src)))
                return found[0]
            number = self._numbers.setdefault(path, len(self._numbers))
            return f"{found[1]}{self.mark}{number}{found[3]}"

        return _SRC.sub(mark, html)

    @property
    def paths(self) -> list[str]:
        """The files that are shown, in the order of their numbers."""
        return list(self._numbers)

    def _find(self, folder: str, src: str) -> str | None:
        for each in (src, unquote(src)):
            path = posixpath.normpath(posixpath.join(folder, each))
            if path in self._files:
                return path
        return None
