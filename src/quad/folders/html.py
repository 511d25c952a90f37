"""Markdown as HTML, in the form that our editor writes.

HTML within it stays as it is: the server cleans what comes out of here as it cleans everything.
"""

import html
from collections.abc import MutableMapping, Sequence
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import OptionsDict

_Env = MutableMapping[str, Any]

APART: Final = "<!-- -->"
"""Between two lists that are not one."""

_LINK: Final = {"rel": "noopener noreferrer", "target": "_blank"}


def escaped(text: str) -> str:
    """Text between tags, as the sanitiser writes it."""
    return html.escape(text, quote=False).replace("\xa0", "&nbsp;")


def escaped_value(text: str) -> str:
    """The value of an attribute, as the sanitiser writes it."""
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("\xa0", "&nbsp;")


def html_of(markdown: str) -> str:
    """The page as HTML."""
    rendered: str = _MARKDOWN.render(markdown)
    return rendered


def split_title(markdown: str) -> tuple[str | None, str]:
    """The text of a heading that the page begins with, and the page behind it."""
    tokens = _MARKDOWN.parse(markdown)
    if not tokens or tokens[0].type != "heading_open" or tokens[0].map is None:
        return None, markdown
    lines = markdown.split("\n")
    return _plain(tokens[1].children or ()), "\n".join(lines[tokens[0].map[1] :]).lstrip("\n")


def _plain(tokens: Sequence[Token]) -> str:
    words = (
        _plain(token.children or ())
        if token.type == "image"
        else " "
        if token.type in ("softbreak", "hardbreak")
        else ""
        if token.type == "html_inline"
        else token.content
        for token in tokens
    )
    return "".join(words)


class _Renderer(RendererHTML):
    """Without line breaks that nobody has written."""

    def renderToken(  # noqa: N802 - the library's name
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: _Env
    ) -> str:
        """A tag."""
        token = tokens[idx]
        if token.hidden:
            return ""
        if token.type == "link_open":
            token.attrs.update(_LINK)
        return f"<{'/' if token.nesting == -1 else ''}{token.tag}{self.renderAttrs(token)}>"

    @staticmethod
    def renderAttrs(token: Token) -> str:  # noqa: N802 - the library's name
        """The attributes of a tag."""
        return "".join(f' {key}="{escaped_value(str(value))}"' for key, value in token.attrItems())

    def text(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: _Env) -> str:
        """Text."""
        return escaped(tokens[idx].content)

    def code_inline(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: _Env
    ) -> str:
        """Code in a line."""
        return f"<code>{escaped(tokens[idx].content)}</code>"

    def code_block(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: _Env) -> str:
        """Code that is indented."""
        return _pre(tokens[idx].content, "")

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: _Env) -> str:
        """Code between fences, with its language."""
        words = tokens[idx].info.split()
        return _pre(tokens[idx].content, words[0] if words else "")

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: _Env) -> str:
        """A picture."""
        token = tokens[idx]
        alt = self.renderInlineAsText(token.children, options, env)
        src = escaped_value(str(token.attrs.get("src", "")))
        return f'<img src="{src}" alt="{escaped_value(alt)}">'

    def softbreak(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: _Env) -> str:
        """A line that ends in the Markdown alone."""
        return " "

    def hardbreak(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: _Env) -> str:
        """A line that ends."""
        return "<br>"

    def html_block(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: _Env) -> str:
        """HTML that stands by itself."""
        content = tokens[idx].content.rstrip("\n")
        return "" if content == APART else content


def _pre(code: str, language: str) -> str:
    # A parser drops the first line break.
    start = "\n" if code.startswith("\n") else ""
    known = f' data-language="{escaped_value(language)}"' if language else ""
    return f'<pre class="ql-syntax" spellcheck="false"{known}>{start}{escaped(code)}</pre>'


def _made() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"html": True}, renderer_cls=_Renderer)
    markdown.enable(["table", "strikethrough"])
    # Addresses stay as they are written; which may be there, the sanitiser knows.
    markdown.normalizeLink = lambda url: url  # type: ignore[method-assign]
    markdown.normalizeLinkText = lambda link: link  # type: ignore[method-assign]
    markdown.validateLink = bool  # type: ignore[method-assign, assignment]
    return markdown


_MARKDOWN: Final = _made()
