"""The lines before a page of Markdown that say what Markdown cannot: `key: value`, a part of YAML.

A value is JSON if it begins like it, else the text itself. What is not known is passed over, so
that teachers can have lines of their own.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from quad.folders.model import BadFolder

_FENCE: Final = "---"
_LINE: Final = re.compile(r"[\w-]+:(?: .*)?|[\s#-].*|")
_PLAIN: Final = re.compile(r"[^\W\d_][\w./-]*")
_JSON: Final = re.compile(r"[\[{\"]|-?\d+\Z")


def write(values: Mapping[str, object]) -> str:
    """The lines, with those around them."""
    lines = (f"{key}: {_written(value)}\n" for key, value in values.items())
    return f"{_FENCE}\n{''.join(lines)}{_FENCE}\n"


def read(text: str, where: str) -> tuple[dict[str, Any], str]:
    """What such lines say, and the page behind them; raises BadFolder.

    A page without them is a page; so is one that begins with a line.
    """
    lines = text.split("\n")
    ends = [number for number, line in enumerate(lines[1:], 1) if line.rstrip() == _FENCE]
    if lines[0].rstrip() != _FENCE or not ends:
        return {}, text
    head = lines[1 : ends[0]]
    if not all(_LINE.fullmatch(line) for line in head):
        return {}, text
    pairs = (line.partition(":") for line in head if line[:1] not in " \t#-")
    values = {key: _value(value.strip(), where, key) for key, colon, value in pairs if colon}
    return values, "\n".join(lines[ends[0] + 1 :])


def _written(value: object) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return value
    return json.dumps(value, ensure_ascii=False)


def _value(text: str, where: str, key: str) -> object:
    if not _JSON.match(text):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise BadFolder("bad_front_matter", f"{where}: {key!r} cannot be read") from None
