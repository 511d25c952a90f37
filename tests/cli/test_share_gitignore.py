"""`.gitignore` files, with git itself as the judge: the same trees, the same patterns."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from quad.cli.share.folder import Folder, Limits, Why
from quad.cli.share.gitignore import parse
from quad.cli.share.ignoring import Ignores
from tests.cli.test_share_folder import write
from tests.thoroughness import examples

pytestmark = pytest.mark.skipif(
    shutil.which("git") is None, reason="git is missing: apt-get install git"
)

NOTHING = Ignores()
OTHER_REASONS = (Why.NAME, Why.SECRET, Why.BINARY)
# So many trees are judged by one call of git, which takes longer to start than to judge.
TREES = 12

# Names that patterns could get wrong.
NAMES = (
    "a", "b", "ab", "aab", "A", "1x", "x", "a.txt", "a.txt\t", "a b", "a ", "#a", "!a", "[a]",
    "a\\", "*", "é", "a\u2028b", "a\x0bb", "a\x85", "-", ".env", "^",
)  # fmt: skip
BRANCHES = ("", "a/", "a/b/", "b/", "b/a/", "b/a/b/", "src/", "a b/")


def judged_by_git(directory: Path) -> set[str]:
    """What git would add: untracked files that are not ignored, relative to the directory."""
    command = ["git", "ls-files", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=directory, check=True, capture_output=True)
    return {os.fsdecode(name) for name in listed.stdout.split(b"\0") if name}


def begin_repository(directory: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=directory, check=True)


def judged_by_quad(directory: Path) -> set[str]:
    """What no pattern leaves out; the rest may have other reasons, which are none of git's."""
    snapshot = Folder(directory, Limits(files=1_000_000)).snapshot(NOTHING)
    others = {name for name, why in snapshot.left_out.items() if why in OTHER_REASONS}
    return set(snapshot.files) | others


@pytest.fixture(autouse=True, scope="module")
def _nothing_is_ignored_everywhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Whoever runs the tests may have told git what to ignore in all repositories."""
    home = str(tmp_path_factory.mktemp("home"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", home)
        patch.setenv("XDG_CONFIG_HOME", home)
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        yield


# --- generated ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def forest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of equal trees, each to be ruled by files of its own."""
    root = tmp_path_factory.mktemp("forest")
    begin_repository(root)
    for tree in range(TREES):
        for branch in BRANCHES:
            place = root / f"{tree}" / branch
            place.mkdir(parents=True, exist_ok=True)
            for name in NAMES:
                if not (place / name).exists() and f"{branch}{name}/" not in BRANCHES:
                    (place / name).write_bytes(b"")
    return root


ATOMS = st.sampled_from(
    ["a", "b", "x", "1", "*", "*", "**", "/", "/", "?", "[ab]", "[!a]", "[^a]", "[a-c]", "[]a]",
     "[[:digit:]]", "[[:alpha:]b]", "[[:nothing:]]", "[[:a]", "[a", "[b-]", "[--a]", "[c-a]",
     "[\\]]", "[\\", "\\", "\\*", "\\a", "\\/", "\\ ", " ", "\t", "!", "#", "é", "\u2028", "\x0b",
     "\x85", ".txt", ".env", "src", "\r", "\x00", "-", "^", "**/", "/**", "*/", "a b"]
)  # fmt: skip
LINES = st.builds(
    lambda sign, atoms, end: (sign + "".join(atoms) + end).encode(),
    st.sampled_from(["", "", "", "!", "/", "!/", "#", "\\!", "\\#"]),
    st.lists(ATOMS, max_size=5),
    st.sampled_from(["", "", "", "/", " ", "\t", "\\", "\\ "]),
)
CONTENTS = st.builds(
    lambda bom, lines, joint: bom + joint.join(lines),
    st.sampled_from([b"", b"", b"\xef\xbb\xbf"]),
    st.lists(LINES, min_size=1, max_size=5),
    st.sampled_from([b"\n", b"\n", b"\r\n"]),
)
RULES = st.fixed_dictionaries(
    {"": CONTENTS}, optional={"a/": CONTENTS, "a/b/": CONTENTS, "b/a/": CONTENTS}
)


