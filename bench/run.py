"""One run: all items on all subjects, round after round, so that a noisy minute hits all alike."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

from bench.item import Figures, Item, Verdict
from bench.rig import MeasurementFailed, Rig
from bench.subject import Subject

Tell = Callable[[str], None]


@dataclass
class Table:
    """The rounds of one item, and why subjects are missing from them."""

    item: Item
    subjects: Sequence[Subject]
    rounds: list[dict[str, Figures]] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)

    def values(self, subject: Subject, metric: str) -> list[float]:
        """One figure in every round that the subject finished."""
        figures = (each[subject.key] for each in self.rounds if subject.key in each)
        return [each[metric] for each in figures if metric in each]

    def medians(self, subject: Subject) -> dict[str, float]:
        """Every figure's median over the rounds; empty when the subject finished none."""
        metrics = {name: None for each in self.rounds for name in each.get(subject.key, {})}
        return {metric: median(self.values(subject, metric)) for metric in metrics}

    def verdicts(self) -> list[Verdict]:
        """What the item has to reach, as far as the subjects needed for it ran."""
        judged = (target.judge(list(self.rounds)) for target in self.item.targets)
        return [verdict for verdict in judged if verdict is not None]

    def measure(self, rig: Rig, subject: Subject, what: str, tell: Tell) -> None:
        """Add the subject's figures to the last round, or note why it has none."""
        tell(f"{what}: {subject.label}")
        try:
            self.rounds[-1][subject.key] = self.item.measure(rig, subject)
        except MeasurementFailed as failure:
            self.failures[subject.key] = str(failure)
            tell(f"failed: {failure}")


def run(
    rig: Rig, items: Sequence[Item], subjects: Sequence[Subject], rounds: int, tell: Tell
) -> list[Table]:
    """Measure everything, interleaved; who fails at an item is left out of it from then on."""
    present = prepared(subjects, tell)
    tables = [Table(item, taking_part(present, item)) for item in items]
    for number in range(rounds):
        for table in tables:
            if number < table.item.most_rounds:
                _add_round(rig, table, number + 1, tell)
    return tables


def _add_round(rig: Rig, table: Table, number: int, tell: Tell) -> None:
    table.rounds.append({})
    for subject in table.subjects:
        if subject.key not in table.failures:
            table.measure(rig, subject, f"round {number}: {table.item.key}", tell)


def prepared(subjects: Sequence[Subject], tell: Tell) -> list[Subject]:
    """Those that can run here, with all they need installed."""
    missing = {subject.key: reason for subject in subjects if (reason := subject.prepare())}
    for key, reason in missing.items():
        tell(f"without {key}: {reason}")
    return [subject for subject in subjects if subject.key not in missing]


def taking_part(subjects: Sequence[Subject], item: Item) -> list[Subject]:
    """Those that know what to say for this item."""
    return [subject for subject in subjects if item.kind in subject.scripts]
