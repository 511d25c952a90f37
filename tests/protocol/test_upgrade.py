"""The change from long-polling to WebSocket: probe, release, upgrade, nothing lost or doubled."""

import asyncio
import time

import httpx
import pytest
from websockets.asyncio.client import ClientConnection

from tests.patience import patience
from tests.protocol.peers import (
    ENGINE,
    PROMPT_S,
    SOCKET,
    Polling,
    Target,
    expect_closed,
    expect_open,
    expect_silence,
    opened,
    payload,
    receive,
    receive_many,
    websocket,
)

BOTH = pytest.mark.parametrize("eio", [4, 3], ids=["V4", "V3"])


async def probe(connection: ClientConnection) -> None:
    await connection.send("2probe")
    assert await receive(connection) == "3probe"


async def upgrade(connection: ClientConnection) -> None:
    await probe(connection)
    await connection.send("5")


@BOTH
async def test_a_poll_after_the_probe_is_released_and_messages_go_over_the_websocket(
    http: httpx.AsyncClient, lenient: Target, eio: int
) -> None:
    """The order of the public suite."""
    session = await Polling.open(http, lenient, eio=eio)
    async with websocket(lenient, eio=eio, sid=session.sid) as connection:
        await probe(connection)
        polled = await session.get()
        assert (polled.status_code, polled.text) == (200, payload(eio, "6"))
        await connection.send("5")
        await connection.send("4hello")
        assert await receive(connection) == "4hello"


@BOTH
async def test_a_get_that_waits_while_the_probe_comes_is_released_with_a_noop(
    http: httpx.AsyncClient, patient: Target, eio: int
) -> None:
    session = await Polling.open(http, patient, eio=eio)
    async with (
        session.waiting_get() as waiting,
        websocket(patient, eio=eio, sid=session.sid) as connection,
    ):
        await probe(connection)
        async with asyncio.timeout(PROMPT_S):
            assert (await waiting).text == payload(eio, "6")
        await connection.send("5")
        await expect_open(connection)


@BOTH
async def test_after_the_upgrade_nothing_comes_between(
    http: httpx.AsyncClient, patient: Target, eio: int
) -> None:
    session = await Polling.open(http, patient, eio=eio)
    async with websocket(patient, eio=eio, sid=session.sid) as connection:
        await upgrade(connection)
        await expect_silence(connection, 0.3)
        await expect_open(connection)


@BOTH
async def test_what_was_queued_comes_first_and_in_order(
    http: httpx.AsyncClient, patient: Target, eio: int
) -> None:
    session = await Polling.open(http, patient, eio=eio)
    await session.send("4one", "4two")
    await session.send("4three")
    async with websocket(patient, eio=eio, sid=session.sid) as connection:
        await upgrade(connection)
        await connection.send("4four")
        got = [await receive(connection) for _ in range(4)]
    assert got == ["4one", "4two", "4three", "4four"]


@BOTH
async def test_probe_and_upgrade_may_come_in_one_breath(
    http: httpx.AsyncClient, patient: Target, eio: int
) -> None:
    session = await Polling.open(http, patient, eio=eio)
    await session.send("4queued")
    async with websocket(patient, eio=eio, sid=session.sid) as connection:
        await connection.send("2probe")
        await connection.send("5")
        await connection.send("4hello")
        got = [await receive(connection) for _ in range(3)]
    assert got == ["3probe", "4queued", "4hello"]


@BOTH
@pytest.mark.parametrize("path", [ENGINE, SOCKET])
async def test_a_poll_after_the_upgrade_is_answered_400(
    http: httpx.AsyncClient, lenient: Target, eio: int, path: str
) -> None:
    session = await Polling.open(http, lenient, path, eio)
    async with websocket(lenient, path, eio, sid=session.sid) as connection:
        await connection.send("2probe")
        await connection.send("5")
        assert (await session.get()).status_code == 400
        assert (await session.post(payload(eio, "4x"))).status_code == 400


