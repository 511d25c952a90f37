"""Ignore lines: every kind ends up where original clients look for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quad.classroom.sharing.ignores import Ignores, parse_ignores


def ignores(
    names: list[str] | None = None,
    dirs: list[str] | None = None,
    extensions: list[str] | None = None,
) -> Ignores:
    return Ignores(names or [], dirs or [], extensions or [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", ignores(), id="nothing"),
        pytest.param("  \n\t\n", ignores(), id="blank lines"),
        pytest.param("test.py", ignores(names=["test.py"]), id="a name"),
        pytest.param(".Python", ignores(names=[".Python"]), id="a hidden name"),
        pytest.param("чертёж.txt", ignores(names=["чертёж.txt"]), id="a Russian name"),
        pytest.param("my file.txt", ignores(names=["my file.txt"]), id="a name with a blank"),
        pytest.param("a*.py", ignores(names=["a*.py"]), id="a star in the middle is a name"),
        pytest.param("src/a.py", ignores(names=["src/a.py"]), id="one slash inside is a name"),
        pytest.param("venv/", ignores(dirs=["venv"]), id="a directory by its end"),
        pytest.param("/build", ignores(dirs=["build"]), id="a directory by its start"),
        pytest.param("*.egg-info/", ignores(dirs=[".egg-info"]), id="a directory with a star"),
        pytest.param("*.so", ignores(extensions=["so"]), id="an extension"),
        pytest.param("*.py[cod]", ignores(extensions=["py[cod]"]), id="an extension's class"),
        pytest.param("*.tar.gz", ignores(extensions=["tar.gz"]), id="a double extension"),
        pytest.param("# all\n#\nx # y", ignores(), id="lines with a hash are comments"),
        pytest.param("*$py.class", ignores(), id="star dollar is dropped"),
        pytest.param("share/wheels/", ignores(), id="two slashes are dropped"),
        pytest.param("/a/b/c", ignores(), id="three slashes are dropped"),
        pytest.param("/\n*/\n*.", ignores(), id="nothing left of the line"),
        pytest.param(" a \r\n a\nb", ignores(names=["a", "b"]), id="trimmed, once, in order"),
    ],
)
def test_every_line_goes_where_it_belongs(text: str, expected: Ignores) -> None:
    assert parse_ignores(text) == expected


def test_a_python_gitignore_comes_out_as_original_clients_know_it() -> None:
    text = (
        "# Byte-compiled\n__pycache__/\n*.py[cod]\n*$py.class\n\n# C\n*.so\n.Python\nbuild/\n"
        "lib/\nshare/python-wheels/\n*.egg-info/\n.installed.cfg\nvenv/\ntest.py"
    )
    assert parse_ignores(text) == ignores(
        names=[".Python", ".installed.cfg", "test.py"],
        dirs=["__pycache__", "build", "lib", ".egg-info", "venv"],
        extensions=["py[cod]", "so"],
    )


@given(st.text(alphabet=st.sampled_from("ab.*/#$ \n\rя"), max_size=60))
def test_whatever_is_written_the_entries_are_plain_and_unique(text: str) -> None:
    parsed = parse_ignores(text)
    for entries in (parsed.names, parsed.dirs, parsed.extensions):
        assert len(set(entries)) == len(entries)
        assert all(entry and "#" not in entry and "\n" not in entry for entry in entries)
    assert not any("/" in entry or "*" in entry for entry in parsed.dirs)
    assert not any(entry.startswith(("*.", "/")) for entry in parsed.names)


@given(st.lists(st.sampled_from(["a", "b/", "/c", "*.d", "# e", "*$f", "g/h/"]), max_size=20))
def test_lines_do_not_influence_each_other(lines: list[str]) -> None:
    together = parse_ignores("\n".join(lines))
    alone = [parse_ignores(line) for line in lines]
    assert set(together.names) == {name for each in alone for name in each.names}
    assert set(together.dirs) == {name for each in alone for name in each.dirs}
    assert set(together.extensions) == {name for each in alone for name in each.extensions}
