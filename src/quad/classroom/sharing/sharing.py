"""A student's code on its way to the teacher."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from quad.classroom.acknowledging import done_for
from quad.classroom.history.recording import Recorded, Recording
from quad.classroom.model import (
    BEYOND,
    CURRENT,
    ORIGINAL,
    File,
    UnsentFile,
    check_files,
    check_left_out,
)
from quad.classroom.outgoing import NOTHING, CodeOfStudent, LeftOutOfStudent
from quad.classroom.quotas import Quotas
from quad.classroom.refusals import FilesLimit, UserOffline
from quad.classroom.rooms import Rooms, as_refusal
from quad.classroom.running.running import Running
from quad.classroom.sharing import tables
from quad.classroom.state import KeptFiles, Participant
from quad.classroom.updates import RoomUpdates
from quad.realtime import Client, Finished


class FileLimits(NamedTuple):
    """How many files are kept of one student, and how large they are together."""

    files: int
    size_bytes: int


class Sharing:
    """Starts and ends watching, relays files, and keeps the last known ones."""

    def __init__(
        self,
        rooms: Rooms,
        updates: RoomUpdates,
        running: Running,
        recording: Recording,
        quotas: Quotas,
        limits: FileLimits,
    ) -> None:
        self._quotas = quotas
        self._rooms = rooms
        self._updates = updates
        self._running = running
        self._recording = recording
        self._limits = limits

    async def start(self, client: Client, room_id: int, user_id: int, *, exclusive: bool) -> None:
        """The host watches a student, and none of the others if `exclusive`.

        Of a student who is offline, a current host gets the last known files.
        """
        host = self._rooms.host(client, room_id)
        student = self._rooms.student_of(host, user_id)
        if not student.is_online and host.protocol < CURRENT:
            raise UserOffline(user_id)
        if exclusive:
            host.room.watched.clear()
            self._rooms.tell_students(host.room, "sharing/end", NOTHING, skip=student)
        if student.is_online:
            self._rooms.tell(student, "sharing/start", NOTHING)
        else:
            files = tables.read_files(await self._rooms.read(tables.select_files(user_id)))
            client.emit("sharing/code_send", CodeOfStudent(room_id, user_id, files))
        host.room.watched.add(user_id)
        await self._running.show_run(host, student)

    def end(self, client: Client, room_id: int, user_id: int | None) -> None:
        """The host watches a student, or everybody, no longer."""
        host = self._rooms.host(client, room_id)
        if user_id is None:
            host.room.watched.clear()
            self._rooms.tell_students(host.room, "sharing/end", NOTHING)
            return
        student = self._rooms.student_of(host, user_id)
        host.room.watched.discard(user_id)
        self._rooms.tell(student, "sharing/end", NOTHING)

    async def code_send(
        self, client: Client, room_id: int, files: Sequence[File], *, is_recorded: bool = False
    ) -> None:
        """A student sends all of their files; `is_recorded`: for their history, too."""
        student = self._rooms.student(client, room_id)
        files, refused = check_files(files)
        if refused is not None and not files:
            raise refused
        before, tree = student.kept_files, KeptFiles()
        tree.put(files)
        bytes_before = 0 if before is None else before.total_bytes
        student.kept_files = tree
        put_back = partial(_put_back, student, tree, before)
        recorded: Recorded | None = None
        try:
            self._check_limits(student, tree, bytes_before, client)
            if is_recorded and _may_record(student):
                recorded = self._recording.record(student, files, is_tree=True)
            edits = () if recorded is None else recorded.changes
            await self._rooms.save(*tables.keep_tree(student.id, files), *edits)
        except BaseException:
            _settle(put_back, recorded, is_saved=False)
            raise
        _settle(put_back, recorded, is_saved=True)
        if not is_recorded or _is_watched(student):
            payload = CodeOfStudent(room_id, student.id, files)
            self._updates.tell_host(student, "sharing/code_send", payload)
        if refused is not None:
            raise refused

    def code_update(
        self,
        client: Client,
        room_id: int,
        files: Sequence[File],
        finished: Finished,
        *,
        is_recorded: bool = False,
        pasted: bool | None = None,
    ) -> None:
        """A student sends the files that have changed; `finished` once they are relayed.

        `is_recorded`: for their history, too; `pasted`: whether their editor says so of the text.
        """
        student = self._rooms.student(client, room_id)
        kept = student.kept_files
        assert kept is not None  # looked up before the student was seated
        files, refused = check_files(files, kept.sizes)
        if refused is not None and not files:
            raise refused
        bytes_before = kept.total_bytes
        put_back = partial(kept.put_back, kept.put(files))
        recorded: Recorded | None = None

        def relay(error: Exception | None) -> None:
            if error is not None or recorded is not None:
                _settle(put_back, recorded, is_saved=error is None)
            try:
                if error is None and (not is_recorded or _is_watched(student)):
                    payload = CodeOfStudent(room_id, student.id, files)
                    self._updates.tell_host(student, "sharing/code_update", payload)
            finally:
                done = done_for(student.protocol)
                finished(done, refused if error is None else as_refusal(error))

        try:
            self._check_limits(student, kept, bytes_before, client)
            changes = [tables.keep_file(student.id, file) for file in files]
            if is_recorded and _may_record(student):
                recorded = self._recording.record(student, files, is_tree=False, pasted=pasted)
                changes += recorded.changes
            self._rooms.submit(changes, relay)
        except BaseException:
            _settle(put_back, recorded, is_saved=False)
            raise

    def leave_out(self, client: Client, room_id: int, files: Sequence[UnsentFile]) -> None:
        """A student says which files are not sent at all; a current host hears it.

        Latest state, of what is on the student's screen: it is not kept.
        """
        student = self._rooms.student(client, room_id)
        check_left_out(files)
        if student.room.host.protocol != ORIGINAL:
            report = LeftOutOfStudent(student.id, files)
            self._updates.tell_host(student, "sharing/left_out", report)

    def _check_limits(
        self, student: Participant, kept: KeptFiles, bytes_before: int, client: Client
    ) -> None:
        if len(kept.sizes) > self._limits.files:
            raise FilesLimit(f"more than {self._limits.files} files")
        if kept.total_bytes > self._limits.size_bytes:
            raise FilesLimit(f"more than {self._limits.size_bytes} bytes")
        growth = kept.total_bytes - bytes_before
        if growth > 0:
            self._quotas.keep(student, student.room, growth, client.address)


def _put_back(student: Participant, tree: KeptFiles, before: KeptFiles | None) -> None:
    # Another tree may have come meanwhile.
    if student.kept_files is tree:
        student.kept_files = before


def _settle(put_back: Callable[[], None], recorded: Recorded | None, *, is_saved: bool) -> None:
    """Files that were counted in, and their edits, are saved, or never will be."""
    if not is_saved:
        put_back()
    if recorded is not None:
        recorded.settle(is_saved=is_saved)


def _is_watched(student: Participant) -> bool:
    """Whether the host sees files that come for a history as well: that comes unwatched, too."""
    return student.id in student.room.watched


def _may_record(student: Participant) -> bool:
    # Older clients do not know that they could be, and cannot say that they want it.
    return student.room.is_recorded and student.protocol >= BEYOND
