"""Tasks with ids: what they are made of, and what they may be. No I/O."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Final, Literal, cast, get_args

from msgspec import UNSET, Meta, Struct, UnsetType, structs

from quad.classroom.model import STATUSES, Status, check_title, is_plain_path
from quad.classroom.refusals import BadValue, TooLarge, UnknownTask

TaskType = Literal["exercise", "theory"]

GivenTaskStatuses = Annotated[dict[str, Any], Meta(extra={"checked_as": dict[str, Status]})]
"""What clients send of statuses, by the ids of tasks: see `check_statuses`."""

TASKS_LIMIT: Final = 100
_FILES_LIMIT: Final = 100
_CHECKS_LIMIT: Final = 100
_POINTS: Final = range(10_001)
_CHECK_NAME_LIMIT: Final = 100
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,36}")


class TaskFile(Struct, frozen=True):
    """A file of a task; `filename` is relative to the task's folder."""

    filename: str
    content: str


class Check(Struct, frozen=True):
    """What a student's program has to do: print `stdout` for `stdin`, or let `code` run through.

    Of one that `is_hidden` students are shown the name alone.
    """

    name: str
    stdin: str | UnsetType = UNSET
    stdout: str | UnsetType = UNSET
    code: str | UnsetType = UNSET
    is_hidden: bool = False


class Task(Struct, frozen=True):
    """A task; `content` is HTML, `files` are what students begin with, `id` is its teacher's.

    Students get the `solution` when it is revealed.
    """

    id: str
    title: str = ""
    folder: str = ""
    type: TaskType = "exercise"
    content: str = ""
    files: Sequence[TaskFile] = ()
    checks: Sequence[Check] = ()
    solution: Sequence[TaskFile] | UnsetType = UNSET
    points: int = 0


def checked_tasks(tasks: Sequence[Task]) -> list[Task]:
    """The tasks as they are kept, but for their HTML; raises BadValue, TooLarge."""
    if len(tasks) > TASKS_LIMIT:
        raise TooLarge(f"more than {TASKS_LIMIT} tasks")
    _check_unique("id", (task.id for task in tasks))
    return [_checked_task(task) for task in tasks]


def is_id(given: str) -> bool:
    """Whether a teacher may call a task, or a set of tasks, so."""
    return _ID.fullmatch(given) is not None


def check_id(given: str) -> None:
    """Raises BadValue for what can be no id of a teacher's."""
    if not is_id(given):
        raise BadValue("id", "must be 1 to 36 of A-Z a-z 0-9 - _")


def without_solutions(tasks: Iterable[Task], revealed: frozenset[str]) -> list[Task]:
    """The tasks as students get them."""
    return [task if task.id in revealed else with_solution(task, UNSET) for task in tasks]


def with_solution(task: Task, solution: Sequence[TaskFile] | UnsetType) -> Task:
    """The task with another solution, or without one."""
    return structs.replace(task, solution=solution)


def check_statuses(
    statuses: Mapping[str, object], tasks: Iterable[Task], own: Mapping[str, Status]
) -> dict[str, Status]:
    """Return statuses by the ids of tasks; `own` are those that the student has.

    A task that is gone may still be spoken of by whoever has a status for it: it may come back.

    Raises UnknownTask, or BadValue for what is no status.
    """
    known = {task.id for task in tasks}
    checked: dict[str, Status] = {}
    for task_id, status in statuses.items():
        if task_id not in known and task_id not in own:
            raise UnknownTask(task_id)
        if not isinstance(status, str) or status not in STATUSES:
            raise BadValue(task_id, f"must be one of {', '.join(get_args(Status))}")
        checked[task_id] = cast(Status, status)
    return checked


def _checked_task(task: Task) -> Task:
    check_id(task.id)
    if task.folder and not is_plain_path(task.folder):
        raise BadValue("folder", "must be a relative path inside the student's folder")
    if task.points not in _POINTS:
        raise BadValue("points", f"must be from 0 to {_POINTS[-1]}")
    _check_files("files", task.files)
    solution = () if task.solution is UNSET else task.solution
    _check_files("solution", solution)
    _check_checks(task.checks)
    return structs.replace(task, title=check_title(task.title), solution=solution)


def _check_files(key: str, files: Sequence[TaskFile]) -> None:
    if len(files) > _FILES_LIMIT:
        raise TooLarge(f"more than {_FILES_LIMIT} '{key}' of one task")
    for file in files:
        if not is_plain_path(file.filename):
            raise BadValue("filename", "must be a relative path inside the folder of the task")
    _check_unique("filename", (file.filename for file in files))


def _check_checks(checks: Sequence[Check]) -> None:
    if len(checks) > _CHECKS_LIMIT:
        raise TooLarge(f"more than {_CHECKS_LIMIT} 'checks' of one task")
    for check in checks:
        if not 0 < len(check.name.strip()) <= len(check.name) <= _CHECK_NAME_LIMIT:
            raise BadValue("name", f"of a check must have 1 to {_CHECK_NAME_LIMIT} characters")
        has_output = check.stdout is not UNSET
        if (check.code is not UNSET) == has_output or (check.stdin is not UNSET) != has_output:
            raise BadValue("checks", "must have either 'stdin' and 'stdout', or 'code'")
    _check_unique("name", (check.name for check in checks))


def _check_unique(key: str, values: Iterable[str]) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise BadValue(key, f"{value[:100]!r} is there twice")
        seen.add(value)
