"""What `/start` and `/solution` do with the files of a task, in words for the terminal."""

import difflib
from collections.abc import Iterator
from pathlib import Path

from quad.cli.share.placing import (
    Placed,
    different,
    path_of,
    place,
    place_beside,
    text_at,
)
from quad.cli.share.tasks import Task, TaskFile
from quad.cli.share.text import harmless


def start(root: Path, task: Task, *, is_again: bool = False) -> str:
    """Put the files of a task into the folder, and say what became of each."""
    if not task.files:
        return f"{task.heading} brings no files."
    placed = place(root, task.folder, task.files, is_again=is_again)
    lines = [f"{task.heading}: {_said(placed)}"]
    if different(root, task.folder, task.files):
        lines.append(f"  /start {task.name} --again begins anew, and keeps yours beside it")
    return harmless("\n".join(lines))


def asked_to_start_again(root: Path, task: Task) -> str:
    """What has to be asked first; nothing, if no work is there that would have to move."""
    moving = different(root, task.folder, task.files)
    if not moving:
        return ""
    names = ", ".join(moving)
    return harmless(f"Begin {task.heading} again? What you have is kept as .before: {names}.")


def compare(root: Path, task: Task) -> str:
    """The solution as a difference to what the student has."""
    if task.solution is None:
        return f"The teacher has not shown the solution of {task.heading} yet."
    parts = [part for file in task.solution for part in _compared(root, task.folder, file)]
    end = f"/solution {task.name} --save writes it beside your files"
    return harmless("\n".join([f"Solution of {task.heading}:", *parts, end]))


def save_solution(root: Path, task: Task) -> str:
    """Write the solution beside the student's files."""
    if task.solution is None:
        return compare(root, task)
    placed = place_beside(root, task.folder, task.solution, ".solution")
    return harmless(f"Solution of {task.heading}: {_said(placed)}")


def _compared(root: Path, folder: str, file: TaskFile) -> Iterator[str]:
    path = path_of(folder, file.filename)
    own = text_at(root, path)
    if own == file.content:
        yield f"{path}: as yours"
        return
    yield from difflib.unified_diff(
        (own or "").splitlines(),
        file.content.splitlines(),
        f"{path} (yours)" if own is not None else f"{path} (not there)",
        f"{path} (solution)",
        lineterm="",
    )


def _said(placed: Placed) -> str:
    parts = [
        ("wrote ", placed.written),
        ("left as it is: ", placed.present),
        ("kept ", [f"{old} as {new}" for old, new in placed.aside]),
        ("not written, an unusual name: ", placed.refused),
        ("could not be written: ", [f"{path} ({why})" for path, why in placed.failed]),
    ]
    said = [words + ", ".join(names) for words, names in parts if names]
    return "; ".join(said) + "."
