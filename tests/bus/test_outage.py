"""Brokers that go and come back, and links that lose nothing by it."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import make_url

from quad.bus.links import Channel, Links
from quad.bus.urls import open_bus
from tests.bus.brokers import NatsServer, broker_url
from tests.bus.waiting import until
from tests.contract.proxy import Proxy

OUTAGE_S = 3.0


class Talk:
    """Two nodes of which each counts for the other."""

    def __init__(self, url: str, cluster: str) -> None:
        self.nodes = [Links(open_bus(url, cluster=cluster, me=me), me, b"secret") for me in (1, 2)]
        self.sent: list[list[bytes]] = [[], []]
        self.heard: list[list[bytes]] = [[], []]
        self.resets: list[int] = []
        self._talking: asyncio.Task[None] | None = None
        # By whom it was said.
        for links, heard in zip(self.nodes, self.heard[::-1], strict=True):
            links.on(Channel.EVENTS, self._receiver(heard), self.resets.append)

    @staticmethod
    def _receiver(heard: list[bytes]) -> Callable[[int, bytes], object]:
        return lambda node, record: heard.append(record)

    async def start(self) -> None:
        for links, other in zip(self.nodes, (2, 1), strict=True):
            await links.start()
            links.connect(other)
        self._talking = asyncio.create_task(self._talk())

    async def _talk(self) -> None:
        for count in range(1_000_000):
            for links, other, sent in zip(self.nodes, (2, 1), self.sent, strict=True):
                record = b"%d" % count
                sent.append(record)
                links.send(other, Channel.EVENTS, record)
            await asyncio.sleep(0.002)

    @property
    def is_heard(self) -> bool:
        """Whether everything arrived that was sent until now, or nearly."""
        return all(
            len(heard) > len(sent) - 50 for heard, sent in zip(self.heard, self.sent, strict=True)
        )

    def stop(self) -> None:
        """Say nothing more."""
        if self._talking is not None:
            self._talking.cancel()


@asynccontextmanager
async def talk(url: str, cluster: str) -> AsyncIterator[Talk]:
    talking = Talk(url, cluster)
    await talking.start()
    try:
        await until(lambda: min(map(len, talking.heard)) > 50)
        yield talking
        await until(lambda: all(links.hears_itself for links in talking.nodes))
        await until(lambda: talking.is_heard)
        talking.stop()
        await until(
            lambda: [len(each) for each in talking.heard] == [len(each) for each in talking.sent]
        )
    finally:
        talking.stop()
        for links in talking.nodes:
            await links.aclose()
    assert talking.heard == talking.sent
    assert talking.resets == []


async def test_a_nats_server_that_is_killed_and_started_again_costs_no_record(
    nats_server: NatsServer, cluster: str, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"nats://127.0.0.1:{nats_server.port}"
    async with talk(url, cluster) as talking:
        await asyncio.to_thread(nats_server.kill)
        await until(lambda: not any(links.hears_itself for links in talking.nodes))
        await asyncio.sleep(OUTAGE_S - 2)
        await asyncio.to_thread(nats_server.start)
    assert sum("no connection to the broker" in each for each in caplog.messages) == 2


async def test_connections_to_rabbitmq_that_are_cut_cost_no_record(cluster: str) -> None:
    url = make_url(broker_url("rabbitmq"))
    async with (
        Proxy(url.host or "", url.port or 0) as proxy,
        talk(proxy.url(url), cluster) as talking,
    ):
        await proxy.stop()
        await until(lambda: not any(links.hears_itself for links in talking.nodes))
        await asyncio.sleep(OUTAGE_S - 2)
        await proxy.start()


async def test_a_broker_that_is_away_at_first_is_found_later(
    nats_server: NatsServer, cluster: str, caplog: pytest.LogCaptureFixture
) -> None:
    await asyncio.to_thread(nats_server.kill)
    heard: list[bytes] = []
    bus = open_bus(f"nats://quad:sesame@127.0.0.1:{nats_server.port}", cluster=cluster, me=1)
    starting = asyncio.create_task(bus.start(heard.append))
    await until(lambda: "no connection to the broker" in caplog.text)
    assert not bus.is_connected
    bus.broadcast(b"lost")
    assert bus.lost == 1
    await asyncio.to_thread(nats_server.start)
    await starting
    await until(lambda: bus.is_connected)
    bus.broadcast(b"heard")
    await until(lambda: heard == [b"heard"])
    await bus.aclose()
    assert "sesame" not in caplog.text


async def test_who_may_not_sign_in_says_so_once_and_without_the_password(
    cluster: str, caplog: pytest.LogCaptureFixture
) -> None:
    url = make_url(broker_url("rabbitmq")).set(username="stranger", password="sesame")
    bus = open_bus(url.render_as_string(hide_password=False), cluster=cluster, me=1)
    caplog.set_level(logging.DEBUG, logger="quad.bus")
    starting = asyncio.create_task(bus.start(print))
    await until(lambda: "no connection to the broker" in caplog.text)
    starting.cancel()
    await asyncio.wait([starting])
    assert not bus.is_connected
    await bus.aclose()
    assert "sesame" not in caplog.text
