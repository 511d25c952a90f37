"""Whether a student is recorded: the class has a rule, and the student the last word. Pure."""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from quad.cli.share.lesson import Heard, Lesson, Note

QUESTION: Final = (
    "This class records how your code grows, so that you and your teacher can replay it. Record?"
)
UNASKED: Final = "This class records how code grows. Yours is not recorded: --record allows it."


def decided(lesson: Lesson, *, may_record: bool) -> Heard:
    """The student has said yes or no, for this class."""
    notes = [] if may_record and lesson.is_recording else [Note("info", _stands(may_record))]
    return replace(lesson, may_record=may_record), notes


def ruled(lesson: Lesson, *, is_recording: bool) -> Lesson:
    """The teacher's rule."""
    return replace(lesson, is_recording=is_recording)


def news_of_recording(before: Lesson, after: Lesson) -> Sequence[Note]:
    """That it begins, or ends."""
    if after.is_recorded and not before.is_recorded:
        words = "What you save is recorded now, for you and your teacher; /record no ends that."
        return [Note("warning", words)]
    if before.is_recorded and not after.is_recording:
        return [Note("info", "The class does not record any more.")]
    return ()


def state_of(lesson: Lesson) -> str:
    """How it stands, for who asks."""
    if lesson.is_recorded:
        return "You are recorded; /record no ends that."
    if lesson.is_recording:
        return "You are not recorded; /record yes allows it."
    return "This class does not record."


def _stands(may_record: bool) -> str:  # noqa: FBT001 - one word of two
    return "You may be recorded in this class." if may_record else "You are not recorded."
