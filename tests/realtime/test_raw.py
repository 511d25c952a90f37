"""Raw WebSockets on the engine: turns, topics, proofs, limits and the end."""

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from quad.realtime import (
    EngineOptions,
    Finished,
    Host,
    Message,
    Payload,
    RawConnection,
    RawServer,
    Refused,
    SocketServer,
    listen,
)
from tests.garbage import no_errors_in_garbage
from tests.patience import patience

PATIENCE_S = patience(10.0)


class Say(Payload, frozen=True, kw_only=True, tag_field="type", tag="say"):
    """Something that is handled at once."""

    text: str = ""


class Wait(Payload, frozen=True, kw_only=True, tag_field="type", tag="wait"):
    """Something that waits for the test."""

    text: str


class Overlap(Payload, frozen=True, kw_only=True, tag_field="type", tag="overlap"):
    """Something that waits beside others of its kind."""

    text: str


class Defer(Payload, frozen=True, kw_only=True, tag_field="type", tag="defer"):
    """The same, and calls when it has come to its end."""

    text: str


class TooBusy(OSError):
    """An error of something underneath, which the application knows."""


class Application:
    """Notes what it is told; refusals are told by their code."""

    def __init__(self) -> None:
        self.connections: list[RawConnection] = []
        self.notes: list[Any] = []
        self.proofs: list[int] = []
        self.gates: dict[str, asyncio.Future[None]] = {}
        self.error: Exception | None = None

    def opened(self, connection: RawConnection) -> None:
        self.connections.append(connection)

    def closed(self, connection: RawConnection, reason: str) -> None:
        self.notes.append(("closed", reason))

    def proven(self, connection: RawConnection, position: int) -> None:
        self.proofs.append(position)

    def explain(
        self,
        connection: RawConnection,
        operation: str | None,
        refused: Refused,
        said: Payload | str,
    ) -> Message:
        content = {"operation": operation, "code": refused.code, "detail": str(refused)}
        return message(content | refused.details)

    def refusal(self, error: BaseException) -> Refused | None:
        return Refused("busy") if isinstance(error, TooBusy) else None

    def say(self, connection: RawConnection, request: Say) -> None:
        if self.error is not None:
            raise self.error
        self.notes.append(request.text)
        connection.send(message(request.text))

    async def wait(self, connection: RawConnection, request: Wait) -> None:
        self.notes.append(f"begin {request.text}")
        await self.gate(request.text)
        self.notes.append(f"end {request.text}")

    def overlap(self, connection: RawConnection, request: Overlap) -> "asyncio.Future[None]":
        self.notes.append(f"begin {request.text}")
        return self.gate(request.text)

    def defer(self, connection: RawConnection, request: Defer, finished: Finished) -> None:
        self.notes.append(f"begin {request.text}")
        self.gate(request.text).add_done_callback(lambda gate: finished(None, gate.exception()))

    def gate(self, name: str) -> "asyncio.Future[None]":
        return self.gates.setdefault(name, asyncio.get_running_loop().create_future())


def message(content: object) -> Message:
    return Message(json.dumps(content).encode())


class House:
    """A served raw server and its application."""

    def __init__(self, url: str, server: RawServer, application: Application) -> None:
        self.url = url.replace("http", "ws") + "/raw"
        self.server = server
        self.application = application
        self.sockets: list[ClientConnection] = []

    async def enter(self, **options: Any) -> tuple[ClientConnection, RawConnection]:
        options.setdefault("compression", None)
        socket = await connect(self.url, **options)
        self.sockets.append(socket)
        await until(lambda: len(self.application.connections) >= len(self.sockets))
        return socket, self.application.connections[-1]


