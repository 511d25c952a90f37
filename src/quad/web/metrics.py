"""Everything the engine and the store count, in Prometheus' text format."""

from collections.abc import Iterator, Mapping
from typing import Final

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from quad.admin.figures import Gauges
from quad.cluster.member import Member
from quad.http import EXPLAINED
from quad.realtime.counters import Histogram
from quad.web.exposition import LABEL, Families, expose, merge
from quad.web.watching import Watchers

_QUESTION: Final = "metrics"
# Prometheus itself waits for ten seconds.
_PATIENCE_S: Final = 2.0

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


class ClusterCollector(Collector):
    """What a node does for the others."""

    def __init__(self, member: Member) -> None:
        self._member = member

    def collect(self) -> Iterator[Metric]:
        """Every family with its present values."""
        figures = self._member.figures
        for name, text, value in (
            ("quad_shards", "Shards that are at home here.", figures.shards),
            (
                "quad_remote_clients",
                "Clients of other nodes that are known here.",
                figures.remote_clients,
            ),
            (
                "quad_link_unacknowledged_bytes",
                "Bytes that were sent to other nodes and not acknowledged.",
                figures.unacknowledged_bytes,
            ),
            (
                "quad_suspended",
                "Whether the session with the database is in doubt.",
                figures.is_suspended,
            ),
            ("quad_draining", "Whether the node is about to end.", figures.is_draining),
        ):
            yield GaugeMetricFamily(name, text, value)
        for name, text, total in (
            ("quad_link_resends", "Batches that were sent again.", figures.resends),
            ("quad_link_resets", "Links that were given up and begun anew.", figures.resets),
            ("quad_bus_forged", "Messages without our signature.", figures.forged),
            (
                "quad_failed_records",
                "Records of other nodes whose receiver failed.",
                figures.failed_records,
            ),
            (
                "quad_unreadable_records",
                "Records of other nodes that cannot be read.",
                figures.unreadable_records,
            ),
            ("quad_handed_over_shards", "Shards given to other nodes.", figures.handed_over),
            ("quad_takeovers", "Dead nodes whose shards were shared.", figures.takeovers),
            (
                "quad_ended_sessions",
                "Silent nodes whose session was ended.",
                figures.ended_sessions,
            ),
        ):
            yield CounterMetricFamily(name, text, total)


class Metrics:
    """What `/metrics` says: of this process alone, or of all nodes."""

    def __init__(self, collector: QuadCollector, member: Member | None = None) -> None:
        """With a `member`, which has not joined yet: this node answers what others ask."""
        self._registry = CollectorRegistry()
        self._registry.register(collector)
        ProcessCollector(registry=self._registry)
        self._member = member
        if member is not None:
            self._registry.register(ClusterCollector(member))
            member.questions.on(_QUESTION, self._tell)

    async def read(self) -> str:
        """The whole text; a node that does not answer in time is in it as one that is not up."""
        member = self._member
        if member is None:
            return expose(self._registry)
        names = member.names
        own = names[member.membership.me]
        texts = await member.questions.ask_all(_QUESTION, names, timeout_s=_PATIENCE_S)
        told = {names[node]: text for node, text in texts.items() if node in names}
        up = GaugeMetricFamily("quad_node_up", "Whether a node has answered.", labels=[LABEL])
        for name, text in ((own, "itself"), *told.items()):
            up.add_metric([name], text is not None)
        return merge(
            [expose(Families(up)), expose(self._registry, own), *filter(None, told.values())]
        )

    def _tell(self, names: dict[int, str]) -> str:
        """What this node says to another one, by the name that it has there."""
        assert self._member is not None
        return expose(self._registry, names[self._member.membership.me])


def make_metrics(metrics: Metrics, watchers: Watchers) -> HTTPRouteHandler:
    """The route `/metrics`, for watchers alone."""

    @get(
        "/metrics",
        include_in_schema=False,
        guards=[watchers.guard],
        exception_handlers=EXPLAINED,
    )
    async def show_metrics() -> Response[bytes]:
        return Response((await metrics.read()).encode(), media_type=_CONTENT_TYPE)

    return show_metrics


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
