"""Task HTML: what a teacher's editor writes passes unchanged, what could act is removed.

nh3 (the Rust sanitiser ammonia) parses as a browser does and keeps what is listed here: the
formats of the Quill editor, versions 1 and 2. Everything else goes: scripts, handlers, frames
(also Quill's video: it would run a stranger's page inside the class), SVG, MathML, forms.
"""

import html as entities
import re
from typing import Final

import nh3

from quad.classroom.tasks.markup import bounded

_TAGS: Final = {
    "a", "b", "blockquote", "br", "code", "div", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr",
    "i", "img", "li", "ol", "p", "pre", "s", "span", "strike", "strong", "sub", "sup", "table",
    "tbody", "td", "th", "thead", "tr", "u", "ul",
}  # fmt: skip
# Their text is no text of the task.
_TAGS_DROPPED_WITH_CONTENT: Final = {
    "applet", "embed", "iframe", "math", "noembed", "noframes", "noscript", "object", "plaintext",
    "script", "select", "style", "svg", "template", "textarea", "title", "xmp",
}  # fmt: skip
_ATTRIBUTES: Final = {
    "*": {"class", "style"},
    "a": {"href", "rel", "target"},
    "div": {"spellcheck", "data-language"},
    "img": {"src", "alt", "width", "height"},
    "li": {"data-list"},
    "ol": {"start"},
    "pre": {"spellcheck", "data-language"},
    "span": {"contenteditable", "data-value"},
    "td": {"data-row", "colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "ul": {"data-checked"},
}
_LINK_SCHEMES: Final = {"http", "https", "mailto", "tel", "sms"}
_SCHEME: Final = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):")
# What a browser takes out of an address before it looks for the scheme (URL standard, 4.4).
_ADDRESS_NOISE: Final = re.compile(r"^[\x00-\x20]+|[\t\n\r]")
_INLINE_IMAGE: Final = re.compile(r"data:image/(?:png|jpeg|gif|webp|bmp);base64,[A-Za-z0-9+/=]*")

_CLASS: Final = re.compile(r"(?:ql|hljs)(?:[-_][\w-]*)?")
_REL: Final = re.compile(r"noopener|noreferrer|nofollow|ugc")
_FIXED_VALUES: Final = {
    "contenteditable": {"false"},
    "spellcheck": {"true", "false"},
    "target": {"_blank"},
}

_STYLES: Final = {
    "background-color", "color", "direction", "font-family", "font-size", "text-align",
}  # fmt: skip
_STYLE_FUNCTIONS: Final = {
    "rgb", "rgba", "hsl", "hsla", "hwb", "lab", "lch", "oklab", "oklch", "color", "color-mix",
    "var",
}  # fmt: skip
# No colon, backslash, comment or at-sign: nothing that could name an address or hide a name.
_STYLE_VALUE: Final = re.compile(r"[\w\s#%.,+()\"'/-]+")
_NO_NAME: Final = re.compile(r"[^\w-]")

# The HTML standard, 13.2.5.6: "<" opens something only before one of these. The end of the
# text counts as well, because what is put behind the text is not known here; and so do
# control characters, which some programs drop, so that a tag would close up around them.
_MARKUP: Final = re.compile(r"<(?:[A-Za-z/!?]|\Z)|[\x00-\x08\x0b\x0c\x0e-\x1f]")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_TAG: Final = re.compile(r"(<[^<>]*>)")
_LONG_NUMBER: Final = re.compile(r"&#[0-9]{1000}")
# A parser drops the first line break of a <pre>: put before it, it is the one that goes.
_PRE: Final = re.compile(r"(<pre(?:\s[^<>]*)?>)\n", re.IGNORECASE)

# Text whose cleaned form still changes after so many passes is an attack, not a document.
_PASSES: Final = 8


