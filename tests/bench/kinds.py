"""Items and subjects whose figures the test gives."""

import sys
from collections.abc import Mapping, Sequence

from bench.item import Chart, Column, Figures, Item, number
from bench.rig import MeasurementFailed, Rig
from bench.subject import Script, Subject


def subject(key: str, code: str = "") -> Subject:
    """A server that is a line of Python."""
    return Subject(
        key=key,
        label=key.title(),
        role="ours",
        command=lambda site: [sys.executable, "-c", code],
        scripts={"kind": Script()},
    )


QUAD, OTHER = subject("quad"), subject("other")


def item(figures: Mapping[str, Sequence[float]], *targets: object, most_rounds: int = 100) -> Item:
    """Each subject's rates, in the order of the rounds; below zero is a failure."""
    left = {key: iter(values) for key, values in figures.items()}

    def measure(rig: Rig, subject: Subject) -> Figures:
        value = next(left[subject.key])
        if value < 0:
            raise MeasurementFailed("negative\nin detail")
        return {"rate": value}

    return Item(
        key="rates",
        title="Rates",
        kind="kind",
        measure=measure,
        columns=(Column("rate", "per second", number, better="more"),),
        targets=targets,  # type: ignore[arg-type]
        chart=Chart("rate", "Rates", more_is_better=True),
        most_rounds=most_rounds,
    )
