"""Task HTML: editors' work passes byte for byte, attacks do not pass."""

import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quad.classroom.tasks.html import sanitise

PIXEL = "data:image/png;base64,iVBORw0KGgo="

UNCHANGED = {
    "nothing": "",
    "one line": "Напишите функцию add(a, b).",
    "signs of comparison": "if (a < b && c > d) { x <<= 1; y <- z }",
    "an entity": "5 &lt; 6 &amp; &laquo;да&raquo; &#8212; &nbsp;",
    "a heart": "I <3 C++ & C# <> Go",
    "line breaks and tabs": "one\r\n\ttwo\n\n",
    "no-break space and emoji": "a\u00a0b 😀",
    "paragraphs": "<p>One &lt;T&gt; &amp; \"two\" 'x'</p><p><br></p><p>many   spaces\ttab</p>",
    "a no-break space in a paragraph": "<p>a &nbsp;b</p>",
    "headings": '<h1>Задание 1</h1><h2>b</h2><h3 class="ql-align-center">c</h3><h6>d</h6>',
    "inline formats": (
        "<p><strong>b</strong><em>i</em><u>u</u><s>s</s><code>f&lt;T&gt;</code>"
        "x<sup>2</sup><sub>i</sub></p>"
    ),
    "a colour": '<p><span style="color: rgb(230, 0, 0);">red</span></p>',
    "a background": '<p><span style="background-color: rgb(255, 255, 0);">y</span></p>',
    "colours, font and size": (
        '<p><strong class="ql-font-serif ql-size-huge" '
        'style="background-color: rgb(255, 255, 0); color: red;">both</strong></p>'
    ),
    "styles instead of classes": (
        '<p style="text-align: right; direction: rtl;">'
        '<span style="font-family: &quot;Times New Roman&quot;, serif; font-size: 18px;">x</span>'
        "</p>"
    ),
    "colours of today": (
        '<p style="color: var(--ds-text, #172b4d);">a</p>'
        '<p style="color: rgba(0,0,0,.5)">b</p><p style="color: oklch(60% 0.15 50 / 50%);">c</p>'
    ),
    "links": (
        '<p><a href="https://example.org/a?b=1&amp;c=2#d" rel="noopener noreferrer" '
        'target="_blank">link</a><a href="mailto:a@example.org" target="_blank">mail</a>'
        '<a href="/task/2">here</a><a href="#top">up</a><a href="tel:+123">call</a></p>'
    ),
    "a link that the editor refused": (
        '<p><a href="about:blank" rel="noopener noreferrer" target="_blank">x</a></p>'
    ),
    "lists of version 1": (
        '<ol><li>one</li><li class="ql-indent-1">two</li></ol><ul><li>dot</li></ul>'
        '<ul data-checked="false"><li>todo</li></ul><ul data-checked="true"><li>done</li></ul>'
    ),
    "lists of version 2": (
        '<ol><li data-list="ordered"><span class="ql-ui" contenteditable="false"></span>one</li>'
        '<li data-list="bullet" class="ql-indent-2"><span class="ql-ui" contenteditable="false">'
        "</span>deep</li></ol>"
    ),
    "nested lists": "<ol><li>one<ol><li>two</li></ol></li></ol>",
    "code of version 1": (
        '<pre class="ql-syntax" spellcheck="false">if (a &lt; b &amp;&amp; c) {\n  x();\n}\n</pre>'
    ),
    "code that begins with an empty line": '<pre class="ql-syntax" spellcheck="false">\nx\n</pre>',
    "code of version 2": (
        '<div class="ql-code-block-container" spellcheck="false">'
        '<div class="ql-code-block" data-language="plain">  return "x";</div>'
        '<div class="ql-code-block"><br></div></div>'
    ),
    "highlighted code": (
        '<pre class="ql-syntax" spellcheck="false"><span class="hljs-keyword">def</span> f\n</pre>'
    ),
    "semantic form of version 2": (
        "<p>a&nbsp;b&nbsp;&quot;q&quot;&nbsp;&#39;a&#39; \u00a0&mdash;</p>"
        '<pre data-language="plain">\n\n  return &quot;x&quot;;\n}\n</pre>'
        '<ul><li data-list="unchecked">todo</li></ul><p></p>'
    ),
    "indent, alignment, direction": (
        '<p class="ql-indent-3">i</p><p class="ql-direction-rtl ql-align-justify">r</p>'
    ),
    "a quotation": "<blockquote>quote</blockquote>",
    "an inline image": f'<p><img src="{PIXEL}"></p>',
    "an image": (
        '<p><img src="https://example.org/p.png" alt="a &quot;pic&quot; &amp; more" '
        'width="120" height="80"></p>'
    ),
    "an image that the editor refused": '<p><img src="//:0"></p>',
    "a table": '<table><tbody><tr><td data-row="row-1">c</td><td>d</td></tr></tbody></table>',
    "a long page": "<p>слово <strong>два</strong></p><p><br></p>" * 1_000,
}

