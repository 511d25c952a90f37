"""The lock files say what constraints.txt and pyproject.toml say, by hashes and nothing else."""

import re

import pytest

from tools import lock

FILES = ["runtime.txt", "development.txt", "node.txt"]
ENTRY = re.compile(r"([a-z0-9-]+)==(\S+)((?: \\\n    --hash=sha256:[0-9a-f]{64})+)\n")


def read(file: str) -> dict[str, str]:
    """Names and versions of a lock file, which holds nothing but them and hashes."""
    lines = (lock.LOCKS / file).read_text(encoding="utf-8").splitlines(keepends=True)
    text = "".join(line for line in lines if not line.startswith("#"))
    assert ENTRY.sub("", text) == ""
    return {match[1]: match[2] for match in ENTRY.finditer(text)}


@pytest.mark.parametrize("file", FILES)
def test_a_lock_file_holds_what_is_needed_in_the_versions_of_the_constraints(file: str) -> None:
    pins = lock.pins()
    _, names = lock.lock_files(pins)[file]
    assert read(file) == {name: pins[name] for name in names}, "python -m tools.lock writes it anew"


def test_everything_that_is_pinned_is_locked() -> None:
    locked = {name for file in FILES for name in read(file)}
    assert locked == set(lock.pins())


@pytest.mark.parametrize(
    ("filename", "is_wanted"),
    [
        ("nh3-0.3.7.tar.gz", True),
        ("nh3-0.3.6.tar.gz", False),
        ("nh3-0.3.7-cp38-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", True),
        ("nh3-0.3.7-cp313-cp313-musllinux_1_2_aarch64.whl", True),
        ("nh3-0.3.7-cp311-cp311-macosx_11_0_arm64.whl", True),
        ("nh3-0.3.7-py3-none-any.whl", True),
        ("nh3-0.3.7-cp310-cp310-manylinux_2_17_x86_64.whl", False),
        ("nh3-0.3.7-cp313-cp313t-manylinux_2_17_x86_64.whl", False),
        ("nh3-0.3.7-cp312-cp312-win_amd64.whl", False),
        ("nh3-0.3.7-cp312-cp312-manylinux_2_17_s390x.whl", False),
        ("noise", False),
    ],
)
def test_only_files_for_machines_and_interpreters_that_we_know_are_locked(
    filename: str, is_wanted: bool
) -> None:
    assert lock.is_wanted(filename, "0.3.7") == is_wanted
