"""What each event of the server makes of a lesson. Pure.

`heard` takes the lesson as it was and an event, and gives the lesson as it is and the notes that
somebody at the terminal should read. What has a code is known by it, and not by its sentence.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from quad.cli.share.calls import call_among, placed
from quad.cli.share.ignoring import Ignores
from quad.cli.share.lesson import Heard, Kind, Lesson, Line, Note, Place
from quad.cli.share.recording import ruled
from quad.cli.share.tasks import STATUSES, Task, TaskFile, tasks_in
from quad.cli.share.text import harmless, text_of

_KINDS: Final[Mapping[str, Kind]] = {"SUCCESS": "good", "WARNING": "warning", "ERROR": "bad"}
_OLD_TASK: Final = "exercise"


def heard(lesson: Lesson, event: str, payload: object) -> Heard:
    """What an event makes of the lesson. Raises msgspec.ValidationError for a payload of nobody."""
    handler = _HANDLERS.get(event)
    return (lesson, ()) if handler is None else handler(lesson, payload)


# --- the room -------------------------------------------------------------------------------------


class _Rules(Struct):
    is_recorded: bool = False


class _Joined(Struct):
    user_id: int
    name: str
    is_teacher_here: bool
    rules: _Rules = msgspec.field(default_factory=_Rules)
    title: str = ""
    steps: dict[str, str] = {}
    signal: str = "NONE"


def _joined(lesson: Lesson, payload: object) -> Heard:
    joined = msgspec.convert(payload, _Joined)
    is_back = lesson.link == "offline"
    title = harmless(joined.title)
    after = replace(
        lesson,
        user_id=joined.user_id,
        name=joined.name,
        title=title,
        statuses=joined.steps,
        link="online",
        is_teacher_here=joined.is_teacher_here,
        has_caught_up=False,
        place=None,
    )
    after = ruled(after, is_recording=joined.rules.is_recorded)
    if lesson.is_call_kept:
        is_signalling = joined.signal == "HELP"
        after = replace(after, call=call_among(joined.steps, is_signalling=is_signalling))
    where = f"room {lesson.room}, {title}," if title else f"room {lesson.room}"
    words = "Connected again." if is_back else f"You are in {where} as {joined.name}."
    notes = [Note("good", harmless(words))]
    if not joined.is_teacher_here and (lesson.is_teacher_here or not is_back):
        notes.append(Note("info", _AWAY))
    return after, notes


_AWAY: Final = "The teacher is away."
_BACK: Final = "The teacher is back."


class _Notice(Struct):
    message: str
    type: str = "INFO"
    code: str = ""
    task: str = ""


def _message(lesson: Lesson, payload: object) -> Heard:
    notice = msgspec.convert(payload, _Notice)
    match notice.code:
        case "teacher_away":
            notes = (Note("info", _AWAY),) if lesson.is_teacher_here else ()
            return replace(lesson, is_teacher_here=False, is_watched=False), notes
        case "teacher_back":
            notes = () if lesson.is_teacher_here else (Note("info", _BACK),)
            return replace(lesson, is_teacher_here=True), notes
        case _:
            return lesson, [Note("info", harmless(notice.message))]


def _alert(lesson: Lesson, payload: object) -> Heard:
    notice = msgspec.convert(payload, _Notice)
    match notice.code:
        case "accepted":
            return lesson, [Note("good", f"{lesson.heading(notice.task)}: accepted!")]
        case "declined":
            words = f"{lesson.heading(notice.task)}: not accepted yet, have another look."
            return lesson, [Note("warning", words)]
        case "place_taken":
            lesson = replace(lesson, is_replaced=True)
    return lesson, [Note(_KINDS.get(notice.type, "info"), harmless(notice.message))]


def _rules(lesson: Lesson, payload: object) -> Heard:
    return ruled(lesson, is_recording=msgspec.convert(payload, _Rules).is_recorded), ()


def _settings(lesson: Lesson, payload: object) -> Heard:
    return replace(lesson, ignores=msgspec.convert(payload, Ignores)), ()


def _watched(lesson: Lesson, _payload: object) -> Heard:
    notes = () if lesson.is_watched else (Note("warning", "The teacher is watching your folder."),)
    return replace(lesson, is_watched=True), notes


def _unwatched(lesson: Lesson, _payload: object) -> Heard:
    notes = (Note("info", "The teacher has stopped watching."),) if lesson.is_watched else ()
    return replace(lesson, is_watched=False), notes


def _closed(lesson: Lesson, _payload: object) -> Heard:
    return replace(lesson, is_closed=True, is_watched=False), ()


# --- tasks ----------------------------------------------------------------------------------------


def _tasks(lesson: Lesson, payload: object) -> Heard:
    tasks = tasks_in(payload)
    if tasks == lesson.tasks:
        return lesson, ()
    count = sum(task.has_status for task in tasks)
    words = f"The teacher has given {count} {'task' if count == 1 else 'tasks'}."
    return replace(lesson, tasks=tasks), [Note("info", words)]


def _exercise(lesson: Lesson, payload: object) -> Heard:
    # The old form of a single task without a number.
    content = msgspec.convert(payload, dict[str, str]).get("content", "")
    task = Task(id=_OLD_TASK, text=text_of(content), is_theory=True)
    if task in lesson.tasks:
        return lesson, ()
    others = tuple(each for each in lesson.tasks if each.id != _OLD_TASK)
    return replace(lesson, tasks=(task, *others)), [Note("info", "The teacher has given a task.")]


class _Reviewed(Struct):
    statuses: dict[str, str]


def _reviewed(lesson: Lesson, payload: object) -> Heard:
    """The comment comes as a message, too, and a word of praise or blame as a notice."""
    review = msgspec.convert(payload, _Reviewed).statuses
    notes = [
        Note("info", f"{lesson.heading(task)}: {STATUSES.get(status) or 'not begun'}")
        for task, status in review.items()
        if status != lesson.statuses.get(task, "NONE") and _is_without_notice(lesson, task, status)
    ]
    left = {task: value for task, value in lesson.unsent_statuses.items() if task not in review}
    statuses = {**lesson.statuses, **review}
    after = replace(lesson, statuses=statuses, unsent_statuses=left)
    call = after.call
    if after.is_call_kept and call is not None and call.task in review:
        after = replace(after, call=call_among(statuses, is_signalling=False))
    return after, notes


def _is_without_notice(lesson: Lesson, task: str, status: str) -> bool:
    return status != "ACCEPTED" and (status, lesson.statuses.get(task)) != ("NONE", "DONE")


class _Revealed(Struct):
    task: str
    solution: tuple[TaskFile, ...]


def _revealed(lesson: Lesson, payload: object) -> Heard:
    revealed = msgspec.convert(payload, _Revealed)
    tasks = tuple(
        replace(task, solution=revealed.solution) if task.id == revealed.task else task
        for task in lesson.tasks
    )
    task = lesson.task(revealed.task)
    if task is None:
        return lesson, ()
    words = f"{task.heading}: the teacher shows the solution. /solution {task.name} compares it."
    return replace(lesson, tasks=tasks), [Note("info", words)]


# --- conversation ---------------------------------------------------------------------------------


class _Message(Struct):
    id: int
    sender: int
    content: str
    key: str = ""


class _History(Struct):
    user_id: int
    messages: list[_Message]


class _ToAll(Struct):
    id: int
    content: str


def _from_teacher(lesson: Lesson, payload: object) -> Heard:
    message = msgspec.convert(payload, _Message)
    if any(line.id == message.id for line in lesson.talk):
        return lesson, ()
    line = Line(id=message.id, is_mine=False, text=harmless(message.content))
    return replace(lesson, talk=(*lesson.talk, line)), [Note("teacher", line.text)]


def _history(lesson: Lesson, payload: object) -> Heard:
    """All messages so far; some of what was not known to have arrived may be among them."""
    history = msgspec.convert(payload, _History)
    known = {line.id for line in lesson.talk}
    arrived = {message.key for message in history.messages if message.key}
    missed = [
        message
        for message in history.messages
        if message.id not in known and message.key not in lesson.shown
    ]
    unsent = tuple(each for each in lesson.unsent if each.key not in arrived)
    # Written in an earlier run, and not yet sent.
    waiting = [each for each in unsent if each.key not in lesson.shown]
    talk = tuple(
        Line(
            id=message.id,
            is_mine=message.sender == history.user_id,
            text=harmless(message.content),
        )
        for message in history.messages
    )
    after = replace(
        lesson,
        talk=talk,
        unsent=unsent,
        shown=lesson.shown | {each.key for each in waiting},
        has_caught_up=True,
    )
    notes = [
        Note("me" if message.sender == history.user_id else "teacher", harmless(message.content))
        for message in missed
    ]
    return after, [*notes, *(Note("me", harmless(each.text)) for each in waiting)]


def _told_all(lesson: Lesson, payload: object) -> Heard:
    notice = msgspec.convert(payload, _ToAll)
    if notice.id in lesson.notices:
        return lesson, ()
    after = replace(lesson, notices=lesson.notices | {notice.id})
    return after, [Note("notice", harmless(notice.content))]


def _help_place(lesson: Lesson, payload: object) -> Heard:
    return placed(lesson, msgspec.convert(payload, Place))


_HANDLERS: Final[Mapping[str, Any]] = {
    "room/join": _joined,
    "room/closed": _closed,
    "tasks/all": _tasks,
    "tasks/reviewed": _reviewed,
    "tasks/reveal": _revealed,
    "exercise": _exercise,
    "rules": _rules,
    "settings": _settings,
    "sharing/start": _watched,
    "sharing/end": _unwatched,
    "message/to_client": _from_teacher,
    "message/user": _history,
    "notice": _told_all,
    "message": _message,
    "alerts": _alert,
    "help/place": _help_place,
}
