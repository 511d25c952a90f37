"""Two commits of Quad in one run, one after the other in every round, taking turns to go first."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from statistics import median, quantiles
from typing import Literal

from bench.item import Column, Item
from bench.rig import Rig
from bench.run import Table, Tell, prepared, taking_part
from bench.subject import Subject

# What a change may cost.
ALLOWED = 0.03
# How often chance alone may make so many rounds agree on a direction.
BY_CHANCE = 0.05
# Fewer rounds agree too often.
ROUNDS_TO_JUDGE = 5


@dataclass(frozen=True)
class Ratio:
    """New by old within each round: the median, the quartiles, and which way the rounds went."""

    median: float
    low: float
    high: float
    up: int
    down: int

    @classmethod
    def of(cls, ratios: list[float]) -> "Ratio":
        """At least one ratio is needed; of one alone the quartiles are itself."""
        spread = quantiles(ratios, method="inclusive") if len(ratios) > 1 else ratios * 3
        low, middle, high = spread
        up, down = sum(each > 1 for each in ratios), sum(each < 1 for each in ratios)
        return cls(middle, low, high, up, down)

    @property
    def has_risen(self) -> bool:
        """By more than is allowed, in more rounds than chance explains."""
        return self.median > 1 + ALLOWED and _by_chance(self.up, self.down) < BY_CHANCE

    @property
    def has_fallen(self) -> bool:
        """The same downwards."""
        return self.median < 1 - ALLOWED and _by_chance(self.down, self.up) < BY_CHANCE


def _by_chance(one: int, other: int) -> float:
    """How likely at least `one` of them all go this way if both ways are as likely: a sign test."""
    rounds = one + other
    return sum(comb(rounds, each) for each in range(one, rounds + 1)) / 2.0**rounds


@dataclass(frozen=True)
class Line:
    """One figure of one subject, old and new; without a ratio where it was not above nothing."""

    subject: Subject
    column: Column
    old: float
    new: float
    ratio: Ratio | None

    @property
    def is_worse(self) -> bool:
        """Whether the change has a price here."""
        return self.verdict == "worse"

    @property
    def verdict(self) -> Literal["worse", "better", ""]:
        """What the change did, where it did more than is allowed and than noise explains."""
        if self.ratio is None or not (self.ratio.has_risen or self.ratio.has_fallen):
            return ""
        if self.column.better is None:
            return ""
        return "better" if self.ratio.has_risen == (self.column.better == "more") else "worse"


@dataclass(frozen=True)
class Comparison:
    """One item on both commits; both tables have the same rounds."""

    old: Table
    new: Table

    @property
    def item(self) -> Item:
        """What was measured."""
        return self.new.item

    @property
    def failures(self) -> dict[str, str]:
        """By the subject's key, with the side on which it failed."""
        sides = (("old", self.old), ("new", self.new))
        return {f"{key}, {side}": why for side, each in sides for key, why in each.failures.items()}

    def lines(self) -> list[Line]:
        """Every figure that both have, by subject."""
        lines = (self._line(each, c) for each in self.new.subjects for c in self.item.columns)
        return [line for line in lines if line is not None]

    def _line(self, subject: Subject, column: Column) -> Line | None:
        pairs = [
            (old[subject.key][column.metric], new[subject.key][column.metric])
            for old, new in zip(self.old.rounds, self.new.rounds, strict=True)
            if all(column.metric in each.get(subject.key, {}) for each in (old, new))
        ]
        if not pairs:
            return None
        old, new = (median(side) for side in zip(*pairs, strict=True))
        # Memory may shrink while it is watched.
        has_ratio = all(one > 0 for pair in pairs for one in pair)
        ratio = Ratio.of([new / old for old, new in pairs]) if has_ratio else None
        return Line(subject, column, old, new, ratio)


def compare(
    old: Rig,
    new: Rig,
    items: Sequence[Item],
    subjects: Sequence[Subject],
    rounds: int,
    tell: Tell,
) -> list[Comparison]:
    """Measure all on both; who fails on one side is left out on both from then on.

    An item's own bound of rounds does not hold: without rounds there is no spread.
    """
    present = prepared(subjects, tell)
    comparisons = [
        Comparison(*(Table(item, taking_part(present, item)) for _ in (old, new))) for item in items
    ]
    for number in range(rounds):
        for each in comparisons:
            sides = [("old", old, each.old), ("new", new, each.new)]
            _add_round(sides if number % 2 == 0 else sides[::-1], number + 1, tell)
    return comparisons


def _add_round(sides: Sequence[tuple[str, Rig, Table]], number: int, tell: Tell) -> None:
    tables = [table for _, _, table in sides]
    for table in tables:
        table.rounds.append({})
    for subject in tables[0].subjects:
        for name, rig, table in sides:
            if not any(subject.key in each.failures for each in tables):
                table.measure(rig, subject, f"round {number}: {table.item.key}: {name}", tell)
