"""One session without sockets: packets out of place, polls that go away, and moves that fail."""

import asyncio
from typing import NoReturn

import httpx
import pytest

from quad.realtime import EngineOptions, Session, SocketServer
from quad.realtime.http.poll import PollRefused
from quad.realtime.http.polling import serve_polling
from quad.realtime.http.site import Site
from quad.realtime.sessions.liveness import QUESTION
from quad.realtime.sessions.probe import Probe
from quad.realtime.sessions.session import State
from quad.wire.engineio import AnyPacket, Close, Noop, Text
from tests.patience import patience
from tests.protocol.peers import SOCKET, Polling
from tests.realtime.memory import MemoryClient, MemoryPeer, entered, turn
from tests.realtime.serving import serving


def open_polling(server: SocketServer, eio: int = 3) -> Session:
    """A session on long-polling, past Socket.IO's CONNECT where that comes unasked."""
    query = f"EIO={eio}&transport=polling".encode()
    request = Site().request("GET", "/socket.io/", query, [], "192.0.2.1")
    assert server.engine.check(request, is_upgrade=False) is None
    session, _ = server.engine.open_polling(request)
    return session


async def poll(session: Session) -> list[AnyPacket]:
    async with asyncio.timeout(patience(2)):
        return await session.begin_poll()


@pytest.mark.parametrize(
    ("eio", "packet", "sentence"),
    [
        pytest.param(4, "0{}", "out of place", id="an open packet"),
        pytest.param(4, "5", "out of place", id="an upgrade of what has moved"),
        pytest.param(4, "2", "does not ping", id="a ping of V4"),
        pytest.param(3, "3", "does not pong", id="a pong of V3"),
        pytest.param(4, "4", "unknown packet type", id="an empty message"),
        pytest.param(4, "44{}", "only servers send", id="a refusal"),
        pytest.param(4, '42["connect"]', "reserved", id="a reserved name"),
        pytest.param(4, '42/other,["a"]', "was not entered", id="another namespace"),
        pytest.param(4, "9", "unknown packet", id="an unknown packet"),
    ],
)
async def test_a_packet_out_of_place_ends_the_session_and_says_why(
    eio: int, packet: str, sentence: str
) -> None:
    client = await entered(SocketServer().engine, eio)
    client.send(packet)
    assert not client.session.is_open
    client.take()
    assert client.close is not None
    assert sentence in client.close.reason


async def test_a_noop_is_nothing() -> None:
    client = await entered(SocketServer().engine)
    client.send("6")
    assert client.session.is_open
    assert await client.news() == []


async def test_a_binary_frame_of_version_3_without_its_type_ends_the_session() -> None:
    client = await entered(SocketServer().engine, 3)
    client.send(b"\0")
    assert not client.session.is_open


async def test_leaving_before_entering_ends_the_session() -> None:
    client = MemoryClient(SocketServer().engine)
    client.send("41")
    assert not client.session.is_open


async def test_what_a_lost_poll_held_comes_with_the_next_one_first() -> None:
    session = open_polling(SocketServer())
    assert await poll(session) == [Text("0")]
    lost = session.begin_poll()
    session.send_packet(Text("a"))
    await turn()
    assert lost.done()
    session.abandon_poll(lost)
    assert session.queued_bytes == 1
    session.send_packet(Text("b"))
    assert await poll(session) == [Text("a")]
    assert await poll(session) == [Text("b")]


async def test_a_poll_on_a_connection_that_has_ended_gets_no_packet() -> None:
    """The connection's end is known, but `receive` has not said so yet."""
    server = SocketServer()
    session = open_polling(server)
    assert await poll(session) == [Text("0")]
    query = f"EIO=3&transport=polling&sid={session.sid}".encode()
    request = Site().request("GET", "/socket.io/", query, [], "192.0.2.1")
    request.is_gone = lambda: True
    session.send_packet(Text("a"))
    answers: list[object] = []

    async def receive() -> NoReturn:
        await asyncio.Future()
        raise AssertionError

    async def send(message: object) -> None:
        answers.append(message)

    await serve_polling(server.engine, request, receive, send)
    assert not answers
    assert await poll(session) == [Text("a")]


async def test_what_a_lost_poll_held_reaches_a_next_one_that_waits_already() -> None:
    session = open_polling(SocketServer())
    assert await poll(session) == [Text("0")]
    lost = session.begin_poll()
    session.send_packet(Text("a"))
    await turn()
    waiting = session.begin_poll()
    session.abandon_poll(lost)
    assert waiting.result() == [Text("a")]


async def test_a_poll_that_goes_away_in_vain_makes_room_for_the_next() -> None:
    session = open_polling(SocketServer())
    assert await poll(session) == [Text("0")]
    lost = session.begin_poll()
    session.abandon_poll(lost)
    assert lost.cancelled()
    session.abandon_poll(lost)
    waiting = session.begin_poll()
    with pytest.raises(PollRefused):
        session.begin_poll()
    assert await waiting == [Close()]
    session.abandon_poll(waiting)
    assert session.state is State.CLOSED


