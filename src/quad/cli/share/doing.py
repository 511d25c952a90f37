"""What happens here, at the student's, and what it makes of a lesson. Pure."""

from collections.abc import Mapping

from msgspec.structs import replace

from quad.cli.share.calls import call_among
from quad.cli.share.lesson import Heard, Lesson, Line, Note
from quad.cli.share.memory import Unsent
from quad.cli.share.tasks import STATUSES, Task
from quad.cli.share.text import harmless


def lost(lesson: Lesson) -> Heard:
    """The connection has ended; nobody watches through it any more."""
    after = replace(lesson, link="offline", is_watched=False, has_caught_up=False, place=None)
    return after, [Note("warning", "The connection is lost; trying again.")]


def said(lesson: Lesson, text: str, key: str) -> Heard:
    """The student has written to the teacher."""
    unsent = (*lesson.unsent, Unsent(key, text))
    after = replace(lesson, unsent=unsent, shown=lesson.shown | {key})
    return after, [Note("me", harmless(text))]


def arrived(lesson: Lesson, message: Unsent, number: int) -> Lesson:
    """The server has kept a message, under this id."""
    after = given_up(lesson, message)
    if any(line.id == number for line in lesson.talk):
        return after
    line = Line(id=number, is_mine=True, text=harmless(message.text))
    return replace(after, talk=(*after.talk, line))


def given_up(lesson: Lesson, message: Unsent) -> Lesson:
    """The message is not to be sent any more."""
    unsent = tuple(each for each in lesson.unsent if each.key != message.key)
    return replace(lesson, unsent=unsent)


def marked(lesson: Lesson, task: Task, status: str) -> Heard:
    """The student has set a task's status; a call that was made with it ends with it."""
    if not task.has_status:
        return lesson, [Note("bad", "The theory is there to be read; it has no status.")]
    if lesson.status(task.id) == "ACCEPTED":
        return lesson, [Note("bad", f"{task.heading} is accepted already.")]
    after = replace(lesson, unsent_statuses={**lesson.unsent_statuses, task.id: status})
    if lesson.call is not None and lesson.call.task == task.id:
        others = {**lesson.statuses, **after.unsent_statuses}
        after = replace(after, call=call_among(others, is_signalling=False), is_call_kept=True)
    return after, [Note("info", f"{task.heading}: {STATUSES[status] or 'not begun'}")]


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
