"""What goes into the process and what comes out of it."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from msgspec import UNSET, Struct, UnsetType

LIMIT_BYTES: Final = 5_000_000
"""The largest archive."""


class File(Struct, frozen=True):
    """A file of a task."""

    filename: str
    content: str


class Check(Struct, frozen=True, omit_defaults=True):
    """A check of a task: input and output, or code."""

    name: str
    stdin: str | UnsetType = UNSET
    stdout: str | UnsetType = UNSET
    code: str | UnsetType = UNSET
    is_hidden: bool = False


class Task(Struct, frozen=True):
    """A task; `content` is HTML."""

    id: str
    title: str = ""
    folder: str = ""
    type: Literal["exercise", "theory"] = "exercise"
    content: str = ""
    files: Sequence[File] = ()
    checks: Sequence[Check] = ()
    solution: Sequence[File] = ()
    points: int = 0


class Pack(Struct, frozen=True, tag=True):
    """Make an archive of a set; `pictures` by the addresses at which its HTML shows them."""

    id: str
    title: str
    tasks: Sequence[Task]
    pictures: Mapping[str, bytes]
    endings: Mapping[str, str]


class Unpack(Struct, frozen=True, tag=True):
    """Read an archive."""

    archive: bytes


class Packed(Struct, frozen=True, tag=True):
    """The archive."""

    archive: bytes


class Unpacked(Struct, frozen=True, tag=True):
    """A set; `id` is empty if the folder has none.

    Where its HTML shows the picture of this number, `src` is `mark` with the number behind it.
    `left_out` are files that are no part of a set, and pictures that are not there.
    """

    id: str
    title: str
    tasks: Sequence[Task]
    pictures: Sequence[bytes]
    mark: str
    left_out: Sequence[str]


class Declined(Struct, frozen=True, tag=True):
    """It cannot be done, and why."""

    code: str
    sentence: str


Asked = Pack | Unpack
Answer = Packed | Unpacked | Declined


class BadFolder(Exception):
    """There is something wrong with a folder, or its archive."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code: Final = code
