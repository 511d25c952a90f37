"""A set as the files of a folder."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from quad.folders import archive, checks, front, layout
from quad.folders.html import html_of, split_title
from quad.folders.markdown import markdown_of, title_line
from quad.folders.model import File, Pack, Task
from quad.folders.naming import folder_of
from quad.folders.pictures import Outgoing

_BOM: Final = "\ufeff"


def pack(given: Pack) -> bytes:
    """The folder of a set, packed; raises BadFolder."""
    pictures = Outgoing(given.pictures, given.endings)
    files: dict[str, str] = {layout.SET: _json({"id": given.id, "title": given.title})}
    for place, task in enumerate(given.tasks, 1):
        if place == 1 and _is_only_theory(task):
            files |= _page(task, layout.THEORY, "", pictures, {})
        else:
            folder = folder_of(place, len(given.tasks), task.title, task.id)
            files |= _task(task, folder, pictures)
    packed = {name: _encoded(content) for name, content in files.items()}
    return archive.write(packed | pictures.files)


def _is_only_theory(task: Task) -> bool:
    return task.type == "theory" and not (task.files or task.checks or task.solution)


def _task(task: Task, folder: str, pictures: Outgoing) -> dict[str, str]:
    is_javascript = _is_javascript(task)
    of_checks, said = checks.files_of(task.checks, is_javascript=is_javascript)
    if task.type == "theory":
        said = {"type": "theory", **said}
    inside = {
        **_page(task, layout.TASK, "../", pictures, said),
        **_below(layout.START, task.files),
        **_below(layout.SOLUTION, task.solution),
        **{layout.CHECKS + name: content for name, content in of_checks.items()},
    }
    return {f"{folder}/{name}": content for name, content in inside.items()}


def _page(
    task: Task, name: str, above: str, pictures: Outgoing, more: Mapping[str, Any]
) -> dict[str, str]:
    """The page of a task; and its HTML, if Markdown cannot say it to the letter."""
    html = pictures.as_paths(task.content, above)
    markdown = markdown_of(html)
    said: dict[str, object] = {"id": task.id, "folder": task.folder}
    if task.points:
        said["points"] = task.points
    said |= more
    body = f"{title_line(task.title)}\n\n{markdown}"
    if not task.title or split_title(body) != (task.title, markdown):
        said["title"], body = task.title, markdown
    if html_of(markdown) == html:
        return {name: front.write(said) + body}
    said["html"] = layout.html_digest(body)
    return {name: front.write(said) + body, layout.html_beside(name): html}


def _is_javascript(task: Task) -> bool:
    names = [file.filename for file in (*task.files, *task.solution)]
    return any(name.endswith(".js") for name in names) and not any(
        name.endswith(".py") for name in names
    )


def _below(folder: str, files: Iterable[File]) -> dict[str, str]:
    return {folder + file.filename: file.content for file in files}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def _encoded(text: str) -> bytes:
    # Whoever reads it takes the first one for a sign of the encoding.
    return (_BOM + text if text.startswith(_BOM) else text).encode()
