"""What the classroom says: every event that it sends, and what the event carries.

This is what current clients get. Original ones get the same without the keys that are optional,
and messages without `id` and `at`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

from msgspec import UNSET, Struct, UnsetType

from quad.classroom.model import (
    AlertType,
    CurrentMessage,
    File,
    Joined,
    LeftOut,
    Message,
    RoomUpdate,
    Signal,
    Status,
    Step,
    UnsentFile,
)
from quad.classroom.sharing.ignores import Ignores


class Sentence(Struct, frozen=True):
    """`message` and `room/closed`: a sentence for people."""

    message: str


class Alert(Struct, frozen=True):
    """`alert`, and the same as `alerts`: a notice to be shown."""

    message: str
    type: AlertType
    code: Literal["import_left_out"] | UnsetType = UNSET
    left_out: Mapping[LeftOut, int] | UnsetType = UNSET
    """What an import had to leave out, by kinds."""


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


class Task(Struct, frozen=True):
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
    "alert": Alert,
    "alerts": Alert,
    "exercise": Task,
    "exercise/feedback": Verdict,
    "exercise/reset": Nothing,
    "message": Sentence,
    "message/to_client": CurrentMessage,
    "message/to_mentor": CurrentMessage,
    "message/user": CurrentHistory,
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
}
"""The type of each event's argument."""
