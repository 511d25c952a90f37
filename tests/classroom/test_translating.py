"""Tasks have ids, older clients know them by names: what one calls the other."""

from hypothesis import given
from hypothesis import strategies as st

from quad.classroom.model import STATUSES, STEP_ORDER, Status, Step
from quad.classroom.tasks.model import Task
from quad.classroom.tasks.translating import AS_STEPS, of_steps, of_tasks

IDS = st.text("abc1-_", min_size=1, max_size=3)
TASKS = st.lists(
    st.builds(Task, IDS, type=st.sampled_from(["exercise", "theory"])),
    max_size=20,
    unique_by=lambda task: task.id,
)
STATUS = st.sampled_from(sorted(STATUSES))


def test_the_first_theory_and_the_first_sixteen_have_names() -> None:
    tasks = [Task(f"t{number}", content="x") for number in range(18)]
    tasks.insert(1, Task("read", "Lists & loops", type="theory", content="<p>Read</p>"))
    tasks.insert(2, Task("more", "More", type="theory"))
    handout = of_tasks(1, tasks)
    names = [step.name for step in handout.steps]
    assert names == ["1", "theory", *map(str, range(2, 17))]
    assert handout.steps[1] == Step(
        "theory", "<h2>Lists &amp; loops</h2><p>Read</p>", "html", "theory"
    )
    assert handout.steps[2] == Step("2", "<h2>More</h2>")
    assert handout.names.id_of("3") == "t1"
    assert handout.names.name_of("t15") is None
    assert handout.spoken("t15") == "17"
    assert handout.spoken("gone") == "gone"


def test_a_task_without_title_and_content_keeps_its_place_and_is_no_step() -> None:
    handout = of_tasks(1, [Task("a"), Task("b", content="x")])
    assert handout.steps == [Step("2", "x")]


def test_the_steps_of_an_old_teacher_are_called_as_they_are() -> None:
    steps = [Step("16", "x"), Step("3", "y"), Step("theory", "z")]
    handout = of_steps(4, steps)
    assert handout.steps == steps
    assert [(task.id, task.type, task.content) for task in handout.tasks] == [
        ("16", "exercise", "x"),
        ("3", "exercise", "y"),
        ("theory", "exercise", "z"),
    ]
    assert handout.names is AS_STEPS


@given(TASKS, st.dictionaries(IDS, STATUS))
def test_a_status_comes_back_to_the_task_that_it_was_of(
    tasks: list[Task], statuses: dict[str, str]
) -> None:
    names = of_tasks(1, tasks).names
    named = names.named(statuses)
    assert set(named) <= set(STEP_ORDER)
    assert names.identified(named) | names.unnamed(statuses) == statuses


@given(TASKS, TASKS, st.dictionaries(IDS, STATUS))
def test_whoever_merges_what_it_is_told_knows_nothing_else(
    before: list[Task], after: list[Task], statuses: dict[str, str]
) -> None:
    old, new = of_tasks(1, before), of_tasks(2, after)
    kept: dict[str, Status] = dict.fromkeys(statuses, "DONE")
    known = old.names.named(kept) | new.statuses_anew(kept, old)
    done = {name for name, status in known.items() if status != "NONE"}
    assert done == set(new.names.named(kept))


@given(TASKS, TASKS)
def test_names_stay_if_tasks_are_added_behind(before: list[Task], more: list[Task]) -> None:
    known = {task.id for task in before}
    added = [task for task in more if task.id not in known and task.type == "exercise"]
    handout = of_tasks(1, before)
    assert not (handout.steps and handout.renames(of_tasks(2, [*before, *added])))


def test_a_name_moves_with_a_task_that_moves_or_goes() -> None:
    a, b = Task("a", "A"), Task("b", "B")
    handout = of_tasks(1, [a, b])
    assert handout.renames(of_tasks(2, [b, a]))
    assert handout.renames(of_tasks(2, [b]))
    assert handout.renames(of_steps(2, [Step("1", "x")]))
    assert not handout.renames(of_tasks(2, [a, b]))
