"""What a student knows of the class, and what each event of the server makes of it. Pure.

`heard` takes the lesson as it was and an event, and gives the lesson as it is and the notes that
somebody at the terminal should read.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from quad.cli.share.ignoring import Ignores
from quad.cli.share.text import harmless, text_of

Kind = Literal["info", "good", "warning", "bad", "teacher", "me"]
Link = Literal["connecting", "online", "offline"]

STATUSES: Final[Mapping[str, str]] = {
    "NONE": "",
    "IN_PROGRESS": "in progress",
    "HELP": "help!",
    "DONE": "done",
    "ACCEPTED": "accepted",
}
"""What a task's status is called."""

_TEACHER_OFFLINE: Final = "The teacher is offline!"
_TEACHER_BACK: Final = "The teacher reconnected!"
_TAKEN: Final = "Your place in the room was taken"
_KINDS: Final[Mapping[str, Kind]] = {"SUCCESS": "good", "WARNING": "warning", "ERROR": "bad"}


class Note(Struct, frozen=True):
    """A line for the terminal."""

    kind: Kind
    text: str


class Task(Struct, frozen=True):
    """A task, or the theory page; `text` is its HTML as plain text."""

    name: str
    text: str

    @property
    def has_status(self) -> bool:
        """Whether there is something to do in it; the theory page is read."""
        return self.name != "theory"

    @property
    def title(self) -> str:
        """What it is called."""
        return "Theory" if self.name == "theory" else f"Task {self.name}"


class Line(Struct, frozen=True):
    """One message of the conversation; `at` is ISO 8601, in UTC."""

    is_mine: bool
    text: str
    at: str


class Lesson(Struct, frozen=True, kw_only=True):
    """Everything that is shown."""

    room: int
    name: str
    user_id: int = 0
    link: Link = "connecting"
    is_teacher_here: bool = True
    is_watched: bool = False
    tasks: tuple[Task, ...] = ()
    statuses: Mapping[str, str] = {}
    ignores: Ignores = Ignores()
    talk: tuple[Line, ...] = ()
    # Written here, and not known to have arrived.
    unsent: tuple[str, ...] = ()
    # Set here, and not known to have arrived.
    unsent_statuses: Mapping[str, str] = {}
    # Whether help is asked for apart from any task, and whether the server is known to know that.
    is_calling: bool = False
    is_call_kept: bool = True
    # Whether everything has come that the server tells of the room at the beginning.
    has_caught_up: bool = False
    # How the room ended, or that another connection has taken this one's place.
    is_closed: bool = False
    is_replaced: bool = False

    def status(self, task: str) -> str:
        """A task's status, as this student has set it."""
        return self.unsent_statuses.get(task) or self.statuses.get(task, "NONE")


Heard = tuple[Lesson, Sequence[Note]]


# --- what the server says -------------------------------------------------------------------------


class _Joined(Struct):
    user_id: int
    # Left out for a place that an original client had: then it is the one that was asked for.
    name: str | None = None
    steps: dict[str, str] = {}
    signal: str = "NONE"


class _Step(Struct):
    name: str
    content: str = ""


class _Message(Struct):
    sender: int
    content: str
    at: str


class _History(Struct):
    user_id: int
    messages: list[_Message]


class _Notice(Struct):
    message: str
    type: str = "INFO"


def heard(lesson: Lesson, event: str, payload: object) -> Heard:
    """What an event makes of the lesson. Raises msgspec.ValidationError for a payload of nobody."""
    handler = _HANDLERS.get(event)
    return (lesson, ()) if handler is None else handler(lesson, payload)


def _joined(lesson: Lesson, payload: object) -> Heard:
    joined = msgspec.convert(payload, _Joined)
    is_back = lesson.link == "offline"
    name = joined.name or lesson.name
    after = replace(
        lesson,
        user_id=joined.user_id,
        name=name,
        statuses=joined.steps,
        is_calling=joined.signal == "HELP" if lesson.is_call_kept else lesson.is_calling,
        link="online",
        is_teacher_here=True,
        has_caught_up=False,
    )
    words = "Connected again." if is_back else f"You are in room {lesson.room} as {name}."
    return after, [Note("good", harmless(words))]


def _tasks(lesson: Lesson, payload: object) -> Heard:
    steps = msgspec.convert(payload, list[_Step])
    tasks = tuple(Task(step.name, text_of(step.content)) for step in steps)
    if tasks == lesson.tasks:
        return lesson, ()
    count = sum(task.has_status for task in tasks)
    words = f"The teacher has given {count} {'task' if count == 1 else 'tasks'}."
    return replace(lesson, tasks=tasks), [Note("info", words)]


def _exercise(lesson: Lesson, payload: object) -> Heard:
    # The old form of a single task without a number.
    content = msgspec.convert(payload, dict[str, str]).get("content", "")
    others = tuple(task for task in lesson.tasks if task.has_status)
    task = Task("theory", text_of(content))
    if task in lesson.tasks:
        return lesson, ()
    return replace(lesson, tasks=(task, *others)), [Note("info", "The teacher has given a task.")]


def _reviewed(lesson: Lesson, payload: object) -> Heard:
    review = msgspec.convert(payload, dict[str, str])
    left = {task: value for task, value in lesson.unsent_statuses.items() if task not in review}
    statuses = {**lesson.statuses, **review}
    # The sentence about it came as a notice of its own.
    return replace(lesson, statuses=statuses, unsent_statuses=left), ()