REMOVED = {
    "a script": ("<p>a<script>alert(1)</script>b</p>", "<p>ab</p>"),
    "a script in capitals": ("<ScRiPt src=//e.example>x</sCrIpT >a", "a"),
    "a script left open": ("a<script>alert(1)", "a"),
    "a script in a script": ("<scr<script>ipt>alert(1)</script>", "ipt&gt;alert(1)"),
    "a handler": ('<p onclick="x()">a</p>', "<p>a</p>"),
    "a handler after a slash": ("<img/onerror=alert(1) src=x>", '<img src="x">'),
    "a handler without a name": ('<img """><img onerror=x src=y>', '<img><img src="y">'),
    "an unknown tag with a handler": ("<xss onpointerover=alert(1)>a</xss>", "a"),
    "a javascript address": ('<a href="javascript:alert(1)">a</a>', "<a>a</a>"),
    "a javascript address in capitals": ('<a href="JaVaScRiPt:alert(1)">a</a>', "<a>a</a>"),
    "a javascript address by references": (
        '<a href="&#106;avascript&colon;alert(1)">a</a>',
        "<a>a</a>",
    ),
    "a javascript address with a tab": ('<a href="java\tscript:alert(1)">a</a>', "<a>a</a>"),
    "a javascript address with a line break": ('<a href="java&#10;script:x">a</a>', "<a>a</a>"),
    "a javascript address behind controls": ('<a href=" &#1; javascript:x">a</a>', "<a>a</a>"),
    "a vbscript address": ('<a href="vbscript:x">a</a>', "<a>a</a>"),
    "a data page": ('<a href="data:text/html,<b>x">a</a>', "<a>a</a>"),
    "a data page with a tab": ('<a href="da\tta:text/html,x">a</a>', "<a>a</a>"),
    "a blob": ('<a href="blob:https://a/b">a</a>', "<a>a</a>"),
    "a file": ('<a href="file:///etc/passwd">a</a>', "<a>a</a>"),
    "a page about something": ('<a href="about:srcdoc">a</a>', "<a>a</a>"),
    "a data image that is a page": ('<img src="data:text/html,<script>">', "<img>"),
    "a data image that is SVG": ('<img src="data:image/svg+xml;base64,AAAA">', "<img>"),
    "a data image with a tab": ('<img src="da\tta:image/svg+xml,x">', "<img>"),
    "a mail as an image": ('<img src="mailto:a@b">', "<img>"),
    "an image by srcset": ('<img srcset="https://e.example 1x">', "<img>"),
    "a base": ('<base href="https://e.example/">a', "a"),
    "a refresh": ('<meta http-equiv="refresh" content="0;url=//e.example">a', "a"),
    "a style sheet": ("<style>@import '//e.example'</style><link rel=stylesheet href=x>a", "a"),
    "a form": ('<form action="//e.example"><input name=p><button>Go</button></form>', "Go"),
    "an object": ('<object data="x"><embed src="y"></object>a', "a"),
    "a frame": ('<iframe src="//e.example" srcdoc="<b>x"></iframe>a', "a"),
    "the editor's video": (
        '<iframe class="ql-video" frameborder="0" allowfullscreen="true" '
        'src="https://www.youtube.com/embed/x"></iframe><p>a</p>',
        "<p>a</p>",
    ),
    "SVG": ('<svg onload=alert(1)><a href="javascript:x">y</a></svg>a', "a"),
    "SVG that animates an address": (
        '<svg><a><animate attributeName=href values="javascript:x" /></a></svg>a',
        "a",
    ),
    "MathML": ('<math><mtext href="javascript:x">y</mtext></math>a', "a"),
    "a template": ("<template><script>x</script></template>a", "a"),
    "a comment": ("a<!-- <script>x</script> -->b", "ab"),
    "a conditional comment": ("<!--[if gte IE 4]><script>x</script><![endif]-->a", "a"),
    "an instruction": ("<?xml-stylesheet href=x?>a", "a"),
    "an address in a style": (
        '<p style="background-color: url(https://e.example/x)">a</p>',
        "<p>a</p>",
    ),
    "an address in a style by escapes": ('<p style="color: \\75rl(x)">a</p>', "<p>a</p>"),
    "an address in a style by a comment": ('<p style="color: u/**/rl(x)">a</p>', "<p>a</p>"),
    "an address in a function": ('<p style="color: var(--a, url(x))">a</p>', "<p>a</p>"),
    "an expression": ('<p style="color: expression(alert(1))">a</p>', "<p>a</p>"),
    "a position": (
        '<p style="position: fixed; color: red; inset: 0">a</p>',
        '<p style="color: red;">a</p>',
    ),
    "a position behind a quote": (
        '<p style="color: red; font-family: \';position:fixed;\'">a</p>',
        "<p style=\"color: red; font-family: ';\">a</p>",
    ),
    "a custom property": (
        '<p style="--ds-text: url(x); color: red">a</p>',
        '<p style="color: red;">a</p>',
    ),
    "classes of the page around": (
        '<p class="overlay ql-indent-1">a</p>',
        '<p class="ql-indent-1">a</p>',
    ),
    "only a foreign class": ('<p class="modal">a</p>', "<p>a</p>"),
    "names for the page's script": ('<p id="app" name="body">a</p>', "<p>a</p>"),
    "an editable text": ('<span contenteditable="true">a</span>', "<span>a</span>"),
    "a link that keeps its opener": (
        '<a href="https://e.example" target="_top" rel="opener noreferrer">a</a>',
        '<a href="https://e.example" rel="noreferrer">a</a>',
    ),
    "markup in a title": ('<title><img src=x onerror=y></title>a', "a"),
    "markup that noscript hides": (
        '<noscript><p title="</noscript><img src=x onerror=y>">a',
        '<img src="x">"&gt;a',
    ),
    "a style in MathML": (
        "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 "
        'onerror=alert(1)&gt;">a',
        "",
    ),
    "a tag that NUL hides": ("<\0script>x", "&lt;script&gt;x"),
    "a tag that another control hides": ("<\1script>x", "&lt;\1script&gt;x"),
    "a tag that the next text would end": ("a <", "a &lt;"),
    "a tag in a text": ("<p>a < b</p>", "<p>a &lt; b</p>"),
}  # fmt: skip