def grow(forest: Path, rules: Sequence[Mapping[str, bytes]]) -> None:
    for tree in range(TREES):
        for branch in ("", "a/", "a/b/", "b/a/"):
            file = forest / f"{tree}" / branch / ".gitignore"
            content = rules[tree].get(branch) if tree < len(rules) else None
            if content is not None:
                file.write_bytes(content)
            else:
                file.unlink(missing_ok=True)


# What fails names its tree; to make all of them smaller would take minutes.
@settings(max_examples=examples(6, 2_000), phases=(Phase.explicit, Phase.generate))
@given(st.lists(RULES, min_size=TREES, max_size=TREES))
@example(
    [
        {"": b"foo**/b\na**/b\n"},
        {"": b"/a?b\n"},
        {"": b"/a[/]b\n"},
        {"": b"*\n!*/\n!*.txt\n"},
        {"": b"a/**\n!a/**/\n!a/**/x\n"},
    ]
)
def test_what_is_shared_is_what_git_would_add(
    forest: Path, rules: Sequence[Mapping[str, bytes]]
) -> None:
    grow(forest, rules)
    expected = judged_by_git(forest)
    found = judged_by_quad(forest)
    for tree in range(TREES):
        here = f"{tree}/"
        ours, gits = ({n for n in names if n.startswith(here)} for names in (found, expected))
        assert ours == gits, rules[tree]


# --- what people write ----------------------------------------------------------------------------

TREE = {
    ".env": "", "a.txt": "", "a.txt\t": "", "b.txt": "", "1x": "", "xx": "", "a.py": "",
    "a\u2028b": "", "a\x0bb": "", "é": "", "src/b.py": "", "src/deep/d.py": "", "src/c.txt": "",
    "foo/bar/a.py": "", "foo/bar/a.txt": "", "build/out.py": "",
}  # fmt: skip


@pytest.mark.parametrize(
    ("content", "hidden"),
    [
        pytest.param(b"\xef\xbb\xbf.env\n*.txt\n", {".env", "a.txt"}, id="a byte order mark"),
        pytest.param(b"!\n.env\n", {".env"}, id="a lone exclamation mark"),
        pytest.param(b"build\\\n.env\n", {".env"}, id="a lone backslash"),
        pytest.param(b"[a\n[[:no:]]\n.env\n", {".env"}, id="a broken set"),
        pytest.param(b"\xff\xfe\n.env\n", {".env"}, id="no UTF-8"),
        pytest.param(b"a.txt\t\n", {"a.txt\t"}, id="a tab"),
        pytest.param(b"[[:digit:]]x\n", {"1x"}, id="a class of characters"),
        pytest.param("a\u2028b\n".encode(), {"a\u2028b"}, id="U+2028"),
        pytest.param(b"a\x0bb\n", {"a\x0bb"}, id="a vertical tab"),
        pytest.param(b"??\n", {"1x", "xx", "é"}, id="characters of one byte"),
        pytest.param(b"build/\n!build/out.py\n", {"build/out.py"}, id="nothing comes back"),
        pytest.param(
            b"*\n!*/\n!*.py\n", {".env", "a.txt", "src/c.txt", "foo/bar/a.txt"}, id="a whitelist"
        ),
        pytest.param(
            b"foo/**\n!foo/**/\n!foo/**/*.py\n", {"foo/bar/a.txt"}, id="a whitelist below"
        ),
    ],
)
def test_odd_files_are_read_as_git_reads_them(
    content: bytes, hidden: set[str], tmp_path: Path
) -> None:
    write(tmp_path, {**TREE, ".gitignore": content})
    begin_repository(tmp_path)
    found = judged_by_quad(tmp_path)
    assert found == judged_by_git(tmp_path)
    assert not found & hidden
    assert {"a.py", "src/b.py", "src/deep/d.py", "foo/bar/a.py"} <= found


