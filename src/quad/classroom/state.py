"""A room as it is in memory: what the database says, and who is connected.

What is *shown* to anybody is committed. A change that is decided but not yet committed lives in a
field of its own (`decided_steps`, `is_leaving`, `is_closing`, a name without a student), so that
later events can build on it and nobody sees it.
"""

import asyncio
import math
from collections import deque
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from msgspec import UNSET

from quad.classroom.entering.secrets import IssuedPass
from quad.classroom.helping.state import Helps
from quad.classroom.history.state import Trace
from quad.classroom.model import (
    BEYOND,
    NOTICES,
    ORIGINAL,
    Enrolled,
    File,
    Notice,
    Rules,
    Sent,
    Signal,
    Status,
    Step,
    User,
    utf8_size,
)
from quad.classroom.quotas import Spent
from quad.classroom.running.state import Reports
from quad.classroom.sharing.ignores import Ignores
from quad.classroom.tasks.translating import of_steps
from quad.names import BadName, clean_name

# Of everybody who has sent no file: an empty dict for each is 64 bytes. It stays empty.
_NO_SIZES: Final[dict[str, int]] = {}


class KeptFiles:
    """How large the kept files of one student are, to hold the limits without asking anyone."""

    __slots__ = ("sizes", "total_bytes")

    def __init__(self, sizes: Iterable[tuple[str, int]] = ()) -> None:
        self.sizes = dict(sizes) or _NO_SIZES
        self.total_bytes = sum(self.sizes.values())

    def put(self, files: Iterable[File]) -> dict[str, int | None]:
        """Count the files in, removed ones out; returns what `put_back` needs to undo it."""
        before: dict[str, int | None] = {}
        for file in files:
            name, content = file.filename, file.content or ""
            size = None if file.status == "REMOVED" else utf8_size(content)
            before.setdefault(name, self._set(name, size))
        return before

    def put_back(self, before: Mapping[str, int | None]) -> None:
        """Undo a `put`."""
        for name, size in before.items():
            self._set(name, size)

    def _set(self, name: str, size: int | None) -> int | None:
        before = self.sizes.get(name)
        self.total_bytes += (size or 0) - (before or 0)
        if size is not None:
            if self.sizes is _NO_SIZES:
                self.sizes = {}
            self.sizes[name] = size
        elif before is not None:
            del self.sizes[name]
        return before


class Participant:
    """The host or a student of a room, online or not."""

    __slots__ = (
        "address",
        "decided_steps",
        "dropped_at",
        "hidden_before",
        "id",
        "is_leaving",
        "is_listed",
        "issued_pass",
        "kept_files",
        "key_hash",
        "last_told_id",
        "name",
        "place",
        "protocol",
        "role",
        "room",
        "sent",
        "sid",
        "signal",
        "spent",
        "steps",
        "tokens",
    )

    def __init__(
        self,
        room: "Room",
        enrolled: Enrolled,
        steps: Mapping[str, Status],
    ) -> None:
        self.room = room
        self.id, self.role, self.name, self.place, self.address, token_hash = enrolled
        # Hashes, the newest last; None: of original clients, who have none and get none. Those of
        # a host count while the teacher's key has the hash beside them: see `Keys.still_hold`.
        self.tokens: tuple[str, ...] | None = None if token_hash is None else (token_hash,)
        self.key_hash: str | None = None
        self.issued_pass: IssuedPass | None = None
        # Statuses by the ids of tasks.
        self.steps = steps
        self.decided_steps = steps
        # Of the conversation with the teacher, as far as it was told here.
        self.last_told_id = 0
        # How it goes, apart from any task.
        self.signal: Signal = "NONE"
        # Their connection's id, empty while offline; when the last one ended, by the clock of the
        # rooms.
        self.sid = ""
        self.dropped_at = 0.0
        # Messages up to this id are for whoever was at the address before.
        self.hidden_before = 0
        self.protocol = ORIGINAL
        # Whether the update that the host got last shows this student.
        self.is_listed = False
        self.is_leaving = False
        # None until somebody has looked.
        self.kept_files: KeptFiles | None = None
        # See `sending` and `quotas`; None until the first message.
        self.sent: dict[str, asyncio.Future[Sent]] | None = None
        self.spent: Spent | None = None

    @property
    def is_online(self) -> bool:
        """Whether they have a connection."""
        return bool(self.sid)

    @property
    def topic(self) -> str:
        """What reaches them alone, over whichever connection they have."""
        if self.role == "host":
            return self.room.host_topic
        return f"classroom/{self.room.number}/student/{self.id}"

    @property
    def enrolled(self) -> Enrolled:
        """What is kept of them when they come."""
        token_hash = None if self.tokens is None else self.tokens[0]
        return Enrolled(self.id, self.role, self.name, self.place, self.address, token_hash)

    def as_user(self, protocol: int) -> User:
        """What a room update says of them to a host of this protocol."""
        signal = UNSET if protocol == ORIGINAL or self.signal == "NONE" else self.signal
        steps = self.statuses_for(protocol)
        return User(self.id, self.sid, self.room.number, self.name, self.role, steps, signal)

    def statuses_for(self, protocol: int) -> Mapping[str, Status]:
        """The statuses by what a client of this protocol calls the tasks."""
        return self.steps if protocol >= BEYOND else self.room.handout.names.named(self.steps)


