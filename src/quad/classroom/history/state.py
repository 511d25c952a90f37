"""What is known in memory of a student's history."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from sys import getsizeof
from typing import Any, Final

from sqlalchemy import Row

from quad.classroom.history.model import Files

CACHE_BYTES: Final = 64_000_000


class Trace:
    """One student's: which number is next, what is not packed yet, and how large the rest is."""

    __slots__ = (
        "before",
        "is_packing",
        "last_seq",
        "names",
        "near",
        "open_bytes",
        "open_count",
        "open_since",
        "packed_bytes",
        "under_way",
    )

    def __init__(self) -> None:
        self.last_seq = 0
        # Where the last edit was: the next is likely to be there.
        self.near = 0
        # Of the edits that are in no chunk; `open_since` in milliseconds since 1970.
        self.open_count = 0
        self.open_bytes = 0
        self.open_since = 0
        # The texts before them, of the files that they touch; None: to be found in the chunks.
        self.before: Files | None = {}
        self.packed_bytes = 0
        self.is_packing = False
        # The files that are there; None until somebody has said so.
        self.names: set[str] | None = None
        # Edits that are being saved: their file, and its text after them.
        self.under_way: dict[int, tuple[str, str]] = {}


class Texts:
    """The last texts of files, those that were used last, up to a size."""

    def __init__(self, limit_bytes: int = CACHE_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._size_bytes = 0
        self._texts: OrderedDict[tuple[int, str], str] = OrderedDict()
        self._names: dict[int, set[str]] = {}

    def get(self, student_id: int, filename: str) -> str | None:
        """A file's text; None if it is not known any more."""
        text = self._texts.get((student_id, filename))
        if text is not None:
            self._texts.move_to_end((student_id, filename))
        return text

    def put(self, student_id: int, filename: str, text: str) -> None:
        """Remember what the text is now; others may be forgotten for it."""
        self.drop(student_id, filename)
        self._texts[student_id, filename] = text
        self._names.setdefault(student_id, set()).add(filename)
        self._size_bytes += getsizeof(text)
        while self._size_bytes > self._limit_bytes:
            oldest = next(iter(self._texts))
            self.drop(*oldest)

    def drop(self, student_id: int, filename: str) -> None:
        """The text is not known."""
        text = self._texts.pop((student_id, filename), None)
        if text is None:
            return
        self._size_bytes -= getsizeof(text)
        names = self._names[student_id]
        names.discard(filename)
        if not names:
            del self._names[student_id]

    def forget(self, student_id: int) -> None:
        """No text of a student's is known."""
        for filename in list(self._names.get(student_id, ())):
            self.drop(student_id, filename)

    def of(self, student_id: int) -> Iterator[str]:
        """All known texts of a student."""
        for filename in self._names.get(student_id, ()):
            yield self._texts[student_id, filename]


def traces_of(rows: Iterable[Row[Any]]) -> dict[int, Trace]:
    """What is known of the histories of students whose rows have the columns of `kept_of`."""
    return {row.id: _trace(row) for row in rows if row.last_open or row.last_packed}


def _trace(row: Row[Any]) -> Trace:
    trace = Trace()
    trace.last_seq = max(row.last_open or 0, row.last_packed or 0)
    trace.packed_bytes = int(row.packed_bytes or 0)
    if row.open_count:
        trace.open_count, trace.open_since = row.open_count, row.open_since
        # Of a process that is no more.
        trace.before = None
    return trace
