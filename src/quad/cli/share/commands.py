"""What may be typed: a message to the teacher, or a command that begins with a slash."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from quad.cli.share.calls import SIGNS, call_of
from quad.cli.share.folder import Folder, Snapshot
from quad.cli.share.lesson import STATUSES, Lesson
from quad.cli.share.visit import Visit
from quad.cli.share.watching import Report

HELP: Final = """\
Anything without a slash is a message to the teacher. Commands:
  /tasks        the tasks and how you stand      /task 2   read task 2 (or: /task theory)
  /progress 2   you work on task 2               /ask 2    you need help with task 2
  /done 2       you have finished task 2         /none 2   you have not begun task 2
  /ask          you need help with anything      /done     you can go on without
  /files        what of your folder is shared, and what is left out and why
  /quit         stop; start again to go on       /leave    leave the room for good"""

_MARKS: Final[Mapping[str, str]] = {
    "progress": "IN_PROGRESS",
    "ask": "HELP",
    "done": "DONE",
    "none": "NONE",
}
_EXAMPLES: Final = 5


class Answer(NamedTuple):
    """What a command says, and whether it was the last one."""

    text: str = ""
    is_last: bool = False


async def obey(line: str, visit: Visit, folder: Folder) -> Answer:
    """Do what was typed."""
    line = line.strip()
    if not line.startswith("/"):
        visit.say(line)
        return Answer()
    command, _, rest = line[1:].partition(" ")
    rest = rest.strip()
    if command in _MARKS:
        return _mark(visit, command, rest)
    match command:
        case "quit" | "exit":
            await visit.finish()
            return Answer(is_last=True)
        case "leave":
            await visit.leave()
            return Answer(f"You have left room {visit.lesson.room}.", is_last=True)
        case "files":
            snapshot = await asyncio.to_thread(folder.anew().snapshot, visit.lesson.ignores)
            return Answer(describe(snapshot))
        case "tasks" | "task":
            return Answer(_read_task(visit.lesson, rest) if rest else _list_tasks(visit.lesson))
        case "help":
            return Answer(HELP)
        case _:
            return Answer(f"There is no command /{command}; /help lists them all.")


def describe(snapshot: Snapshot) -> str:
    """What is shared, and what is left out, with some examples."""
    size = sum(len(content.encode()) for content in snapshot.files.values())
    lines = [f"Shared while the teacher watches: {_count(len(snapshot.files))}, {_size(size)}."]
    for why, count in snapshot.reasons().most_common():
        names = [name for name, reason in snapshot.left_out.items() if reason is why]
        shown = ", ".join(_with_size(name, snapshot) for name in names[:_EXAMPLES])
        more = ", …" if count > _EXAMPLES else ""
        lines.append(f"  left out, {why.value}: {count} ({shown}{more})")
    if snapshot.unsent:
        lines.append("Of what is left out, the teacher is told no names but those with a size.")
    return "\n".join(lines)


def _with_size(name: str, snapshot: Snapshot) -> str:
    unsent = snapshot.unsent.get(name)
    return name if unsent is None else f"{name}, {_size(unsent.size)}"


def tell(report: Report) -> str:
    """What was sent, on one line."""
    if report.trouble:
        return f"Not shared: {report.trouble}"
    if report.is_whole:
        left_out = len(report.snapshot.left_out)
        more = f"; {left_out} left out (/files says why)" if left_out else ""
        return f"Shared the folder: {_count(len(report.files))}{more}"
    words = {"CREATED": "new ", "CHANGED": "", "REMOVED": "removed "}
    names = [words[file.status] + file.filename for file in report.files]
    return "Shared " + ", ".join(names[:_EXAMPLES]) + (", …" if len(names) > _EXAMPLES else "")


def _mark(visit: Visit, command: str, task: str) -> Answer:
    lesson = visit.lesson
    if not task and command == "done" and lesson.is_calling:
        visit.call(is_calling=False)
        return Answer()
    tasks = [task] if task else [each.name for each in lesson.tasks if each.has_status]
    if len(tasks) == 1:
        visit.mark(tasks[0], _MARKS[command])
        return Answer()
    return _ask(visit) if command == "ask" else Answer(f"Say which task: /{command} 1")


def _ask(visit: Visit) -> Answer:
    """Help with anything. Who asks again wants to know whether anybody has heard."""
    if visit.lesson.is_calling:
        return Answer(f"{SIGNS[call_of(visit.lesson)]}; /done when you can go on.")
    visit.call(is_calling=True)
    return Answer()


def _list_tasks(lesson: Lesson) -> str:
    if not lesson.tasks:
        return "There are no tasks yet."
    width = max(len(task.title) for task in lesson.tasks)
    rows: Sequence[tuple[str, str, str]] = [
        (task.title, STATUSES.get(lesson.status(task.name), ""), _first_line(task.text))
        for task in lesson.tasks
    ]
    return "\n".join(
        f"{title:{width}}  {status:11}  {text}".rstrip() for title, status, text in rows
    )


def _read_task(lesson: Lesson, name: str) -> str:
    for task in lesson.tasks:
        if task.name == name:
            return f"--- {task.title} ---\n{task.text}\n---"
    return f"There is no task {name}."


def _first_line(text: str) -> str:
    line = text.strip().partition("\n")[0]
    return line if len(line) <= 60 else line[:59] + "…"


def _count(files: int) -> str:
    return f"{files} file" if files == 1 else f"{files} files"


def _size(size: int) -> str:
    return f"{size} bytes" if size < 10_000 else f"{size / 1000:,.0f} KB"