class Room:
    """An open room."""

    __slots__ = (
        "barred_names",
        "barred_tokens",
        "cleaning_turn",
        "decided_handout",
        "exercise",
        "handout",
        "has_auto_done",
        "has_results_page",
        "has_statuses",
        "held",
        "helps",
        "host",
        "host_topic",
        "imported",
        "is_closing",
        "is_importing",
        "is_locked",
        "is_recorded",
        "last_id",
        "names",
        "notices",
        "number",
        "places",
        "renamed_at",
        "reports",
        "saved_use_at",
        "sent_notices",
        "settings",
        "spent",
        "students",
        "students_topics",
        "teacher_id",
        "title",
        "traces",
        "update_due",
        "update_timer",
        "used_at",
        "watched",
    )

    host: Participant

    def __init__(self, number: int, title: str = "") -> None:
        self.number = number
        self.title = title
        # Whose key it belongs to, if anybody's.
        self.teacher_id: int | None = None
        # What reaches every student who is online: of protocols 1 and 2, of 3; and what the host.
        self.students_topics = f"classroom/{number}/students", f"classroom/{number}/students/3"
        self.host_topic = f"classroom/{number}/host"
        # How many were given out, and the highest id that was.
        self.places = 0
        self.last_id = 0
        # In order of joining.
        self.students: dict[int, Participant] = {}
        # As they are compared; also those of students who are being saved.
        self.names: dict[str, Participant] = {}
        # The tasks; `decided_handout` also those that are being saved.
        self.handout = self.decided_handout = of_steps(0, [])
        # When a name by which old clients know tasks has last become another task's.
        self.renamed_at = -math.inf
        self.cleaning_turn = asyncio.Lock()
        # Whether a student has ever reported: whoever tells statuses need not look at a thousand.
        self.has_statuses = False
        self.settings: Ignores | None = None
        self.exercise: str | None = None
        # What the teacher has told the class last; see `sending` for the keys.
        self.notices: deque[Notice] = deque(maxlen=NOTICES)
        self.sent_notices: dict[str, asyncio.Future[Sent]] = {}
        # Tasks that the teacher imported and has not handed out.
        self.imported: list[Step] | None = None
        # Who comes in.
        self.is_locked = False
        self.barred_names: set[str] = set()
        self.barred_tokens: set[str] = set()
        self.has_results_page = True
        self.is_recorded = True
        self.has_auto_done = False
        # See `quotas`.
        self.spent: Spent | None = None
        self.is_closing = False
        self.is_importing = False
        self.used_at = 0.0
        # What the database says of that.
        self.saved_use_at: datetime | None = None
        # For the room's updates: see `updates`.
        self.update_due = 0.0
        self.update_timer: asyncio.Handle | None = None
        self.held: list[tuple[str, object]] = []
        self.helps = Helps()
        self.reports = Reports()
        self.traces: dict[int, Trace] = {}
        # The ids of the students that the host looks at.
        self.watched: set[int] = set()

    def rules_for(self, protocol: int) -> Rules:
        """What the teacher allows everybody, as clients of a protocol hear it."""
        if protocol < BEYOND:
            return Rules(self.has_results_page)
        return Rules(self.has_results_page, self.is_recorded, self.has_auto_done)

    def set_rules(self, rules: Rules) -> None:
        """These hold now; they are all of them."""
        self.has_results_page = rules.has_results_page
        self.is_recorded = rules.is_recorded is True
        self.has_auto_done = rules.auto_done is True

    def stop(self) -> None:
        """Tell nobody anything more that waits to be told: it has ended here."""
        self.helps.stop()
        self.reports.stop()

    def who_is(self, name: str) -> Participant | None:
        """Whoever has this name, also somebody who is being saved."""
        return self.names.get(name)

    def add_name(self, participant: Participant) -> None:
        """The name is in use."""
        self.names.setdefault(_compared(participant.name), participant)

    def drop_name(self, participant: Participant) -> None:
        """The name is free again."""
        name = _compared(participant.name)
        if self.names.get(name) is participant:
            del self.names[name]

    @property
    def is_deserted(self) -> bool:
        """Whether nobody is online."""
        return not self.host.is_online and not any(
            student.is_online for student in self.students.values()
        )


def _compared(name: str) -> str:
    # Names were once kept as they were given.
    try:
        return clean_name(name)
    except BadName:
        return name