def cases(table: dict[str, str]) -> list[object]:
    return [pytest.param(html, id=name) for name, html in table.items()]


@pytest.mark.parametrize("html", cases(UNCHANGED))
def test_what_editors_write_passes_byte_for_byte(html: str) -> None:
    assert sanitise(html) == html


@pytest.mark.parametrize(
    ("html", "clean"),
    [pytest.param(html, clean, id=name) for name, (html, clean) in REMOVED.items()],
)
def test_what_could_act_is_removed(html: str, clean: str) -> None:
    assert sanitise(html) == clean
    assert sanitise(clean) == clean


class Reader(HTMLParser):
    """An independent reader: collects what the sanitiser should have removed."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style", "iframe", "svg", "math", "object", "form", "base", "meta"):
            self.found.append(tag)
        self.found += [
            f"{tag} {name}={value}"
            for name, value in attrs
            if name.startswith("on")
            or "javascript:" in (value or "").lower()
            or "url(" in (value or "").lower()
        ]


MARKUP = st.lists(
    st.sampled_from(
        [
            "<p>", "</p>", "<b>", "</b>", "<a href='https://a.example'>", "</a>", "<table>", "<td>",
            "</table>", "<button>", "</button>", "<ol>", "<li>", "</li>", "<pre>\n", "</pre>",
            "<svg>", "</svg>", "<math>", "<mtext>", "<style>", "</style>", "<title>", "<select>",
            "<script>", "</script>", "<!--", "-->", "<![CDATA[", "]]>", "<textarea>", "<noscript>",
            "<img src=x onerror=y>", "<a href='java\nscript:x'>", "<p style='color:url(x)'>",
            "<template>", "<h1>", "</h1>", "<form>", "<u", ">", "<", "&lt;", "&nbsp;", "\xa0",
            "&#39;", "'", '"', "=", "\0", "\1", "\n", "\r", "\ufeff", "x", " ", "/", "&", "amp;",
        ]
    ),
    max_size=30,
).map("".join)  # fmt: skip


@given(MARKUP)
def test_sanitising_twice_changes_nothing_more(html: str) -> None:
    clean = sanitise(html)
    assert sanitise(clean) == clean


@given(MARKUP)
def test_nothing_that_acts_is_left_for_another_reader(html: str) -> None:
    reader = Reader()
    reader.feed(sanitise(html))
    reader.close()
    assert reader.found == []


@given(st.text(alphabet=st.characters(exclude_characters="<", exclude_categories=["Cc", "Cs"])))
def test_any_text_without_a_tag_passes_unchanged(text: str) -> None:
    assert sanitise(text) == text
    assert sanitise(f"{text} < {text} <= 3") == f"{text} < {text} <= 3"


@pytest.mark.parametrize(
    "html",
    [
        pytest.param("<ol><li>" * 50_000, id="open elements"),
        pytest.param("<div>" * 50_000 + "</div>" * 50_000, id="deep but closed elements"),
        pytest.param("<div><table></div></table>" * 20_000, id="ends that do not fit"),
        pytest.param("<div><!-- </div> -->" * 20_000, id="ends in comments"),
        pytest.param('<div><img alt="</div>">' * 20_000, id="ends in attributes"),
        pytest.param("<p>a</p>" * 1_000 + "<", id="an open end"),
        pytest.param("</p>" * 2_000, id="ends alone"),
        pytest.param("<p>\0" * 2_000, id="controls"),
    ],
)
def test_markup_made_to_cost_time_becomes_text(html: str) -> None:
    started = time.process_time()
    clean = sanitise(html)
    assert time.process_time() - started < 2
    assert "<" not in clean
    assert clean.startswith("&lt;")
    assert sanitise(clean) == clean


NAMES = [f"a{number}" for number in range(145_000)]


def attributes(count: int, between: str = " ", end: str = "") -> str:
    return f"{end}{between}".join(NAMES[:count]) + end


LONG_FORMAT = f'<b class="{"ql-a " * 5_000}">'
FORMATS = "".join(f'<b class="ql-{number}">' for number in range(97))


@pytest.mark.parametrize(
    "html",
    [
        pytest.param(f"<p {attributes(145_000)}>x</p>", id="attributes"),
        pytest.param(f"</p {attributes(100_000)}>", id="attributes of an end"),
        pytest.param(f"<p {attributes(100_000)}", id="attributes without an end"),
        pytest.param(f"<p {attributes(100_000, '/')}>", id="attributes between slashes"),
        pytest.param(
            f"<p {attributes(60_000, '', chr(61) + chr(39) + '>' + chr(39))}>", id="ends in values"
        ),
        pytest.param(f'<!-- <a b=" --><p {attributes(100_000)}>', id="a comment with half a value"),
        pytest.param(f'<!-- <a b=" --!><p {attributes(100_000)}>', id="a comment that ends oddly"),
        pytest.param(f'<?<a b="><p {attributes(100_000)}>', id="an instruction"),
        pytest.param(f"<<!-- -->p {attributes(100_000)}>", id="a tag around a comment"),
        pytest.param(f'<title><a b="</title><p {attributes(100_000)}>', id="a title"),
        pytest.param(f"<p>{FORMATS}{'<p>x</p>' * 10_000}{'</b>' * 97}</p>", id="reopened formats"),
        pytest.param(
            f"<ul><li>{FORMATS}{'<li>x</li>' * 9_000}{'</b>' * 97}</li></ul>", id="in lists"
        ),
        pytest.param(f"<h1>{FORMATS}{'<h2>x</h2>' * 9_000}{'</b>' * 97}</h1>", id="in headings"),
        pytest.param(f"<p>{FORMATS[:500]}{'<p>x' * 950}", id="reopened formats, few tags"),
        pytest.param(
            "<p>" + LONG_FORMAT * 3 + "<p>x" * 300,
            id="long formats, few tags",
        ),
        pytest.param("<table>x</table>" * 50_000, id="text that a table pushes out"),
        pytest.param("<table><b>x</b></table>" * 30_000, id="elements that a table pushes out"),
        pytest.param("<a>" * 50 + "<p>x</p>" * 1_000 + "</a>" * 50, id="links in links"),
    ],
)
def test_markup_that_parsers_repair_at_length_costs_no_more_than_its_length(html: str) -> None:
    started = time.process_time()
    clean = sanitise(html)
    assert time.process_time() - started < 2
    assert len(clean) < 7 * len(html)


@pytest.mark.parametrize("length", [4_000, 4_999, 5_100])
def test_a_short_page_of_nothing_but_formats_costs_little(length: int) -> None:
    html = ("<p>" + "".join(f"<b a{n}>" for n in range(length // 20)) + "<p>x" * 600)[:length]
    started = time.process_time()
    clean = sanitise(html)
    assert time.process_time() - started < 0.5
    assert len(clean) < 100 * length


def test_a_tag_may_have_many_attributes_but_not_any_number() -> None:
    text = "x" * 5_000
    assert sanitise(f"<p {attributes(200)}>{text}</p>") == f"<p>{text}</p>"
    assert sanitise(f"<p {attributes(201)}>{text}</p>").startswith("&lt;p a0 ")


def test_a_number_of_a_character_may_be_of_any_length() -> None:
    assert sanitise(f"<p>&#{'9' * 5_000};</p>") == "<p>\ufffd</p>"
    assert sanitise(f"<p>&#{'0' * 5_000}65;</p>") == "<p>A</p>"


@pytest.mark.parametrize(
    "odd",
    [
        "<!-- a > b -->", "<!-->", "<!--->", "<!-- --!>", "<?php x ?>", "<!doctype html>", "</ x>",
        "<script>'<p>'</script>", "<style>p > b {}</style\n>", "<SCRIPT a='>'>x</script x>",
        '<iframe class="ql-video" src="https://v.example"></iframe>', "<textarea><p></textarea>",
    ],
)  # fmt: skip
def test_a_long_page_lacks_what_is_no_html(odd: str) -> None:
    text = f'<p><img src="data:image/png;base64,{"A" * 6_000}"></p>'
    assert sanitise(f"{text}{odd}<p>b</p>") == f"{text}<p>b</p>"
    assert sanitise(f"{text}<p>b</p><script>x") == f"{text}<p>b</p>"
    assert sanitise(f"{text}<p>b</p><!-- x") == f"{text}<p>b</p>"


PLAIN = [
    '<p class="ql-align-center"><a href="https://a.example">a<b>b</b></a><br></p>',
    "<ol><li>a<ul><li><p>b</p></li></ul></li></ol>",
    "<table><tbody>\n<tr><td><p>a</p></td><th>b</th></tr></tbody></table>",
    "<blockquote><h1>a</h1><h2>b <i>c</i></h2></blockquote><hr>",
]


@pytest.mark.parametrize("html", PLAIN)
def test_any_length_of_plain_elements_passes_unchanged(html: str) -> None:
    assert sanitise(html * 600) == html * 600


@pytest.mark.parametrize(
    "html",
    [
        pytest.param(f'<p style="color:{"a" * 200_000}">', id="a long word in a style"),
        pytest.param(f'<p style="color:{" " * 200_000}">', id="blanks in a style"),
        pytest.param(f'<p style="color:{"rgb(" * 50_000}">', id="brackets in a style"),
        pytest.param(f'<p style="{"color:red;" * 50_000}">', id="many styles"),
        pytest.param(f'<p class="ql{"-" * 200_000}!">', id="a long class"),
        pytest.param(f'<a href="{chr(9) * 200_000}javascript:x">', id="tabs in an address"),
        pytest.param(f'<img src="data:image/png;base64,{"A" * 2_000_000}">', id="a large image"),
        pytest.param(f"<p>{'&amp' * 200_000}</p>", id="open references"),
    ],
)
def test_long_values_cost_time_in_proportion(html: str) -> None:
    started = time.process_time()
    sanitise(html)
    assert time.process_time() - started < 2


def test_a_large_page_in_good_form_passes_although_it_has_many_tags() -> None:
    html = '<p>a <strong class="ql-font-serif">b</strong><br><br/></p>' * 2_000
    assert sanitise(html) == html.replace("<br/>", "<br>")


def test_a_page_that_never_settles_becomes_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quad.classroom.tasks.html._PASSES", 1)
    assert sanitise("<p><button><p>x") == "&lt;p&gt;&lt;p&gt;x&lt;/p&gt;&lt;/p&gt;"
