"""Changes of files on their way into the history, in the commit that keeps the files.

A change is a splice of the text that the history knows last. Where that is not in memory any more,
as after a restart, the whole text is kept once, and splices go on from there: so nothing is read
while students type.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from typing import Final

from quad.classroom.history import tables
from quad.classroom.history.model import Edit, Kind, is_pasted
from quad.classroom.history.packing import Packing
from quad.classroom.history.splice import splice
from quad.classroom.history.state import Texts, Trace
from quad.classroom.model import File
from quad.classroom.rooms import Rooms
from quad.classroom.state import Participant
from quad.refusals import CannotSave
from quad.store import Change
from quad.store.ids import milliseconds_of

_BEFORE: Final = 16


class Recorded:
    """Edits that are to be saved now; whoever saves them says what became of it."""

    __slots__ = ("_edits", "_recording", "_student", "changes")

    def __init__(self, recording: "Recording", student: Participant, edits: Sequence[Edit]) -> None:
        self._recording = recording
        self._student = student
        self._edits = edits
        self.changes = [tables.insert_edit(student.id, edit) for edit in edits]

    def settle(self, *, is_saved: bool) -> None:
        """They are saved, or they never will be."""
        self._recording.settled(self._student, self._edits, is_saved=is_saved)


class Recording:
    """Makes edits of what students send."""

    def __init__(
        self, rooms: Rooms, texts: Texts, packing: Packing, now: Callable[[], datetime]
    ) -> None:
        self._rooms = rooms
        self._texts = texts
        self._packing = packing
        self._now = now

    def record(
        self,
        student: Participant,
        files: Collection[File],
        *,
        is_tree: bool,
        pasted: bool | None = None,
    ) -> Recorded:
        """What to save of files that a student has sent: some, or, if it `is_tree`, all.

        `pasted`: whether the student's editor says that the text was pasted; None: it says nothing.
        """
        trace = trace_of(student)
        new = _Edits(trace, milliseconds_of(self._now()))
        if is_tree:
            self._clear(student, trace, files, new)
        for file in files:
            self._add(student, trace, file, new, pasted=False if is_tree else pasted)
        trace.names = new.names
        return Recorded(self, student, new.made)

    def _clear(
        self, student: Participant, trace: Trace, files: Collection[File], new: "_Edits"
    ) -> None:
        """Files that are not in the tree are gone."""
        if new.names is None:
            self._texts.forget(student.id)
            new.add("", "tree")
            new.names = set()
            return
        for name in sorted(new.names - {file.filename for file in files}):
            self._remove(student, trace, name, new)

    def _remove(self, student: Participant, trace: Trace, name: str, new: "_Edits") -> None:
        if new.names is not None and name not in new.names:
            return
        self._texts.drop(student.id, name)
        if new.names is not None:
            new.names.discard(name)
        trace.under_way[new.add(name, "removed")] = name, ""

    def _add(
        self, student: Participant, trace: Trace, file: File, new: "_Edits", *, pasted: bool | None
    ) -> None:
        name, text = file.filename, file.content
        if file.status == "REMOVED" or text is None:
            self._remove(student, trace, name, new)
            return
        old = self._texts.get(student.id, name)
        is_new = new.names is not None and name not in new.names
        change = splice(old or "", text, trace.near)
        if change is None and old is not None:
            return
        start, removed, inserted = change or (0, 0, "")
        # A little before it, for what is taken back; what it counts in does not matter for a guess.
        trace.near = max(0, start - _BEFORE)
        if pasted is None:
            # What was in the file before is not known: then nothing is said of it.
            is_known = old is not None or is_new
            pasted = is_known and is_pasted(inserted, self._texts.of(student.id))
        if old is None:
            seq = new.add(name, "whole", 0, 0, text, pasted=pasted)
        else:
            if trace.before is not None:
                trace.before.setdefault(name, old)
            seq = new.add(name, "edit", start, removed, inserted, pasted=pasted)
        trace.under_way[seq] = name, text
        self._texts.put(student.id, name, text)
        if new.names is not None:
            new.names.add(name)

    # What becomes of it

    def settled(self, student: Participant, edits: Sequence[Edit], *, is_saved: bool) -> None:
        """The edits are saved, or not: then nothing may be a splice of what they were."""
        trace = trace_of(student)
        for edit in edits:
            trace.under_way.pop(edit.seq, None)
        if is_saved:
            self._packing.pack_if_due(student)
            return
        trace.open_count -= len(edits)
        trace.names = None
        changes = [*self._mended(student, trace, edits)]
        if changes:
            try:
                self._rooms.submit(changes, lambda _: None)
            except CannotSave:
                return

    def _mended(self, student: Participant, trace: Trace, lost: Sequence[Edit]) -> Iterator[Change]:
        """The first edit of each file that is under way behind the lost ones becomes whole."""
        for edit in lost:
            self._texts.drop(student.id, edit.filename)
            later = [seq for seq, (name, _) in trace.under_way.items() if name == edit.filename]
            if later:
                seq = min(later)
                yield tables.make_whole(student.id, seq, trace.under_way[seq][1])


class _Edits:
    """Edits as they are made, with their numbers."""

    __slots__ = ("_at", "_trace", "made", "names")

    def __init__(self, trace: Trace, at: int) -> None:
        self._trace = trace
        self._at = at
        self.names = trace.names
        self.made: list[Edit] = []

    def add(
        self,
        filename: str,
        kind: Kind,
        start: int = 0,
        removed: int = 0,
        inserted: str = "",
        *,
        pasted: bool = False,
    ) -> int:
        """One more; returns its number."""
        trace = self._trace
        trace.last_seq += 1
        if not trace.open_count:
            trace.open_since = self._at
        trace.open_count += 1
        trace.open_bytes += len(inserted)
        self.made.append(
            Edit(trace.last_seq, self._at, filename, kind, start, removed, inserted, pasted)
        )
        return trace.last_seq


def trace_of(student: Participant) -> Trace:
    """What is known of a student's history."""
    traces = student.room.traces
    found = traces.get(student.id)
    if found is None:
        found = traces[student.id] = Trace()
    return found
