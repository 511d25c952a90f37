"""Tasks as text for a terminal: what their HTML says, without its tags."""

import re
from html.parser import HTMLParser
from typing import Final

_PARAGRAPHS: Final = frozenset(
    {"blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "pre", "table", "ul"}
)
_BLOCKS: Final = _PARAGRAPHS | {"dd", "div", "dl", "dt", "hr", "section", "tr"}
_SILENT: Final = frozenset({"script", "style", "title"})
_BLANKS: Final = re.compile(r"[ \t\r\n\f]+")


def text_of(html: str) -> str:
    """The text of a task: paragraphs and lists as lines, code as it stands, links with address."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return harmless(reader.text())


def harmless(text: str) -> str:
    """The text without what would steer the terminal; new lines and tabs stay."""
    return "".join(
        character if character.isprintable() or character in "\n\t" else " " for character in text
    )


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._is_at_start = True
        self._code_depth = 0
        self._silent_depth = 0
        # A number for an ordered list, None for another; the address of each open link.
        self._lists: list[int | None] = []
        self._links: list[tuple[str, int]] = []

    def text(self) -> str:
        lines = [line.rstrip() for line in "".join(self._parts).strip("\n").split("\n")]
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in _SILENT:
            self._silent_depth += 1
        elif tag == "br":
            self._write("\n")
        elif tag == "img":
            self._write(f"[picture: {values.get('alt') or 'see it in the browser'}]")
        elif tag == "a":
            self._links.append((values.get("href") or "", len(self._parts)))
        elif tag == "li":
            self._begin_item()
        elif tag in ("td", "th"):
            self._write("" if self._is_at_start else "  ")
        elif tag in _BLOCKS:
            self._break(2 if tag in _PARAGRAPHS and not self._lists else 1)
        self._enter(tag, +1)

    def handle_endtag(self, tag: str) -> None:
        self._enter(tag, -1)
        if tag in _SILENT:
            self._silent_depth = max(0, self._silent_depth - 1)
        elif tag == "a" and self._links:
            address, start = self._links.pop()
            shown = "".join(self._parts[start:])
            if address.startswith(("http://", "https://")) and address not in shown:
                self._write(f" ({address})")
        elif tag in _BLOCKS or tag == "li":
            self._break(2 if tag in _PARAGRAPHS and not self._lists else 1)

    def handle_data(self, data: str) -> None:
        if self._silent_depth:
            return
        if self._code_depth:
            self._write(data)
            return
        text = _BLANKS.sub(" ", data)
        self._write(text.lstrip(" ") if self._is_at_start else text)

    def _enter(self, tag: str, step: int) -> None:
        if tag == "pre":
            self._code_depth = max(0, self._code_depth + step)
        elif tag in ("ol", "ul"):
            if step > 0:
                self._lists.append(1 if tag == "ol" else None)
            elif self._lists:
                self._lists.pop()

    def _begin_item(self) -> None:
        self._break(1)
        number = self._lists[-1] if self._lists else None
        if number is not None:
            self._lists[-1] = number + 1
        indent = "  " * max(0, len(self._lists) - 1)
        self._parts.append(indent + ("• " if number is None else f"{number}. "))

    def _break(self, lines: int) -> None:
        written = "".join(self._parts[-2:])
        present = len(written) - len(written.rstrip("\n"))
        if self._parts:
            self._parts.append("\n" * max(0, lines - present))
        self._is_at_start = True

    def _write(self, text: str) -> None:
        if text:
            self._parts.append(text)
            self._is_at_start = text.endswith("\n")
