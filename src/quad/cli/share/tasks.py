"""The tasks of a class: what is known of them, and how somebody at a terminal names one. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec
from msgspec import Struct

from quad.cli.share.text import harmless, text_of

STATUSES: Final[Mapping[str, str]] = {
    "NONE": "",
    "IN_PROGRESS": "in progress",
    "HELP": "help!",
    "DONE": "done",
    "ACCEPTED": "accepted",
}
"""What a task's status is called."""

# What may stand between the name of a task and more words.
_ENDS: Final = " :,"


class TaskFile(Struct, frozen=True):
    """A file that a task brings; its name is relative to the task's folder."""

    filename: str
    content: str


class Task(Struct, frozen=True, kw_only=True):
    """A task, or a page of theory; `text` is its HTML as plain text.

    `number` is what a task is called by, also in sentences of the server; the first page of theory
    has none. The `solution` is there once it is revealed.
    """

    id: str
    number: str = ""
    title: str = ""
    text: str = ""
    folder: str = ""
    is_theory: bool = False
    files: tuple[TaskFile, ...] = ()
    solution: tuple[TaskFile, ...] | None = None

    @property
    def has_status(self) -> bool:
        """Whether there is something to do in it; theory is read."""
        return not self.is_theory

    @property
    def name(self) -> str:
        """What to type for it."""
        return self.number or "theory"

    @property
    def heading(self) -> str:
        """What it is called."""
        name = f"Task {self.number}" if self.number else "Theory"
        return f"{name}, {self.title}" if self.title else name


class _Given(Struct):
    id: str
    title: str = ""
    folder: str = ""
    type: Literal["exercise", "theory"] = "exercise"
    content: str = ""
    files: tuple[TaskFile, ...] = ()
    solution: tuple[TaskFile, ...] | None = None

    @property
    def is_theory(self) -> bool:
        # Of an older teacher's steps the name says it.
        return self.type == "theory" or self.id == "theory"


class _AllGiven(Struct):
    tasks: list[_Given]


def tasks_in(payload: object) -> tuple[Task, ...]:
    """The tasks of `tasks/all`; raises msgspec.ValidationError."""
    given = msgspec.convert(payload, _AllGiven).tasks
    numbers = _numbers(given)
    return tuple(
        Task(
            id=each.id,
            number=numbers.get(each.id, ""),
            title=harmless(each.title),
            text=text_of(each.content),
            folder=each.folder,
            is_theory=each.is_theory,
            files=each.files,
            solution=each.solution,
        )
        for each in given
    )


def _numbers(given: Sequence[_Given]) -> Mapping[str, str]:
    """By ids: the place among all but the first page of theory, as the server counts."""
    theory = next((each for each in given if each.is_theory), None)
    others = [each for each in given if each is not theory]
    if all(each.id.isdecimal() and not each.title for each in others):
        # Steps of an older teacher are called by their ids, whatever their places are.
        return {each.id: each.id for each in others}
    return {each.id: str(place) for place, each in enumerate(others, 1)}


def named(tasks: Sequence[Task], words: str) -> Sequence[Task]:
    """The tasks that may be meant: one of this number or title, or all whose titles begin so."""
    wanted = words.strip().casefold()
    for task in tasks:
        if wanted in (task.number, task.title.casefold()) and wanted:
            return [task]
    if wanted == "theory":
        return [task for task in tasks if task.is_theory][:1]
    return [task for task in tasks if wanted and task.title.casefold().startswith(wanted)]


def task_and_note(tasks: Sequence[Task], words: str) -> tuple[Task | None, str]:
    """What a line begins with, if it is a task's number or whole title, and the rest of it."""
    longest_first = sorted(tasks, key=lambda task: -len(task.title))
    for name, task in [(each.number, each) for each in tasks] + [
        (each.title, each) for each in longest_first
    ]:
        begin, rest = words[: len(name)], words[len(name) :]
        if name and begin.casefold() == name.casefold() and rest[:1] in ("", *_ENDS):
            return task, rest.lstrip(_ENDS)
    return None, words
