"""What a student knows of the class: everything that is shown, and what is still to be sent."""

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import Struct

from quad.cli.share.ignoring import Ignores
from quad.cli.share.memory import Unsent
from quad.cli.share.tasks import Task

Kind = Literal["info", "good", "warning", "bad", "teacher", "notice", "me"]
Link = Literal["connecting", "online", "offline"]


class Note(Struct, frozen=True):
    """A line for the terminal."""

    kind: Kind
    text: str


class Line(Struct, frozen=True):
    """One message of the conversation, by the server's id."""

    id: int
    is_mine: bool
    text: str


class Call(Struct, frozen=True):
    """A call for help, with the task of this id or with none."""

    task: str | None = None
    note: str = ""
    is_paused: bool = False


class Place(Struct, frozen=True):
    """Where the call is in the queue: 1 is next, 0 with the name of who helps now."""

    place: int | None
    estimate_s: int | None = None
    by: str | None = None
    is_paused: bool = False


class Lesson(Struct, frozen=True, kw_only=True):
    """Everything that is shown."""

    room: int
    name: str
    user_id: int = 0
    title: str = ""
    link: Link = "connecting"
    is_teacher_here: bool = True
    is_watched: bool = False
    # Whether the class records how code grows, and what this student says to that.
    is_recording: bool = False
    may_record: bool | None = None
    tasks: tuple[Task, ...] = ()
    statuses: Mapping[str, str] = {}
    ignores: Ignores = Ignores()
    talk: tuple[Line, ...] = ()
    # The ids of what the teacher has told the whole class.
    notices: frozenset[int] = frozenset()
    # Written here, and not known to have arrived; and the keys of all that the screen shows.
    unsent: tuple[Unsent, ...] = ()
    shown: frozenset[str] = frozenset()
    # Set here, and not known to have arrived.
    unsent_statuses: Mapping[str, str] = {}
    # The call for help as the student wants it, whether the server is known to know, and what it
    # says of it.
    call: Call | None = None
    is_call_kept: bool = True
    place: Place | None = None
    # Whether everything has come that the server tells of the room at the beginning.
    has_caught_up: bool = False
    # How the room ended, or that another connection has taken this one's place.
    is_closed: bool = False
    is_replaced: bool = False

    @property
    def is_recorded(self) -> bool:
        """Whether what is saved here is kept, change by change."""
        return self.is_recording and self.may_record is True

    @property
    def is_asking_to_record(self) -> bool:
        """Whether the student has to be asked."""
        return self.is_recording and self.may_record is None and self.link == "online"

    def status(self, task: str) -> str:
        """A task's status, as this student has set it."""
        if self.call is not None and self.call.task == task and not self.is_call_kept:
            return "HELP"
        return self.unsent_statuses.get(task) or self.statuses.get(task, "NONE")

    def task(self, task_id: str) -> Task | None:
        """The task of this id."""
        return next((task for task in self.tasks if task.id == task_id), None)

    def heading(self, task_id: str) -> str:
        """What a task is called, also one that is gone."""
        task = self.task(task_id)
        return "A task that is gone" if task is None else task.heading


Heard = tuple[Lesson, Sequence[Note]]
