"""Folders that teachers write by hand, without knowing anything of sets."""

import io
import subprocess
import sys
import zipfile
from typing import Any

import msgspec
import pytest

from quad.folders.model import (
    Answer,
    BadFolder,
    Check,
    Declined,
    File,
    Pack,
    Task,
    Unpack,
    Unpacked,
)
from quad.folders.reading import unpack
from quad.folders.writing import pack
from tests.folders.zips import unpacked, zipped


def the_task(files: dict[str, str | bytes]) -> Task:
    (task,) = unpacked(files).tasks
    return task


def refused(files: dict[str, str | bytes]) -> tuple[str, str]:
    with pytest.raises(BadFolder) as bad:
        unpacked(files)
    return bad.value.code, str(bad.value)


def test_folders_with_pages_are_tasks_in_the_order_of_their_numbers() -> None:
    found = unpacked(
        {
            "10-last/task.md": "Words.",
            "2-for-loops/task.md": "# For *all* `x`\n\nDo it.\n",
            "theory.md": "# Read me\n\nFirst.",
            "Циклы/task.md": "No number.",
            "2-for-loops/start/main.py": "pass\n",
        }
    )
    told = [(task.id, task.title, task.type, task.folder, task.content) for task in found.tasks]
    assert told == [
        ("theory", "Read me", "theory", "", "<p>First.</p>"),
        ("for-loops", "For all x", "exercise", "2-for-loops", "<p>Do it.</p>"),
        ("last", "Last", "exercise", "", "<p>Words.</p>"),
        (found.tasks[3].id, "Циклы", "exercise", "", "<p>No number.</p>"),
    ]
    assert (found.id, found.title, found.left_out) == ("", "", [])


def test_ids_stay_when_tasks_are_moved() -> None:
    names = ["loops", "Циклы", "3", "été.1"]
    first = unpacked({f"{n}-{name}/task.md": "" for n, name in enumerate(names)})
    second = unpacked({f"{9 - n} {name}/task.md": "" for n, name in enumerate(names)})
    ids = [task.id for task in first.tasks]
    assert ids == [task.id for task in second.tasks][::-1]
    assert len({*ids}) == 4
    assert ids[0] == "loops"


def test_folders_of_one_name_have_ids_of_their_own() -> None:
    found = unpacked({f"{n}-a/task.md": "" for n in range(3)} | {"9/task.md": "---\nid: a\n---\n"})
    # Who has chosen an id keeps it.
    assert [task.id for task in found.tasks] == ["a-2", "a-3", "a-4", "a"]


def test_a_folder_around_all_is_the_name_of_the_set() -> None:
    found = unpacked({"Loops/": "", "Loops/01-a/task.md": "x", "Loops/theory.md": "y"})
    assert (found.title, [task.id for task in found.tasks]) == ("Loops", ["theory", "a"])
    # One task alone is not a set around it.
    assert unpacked({"01-a/task.md": "x"}).title == ""
    assert unpacked({"x/y/01-a/task.md": "x"}).title == "y"
    assert the_task({"task.md": "# A\n\nx", "start/a.py": "1"}).files == [File("a.py", "1")]


def test_front_matter_says_what_markdown_cannot() -> None:
    page = "---\nid: x\npoints: 5\nfolder: src\ntype: theory\nauthor: me\ntags:\n - a\n---\nHi"
    task = the_task({"a/task.md": page})
    assert (task.id, task.points, task.folder, task.type) == ("x", 5, "src", "theory")
    assert task.content == "<p>Hi</p>"


@pytest.mark.parametrize("page", ["---\n\nHello world\n\n---\n", "---\nhello\n", "----\n", "---"])
def test_a_page_may_begin_with_a_line(page: str) -> None:
    assert "<hr>" in the_task({"a/task.md": page}).content


