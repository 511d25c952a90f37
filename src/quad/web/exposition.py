"""Prometheus' text format, of one process or of several put together by the label `node`."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from prometheus_client import generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

LABEL: Final = "node"

# No value or text holds a line break that is not escaped, so only a family begins like this.
_FAMILY: Final = re.compile(r"^# HELP (?=(\S+))", re.MULTILINE)


class Families(Collector):
    """Some families, as they are."""

    def __init__(self, *families: Metric) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        """All of them."""
        return self._families


class Labelled(Collector):
    """The same, with the name of a node at every sample."""

    def __init__(self, collector: Collector, node: str) -> None:
        self._collector = collector
        self._node = node

    def collect(self) -> Iterator[Metric]:
        """Every family with its present values."""
        for family in self._collector.collect():
            family.samples = [
                sample._replace(labels={LABEL: self._node, **sample.labels})
                for sample in family.samples
            ]
            yield family


def expose(collector: Collector, node: str | None = None) -> str:
    """All families as a text; with the name of a node, if there are several."""
    return generate_latest(collector if node is None else Labelled(collector, node)).decode()


def merge(expositions: Iterable[str]) -> str:
    """One text of several: Prometheus wants each family once, with all its samples behind it."""
    families: dict[str, list[str]] = {}
    for exposition in expositions:
        _, *parts = _FAMILY.split(exposition)
        for name, text in zip(parts[::2], parts[1::2], strict=True):
            about, kind, samples = text.split("\n", 2)
            families.setdefault(name, [f"# HELP {about}\n{kind}\n"]).append(samples)
    return "".join(part for family in families.values() for part in family)
