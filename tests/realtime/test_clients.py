"""A client of another hand, python-socketio, against the real thing over real connections."""

import asyncio
import gc
from collections.abc import Iterator
from typing import Any

import pytest
import socketio

from quad.realtime import Client, Payload, Refused, SocketServer
from tests.realtime.serving import client_of, serving, until

# The library leaves the answers to its POSTs to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(autouse=True)
def _collect_what_the_library_leaves() -> Iterator[None]:
    yield
    gc.collect()  # here, where the warnings are ignored, and not in the next test


TRANSPORTS = pytest.mark.parametrize(
    "transports",
    [("websocket",), ("polling",), ("polling", "websocket")],
    ids=["websocket", "polling", "upgrade"],
)


class Sum(Payload, frozen=True):
    numbers: list[int]


class TooMany(Refused):
    code = "too_many"


def make_server() -> SocketServer:
    server = SocketServer()
    server.namespace("/other")

    @server.on_connect
    def hello(client: Client) -> None:
        client.subscribe("all")
        client.emit("hello", client.auth)

    @server.on("sum")
    async def add(client: Client, request: Sum) -> int:
        if len(request.numbers) > 3:
            raise TooMany("at most three numbers", limit=3)
        await asyncio.sleep(0)
        return sum(request.numbers)

    @server.on("echo")
    def echo(client: Client, *args: Any) -> tuple[Any, ...]:
        client.emit("echo", *args)
        return args

    @server.on("tell")
    def tell(client: Client, text: str) -> None:
        server.publish("all", "told", text, skip=client)

    @server.on("call me", overlap=True)
    async def call(client: Client) -> list[Any]:
        return await client.call("question", b"\0\1")

    server.on("bye")(lambda client: client.disconnect())
    return server


@TRANSPORTS
async def test_events_and_answers_travel_both_ways(transports: tuple[str, ...]) -> None:
    async with serving(make_server()) as target, client_of(target, *transports) as client:
        got: list[object] = []
        client.on("echo", lambda *args: got.append(args))
        assert await client.call("sum", {"numbers": [1, 2]}) == 3
        data = {"bytes": b"\0\xff", "text": "€😀", "list": [b"1", None]}
        assert tuple(await client.call("echo", ("x", data))) == ("x", data)
        await until(lambda: got)
        assert got == [("x", data)]


@TRANSPORTS
async def test_refusals_come_as_errors_and_as_answers(transports: tuple[str, ...]) -> None:
    async with serving(make_server()) as target, client_of(target, *transports) as client:
        errors: list[dict[str, Any]] = []
        client.on("error", errors.append)
        answer = await client.call("sum", {"numbers": [1] * 4})
        assert answer["code"] == "too_many"
        answer = await client.call("sum", {"numbers": ["1"]})
        assert answer["message"] == "Error: sum: Expected `int`, got `str` - at `numbers[0]`"
        await until(lambda: len(errors) == 2)
        assert [error["code"] for error in errors] == ["too_many", "bad_payload"]


@TRANSPORTS
async def test_publishing_reaches_the_others(transports: tuple[str, ...]) -> None:
    async with (
        serving(make_server()) as target,
        client_of(target, *transports) as one,
        client_of(target, "websocket") as two,
        client_of(target, "polling") as three,
    ):
        heard: dict[str, list[str]] = {"one": [], "two": [], "three": []}
        for name, client in {"one": one, "two": two, "three": three}.items():
            client.on("told", heard[name].append)
        texts = [str(number) for number in range(50)]
        for text in texts:
            await one.emit("tell", text)
        await until(lambda: len(heard["two"]) == len(heard["three"]) == 50)
        assert heard == {"one": [], "two": texts, "three": texts}


@TRANSPORTS
async def test_the_server_calls_and_the_client_answers(transports: tuple[str, ...]) -> None:
    async with serving(make_server()) as target, client_of(target, *transports) as client:
        client.on("question", lambda data: ("answer", data + b"\2"))
        assert await client.call("call me") == ["answer", b"\0\1\2"]


@TRANSPORTS
async def test_the_server_sends_a_client_away(transports: tuple[str, ...]) -> None:
    async with serving(make_server()) as target, client_of(target, *transports) as client:
        await client.emit("bye")
        await until(lambda: not client.connected)


async def test_an_unknown_namespace_is_refused() -> None:
    async with serving(make_server()) as target:
        async with client_of(target, namespace="/other"):
            pass
        with pytest.raises(socketio.exceptions.ConnectionError, match="/unknown"):
            async with client_of(target, namespace="/unknown"):
                pass