@pytest.mark.parametrize(
    "line", ["points: many", "points: [", "type: game", "folder: [1]", 'hidden: "a"', "checks: []"]
)
def test_front_matter_that_cannot_be_read_names_the_page(line: str) -> None:
    code, sentence = refused({"a/task.md": f"---\n{line}\n---\n"})
    assert code == "bad_front_matter"
    assert sentence.startswith("a/task.md: ")


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000])
def test_a_set_that_cannot_be_read_is_named(text: str) -> None:
    code, sentence = refused({"set.json": text, "a/task.md": ""})
    assert (code, sentence) == ("bad_front_matter", "set.json cannot be read")


def test_a_page_without_a_heading_is_called_as_its_folder() -> None:
    assert the_task({"03_while-loops/task.md": "Text\n\n# Later\n"}).title == "While loops"
    assert the_task({"a/task.md": "Title\n=====\n\nText"}).title == "Title"
    assert the_task({"a/task.md": "\n\n## <u>T</u> &amp; *x*\n"}).title == "T & x"
    assert the_task({"a/task.md": ""}).content == ""


def test_checks_are_files() -> None:
    task = the_task(
        {
            "a/task.md": "---\nhidden: [two]\n---\n".replace("[two]", '["10"]'),
            "a/checks/10.in": "1\n",
            "a/checks/10.out": "2\n",
            "a/checks/9.out": "3",
            "a/checks/x.py": "assert x",
            "a/checks/y.js": "assert(y)",
            "a/checks/notes.txt": "?",
        }
    )
    assert task.checks == [
        Check("9", stdin="", stdout="3"),
        Check("10", stdin="1\n", stdout="2\n", is_hidden=True),
        Check("x", code="assert x"),
        Check("y", code="assert(y)"),
    ]


@pytest.mark.parametrize("names", [["a.in"], ["a.py", "a.js"], ["a.out", "a.py"], ["a.in", "a.py"]])
def test_a_check_that_is_half_of_one_or_two_is_named(names: list[str]) -> None:
    files: dict[str, str | bytes] = {f"t/checks/{name}": "" for name in names}
    code, sentence = refused({"t/task.md": "", **files})
    assert code == "bad_check"
    assert sentence.startswith("t/task.md: ")
    assert "'a" in sentence


def test_files_are_text_however_windows_writes_them() -> None:
    task = the_task(
        {"a/task.md": b"\xef\xbb\xbf# A\r\n\r\none\r\ntwo\r\n", "a/start/a.py": b"\xef\xbb\xbfx"}
    )
    assert (task.title, task.content) == ("A", "<p>one two</p>")
    assert task.files == [File("a.py", "x")]
    for name in ("a/task.md", "a/start/b.png"):
        code, sentence = refused({"a/task.md": "", name: "é".encode("latin-1")})
        assert (code, sentence) == ("not_text", f"{name} is no text in UTF-8")
    assert refused({"a/task.md": "x".encode("utf-16")})[0] == "not_text"


def test_what_programs_leave_behind_is_passed_over_and_what_people_add_is_named() -> None:
    found = unpacked(
        {
            "__MACOSX/a/._task.md": b"\x00\x05\x16\x07",
            "a/.DS_Store": b"\x00\x00\x00\x01Bud1",
            "a/start/.DS_Store": b"\x00\x00\x00\x01Bud1",
            "a/start/Thumbs.db": b"\xd0\xcf\x11\xe0",
            "a/task.md": "",
            "a/task.html": "old",
            "README.md": "Hi",
            "a/data.bin": b"\xff",
        }
    )
    assert found.left_out == ["README.md", "a/data.bin", "a/task.html"]
    (task,) = found.tasks
    assert task.files == []


def test_nothing_is_no_set() -> None:
    assert refused({})[0] == "no_tasks"
    assert refused({"a.md": "x", "b/c.txt": ""})[0] == "no_tasks"
    # But a set may have no tasks.
    assert unpacked({"set.json": '{"id": "x"}'}).tasks == []


