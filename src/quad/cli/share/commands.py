"""What may be typed: a message to the teacher, or a command that begins with a slash."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final

from quad.cli.share.answers import Answer, Question
from quad.cli.share.assignments import Assignments
from quad.cli.share.folder import Folder
from quad.cli.share.lesson import Lesson
from quad.cli.share.recording import state_of
from quad.cli.share.telling import describe
from quad.cli.share.text import harmless
from quad.cli.share.visit import Visit

HELP: Final = """\
Anything without a slash is a message to the teacher. Commands; a task is named
by its number or its title:
  /tasks        the tasks and how you stand      /task 2    read task 2
  /progress 2   you work on task 2               /done 2    you have finished it
  /none 2       you have not begun task 2        /start 2   get the files of task 2
  /solution 2   compare yours with the teacher's, once it is shown
  /ask          you need help with anything      /ask 2 I get an IndexError
  /pause        keep your place in the queue     /cancel    you can go on alone
  /files        what of your folder is shared, and what is left out and why
  /record yes   let it be recorded how your code grows; /record no ends that
  /pass         a pass, with which you go on from another device
  /quit         stop; start again to go on       /leave     leave the room for good"""

_YES: Final = frozenset({"y", "yes"})
_NO: Final = frozenset({"n", "no", ""})

_Command = Callable[[str], Answer | Awaitable[Answer]]


class Commands:
    """Carries out what is typed."""

    def __init__(self, visit: Visit, folder: Folder, *, is_asking: bool = False) -> None:
        """`is_asking`: whether somebody was asked who may be recorded, and types the answer."""
        self._visit = visit
        self._folder = folder
        self._is_asking = is_asking
        self.question: Question | None = None
        tasks = Assignments(visit, folder.root)
        self._commands: Mapping[str, _Command] = {
            "progress": partial(tasks.mark, "progress"),
            "done": partial(tasks.mark, "done"),
            "none": partial(tasks.mark, "none"),
            "ask": tasks.ask,
            "task": tasks.read,
            "tasks": tasks.read,
            "start": tasks.start,
            "solution": tasks.solution,
            "pause": self._pause,
            "cancel": self._cancel,
            "pass": self._pass,
            "record": self._record,
            "files": self._files,
            "help": self._help,
            "quit": self._quit,
            "exit": self._quit,
            "leave": self._leave,
        }

    async def obey(self, line: str) -> Answer:
        """Do what was typed."""
        line = line.strip()
        word = line.casefold()
        if self.question is not None and word in _YES | _NO:
            return await self.decide(is_yes=word in _YES)
        self.question = None
        if self._is_asking and self._lesson.is_asking_to_record and word in _YES | _NO:
            await self._visit.record(is_allowed=word in _YES)
            return Answer()
        if not line.startswith("/"):
            self._visit.say(line)
            return Answer()
        answer = await self._do(line[1:])
        self.question = answer.question
        return answer

    async def decide(self, *, is_yes: bool) -> Answer:
        """The answer to the question."""
        question, self.question = self.question, None
        if question is None or not is_yes:
            return Answer()
        return await question.agreed()

    async def _do(self, line: str) -> Answer:
        name, _, rest = line.partition(" ")
        command = self._commands.get(name)
        if command is None:
            return Answer(f"There is no command /{harmless(name)}; /help lists them all.")
        answer = command(rest.strip())
        return await answer if inspect.isawaitable(answer) else answer

    @property
    def _lesson(self) -> Lesson:
        return self._visit.lesson

    def _pause(self, _rest: str) -> Answer:
        self._visit.pause_call()
        return Answer()

    def _cancel(self, _rest: str) -> Answer:
        self._visit.cancel_call()
        return Answer()

    async def _record(self, rest: str) -> Answer:
        if rest not in _YES | _NO or not rest:
            return Answer(state_of(self._lesson))
        await self._visit.record(is_allowed=rest in _YES)
        return Answer()

    async def _pass(self, _rest: str) -> Answer:
        given = await self._visit.give_pass()
        if isinstance(given, str):
            return Answer(given)
        link = self._visit.place.link
        return Answer(
            f"{given.letters} is your pass: once, until {given.expires_at.astimezone():%H:%M}. "
            "Whoever uses it is you, and takes over from here. On another device:\n"
            f"  quad share --room {link} --pass {given.letters}"
        )

    async def _files(self, _rest: str) -> Answer:
        folder, ignores = self._folder.anew(), self._lesson.ignores
        return Answer(describe(await asyncio.to_thread(folder.snapshot, ignores)))

    def _help(self, _rest: str) -> Answer:
        return Answer(HELP)

    async def _quit(self, _rest: str) -> Answer:
        await self._visit.finish()
        return Answer(is_last=True)

    async def _leave(self, _rest: str) -> Answer:
        await self._visit.leave()
        return Answer(f"You have left room {self._lesson.room}.", is_last=True)
