"""What one node tells of all: its figures, its metrics, and what nodes are called."""

import asyncio
import os
import signal
import time

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from quad.cluster.figures import names_of
from quad.cluster.table import NodeInfo
from tests.classroom.school import enter
from tests.cluster.servers import Site, until_all_know
from tests.patience import patience

Samples = dict[str, dict[str, float]]
"""By name and node."""


on_postgresql = pytest.mark.parametrize("databases", ["postgresql"], indirect=True)


async def metrics(browser: httpx.AsyncClient) -> Samples:
    answer = await browser.get("/metrics")
    assert answer.status_code == 200
    found: Samples = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            assert "node" in sample.labels, sample
            values = found.setdefault(sample.name, {})
            node = sample.labels["node"]
            values[node] = values.get(node, 0.0) + sample.value
    return found


def test_names_tell_nodes_apart_and_the_youngest_has_its_own() -> None:
    nodes = {
        number: NodeInfo(number, name, 0, "alive")
        for number, name in ((1, "a"), (2, "b"), (3, "a"))
    }
    assert names_of(nodes) == {3: "a", 2: "b", 1: "a#1"}


@on_postgresql
async def test_any_node_answers_for_all(site: Site) -> None:
    for name in ("ada", "bob"):
        await site.start(name)
    await until_all_know(site, "ada", "bob")
    peers = [await enter(site.urls[name]) for name in ("ada", "ada", "bob")]
    for name in ("ada", "bob"):
        samples = await metrics(site.administrators[name])
        assert samples["quad_node_up"] == {"ada": 1, "bob": 1}
        assert samples["quad_connections"] == {"ada": 2, "bob": 1}
        assert sum(samples["quad_shards"].values()) == 256
        assert samples["quad_handed_over_shards_total"]["ada"] > 100
        assert samples["quad_handed_over_shards_total"]["bob"] == 0
        assert samples["quad_suspended"] == {"ada": 0, "bob": 0}
        assert {"quad_link_resends_total", "quad_bus_forged_total"} < samples.keys()

        figures = await site.figures(name)
        assert figures["connections_total"] == 3
        assert figures["connections"] == [{"transport": "websocket", "version": "V4", "open": 3}]
        assert [(node["name"], node["connections"]) for node in figures["nodes"]] == [
            ("ada", 2),
            ("bob", 1),
        ]
        assert sum(node["memory_bytes"] for node in figures["nodes"]) == pytest.approx(
            figures["memory_bytes"], rel=0.1
        )
        ada, bob = (node["number"] for node in figures["nodes"])
        assert bob > ada
    for peer in peers:
        await peer.close()


@on_postgresql
async def test_a_silent_node_is_named_and_holds_nobody_up(site: Site) -> None:
    await site.start("ada")
    process = await asyncio.to_thread(site.process, "cyd")
    try:
        await until_all_know(site, "ada", "cyd")
        os.kill(process.pid, signal.SIGSTOP)
        started = time.monotonic()
        # Both at once: after five seconds it is gone.
        figures, samples = await asyncio.gather(
            site.figures("ada"), metrics(site.administrators["ada"])
        )
        assert time.monotonic() - started < patience(3)
        silent = figures["nodes"][1]
        assert (silent["name"], silent["state"]) == ("cyd", "silent")
        assert silent["shards"] > 100
        assert silent["connections"] is silent["memory_bytes"] is None
        assert samples["quad_node_up"] == {"ada": 1, "cyd": 0}
        assert samples["quad_shards"].keys() == {"ada"}
    finally:
        process.kill()
