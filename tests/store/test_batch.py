from collections import deque
from collections.abc import Hashable
from functools import partial

from sqlalchemy import column, insert, table, text

from quad.store.batch import Batch, Call, Change, Step, merge_steps

ADD = insert(table("a", column("x"), column("y")))
OTHER = insert(table("b", column("x")))


def queue_of(*calls: tuple[Change, ...]) -> deque[Call]:
    return deque(Call(changes, lambda error: None) for changes in calls)


def take_batch(queue: deque[Call], limit: int) -> Batch:
    batch = Batch()
    batch.take(queue, limit)
    return batch


def add(x: int, key: Hashable = None) -> Change:
    return Change(ADD, {"x": x}, key)


def xs(changes: list[Change]) -> list[int]:
    return [rows[0]["x"] for _, rows in map(_step, changes) if rows is not None]


def _step(change: Change) -> Step:
    [step] = merge_steps([change])
    return step


def test_a_batch_takes_all_calls_in_order() -> None:
    queue = queue_of((add(1), add(2)), (add(3),))
    batch = take_batch(queue, 10)
    assert xs(batch.changes) == [1, 2, 3]
    assert len(batch.calls) == 2
    assert not queue


def test_a_full_batch_leaves_the_rest_in_the_queue() -> None:
    queue = queue_of((add(1), add(2)), (add(3),), (add(4),))
    assert xs(take_batch(queue, 3).changes) == [1, 2, 3]
    assert xs(take_batch(queue, 3).changes) == [4]


def test_superseded_changes_do_not_fill_a_batch() -> None:
    queue = queue_of(*[(add(x, "key"),) for x in range(100)])
    batch = take_batch(queue, 2)
    assert xs(batch.changes) == [99]
    assert len(batch.calls) == 100


def test_the_later_change_of_a_key_keeps_its_own_place() -> None:
    queue = queue_of((add(1, ("k", 1)),), (add(2),), (add(3, ("k", 1)),), (add(4, ("k", 2)),))
    assert xs(take_batch(queue, 10).changes) == [2, 3, 4]


def test_the_same_change_written_twice_is_executed_twice() -> None:
    change = add(1)
    assert xs(take_batch(queue_of((change,), (change,)), 10).changes) == [1, 1]


def test_neighbours_of_one_statement_become_one_step() -> None:
    changes = [add(1), add(2), Change(OTHER, {"x": 3}), add(4)]
    assert merge_steps(changes) == [
        Step(ADD, [{"x": 1}, {"x": 2}]),
        Step(OTHER, [{"x": 3}]),
        Step(ADD, [{"x": 4}]),
    ]


def test_neighbours_with_other_columns_stay_apart() -> None:
    changes = [add(1), Change(ADD, {"x": 2, "y": 2}), Change(ADD, {"y": 3, "x": 3})]
    assert [step.rows for step in merge_steps(changes)] == [
        [{"x": 1}],
        [{"x": 2, "y": 2}, {"y": 3, "x": 3}],
    ]


def test_statements_without_values_stay_alone() -> None:
    vacuum = text("VACUUM")
    changes = [Change(vacuum), Change(vacuum), Change(vacuum, {"x": 1})]
    assert [step.rows for step in merge_steps(changes)] == [None, None, [{"x": 1}]]


def test_values_are_made_only_for_changes_that_are_executed() -> None:
    made: list[int] = []

    def values_of(x: int) -> dict[str, int]:
        made.append(x)
        return {"x": x}

    calls = [(Change(ADD, partial(values_of, x), "key"),) for x in (1, 2, 3)]
    batch = take_batch(queue_of(*calls), 10)
    assert [step.rows for step in merge_steps(batch.changes)] == [[{"x": 3}]]
    assert made == [3]
