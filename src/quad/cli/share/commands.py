"""What may be typed: a message to the teacher, or a command that begins with a slash."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from quad.cli.share.calls import sign_of
from quad.cli.share.folder import Folder
from quad.cli.share.lesson import Lesson
from quad.cli.share.tasks import STATUSES, Task, named, task_and_note
from quad.cli.share.telling import describe
from quad.cli.share.text import harmless
from quad.cli.share.visit import Visit

HELP: Final = """\
Anything without a slash is a message to the teacher. Commands; a task is named
by its number or its title:
  /tasks        the tasks and how you stand      /task 2    read task 2
  /progress 2   you work on task 2               /done 2    you have finished it
  /none 2       you have not begun task 2
  /ask          you need help with anything      /ask 2 I get an IndexError
  /pause        keep your place in the queue     /cancel    you can go on alone
  /files        what of your folder is shared, and what is left out and why
  /quit         stop; start again to go on       /leave     leave the room for good"""

_MARKS: Final[Mapping[str, str]] = {"progress": "IN_PROGRESS", "done": "DONE", "none": "NONE"}


class Answer(NamedTuple):
    """What a command says, and whether it was the last one."""

    text: str = ""
    is_last: bool = False


class Commands:
    """Carries out what is typed."""

    def __init__(self, visit: Visit, folder: Folder) -> None:
        self._visit = visit
        self._folder = folder

    async def obey(self, line: str) -> Answer:
        """Do what was typed."""
        line = line.strip()
        if not line.startswith("/"):
            self._visit.say(line)
            return Answer()
        command, _, rest = line[1:].partition(" ")
        return await self._do(command, rest.strip())

    async def _do(self, command: str, rest: str) -> Answer:
        match command:
            case "progress" | "done" | "none":
                return self._mark(command, rest)
            case "ask":
                return self._ask(rest)
            case "pause":
                self._visit.pause_call()
                return Answer()
            case "cancel":
                self._visit.cancel_call()
                return Answer()
            case "tasks" | "task":
                return self._read(rest)
            case "files":
                return await self._files()
            case "quit" | "exit":
                await self._visit.finish()
                return Answer(is_last=True)
            case "leave":
                await self._visit.leave()
                return Answer(f"You have left room {self._lesson.room}.", is_last=True)
            case "help":
                return Answer(HELP)
            case _:
                words = f"There is no command /{harmless(command)}; /help lists them all."
                return Answer(words)

    @property
    def _lesson(self) -> Lesson:
        return self._visit.lesson

    def _mark(self, command: str, rest: str) -> Answer:
        lesson = self._lesson
        if not rest and command == "done" and lesson.call is not None and not lesson.call.task:
            self._visit.cancel_call()
            return Answer()
        with_status = [task for task in lesson.tasks if task.has_status]
        if not rest and len(with_status) != 1:
            return Answer(f"Say which task: /{command} 1")
        task = _one(lesson.tasks, rest) if rest else with_status[0]
        if isinstance(task, Answer):
            return task
        self._visit.mark(task, _MARKS[command])
        return Answer()

    def _ask(self, rest: str) -> Answer:
        """Help with a task or anything. Who asks again wants to know whether anybody has heard."""
        lesson = self._lesson
        task, note = task_and_note(lesson.tasks, rest)
        if task is None and rest.isdecimal():
            return Answer(f"There is no task {rest}.")
        if not rest and lesson.call is not None:
            return Answer(f"{sign_of(lesson)}; /cancel when you can go on.")
        with_status = [each for each in lesson.tasks if each.has_status]
        if task is None and len(with_status) == 1:
            [task] = with_status
        if task is not None and lesson.status(task.id) == "ACCEPTED":
            task = None
        is_with_task = task is not None and task.has_status
        self._visit.call(task.id if task is not None and is_with_task else None, note)
        return Answer()

    def _read(self, rest: str) -> Answer:
        lesson = self._lesson
        if not rest:
            return Answer(_listed(lesson))
        task = _one(lesson.tasks, rest)
        if isinstance(task, Answer):
            return task
        return Answer(f"--- {task.heading} ---\n{task.text}\n---")

    async def _files(self) -> Answer:
        folder, ignores = self._folder.anew(), self._lesson.ignores
        return Answer(describe(await asyncio.to_thread(folder.snapshot, ignores)))


def _one(tasks: Sequence[Task], words: str) -> Task | Answer:
    """The task that is meant, or what to say instead."""
    found = named(tasks, words)
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
