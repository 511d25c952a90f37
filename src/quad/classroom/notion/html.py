"""Notion's blocks as the HTML that the task editor writes.

A block has a type, rich text under `properties`, and the ids of its children under `content`. Rich
text is a list of `[text]` or `[text, [[format, argument?], ...]]`. Whatever is not known is shown
as the text it carries; what a task cannot hold (a video, a file) becomes a link. What is lost all
the same is counted.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from itertools import groupby
from typing import Any, Final
from urllib.parse import quote, urljoin

from msgspec import Struct

from quad.classroom.model import LeftOut

_DEPTH: Final = 20
# Of 5 MB of blocks, honest ones write no more; formats around formats and names of pages that are
# mentioned everywhere would.
_WRITTEN_LIMIT: Final = 20_000_000
_INDENT: Final = 8
"""Quill has classes up to `ql-indent-8`."""

_HEADINGS: Final = {"header": "h1", "sub_header": "h2", "sub_sub_header": "h3"}
_LISTS: Final = {"bulleted_list": "ul", "numbered_list": "ol", "to_do": "ul"}
_TRANSPARENT: Final = {"column_list", "column", "transclusion_container"}
_INVISIBLE: Final = {"table_of_contents", "breadcrumb", "table_row"}
_STYLES: Final = {"b": "strong", "i": "em", "s": "s", "_": "u", "c": "code"}
_COLOURS: Final = {
    "gray": "#787774", "brown": "#9f6b53", "orange": "#d9730d", "yellow": "#cb912f",
    "teal": "#448361", "green": "#448361", "blue": "#337ea9", "purple": "#9065b0",
    "pink": "#c14c8a", "red": "#d44c47",
}  # fmt: skip
_BACKGROUNDS: Final = {
    "gray": "#f1f1ef", "brown": "#f4eeee", "orange": "#faebdd", "yellow": "#fbf3db",
    "teal": "#edf3ec", "green": "#edf3ec", "blue": "#e7f3f8", "purple": "#f6f3f9",
    "pink": "#faf1f5", "red": "#fdebec",
}  # fmt: skip
# Files that were uploaded: their own addresses expire, Notion serves them through its own.
_UPLOADED: Final = ("attachment:", "secure.notion-static.com", "prod-files-secure", "/image/")


# Stands in the text for what is told by its format.
_MENTION: Final = "‣"


class PageTooLong(Exception):
    """What is to be written is far longer than what was read."""


class Block(Struct, frozen=True):
    """One block of a page, as Notion sends it; `alive` is false in the bin."""

    id: str
    type: str
    properties: dict[str, Any] = {}
    content: list[str] = []
    format: dict[str, Any] = {}
    alive: bool = True
    space_id: str | None = None


class Writer:
    """Writes blocks as HTML, each block once, so that blocks in a circle come to an end.

    Raises PageTooLong where writing would take long.
    """

    def __init__(
        self,
        blocks: Mapping[str, Block],
        base: str,
        people: Mapping[str, str],
        left_out: Counter[LeftOut],
    ) -> None:
        """`base` is the address of the site, for links inside it; `people` are names by ids.

        What cannot come along is counted in `left_out`, by its kind: one of `LeftOut`.
        """
        self._blocks = blocks
        self._base = base
        self._people = people
        self._left_out = left_out
        self._written: set[str] = set()
        self._left = _WRITTEN_LIMIT

    def write(self, blocks: Iterable[Block], depth: int = 0, indent: int = 0) -> str:
        """Return the HTML of blocks that follow one another; neighbours make one list."""
        if depth > _DEPTH:
            self._left_out["block"] += sum(1 for _ in self._once(blocks))
            return ""
        runs = groupby(self._once(blocks), _list_attributes)
        return "".join(
            self._list(attributes, list(run), depth)
            if attributes
            else "".join(self._block(block, depth, indent) for block in run)
            for attributes, run in runs
        )

    def _children(self, block: Block) -> list[Block]:
        self._left_out["block"] += sum(each not in self._blocks for each in block.content)
        return children(self._blocks, block)

    def _once(self, blocks: Iterable[Block]) -> Iterable[Block]:
        for block in blocks:
            if block.id not in self._written:
                self._written.add(block.id)
                yield block

    def _list(self, attributes: str, items: Sequence[Block], depth: int) -> str:
        tag = attributes.partition(" ")[0]
        written = (
            f"<li>{self._title(item)}{self.write(self._children(item), depth + 1)}</li>"
            for item in items
        )
        return f"<{attributes}{_start(items[0])}>{''.join(written)}</{tag}>"

    def _block(self, block: Block, depth: int, indent: int) -> str:
        if block.type in _INVISIBLE:
            return ""
        if block.type in _TRANSPARENT:
            return self.write(self._children(block), depth + 1, indent)
        element = self._element(block)
        if element is not None:
            return element
        inside = self.write(self._children(block), depth + 1, indent + 1)
        return self._line(block, indent) + inside

    def _element(self, block: Block) -> str | None:
        """A block that is more than its text; None: it is a line."""
        match block.type:
            case "code":
                return self._code(block)
            case "image":
                return self._image(block)
            case "equation":
                return _equation(block)
            case "divider":
                return "<hr>"
            case "page" | "collection_view_page":
                return self._page(block)
            case "alias":
                return self._alias(block)
            case "collection_view":
                self._left_out["database"] += 1
                return ""
            case "transclusion_reference":
                return self._synced(block)
            case "table":
                return self._table(block)
        return None

    def _line(self, block: Block, indent: int) -> str:
        """The text of a block in its own element."""
        title = self._title(block)
        if tag := _HEADINGS.get(block.type):
            return f"<{tag}>{title}</{tag}>"
        match block.type:
            case "quote":
                return f"<blockquote>{title}</blockquote>"
            case "callout":
                return f"<blockquote>{_icon(block)}{title}</blockquote>"
            case "toggle":
                return f"<p><strong>{title}</strong></p>"
        source = _address(block)
        if source is not None:
            return self._paragraph(self._link(source, title or escape(source)), indent)
        if not title and not block.content and block.type != "text":
            self._left_out["block"] += 1
            return ""
        return self._paragraph(title or "<br>", indent)

    def _paragraph(self, html: str, indent: int) -> str:
        marked = f' class="ql-indent-{min(indent, _INDENT)}"' if indent else ""
        return f"<p{marked}>{html}</p>"

    def _title(self, block: Block) -> str:
        return self.rich(block.properties.get("title"))

    def _code(self, block: Block) -> str:
        code = escape(plain(block.properties.get("title")), quote=False)
        # A parser drops the first line break of a <pre>.
        start = "\n" if code.startswith("\n") else ""
        return f'<pre class="ql-syntax" spellcheck="false">{start}{code}\n</pre>' + self._caption(
            block
        )

    def _image(self, block: Block) -> str:
        source = _address(block)
        if source is None:
            self._left_out["picture"] += 1
            return ""
        if any(mark in source for mark in _UPLOADED):
            path = f"/image/{quote(source, safe='')}?table=block&id={block.id}&cache=v2"
            source = self._absolute(path)
        address = escape(self._absolute(source))
        described = block.format.get("alt_text")
        alt = f' alt="{escape(described)}"' if isinstance(described, str) and described else ""
        return f'<p><img src="{address}"{alt}></p>' + self._caption(block)

    def _caption(self, block: Block) -> str:
        caption = self.rich(block.properties.get("caption"))
        return f"<p><em>{caption}</em></p>" if caption else ""

    def _page(self, block: Block) -> str:
        title = self._title(block) or "Untitled"
        return f"<p>{self._link('/' + block.id.replace('-', ''), title)}</p>"

    def _alias(self, block: Block) -> str:
        pointer = block.format.get("alias_pointer")
        match pointer:
            case {"id": str(page_id)}:
                return f"<p>{self._mentioned(page_id)}</p>"
            case _:
                return ""

    def _synced(self, block: Block) -> str:
        original = self._blocks.get(original_of(block) or "")
        if original is None or not original.alive:
            self._left_out["synced_block"] += 1
            return ""
        return self.write([original])

    def _table(self, block: Block) -> str:
        columns = block.format.get("table_block_column_order")
        if not isinstance(columns, list):
            return ""
        rows = list(self._children(block))
        if len(columns) * len(rows) * len("<td></td>") > self._left:
            raise PageTooLong
        has_head = block.format.get("table_block_column_header") is True
        has_side = block.format.get("table_block_row_header") is True
        written = (
            "".join(
                self._cell(
                    row.properties.get(str(name)),
                    is_head=(has_head and place == 0) or (has_side and name is columns[0]),
                )
                for name in columns
            )
            for place, row in enumerate(rows)
        )
        return f"<table><tbody>{''.join(f'<tr>{row}</tr>' for row in written)}</tbody></table>"

    def _cell(self, text: object, *, is_head: bool) -> str:
        tag = "th" if is_head else "td"
        return self._spent(f"<{tag}>{self.rich(text)}</{tag}>")

    def _spent(self, html: str) -> str:
        self._left -= len(html)
        if self._left < 0:
            raise PageTooLong
        return html

    def _link(self, address: str, html: str) -> str:
        target = escape(self._absolute(address))
        return f'<a href="{target}" rel="noopener noreferrer" target="_blank">{html}</a>'

    def _absolute(self, address: str) -> str:
        try:
            return urljoin(self._base, address)
        except ValueError:  # brackets that hold no IPv6 address
            return "about:blank"

    def rich(self, spans: object) -> str:
        """Return rich text as inline HTML."""
        return "".join(self._span(text, formats) for text, formats in _spans(spans))

    def _span(self, text: str, formats: Sequence[tuple[str, object]]) -> str:
        html = escape(text, quote=False).replace("\n", "<br>")
        for name, argument in formats:
            html = self._spent(self._formatted(html, name, argument))
        return html

    def _formatted(self, html: str, name: str, argument: object) -> str:
        match name, argument:
            case (("b" | "i" | "s" | "_" | "c"), _):
                return f"<{_STYLES[name]}>{html}</{_STYLES[name]}>"
            case "a", str():
                return self._link(argument, html)
            case "h", str():
                return _coloured(html, argument)
            case "e", str():
                return f"<code>{escape(argument, quote=False)}</code>"
            case "p", str():
                return self._mentioned(argument)
            case "lm", {"href": str(address)}:
                return self._link(address, _title_of_link(argument) or escape(address))
            case "u", str():
                return self._person(argument)
            case "d", {"start_date": str()}:
                return escape(_dates(argument))
            case _:
                return self._unknown(html)

    def _mentioned(self, page_id: str) -> str:
        page = self._blocks.get(page_id)
        title = escape(plain(page.properties.get("title"))) if page else ""
        return self._link("/" + page_id.replace("-", ""), title or "page")

    def _person(self, person: str) -> str:
        name = self._people.get(person)
        if name is None:
            self._left_out["person"] += 1
        return f"@{escape(name or '…')}"

    def _unknown(self, html: str) -> str:
        """Text is shown without what is not known of it; the sign of a mention has no text."""
        if html != _MENTION:
            return html
        self._left_out["mention"] += 1
        return "…"


def original_of(block: Block) -> str | None:
    """The block that a synced one shows, here or on another page."""
    if block.type != "transclusion_reference":
        return None
    match block.format.get("transclusion_reference_pointer"):
        case {"id": str(original)}:
            return original
        case _:
            return None


def children(blocks: Mapping[str, Block], block: Block) -> list[Block]:
    """Return the blocks inside a block, those that are known and not in the bin."""
    return [child for each in block.content if (child := blocks.get(each)) and child.alive]


def plain(spans: object) -> str:
    """Return rich text without its formats."""
    return "".join(text for text, _ in _spans(spans))


def _spans(spans: object) -> Iterable[tuple[str, list[tuple[str, object]]]]:
    for span in spans if isinstance(spans, list) else []:
        match span:
            case [str(text)]:
                yield text, []
            case [str(text), [*formats], *_]:
                yield text, [_format(each) for each in formats]


def _format(written: object) -> tuple[str, object]:
    match written:
        case [str(name), argument, *_]:
            return name, argument
        case [str(name)]:
            return name, None
        case _:
            return "", None


def _list_attributes(block: Block) -> str | None:
    """The opening of the list that a block belongs in, None if it is no list item."""
    tag = _LISTS.get(block.type)
    if block.type != "to_do":
        return tag
    checked = plain(block.properties.get("checked")) == "Yes"
    return f'{tag} data-checked="{str(checked).lower()}"'


def _start(item: Block) -> str:
    """Where the numbers of a list begin, if not at 1."""
    start = item.format.get("list_start_index")
    is_number = isinstance(start, int) and not isinstance(start, bool)
    return f' start="{start}"' if item.type == "numbered_list" and is_number and start != 1 else ""


def _title_of_link(mention: object) -> str:
    match mention:
        case {"title": str(title)}:
            return escape(title.strip())
        case _:
            return ""


def _dates(argument: object) -> str:
    """A day or a span of days, with its times: `2026-01-02 10:00 – 11:30`."""
    match argument:
        case {"start_date": str(start_day), **more}:
            start = _moment(start_day, more.get("start_time"))
            end_day, end_time = more.get("end_date"), more.get("end_time")
            if not isinstance(end_day, str):
                return start
            is_same_day = end_day == start_day and isinstance(end_time, str)
            return f"{start} – {end_time if is_same_day else _moment(end_day, end_time)}"
        case _:
            return ""


def _moment(day: str, time: object) -> str:
    return f"{day} {time}" if isinstance(time, str) else day


def _address(block: Block) -> str | None:
    """Where something outside lies that a block shows."""
    for name in ("source", "link"):
        if address := plain(block.properties.get(name)).strip():
            return address
    shown = block.format.get("display_source")
    return shown if isinstance(shown, str) and shown else None


def _equation(block: Block) -> str:
    return f"<p><code>{escape(plain(block.properties.get('title')), quote=False)}</code></p>"


def _icon(block: Block) -> str:
    icon = block.format.get("page_icon")
    # Else it is the address of a picture.
    is_sign = isinstance(icon, str) and icon != "" and "/" not in icon
    return f"{escape(str(icon))} " if is_sign else ""


def _coloured(html: str, colour: str) -> str:
    name, _, kind = colour.partition("_")
    kinds = {"": ("color", _COLOURS), "background": ("background-color", _BACKGROUNDS)}
    style, palette = kinds.get(kind, ("", {}))
    if name not in palette:
        return html
    return f'<span style="{style}: {palette[name]};">{html}</span>'