def test_a_file_is_obeyed_wherever_git_would_find_it(tmp_path: Path) -> None:
    home = write(tmp_path / "home", {"everywhere": "*.mine\n", "git/ignore": "*.default\n"})
    write(
        tmp_path / "repository",
        {
            ".gitignore": "*.top\n",
            "school/.gitignore": "!keep.top\nout/\n",
            "school/week/a.py": "",
            "school/week/keep.top": "",
            "school/week/b.top": "",
            "school/week/c.mine": "",
            "school/week/d.default": "",
            "school/week/e.excluded": "",
            "school/week/out/.gitignore": "!*\n",
            "school/week/out/f.py": "",
        },
    )
    begin_repository(tmp_path / "repository")
    (tmp_path / "repository/.git/info/exclude").write_text("*.excluded\n")
    week = tmp_path / "repository/school/week"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(home))
        assert judged_by_quad(week) == judged_by_git(week) == {"a.py", "keep.top", "c.mine"}
        patch.setenv("HOME", str(home))
        write(home, {".gitconfig": "[core]\n\texcludesFile = ~/everywhere\n"})
        assert judged_by_quad(week) == judged_by_git(week) == {"a.py", "keep.top", "d.default"}
        # One without a place of its own is looked for from the top, wherever one is.
        write(home, {".gitconfig": "[core]\n\texcludesFile = school/mine\n"})
        write(tmp_path / "repository", {"school/mine": "*.mine\n"})
        assert judged_by_quad(week) == judged_by_git(week) == {"a.py", "keep.top", "d.default"}
    # Who shares what git would not even enter shares nothing, and is told why.
    out = week / "out"
    assert judged_by_git(out) == set()
    assert Folder(out).snapshot(NOTHING) == ({}, {".": Why.GITIGNORE}, {})
    # A repository of its own says more: its files come on top.
    begin_repository(out)
    (out / ".git/info/exclude").write_text("f.py\n")
    (out / ".gitignore").unlink()
    assert judged_by_quad(out) == judged_by_git(out) == set()


def test_a_work_tree_obeys_what_its_repository_excludes(tmp_path: Path) -> None:
    main, side = write(tmp_path / "main", {"a.py": ""}), tmp_path / "side"
    begin_repository(main)
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    for command in (
        [*who, "commit", "-q", "--allow-empty", "-m", "x"],
        ["worktree", "add", "-q", str(side)],
    ):
        subprocess.run(["git", *command], cwd=main, check=True, capture_output=True)
    (main / ".git/info/exclude").write_text("*.log\n")
    write(side, {"a.log": "", "b.py": ""})
    assert judged_by_quad(side) - {".git"} == judged_by_git(side) == {"b.py"}


def test_where_case_does_not_matter_it_does_not_matter_here(tmp_path: Path) -> None:
    write(tmp_path, {".gitignore": "*.LOG\n[b-c].txt\n", "a.log": "", "B.txt": "", "d.txt": ""})
    begin_repository(tmp_path)
    assert judged_by_quad(tmp_path) == judged_by_git(tmp_path) > {"a.log", "B.txt"}
    subprocess.run(["git", "config", "core.ignorecase", "true"], cwd=tmp_path, check=True)
    assert judged_by_quad(tmp_path) == judged_by_git(tmp_path) == {".gitignore", "d.txt"}


def test_a_folder_whose_rules_cannot_be_read_is_hidden_and_that_is_said(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "", "sub/b.py": "", "sub/deep/c.py": "", "other/.gitignore/d.py": ""})
    # Nobody can read it, not even root: it leads to itself.
    (tmp_path / "sub/.gitignore").symlink_to(".gitignore")
    snapshot = Folder(tmp_path).snapshot(NOTHING)
    # A directory of that name is no such file.
    assert set(snapshot.files) == {"a.py", "other/.gitignore/d.py"}
    assert snapshot.left_out == {"sub": Why.RULES}
    # Nor is a pipe, and nobody waits for what it might say.
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "other/.gitignore/.gitignore")
        assert set(Folder(tmp_path).snapshot(NOTHING).files) == set(snapshot.files)
    # Those above count for all of it.
    begin_repository(tmp_path)
    (tmp_path / ".gitignore").write_bytes(b"x\n" * 600_000)
    for folder in (tmp_path, tmp_path / "other"):
        assert Folder(folder).snapshot(NOTHING) == ({}, {".": Why.RULES}, {})


def test_a_line_of_stars_takes_no_time() -> None:
    rules = parse(b"*a" * 40 + b"\n" + b"/" + b"*a" * 40 + b"b\n")
    started = time.perf_counter()
    assert rules.verdict(b"a" * 39 + b"b", is_directory=False) is None
    assert time.perf_counter() - started < 1.0


def test_rules_that_change_are_obeyed_at_the_next_look(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "", "b.py": ""})
    folder = Folder(tmp_path)
    assert set(folder.snapshot(NOTHING).files) == {"a.py", "b.py"}
    (tmp_path / ".gitignore").write_text(".gitignore\na.py\n")
    assert set(folder.snapshot(NOTHING).files) == {"b.py"}
