"""What the classroom says: every event that it sends, and what the event carries.

This is what current clients get. Original ones get the same without the keys that are optional,
and messages without `id` and `at`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from msgspec import UNSET, Struct, UnsetType, field

from quad.classroom.helping import outgoing as helping
from quad.classroom.model import (
    BEYOND,
    CURRENT,
    AlertType,
    CurrentMessage,
    File,
    Joined,
    LeftOut,
    Message,
    Notice,
    RoomUpdate,
    Rules,
    Signal,
    Status,
    Step,
    UnsentFile,
)
from quad.classroom.running import outgoing as running
from quad.classroom.sharing.ignores import Ignores
from quad.classroom.tasks.model import Task, TaskFile


class Sentence(Struct, frozen=True):
    """`message` and `room/closed`: a sentence for people.

    Of a `message`, clients of protocol 3 get the `code`.
    """

    message: str
    code: Literal["teacher_away", "teacher_back"] | UnsetType = UNSET


AlertCode = Literal[
    "accepted",
    "barred",
    "came_from_elsewhere",
    "declined",
    "handed_over",
    "import_failed",
    "import_left_out",
    "imported",
    "locked",
    "name_taken",
    "outdated_plugin",
    "place_taken",
    "rekeyed",
    "room_closed",
    "silent",
]


class Alert(Struct, frozen=True):
    """`alert`, and the same as `alerts`: a notice to be shown.

    Clients of protocol 3 get the `code`, and what the sentence names.
    """

    message: str
    type: AlertType
    code: AlertCode | UnsetType = UNSET
    left_out: Mapping[LeftOut, int] | UnsetType = UNSET
    """What an import had to leave out, by kinds: this, and its code, clients of 2 get, too."""
    task: str | UnsetType = UNSET
    """Which task was accepted or declined."""
    name: str | UnsetType = UNSET
    """Who came back from elsewhere."""


def alert_for(protocol: int, notice: Alert) -> Alert:
    """The notice as a client of this protocol gets it."""
    is_whole = protocol >= (BEYOND if notice.left_out is UNSET else CURRENT)
    return notice if is_whole else Alert(notice.message, notice.type)


TEACHER_AWAY: Final = Sentence("The teacher is offline!", "teacher_away")
TEACHER_BACK: Final = Sentence("The teacher reconnected!", "teacher_back")


def sentence_for(protocol: int, sentence: Sentence) -> Sentence:
    """The sentence as a client of this protocol gets it."""
    return sentence if protocol >= BEYOND else Sentence(sentence.message)


class Nothing(Struct, frozen=True):
    """An empty object."""


NOTHING: Final = Nothing()


class CodeOfStudent(Struct, frozen=True, gc=False):
    """What the host gets of `sharing/code_send` and `sharing/code_update`."""

    room_id: int
    user_id: int
    files: Sequence[File]


class LeftOutOfStudent(Struct, frozen=True):
    """What a current host gets of `sharing/left_out`: all that is left out now."""

    user_id: int
    files: Sequence[UnsentFile]


class Tasks(Struct, frozen=True):
    """`tasks/all`: the tasks of the class; to the teacher all of them with `solution`.

    The teacher also gets the ids of those whose solution is `revealed`. Tasks that are imported and
    not set yet come to the teacher alone.
    """

    rev: int
    tasks: Sequence[Task]
    revealed: Sequence[str] | UnsetType = UNSET
    is_imported: bool | UnsetType = UNSET


class NewRev(Struct, frozen=True):
    """What `tasks/set` is acknowledged by."""

    rev: int


class TaskReport(Struct, frozen=True):
    """What a host of protocol 3 gets of a student's statuses: all of them, by the ids of tasks."""

    user_id: int
    statuses: Mapping[str, Status]


class Reviewed(Struct, frozen=True):
    """`tasks/reviewed`: the teacher's word on a student's tasks; `comment` is a message, too."""

    statuses: Mapping[str, Status]
    comment: str | None


class Revealed(Struct, frozen=True):
    """`tasks/reveal`: the solution of a task."""

    task: str
    solution: Sequence[TaskFile]


class StepsOfStudent(Struct, frozen=True):
    """What the host gets of `steps/status/to_mentor`, and a row of `steps/table`."""

    user_id: int
    steps: Mapping[str, Status]


class History(Struct, frozen=True):
    """`message/user`: the messages between the teacher and a student, the oldest first."""

    user_id: int
    messages: Sequence[Message]


class CurrentHistory(History, frozen=True):
    """The same for current clients."""

    messages: Sequence[CurrentMessage]


class OwnClass(Struct, frozen=True):
    """A class of a teacher's; `created_at` in ISO 8601, `closed_at` null while it is open."""

    room_id: int
    title: str
    created_at: str
    closed_at: str | None
    students: int


class OwnSet(Struct, frozen=True):
    """A set of tasks in a teacher's library; `tasks` is how many they are."""

    id: str
    title: str
    tasks: int
    updated_at: str


class TeachersClasses(Struct, frozen=True):
    """What `teacher/open` is acknowledged by: what belongs to a key, the newest first."""

    name: str
    classes: Sequence[OwnClass]
    sets: Sequence[OwnSet]


class NewKey(Struct, frozen=True):
    """What `teacher/rekey` is acknowledged by."""

    teacher: str


class GivenPass(Struct, frozen=True):
    """What `room/pass` is acknowledged by; `expires_at` in ISO 8601."""

    pass_: str = field(name="pass")
    expires_at: str


class TaskInOldForm(Struct, frozen=True):
    """`exercise`; `content` is HTML."""

    content: str


class Verdict(Struct, frozen=True):
    """`exercise/feedback`."""

    accepted: bool


class SignalOfStudent(Struct, frozen=True):
    """What the host gets of `signal`."""

    user_id: int
    value: Signal


OUTGOING: Final[Mapping[str, Any]] = {
    **helping.OUTGOING,
    **running.OUTGOING,
    "rules": Rules,
    "alert": Alert,
    "alerts": Alert,
    "exercise": TaskInOldForm,
    "exercise/feedback": Verdict,
    "exercise/reset": Nothing,
    "message": Sentence,
    "message/to_client": CurrentMessage,
    "message/to_mentor": CurrentMessage,
    "message/user": CurrentHistory,
    "notice": Notice,
    "room/closed": Sentence,
    "room/join": Joined,
    "room/update": RoomUpdate,
    "settings": Ignores,
    "sharing/code_send": CodeOfStudent,
    "sharing/code_update": CodeOfStudent,
    "sharing/end": Nothing,
    "sharing/left_out": LeftOutOfStudent,
    "sharing/start": Nothing,
    "signal": SignalOfStudent,
    "steps/all": list[Step],
    "steps/load": list[Step],
    "steps/status/to_client": dict[str, Status],
    "steps/status/to_mentor": StepsOfStudent,
    "steps/table": list[StepsOfStudent],
    "tasks/all": Tasks,
    "tasks/report": TaskReport,
    "tasks/reveal": Revealed,
    "tasks/reviewed": Reviewed,
}
"""The type of each event's argument."""