@BOTH
async def test_polls_after_the_upgrade_leave_the_websocket_alone(
    http: httpx.AsyncClient, patient: Target, eio: int
) -> None:
    session = await Polling.open(http, patient, eio=eio)
    async with websocket(patient, eio=eio, sid=session.sid) as connection:
        await upgrade(connection)
        for _ in range(2):
            assert (await session.get()).status_code == 400
            await expect_open(connection)


@BOTH
async def test_a_second_websocket_of_an_upgraded_session_is_opened_then_closed(
    http: httpx.AsyncClient, patient: Target, eio: int
) -> None:
    session = await Polling.open(http, patient, eio=eio)
    async with websocket(patient, eio=eio, sid=session.sid) as first:
        await upgrade(first)
        async with websocket(patient, eio=eio, sid=session.sid) as second:
            await expect_closed(second)
        await expect_open(first)
        await expect_silence(first, 0.1)


@BOTH
async def test_a_second_websocket_while_the_first_upgrades_does_not_stop_the_first(
    http: httpx.AsyncClient, patient: Target, eio: int
) -> None:
    session = await Polling.open(http, patient, eio=eio)
    async with websocket(patient, eio=eio, sid=session.sid) as first:
        await probe(first)
        async with websocket(patient, eio=eio, sid=session.sid) as second:
            await expect_closed(second)
        await first.send("5")
        await expect_open(first)


@BOTH
@pytest.mark.parametrize("after_probe", [False, True], ids=["before the probe", "after the probe"])
async def test_polling_goes_on_when_the_websocket_is_given_up(
    http: httpx.AsyncClient, patient: Target, eio: int, after_probe: bool
) -> None:
    session = await Polling.open(http, patient, eio=eio)
    async with websocket(patient, eio=eio, sid=session.sid) as connection:
        if after_probe:
            await probe(connection)
    await session.send("4still polling")
    assert await session.poll() == ["4still polling"]

    async with websocket(patient, eio=eio, sid=session.sid) as connection:
        await upgrade(connection)
        await expect_open(connection)


@BOTH
@pytest.mark.parametrize("first", ["4hello", "abc", "2", "3probe"])
async def test_a_websocket_that_begins_without_a_probe_is_closed_and_polling_goes_on(
    http: httpx.AsyncClient, patient: Target, eio: int, first: str
) -> None:
    session = await Polling.open(http, patient, eio=eio)
    async with websocket(patient, eio=eio, sid=session.sid) as connection:
        await connection.send(first)
        await expect_closed(connection)
    await session.send("4still polling")
    assert await session.poll() == ["4still polling"]


@BOTH
async def test_messages_posted_between_probe_and_upgrade_are_not_lost(
    http: httpx.AsyncClient, patient: Target, eio: int
) -> None:
    session = await Polling.open(http, patient, eio=eio)
    async with websocket(patient, eio=eio, sid=session.sid) as connection:
        await probe(connection)
        await session.send("4posted late")
        await connection.send("5")
        assert await receive(connection) == "4posted late"
        await expect_open(connection)


async def test_binary_that_was_queued_is_a_binary_frame_after_the_upgrade(
    http: httpx.AsyncClient, patient: Target
) -> None:
    session = await Polling.open(http, patient)
    await session.send("bAQIDBA==", "4text")
    async with websocket(patient, sid=session.sid) as connection:
        await upgrade(connection)
        assert await receive(connection) == b"\x01\x02\x03\x04"
        assert await receive(connection) == "4text"


async def test_the_server_pings_an_upgraded_session_over_the_websocket(
    http: httpx.AsyncClient, lenient: Target
) -> None:
    session = await Polling.open(http, lenient)
    async with websocket(lenient, sid=session.sid) as connection:
        await upgrade(connection)
        for _ in range(3):
            assert await receive(connection) == "2"
            await connection.send("3")


@BOTH
async def test_an_upgraded_session_ends_with_its_websocket(
    http: httpx.AsyncClient, patient: Target, eio: int
) -> None:
    session = await Polling.open(http, patient, eio=eio)
    async with websocket(patient, eio=eio, sid=session.sid) as connection:
        await upgrade(connection)
        await expect_open(connection)
    await session.expect_ended()


