"""Buses of every kind, each test in a cluster of its own."""

import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from quad.bus.memory import MemoryBroker
from quad.bus.port import Bus
from quad.bus.urls import open_bus
from tests.bus.brokers import NatsServer, broker_url
from tests.process import free_port

OpenBus = Callable[[int], Bus]


@pytest.fixture
def cluster() -> str:
    return f"test-{secrets.token_hex(6)}"


@pytest.fixture(params=["memory", "nats", "rabbitmq"])
async def bus_of(request: pytest.FixtureRequest, cluster: str) -> AsyncIterator[OpenBus]:
    """Makes the bus of a node, which is closed after the test."""
    opened: list[Bus] = []
    broker = MemoryBroker()
    url = None if request.param == "memory" else broker_url(request.param)

    def make(me: int) -> Bus:
        bus = broker.bus(me) if url is None else open_bus(url, cluster=cluster, me=me)
        opened.append(bus)
        return bus

    yield make
    for bus in opened:
        await bus.aclose()


@pytest.fixture
def nats_server(tmp_path: Path) -> Iterator[NatsServer]:
    server = NatsServer(free_port(), tmp_path)
    server.start()
    yield server
    server.kill()