async def test_lost_packets_count_among_what_is_unread() -> None:
    server = SocketServer(EngineOptions(outbox_limit_bytes=1_000))
    session = open_polling(server)
    assert await poll(session) == [Text("0")]
    for _ in range(3):
        lost = session.begin_poll()
        session.send_packet(Text("x" * 400))
        await turn()
        session.abandon_poll(lost)
    session.send_packet(Text("y"))
    await turn()
    assert server.counters.slow_readers_closed == 1
    assert not session.is_open


async def test_packets_behind_the_one_that_ended_the_session_are_nobodys(
    http: httpx.AsyncClient,
) -> None:
    heard: list[str] = []
    server = SocketServer()

    @server.on("say")
    def say(client: object, text: str) -> None:
        heard.append(text)

    async with serving(server) as target:
        session = await Polling.open(http, target, SOCKET)
        await session.send("40", '42["say","a"]', "1", '42["say","b"]')
        assert heard == ["a"]
        assert (await session.post('42["say","c"]')).status_code == 400
    assert heard == ["a"]


def probe(session: Session) -> MemoryPeer:
    """A WebSocket that wants to take the session over."""
    receiver = Probe(session)
    peer = MemoryPeer(receiver)
    receiver.begin(peer.websocket)
    return peer


@pytest.mark.parametrize("words", [[b"\0"], ["4hi"], ["5"], ["2probe", "2probe"], ["2probe", "4"]])
async def test_a_probe_that_says_something_else_is_closed_and_polling_goes_on(
    words: list[str | bytes],
) -> None:
    session = open_polling(SocketServer())
    peer = probe(session)
    peer.send(*words, "5")
    peer.take()
    assert peer.close is not None
    assert session.state is State.POLLING
    assert await poll(session) == [Text("0")]
    peer.transport.lose()


async def test_a_probe_that_vanishes_gives_its_poll_what_was_kept() -> None:
    session = open_polling(SocketServer())
    assert await poll(session) == [Text("0")]
    peer = probe(session)
    peer.send("2probe")
    session.send_packet(Text("kept"))
    assert await poll(session) == [Noop()]
    peer.transport.lose()
    await turn()
    assert await poll(session) == [Text("kept")]


async def test_a_second_probe_is_closed_and_the_first_goes_on() -> None:
    session = open_polling(SocketServer())
    first, second = probe(session), probe(session)
    second.take()
    assert second.close is not None
    first.send("2probe", "5")
    assert first.take() == ["3probe"]
    await turn()
    assert first.take() == ["40"]
    second.transport.lose()
    await turn()
    assert session.state is State.WEBSOCKET


async def test_a_probe_that_was_refused_says_nothing_to_the_session() -> None:
    session = open_polling(SocketServer())
    first, refused = probe(session), probe(session).websocket.receiver
    heard_at = session.last_heard
    refused.text_received("2probe")
    refused.binary_received(b"\0")
    refused.pong_received(QUESTION)
    assert (session.state, session.last_heard) == (State.PROBING, heard_at)
    first.send("2probe", "5")
    assert session.state is State.WEBSOCKET


@pytest.mark.parametrize("words", [[], ["2probe"]], ids=["probing", "probed"])
async def test_a_session_may_end_while_it_moves(words: list[str | bytes]) -> None:
    session = open_polling(SocketServer())
    peer = probe(session)
    peer.send(*words)
    session.close("over")
    assert not session.is_open
    peer.take()
    assert peer.close is not None
    assert await poll(session) == [Text("0"), Close()]
    assert session.state is State.CLOSED
    session.fail("again")
    session.close("again")
    peer.transport.lose()


async def test_a_move_that_the_picture_does_not_show_is_a_bug() -> None:
    session = open_polling(SocketServer())
    with pytest.raises(AssertionError, match="cannot go from"):
        session.probed()


async def test_a_client_may_ask_for_a_close_while_messages_wait_for_it() -> None:
    client = await entered(SocketServer().engine)
    client.session.send_packet(Text("last"))
    client.send("1")
    assert client.take() == ["4last"]
    assert client.close is not None
    assert client.close.code == 1000


async def test_what_was_held_comes_before_what_was_said_in_the_turn_of_the_move() -> None:
    session = open_polling(SocketServer())
    assert await poll(session) == [Text("0")]
    peer = probe(session)
    peer.send("2probe")
    session.send_packet(Text("held"))
    await turn()
    session.send_packet(Text("just said"))
    peer.send("5")
    session.send_packet(Text("after"))
    await turn()
    assert peer.take() == ["3probe", "4held", "4just said", "4after"]
