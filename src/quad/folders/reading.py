"""A set from the files of a folder, which our export has made or a teacher by hand."""

import json
from collections.abc import Mapping
from typing import Any, Final, Literal, cast

from quad.folders import archive, checks, front, layout, naming
from quad.folders.html import html_of, split_title
from quad.folders.model import BadFolder, File, Task, Unpacked
from quad.folders.pictures import Incoming

_THEORY_ID: Final = "theory"
_LEFT_OUT_LIMIT: Final = 100
_JUNK: Final = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
# Of what Finder writes, as far as it could be text.
_BEGINNINGS: Final = (b"\x00\x00\x00\x01Bud1", b"\x00\x05\x16\x07")
_TYPES: Final = ("exercise", "theory")


def unpack(packed: bytes) -> Unpacked:
    """The set that is in an archive; raises BadFolder."""
    files = {name: data for name, data in archive.read(packed).items() if not _is_junk(name, data)}
    files, folder = _without_root(files)
    return _Reader(files).read(folder)


class _Reader:
    """The files of one folder, and which of them are of a set."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files: Final = files
        self._used: Final[set[str]] = set()
        self._ids: Final[set[str]] = set()
        self._pictures: Final = Incoming(files)

    def read(self, folder: str) -> Unpacked:
        said = self._set()
        pages = self._pages()
        if not pages and not said:
            raise BadFolder("no_tasks", "there is no task.md in any folder, and no theory.md")
        heads = {page: front.read(self._markdown(page), page) for page in pages}
        # Those that somebody has chosen come first.
        self._ids.update(str(head["id"]) for head, _ in heads.values() if head.get("id"))
        tasks = [self._task(page, *heads[page]) for page in pages]
        pictures = self._pictures.paths
        left_out = self._files.keys() - self._used - set(pictures)
        named = sorted({*left_out, *self._pictures.missing}, key=naming.order_of)
        return Unpacked(
            id=str(said.get("id", "")),
            title=str(said.get("title", folder)),
            tasks=tasks,
            pictures=[self._files[path] for path in pictures],
            mark=self._pictures.mark,
            left_out=named[:_LEFT_OUT_LIMIT],
        )

    def _set(self) -> dict[str, Any]:
        if layout.SET not in self._files:
            return {}
        try:
            said = json.loads(self._text(layout.SET))
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict):
            raise BadFolder("bad_front_matter", f"{layout.SET} cannot be read")
        return said

    def _pages(self) -> list[str]:
        folders = {
            name.removesuffix(layout.TASK)
            for name in self._files
            if name == layout.TASK or name.endswith(f"/{layout.TASK}")
        }
        parts = (layout.START, layout.SOLUTION, layout.CHECKS)
        # A file of a task may be called so as well.
        tasks = [
            folder
            for folder in folders
            if not any(folder.startswith(other + part) for other in folders for part in parts)
        ]
        theory = [layout.THEORY] if layout.THEORY in self._files else []
        return theory + [folder + layout.TASK for folder in sorted(tasks, key=naming.order_of)]

    def _task(self, page: str, said: Mapping[str, Any], markdown: str) -> Task:
        folder = page.rpartition("/")[0]
        is_theory = page == layout.THEORY
        title, body = _title(said, markdown, "" if is_theory else naming.title_of(folder))
        inside = f"{folder}/" if folder else ""
        # What stands at the top beside it is another's.
        files = [] if is_theory else self._below(inside + layout.START)
        solution = [] if is_theory else self._below(inside + layout.SOLUTION)
        of_checks = {} if is_theory else self._checks(inside + layout.CHECKS)
        has_files = bool(files or solution)
        return Task(
            id=self._id(said, _THEORY_ID if is_theory else folder or page),
            title=title,
            folder=_text_of(said, "folder", folder.rpartition("/")[2] if has_files else "", page),
            type=_type(said, "theory" if is_theory else "exercise", page),
            content=self._pictures.as_marks(self._html(page, said, markdown, body), page),
            files=files,
            checks=checks.checks_of(of_checks, said, page),
            solution=solution,
            points=_points(said, page),
        )

    def _html(self, page: str, said: Mapping[str, Any], markdown: str, body: str) -> str:
        beside = layout.html_beside(page)
        is_same = str(said.get("html", "")) == layout.html_digest(markdown)
        if is_same and beside in self._files:
            return self._text(beside)
        return html_of(body)

    def _id(self, said: Mapping[str, Any], folder: str) -> str:
        if said.get("id"):
            return str(said["id"])
        found = naming.id_of(folder, self._ids)
        self._ids.add(found)
        return found

    def _below(self, folder: str) -> list[File]:
        names = [name for name in self._files if name.startswith(folder)]
        return [File(name.removeprefix(folder), self._text(name)) for name in names]

    def _checks(self, folder: str) -> dict[str, str]:
        names = (name for name in self._files if name.startswith(folder))
        return {
            name.removeprefix(folder): self._text(name)
            for name in names
            if checks.is_check(name.removeprefix(folder))
        }

    def _markdown(self, name: str) -> str:
        return layout.with_unix_lines(self._text(name))

    def _text(self, name: str) -> str:
        self._used.add(name)
        try:
            return self._files[name].decode().removeprefix("\ufeff")
        except UnicodeDecodeError:
            raise BadFolder("not_text", f"{name} is no text in UTF-8") from None


def _is_junk(name: str, data: bytes) -> bool:
    """What Finder and Explorer leave behind, and nobody has written."""
    last = name.rpartition("/")[2]
    if name.startswith("__MACOSX/"):
        return True
    is_binary = data.startswith(_BEGINNINGS) or not _is_text(data)
    return is_binary and (last in _JUNK or last.startswith("._"))


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _without_root(files: dict[str, bytes]) -> tuple[dict[str, bytes], str]:
    """The files below a folder that all of them are in, and what it is called."""
    root = ""
    while True:
        tops = {name.partition("/")[0] for name in files}
        top = next(iter(tops), "")
        if len(tops) != 1 or top in files or f"{top}/{layout.TASK}" in files:
            return files, root
        files = {name.removeprefix(f"{top}/"): content for name, content in files.items()}
        root = top


def _title(said: Mapping[str, Any], markdown: str, otherwise: str) -> tuple[str, str]:
    if "title" in said:
        return str(said["title"]), markdown
    title, body = split_title(markdown)
    return (otherwise, markdown) if title is None else (title, body)


def _text_of(said: Mapping[str, Any], key: str, otherwise: str, page: str) -> str:
    value = said.get(key, otherwise)
    if not isinstance(value, str | int):
        raise BadFolder("bad_front_matter", f"{page}: {key!r} is no text")
    return str(value)


def _type(
    said: Mapping[str, Any], otherwise: Literal["exercise", "theory"], page: str
) -> Literal["exercise", "theory"]:
    value = said.get("type", otherwise)
    if value not in _TYPES:
        raise BadFolder("bad_front_matter", f"{page}: 'type' is neither exercise nor theory")
    return cast(Literal["exercise", "theory"], value)


def _points(said: Mapping[str, Any], page: str) -> int:
    value = said.get("points", 0)
    if not isinstance(value, int):
        raise BadFolder("bad_front_matter", f"{page}: 'points' is no number")
    return value
