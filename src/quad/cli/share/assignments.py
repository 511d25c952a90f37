"""The commands that are about one task: read it, say how it goes, ask, fetch files, compare."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from quad.cli.share.answers import Answer, Question
from quad.cli.share.calls import sign_of
from quad.cli.share.lesson import Lesson
from quad.cli.share.starting import asked_to_start_again, compare, save_solution, start
from quad.cli.share.tasks import STATUSES, Task, named, task_and_note
from quad.cli.share.text import harmless
from quad.cli.share.visit import Visit

_MARKS: Final[Mapping[str, str]] = {"progress": "IN_PROGRESS", "done": "DONE", "none": "NONE"}


class Assignments:
    """Carries these commands out."""

    def __init__(self, visit: Visit, root: Path) -> None:
        self._visit = visit
        self._root = root

    @property
    def _lesson(self) -> Lesson:
        return self._visit.lesson

    def mark(self, command: str, rest: str) -> Answer:
        """`/progress`, `/done` and `/none`; with one task alone it is that one."""
        lesson = self._lesson
        if not rest and command == "done" and lesson.call is not None and not lesson.call.task:
            self._visit.cancel_call()
            return Answer()
        to_do = _to_do(lesson)
        if not rest and len(to_do) != 1:
            return Answer(f"Say which task: /{command} 1")
        task = _one(lesson.tasks, rest) if rest else to_do[0]
        if isinstance(task, Answer):
            return task
        self._visit.mark(task, _MARKS[command])
        return Answer()

    def ask(self, rest: str) -> Answer:
        """`/ask`. Who asks again, and says nothing new, wants to know whether anybody has heard."""
        lesson = self._lesson
        task, note = task_and_note(lesson.tasks, rest)
        if task is None and rest.isdecimal():
            return Answer(f"There is no task {rest}.")
        if not rest and lesson.call is not None:
            return Answer(f"{sign_of(lesson)}; /cancel when you can go on.")
        to_do = _to_do(lesson)
        if task is None and len(to_do) == 1:
            [task] = to_do
        is_open = task is not None and task.has_status and lesson.status(task.id) != "ACCEPTED"
        self._visit.call(task.id if task is not None and is_open else None, note)
        return Answer()

    def read(self, rest: str) -> Answer:
        """`/task`."""
        if not rest:
            return Answer(_listed(self._lesson))
        task = _one(self._lesson.tasks, rest)
        if isinstance(task, Answer):
            return task
        end = f"--- /start {task.name} gets its files" if task.files else "---"
        return Answer(f"--- {task.heading} ---\n{task.text}\n{end}")

    async def start(self, rest: str) -> Answer:
        """`/start`."""
        words, is_again = _without_flag(rest, "--again")
        task = _one(self._lesson.tasks, words)
        if isinstance(task, Answer):
            return task
        asked = await asyncio.to_thread(asked_to_start_again, self._root, task) if is_again else ""
        if not asked:
            return Answer(await asyncio.to_thread(start, self._root, task))

        async def begin_again() -> Answer:
            return Answer(await asyncio.to_thread(start, self._root, task, is_again=True))

        return Answer(question=Question(asked, begin_again))

    async def solution(self, rest: str) -> Answer:
        """`/solution`."""
        words, is_saved = _without_flag(rest, "--save")
        task = _one(self._lesson.tasks, words)
        if isinstance(task, Answer):
            return task
        act = save_solution if is_saved else compare
        return Answer(await asyncio.to_thread(act, self._root, task))


def _to_do(lesson: Lesson) -> Sequence[Task]:
    return [task for task in lesson.tasks if task.has_status]


def _without_flag(words: str, flag: str) -> tuple[str, bool]:
    parts = words.split()
    return " ".join(part for part in parts if part != flag), flag in parts


def _one(tasks: Sequence[Task], words: str) -> Task | Answer:
    """The task that is meant, or what to say instead."""
    found = named(tasks, words)
    if not words:
        return Answer("Say which task, by its number or title.")
    if not found:
        return Answer(f"There is no task {harmless(words)}.")
    if len(found) > 1:
        return Answer("Say which one: " + "; ".join(task.heading for task in found))
    return found[0]


def _listed(lesson: Lesson) -> str:
    if not lesson.tasks:
        return "There are no tasks yet."
    width = max(len(task.heading) for task in lesson.tasks)
    rows = [
        (task.heading, STATUSES.get(lesson.status(task.id), ""), _first_line(task.text))
        for task in lesson.tasks
    ]
    return "\n".join(
        f"{heading:{width}}  {status:11}  {text}".rstrip() for heading, status, text in rows
    )


def _first_line(text: str) -> str:
    line = text.strip().partition("\n")[0]
    return line if len(line) <= 60 else line[:59] + "…"