def sanitise(html: str) -> str:
    """Return `html` without anything that could act; sanitising twice changes nothing more.

    What comes out is the very text that came in when there is nothing to remove: text without
    markup (also with `<`, `>` and `&` in it), and what Quill 1 and 2 write. Markup made to
    cost time or to confuse parsers is not cleaned but shown as text. A megabyte takes half a
    second at worst: so not on the loop, see `cleaning`.
    """
    if not has_markup(html):
        return html
    page = bounded(html)
    if page is None:
        return _as_text(html)
    cleaned = _settle(page)
    return html if _in_serialised_form(html) == cleaned else cleaned


def has_markup(html: str) -> bool:
    """Whether anything in it could be more than text: 100,000 characters take two milliseconds."""
    return _MARKUP.search(html) is not None


def _settle(html: str) -> str:
    """Clean until the browser that parses the result sees what the sanitiser saw."""
    for _ in range(_PASSES):
        cleaned = _CLEANER.clean(_PRE.sub(r"\1\n\n", html))
        if cleaned == html:
            return cleaned
        html = cleaned
    return _as_text(html)


def _as_text(html: str) -> str:
    return entities.escape(_CONTROL.sub("", html))


def _in_serialised_form(html: str) -> str:
    """Write the character references between the tags as the sanitiser does.

    References mean the same however they are written (`&#39;`, `'`), so HTML that differs from
    its cleaned form in nothing else is clean.
    """
    pieces = _TAG.split(html)
    pieces[::2] = [text if "<" in text else _escape(_unescape(text)) for text in pieces[::2]]
    return "".join(pieces)


def _unescape(text: str) -> str:
    # No character has a number so long, and Python refuses to read one.
    return text if _LONG_NUMBER.search(text) else entities.unescape(text)


def _escape(text: str) -> str:
    return entities.escape(text, quote=False).replace("\xa0", "&nbsp;")


def _filter(_tag: str, attribute: str, value: str) -> str | None:
    """Return the value to keep of an attribute that is listed above, None for nothing."""
    match attribute:
        case "href":
            return value if _is_link(value) else None
        case "src":
            return value if _is_image(value) else None
        case "style":
            return _safe_style(value)
        case "class":
            return _matching_words(value, _CLASS)
        case "rel":
            return _matching_words(value, _REL)
    allowed = _FIXED_VALUES.get(attribute)
    return value if allowed is None or value in allowed else None


def _is_link(address: str) -> bool:
    scheme = _scheme(address)
    # Quill writes about:blank for an address that it refused.
    return scheme in _LINK_SCHEMES or scheme is None or address == "about:blank"


def _is_image(address: str) -> bool:
    if _INLINE_IMAGE.fullmatch(address):
        return True
    return _scheme(address) in (None, "http", "https")


def _scheme(address: str) -> str | None:
    found = _SCHEME.match(_ADDRESS_NOISE.sub("", address))
    return found[1].lower() if found else None


def _matching_words(value: str, word: re.Pattern[str]) -> str | None:
    words = value.split()
    kept = [each for each in words if word.fullmatch(each)]
    if len(kept) == len(words):
        return value
    return " ".join(kept) or None


def _safe_style(style: str) -> str | None:
    declarations = [each for each in style.split(";") if each.strip()]
    kept = [each.strip() for each in declarations if _is_safe_declaration(each)]
    if len(kept) == len(declarations):
        return style
    return "".join(f"{each}; " for each in kept).strip() or None


def _is_safe_declaration(declaration: str) -> bool:
    name, _, value = declaration.partition(":")
    return (
        name.strip().lower() in _STYLES
        and _STYLE_VALUE.fullmatch(value) is not None
        and all(
            _NO_NAME.split(each)[-1].lower() in _STYLE_FUNCTIONS for each in _before_calls(value)
        )
    )


def _before_calls(value: str) -> list[str]:
    """What stands before each opening parenthesis; a function's name is its end."""
    return value.split("(")[:-1]


_CLEANER: Final = nh3.Cleaner(
    tags=_TAGS,
    clean_content_tags=_TAGS_DROPPED_WITH_CONTENT,
    attributes=_ATTRIBUTES,
    attribute_filter=_filter,
    url_schemes=_LINK_SCHEMES | {"data", "about"},
    link_rel=None,  # added, it would change what the editor wrote; browsers imply noopener
)
