"""A call for help, and who knows of it: what may be said about that at any moment. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from msgspec.structs import replace

from quad.cli.share.lesson import Heard, Lesson, Note

Call = Literal["none", "unsent", "waiting", "known"]
"""`unsent`: only this program knows for sure; `waiting`: the server does; `known`: the teacher."""

SIGNS: Final[Mapping[Call, str]] = {
    "none": "",
    "unsent": "You need help: your teacher hears of it as soon as you are connected",
    "waiting": "You need help: your teacher is away and will see it when back",
    "known": "Your teacher knows that you need help",
}


def call_of(lesson: Lesson) -> Call:
    """Where the call for help stands, be it with a task or apart from all of them."""
    tasks = {*lesson.statuses, *lesson.unsent_statuses}
    asked = [task for task in tasks if lesson.status(task) == "HELP"]
    if not asked and not lesson.is_calling:
        return "none"
    is_kept = (lesson.is_calling and lesson.is_call_kept) or any(
        task not in lesson.unsent_statuses for task in asked
    )
    # Whether the teacher is there is known once everything of the room has come.
    if not is_kept or lesson.link != "online" or not lesson.has_caught_up:
        return "unsent"
    # The server tells a teacher who is there at once, and one who is away later.
    return "known" if lesson.is_teacher_here else "waiting"


def news_of_call(before: Lesson, after: Lesson) -> Sequence[Note]:
    """What is to be said: that somebody has come to know of the call, or cannot for now."""
    was, call = call_of(before), call_of(after)
    if call in (was, "none"):
        return ()
    # What is under way arrives or does not, and a loss of the connection says so by itself.
    if call == "unsent" and (was != "none" or after.link == "online"):
        return ()
    return [Note("good" if call == "known" else "warning", f"{SIGNS[call]}.")]


def called(lesson: Lesson, *, is_calling: bool) -> Heard:
    """The student needs help apart from any task, or needs it no longer."""
    if lesson.is_calling == is_calling:
        return lesson, ()
    words = "You ask for help." if is_calling else "You no longer ask for help."
    return replace(lesson, is_calling=is_calling, is_call_kept=False), [Note("info", words)]


def call_kept(lesson: Lesson, *, is_calling: bool) -> Lesson:
    """The server has kept that; what was decided since then is still to be sent."""
    return replace(lesson, is_call_kept=True) if lesson.is_calling == is_calling else lesson


def call_given_up(lesson: Lesson, *, is_calling: bool) -> Lesson:
    """The server does not want to hear that: it stays as it was there."""
    if lesson.is_calling != is_calling:
        return lesson
    return replace(lesson, is_calling=not is_calling, is_call_kept=True)
