"""A call for help, who knows of it, and where it is in the queue. Pure."""

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec.structs import replace

from quad.cli.share.lesson import Call, Heard, Lesson, Note, Place
from quad.cli.share.text import harmless

Standing = Literal["none", "unsent", "waiting", "paused", "known", "helped"]
"""`unsent`: only this program knows for sure; `waiting`: the server does; `known`: the teacher."""


def standing_of(lesson: Lesson) -> Standing:
    """Where the call for help stands, be it with a task or apart from all of them."""
    if lesson.call is None:
        return "none"
    if not lesson.is_call_kept or lesson.link != "online":
        return "unsent"
    if lesson.place is not None and lesson.place.place == 0:
        return "helped"
    if lesson.call.is_paused:
        return "paused"
    # The server tells a teacher who is there at once, and one who is away later.
    return "known" if lesson.is_teacher_here else "waiting"


def sign_of(lesson: Lesson) -> str:
    """What the screen says of the call all the time; nothing if there is none."""
    match standing_of(lesson):
        case "none":
            return ""
        case "unsent":
            return "You need help: your teacher hears of it as soon as you are connected"
        case "waiting":
            return "You need help: your teacher is away and will see it when back"
        case "paused":
            return "Your call for help keeps its place; /pause when you can be helped again"
        case "helped":
            return f"{_helper(lesson)} is with you now"
        case "known":
            return "Your teacher knows that you need help" + _queue(lesson)


def news_of_call(before: Lesson, after: Lesson) -> Sequence[Note]:
    """What is to be said: that somebody has come to know of the call, or cannot for now."""
    was, standing = standing_of(before), standing_of(after)
    if standing == "known" and was == "known" and _is_next(after) and not _is_next(before):
        return [Note("good", "You are next.")]
    if standing in (was, "none"):
        return ()
    # What is under way arrives or does not, and a loss of the connection says so by itself.
    if standing == "unsent" and (was != "none" or after.link == "online"):
        return ()
    is_good = standing in ("known", "helped")
    return [Note("good" if is_good else "warning", f"{sign_of(after)}.")]


def call_among(statuses: Mapping[str, str], *, is_signalling: bool) -> Call | None:
    """The call that statuses and signal make, as the server keeps them."""
    asked = next((task for task, status in statuses.items() if status == "HELP"), None)
    return Call(task=asked) if asked is not None or is_signalling else None


# What the student does


def called(lesson: Lesson, task: str | None, note: str) -> Heard:
    """The student needs help, with a task or with anything."""
    after = replace(lesson, call=Call(task=task, note=note), is_call_kept=False)
    if task is None:
        return after, [Note("info", "You ask for help.")]
    left = {each: status for each, status in lesson.unsent_statuses.items() if each != task}
    words = f"You ask for help with {lesson.heading(task)}."
    return replace(after, unsent_statuses=left), [Note("info", words)]


def cancelled(lesson: Lesson) -> Heard:
    """The student can go on alone."""
    if lesson.call is None:
        return lesson, [Note("info", "You have not asked for help.")]
    statuses, unsent = _without_help(lesson.statuses), _without_help(lesson.unsent_statuses)
    after = replace(lesson, call=None, is_call_kept=False, statuses=statuses)
    return replace(after, unsent_statuses=unsent), [Note("info", "You no longer ask for help.")]


def paused(lesson: Lesson) -> Heard:
    """The student cannot be helped for a while, or can again."""
    call = lesson.call
    if call is None:
        return lesson, [Note("info", "You have not asked for help.")]
    after = replace(lesson, call=replace(call, is_paused=not call.is_paused), is_call_kept=False)
    return after, ()


# What the server says


def placed(lesson: Lesson, place: Place) -> Heard:
    """The server says where the call is in the queue."""
    call = lesson.call
    if call is None or not lesson.is_call_kept:
        return replace(lesson, place=place), ()
    if place.place is None:
        note = Note("info", "Your call for help has ended.")
        return replace(lesson, place=None, call=None), [note]
    return replace(lesson, place=place, call=replace(call, is_paused=place.is_paused)), ()


def call_kept(lesson: Lesson, call: Call | None) -> Lesson:
    """The server has kept that; what was decided since then is still to be sent."""
    if lesson.call != call:
        return lesson
    statuses = dict(lesson.statuses)
    if call is not None and call.task is not None:
        statuses[call.task] = "HELP"
    return replace(lesson, is_call_kept=True, statuses=statuses)


def call_given_up(lesson: Lesson, call: Call | None) -> Lesson:
    """The server does not want to hear that: nobody is called."""
    return replace(lesson, call=None, is_call_kept=True) if lesson.call == call else lesson


def _without_help(statuses: Mapping[str, str]) -> dict[str, str]:
    return {
        task: "IN_PROGRESS" if status == "HELP" else status for task, status in statuses.items()
    }


def _is_next(lesson: Lesson) -> bool:
    return lesson.place is not None and lesson.place.place == 1


def _helper(lesson: Lesson) -> str:
    by = lesson.place.by if lesson.place is not None else None
    return harmless(by) if by else "Your teacher"


def _queue(lesson: Lesson) -> str:
    place = lesson.place
    if place is None or not place.place:
        return ""
    if place.place == 1:
        return ": you are next"
    minutes = "" if place.estimate_s is None else f", about {max(1, place.estimate_s // 60)} min"
    return f": {place.place - 1} before you{minutes}"
