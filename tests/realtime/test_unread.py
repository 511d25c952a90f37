"""Whoever does not read what it is sent, or is not handled as fast as it speaks, waits unread."""

import asyncio

import httpx
import pytest
from websockets.frames import Opcode

from quad.realtime import Client, EngineOptions, SocketServer
from quad.realtime.raw.local import LocalConnection
from quad.realtime.sessions.unread import UNREAD_BYTES, Unread
from quad.realtime.turns import CROWDED_BYTES
from quad.wire.websocket import TEXT, encode_frame
from tests.patience import patience
from tests.protocol.peers import SOCKET, Polling
from tests.realtime.memory import MemoryClient, MemoryPeer, entered, turn, until
from tests.realtime.serving import serving
from tests.realtime.test_raw import hear, house, say
from tests.realtime.test_websocket import Listener, frame

WITHIN_S = patience(5.0)
KIB = 1_024


class Echo(Listener):
    """Answers each message with one of a hundred bytes."""

    peer: MemoryPeer

    def text_received(self, text: str) -> None:
        super().text_received(text)
        self.peer.websocket.write([encode_frame(TEXT, f"{text:100}".encode())])


def echo(outbox_limit_bytes: int = 1_048_576) -> tuple[MemoryPeer, Echo]:
    listener = Echo()
    listener.peer = MemoryPeer(listener, outbox_limit_bytes=outbox_limit_bytes)
    return listener.peer, listener


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_is_heard_at_once_and_the_rest_slowly() -> None:
    unread = Unread(UNREAD_BYTES, Clock())
    waits = [unread.spend(1.0, 0) for _ in range(70)]
    assert waits[:63] == [0.0] * 63
    assert waits[63:66] == [0.25, 0.5, 0.75]


def test_what_is_long_counts_as_much_but_is_looked_at_again() -> None:
    unread = Unread(UNREAD_BYTES, Clock())
    assert unread.spend(1.0, 60 * KIB) == 0.0
    assert unread.spend(1.0, 900 * KIB) == 30.0


def test_who_takes_nothing_for_long_is_hopeless_and_who_takes_a_little_is_not() -> None:
    clock = Clock()
    unread = Unread(70_000, clock)
    for unread_bytes in (70_000, 69_999, 69_998):
        clock.now += 44
        assert not unread.is_hopeless(unread_bytes)
    clock.now += 46
    assert unread.is_hopeless(80_000)


@pytest.mark.parametrize("is_parsed", [False, True])
async def test_a_peer_that_reads_no_answers_is_not_read_until_it_does(*, is_parsed: bool) -> None:
    peer, listener = echo()
    if is_parsed:  # an unusual frame: from here on the complete parser reads
        peer.websocket.data_received(frame(Opcode.TEXT, b"0", fin=False))
        peer.websocket.data_received(frame(Opcode.CONT, b""))
    peer.transport.stall()
    sent = [str(number) for number in range(3_000)]
    peer.send(*sent)
    await turn(50)
    assert peer.transport.is_reading_paused
    assert UNREAD_BYTES < peer.websocket.queued_bytes < 2 * UNREAD_BYTES + 4 * KIB
    assert listener.slow == 0
    peer.transport.read_on()
    await until(lambda: listener.got[-1] == sent[-1], WITHIN_S)
    assert listener.got[-3_000:] == sent
    await peer.is_read()
    assert not peer.transport.is_reading_paused


async def test_a_slow_reader_of_what_others_say_is_heard() -> None:
    listener = Listener()
    peer = MemoryPeer(listener)
    peer.transport.stall()
    for _ in range(500):
        peer.websocket.write([encode_frame(TEXT, b"x" * KIB)])
    peer.send(*("I say little" for _ in range(20)))
    assert len(listener.got) == 20
    assert not peer.transport.is_reading_paused


@pytest.mark.parametrize("is_parsed", [False, True])
async def test_a_flood_of_pings_of_a_peer_that_does_not_read_waits(*, is_parsed: bool) -> None:
    listener = Listener()
    peer = MemoryPeer(listener)
    if is_parsed:
        peer.websocket.data_received(frame(Opcode.TEXT, b"0", fin=False))
        peer.websocket.data_received(frame(Opcode.CONT, b""))
    peer.transport.stall()
    peer.websocket.data_received(frame(Opcode.PING, b"x" * 125) * 7_000)
    await turn(600)
    assert UNREAD_BYTES < peer.websocket.queued_bytes < 2 * UNREAD_BYTES
    assert peer.websocket.is_held_back
    assert listener.slow == 0


def campus(heartbeat_ms: int = 25_000) -> SocketServer:
    options = EngineOptions(ping_interval_ms=heartbeat_ms, ping_timeout_ms=heartbeat_ms)
    server = SocketServer(options)

    @server.on("say")
    def say(client: Client, text: str) -> str:
        return "x" * 100

    return server