@BOTH
@pytest.mark.differs("Node leaves the socket open until the heartbeat fails")
async def test_a_close_packet_after_the_upgrade_closes_the_websocket(
    http: httpx.AsyncClient, patient: Target, eio: int
) -> None:
    session = await Polling.open(http, patient, eio=eio)
    async with websocket(patient, eio=eio, sid=session.sid) as connection:
        await upgrade(connection)
        await connection.send("1")
        await expect_closed(connection)


@BOTH
@pytest.mark.differs("Node upgrades from one WebSocket to another")
async def test_a_second_websocket_of_a_websocket_session_leaves_the_first_alone(
    patient: Target, eio: int
) -> None:
    async with websocket(patient, eio=eio) as first:
        sid = str(await receive(first)).split('"')[3]
        async with websocket(patient, eio=eio, sid=sid) as second:
            await expect_closed(second)
        await expect_open(first)


@BOTH
async def test_many_messages_survive_an_upgrade_in_the_middle(
    http: httpx.AsyncClient, patient: Target, eio: int
) -> None:
    """As a client does it: pause polling after the probe, upgrade, go on over the WebSocket."""
    session = await Polling.open(http, patient, eio=eio)
    sent = [f"4{number}" for number in range(200)]
    got: list[str | bytes] = []
    async with websocket(patient, eio=eio, sid=session.sid) as connection:
        for number in range(0, 100, 10):
            await session.send(*sent[number : number + 10])
            if number == 50:
                await probe(connection)
        async with asyncio.timeout(patience(5.0)):
            while "6" not in (packets := await session.poll()):
                got += packets
            got += [packet for packet in packets if packet != "6"]
        await connection.send("5")
        for packet in sent[100:]:
            await connection.send(packet)
        got += await receive_many(connection, 200 - len(got))
    assert got == sent


async def test_an_upgrade_that_is_not_finished_in_time_is_closed_and_polling_goes_on(
    http: httpx.AsyncClient, brisk: Target
) -> None:
    session = await Polling.open(http, brisk)
    mute = await Polling.open(http, brisk)
    began = time.monotonic()
    async with (
        websocket(brisk, sid=session.sid) as probed,
        websocket(brisk, sid=mute.sid) as silent,
    ):
        await probe(probed)
        await asyncio.gather(
            expect_closed(probed, within_s=5.0), expect_closed(silent, within_s=5.0)
        )
    assert 0.55 < time.monotonic() - began < 5.0
    for each in (session, mute):
        await each.send("4still polling")
        got: list[str | bytes] = []
        while not got:
            got = [packet for packet in await each.poll() if packet != "6"]
        assert got == ["4still polling"]


@BOTH
async def test_a_socket_io_session_upgrades_with_its_events(
    http: httpx.AsyncClient, patient: Target, eio: int
) -> None:
    session = await Polling.open(http, patient, SOCKET, eio)
    if eio == 4:
        await session.send("40")
    greeting = await session.receive(2)
    assert greeting[1] == '42["auth",{}]'
    await session.send('42["message","over polling"]')
    async with websocket(patient, SOCKET, eio, sid=session.sid) as connection:
        await upgrade(connection)
        assert await receive(connection) == '42["message-back","over polling"]'
        await expect_open(connection, SOCKET)


async def test_a_websocket_may_open_while_others_upgrade(
    http: httpx.AsyncClient, patient: Target
) -> None:
    async def one(number: int) -> None:
        session = await Polling.open(http, patient)
        async with websocket(patient, sid=session.sid) as connection:
            await upgrade(connection)
            await connection.send(f"4{number}")
            assert await receive(connection) == f"4{number}"

    async def other() -> None:
        async with opened(patient) as connection:
            await expect_open(connection)

    await asyncio.gather(*(one(number) for number in range(20)), *(other() for _ in range(20)))
