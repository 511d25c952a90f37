"""Everything the engine and the store count, in Prometheus' text format."""

from collections.abc import Iterator, Mapping

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from quad.admin.figures import Gauges
from quad.http import EXPLAINED
from quad.realtime.counters import Histogram
from quad.web.watching import Watchers

_CONTENT_TYPE = "text/plain; version=0.0.4"  # Litestar names the charset


class QuadCollector(Collector):
    """Reads the plain counters when somebody asks, so that counting costs nothing more."""

    def __init__(self, gauges: Gauges) -> None:
        self._gauges = gauges
        self._counters = gauges.counters
        self._commits = gauges.commits

    def collect(self) -> Iterator[Metric]:
        """Every family with its present values."""
        yield from self._connections()
        yield from self._events()
        yield from self._deliveries()
        yield from self._store()
        yield GaugeMetricFamily(
            "quad_loop_lateness_seconds",
            "How late the event loop's last tick was.",
            self._gauges.clock.lateness_s,
        )

    def _connections(self) -> Iterator[Metric]:
        connections = GaugeMetricFamily(
            "quad_connections", "Open connections.", labels=["transport", "version"]
        )
        for (transport, version), count in self._counters.connections.items():
            connections.add_metric([transport, version], count)
        yield connections
        yield _by_label(
            "quad_handshakes_refused", "Handshakes over a limit.", "limit",
            self._counters.refused_handshakes,
        )  # fmt: skip

    def _events(self) -> Iterator[Metric]:
        events = CounterMetricFamily("quad_events", "Events received.", labels=["event", "result"])
        for event, counter in self._counters.events.items():
            events.add_metric([event, "ok"], counter.succeeded)
            events.add_metric([event, "refused"], counter.refused)
            events.add_metric([event, "failed"], counter.failed)
        yield events
        latency = HistogramMetricFamily(
            "quad_handler_seconds", "Time from an event to its effect.", labels=["event"]
        )
        for event, counter in self._counters.events.items():
            latency.add_metric([event], _buckets(counter.latency_s), counter.latency_s.total)
        yield latency

    def _deliveries(self) -> Iterator[Metric]:
        yield CounterMetricFamily(
            "quad_deliveries",
            "Messages queued for a connection, once for each receiver.",
            self._gauges.deliveries,
        )
        yield CounterMetricFamily(
            "quad_slow_readers_closed",
            "Connections closed because they did not read.",
            self._counters.slow_readers_closed,
        )
        yield GaugeMetricFamily(
            "quad_queued_bytes",
            "Bytes that wait for readers.",
            self._gauges.queues().bytes,
        )

    def _store(self) -> Iterator[Metric]:
        for name, text, histogram in (
            ("quad_commit_seconds", "Time of a transaction.", self._commits.latency_s),
            ("quad_commit_changes", "Changes in a transaction.", self._commits.batch_size),
        ):
            family = HistogramMetricFamily(name, text)
            family.add_metric([], _buckets(histogram), histogram.total)
            yield family
        yield _by_label(
            "quad_store_failures", "Writes that failed.", "code", self._commits.failures
        )


def make_metrics(collector: QuadCollector, watchers: Watchers) -> HTTPRouteHandler:
    """The route `/metrics`, for watchers alone."""
    registry = CollectorRegistry()
    registry.register(collector)
    ProcessCollector(registry=registry)

    @get(
        "/metrics",
        sync_to_thread=False,
        include_in_schema=False,
        guards=[watchers.guard],
        exception_handlers=EXPLAINED,
    )
    def metrics() -> Response[bytes]:
        return Response(generate_latest(registry), media_type=_CONTENT_TYPE)

    return metrics


def _by_label(name: str, text: str, label: str, counts: Mapping[str, int]) -> CounterMetricFamily:
    family = CounterMetricFamily(name, text, labels=[label])
    for value, count in counts.items():
        family.add_metric([value], count)
    return family


def _buckets(histogram: Histogram) -> list[tuple[str, float]]:
    """Prometheus counts each bucket with all the smaller ones."""
    buckets = []
    total = 0
    for bound, count in zip((*histogram.bounds, None), histogram.buckets, strict=True):
        total += count
        buckets.append(("+Inf" if bound is None else str(bound), float(total)))
    return buckets
