"""What a teacher is told of files that do not come: which of them, and in what order."""

import pytest

from quad.cli.share.changes import File
from quad.cli.share.folder import Snapshot, Unsent, Why
from quad.cli.share.unsent import UnsentFile, refused_files, still_shown, unsent_files

PICTURE = Unsent(Why.BINARY, 7)
TABLE = Unsent(Why.OVERSIZED, 900, 500)


def snapshot(**unsent: Unsent) -> Snapshot:
    return Snapshot({}, {}, dict(unsent))


def told(files: dict[str, Unsent], **earlier: Unsent) -> list[str]:
    before = Snapshot({}, {}, earlier or files)
    return [file.filename for file in unsent_files(Snapshot({}, {}, files), before)]


def test_what_is_looked_for_comes_before_pictures() -> None:
    files = {"a": PICTURE, "b": Unsent(Why.TOO_MUCH, 3), "c": TABLE}
    now = Snapshot({}, {}, files)
    assert unsent_files(now, now, [UnsentFile("d", "too_much", 4)]) == [
        UnsentFile("d", "too_much", 4),
        UnsentFile("c", "too_large", 900, 500),
        UnsentFile("b", "too_much", 3),
        UnsentFile("a", "binary", 7),
    ]
    assert len(told({str(number): PICTURE for number in range(120)})) == 100


def test_what_is_there_for_a_moment_is_not_told() -> None:
    assert told({"new.png": PICTURE, "old.png": PICTURE}, **{"old.png": TABLE}) == ["old.png"]


@pytest.mark.parametrize(
    ("path", "unsent", "is_told"),
    [
        ("src/cat.png", PICTURE, True),
        (".main.py.swp", PICTURE, False),
        (".cache/cat.png", PICTURE, False),
        (".data.csv", TABLE, True),
        ("дерево 🌳.png", PICTURE, True),
        ("gnp.\u202etxt", TABLE, False),
        ("two\nlines.csv", TABLE, False),
    ],
)
def test_names_that_nobody_should_read_are_not_told(
    path: str, unsent: Unsent, is_told: bool
) -> None:
    assert told({path: unsent}) == ([path] if is_told else [])


def test_what_has_grown_too_large_stays_as_it_was_shown() -> None:
    now = snapshot(a=TABLE, b=PICTURE, c=TABLE)
    assert still_shown({"a": "old", "b": "text", "d": "gone"}, now) == {"a": "old"}


def test_what_the_server_refuses_is_more_than_it_keeps() -> None:
    files = [File("a", "REMOVED", ""), File("b", "CREATED", "é")]
    assert refused_files(files) == [UnsentFile("b", "too_much", 2)]
