"""What a page and the server say to each other, as files that the page's own tests replay."""

import asyncio
import json
import re
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from quad.store import migrate

Scenes = dict[str, Any]
# Plays everything on a server of its own: with an empty database to copy, and a place for copies.
Record = Callable[[Path, Path], Coroutine[Any, Any, Scenes]]


class Stable:
    """Puts the same words in place of what is another in every recording: tokens, ids, numbers."""

    def __init__(self) -> None:
        self._shown: dict[str, str] = {}

    def show(self, real: object, shown: object) -> None:
        """From now on this is shown in the place of `real`; both are strings, or both numbers."""
        self._shown[json.dumps(real).strip('"')] = json.dumps(shown).strip('"')

    def __call__(self, value: Any) -> Any:
        """The same, of JSON, with every real one replaced."""
        if not self._shown:
            return value
        known = "|".join(map(re.escape, self._shown))
        text = json.dumps(value)
        stable = re.sub(rf"(?<![\w-])({known})(?![\w-])", lambda found: self._shown[found[0]], text)
        return json.loads(stable)


async def hold(record: Record, file: Path, empty_database: Path, directory: Path) -> None:
    """Fail unless the server says today what is in the file."""
    recorded = await record(empty_database, directory)
    kept = json.loads(file.read_text(encoding="utf-8"))
    changed = [name for name in {**kept, **recorded} if kept.get(name) != recorded.get(name)]
    assert not changed, f"the server says something else in: {', '.join(changed)}"


def write(record: Record, file: Path) -> None:
    """Put into the file what the server says today."""
    with tempfile.TemporaryDirectory() as directory:
        empty = Path(directory) / "empty.sqlite3"
        asyncio.run(migrate(f"sqlite+aiosqlite:///{empty}"))
        scenes = asyncio.run(record(empty, Path(directory)))
    # A frame in a line.
    file.write_text(_lines(scenes, "") + "\n", encoding="utf-8")


def _lines(value: Any, indent: str) -> str:
    inner = f"{indent}  "
    if isinstance(value, dict):
        parts = [f"{inner}{json.dumps(key)}: {_lines(part, inner)}" for key, part in value.items()]
        return "{\n" + ",\n".join(parts) + f"\n{indent}}}"
    parts = [inner + json.dumps(frame, ensure_ascii=False) for frame in value]
    return "[\n" + ",\n".join(parts) + f"\n{indent}]"
