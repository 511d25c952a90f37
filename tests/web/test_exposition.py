"""Several expositions as one."""

from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from quad.web.exposition import Families, expose, merge


class Own(Collector):
    def collect(self) -> Iterable[Metric]:
        events = CounterMetricFamily("quad_events", "Events of # HELP seekers.", labels=["event"])
        events.add_metric(["a\n# HELP b"], 3)
        yield events
        yield GaugeMetricFamily("quad_open", "Open.", 2)


def test_one_alone_has_no_label() -> None:
    assert "quad_open 2.0\n" in expose(Own())


def test_every_sample_is_labelled_and_each_family_is_there_once() -> None:
    more = GaugeMetricFamily("quad_more", "Of another version.", 1)
    merged = merge([expose(Own(), "a"), expose(Own(), "b"), expose(Families(more), "c")])
    families = list(text_string_to_metric_families(merged))
    assert [family.name for family in families] == ["quad_events", "quad_open", "quad_more"]
    assert [(sample.labels, sample.value) for sample in families[0].samples] == [
        ({"node": "a", "event": "a\n# HELP b"}, 3),
        ({"node": "b", "event": "a\n# HELP b"}, 3),
    ]
    assert [sample.labels["node"] for family in families for sample in family.samples] == [
        *("a", "b", "a", "b"),
        "c",
    ]
    assert merged.count("# TYPE quad_open gauge\n") == 1
