"""How much a page of HTML can cost a parser, before one sees it.

Whoever parses HTML as browsers do repairs what is broken, and some repairs cost time or space with
the square of the length: the names of a tag's attributes are compared with one another, an element
is looked for among all that are open, and formats that were open when their paragraph ended are
opened anew in every paragraph behind it (the HTML standard's "active formatting elements": 82 KB
become 20 MB). A page is let through if it is too short for that, or so plain that there is nothing
to repair.
"""

import re
from collections.abc import Sequence
from typing import Final

# Up to here no tag is counted: what fits into so little costs 3 ms.
_SHORT: Final = 5_000
_ATTRIBUTES: Final = 200
# The time to parse grows with the square of the depth: 50,000 open <li> take 38 s, 500 take 1 ms.
_TAGS_OF_ANY_DEPTH: Final = 1_000
_DEPTH: Final = 100
# What reopened formats may come to in a page that is not plain: 5 µs each.
_REOPENED: Final = 20_000
_REOPENED_BYTES: Final = 5_000_000

# The tokeniser of the HTML standard, 13.2.5, as far as it finds where tags and attributes end.
# Everything is possessive: no place is read twice.
_ATTRIBUTE: Final = (
    r"[\t\n\f\r /]*+[^\t\n\f\r />][^\t\n\f\r />=]*+"
    r"(?:[\t\n\f\r ]*+=[\t\n\f\r ]*+"
    r"(?:\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z)|[^\t\n\f\r >]*+))?+"
)
_TAG: Final = re.compile(
    rf"<(?P<end>/?)(?P<name>[A-Za-z][^\t\n\f\r />]*+)(?:{_ATTRIBUTE}){{0,{_ATTRIBUTES}}}+"
    rf"(?P<more>{_ATTRIBUTE})?+[\t\n\f\r /]*+>?"
)
# Elements in which a tag is no tag.
_RAW: Final = "iframe|noembed|noframes|noscript|plaintext|script|style|textarea|title|xmp"
_UNTAGGED: Final = re.compile(
    rf"<(?=[!?/inpstx])(?:[!?]|/[^A-Za-z>]|(?:{_RAW})(?=[\t\n\f\r />]))", re.IGNORECASE
)
_UNTAGGED_WHOLE: Final = re.compile(
    rf"<!--(?:-?>|.*?(?:--!?>|\Z))|<(?:[!?]|/[^A-Za-z>])[^>]*+>?"
    rf"|<(?P<raw>{_RAW})(?=[\t\n\f\r />])(?:{_ATTRIBUTE})*+[\t\n\f\r /]*+>?"
    rf".*?(?:</(?P=raw)(?=[\t\n\f\r />])[^>]*+>?|\Z)"
    rf"|(?P<kept>{_TAG.pattern})",
    re.IGNORECASE | re.DOTALL,
)

_PIECE: Final = re.compile(r"(<[^<>]*>)")
_WELL_FORMED_TAG: Final = re.compile(
    r"<(/?)([a-zA-Z][a-zA-Z0-9]*)(?:\s+[\w-]+=\"[^\"<>]*\")*\s*/?>"
)
_FORMATS: Final = {
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u",
}  # fmt: skip
_FORMAT: Final = re.compile(rf"<(?:{'|'.join(_FORMATS)})(?=[\t\n\f\r />])", re.IGNORECASE)
_VOID: Final = {"br", "hr", "img"}
_HEADINGS: Final = {"h1", "h2", "h3", "h4", "h5", "h6"}
# What ends the paragraph that it stands in.
_BLOCKS: Final = _HEADINGS | {"blockquote", "div", "hr", "li", "ol", "p", "pre", "table", "ul"}
# What may stand only directly in one of these.
_PARENTS: Final = {
    "li": {"ol", "ul"},
    "tbody": {"table"},
    "td": {"tr"},
    "th": {"tr"},
    "thead": {"table"},
    "tr": {"table", "tbody", "thead"},
}
# What may hold nothing else, no text either.
_TABLE_PARTS: Final = {"table", "tbody", "thead", "tr"}
_PLAIN: Final = _FORMATS | _VOID | _BLOCKS | set(_PARENTS) | {"span", "sub", "sup"}


def bounded(html: str) -> str | None:
    """The page, so that parsing it takes time and space in proportion to its length.

    It lacks comments, and elements that hold no HTML, if it is long. None for a page that is made
    to cost time.
    """
    format_bytes = len(html)
    if len(html) > _SHORT:
        if _UNTAGGED.search(html):
            html = _UNTAGGED_WHOLE.sub(lambda found: found["kept"] or "", html)
            if _UNTAGGED.search(html):
                return None
        format_bytes = 0
        for tag in _TAG.finditer(html):
            if tag["more"]:
                return None
            if tag["name"].lower() in _FORMATS:
                format_bytes += len(tag[0])
    return html if _is_shallow(html, format_bytes) else None


def _is_shallow(html: str, format_bytes: int) -> bool:
    tags = html.count("<")
    if (
        tags <= _TAGS_OF_ANY_DEPTH  # first: what follows takes long where they are many
        and len(_FORMAT.findall(html)) * tags <= _REOPENED
        and format_bytes * tags <= _REOPENED_BYTES
    ):
        return True
    return _is_plain(_PIECE.split(html))


def _is_plain(pieces: Sequence[str]) -> bool:
    """Whether every tag is plainly written, and stands and ends where it should."""
    opened: list[str] = []
    for text, tag in zip(pieces[::2], [*pieces[1::2], ""], strict=True):
        if "<" in text or (opened and opened[-1] in _TABLE_PARTS and text.strip()):
            return False
        if tag and not _fits(tag, opened):
            return False
    return not opened


def _fits(tag: str, opened: list[str]) -> bool:
    """Whether the tag may stand here; notes what is open behind it."""
    found = _WELL_FORMED_TAG.fullmatch(tag)
    if found is None or len(opened) > _DEPTH:
        return False
    name = found[2].lower()
    if found[1]:
        return bool(opened) and opened.pop() == name
    if not _may_stand_in(name, opened):
        return False
    if name not in _VOID:
        opened.append(name)
    return True


def _may_stand_in(name: str, opened: Sequence[str]) -> bool:
    parent = opened[-1] if opened else ""
    parents = _PARENTS.get(name)
    if name not in _PLAIN or (parents is not None and parent not in parents):
        return False
    if parent in _TABLE_PARTS and parents is None:
        return False
    if name in _HEADINGS and parent in _HEADINGS:
        return False
    return not (name in _BLOCKS and "p" in opened) and not (name == "a" and "a" in opened)
