"""What one client may take from all: connections, events, memory."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import time
from collections.abc import AsyncIterator, MutableMapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Opcode

import quad.realtime.sessions.engine
from quad.addresses import parse_network
from quad.realtime import Client, EngineOptions, SocketServer
from quad.realtime.http.polling import serve_polling
from quad.realtime.http.site import Site
from quad.realtime.sessions.session import Session
from tests.patience import patience
from tests.protocol.peers import (
    SOCKET,
    Polling,
    Target,
    binary_payload,
    payload,
    receive,
    websocket,
)
from tests.realtime.memory import entered, turn
from tests.realtime.serving import connected, receive_event, serving, until
from tests.realtime.test_session import open_polling
from tests.realtime.test_websocket import frame

KIB = 1_024


# --- events ---------------------------------------------------------------------------------------


# Fast enough for a test, and slow enough to be seen.
PACED = EngineOptions(events_per_s=100, events_burst=5)
COUNT = 30
LEAST_S = (COUNT - 5 - 1) / 100


def counting(options: EngineOptions = PACED) -> tuple[SocketServer, list[int]]:
    """A server, and the numbers that were said to it."""
    server = SocketServer(options)
    said: list[int] = []

    @server.on("say")
    def say(client: Client, number: int) -> None:
        said.append(number)

    return server, said


@pytest.mark.parametrize("form", ["usual", "fragmented", "binary"])
async def test_what_a_websocket_says_too_fast_is_read_later_and_in_order(form: str) -> None:
    server, said = counting()
    async with serving(server) as target, connected(target) as client, connected(target) as other:
        loop = asyncio.get_running_loop()
        began = loop.time()
        if form == "fragmented":  # from here on another parser reads
            await client.send(["42", '["other"]'])
        if form == "binary":
            await client.send('451-["other",{"_placeholder":true,"num":0}]')
            await client.send(b"x")
        for number in range(COUNT):
            await client.send(f'42["say",{number}]')
        await other.send('42["say",1000]')
        await until(lambda: len(said) == COUNT + 1)
        await client.send('421["say",0]')
        assert await receive(client) == "431[]"
        assert loop.time() - began > LEAST_S
        assert [number for number in said if number < COUNT] == [*range(COUNT), 0]
        assert said.index(1000) <= COUNT  # nobody else waits


@pytest.mark.parametrize(("eio", "framing"), [(4, "text"), (3, "text"), (3, "binary")])
async def test_what_one_request_says_too_fast_is_read_later_and_in_order(
    http: httpx.AsyncClient, eio: int, framing: str
) -> None:
    server, said = counting()
    async with serving(server) as target:
        session = await Polling.open(http, target, SOCKET, eio)
        if eio == 4:
            await session.send("40")
        packets = [f'42["say",{number}]' for number in range(COUNT)]
        loop = asyncio.get_running_loop()
        began = loop.time()
        if framing == "text":
            await session.send(*packets)
        else:
            answer = await session.post(binary_payload(*packets), "application/octet-stream")
            assert answer.text == "ok"
        assert loop.time() - began > LEAST_S
        assert said == list(range(COUNT))


async def test_one_packet_a_request_is_no_way_around_the_rate(http: httpx.AsyncClient) -> None:
    server, said = counting()
    async with serving(server) as target:
        session = await Polling.open(http, target, SOCKET)
        loop = asyncio.get_running_loop()
        began = loop.time()
        await session.send("40")
        for number in range(COUNT):
            await session.send(f'42["say",{number}]')
        assert loop.time() - began > LEAST_S
        assert said == list(range(COUNT))


async def test_every_packet_counts_and_not_events_alone(http: httpx.AsyncClient) -> None:
    server, _ = counting()
    async with serving(server) as target:
        session = await Polling.open(http, target, SOCKET)
        loop = asyncio.get_running_loop()
        began = loop.time()
        await session.send("40", *["3"] * COUNT)
        assert loop.time() - began > LEAST_S


async def test_a_session_keeps_its_pace_when_it_moves_to_a_websocket(
    http: httpx.AsyncClient,
) -> None:
    server, said = counting()
    async with serving(server) as target:
        session = await Polling.open(http, target, SOCKET)
        await session.send("40")
        await session.receive(1)
        loop = asyncio.get_running_loop()
        began = loop.time()
        half = COUNT // 2
        await session.send(*(f'42["say",{number}]' for number in range(half)))
        async with websocket(target, SOCKET, sid=session.sid) as client:
            await client.send("2probe")
            assert await receive(client) == "3probe"
            await client.send("5")
            for number in range(half, COUNT):
                await client.send(f'42["say",{number}]')
            await until(lambda: len(said) == COUNT)
        assert loop.time() - began > LEAST_S
        assert said == list(range(COUNT))


@pytest.mark.parametrize("eio", [3, 4])
@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_a_client_that_is_held_back_is_not_taken_for_silent(
    http: httpx.AsyncClient, eio: int, transport: str
) -> None:
    options = EngineOptions(
        events_per_s=20, events_burst=1, ping_interval_ms=50, ping_timeout_ms=100
    )
    server, said = counting(options)
    packets = [f'42["say",{number}]' for number in range(12)]  # 600 ms
    async with serving(server) as target:
        if transport == "polling":
            session = await Polling.open(http, target, SOCKET, eio)
            await session.send(*(["40"] if eio == 4 else []), *packets)
        else:
            async with connected(target, eio) as client:
                for packet in packets:
                    await client.send(packet)
                await until(lambda: len(said) == 12)
        assert said == list(range(12))
        await until(lambda: not server.engine.sessions)  # and then it is silent indeed


async def test_who_goes_away_in_the_middle_of_a_long_request_is_not_waited_for(
    http: httpx.AsyncClient,
) -> None:
    server, said = counting()
    async with serving(server) as target:
        session = await Polling.open(http, target, SOCKET)
        with pytest.raises(httpx.ReadTimeout):
            await http.post(
                session.url(), content=payload(4, "40", *['42["say",1]'] * 1_000), timeout=0.05
            )
        await until(lambda: not server.engine.sessions)
        assert len(said) < 100


async def test_pongs_cost_next_to_nothing_and_a_flood_of_pings_is_read_slowly() -> None:
    server, _ = counting(EngineOptions(events_per_s=100, events_burst=20))
    client = await entered(server.engine)
    for _ in range(200):  # as many as 200 proofs of a chat
        client.websocket.data_received(frame(Opcode.PONG, bytes(8)))
    pauses = [client.transport.is_reading_paused]
    for _ in range(700):
        client.websocket.data_received(frame(Opcode.PING, b""))
        pauses.append(client.transport.is_reading_paused)
    assert pauses[0] is False
    assert pauses[-1] is True
    client.transport.lose()


# --- the loop -------------------------------------------------------------------------------------

# Whatever one client sends, others have a turn after a few milliseconds. A slow machine may take
# longer, but all of it in one go takes ten times as long.
LONGEST_S = 0.05
BODY_BYTES = 400_000


class Turns:
    """How long the loop was away at most while the block ran."""

    async def __aenter__(self) -> Turns:
        self.longest_s = 0.0
        self._task = asyncio.create_task(self._watch())
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.sleep(0)
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _watch(self) -> None:
        # By the processor's clock: others may need it as well.
        before = time.thread_time()
        while True:
            await asyncio.sleep(0)
            now = time.thread_time()
            self.longest_s = max(self.longest_s, now - before)
            before = now


async def post_at_once(
    server: SocketServer, session: Session, body: bytes, more_query: str = ""
) -> int:
    """The request as the HTTP server hands it over, with the whole body; the answer's status."""
    query = f"EIO={int(session.version)}&transport=polling&sid={session.sid}{more_query}".encode()
    request = Site().request("POST", "/socket.io/", query, [], "192.0.2.1")
    bodies = [{"type": "http.request", "body": body}]
    statuses: list[int] = []

    async def receive() -> MutableMapping[str, Any]:
        if not bodies:
            await asyncio.get_running_loop().create_future()
        return bodies.pop()

    async def send(message: MutableMapping[str, Any]) -> None:
        statuses.append(message.get("status", 0))

    await serve_polling(server.engine, request, receive, send)
    return statuses[0]


