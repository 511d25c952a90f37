"""Which file of a folder is what of a set: `set.json`, `theory.md`, and a folder for each task."""

import hashlib
from typing import Final

SET: Final = "set.json"
THEORY: Final = "theory.md"
TASK: Final = "task.md"
START: Final = "start/"
SOLUTION: Final = "solution/"
CHECKS: Final = "checks/"
_HTML: Final = ".html"


def html_beside(page: str) -> str:
    """Where the HTML is that Markdown cannot say to the letter."""
    return page.removesuffix(".md") + _HTML


def html_digest(markdown: str) -> str:
    """What such HTML belongs to: once somebody has changed the page, that counts."""
    return hashlib.sha256(with_unix_lines(markdown).encode()).hexdigest()[:16]


def with_unix_lines(markdown: str) -> str:
    """A page as every editor could have saved it."""
    return markdown.replace("\r\n", "\n")