def test_pictures_are_found_from_the_page() -> None:
    page = (
        "![a](p.png) ![b](../all/b%20c.png) ![c](<../all/b c.png>) ![d](https://e.org/d.png)\n\n"
        '<img src="../gone.png"> ![e](/abs.png) ![f](../../../etc/passwd)\n'
    )
    found = unpacked({"1/task.md": page, "1/p.png": b"P", "all/b c.png": b"B", "all/x.png": b"X"})
    mark = found.mark
    (task,) = found.tasks
    assert task.content == (
        f'<p><img src="{mark}0" alt="a"> <img src="{mark}1" alt="b"> <img src="{mark}1" alt="c"> '
        '<img src="https://e.org/d.png" alt="d"></p>'
        '<p><img src="../gone.png"> <img src="/abs.png" alt="e"> '
        '<img src="../../../etc/passwd" alt="f"></p>'
    )
    assert found.pictures == [b"P", b"B"]
    assert found.left_out == ["../../etc/passwd", "all/x.png", "gone.png"]


def test_a_page_that_was_changed_counts_and_not_the_html_beside_it() -> None:
    html = '<p>a</p>\n<p class="ql-align-center">b</p>'
    packed = pack(Pack("x", "", [Task("t", title="T", content=html)], {}, {}))
    assert unpack(packed).tasks[0].content == html
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        files: dict[str, str | bytes] = {name: archive.read(name) for name in archive.namelist()}
    page = files["01-t/task.md"]
    assert isinstance(page, bytes)
    # As an editor on Windows saves it.
    same = {**files, "01-t/task.md": page.replace(b"\n", b"\r\n")}
    assert unpack(zipped(same)).tasks[0].content == html
    changed = {**files, "01-t/task.md": page.replace(b"\na\n", b"\nA\n")}
    # What Markdown cannot say is still there.
    assert unpack(zipped(changed)).tasks[0].content == html.replace("a<", "A<").replace("\n", "")


LOOKS: dict[str, tuple[str, str]] = {
    "code": (
        "```python\nif a < b:\n\n    x()\n```",
        '<pre class="ql-syntax" spellcheck="false" data-language="python">'
        "if a &lt; b:\n\n    x()\n</pre>",
    ),
    "a table": (
        "| a | b |\n|---|:-:|\n| 1 | `x` |",
        '<table><thead><tr><th>a</th><th style="text-align:center">b</th></tr></thead><tbody><tr>'
        '<td>1</td><td style="text-align:center"><code>x</code></td></tr></tbody></table>',
    ),
    "nested lists": (
        "- a\n  1. b\n  2. c\n- d",
        "<ul><li>a<ol><li>b</li><li>c</li></ol></li><li>d</li></ul>",
    ),
    "a link": (
        "[a](https://e.org/?x=1&y=2)",
        '<p><a href="https://e.org/?x=1&amp;y=2" rel="noopener noreferrer" target="_blank">'
        "a</a></p>",
    ),
    "HTML": ("H<sub>2</sub>O <u>x</u>", "<p>H<sub>2</sub>O <u>x</u></p>"),
    "lines": ("a\nb  \nc\n\n---\n\n~~d~~", "<p>a b<br>c</p><hr><p><s>d</s></p>"),
}


@pytest.mark.parametrize("name", LOOKS)
def test_markdown_looks_as_it_would_elsewhere(name: str) -> None:
    markdown, html = LOOKS[name]
    assert the_task({"a/task.md": markdown}).content == html


def ask(asked: Any) -> Answer:
    question = msgspec.msgpack.encode(asked)
    command = [sys.executable, "-m", "quad.folders"]
    done = subprocess.run(command, input=question, capture_output=True, check=True)
    answer: Answer = msgspec.msgpack.decode(done.stdout, type=Answer)
    return answer


def test_the_process_answers_once_and_knows_nothing_of_the_server() -> None:
    answer = ask(Unpack(zipped({"a/task.md": "# A"})))
    assert isinstance(answer, Unpacked)
    assert answer.tasks[0].title == "A"
    assert ask(Unpack(b"x")) == Declined("no_archive", str(_declined(b"x")))
    names = "import sys; import quad.folders.__main__; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", names], capture_output=True, check=True)
    assert not {b"quad.classroom", b"litestar", b"sqlalchemy"} & {*loaded.stdout.split()}


def _declined(packed: bytes) -> BadFolder:
    with pytest.raises(BadFolder) as bad:
        unpack(packed)
    return bad.value
