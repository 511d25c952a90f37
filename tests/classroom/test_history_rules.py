"""What a history is made of: splices, chunks, and thinner chunks. Without a server."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quad.classroom.history.model import (
    PASTED_FROM,
    Chunk,
    Edit,
    Files,
    is_pasted,
    play,
    played,
    shown,
    thinned,
    touched,
)
from quad.classroom.history.splice import Splice, applied, splice, units
from quad.classroom.history.state import Texts

TEXTS = st.text("ab\nё😀👩‍🎓", max_size=12)
STATES = st.dictionaries(st.sampled_from("fg"), TEXTS)


LONG = TEXTS | st.builds(str.__mul__, TEXTS, st.integers(0, 40))


@given(LONG, LONG, LONG, LONG, st.integers(0, 100))
def test_a_splice_makes_one_text_of_the_other(
    head: str, old: str, new: str, tail: str, near: int
) -> None:
    before, after = head + old + tail, head + new + tail
    change = splice(before, after, near)
    # Wherever it is looked for first.
    assert change == splice(before, after)
    assert applied(before, change or Splice(0, 0, "")) == after
    if change is not None:
        # As an editor in a browser counts, and no character in halves.
        encoded, middle = before.encode("utf-16-le"), change.inserted.encode("utf-16-le")
        start, end = 2 * change.start, 2 * (change.start + change.removed)
        assert (encoded[:start] + middle + encoded[end:]).decode("utf-16-le") == after
        encoded[start:end].decode("utf-16-le")
        assert change.removed + units(change.inserted) <= units(old) + units(new)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("abc", "abc", None),
        ("", "x", (0, 0, "x")),
        ("aa", "aaa", (2, 0, "a")),
        ("a😀c", "a😀xc", (3, 0, "x")),
        ("a😀c", "a😁c", (1, 2, "😁")),
        ("abab", "ab", (2, 2, "")),
    ],
)
def test_common_ends_are_no_part_of_a_splice(
    old: str, new: str, expected: tuple[int, int, str] | None
) -> None:
    assert splice(old, new) == expected


def edits_between(states: list[Files], every_ms: int) -> list[Edit]:
    """How somebody came from one state to the next."""
    edits: list[Edit] = []
    files: Files = {}

    def add(number: int, *what: object) -> None:
        edits.append(Edit(len(edits) + 1, number * every_ms, *what))  # type: ignore[arg-type]

    for number, state in enumerate(states):
        for name in [name for name in files if name not in state]:
            add(number, name, "removed", 0, 0, "")
        for name, text in state.items():
            change = splice(files.get(name, ""), text)
            if name not in files:
                add(number, name, "whole", 0, 0, text)
            elif change is not None:
                add(number, name, "edit", *change)
        files = dict(state)
    return edits


@given(st.lists(STATES, min_size=1, max_size=8), st.integers(1, 60), st.integers(0, 20))
def test_thinner_chunks_are_what_the_files_were_at_the_end_of_each_minute(
    states: list[Files], every_s: int, cut: int
) -> None:
    edits = edits_between(states, every_s * 1000)
    first: Files = {}
    play(first, edits[:cut])
    rest = edits[cut:]
    chunks = [Chunk({}, edits[:cut])] if cut else []
    if rest:
        chunks.append(Chunk({name: first.get(name, "") for name in touched(rest)}, rest))
    thin = thinned(chunks)
    assert played([thin]) == played(chunks) == {**states[-1]}
    assert [edit.seq for edit in thin.edits] == sorted(edit.seq for edit in thin.edits)
    for minute in range(10):
        files: Files = dict(thin.files)
        play(files, [edit for edit in thin.edits if edit.at // 60_000 <= minute])
        wanted: Files = {}
        play(wanted, [edit for edit in edits if edit.at // 60_000 <= minute])
        assert files == wanted


@given(st.lists(STATES, min_size=1, max_size=5))
def test_what_is_shown_needs_no_other_kind_of_edit(states: list[Files]) -> None:
    files: Files = {}
    for edit in edits_between(states, 1000):
        told = shown(files, edit)
        text = applied(
            files.get(edit.filename, ""), Splice(told.start, told.removed, told.inserted)
        )
        play(files, [edit])
        assert files.get(edit.filename, "") == text


def test_much_text_at_once_was_typed_only_if_the_project_held_it() -> None:
    text = "x" * PASTED_FROM
    assert is_pasted(text, ["", "y"])
    assert not is_pasted(text[1:], [])
    assert not is_pasted(text, [f"before {text} after"])


def test_texts_that_were_used_last_stay() -> None:
    texts = Texts(3_000)
    for name in "abc":
        texts.put(1, name, name * 900)
    assert [texts.get(1, name) is not None for name in "abc"] == [True] * 3
    texts.get(1, "a")
    texts.put(2, "a", "d" * 900)
    assert texts.get(1, "b") is None
    assert sorted(texts.of(1)) == ["a" * 900, "c" * 900]
    texts.put(1, "a", "short")
    texts.put(1, "b", "b" * 900)
    assert texts.get(1, "c") is not None
    texts.forget(1)
    assert list(texts.of(1)) == []
    assert texts.get(2, "a") == "d" * 900
    texts.put(2, "b", "x" * 4_000)
    assert list(texts.of(2)) == []
