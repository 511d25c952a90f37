"""What a page and the server say to each other, as files that the page's own tests replay."""

import json
import re
from typing import Any

Scenes = dict[str, Any]


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


def written(scenes: Scenes) -> str:
    """As the file has them: a frame in a line."""
    return _lines(scenes, "") + "\n"


def _lines(value: Any, indent: str) -> str:
    inner = f"{indent}  "
    if isinstance(value, dict):
        parts = [f"{inner}{json.dumps(key)}: {_lines(part, inner)}" for key, part in value.items()]
        return "{\n" + ",\n".join(parts) + f"\n{indent}}}"
    parts = [inner + json.dumps(frame, ensure_ascii=False) for frame in value]
    return "[\n" + ",\n".join(parts) + f"\n{indent}]"
