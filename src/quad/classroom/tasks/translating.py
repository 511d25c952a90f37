"""Tasks by their ids, for clients of protocols 1 and 2, who know them by the names of steps.

A Step of an old teacher is the task whose id is its name. The tasks of a teacher of protocol 3 are
named by their places: the first page of theory, and the first 16 of the others. So the name of a
task changes when tasks move, and its statuses do not: they belong to its id.
"""

import html
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeVar

from quad.classroom.model import STEP_ORDER, Status, Step
from quad.classroom.tasks.model import Task, without_solutions

_THEORY: Final = "theory"

Value = TypeVar("Value")


class Names:
    """What old clients call the tasks that they know."""

    __slots__ = ("_ids", "_names")

    def __init__(self, names: Mapping[str, str]) -> None:
        """`names` by ids."""
        self._names = names
        self._ids = {name: task_id for task_id, name in names.items()}

    def id_of(self, name: str) -> str | None:
        """The id of the task that has this name, if any has."""
        return self._ids.get(name)

    def name_of(self, task_id: str) -> str | None:
        """The name of this task, if it has one."""
        return self._names.get(task_id)

    def named(self, by_id: Mapping[str, Value]) -> dict[str, Value]:
        """Values by names, of those tasks that have one; in the same order."""
        if self is AS_STEPS and by_id.keys() <= self._names.keys():
            return dict(by_id)
        found = ((self._names.get(task_id), value) for task_id, value in by_id.items())
        return {name: value for name, value in found if name is not None}

    def identified(self, by_name: Mapping[str, Value]) -> dict[str, Value]:
        """Values by ids, of those names that are a task's; in the same order."""
        found = ((self._ids.get(name), value) for name, value in by_name.items())
        return {task_id: value for task_id, value in found if task_id is not None}

    def unnamed(self, by_id: Mapping[str, Value]) -> dict[str, Value]:
        """Values by ids, of those tasks that old clients do not know."""
        return {task_id: value for task_id, value in by_id.items() if task_id not in self._names}


AS_STEPS: Final = Names({name: name for name in STEP_ORDER})
"""Of the tasks of an old teacher, and where there are none: each is called as it is."""


class Handout:
    """The tasks of a class, as everybody gets them; `rev` counts how often they were set."""

    __slots__ = ("for_students", "is_by_place", "names", "rev", "revealed", "steps", "tasks")

    def __init__(
        self,
        rev: int,
        tasks: Sequence[Task],
        steps: list[Step],
        names: Names,
        revealed: frozenset[str],
        *,
        is_by_place: bool,
    ) -> None:
        self.rev = rev
        self.tasks = tasks
        self.steps = steps
        self.names = names
        self.revealed = revealed
        self.is_by_place = is_by_place
        self.for_students = without_solutions(tasks, revealed)

    def find(self, task_id: str) -> Task | None:
        """The task with this id."""
        return next((task for task in self.tasks if task.id == task_id), None)

    def spoken(self, task_id: str) -> str:
        """What sentences call a task: by its place, also beyond the sixteenth."""
        return self.names.name_of(task_id) or places(self.tasks).get(task_id, task_id)

    def statuses_anew(self, statuses: Mapping[str, Status], before: "Handout") -> dict[str, Status]:
        """A status for each step, and for each that had one `before`: an old client that merges it
        into what it knows is left with nothing under a name that has become another task's.
        """
        steps = (step.name for step in self.steps)
        told: dict[str, Status] = dict.fromkeys((*before.names.named(statuses), *steps), "NONE")
        return told | self.names.named(statuses)

    def renames(self, later: "Handout") -> bool:
        """Whether a name by which old clients know a task is another task's, or nobody's, later."""
        known = [step.name for step in self.steps] or STEP_ORDER
        return any(self.names.id_of(name) != later.names.id_of(name) for name in known)

    def revealing(self, task_id: str) -> "Handout":
        """The same, with the solution of this task for everybody to see."""
        return Handout(
            self.rev,
            self.tasks,
            self.steps,
            self.names,
            self.revealed | {task_id},
            is_by_place=self.is_by_place,
        )


def of_steps(rev: int, steps: list[Step]) -> Handout:
    """What a teacher of an old client has handed out."""
    return Handout(rev, as_tasks(steps), steps, AS_STEPS, frozenset(), is_by_place=False)


def of_tasks(rev: int, tasks: Sequence[Task], revealed: frozenset[str] = frozenset()) -> Handout:
    """What a teacher of protocol 3 has handed out, some of it with its solution."""
    names = Names(_old_names(tasks))
    return Handout(rev, tasks, _as_steps(tasks, names), names, revealed, is_by_place=True)


def as_tasks(steps: Iterable[Step]) -> list[Task]:
    """The tasks whose ids are the names of these steps."""
    return [
        Task(step.name, type=step.type, content=step.content or "", solution=()) for step in steps
    ]


def places(tasks: Iterable[Task]) -> dict[str, str]:
    """The place of each task but the first page of theory, from 1 on, by ids."""
    theory = _theory(tasks)
    numbered = (task for task in tasks if task is not theory)
    return {task.id: str(place) for place, task in enumerate(numbered, 1)}


def _old_names(tasks: Sequence[Task]) -> dict[str, str]:
    theory = _theory(tasks)
    names = {} if theory is None else {theory.id: _THEORY}
    return names | {
        task_id: place for task_id, place in places(tasks).items() if place in STEP_ORDER
    }


def _theory(tasks: Iterable[Task]) -> Task | None:
    return next((task for task in tasks if task.type == "theory"), None)


def _as_steps(tasks: Sequence[Task], names: Names) -> list[Step]:
    steps = [
        Step(name, _with_title(task), "html", "theory" if name == _THEORY else "exercise")
        for task in tasks
        if (name := names.name_of(task.id)) is not None
    ]
    return [step for step in steps if step.content]


def _with_title(task: Task) -> str:
    title = f"<h2>{html.escape(task.title, quote=False)}</h2>" if task.title else ""
    return f"{title}{task.content}" if title or task.content.strip() else ""
