"""Files that only their own account may read."""

import os
from pathlib import Path

import pytest

from quad import private


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture(autouse=True)
def _everybody_may_read() -> object:
    """The usual umask of most machines."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_what_is_made_is_this_account_s_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    private.make_directory(tmp_path / "deep" / "data")
    private.make_file(tmp_path / "file")
    private.write_file(tmp_path / "text", "sesame\n")
    assert mode(tmp_path / "deep" / "data") == 0o700
    assert mode(tmp_path / "file") == mode(tmp_path / "text") == 0o600
    assert (tmp_path / "text").read_text() == "sesame\n"
    assert caplog.messages == []


def test_a_text_replaces_another_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "text"
    file.write_text("before, and longer")
    file.chmod(0o644)
    private.write_file(file, "after")
    assert (file.read_text(), mode(file)) == ("after", 0o600)
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_that_is_there_keeps_what_is_in_it(tmp_path: Path) -> None:
    file = tmp_path / "quad.sqlite3"
    file.write_text("kept")
    private.make_file(file)
    assert file.read_text() == "kept"


@pytest.mark.parametrize("open_to", [0o644, 0o660, 0o604])
def test_what_others_could_read_is_closed_and_told_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, open_to: int
) -> None:
    file = tmp_path / "quad.sqlite3"
    file.touch()
    file.chmod(open_to)
    private.tighten(file)
    assert mode(file) == 0o600
    assert f"COULD READ {file}" in caplog.text
    caplog.clear()
    private.tighten(file)
    private.tighten(tmp_path / "nothing")
    assert caplog.messages == []


def test_what_belongs_to_somebody_else_is_told_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "quad.sqlite3"
    file.touch()
    file.chmod(0o644)
    monkeypatch.setattr(os, "geteuid", lambda: file.stat().st_uid + 1)
    private.tighten(file)
    assert mode(file) == 0o644
    assert f"MAY READ {file}" in caplog.text


def test_a_directory_is_closed_only_if_nothing_of_others_is_in_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ours, shared = tmp_path / "ours", tmp_path / "shared"
    for directory, name in ((ours, "quad.sqlite3"), (shared, "homework.txt")):
        directory.mkdir()
        directory.chmod(0o755)
        (directory / name).touch()
        private.make_directory(directory)
    assert (mode(ours), mode(shared)) == (0o700, 0o755)
    assert len(caplog.messages) == 1


def test_all_that_a_server_makes_counts_as_its_own(tmp_path: Path) -> None:
    ours = tmp_path / "ours"
    ours.mkdir()
    ours.chmod(0o755)
    for name in ("quad.sqlite3", "quad.sqlite3.lock", "quad.key", "admin-password"):
        (ours / name).touch()
    private.make_directory(ours)
    assert mode(ours) == 0o700


def test_a_file_in_the_directory_s_place_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError):
        private.make_directory(tmp_path / "file")
