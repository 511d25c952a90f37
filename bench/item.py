"""What is measured about the subjects: figures, how they are shown, and what they have to reach."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Literal

from bench.rig import Rig
from bench.subject import Subject

Figures = Mapping[str, float]
Round = Mapping[str, Figures]  # by the subject's key

JUDGED = "quad"


@dataclass(frozen=True)
class Column:
    """One figure of an item: `show` turns it into text, units included.

    `better` is `None` where a figure only explains the others.
    """

    metric: str
    heading: str
    show: Callable[[float], str]
    better: Literal["less", "more"] | None = "less"


@dataclass(frozen=True)
class Target:
    """What `measured` of each round, in the median of all rounds, has to be."""

    text: str
    measured: Callable[[Round], float | None]
    bound: float
    at_least: bool

    def judge(self, rounds: list[Round]) -> "Verdict | None":
        """The median and whether it is good enough; `None` when a subject did not run."""
        values = [value for each in rounds if (value := self.measured(each)) is not None]
        if not values:
            return None
        value = median(values)
        return Verdict(
            self.text, value, value >= self.bound if self.at_least else value <= self.bound
        )


@dataclass(frozen=True)
class Verdict:
    text: str
    measured: float
    met: bool


@dataclass(frozen=True, kw_only=True)
class Item:
    """One table. Subjects that have a script of this `kind` take part.

    `measure` starts the subject and returns the figures of one round. `chart` is the metric that
    the plot shows, if any. `note` says what a reader must know to be fair. `most_rounds`
    bounds what takes long and varies little.
    """

    key: str
    title: str
    kind: str
    measure: Callable[[Rig, Subject], Figures]
    columns: tuple[Column, ...]
    targets: tuple[Target, ...] = ()
    chart: "Chart | None" = None
    note: str = ""
    most_rounds: int = 100


@dataclass(frozen=True)
class Chart:
    metric: str
    title: str
    more_is_better: bool


def at_most(text: str, metric: str, bound: float, *, of: str = JUDGED) -> Target:
    """The figure of the subject `of` is not above `bound`."""
    return Target(text, lambda each: figure(each, of, metric), bound, at_least=False)


def at_least(text: str, metric: str, bound: float, *, of: str = JUDGED) -> Target:
    """The figure of the subject `of` is not below `bound`."""
    return Target(text, lambda each: figure(each, of, metric), bound, at_least=True)


def times_as_many(text: str, metric: str, other: str, factor: float, *, of: str = JUDGED) -> Target:
    """The figure of the subject `of` is `factor` times that of `other`, in the same round."""
    return Target(text, lambda each: _ratio(each, metric, of, other), factor, at_least=True)


def times_as_cheap(
    text: str, metric: str, other: str, factor: float, *, of: str = JUDGED
) -> Target:
    """The figure of `other` is `factor` times that of the subject `of`, in the same round."""
    return Target(text, lambda each: _ratio(each, metric, other, of), factor, at_least=True)


def figure(each: Round, subject: str, metric: str) -> float | None:
    """What the subject reached in this round; `None` if it did not run."""
    return each.get(subject, {}).get(metric)


def _ratio(each: Round, metric: str, above: str, below: str) -> float | None:
    first, second = figure(each, above, metric), figure(each, below, metric)
    return first / second if first is not None and second else None


def number(value: float) -> str:
    """Three digits that count, thousands separated."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def percent(value: float) -> str:
    """A share, as a whole number of hundredths or with one decimal below ten."""
    return f"{value * 100:.0f} %" if value >= 0.1 else f"{value * 100:.1f} %"