@asynccontextmanager
async def house(
    options: EngineOptions | None = None, engine: SocketServer | None = None
) -> AsyncIterator[House]:
    application = Application()
    door = engine.engine.door if engine else None
    counters = engine.counters if engine else None
    server = RawServer("test", application, options, door=door, counters=counters)
    server.on(Say, application.say)
    server.on(Wait, application.wait)
    server.on(Overlap, application.overlap, overlap=True)
    server.on(Defer, application.defer, overlap=True, deferred=True)
    engines = {"/socket.io": engine.engine} if engine else {}
    async with listen(Host(engines, endpoints={"/raw": server}), drain_s=0.1) as url:
        made = House(url, server, application)
        try:
            yield made
        finally:
            for socket in made.sockets:
                socket.transport.abort()
                await socket.wait_closed()
    for gate in application.gates.values():
        gate.cancel()
    await server.aclose()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await asyncio.sleep(0.002)


async def say(socket: ClientConnection, type_: str, **keys: object) -> None:
    await socket.send(json.dumps({"type": type_, **keys}))


async def hear(socket: ClientConnection) -> Any:
    async with asyncio.timeout(PATIENCE_S):
        return json.loads(await socket.recv())


# --- turns ----------------------------------------------------------------------------------------


async def test_operations_of_one_connection_take_turns() -> None:
    async with house() as it:
        socket, _ = await it.enter()
        other, _ = await it.enter()
        await say(socket, "wait", text="a")
        await say(socket, "say", text="b")
        await socket.send("no JSON")
        await until(lambda: it.application.notes == ["begin a"])
        await say(other, "say", text="c")
        assert await hear(other) == "c"
        assert it.application.notes == ["begin a", "c"]
        it.application.gates["a"].set_result(None)
        assert await hear(socket) == "b"
        assert (await hear(socket))["code"] == "bad_payload"
        assert it.application.notes == ["begin a", "c", "end a", "b"]


@pytest.mark.parametrize("how", ["overlap", "defer"])
async def test_operations_that_overlap_wait_for_no_other_of_their_kind(how: str) -> None:
    async with house() as it:
        socket, _ = await it.enter()
        for text in "ab":
            await say(socket, how, text=text)
        await say(socket, "say", text="alone")
        await until(lambda: it.application.notes == ["begin a", "begin b"])
        it.application.gates["b"].set_result(None)
        it.application.gates["a"].set_result(None)
        assert await hear(socket) == "alone"


async def test_a_farewell_comes_after_the_last_handler() -> None:
    async with house() as it:
        socket, connection = await it.enter()
        await say(socket, "wait", text="a")
        await until(lambda: "a" in it.application.gates)
        await socket.close()
        await until(lambda: not connection.is_open)
        assert it.application.notes == ["begin a"]
        it.application.gates["a"].set_result(None)
        await until(lambda: len(it.application.notes) == 3)
        assert it.application.notes[1:] == ["end a", ("closed", "transport close")]


async def test_too_many_that_wait_for_their_turn_close_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("quad.realtime.turns.BACKLOG_EVENTS", 5)
    async with house() as it:
        socket, connection = await it.enter()
        await say(socket, "wait", text="a")
        with contextlib.suppress(ConnectionClosed):
            for _ in range(7):
                await say(socket, "say")
        await socket.wait_closed()
        assert socket.close_code == 1008
        it.application.gates["a"].set_result(None)
        await until(lambda: it.application.notes[-1][0] == "closed")
        assert not connection.is_open


# --- errors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["{}", "no JSON", '{"type":"x"}'])
async def test_a_refused_text_leaves_no_garbage(text: str) -> None:
    async with house() as it:
        socket, _ = await it.enter()
        with no_errors_in_garbage():
            await socket.send(text)
            await hear(socket)


@pytest.mark.parametrize("how", ["say", "wait", "overlap", "defer"])
async def test_a_refusal_is_told_to_its_client(how: str) -> None:
    async with house() as it:
        socket, _ = await it.enter()
        await fail(it, socket, how, Refused("not now", retry_after_s=3))
        refusal = {"operation": how, "code": "refused", "detail": "not now", "retry_after_s": 3}
        assert await hear(socket) == refusal
        assert it.server.counters.event(f"test/{how}").refused == 1


