"""Clusters that are measured: who is the home, when they begin, and that nothing of them stays."""

import asyncio
import os
import time
from collections.abc import Mapping

import pytest
from sqlalchemy import text

import bench.nodes
from bench.away import Answered, AwayFailed, handover_figures, quantile
from bench.items.cluster import CLUSTER
from bench.nodes import SHARDS, is_dealt_out, loads_of, missing_services, serving_nodes
from bench.rig import Rig, cpu_s, free_port
from bench.run import taking_part
from bench.subjects import SUBJECTS
from bench.subjects.nodes import AWAY
from quad.store import parse_url
from tests.bus.brokers import broker_url, missing
from tests.contract.databases import connected


def test_nodes_have_loads() -> None:
    assert loads_of({0: 7, 1: 8, 2: 7}) == {7: 2, 8: 1}


@pytest.mark.parametrize(
    ("loads", "nodes", "is_fair"),
    [
        ({1: SHARDS}, 1, True),
        ({1: SHARDS}, 2, False),
        ({1: SHARDS - 1, 2: 1}, 2, False),
        ({1: SHARDS // 2, 2: SHARDS // 2}, 2, True),
        ({1: 86, 2: 85, 3: 85}, 3, True),
        # Of one that was there before, and is not yet declared dead.
        ({1: 86, 2: 85, 3: 85}, 2, False),
    ],
)
def test_a_measurement_waits_until_all_is_dealt_out(
    loads: Mapping[int, int], nodes: int, is_fair: bool
) -> None:
    assert is_dealt_out(loads, nodes) is is_fair


def test_what_is_missing_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    assert "QUAD_TEST_RABBITMQ" in str(missing_services(""))
    monkeypatch.setattr(bench.nodes, "POSTGRESQL", f"postgresql://127.0.0.1:{port}/postgres")
    reason = missing_services("nats://127.0.0.1:4222")
    assert reason == f"PostgreSQL does not answer at 127.0.0.1:{port}"


def test_processor_time_is_read_to_the_nanosecond() -> None:
    before, own = cpu_s(os.getpid()), time.process_time()
    while time.process_time() - own < 0.02:
        """Work, for two ticks of the system's coarse accounts."""
    assert 0.02 <= cpu_s(os.getpid()) - before < time.process_time() - own + 0.01


def test_a_share_of_values_does_not_exceed_its_quantile() -> None:
    values = [float(value) for value in range(100, 0, -1)]
    assert (quantile(values, 0.5), quantile(values, 0.99), quantile([3.0], 0.99)) == (51, 100, 3)


def test_what_was_under_way_when_the_home_was_stopped_belongs_to_the_hand_over() -> None:
    answered = [
        Answered(sent_at=0.5, took_s=0.1),  # before anything is counted
        Answered(sent_at=1.0, took_s=0.2),
        Answered(sent_at=1.9, took_s=0.3),  # under way
        Answered(sent_at=2.5, took_s=0.1),
    ]
    figures = handover_figures(answered, began=1.0, stopped=2.0)
    assert figures["before_p50_ms"] == figures["before_p99_ms"] == 200
    assert figures["during_p50_ms"] == 200
    assert figures["longest_ms"] == 300


def test_a_hand_over_in_which_nothing_was_acknowledged_is_a_failure() -> None:
    with pytest.raises(AwayFailed, match="none since"):
        handover_figures([Answered(1.0, 0.1)], began=1.0, stopped=2.0)


def test_every_item_of_a_cluster_shows_what_is_at_another_node() -> None:
    for each in CLUSTER:
        assert AWAY in taking_part(SUBJECTS, each)
        assert each.key.startswith("cluster-")


def test_nodes_are_ready_while_they_are_measured_and_nothing_of_them_stays(rig: Rig) -> None:
    broker_url("nats")
    if reason := missing_services(bench.nodes.NATS):
        missing(reason)
    before = databases()
    with serving_nodes(rig, AWAY, 2) as nodes:
        (added,) = databases() - before
        assert nodes.home.pid != nodes.edge.pid
        report = rig.apply(
            "relay",
            nodes.edge,
            AWAY.scripts["nodes-relay"],
            nodes.home,
            members=1,
            window=4,
            warmup=0,
            seconds=0.2,
        )
    assert report["deliveries"] > 0
    # Both have worked for it.
    assert min(report["server_cpu_s"], report["home_cpu_s"]) > 0
    assert added not in databases()
    for node in (nodes.home, nodes.edge):
        with pytest.raises(ProcessLookupError):
            os.kill(node.pid, 0)


def databases() -> set[str]:
    """Those that are made for measurements."""

    async def read() -> set[str]:
        async with connected(parse_url(bench.nodes.POSTGRESQL)) as connection:
            query = "SELECT datname FROM pg_database WHERE datname LIKE 'quad_bench_%'"
            return {row[0] for row in await connection.execute(text(query))}

    return asyncio.run(read())
