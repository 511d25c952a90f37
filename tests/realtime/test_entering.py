"""Who is let into a namespace: the application may ask, and say no with a reason."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest
import socketio

from quad.realtime import Client, EngineOptions, Refused, SocketServer
from tests.patience import patience
from tests.realtime.memory import MemoryClient, Message, turn
from tests.realtime.serving import client_of, serving, until

SPACE = "/space"


class WrongPassword(Refused):
    code = "wrong_password"


class Gate:
    """A server that lets in who says `open`, at once or when the test says so."""

    def __init__(self, namespace: str = SPACE, *, is_slow: bool = False) -> None:
        self.server = SocketServer(EngineOptions(connect_timeout_ms=50))
        self.entered: list[Client] = []
        self.left: list[str] = []
        self.asked = 0
        self.may_go_on = asyncio.Event()
        self.server.on_connecting(self.ask_slowly if is_slow else self.ask, namespace=namespace)
        self.server.on_connect(self.entered.append, namespace=namespace)
        self.server.on_disconnect(self.leave, namespace=namespace)

        @self.server.on("echo", namespace=namespace)
        def echo(client: Client, text: str) -> str:
            return text

    def ask(self, client: Client) -> None:
        self.asked += 1
        client.emit("too early")
        word = client.auth.get("word")
        if word == "bug":
            raise ValueError
        if word == "details":
            raise WrongPassword("Auth failed", tries=3)
        if word != "open":
            raise Refused("Auth failed")

    async def ask_slowly(self, client: Client) -> None:
        await self.may_go_on.wait()
        self.ask(client)

    def leave(self, client: Client, reason: str) -> None:
        self.left.append(reason)


def connect(client: MemoryClient, word: str) -> None:
    auth = json.dumps({"word": word}) if client.session.version == 4 else ""
    query = "" if auth else f"?word={word}"
    client.send(f"40{SPACE}{query},{auth}")


async def outside(gate: Gate, eio: int) -> MemoryClient:
    client = MemoryClient(gate.server.engine, eio)
    await turn()
    client.take()
    return client


async def test_what_is_written_into_what_one_client_has_shown_is_no_other_clients() -> None:
    server = SocketServer()
    came: list[Client] = []
    server.on_connect(came.append)
    for _ in range(2):
        MemoryClient(server.engine).send("40")
    await turn()
    first, second = came
    first.auth["word"] = "open"
    assert second.auth == {}


REFUSALS = [
    (4, "", '44/space,{"message":"Auth failed"}'),
    (3, "", '44/space,"Auth failed"'),
    (
        4,
        "details",
        '44/space,{"message":"Auth failed","data":{"code":"wrong_password","tries":3}}',
    ),
    (3, "details", '44/space,"Auth failed"'),
]


@pytest.mark.parametrize("is_slow", [False, True])
@pytest.mark.parametrize(("eio", "word", "answer"), REFUSALS)
async def test_who_is_not_let_in_is_told_why_and_may_try_again(
    eio: int, word: str, answer: str, is_slow: bool
) -> None:
    gate = Gate(is_slow=is_slow)
    gate.may_go_on.set()
    client = await outside(gate, eio)
    connect(client, word)
    assert await news(client) == [answer]
    assert (gate.entered, gate.left) == ([], [])
    connect(client, "open")
    (entered,) = await news(client)
    assert str(entered).startswith("40/space,")
    client.emit("echo", "hi", id=1, namespace=SPACE)
    assert await news(client) == ['43/space,1["hi"]']
    assert gate.entered[0].is_open


async def news(client: MemoryClient) -> list[Message]:
    await turn(5)
    return client.take()


async def test_a_bug_keeps_the_client_out_and_is_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    gate = Gate()
    client = await outside(gate, 4)
    with caplog.at_level(logging.ERROR, "quad.events"):
        connect(client, "bug")
    (answer,) = await news(client)
    refusal = json.loads(str(answer).removeprefix("44/space,"))
    assert refusal["data"]["code"] == "internal"
    assert refusal["data"]["id"] in caplog.text
    assert client.session.is_open


async def test_nobody_is_in_while_the_application_thinks() -> None:
    gate = Gate(is_slow=True)
    client = await outside(gate, 4)
    connect(client, "open")
    connect(client, "open")
    assert await news(client) == []
    gate.may_go_on.set()
    (entered,) = await news(client)
    assert str(entered).startswith("40/space,")
    assert gate.asked == 1


async def test_an_event_before_the_answer_closes() -> None:
    gate = Gate(is_slow=True)
    client = await outside(gate, 4)
    connect(client, "open")
    client.emit("echo", "hi", namespace=SPACE)
    await news(client)
    assert client.close is not None
    gate.may_go_on.set()
    await turn(5)
    assert (gate.entered, gate.left) == ([], [])


@pytest.mark.parametrize("how", ["leaves", "goes"])
async def test_who_leaves_while_the_application_thinks_was_never_in(how: str) -> None:
    gate = Gate(is_slow=True)
    client = await outside(gate, 4)
    connect(client, "open")
    await turn()
    if how == "leaves":
        client.send("41/space,")
    else:
        client.transport.lose()
    await turn()
    gate.may_go_on.set()
    await turn(5)
    assert (gate.entered, gate.left) == ([], [])
    assert client.session.is_open is (how == "leaves")


@pytest.mark.parametrize("eio", [3, 4])
async def test_who_is_let_in_nowhere_is_closed_in_time(eio: int) -> None:
    gate = Gate("/")
    client = MemoryClient(gate.server.engine, eio)
    if eio == 4:
        client.enter()
    *_, answer = await news(client)
    assert answer == ('44"Auth failed"' if eio == 3 else '44{"message":"Auth failed"}')
    await until(lambda: not client.session.is_open)


@pytest.mark.parametrize("transport", ["websocket", "polling"])
async def test_a_real_client_reads_the_reason(transport: str) -> None:
    gate = Gate()
    async with (
        serving(gate.server) as target,
        client_of(target, transport, auth={"word": "open"}, namespace=SPACE),
    ):
        stranger = socketio.AsyncClient(reconnection=False)
        said: list[object] = []
        stranger.on("connect_error", said.append, namespace=SPACE)
        with pytest.raises(socketio.exceptions.ConnectionError):
            await stranger.connect(
                f"http://{target.host}:{target.port}",
                transports=[transport],
                auth={"word": "details"},
                namespaces=[SPACE],
                wait_timeout=patience(1),
            )
        await stranger.disconnect()
        refusal = {"message": "Auth failed", "data": {"code": "wrong_password", "tries": 3}}
        assert said == [refusal]
        assert len(gate.entered) == 1
