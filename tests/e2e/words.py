"""What the pages say, in each language: so that a visitor finds the buttons of all of them."""

import json
from pathlib import Path
from typing import Any

import quad

_MESSAGES = Path(quad.__file__).parent / "messages"


class Words:
    """The texts of one language by their keys, such as `chat.in.name`."""

    def __init__(self, language: str) -> None:
        self._parts: dict[str, Any] = {
            file.stem: json.loads(file.read_text())
            for file in (_MESSAGES / language).glob("*.json")
        }

    def __call__(self, key: str, **values: str) -> str:
        text: Any = self._parts
        for name in key.split("."):
            text = text[name]
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", value)
        return str(text)
