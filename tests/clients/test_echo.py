"""Every client library, over every transport it has, against the echo server."""

import sys
from collections.abc import Iterator

import pytest

from quad.realtime import Client, EngineOptions, SocketServer
from tests.clients.real import (
    JS1,
    JS2,
    JS4,
    LEGACY_PYTHON,
    LIBRARIES,
    PYTHON,
    Library,
    Transport,
    connected_client,
    real_client,
)
from tests.process import ROOT, ServerProcess, free_port
from tests.realtime.serving import serving

UNICODE = 'Привет, класс! 😀 日本語 "\\/\n'


def cases() -> list[object]:
    return [
        pytest.param(
            library,
            transport,
            id=f"{library.name}, {transport}",
            marks=[pytest.mark.node] if library.is_node else [],
        )
        for library in LIBRARIES
        for transport in library.transports
    ]


EVERY_CLIENT = pytest.mark.parametrize(("library", "transport"), cases())


def ends() -> list[object]:
    """Every client and transport with every end; in the gate with one, each library with both."""
    return [
        pytest.param(
            library,
            transport,
            end,
            id=f"{end}-{library.name}, {transport}",
            marks=[
                *([pytest.mark.node] if library.is_node else []),
                *([] if number % 2 == which else [pytest.mark.soak]),
            ],
        )
        for library in LIBRARIES
        for number, transport in enumerate(library.transports)
        for which, end in enumerate(["killed", "stopped"])
    ]


def start_echo(port: int) -> ServerProcess:
    program = [sys.executable, str(ROOT / "examples" / "echo_server.py")]
    return ServerProcess([*program, "--port", str(port)], port=port)


@pytest.fixture(scope="module")
def echo() -> Iterator[ServerProcess]:
    server = start_echo(free_port())
    yield server
    server.terminate()


@EVERY_CLIENT
async def test_a_client_talks_with_the_server(
    echo: ServerProcess, library: Library, transport: Transport
) -> None:
    async with connected_client(library, echo.url, transport) as client:
        assert await client.expect("auth") == {}

        await client.emit("message", UNICODE, {"ключ": [1, None, True, 1.5]})
        assert await client.expect_args("message-back") == [
            UNICODE,
            {"ключ": [1, None, True, 1.5]},
        ]

        for number in range(50):
            await client.emit("message", number)
        assert [await client.expect("message-back") for _ in range(50)] == list(range(50))

        assert await client.call("message-with-ack", UNICODE, 2) == [UNICODE, 2]

        if library.has_binary:
            data = bytes(range(256)) * 20
            await client.emit("message", data, {"deep": [b"second"]})
            assert await client.expect_args("message-back") == [data, {"deep": [b"second"]}]
            assert await client.call("message-with-ack", data) == [data]

        assert client.unread() == []
        assert client.connects == 1
        await client.close()
        await client.until(lambda: not client.is_connected, "disconnected")


@EVERY_CLIENT
async def test_a_burst_reaches_a_client_whole_and_in_order(
    echo: ServerProcess, library: Library, transport: Transport
) -> None:
    """python-socketio gives up on an answer to a poll that holds more than sixteen packets."""
    async with connected_client(library, echo.url, transport) as client:
        await client.burst("message", [[number] for number in range(200)])
        assert [await client.expect("message-back") for _ in range(200)] == list(range(200))
        assert client.connects == 1


@pytest.mark.parametrize(("library", "transport", "end"), ends())
async def test_a_client_comes_back_after_the_server_has_ended(
    library: Library, transport: Transport, end: str
) -> None:
    port = free_port()
    server = start_echo(port)
    try:
        async with connected_client(library, server.url, transport) as client:
            await client.expect("auth")
            server.kill() if end == "killed" else server.terminate()
            server = start_echo(port)
            await client.until_reconnected(1, within_s=20.0)
            await client.expect("auth", within_s=10.0)
            await client.emit("message", "after")
            assert await client.expect("message-back") == "after"
    finally:
        server.terminate()


@pytest.mark.parametrize(
    "library",
    [pytest.param(JS4, marks=pytest.mark.node, id=JS4.name), pytest.param(PYTHON, id=PYTHON.name)],
)
async def test_a_current_client_sends_its_auth(echo: ServerProcess, library: Library) -> None:
    async with connected_client(library, echo.url, auth={"token": "abc"}) as client:
        assert await client.expect("auth") == {"token": "abc"}


@pytest.mark.node
@pytest.mark.parametrize("library", [JS2, JS1], ids=lambda library: library.name)
async def test_an_old_client_sends_its_query_to_a_namespace(
    echo: ServerProcess, library: Library
) -> None:
    async with connected_client(library, f"{echo.url}/custom?token=abc") as client:
        assert await client.expect("auth") == {"token": "abc"}
        assert library is JS1 or client.socket_id.startswith("/custom#")


@pytest.mark.node
@pytest.mark.parametrize("library", [JS4, JS2], ids=lambda library: library.name)
async def test_a_client_learns_that_a_namespace_is_unknown(
    echo: ServerProcess, library: Library
) -> None:
    async with real_client(library) as client:
        await client.begin(f"{echo.url}/random", "websocket")
        await client.until(lambda: client.failures == ["Invalid namespace"], "was refused")
        assert not client.is_connected


@pytest.mark.node
async def test_clients_of_all_generations_share_one_server(echo: ServerProcess) -> None:
    async with (
        connected_client(JS4, echo.url, "upgrade") as one,
        connected_client(JS2, echo.url, "polling") as two,
        connected_client(PYTHON, echo.url) as three,
        connected_client(LEGACY_PYTHON, echo.url, "upgrade") as four,
    ):
        clients = (one, two, three, four)
        for number in range(10):
            for client in clients:
                await client.emit("message", client.label, number)
        for client in clients:
            got = [await client.expect_args("message-back") for _ in range(10)]
            assert got == [[client.label, number] for number in range(10)]


@EVERY_CLIENT
async def test_a_client_that_is_asked_whether_it_lives_says_yes_and_goes_on(
    library: Library, transport: Transport
) -> None:
    patient_ms = 10_000
    server = SocketServer(
        EngineOptions(probe_timeout_ms=patient_ms, probe_loopback_timeout_ms=patient_ms)
    )
    clients: list[Client] = []
    server.on_connect(clients.append)
    server.on("message")(lambda client: client.emit("message-back"))
    async with (
        serving(server) as target,
        connected_client(library, f"http://{target.host}:{target.port}", transport) as client,
    ):
        assert await clients[0].is_alive() is True
        await client.emit("message")
        assert await client.expect_args("message-back") == []
        assert client.connects == 1
