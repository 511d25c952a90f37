"""What our editor writes, as Markdown that a teacher would have written."""

import pytest

from quad.classroom.tasks.html import sanitise
from quad.folders.checks import files_of
from quad.folders.html import html_of
from quad.folders.markdown import markdown_of
from quad.folders.meaning import meaning
from quad.folders.model import Check

LINK = 'rel="noopener noreferrer" target="_blank"'
SAID: dict[str, tuple[str, str]] = {
    "words": ("<p>a <strong>b</strong> <em>c</em> <s>d</s></p>", "a **b** *c* ~~d~~\n"),
    "headings": ("<h2>a</h2><h3>b</h3>", "## a\n\n### b\n"),
    "code with a language": (
        '<pre class="ql-syntax" spellcheck="false" data-language="python">a\n\n  b\n</pre>',
        "```python\na\n\n  b\n```\n",
    ),
    "code that begins with an empty line, and has fences": (
        '<pre class="ql-syntax" spellcheck="false">\n\n```\n</pre>',
        "````\n\n```\n````\n",
    ),
    "code in a line": ("<p><code>a_b `c` &lt;d&gt;</code></p>", "`` a_b `c` <d> ``\n"),
    "a table": (
        "<table><thead><tr><th>a</th><th>b</th></tr></thead>"
        "<tbody><tr><td>1</td><td>x | y</td></tr></tbody></table>",
        "| a | b |\n| --- | --- |\n| 1 | x \\| y |\n",
    ),
    "nested lists": (
        "<ul><li>a<ol><li>b</li><li>c</li></ol></li><li>d</li></ul>",
        "- a\n  1. b\n  2. c\n- d\n",
    ),
    "lists that are two": ("<ul><li>a</li></ul><ul><li>b</li></ul>", "- a\n\n<!-- -->\n\n- b\n"),
    "a picture": ('<p><img src="../a b.png" alt="x [y]"></p>', "![x \\[y\\]](<../a b.png>)\n"),
    "a link": (
        f'<p><a href="https://e.org/?x=1&amp;y=2" {LINK}>a</a></p>',
        "[a](https://e.org/?x=1&y=2)\n",
    ),
    "lines": ("<p>a<br>b</p><hr><p>c</p>", "a\\\nb\n\n---\n\nc\n"),
    "a quotation": ("<blockquote><p>a</p><p>b</p></blockquote>", "> a\n>\n> b\n"),
    "words that Markdown has no sign for": (
        '<p>H<sub>2</sub>O <u>x*y</u> <span style="color: red;">z</span></p>',
        'H<sub>2</sub>O <u>x\\*y</u> <span style="color: red;">z</span>\n',
    ),
    "a paragraph that Markdown cannot say": (
        '<p>a</p><p class="ql-align-center">b</p>',
        'a\n\n<p class="ql-align-center">b</p>\n',
    ),
    "a table without a head": (
        "<table><tbody><tr><td>1</td></tr></tbody></table>",
        "<table><tbody><tr><td>1</td></tr></tbody></table>\n",
    ),
    "signs that are words": (
        "<p>1. a</p><p># b</p><p>- c * d</p><p>snake_case x_</p><p>&amp;lt; a &lt; b &lt;b&gt;</p>",
        "1\\. a\n\n\\# b\n\n\\- c \\* d\n\nsnake_case x\\_\n\n\\&lt; a < b \\<b>\n",
    ),
}


@pytest.mark.parametrize("name", SAID)
def test_it_is_written_as_people_do_and_read_to_the_letter(name: str) -> None:
    html, markdown = SAID[name]
    assert sanitise(html) == html
    assert markdown_of(html) == markdown
    assert html_of(markdown) == html


@pytest.mark.parametrize(
    "html",
    [
        '<blockquote class="ql-x"><pre>a\n\n\nb</pre></blockquote>',
        '<p class="ql-x">a\n\nb</p>',
        '<ul><li class="ql-indent-1">a</li></ul>\n\n\n<p>b</p>',
        "<p><br></p><p>a</p><p><br></p>",
        "words\n\nand <b>more</b>",
        '<pre class="ql-syntax"><span class="hljs-keyword">def</span>\n\n\nf</pre>',
        "<b>" * 400 + "deep" + "</b>" * 400,
    ],
)
def test_what_is_written_otherwise_means_the_same(html: str) -> None:
    assert meaning(html_of(markdown_of(html))) == meaning(html)


def test_no_files_of_checks_differ_in_case_alone() -> None:
    names = ["One", "one", "ONE", "check-2", "a/b", "nul", "x."]
    files, said = files_of([Check(name, code=name) for name in names], is_javascript=False)
    assert len({name.casefold() for name in files}) == len(names)
    assert list(said["checks"].values()) == names
    assert files["One.py"] == "One"
    files, said = files_of([Check("a", code="x"), Check("b", code="y")], is_javascript=True)
    assert (files, said) == ({"a.js": "x", "b.js": "y"}, {})
