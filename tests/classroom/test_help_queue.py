"""Who is helped next: the rules alone."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from quad.classroom.helping import queue
from quad.classroom.helping.queue import NEVER, Call, Standing
from quad.classroom.model import Status

NOON = datetime(2024, 5, 17, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def called(since_min: float, helped: int = 0, **more: object) -> Standing:
    return Standing(helped, Call(NOON + since_min * MINUTE, **more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("standings", "at_min", "order"),
    [
        ({1: called(1), 2: called(0)}, 2, [2, 1]),
        ({1: called(0, helped=1), 2: called(5)}, 9, [2, 1]),
        ({1: called(0, helped=1), 2: called(5)}, 10, [1, 2]),
        ({1: called(0, helped=2), 2: called(15)}, 19, [2, 1]),
        ({1: called(0, helped=2), 2: called(15)}, 20, [1, 2]),
        ({1: called(0), 2: called(0)}, 0, [1, 2]),
        ({1: called(0), 2: Standing(3)}, 0, [1]),
        # A clock that was set back.
        ({1: called(5), 2: called(9, helped=1)}, 0, [1, 2]),
    ],
)
def test_the_never_helped_come_first_and_waiting_makes_up_for_helps(
    standings: dict[int, Standing], at_min: float, order: list[int]
) -> None:
    assert queue.in_order(standings, NOON + at_min * MINUTE) == order


def test_who_pauses_or_is_helped_is_in_nobodys_way() -> None:
    standings = {
        1: called(0, is_paused=True),
        2: called(1, helper=9),
        3: called(2),
        4: called(3),
    }
    assert queue.ahead(standings, [1, 2, 3, 4]) == {1: 0, 2: 0, 3: 0, 4: 1}


@given(
    st.dictionaries(
        st.integers(1, 9),
        st.builds(called, st.floats(0, 60), st.integers(0, 4)),
        min_size=1,
    ),
    st.integers(0, 90),
)
def test_between_changes_that_are_told_the_order_stays(
    standings: dict[int, Standing], at_min: int
) -> None:
    now = NOON + at_min * MINUTE
    at = queue.next_change(standings, now)
    last = at - timedelta(microseconds=1) if at else now + timedelta(days=1)
    assert last >= now
    assert queue.in_order(standings, now) == queue.in_order(standings, last)


@pytest.mark.parametrize(
    ("took_s", "in_front", "busy", "estimated"),
    [
        ([60.0] * 4, 1, 1, None),
        ([60.0] * 5, 0, 0, 0),
        ([60.0] * 5, 0, 1, 60),
        ([60.0, 60.0, 60.0, 60.0, 900.0], 2, 1, 180),
    ],
)
def test_the_wait_is_estimated_from_five_helps_on(
    took_s: list[float], in_front: int, busy: int, estimated: int | None
) -> None:
    assert queue.estimate_s(took_s, in_front, busy) == estimated


@pytest.mark.parametrize(
    ("standing", "before", "after", "is_by_staff", "expected"),
    [
        (NEVER, {}, {"1": "HELP"}, False, Standing(0, Call(NOON, "1"))),
        (NEVER, {"1": "HELP"}, {"1": "HELP"}, False, NEVER),
        (NEVER, {}, {"1": "DONE"}, False, NEVER),
        (called(0, task="1"), {"1": "HELP"}, {"1": "DONE"}, False, NEVER),
        (called(0, task="1"), {"1": "HELP"}, {}, False, NEVER),
        (called(0, task="1"), {"1": "HELP"}, {"1": "IN_PROGRESS"}, True, Standing(1)),
        (called(0, task="1"), {"1": "HELP"}, {"1": "HELP", "2": "HELP"}, False, None),
        (
            called(0, task="1", note="x"),
            {"1": "HELP"},
            {"1": "DONE", "2": "HELP"},
            False,
            called(0, task="2"),
        ),
        # Called by another word.
        (called(0), {"1": "HELP"}, {"1": "DONE"}, False, None),
        (called(0, task="1"), {"2": "HELP"}, {}, False, None),
    ],
)
def test_the_old_words_call_and_end_calls(
    standing: Standing,
    before: Mapping[str, Status],
    after: Mapping[str, Status],
    is_by_staff: bool,
    expected: Standing | None,
) -> None:
    found = queue.followed(standing, before, after, NOON, is_by_staff=is_by_staff)
    assert found == (standing if expected is None else expected)


def test_the_signal_calls_without_a_task_and_ends_that_call_alone() -> None:
    calling = queue.signalled(NEVER, "HELP", NOON)
    assert calling == Standing(0, Call(NOON))
    assert queue.signalled(calling, "HELP", NOON + MINUTE) == calling
    assert queue.signalled(calling, "NONE", NOON) == NEVER
    of_task = called(0, task="1")
    assert queue.signalled(of_task, "NONE", NOON) == of_task


class Lesson(RuleBasedStateMachine):
    """Students call, wait and are helped in order, against what a book of them says."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.standings: dict[int, Standing] = {}
        self.since: dict[int, datetime] = {}

    students = st.integers(1, 6)

    def at(self, student: int) -> Standing:
        return self.standings.get(student, NEVER)

    @rule(minutes=st.integers(1, 12))
    def wait(self, minutes: int) -> None:
        self.now += minutes * MINUTE

    @rule(student=students, task=st.sampled_from([None, "1"]))
    def ask(self, student: int, task: str | None) -> None:
        self.standings[student] = queue.asked(self.at(student), self.now, task)
        self.since.setdefault(student, self.now)

    @rule(student=students, is_paused=st.booleans())
    def pause(self, student: int, is_paused: bool) -> None:
        if self.at(student).call:
            self.standings[student] = queue.paused(self.at(student), is_paused=is_paused)

    @rule(student=students)
    def cancel(self, student: int) -> None:
        self.standings[student] = queue.cancelled(self.at(student))
        self.since.pop(student, None)

    @precondition(lambda self: self.waiting())
    @rule(is_there=st.booleans())
    def help_the_next(self, is_there: bool) -> None:
        student = self.waiting()[0]
        self.standings[student] = queue.taken(self.at(student), 99, self.now)
        assert self.at(student).call.state == "taken"  # type: ignore[union-attr]
        for other in self.waiting():
            # Nobody starves: after ten minutes for each help of before, whoever calls later is
            # helped later. Those who have called before are few, each once.
            if self.now - self.since[other] >= 10 * MINUTE * self.at(other).helped:
                assert self.since[student] <= self.since[other]
        if is_there:
            self.standings[student] = queue.helped(self.at(student))
            del self.since[student]
        else:
            self.standings[student] = queue.missed(self.at(student))

    @precondition(lambda self: self.waiting())
    @rule()
    def lose_the_helper(self) -> None:
        order = queue.in_order(self.standings, self.now)
        student = self.waiting()[0]
        self.standings[student] = queue.released(queue.taken(self.at(student), 9, self.now))
        assert queue.in_order(self.standings, self.now) == order

    def waiting(self) -> list[int]:
        order = queue.in_order(self.standings, self.now)
        calls = {each: self.at(each).call for each in order}
        return [each for each, call in calls.items() if call and call.state == "waiting"]

    @invariant()
    def places_are_kept(self) -> None:
        found = {each: self.at(each).call for each in self.standings}
        assert {each: call.since for each, call in found.items() if call} == self.since


TestLesson = Lesson.TestCase
