"""What HTML means: two pages of which this is the same look the same."""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PageElement, PreformattedString, Tag

BLOCKS: Final = frozenset(
    [
        "blockquote",
        "div",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "li",
        "ol",
        "p",
        "pre",
        "table",
        "tbody",
        "td",
        "th",
        "thead",
        "tr",
        "ul",
    ]
)
"""Elements that stand by themselves."""
SAME: Final = {"b": "strong", "i": "em", "strike": "s", "del": "s"}
"""Elements that are written in two ways."""

_UNWRAPPED: Final = frozenset({"li", "td", "th"})
_DEFAULTS: Final = {
    ("a", "target"): "_blank",
    ("a", "rel"): "noopener noreferrer",
    ("img", "alt"): "",
    ("ol", "start"): "1",
    ("pre", "class"): "ql-syntax",
    ("pre", "spellcheck"): "false",
    ("td", "colspan"): "1",
    ("td", "rowspan"): "1",
    ("th", "colspan"): "1",
    ("th", "rowspan"): "1",
}
_SPACE: Final = re.compile(r"[ \t\r\n\f]+")


def parsed(page: str) -> BeautifulSoup:
    """The elements of a page; attributes are texts."""
    # The library warns of text that looks like an address; a comment means nothing.
    return BeautifulSoup(f"<!---->{page}", "html.parser", multi_valued_attributes=None)


def meaning(page: str) -> tuple[Any, ...]:
    """What a page means."""
    return tuple(_flow(parsed(page).children))


def attributes(tag: Tag) -> dict[str, str]:
    """What is said of an element, but for what is said of all like it."""
    return {
        key: _style(str(value)) if key == "style" else str(value)
        for key, value in tag.attrs.items()
        if _DEFAULTS.get((tag.name, key)) != value
    }


def code_of(pre: Tag) -> str:
    """The lines of a <pre>, of which a parser drops the first if it is empty."""
    return pre.get_text().removeprefix("\n").removesuffix("\n")


def is_text(node: PageElement) -> bool:
    """Whether it is text, and no comment."""
    return isinstance(node, NavigableString) and not isinstance(node, PreformattedString)


def is_block(node: PageElement) -> bool:
    """Whether it stands by itself."""
    return isinstance(node, Tag) and node.name in BLOCKS


def runs(nodes: Iterable[PageElement]) -> Iterator[list[PageElement]]:
    """Blocks by themselves, and what stands in one line together; blank lines are nothing."""
    line: list[PageElement] = []
    for node in nodes:
        if is_block(node):
            if not _is_blank(line):
                yield line
            yield [node]
            line = []
        elif is_text(node) or isinstance(node, Tag):
            line.append(node)
    if not _is_blank(line):
        yield line


def _is_blank(line: list[PageElement]) -> bool:
    return all(is_text(node) and not _SPACE.sub("", str(node)) for node in line)


def _flow(nodes: Iterable[PageElement]) -> Iterator[Any]:
    for run in runs(nodes):
        if len(run) == 1 and is_block(run[0]):
            yield from _block(run[0])
        else:
            # Words that stand by themselves are a paragraph.
            yield ("p", (), tuple(_line(run)))


def _block(node: PageElement) -> Iterator[Any]:
    assert isinstance(node, Tag)
    if node.name in ("thead", "tbody"):
        yield from _flow(node.children)
        return
    said = tuple(sorted(attributes(node).items()))
    if node.name == "pre":
        yield ("pre", said, code_of(node))
    elif any(is_block(child) for child in node.children):
        inside = tuple(_flow(node.children))
        if node.name in _UNWRAPPED:
            inside = tuple(_unwrapped(inside))
        yield (node.name, said, inside)
    elif node.name in _UNWRAPPED or node.name == "blockquote":
        inside = tuple(_flow(node.children))
        yield (node.name, said, tuple(_unwrapped(inside)) if node.name in _UNWRAPPED else inside)
    else:
        yield (node.name, said, tuple(_line(list(node.children))))


def _unwrapped(inside: tuple[Any, ...]) -> Iterator[Any]:
    """An item of a list, or a cell, has no paragraph of its own for its first words."""
    for number, block in enumerate(inside):
        if number == 0 and block[0] == "p" and not block[1]:
            yield ("words", block[2])
        else:
            yield block


def _line(nodes: list[PageElement]) -> list[Any]:
    found: list[Any] = []
    _gather(nodes, found)
    if found and isinstance(found[0], str):
        found[0] = found[0].lstrip(" ")
    if found and isinstance(found[-1], str):
        found[-1] = found[-1].rstrip(" ")
    return [each for each in found if each != ""]


def _gather(nodes: Iterable[PageElement], found: list[Any]) -> None:
    for node in nodes:
        if isinstance(node, Tag):
            said = tuple(sorted(attributes(node).items()))
            inside: list[Any] = []
            _gather(node.children, inside)
            found.append((SAME.get(node.name, node.name), said, tuple(inside)))
        elif is_text(node):
            text = _SPACE.sub(" ", str(node))
            if found and isinstance(found[-1], str):
                found[-1] = _SPACE.sub(" ", found[-1] + text)
            elif text:
                found.append(text)


def _style(text: str) -> str:
    return _SPACE.sub("", text).rstrip(";")
