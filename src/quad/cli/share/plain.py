"""The lesson as lines: for pipes, logs, screen readers and small terminals."""

import asyncio
import codecs
import sys
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Final

from quad.cli.share.commands import Commands
from quad.cli.share.folder import Folder
from quad.cli.share.lesson import Kind, Lesson, Note
from quad.cli.share.recording import QUESTION, UNASKED
from quad.cli.share.telling import tell
from quad.cli.share.text import harmless
from quad.cli.share.visit import View, Visit
from quad.cli.share.watching import Report
from quad.cli.stopping import told_to_stop

_MARKS: Final[Mapping[Kind, str]] = {
    "info": "  ",
    "good": "✓ ",
    "warning": "! ",
    "bad": "✗ ",
    "teacher": "Teacher: ",
    "notice": "Teacher to all: ",
    "me": "You: ",
}
_GOODBYE: Final = "No longer in the class. Start again to go on."


class Lines(View):
    """Prints what happens."""

    def __init__(self) -> None:
        self._trouble = ""
        self._has_asked = False

    def show(self, lesson: Lesson, notes: Sequence[Note]) -> None:
        """Print the notes, and, once, whether the student may be recorded."""
        for note in notes:
            say(_MARKS[note.kind] + note.text)
        if lesson.is_asking_to_record and not self._has_asked:
            self._has_asked = True
            say(f"? {QUESTION} [y/N]" if is_asking() else f"  {UNASKED}")

    def shared(self, report: Report) -> None:
        """Print what was sent; why nothing was, once."""
        if report.trouble != self._trouble or not report.trouble:
            say(("✗ " if report.trouble else "→ ") + tell(report))
        self._trouble = report.trouble


async def attend(visit: Visit, folder: Folder) -> None:
    """Until the room is closed, or somebody says /quit, or a signal comes. Raises Failed."""
    staying = asyncio.create_task(visit.run())
    waits = [
        staying,
        asyncio.create_task(_obey_all(visit, Commands(visit, folder, is_asking=is_asking()))),
        asyncio.create_task(told_to_stop()),
    ]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waits:
            task.cancel()
        await asyncio.wait(waits)
    say(_GOODBYE if staying.cancelled() else staying.result())
    for task in waits:
        if not task.cancelled():
            task.result()


async def _obey_all(visit: Visit, commands: Commands) -> None:
    """Return after the last command; never, if there is just no more to read."""
    # What stands ready in a pipe may concern tasks that have yet to arrive.
    await visit.ready()
    async for line in _typed():
        answer = await commands.obey(line)
        if answer.text:
            say(answer.text)
        if commands.question is not None:
            say(f"? {commands.question.text} [y/N]")
        if answer.is_last:
            return
    await asyncio.Event().wait()


async def _typed() -> AsyncIterator[str]:
    """The lines of standard input."""
    lines: asyncio.Queue[str | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def put(line: str | None) -> None:
        loop.call_soon_threadsafe(lines.put_nowait, line)

    # A thread, for no loop can wait for every kind of file; it dies with the process.
    threading.Thread(target=_read_lines, args=(put,), daemon=True).start()
    while (line := await lines.get()) is not None:
        yield line


def _read_lines(put: Callable[[str | None], None]) -> None:
    rest = ""
    try:
        decoder = codecs.getincrementaldecoder(_encoding())("replace")
        # Not `sys.stdin.readline`: its lock, held by a thread that waits, stops the end of Python.
        with open(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as typed:
            while data := typed.read(4096):
                *lines, rest = (rest + decoder.decode(data)).split("\n")
                for line in lines:
                    put(line)
        if rest:
            put(rest)
        put(None)
    except (OSError, ValueError, RuntimeError):
        """There is nothing to read from, or nobody who listens any more."""


def _encoding() -> str:
    """What is typed comes in; of ASCII, UTF-8 is the better guess."""
    encoding = codecs.lookup(sys.stdin.encoding or "utf-8").name
    return "utf-8" if encoding == "ascii" else encoding


def is_asking() -> bool:
    """Whether somebody is there who can be asked."""
    return sys.stdin.isatty()


def say(text: str) -> None:
    """Print at once."""
    print(harmless(text), flush=True)
