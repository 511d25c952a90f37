"""What a bus does while its broker is slow, breaks or refuses it."""

import asyncio

import aio_pika
import pytest

from quad.bus.broker import QUEUE_BYTES, QUEUE_MESSAGES, BrokerBus, Receive, Session
from quad.bus.urls import open_bus
from tests.bus.brokers import broker_url
from tests.bus.waiting import until


class Office:
    """A broker in this process whose sessions do as they are told."""

    place = "office://here"

    def __init__(self) -> None:
        self.is_reading = asyncio.Event()
        self.sessions: list[Desk] = []

    async def connect(self, receive: Receive) -> Session:
        self.sessions.append(Desk(self, receive))
        return self.sessions[-1]


class Desk:
    """A session that repeats to its own node what it is to send."""

    def __init__(self, office: Office, receive: Receive) -> None:
        self._office = office
        self._receive = receive
        self._closed = asyncio.Event()
        self.is_ended = False

    async def send(self, node: int | None, data: bytes) -> None:
        await self._office.is_reading.wait()
        if data == b"break":
            raise ConnectionError("it broke")
        if node in (None, 1):
            self._receive(data)

    async def until_closed(self) -> None:
        await self._closed.wait()

    async def aclose(self) -> None:
        self.is_ended = True
        raise ConnectionError("it was broken")

    def lose(self) -> None:
        self._closed.set()


async def test_what_waits_for_a_slow_broker_is_bounded_and_the_rest_is_lost() -> None:
    office = Office()
    heard: list[bytes] = []
    bus = BrokerBus(office)
    await bus.start(heard.append)
    bus.send(1, b"taken by the task that sends")
    await asyncio.sleep(0)
    for _ in range(QUEUE_MESSAGES + 10):
        bus.send(1, b"small")
    assert bus.lost == 10
    office.is_reading.set()
    await until(lambda: len(heard) == QUEUE_MESSAGES + 1)

    office.is_reading.clear()
    large = bytes(QUEUE_BYTES // 4)
    for _ in range(6):
        bus.send(1, large)
    assert bus.lost == 12
    office.is_reading.set()
    await until(lambda: len(heard) == QUEUE_MESSAGES + 5)
    await bus.aclose()


async def test_signs_of_life_overtake_what_waits_and_only_the_latest_are_kept() -> None:
    office = Office()
    heard: list[bytes] = []
    bus = BrokerBus(office)
    await bus.start(heard.append)
    bus.send(1, b"taken by the task that sends")
    await asyncio.sleep(0)
    bus.send(1, b"waits")
    for number in range(100):
        bus.broadcast(b"%d" % number)
    office.is_reading.set()
    await until(lambda: b"waits" in heard)
    assert heard[1:] == [*[b"%d" % number for number in range(84, 100)], b"waits"]
    await bus.aclose()


async def test_the_end_does_not_wait_for_ever_for_a_slow_broker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("quad.bus.broker.CLOSE_TIMEOUT_S", 0.05)
    bus = BrokerBus(Office())
    await bus.start(print)
    for _ in range(3):
        bus.broadcast(b"never written")
    await asyncio.wait_for(bus.aclose(), 30)
    assert not bus.is_connected


@pytest.mark.parametrize("is_lost_by_sending", [False, True])
async def test_a_lost_connection_is_ended_and_another_one_made(
    *, is_lost_by_sending: bool, caplog: pytest.LogCaptureFixture
) -> None:
    office = Office()
    office.is_reading.set()
    heard: list[bytes] = []
    bus = BrokerBus(office)
    await bus.start(heard.append)
    if is_lost_by_sending:
        bus.send(2, b"break")
        bus.send(2, b"lost with it")
    else:
        office.sessions[0].lose()
    await until(lambda: len(office.sessions) == 2)
    await until(lambda: bus.is_connected)
    assert office.sessions[0].is_ended
    assert bus.lost == int(is_lost_by_sending)
    assert ("it broke" in caplog.text) == is_lost_by_sending
    bus.broadcast(b"by the new one")
    await until(lambda: heard == [b"by the new one"])
    await bus.aclose()


async def test_an_exchange_of_another_kind_is_told_and_leaves_no_connection(
    cluster: str, caplog: pytest.LogCaptureFixture
) -> None:
    url = broker_url("rabbitmq")
    bus = open_bus(url, cluster=cluster, me=1)
    async with await aio_pika.connect(url) as connection, connection.channel() as channel:
        exchange = await channel.declare_exchange(f"quad.{cluster}", "fanout")
        starting = asyncio.create_task(bus.start(print))
        await until(lambda: "no connection to the broker" in caplog.text)
        assert "inequivalent arg 'type'" in caplog.text
        assert not bus.is_connected
        await exchange.delete()
        await starting
        await until(lambda: bus.is_connected)
    await bus.aclose()
