"""What pages say, in the languages of the people who use them.

There is one catalogue, `messages/<language>/<area>.json`: for the pages that the server renders and
for the browser application, which is built with it. Keys that are nested are joined by dots. A text
with parameters is in ICU's MessageFormat; the server's own pages use none.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any, Final

Texts = Mapping[str, str]

NAMES: Final = {"en": "English", "pt": "Português", "ru": "Русский"}
"""What the languages are called by those who speak them."""

LANGUAGES: Final = tuple(NAMES)


def choose_language(accept_language: str) -> str:
    """The language for an Accept-Language header (RFC 9110, 12.5.4); English if none is ours."""
    wanted: list[tuple[float, str]] = []
    for part in accept_language.split(","):
        tag, _, quality = part.strip().partition(";q=")
        language = tag.partition("-")[0].lower()
        if language in LANGUAGES:
            wanted.append((_quality(quality), language))
    # Of equal wishes the first: that is what max returns.
    return max(wanted, key=lambda wish: wish[0], default=(1.0, LANGUAGES[0]))[1]


@cache
def texts_of(language: str, area: str) -> Texts:
    """All that an area says in one of `LANGUAGES`; `language` itself is there, too."""
    file = resources.files("quad").joinpath("messages", language, f"{area}.json")
    return {"language": language, **dict(_flat("", json.loads(file.read_text("utf-8"))))}


def _flat(prefix: str, tree: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in tree.items():
        if isinstance(value, str):
            yield prefix + key, value
        else:
            yield from _flat(f"{prefix}{key}.", value)


def _quality(text: str) -> float:
    try:
        return float(text) if text else 1.0
    except ValueError:
        return 0.0
