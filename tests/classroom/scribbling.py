"""Somebody who writes as people do, and a reader who plays a history back."""

import json
import random
from collections.abc import Iterator
from typing import Any

from tests.classroom.school import code

Project = dict[str, str]
LETTERS = "ab \nё😀"


class Scribbler:
    """Changes a project at random, and knows what it was after each change."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.files: Project = {}

    def change(self) -> list[dict[str, str]]:
        """The files of the next update."""
        name = self._random.choice(["main.py", "a/b.py", "ё.txt"])
        if name in self.files and self._random.random() < 0.05:
            del self.files[name]
            return [{"filename": name, "status": "REMOVED", "content": ""}]
        text = self.files.get(name, "")
        start = self._random.randint(0, len(text))
        end = min(len(text), start + self._random.choice([0, 0, 0, 1, 5]))
        typed = "".join(self._random.choices(LETTERS, k=self._random.choice([0, 1, 1, 2, 30])))
        self.files[name] = text[:start] + typed + text[end:]
        return [code(name, self.files[name], "CHANGED")]

    def tree(self) -> list[dict[str, str]]:
        """All files."""
        return [code(name, text) for name, text in self.files.items()]


def lines_of(body: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in body.splitlines()]


def versions(lines: list[dict[str, Any]]) -> Iterator[tuple[int, Project]]:
    """The project after each edit, as a page plays it: it knows places and texts, nothing else."""
    (first, *rest) = lines
    files: dict[str, bytes] = {
        name: text.encode("utf-16-le") for name, text in first["files"].items()
    }
    for line in rest:
        if "mark" in line:
            continue
        name, start, removed = line["filename"], 2 * line["start"], 2 * line["removed"]
        text, inserted = files.get(name, b""), line["inserted"].encode("utf-16-le")
        files[name] = text[:start] + inserted + text[start + removed :]
        if line.get("kind") == "removed":
            assert files.pop(name) == b""
        yield line["seq"], {name: text.decode("utf-16-le") for name, text in files.items()}