@pytest.mark.parametrize("how", ["say", "wait", "overlap", "defer"])
async def test_an_error_that_the_application_knows_is_a_refusal(how: str) -> None:
    async with house() as it:
        socket, _ = await it.enter()
        await fail(it, socket, how, TooBusy())
        assert (await hear(socket))["detail"] == "busy"


@pytest.mark.parametrize("how", ["say", "wait", "overlap", "defer"])
async def test_a_bug_is_logged_with_the_id_that_its_client_gets(
    how: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with house() as it:
        socket, _ = await it.enter()
        with caplog.at_level(logging.ERROR, "quad.raw"):
            await fail(it, socket, how, ZeroDivisionError("oh"))
            told = await hear(socket)
        assert told["code"] == "internal"
        assert told["id"] in told["detail"]
        assert told["id"] in caplog.text
        assert "ZeroDivisionError" in caplog.text
        it.application.error = None
        await say(socket, "say", text="still here")
        assert await hear(socket) == "still here"
        assert it.server.counters.event(f"test/{how}").failed == 1


async def test_what_is_cancelled_has_failed_and_is_no_bug(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with house() as it:
        socket, _ = await it.enter()
        it.application.gate("a").cancel()
        await say(socket, "overlap", text="a")
        told = await hear(socket)
        assert (told["operation"], told["code"]) == ("overlap", "cancelled")
        assert it.server.counters.event("test/overlap").failed == 1
    assert "bug" not in caplog.text


async def fail(it: House, socket: ClientConnection, how: str, error: Exception) -> None:
    if how == "say":
        it.application.error = error
    else:
        it.application.gate("a").set_exception(error)
    await say(socket, how, text="a")


# --- topics ---------------------------------------------------------------------------------------


async def test_subscribers_get_what_is_published_while_they_are_subscribed() -> None:
    async with house() as it:
        (first, one), (second, two) = await it.enter(), await it.enter()
        one.subscribe("news")
        one.subscribe("news")
        two.subscribe("news")
        assert it.server.publish("news", message(1)) == 2
        two.unsubscribe("news")
        two.unsubscribe("news")
        assert it.server.publish("news", message(2)) == 1
        assert it.server.publish("nothing", message(3)) == 0
        two.send(message("only you"))
        assert [await hear(first), await hear(first)] == [1, 2]
        assert [await hear(second), await hear(second)] == [1, "only you"]
        await first.close()
        await until(lambda: not one.is_open)
        assert len(it.server._reception.topics) == 0
        one.send(message("too late"))
        one.subscribe("news")
        one.close()
        assert it.server.publish("news", message(4)) == 0


async def test_what_is_held_back_comes_after_what_is_sent_ahead() -> None:
    async with house() as it:
        socket, connection = await it.enter()
        connection.subscribe("news")
        it.server.publish("news", message("before"))
        connection.hold()
        it.server.publish("news", message("held"))
        assert await hear(socket) == "before"
        connection.send(message("held, too"))
        await asyncio.sleep(0)
        connection.send_ahead([message("ahead"), message("of it")], 1)
        it.server.publish("news", message("in the same turn"))
        connection.release()
        connection.release()
        it.server.publish("news", message("after"))
        heard = [await hear(socket) for _ in range(6)]
        assert heard == ["ahead", "of it", "held", "held, too", "in the same turn", "after"]


async def test_more_held_back_than_may_wait_closes_the_connection() -> None:
    async with house(EngineOptions(outbox_limit_bytes=10_000)) as it:
        socket, connection = await it.enter()
        connection.hold()
        for _ in range(12):
            connection.send(message("x" * 1_000))
        await until(lambda: not connection.is_open)
        assert it.server.counters.slow_readers_closed == 1
        connection.send_ahead([message("too late")], 1)
        connection.release()
        await socket.wait_closed()


# --- proofs ---------------------------------------------------------------------------------------


async def test_every_position_that_was_written_is_proven() -> None:
    async with house() as it:
        socket, connection = await it.enter()
        connection.follow(0)
        connection.subscribe("news")
        for position in range(1, 20):
            it.server.position = position
            it.server.publish("news", message(position))
            assert await hear(socket) == position
        await until(lambda: it.application.proofs[-1:] == [19])
        assert it.application.proofs == sorted(set(it.application.proofs))
        await connection.proof()


async def test_nothing_is_proven_by_a_client_that_does_not_read() -> None:
    async with house() as it:
        socket, connection = await it.enter()
        connection.follow(0)
        connection.subscribe("news")
        socket.transport.pause_reading()
        for position in (1, 2):
            it.server.position = position
            it.server.publish("news", message(position))
            await asyncio.sleep(0.01)
        await socket.pong((2).to_bytes(8, "big"))
        await say(socket, "say", text="done")
        await until(lambda: it.application.notes == ["done"])
        assert it.application.proofs == []
        waiting = asyncio.create_task(connection.proof())
        socket.transport.resume_reading()
        await waiting
        assert it.application.proofs == [1, 2]


async def test_when_there_are_too_many_to_ask_each_is_asked_later_and_for_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("quad.realtime.raw.asking._PINGS_PER_S", 0.001)
    monkeypatch.setattr("quad.realtime.raw.asking._PINGS_BURST", 2)
    monkeypatch.setattr("quad.realtime.raw.asking._LATER_S", 0.05)
    async with house() as it:
        socket, connection = await it.enter()
        connection.follow(0)
        connection.subscribe("news")
        for position in range(1, 10):
            it.server.position = position
            it.server.publish("news", message(position))
            assert await hear(socket) == position
            if position <= 2:
                await until(lambda: len(it.application.proofs) == position)  # noqa: B023
        await until(lambda: it.application.proofs[-1:] == [9])
        assert it.application.proofs == [1, 2, 9]


@pytest.mark.parametrize("is_held_back", [False, True])
async def test_what_waited_for_a_client_that_has_gone_counts_as_told(is_held_back: bool) -> None:
    async with house() as it:
        socket, connection = await it.enter()
        connection.follow(0)
        if is_held_back:
            connection.hold()
        it.server.position = 7
        connection.send(message("news"))
        if is_held_back:
            await asyncio.sleep(0)  # held, and no longer queued
        socket.transport.abort()
        await until(lambda: not connection.is_open)
        assert connection.told == 7


async def test_who_is_told_nothing_has_been_told_nothing() -> None:
    async with house() as it:
        socket, connection = await it.enter()
        connection.follow(3)
        connection.hold()
        it.server.position = 7
        socket.transport.abort()
        await until(lambda: not connection.is_open)
        assert connection.told == 3


async def test_whoever_waits_for_a_proof_is_told_of_the_end() -> None:
    async with house() as it:
        socket, connection = await it.enter()
        connection.follow(0)
        socket.transport.pause_reading()
        connection.send_ahead([message(1)], 1)
        waiting = asyncio.create_task(connection.proof())
        await asyncio.sleep(0.01)
        assert not waiting.done()
        socket.transport.abort()
        await waiting
        assert not connection.is_open


async def test_compressed_connections_are_proven_as_well() -> None:
    async with house(EngineOptions(compression=True)) as it:
        socket, connection = await it.enter(compression="deflate")
        assert socket.protocol.extensions
        connection.follow(0)
        connection.subscribe("news")
        it.server.position = 1
        it.server.publish("news", message("x" * 1_000))
        assert await hear(socket) == "x" * 1_000
        await until(lambda: it.application.proofs == [1])


async def test_half_an_emoji_costs_nothing_and_a_deep_value_its_operation() -> None:
    async with house() as it:
        socket, _ = await it.enter()
        await socket.send('{"type":"say","text":"\\ud83d!"}')
        assert await hear(socket) == "\ufffd!"
        await socket.send('{"type":"say","text":"a","more":' + "[" * 5_000 + "]" * 5_000 + "}")
        assert "nested too deeply" in (await hear(socket))["detail"]
        await say(socket, "say", text="here")
        assert await hear(socket) == "here"


# --- limits ---------------------------------------------------------------------------------------


async def test_more_operations_than_allowed_wait_and_all_are_handled() -> None:
    async with house(EngineOptions(events_per_s=100, events_burst=5)) as it:
        socket, _ = await it.enter()
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number in range(30):
            await say(socket, "say", text=str(number))
        assert [await hear(socket) for _ in range(30)] == [str(number) for number in range(30)]
        assert loop.time() - began > (30 - 5 - 1) / 100
        assert it.server.counters.event("test/say").refused == 0


async def test_a_client_that_is_held_back_is_not_taken_for_silent() -> None:
    options = EngineOptions(
        events_per_s=20, events_burst=1, ping_interval_ms=50, ping_timeout_ms=100
    )
    async with house(options) as it:
        socket, connection = await it.enter()
        for number in range(12):  # 600 ms, with the Pongs behind them
            await say(socket, "say", text=str(number))
        assert [await hear(socket) for _ in range(12)] == [str(number) for number in range(12)]
        assert connection.is_open
        socket.transport.pause_reading()
        await until(lambda: not connection.is_open)
        assert it.application.notes[-1] == ("closed", "ping timeout")


async def test_connections_of_one_address_count_together_with_the_engines() -> None:
    engine = SocketServer(EngineOptions(connections_per_address=2))
    async with house(engine=engine) as it:
        await it.enter()
        await it.enter()
        with pytest.raises(InvalidStatus) as refused:
            await connect(it.url)
        assert refused.value.response.status_code == 429
        assert engine.counters.connections["websocket", "raw"] == 2
        await it.sockets[0].close()
        await until(lambda: len(it.server) == 1)
        await connect_to_engine(it)
        with pytest.raises(InvalidStatus):
            await connect(it.url)
    await engine.aclose()


async def connect_to_engine(it: House) -> None:
    url = it.url.replace("/raw", "/socket.io/?EIO=4&transport=websocket")
    socket = await connect(url)
    it.sockets.append(socket)
    await socket.send("40")
    while not str(await socket.recv()).startswith("40"):
        pass


async def test_what_is_no_upgrade_is_refused() -> None:
    async with house() as it:
        with pytest.raises(InvalidStatus) as refused:
            await connect(it.url, additional_headers={"Sec-WebSocket-Version": "12"})
        assert refused.value.response.status_code in (400, 426)
        assert len(it.server) == 0


# --- heartbeats and the end -----------------------------------------------------------------------


async def test_idle_connections_are_asked_and_silent_ones_closed() -> None:
    async with house(EngineOptions(ping_interval_ms=60, ping_timeout_ms=250)) as it:
        _, awake = await it.enter()
        silent, asleep = await it.enter()
        silent.transport.pause_reading()
        await until(lambda: not asleep.is_open)
        assert awake.is_open
        silent.transport.resume_reading()
        await silent.wait_closed()
        assert silent.close_code == 1011
        assert it.application.proofs == []


async def test_draining_writes_what_is_queued_and_says_that_the_service_restarts() -> None:
    async with house() as it:
        pairs = [await it.enter() for _ in range(3)]
        for _, connection in pairs:
            connection.send(message("last"))
        await it.server.drain(0.02)
        for socket, _ in pairs:
            assert await hear(socket) == "last"
            await socket.wait_closed()
            assert socket.close_code == 1012
        with pytest.raises(InvalidStatus) as refused:
            await connect(it.url)
        assert refused.value.response.status_code == 503


async def test_handlers_that_take_too_long_are_cancelled_at_the_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with house() as it:
        socket, _ = await it.enter()
        await say(socket, "wait", text="for ever")
        await until(lambda: "for ever" in it.application.gates)
        with caplog.at_level(logging.WARNING, "quad.raw"):
            await it.server.aclose(0.01)
        assert "still at work" in caplog.text