def _settings(lesson: Lesson, payload: object) -> Heard:
    return replace(lesson, ignores=msgspec.convert(payload, Ignores)), ()


def _watched(lesson: Lesson, _payload: object) -> Heard:
    notes = () if lesson.is_watched else (Note("warning", "The teacher is watching your folder."),)
    return replace(lesson, is_watched=True), notes


def _unwatched(lesson: Lesson, _payload: object) -> Heard:
    notes = (Note("info", "The teacher has stopped watching."),) if lesson.is_watched else ()
    return replace(lesson, is_watched=False), notes


def _from_teacher(lesson: Lesson, payload: object) -> Heard:
    message = msgspec.convert(payload, _Message)
    line = Line(is_mine=False, text=harmless(message.content), at=message.at)
    return replace(lesson, talk=(*lesson.talk, line)), [Note("teacher", line.text)]


def _history(lesson: Lesson, payload: object) -> Heard:
    """All messages so far; some of what was not known to have arrived may be among them."""
    history = msgspec.convert(payload, _History)
    talk = tuple(
        Line(message.sender == history.user_id, harmless(message.content), message.at)
        for message in history.messages
    )
    known = sum(line.is_mine for line in lesson.talk)
    arrived = [message.content for message in history.messages if message.sender == lesson.user_id]
    unsent = lesson.unsent
    for text in arrived[known:]:
        if unsent and unsent[0] == text:
            unsent = unsent[1:]
    # What was written here in this run was shown when it was written.
    is_first = not lesson.talk and not lesson.unsent
    missed = [line for line in talk[len(lesson.talk) :] if is_first or not line.is_mine]
    notes = [Note("me" if line.is_mine else "teacher", line.text) for line in missed]
    return replace(lesson, talk=talk, unsent=unsent, has_caught_up=True), notes


def _notice(lesson: Lesson, payload: object) -> Heard:
    notice = msgspec.convert(payload, _Notice)
    is_replaced = lesson.is_replaced or notice.message.startswith(_TAKEN)
    note = Note(_KINDS.get(notice.type, "info"), harmless(notice.message))
    return replace(lesson, is_replaced=is_replaced), [note]


def _message(lesson: Lesson, payload: object) -> Heard:
    message = msgspec.convert(payload, _Notice).message
    if message == _TEACHER_OFFLINE:
        lesson = replace(lesson, is_teacher_here=False, is_watched=False)
    elif message == _TEACHER_BACK:
        lesson = replace(lesson, is_teacher_here=True)
    return lesson, [Note("info", harmless(message))]


def _closed(lesson: Lesson, _payload: object) -> Heard:
    return replace(lesson, is_closed=True, is_watched=False), ()


_HANDLERS: Final[Mapping[str, Any]] = {
    "room/join": _joined,
    "room/closed": _closed,
    "steps/all": _tasks,
    "steps/status/to_client": _reviewed,
    "exercise": _exercise,
    "settings": _settings,
    "sharing/start": _watched,
    "sharing/end": _unwatched,
    "message/to_client": _from_teacher,
    "message/user": _history,
    "message": _message,
    "alerts": _notice,
}


# --- what happens here ----------------------------------------------------------------------------


def lost(lesson: Lesson) -> Heard:
    """The connection has ended; nobody watches through it any more."""
    after = replace(lesson, link="offline", is_watched=False, has_caught_up=False)
    return after, [Note("warning", "The connection is lost; trying again.")]


def said(lesson: Lesson, text: str) -> Heard:
    """The student has written to the teacher."""
    return replace(lesson, unsent=(*lesson.unsent, text)), [Note("me", harmless(text))]


def arrived(lesson: Lesson, text: str, at: str) -> Lesson:
    """The server has kept the first message that was not sent yet."""
    line = Line(is_mine=True, text=harmless(text), at=at)
    return replace(lesson, unsent=lesson.unsent[1:], talk=(*lesson.talk, line))


def given_up(lesson: Lesson) -> Lesson:
    """The server does not want the first message that was not sent yet."""
    return replace(lesson, unsent=lesson.unsent[1:])


def marked(lesson: Lesson, task: str, status: str) -> Heard:
    """The student has set a task's status."""
    found = next((each for each in lesson.tasks if each.name == task), None)
    if found is None:
        return lesson, [Note("bad", f"There is no task {harmless(task)}.")]
    if not found.has_status:
        return lesson, [Note("bad", "The theory is there to be read; it has no status.")]
    if lesson.status(task) == "ACCEPTED":
        return lesson, [Note("bad", f"{found.title} is accepted already.")]
    after = replace(lesson, unsent_statuses={**lesson.unsent_statuses, task: status})
    return after, [Note("info", f"{found.title}: {STATUSES[status] or 'not begun'}")]


def reported(lesson: Lesson, news: Mapping[str, str]) -> Lesson:
    """The server has kept these statuses; what was set or reviewed since then stands."""
    kept = {
        task: status for task, status in news.items() if lesson.unsent_statuses.get(task) == status
    }
    return taken_back(replace(lesson, statuses={**lesson.statuses, **kept}), kept)


def taken_back(lesson: Lesson, news: Mapping[str, str]) -> Lesson:
    """These statuses are not to be sent any more."""
    left = {
        task: status for task, status in lesson.unsent_statuses.items() if news.get(task) != status
    }
    return replace(lesson, unsent_statuses=left)
