"""A set that is packed and read again is the same set, to the letter."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quad.classroom.model import is_plain_path
from quad.classroom.tasks.html import sanitise
from quad.folders.html import html_of
from quad.folders.markdown import markdown_of
from quad.folders.meaning import meaning
from quad.folders.model import Check, File, Pack, Task, Unpacked
from quad.folders.reading import unpack
from quad.folders.writing import pack
from quad.names import BadName, clean_name
from tests.classroom.test_html import UNCHANGED
from tests.thoroughness import examples

CHARACTERS = st.characters(exclude_categories=["Cs"])
ANY_TEXT = st.text(CHARACTERS, max_size=40) | st.sampled_from(
    ["", "\n", "a\r\nb\r", "\ufeffx", "\ufeff\ufeff", "x\x00y", "1 2\n3\n", "print('ё')\n"]
)
_ODD = (
    "* _ ` # - + > < & | ~~ ~ [ ] ( ) ! \\ 1. 1) --- === ``` ## <!-- &amp; &#42; http://a.b <b> "
    "</p> *a* _a_ a_b __x__ [x](y) ![x](y) &nbsp; ё 😀 {x} $y$ : \\*"
)
ODD_WORDS = st.sampled_from([*_ODD.split(" "), "\u00a0", "\\\n\n", "\t", "a\n- b", "> - #"])
WORDS = st.lists(ODD_WORDS | st.text(CHARACTERS, max_size=5), max_size=6).map(" ".join)
INLINE_TAGS = st.sampled_from(
    [
        "strong",
        "em",
        "b",
        "i",
        "s",
        "u",
        "sub",
        "sup",
        "code",
        "span",
        'span style="color: red;"',
        'a href="https://e.org/a b(c)"',
        'a href="x" rel="noopener noreferrer" target="_blank"',
    ]
)
BLOCK_TAGS = st.sampled_from(
    [
        "p",
        "h1",
        "h2",
        "h6",
        "blockquote",
        "div",
        "li",
        "pre",
        "p class='ql-align-center'",
        'pre class="ql-syntax" spellcheck="false" data-language="python"',
        "td",
        "th",
    ]
)
HOLDERS = st.sampled_from(["ul", "ol", 'ol start="3"', "blockquote", "li", "table><tbody", "tr"])


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _tagged(tag: str, inside: str) -> str:
    names = [each.split(" ")[0] for each in tag.split("><")]
    return f"<{tag}>{inside}{''.join(f'</{name}>' for name in reversed(names))}"


INLINE = st.recursive(
    WORDS.map(_escaped) | st.sampled_from(["<br>", '<img src="x.png" alt="y [z]">', "\n", " "]),
    lambda inside: (
        st.builds(_tagged, INLINE_TAGS, inside) | st.lists(inside, max_size=3).map("".join)
    ),
    max_leaves=6,
)
BLOCK = st.recursive(
    st.builds(_tagged, BLOCK_TAGS, INLINE) | st.just("<hr>") | st.just("\n"),
    lambda inside: st.builds(_tagged, HOLDERS, st.lists(inside, max_size=3).map("".join)),
    max_leaves=6,
)
# What is kept in a library was cleaned.
HTML = (
    st.lists(BLOCK, max_size=4).map("".join)
    | INLINE
    | ANY_TEXT
    | st.sampled_from(sorted(UNCHANGED.values(), key=len)[:-1])
).map(sanitise)


def _is_name(text: str) -> bool:
    try:
        return clean_name(text) == text and len(text) <= 100
    except BadName:
        return False


PATHS = st.sampled_from(
    [
        "main.py",
        "a/b.txt",
        "task.md",
        "x/task.md",
        "theory.md",
        "set.json",
        ".DS_Store",
        "._x",
        "a\\b",
        "Ä ö.py",
        "con",
        "start/a",
        "checks/a.in",
        "task.html",
        "desktop.ini",
        "__MACOSX/x",
    ]
) | st.text(CHARACTERS, min_size=1, max_size=12).filter(is_plain_path)
FILES = st.lists(st.builds(File, PATHS, ANY_TEXT), max_size=3, unique_by=lambda each: each.filename)
CHECK_NAMES = st.sampled_from(
    ["one", "One", "2", "10", "a/b", "check-1", "check-2", "nul", ".x", "x.", "a.b", "ё", "x" * 100]
) | st.text(CHARACTERS, min_size=1, max_size=8).filter(lambda text: bool(text.strip()))
CHECKS = st.lists(
    st.builds(Check, CHECK_NAMES, stdin=ANY_TEXT, stdout=ANY_TEXT, is_hidden=st.booleans())
    | st.builds(Check, CHECK_NAMES, code=ANY_TEXT, is_hidden=st.booleans()),
    max_size=4,
    unique_by=lambda each: each.name,
)
TITLES = (
    st.sampled_from(["", "Loops", "# x", "C#", "a #", "*x*", "1. a", "---", "<b>", "&amp;", "`a"])
    | st.sampled_from(["a\\", "[x]", "![x](y)", "> x", "title: x", "_x_", "https://e.org", "a  b"])
    | st.text(CHARACTERS, min_size=1, max_size=20)
).filter(lambda text: not text or _is_name(text))
TASKS = st.lists(
    st.builds(
        Task,
        id=st.from_regex(r"[A-Za-z0-9_-]{1,36}", fullmatch=True) | st.sampled_from(["true", "1e5"]),
        title=TITLES,
        folder=st.just("") | PATHS,
        type=st.sampled_from(["exercise", "theory"]),
        content=HTML,
        files=FILES,
        checks=CHECKS,
        solution=FILES,
        points=st.integers(0, 10_000),
    ),
    max_size=4,
    unique_by=lambda each: each.id,
)


def round_trip(tasks: list[Task], set_id: str = "x", title: str = "") -> Unpacked:
    return unpack(pack(Pack(set_id, title, tasks, {}, {})))


@settings(
    max_examples=examples(150, 5_000),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(TASKS, TITLES)
def test_what_comes_back_is_what_was_packed(tasks: list[Task], title: str) -> None:
    found = round_trip(tasks, "set", title)
    assert (found.id, found.title) == ("set", title)
    assert [*found.tasks] == tasks


@settings(max_examples=examples(200, 5_000), deadline=None)
@given(HTML)
def test_markdown_that_was_written_is_read_as_it_was_meant(html: str) -> None:
    # What the Markdown says stays when somebody changes another line of it.
    assert meaning(html_of(markdown_of(html))) == meaning(html)


@pytest.mark.parametrize("name", UNCHANGED)
def test_what_editors_write_comes_back_to_the_letter(name: str) -> None:
    html = UNCHANGED[name]
    (task,) = round_trip([Task("a", content=html)]).tasks
    assert task.content == html
    assert sanitise(task.content) == html
