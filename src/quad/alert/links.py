"""Addresses in what people write: they become links on the pages."""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

# What follows an address in a sentence is not part of it; a bracket is if it was opened in it.
# `static/links.js` and the application's `links.ts` have the same rule, and tests/links.json holds
# all of them to it. Not by IGNORECASE: that takes a long s, too.
_LINK: Final = re.compile(
    r"""[hH][tT][tT][pP][sS]?://(?:[^\s<>"()]|\([^\s<>"()]*\))*"""
    r"""(?:[^\s<>"()'.,;:!?\[\]{}»”…]|\([^\s<>"()]*\))"""
)


class Part(NamedTuple):
    """A piece of a text."""

    text: str
    is_link: bool


def parts_of(text: str) -> Iterator[Part]:
    """The pieces of a text, which are the whole of it."""
    end = 0
    for link in _LINK.finditer(text):
        if link.start() > end:
            yield Part(text[end : link.start()], is_link=False)
        yield Part(link[0], is_link=True)
        end = link.end()
    if end < len(text):
        yield Part(text[end:], is_link=False)
