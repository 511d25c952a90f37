"""Heartbeats: the server pings in V4, the client in V3; silence ends a session on the clock."""

import asyncio
import time

import httpx
import pytest

from tests.patience import patience
from tests.protocol.peers import (
    ENGINE,
    PROMPT_S,
    SOCKET,
    Polling,
    Target,
    expect_closed,
    expect_silence,
    opened,
    payload,
    receive,
)

PING_INTERVAL_S = 0.3
PING_TIMEOUT_S = 0.2
# Timers on a busy machine of two cores are late, never early.
LATENESS_S = 2.0
# So many stops of the machine in a row, each at the same moment, are none.
_TRIES = 20

PATHS = pytest.mark.parametrize("path", [ENGINE, SOCKET])
BOTH = pytest.mark.parametrize("eio", [4, 3], ids=["V4", "V3"])
V3 = pytest.mark.parametrize("eio", [3], ids=["V3"])


@PATHS
async def test_a_polling_session_is_pinged_every_interval(
    http: httpx.AsyncClient, lenient: Target, path: str
) -> None:
    began = time.monotonic()
    session = await Polling.open(http, lenient, path)
    for count in range(1, 4):
        asked = time.monotonic()
        assert (await session.get()).text == "2"
        heard = time.monotonic()
        # One that was heard late is followed sooner: the interval is the server's.
        assert heard - began >= count * PING_INTERVAL_S - 0.05
        assert heard - asked < PING_INTERVAL_S + LATENESS_S
        await session.send("3")


@PATHS
async def test_a_websocket_is_pinged_every_interval_and_gets_nothing_else(
    lenient: Target, path: str
) -> None:
    async with opened(lenient, path) as connection:
        for _ in range(3):
            began = time.monotonic()
            assert await receive(connection) == "2"
            assert PING_INTERVAL_S - 0.05 <= time.monotonic() - began < PING_INTERVAL_S + LATENESS_S
            await connection.send("3")


@pytest.mark.parametrize(("eio", "method"), [(4, "GET"), (3, "GET"), (3, "POST")])
@PATHS
async def test_a_poll_after_the_timeout_is_answered_400_at_once(
    http: httpx.AsyncClient, quick: Target, eio: int, path: str, method: str
) -> None:
    """Exactly interval plus timeout after the handshake's answer, as the public suites have it.

    A server that was too busy to send its Ping in time gives the client as much time more: in V4 a
    machine that stops for a moment shows a session that lives on, and another one has to be asked.
    In V3 nothing but the client's own silence counts.
    """
    for _ in range(_TRIES if eio == 4 else 1):
        session = await Polling.open(http, quick, path, eio)
        await asyncio.sleep(PING_INTERVAL_S + PING_TIMEOUT_S)

        began = time.monotonic()
        if method == "GET":
            answer = await session.get()
        else:
            answer = await session.post(payload(eio, "2"))
        if answer.status_code == 400:
            assert answer.json() == {"code": 1, "message": "Session ID unknown"}
            assert time.monotonic() - began < patience(PROMPT_S)
            return
        assert (eio, answer.status_code, answer.text) == (4, 200, "2")
    pytest.fail("it is never over in time")


async def test_a_late_pong_is_answered_400(http: httpx.AsyncClient, quick: Target) -> None:
    session = await Polling.open(http, quick)
    assert await session.poll() == ["2"]
    await asyncio.sleep(PING_TIMEOUT_S + 0.05)
    assert (await session.post("3")).status_code == 400


@PATHS
@BOTH
async def test_a_silent_websocket_is_closed_on_the_clock(
    quick: Target, eio: int, path: str
) -> None:
    async with opened(quick, path, eio) as connection:
        began = time.monotonic()
        greeting = ("2",) if eio == 4 else ("40", '42["auth",{}]')
        await expect_closed(connection, within_s=5.0, allowed=greeting)
        lasted = time.monotonic() - began
    limit = PING_INTERVAL_S + PING_TIMEOUT_S
    assert limit - 0.05 <= lasted < limit + LATENESS_S


async def test_messages_do_not_stand_for_a_pong(quick: Target) -> None:
    async with opened(quick) as connection:

        async def chatter() -> None:
            while True:
                await connection.send("4still here")
                await asyncio.sleep(0.05)

        talking = asyncio.create_task(chatter())
        try:
            await expect_closed(connection, within_s=5.0, allowed=("2", "4still here"))
        finally:
            talking.cancel()
            await asyncio.gather(talking, return_exceptions=True)


async def test_a_waiting_get_is_released_when_the_pong_stays_out(
    http: httpx.AsyncClient, quick: Target
) -> None:
    session = await Polling.open(http, quick)
    assert await session.poll() == ["2"]
    async with asyncio.timeout(PING_TIMEOUT_S + LATENESS_S):
        await asyncio.gather(session.get(), return_exceptions=True)
    await session.expect_ended()


async def test_a_pong_in_time_keeps_a_websocket_open(lenient: Target) -> None:
    async with opened(lenient) as connection:
        for _ in range(2):
            assert await receive(connection) == "2"
            await asyncio.sleep(PING_TIMEOUT_S / 2)
            await connection.send("3")
        await connection.send("4hello")
        assert await receive(connection) == "4hello"


@V3
async def test_a_polling_client_of_version_3_pings_and_gets_a_pong(
    http: httpx.AsyncClient, lenient: Target, eio: int
) -> None:
    session = await Polling.open(http, lenient, eio=eio)
    for _ in range(3):
        await session.send("2")
        assert (await session.get()).text == "1:3"


@V3
async def test_a_websocket_client_of_version_3_pings_and_gets_a_pong(
    lenient: Target, eio: int
) -> None:
    async with opened(lenient, eio=eio) as connection:
        for _ in range(3):
            await connection.send("2")
            assert await receive(connection) == "3"


@V3
async def test_version_3_is_never_pinged(lenient: Target, eio: int) -> None:
    async with opened(lenient, eio=eio) as connection:
        for _ in range(3):
            await expect_silence(connection, PING_INTERVAL_S + 0.05)
            await connection.send("2")
            assert await receive(connection) == "3"


@V3
async def test_a_poll_of_version_3_waits_without_a_ping(
    http: httpx.AsyncClient, lenient: Target, eio: int
) -> None:
    session = await Polling.open(http, lenient, eio=eio)
    for _ in range(2):
        async with session.waiting_get() as waiting:
            done, _pending = await asyncio.wait([waiting], timeout=PING_INTERVAL_S)
            assert not done
            await session.send("2")
            assert (await waiting).text == "1:3"


@V3
@pytest.mark.differs("Node counts pings only")
async def test_anything_a_version_3_client_sends_breaks_its_silence(
    lenient: Target, eio: int
) -> None:
    async with opened(lenient, eio=eio) as connection:
        for number in range(6):
            await asyncio.sleep(0.2)
            await connection.send(f"4{number}")
            assert await receive(connection) == f"4{number}"