@pytest.mark.parametrize("eio", [3, 4])
async def test_who_sends_and_never_reads_outlives_its_heartbeat_and_then_is_cut(
    eio: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quad.realtime.sessions.unread._GIVE_UP_S", 0.4)
    server = campus(40)
    reasons: list[str] = []
    server.on_disconnect(lambda client, reason: reasons.append(reason))
    client = await entered(server.engine, eio)
    client.transport.stall()
    client.send(*(client.event("say", "x", id=number) for number in range(3_000)))
    await until(lambda: client.websocket.is_held_back, WITHIN_S)
    await asyncio.sleep(0.2)
    assert reasons == []
    await until(lambda: reasons, WITHIN_S)
    assert reasons == ["slow reader"]
    assert server.counters.slow_readers_closed == 1


async def test_who_posts_and_does_not_poll_is_not_read_until_it_does(
    http: httpx.AsyncClient,
) -> None:
    server = campus()
    async with serving(server) as target:
        client = await Polling.open(http, target, SOCKET)
        await client.send("40")
        await client.receive(1)
        count = 2_000
        body = "\x1e".join(MemoryClient.event("say", "x", id=n) for n in range(count))
        posting = asyncio.create_task(client.send(body))
        (session,) = server.engine.sessions.values()
        await until(lambda: session.queued_bytes > UNREAD_BYTES, WITHIN_S)
        await asyncio.sleep(0.1)
        assert session.queued_bytes < 3 * UNREAD_BYTES
        assert not posting.done()
        answers: list[str] = []
        async with asyncio.timeout(WITHIN_S):
            while len(answers) < count:
                answers += [str(each) for each in await client.poll()]
        assert [int(each[2 : each.index("[")]) for each in answers] == list(range(count))
        await posting


async def test_who_posts_and_never_polls_is_cut(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quad.realtime.sessions.unread._GIVE_UP_S", 0.2)
    server = campus(50)
    async with serving(server) as target:
        client = await Polling.open(http, target, SOCKET)
        await client.send("40")
        body = "\x1e".join(MemoryClient.event("say", "x", id=n) for n in range(4_000))
        posting = asyncio.create_task(client.send(body))
        await until(lambda: server.counters.slow_readers_closed == 1, WITHIN_S)
        assert not server.engine.sessions
        posting.cancel()


# --- what waits for its turn ----------------------------------------------------------------------


def slow_campus(
    options: EngineOptions | None = None,
) -> tuple[SocketServer, list[str], asyncio.Event]:
    server, handled, gate = SocketServer(options), [], asyncio.Event()

    @server.on("slow")
    async def slow(client: Client, text: str) -> None:
        await gate.wait()
        handled.append(text[:3])

    return server, handled, gate


async def test_no_more_is_read_while_much_waits_for_its_turn() -> None:
    server, handled, gate = slow_campus()
    client = await entered(server.engine)
    texts = [f"{number:03}" + "x" * 10 * KIB for number in range(100)]
    client.send(*(client.event("slow", text) for text in texts))
    await turn(5)
    peer_client = client.session._listener.client("/")  # type: ignore[attr-defined]
    assert CROWDED_BYTES < peer_client._waiting_bytes < CROWDED_BYTES + 12 * KIB
    assert client.transport.is_reading_paused
    gate.set()
    await until(lambda: len(handled) == 100, WITHIN_S)
    assert handled == [text[:3] for text in texts]
    await until(lambda: not client.transport.is_reading_paused, WITHIN_S)


async def test_who_is_not_read_for_that_is_alive() -> None:
    server, handled, gate = slow_campus(EngineOptions(probe_timeout_ms=400))
    client = await entered(server.engine)
    client.send(*(client.event("slow", "x" * 10 * KIB) for _ in range(60)))
    assert await client.session.is_alive()
    assert client.websocket.is_held_back
    gate.set()
    await until(lambda: len(handled) == 60, WITHIN_S)


async def test_no_more_is_posted_while_much_waits_for_its_turn(http: httpx.AsyncClient) -> None:
    server, handled, gate = slow_campus()
    async with serving(server) as target:
        client = await Polling.open(http, target, SOCKET)
        await client.send("40")
        await client.receive(1)
        texts = [f"{number:03}" + "x" * 10 * KIB for number in range(60)]
        body = "\x1e".join(MemoryClient.event("slow", text) for text in texts)
        posting = asyncio.create_task(client.send(body))
        (session,) = server.engine.sessions.values()
        await until(lambda: session.is_crowded, WITHIN_S)
        await asyncio.sleep(0.1)
        assert not posting.done()
        gate.set()
        await posting
        await until(lambda: len(handled) == 60, WITHIN_S)
        assert handled == [text[:3] for text in texts]


async def test_no_more_operations_are_read_while_much_waits_for_its_turn() -> None:
    async with house() as it:
        socket, connection = await it.enter()
        assert isinstance(connection, LocalConnection)
        await say(socket, "wait", text="a")
        for number in range(60):
            await say(socket, "say", text=f"{number:03}" + "x" * 10 * KIB)
        await until(lambda: connection.is_crowded, WITHIN_S)
        websocket = connection._open_websocket()
        await until(lambda: websocket.is_held_back, WITHIN_S)
        assert connection._waiting_bytes < CROWDED_BYTES + 12 * KIB
        it.application.gates["a"].set_result(None)
        heard = [await hear(socket) for _ in range(60)]
        assert [text[:3] for text in heard] == [f"{number:03}" for number in range(60)]
