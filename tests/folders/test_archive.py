"""Archives that were made to do harm are one error each, before they have cost anything."""

import zipfile

import pytest

from quad.folders import archive
from quad.folders.model import BadFolder
from tests.folders.zips import Entry, with_link, written, zipped

ZEROS = bytes(archive.UNPACKED_BYTES)
FEW = bytes(1_000)


def refused(packed: bytes) -> str:
    with pytest.raises(BadFolder) as bad:
        archive.read(packed)
    assert "\n" not in str(bad.value)
    return bad.value.code


def test_an_archive_is_its_files_and_folders_are_nothing() -> None:
    files = {"a/b.txt": b"x", "ё 😀.md": b"", "z" * 200: bytes(100_000)}
    assert archive.read(zipped({"a/": b"", **files})) == files
    assert archive.read(zipped(files, zipfile.ZIP_STORED)) == files
    assert archive.read(archive.write(files)) == files
    assert archive.read(zipped({})) == {}


def test_the_same_files_are_the_same_archive() -> None:
    files = {"a": b"x", "b": b"y"}
    assert archive.write(files) == archive.write(files)


@pytest.mark.parametrize(
    "packed",
    [
        b"",
        b"PK\x05\x06",
        b"Hello",
        zipped({"a": "x"})[:-10],
        zipped({"a": "x" * 1_000}, zipfile.ZIP_BZIP2),
        zipped({"a": "x" * 1_000}, zipfile.ZIP_LZMA),
        written(Entry(b"a", FEW, method=99)),
        written(Entry(b"a", FEW, flags=1)),
        zipped({"a": "x" * 99})[:31] + b"\xff\xff" + zipped({"a": "x" * 99})[33:],
        zipped({"a": "Hello"}, zipfile.ZIP_STORED).replace(b"Hello", b"Jello"),
    ],
)
def test_what_is_no_archive_is_said(packed: bytes) -> None:
    assert refused(packed) == "no_archive"


def test_no_byte_is_cut_off_or_changed_without_notice() -> None:
    whole = zipped({"a/b.txt": "x" * 50, "ё": "y"})
    for end in range(len(whole)):
        refused(whole[:end])
    for place in range(len(whole)):
        changed = bytearray(whole)
        changed[place] ^= 0xFF
        # Another archive, or none; never anything else.
        try:
            archive.read(bytes(changed))
        except BadFolder:
            continue


@pytest.mark.parametrize(
    "name",
    [
        "../a", "a/../../b", "/a", "//a", "./a", "a/./b", "a//b", "C:/a", "c:a", "a/..",
        "..\\a", "a\\..\\..\\b", "\\a", "..",
    ],
)  # fmt: skip
def test_no_name_leads_out(name: str) -> None:
    assert refused(zipped({name: "x"})) == "bad_name"
    assert refused(zipped({"x/y": "", name: "x"})) == "bad_name"


def test_a_name_ends_where_it_ends() -> None:
    assert refused(written(Entry(b"a.md\x00/../../b", FEW))) == "bad_name"


def test_no_link_leads_anywhere() -> None:
    assert refused(with_link("a", "/etc/passwd")) == "bad_name"


def test_no_name_is_there_twice() -> None:
    assert refused(written(Entry(b"a", FEW), Entry(b"a", b"x"))) == "bad_name"
    # However it is written: here as UTF-8, of which only one says so.
    name = "ё".encode()
    twice = written(Entry(name, FEW), Entry(name, b"x", flags=0x800))
    assert refused(twice) == "bad_name"


def test_names_are_read_as_their_programs_meant_them() -> None:
    name = "ё/é.md"
    mac = written(Entry(name.encode(), FEW))
    old = written(Entry("é.md".encode("cp437"), FEW))
    assert archive.read(mac) == {name: FEW}
    assert archive.read(old) == {"é.md": FEW}
    windows = written(Entry(b"a\\b.md", FEW), Entry(b"a\\c.md", FEW))
    assert archive.read(windows) == {"a/b.md": FEW, "a/c.md": FEW}
    # Where others have slashes it is a letter.
    assert archive.read(written(Entry(b"a\\b.md", FEW), Entry(b"a/c", FEW))).keys() == {
        "a\\b.md",
        "a/c",
    }


def test_names_have_an_end() -> None:
    assert len(archive.read(zipped({str(n): "" for n in range(archive.NAMES)}))) == archive.NAMES
    assert refused(zipped({str(n): "" for n in range(archive.NAMES + 1)})) == "too_large"


def test_a_bomb_is_not_unpacked() -> None:
    assert len(archive.read(zipped({"a": ZEROS}))["a"]) == archive.UNPACKED_BYTES
    assert refused(zipped({"a": ZEROS + b"x"})) == "too_large"
    half = ZEROS[: len(ZEROS) // 2 + 1]
    assert refused(zipped({"a": half, "b": half})) == "too_large"


def test_an_archive_in_an_archive_stays_packed() -> None:
    inside = zipped({"b": ZEROS})
    assert archive.read(zipped({"a.zip": inside})) == {"a.zip": inside}


@pytest.mark.parametrize("declared", [0, 10, 2**32 - 2])
def test_what_comes_out_is_counted_whatever_it_says(declared: int) -> None:
    bomb = Entry(b"a", ZEROS * 3)
    bomb.declared = declared
    assert refused(written(bomb)) in {"too_large", "no_archive"}


def test_what_comes_out_is_counted_also_where_nothing_was_declared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(archive, "_check_entries", lambda _: None)
    assert refused(zipped({"a": ZEROS + b"x"})) == "too_large"
    assert refused(zipped({"a": ZEROS, "b": b"x"})) == "too_large"


def test_what_is_declared_counts_before_anything_is_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(archive, "_contents", None)
    assert refused(zipped({"a": ZEROS + b"x"})) == "too_large"


def test_files_that_share_bytes_are_none() -> None:
    # A kernel of a megabyte of zeros, under a hundred names.
    kernel = Entry(b"kernel", bytes(1_000_000))
    others = [Entry(b"kernel", bytes(1_000_000)) for _ in range(9)]
    for number, other in enumerate(others):
        other.name, other.offset = b"%06d" % number, 0
    assert refused(written(kernel, *others)) == "no_archive"
    # One that begins within another, and quotes its header.
    inner = Entry(b"inner.txt", bytes(100), method=0)
    quoted = b"PK\x03\x04" + inner.fields() + inner.name + inner.data
    outer = Entry(b"outer.txt", quoted, method=0)
    inner.offset = 30 + len(outer.name)
    assert refused(written(outer, inner)) == "no_archive"


def test_what_is_written_can_be_read_again() -> None:
    for files in (
        {str(n): b"" for n in range(archive.NAMES + 1)},
        {"a": ZEROS, "b": b"x"},
    ):
        with pytest.raises(BadFolder) as bad:
            archive.write(files)
        assert bad.value.code == "too_large"


def test_an_archive_is_not_larger_than_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "LIMIT_BYTES", 200)
    assert len(archive.write({"a": bytes(1_000)})) <= 200
    with pytest.raises(BadFolder) as bad:
        archive.write({"a": bytes(range(256))})
    assert bad.value.code == "too_large"