HOSTILE = [
    pytest.param(4, "3", id="pongs"),
    pytest.param(4, '42["x"]', id="events"),
    pytest.param(4, '42["say",1]', id="handled events"),
    pytest.param(4, "40/x", id="connects"),
    pytest.param(3, "2", id="pings of version 3"),
    pytest.param(3, '42["é"]', id="events of version 3"),
    pytest.param(3, '42["😀"]', id="events in code units"),
]


@pytest.fixture
def resolute(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has taken nothing for a second is cut, and not after 45."""
    monkeypatch.setattr("quad.realtime.sessions.unread._GIVE_UP_S", 1.0)


@pytest.mark.usefixtures("resolute")  # nobody here polls
@pytest.mark.parametrize(("eio", "packet"), HOSTILE)
async def test_a_request_full_of_packets_leaves_the_loop_to_others(eio: int, packet: str) -> None:
    server, _ = counting(EngineOptions(outbox_limit_bytes=100_000_000))
    session = open_polling(server, eio)
    enter = payload(eio, "40") if eio == 4 else ""
    one = payload(eio, "", packet) if eio == 4 else payload(eio, packet)
    body = (enter + one * (BODY_BYTES // len(one.encode()))).encode()
    async with Turns() as turns:
        assert await post_at_once(server, session, body) == 200
    assert turns.longest_s < patience(LONGEST_S)
    session.fail("enough")


async def test_a_long_form_is_taken_apart_beside_the_loop() -> None:
    server, said = counting(EngineOptions())
    session = open_polling(server, 3)
    packet = '42["say",1' + " " * 300_000 + "]"
    form = "d=" + "".join(f"%{ord(each):02x}" for each in f"{len(packet)}:{packet}")
    async with Turns() as turns:
        assert await post_at_once(server, session, form.encode(), "&j=0") == 200
    assert said == [1]
    assert turns.longest_s < patience(LONGEST_S)
    session.fail("enough")


@pytest.mark.parametrize("is_usual", [True, False])
@pytest.mark.parametrize("message", ["3", '42["x"]', '42["say",1]', "40/x"])
async def test_a_read_full_of_frames_leaves_the_loop_to_others(
    message: str, is_usual: bool
) -> None:
    server, _ = counting(EngineOptions(outbox_limit_bytes=100_000_000))
    client = await entered(server.engine)
    if not is_usual:
        half = frame(Opcode.TEXT, b"4", fin=False)
        client.websocket.data_received(half + frame(Opcode.CONT, b'2["x"]'))
    data = client.frames(*[message] * 20_000)
    async with Turns() as turns:
        client.websocket.data_received(data)
        await client.is_read()
    assert turns.longest_s < patience(LONGEST_S)
    client.transport.lose()


# --- connections ----------------------------------------------------------------------------------


async def test_an_address_has_so_many_connections_and_no_more(http: httpx.AsyncClient) -> None:
    server = SocketServer(EngineOptions(connections_per_address=2))
    async with serving(server) as target:
        async with connected(target):
            polling = await Polling.open(http, target, SOCKET)
            await polling.send("40")
            answer = await http.get(target.url(SOCKET, EIO=4, transport="polling"))
            assert (answer.status_code, answer.json()["code"]) == (429, 4)
            assert "Too many connections" in answer.json()["message"]
            with pytest.raises(InvalidStatus) as caught:
                await connected(target).__aenter__()
            assert caught.value.response.status_code == 429
            await polling.send("1")
            async with connected(target):
                pass
        await until(lambda: not server.engine.sessions)
        assert server.counters.refused_handshakes["connections_per_address"] == 2
        async with connected(target), connected(target):
            pass


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quad.realtime.sessions.engine, "_PATIENCE_S", 0.0)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("eio", [3, 4])
async def test_handshakes_without_a_client_lock_nobody_out(
    http: httpx.AsyncClient, eio: int
) -> None:
    options = EngineOptions(connections_per_address=3, newcomers_per_address=5)
    server = SocketServer(options)
    async with serving(server) as target:
        sessions = [await Polling.open(http, target, SOCKET, eio) for _ in range(20)]
        assert len(server.engine.sessions) <= 5
        async with connected(target, eio), connected(target, eio):
            (newest,) = [each for each in sessions if each.sid in server.engine.sessions][-1:]
            assert newest is sessions[-1]  # the oldest have gone
            if eio == 4:
                await newest.send("40")
            assert await newest.receive(1)
        assert server.counters.refused_handshakes["newcomers_per_address"] >= 15


@pytest.mark.usefixtures("impatient")
async def test_the_blocks_of_a_site_have_the_newcomers_of_sixteen_addresses(
    http: httpx.AsyncClient,
) -> None:
    server = SocketServer(EngineOptions(newcomers_per_address=1))
    site = Site(trusted_proxies=(parse_network("127.0.0.1"),))
    async with serving(server, site=site) as target:
        url = target.url(SOCKET, EIO=4, transport="polling")
        for number in range(40):
            headers = {"X-Forwarded-For": f"2001:db8:1:{number:x}::1"}
            assert (await http.get(url, headers=headers)).status_code == 200
        assert len(server.engine.sessions) == 16


async def test_a_session_that_nobody_fetches_goes_soon_and_one_that_is_fetched_stays(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quad.realtime.sessions.engine, "_UNFETCHED_S", 1.0)
    server = SocketServer()
    async with serving(server) as target:
        alone = await Polling.open(http, target, SOCKET)
        fetched = await Polling.open(http, target, SOCKET)
        poll = asyncio.ensure_future(fetched.get())
        entered = await Polling.open(http, target, SOCKET)
        await entered.send("40")
        await until(lambda: alone.sid not in server.engine.sessions)
        await asyncio.sleep(0.5)  # longer than the others opened later
        assert set(server.engine.sessions) == {fetched.sid, entered.sid}
        await fetched.send("40")
        assert (await poll).text.startswith("40")


async def test_a_busy_moment_costs_no_newcomer(http: httpx.AsyncClient) -> None:
    server = SocketServer(EngineOptions(newcomers_per_address=2))
    async with serving(server) as target:
        sessions = [await Polling.open(http, target, SOCKET) for _ in range(10)]
        for session in sessions:
            await session.send("40")
        assert len(server.engine.sessions) == 10


@pytest.mark.usefixtures("impatient")
async def test_a_full_address_gives_up_who_does_not_poll_before_it_refuses_anybody(
    http: httpx.AsyncClient,
) -> None:
    server = SocketServer(EngineOptions(connections_per_address=3))
    async with serving(server) as target:
        hoard = [await Polling.open(http, target, SOCKET) for _ in range(3)]
        for session in hoard:
            await session.send("40")
            await session.receive(1)
        polls = [asyncio.ensure_future(session.get()) for session in hoard[1:]]
        await until(lambda: sum(map(is_polled, server.engine.sessions.values())) == 2)
        async with connected(target):
            assert hoard[0].sid not in server.engine.sessions
            answer = await http.get(target.url(SOCKET, EIO=4, transport="polling"))
            assert answer.status_code == 429  # who polls keeps its place
        for session in hoard[1:]:
            await session.send("1")
        await asyncio.gather(*polls)


def is_polled(session: Session) -> bool:
    return session._polling is not None and session._polling.is_waiting


async def test_no_more_enter_than_an_address_may_have(http: httpx.AsyncClient) -> None:
    server = SocketServer(EngineOptions(connections_per_address=1))
    async with serving(server) as target:
        first = await Polling.open(http, target, SOCKET)
        second = await Polling.open(http, target, SOCKET)
        await first.send("40")
        assert (await second.post("40")).text == "ok"
        assert set(server.engine.sessions) == {first.sid}
        await first.send("1")
        third = await Polling.open(http, target, SOCKET)
        await third.send("40")
        assert set(server.engine.sessions) == {third.sid}


async def test_who_admits_connections_may_ask_an_address_to_wait(http: httpx.AsyncClient) -> None:
    waits = {"127.0.0.1": 2.5}
    server = SocketServer(admit=lambda address: waits.get(address, 0.0))
    async with serving(server) as target:
        answer = await http.get(target.url(SOCKET, EIO=4, transport="polling"))
        assert answer.status_code == 429
        assert "try again in 2.5 s" in answer.json()["message"]
        assert server.counters.refused_handshakes["connects_per_s"] == 1
        waits.clear()
        await Polling.open(http, target, SOCKET)


async def test_connections_are_counted_by_what_they_are(http: httpx.AsyncClient) -> None:
    server = SocketServer()
    counted = server.counters.connections
    async with serving(server) as target:
        async with connected(target, eio=3), connected(target):
            polling = await Polling.open(http, target, SOCKET)
            assert counted == {("websocket", "V3"): 1, ("websocket", "V4"): 1, ("polling", "V4"): 1}
            await polling.send("1")
        await until(lambda: not server.engine.sessions)
        assert counted.total() == 0


# --- readers that do not read ---------------------------------------------------------------------


def make_school(limit_bytes: int = 256 * KIB) -> SocketServer:
    server = SocketServer(EngineOptions(outbox_limit_bytes=limit_bytes))
    server.on_connect(lambda client: client.subscribe("all"))
    return server


def most_queued(server: SocketServer) -> int:
    return max((session.queued_bytes for session in server.engine.sessions.values()), default=0)


@asynccontextmanager
async def reader(target: Target) -> AsyncIterator[ClientConnection]:
    """A client with small buffers, which reads no more than it is asked for."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * KIB)
    sock.settimeout(0)
    await asyncio.get_running_loop().sock_connect(sock, (target.host, target.port))
    url = target.url(SOCKET, EIO=4, transport="websocket").replace("http", "ws", 1)
    async with connect(
        url, sock=sock, max_queue=1, compression=None, ping_interval=None, close_timeout=0.1
    ) as connection:
        await receive(connection)
        await connection.send("40")
        assert str(await receive(connection)).startswith("40")
        yield connection


async def read(connection: ClientConnection, got: list[int], count: int) -> None:
    """Add the numbers of the messages to `got`, until there are `count` or the connection ends."""
    with contextlib.suppress(ConnectionClosed):
        while len(got) < count:
            _, number, _ = await receive_event(connection)
            got.append(number)


def have(lists: list[list[int]], counts: list[int]) -> bool:
    """Whether each list has at least so many numbers."""
    return all(len(got) >= count for got, count in zip(lists, counts, strict=True))


async def test_a_stalled_websocket_is_closed_and_the_others_get_everything(
    caplog: pytest.LogCaptureFixture,
) -> None:
    count = 300
    server = make_school()
    async with AsyncExitStack() as stack:
        target = await stack.enter_async_context(serving(server))
        stalled, *others = [await stack.enter_async_context(reader(target)) for _ in range(3)]
        heard: list[list[int]] = [[], []]
        tasks = [
            asyncio.create_task(read(client, got, count))
            for client, got in zip(others, heard, strict=True)
        ]
        most = 0
        for number in range(count):
            server.publish("all", "number", number, "x" * 50 * KIB)
            await turn()
            most = max(most, most_queued(server))
            await until(partial(have, heard, [number + 1] * 2))
        await asyncio.gather(*tasks)
        assert heard == [list(range(count))] * 2
        assert server.counters.slow_readers_closed == 1
        assert len(server.engine.sessions) == 2
        assert most <= 256 * KIB
        late: list[int] = []
        await read(stalled, late, count)
        assert late == list(range(len(late)))
        assert len(late) < count
        assert stalled.close_code is not None
    closings = [record for record in caplog.records if "slow reader" in record.getMessage()]
    assert [record.levelno for record in closings] == [logging.WARNING]
    assert "websocket" in closings[0].getMessage()


async def test_a_client_that_does_not_poll_is_closed_and_the_others_get_everything(
    http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    server = make_school(64 * KIB)
    async with serving(server) as target, connected(target) as fine:
        stalled = await Polling.open(http, target, SOCKET)
        await stalled.send("40")
        most = 0
        for number in range(100):
            server.publish("all", "number", number, "x" * KIB)
            server.publish("all", "number", 100 + number, b"x" * KIB)
            await turn()
            most = max(most, most_queued(server))
        assert 60 * KIB < most <= 64 * KIB
        assert len(server.engine.sessions) == 1
        assert server.counters.slow_readers_closed == 1
        answer = await stalled.get()
        assert answer.status_code == 400
        for number in range(100):
            assert (await receive_event(fine))[1] == number
            assert str(await receive(fine)).startswith("451-")
            assert await receive(fine) == b"x" * KIB
    assert caplog.text.count("slow reader") == 1
    assert "polling" in caplog.text


COUNT = 60


@dataclass
class Behaviour:
    """Reads so many messages, and then leaves, or reads no more until everything is published."""

    stops: int
    leaves: bool
    got: list[int] = field(default_factory=list)

    async def follow(self, client: ClientConnection, is_over: asyncio.Event) -> None:
        await read(client, self.got, self.stops)
        if not self.leaves:
            await is_over.wait()
            await read(client, self.got, COUNT)
            assert len(self.got) == COUNT or client.close_code is not None


behaviours = st.lists(
    st.builds(Behaviour, st.integers(0, COUNT), st.booleans()), min_size=1, max_size=4
)
sizes = st.lists(st.sampled_from([10, KIB, 60 * KIB, 100 * KIB]), min_size=1, max_size=4)


def test_every_readers_messages_have_no_gap_whoever_stalls_or_leaves() -> None:
    """The promise, over real connections."""
    server = make_school(128 * KIB)

    async def play(target: Target, plan: list[Behaviour], sizes: list[int]) -> None:
        is_over = asyncio.Event()
        async with AsyncExitStack() as stack:
            reading = []
            for behaviour in plan:
                client = await stack.enter_async_context(reader(target))
                reading.append(asyncio.create_task(behaviour.follow(client, is_over)))
            for number in range(COUNT):
                server.publish("all", "number", number, "x" * sizes[number % len(sizes)])
                await turn()
                assert most_queued(server) <= 128 * KIB
                # Whoever reads is not to blame for a slow machine.
                counts = [min(number + 1, behaviour.stops) for behaviour in plan]
                await until(partial(have, [behaviour.got for behaviour in plan], counts))
            is_over.set()
            await asyncio.gather(*reading)
        for behaviour in plan:
            assert behaviour.got == list(range(len(behaviour.got)))
            assert len(behaviour.got) >= behaviour.stops
        await until(lambda: not server.engine.sessions)

    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        target = runner.run(stack.enter_async_context(serving(server)))

        @settings(max_examples=10)
        @example([Behaviour(0, leaves=False), Behaviour(COUNT, leaves=False)], [100 * KIB])
        @given(behaviours, sizes)
        def check(plan: list[Behaviour], sizes: list[int]) -> None:
            runner.run(play(target, plan, sizes))

        check()
        runner.run(stack.aclose())
    assert server.counters.slow_readers_closed > 0
