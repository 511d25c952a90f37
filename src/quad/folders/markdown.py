"""HTML as Markdown: what Markdown can say it says, the rest stays HTML within it.

Each block is read back, and is one of HTML if it would mean something else.
"""

import re
from typing import Final

from bs4.element import NavigableString, PageElement, Tag
from markdownify import BACKSLASH, MarkdownConverter

from quad.folders.html import APART, escaped, escaped_value, html_of
from quad.folders.meaning import attributes, code_of, is_block, meaning, parsed, runs

_SPACE: Final = re.compile(r"[ \t\r\n\f]+")
_SPECIAL: Final = re.compile(
    r"[\\`*\[\]]|<(?=[A-Za-z/!?])|(?<![^\W_])_|_(?![^\W_])|~(?=~)|&(?=#?\w+;)"
)
_START: Final = re.compile(r"(?=[#>+=~-])|(?<=\d)(?=[.)])")
_FIRST: Final = re.compile(r"\s*(?:[#>+=~-]|\d{1,9}[.)])")
_FENCES: Final = re.compile(r"`{3,}")
_LISTS: Final = frozenset({"ol", "ul"})
_PLAIN_TARGET: Final = re.compile(r"(?:[^\s()<>\\&]|&(?!#?\w+;))+")
_BRACKET: Final = re.compile(r"[<>\\]|&(?=#?\w+;)")


def markdown_of(page: str) -> str:
    """The page as Markdown."""
    try:
        return _written(page)
    except RecursionError:
        return _as_html(page)


def title_line(title: str) -> str:
    """A heading that says this."""
    return f"# {_escape(title)}"


def _written(page: str) -> str:
    blocks: list[str] = []
    last = ""
    for run in runs(parsed(page).children):
        name = run[0].name if isinstance(run[0], Tag) else ""
        if name in _LISTS and last in _LISTS:
            blocks.append(APART)
        blocks.append(_block(run))
        last = name
    return "".join(f"{block}\n\n" for block in blocks).rstrip("\n") + ("\n" if blocks else "")


def _block(run: list[PageElement]) -> str:
    source = "".join(_source(node) for node in run)
    if len(run) == 1 and is_block(run[0]) and _has_more(run[0]):
        return _as_html(source)
    written = _CONVERTER.convert_soup(parsed(source)).strip("\n")
    read = html_of(written)
    # Mostly to the letter; to look at what is meant takes three times as long as the rest.
    return written if read == source or meaning(read) == meaning(source) else _as_html(source)


def _has_more(block: PageElement) -> bool:
    """Whether a block, or one in it, has attributes, which Markdown cannot say."""
    assert isinstance(block, Tag)
    inside = [block, *(each for each in block.find_all() if is_block(each))]
    return any(attributes(each).keys() - {"data-language", "start"} for each in inside)


def _as_html(source: str) -> str:
    """A block of HTML, which a blank line would end."""
    if source.startswith("<pre"):
        return source
    if not re.match(r"</?(?:p|div|[uo]l|li|table|blockquote|h[1-6]|hr)\b", source):
        source = f"<p>{source}</p>"
    return source.replace("\n", "&#10;")


def _source(node: PageElement) -> str:
    """A node in the sanitiser's words."""
    if isinstance(node, NavigableString):
        return escaped(str(node))
    assert isinstance(node, Tag)
    said = "".join(f' {key}="{escaped_value(str(value))}"' for key, value in node.attrs.items())
    start = f"<{node.name}{said}>"
    if node.name in ("br", "hr", "img"):
        return start
    return f"{start}{''.join(map(_source, node.children))}</{node.name}>"


def _escape(text: str) -> str:
    text = _SPECIAL.sub(r"\\\g<0>", text)
    if not _FIRST.match(text):
        return text
    # Only what would begin something, and there alone.
    return _START.sub(r"\\", text, count=1)


class _Converter(MarkdownConverter):
    def __init__(self) -> None:
        super().__init__(
            heading_style="atx",
            bullets="-",
            newline_style=BACKSLASH,
            autolinks=False,
            keep_inline_images_in=["h1", "h2", "h3", "h4", "h5", "h6", "td", "th"],
        )

    def process_text(self, el: NavigableString, parent_tags: set[str] | None = None) -> str:
        """Line breaks are blanks: in Markdown they would begin something."""
        if "pre" not in (parent_tags or ()):
            el = _collapsed(el)
        text: str = super().process_text(el, parent_tags)  # type: ignore[misc] # not in its stubs
        return text

    def escape(self, text: str, parent_tags: set[str]) -> str:
        """What would be taken for Markdown."""
        text = _escape(text)
        return text.replace("|", r"\|") if parent_tags & {"td", "th"} else text

    def convert_pre(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """Lines of code, between fences that are longer than any in them."""
        code = code_of(el)
        longest = max(map(len, _FENCES.findall(code)), default=2)
        fence = "`" * (longest + 1)
        language = str(el.attrs.get("data-language", ""))
        return (
            f"\n\n{fence}{language}\n{code}\n{fence}\n\n" if code else f"\n\n{fence}\n{fence}\n\n"
        )

    def convert_a(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """A link."""
        if attributes(el).keys() != {"href"}:
            return _tagged(el, text)
        return f"[{text}]({_target(str(el['href']))})" if text else _tagged(el, text)

    def convert_img(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """A picture."""
        if attributes(el).keys() - {"src", "alt"} or "src" not in el.attrs:
            return _source(el)
        alt = _escape(_SPACE.sub(" ", str(el.attrs.get("alt", ""))))
        return f"![{alt}]({_target(str(el['src']))})"

    def convert_hN(self, n: int, el: Tag, text: str, parent_tags: set[str]) -> str:  # noqa: N802
        """A heading; one of nothing is there as well."""
        return f"\n\n{'#' * n} {text.strip()}\n\n"

    def convert_u(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """What Markdown has no sign for."""
        return text if "_noformat" in parent_tags else _tagged(el, text)

    convert_span = convert_sub = convert_sup = convert_u


def _collapsed(el: NavigableString) -> NavigableString:
    text = _SPACE.sub(" ", str(el))
    if text == str(el):
        return el
    new = NavigableString(text)
    el.replace_with(new)
    return new


def _target(address: str) -> str:
    if _PLAIN_TARGET.fullmatch(address):
        return address
    return f"<{_BRACKET.sub(_with_backslash, address)}>"


def _with_backslash(found: re.Match[str]) -> str:
    return f"\\{found[0]}"


def _tagged(el: Tag, text: str) -> str:
    said = "".join(f' {key}="{escaped_value(str(value))}"' for key, value in el.attrs.items())
    return f"<{el.name}{said}>{text}</{el.name}>"


_CONVERTER: Final = _Converter()
