"""A transport that leads through another node, held against that of a socket."""

import asyncio
import inspect
import json
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvloop

from quad.bus.links import Channel
from quad.cluster.ends import TunnelTransport
from quad.cluster.lanes import WINDOW_BYTES
from quad.cluster.tunnels import Tunnels
from tests.cluster.linking import Network
from tests.patience import patience
from tests.realtime.serving import until

HOME, EDGE = 1, 2
SCOPE: dict[str, Any] = {
    "type": "websocket",
    "method": "GET",
    "path": "/",
    "query_string": b"",
    "headers": [],
    "client": ("192.0.2.1", 4_000),
}


class Heard(asyncio.Protocol):
    """Writes down what its transport says."""

    def __init__(self) -> None:
        self.data = b""
        self.calls: list[str] = []
        self.lost: list[Exception | None] = []
        self.keeps_open = False
        self.on_data: Callable[[], object] = lambda: None

    def data_received(self, data: bytes) -> None:
        self.data += data
        self.on_data()

    def eof_received(self) -> bool:
        self.calls.append("eof")
        return self.keeps_open

    def pause_writing(self) -> None:
        self.calls.append("pause")

    def resume_writing(self) -> None:
        self.calls.append("resume")

    def connection_lost(self, exc: Exception | None) -> None:
        self.calls.append("lost")
        self.lost.append(exc)


class Ends:
    """A connection: the server's transport and its protocol, and the client's socket."""

    def __init__(self, client: socket.socket, network: Network) -> None:
        self.transport: asyncio.Transport
        self.protocol = Heard()
        self.client = client
        self.network = network
        self.edge: Any = None
        self._loop = asyncio.get_running_loop()

    def take(self, transport: asyncio.Transport) -> None:
        transport.set_protocol(self.protocol)
        self.transport = transport

    async def send(self, data: bytes) -> None:
        await self._loop.sock_sendall(self.client, data)

    async def receive(self, size: int) -> bytes:
        got = b""
        async with asyncio.timeout(patience(5)):
            while len(got) < size and (data := await self._loop.sock_recv(self.client, 65_536)):
                got += data
        return got

    async def read_to_the_end(self) -> None:
        """Whether it comes by FIN or by RST."""
        try:
            while await self.receive(1):
                pass
        except ConnectionResetError:
            pass

    def reset(self) -> None:
        """End the client's connection by RST."""
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.client.close()


@asynccontextmanager
async def connected(is_tunnel: bool) -> AsyncIterator[Ends]:
    loop = asyncio.get_running_loop()
    network = Network()
    home, edge = (Tunnels(network.links_of(node)) for node in (HOME, EDGE))
    client = socket.socket()
    client.setblocking(False)
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        client.setsockopt(socket.SOL_SOCKET, option, 131_072)
    ends = Ends(client, network)
    home.serve(lambda scope, url, transport: ends.take(transport))
    await network.start()
    is_there = asyncio.Event()

    class Door(asyncio.Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            sock = transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 131_072)
            if is_tunnel:
                edge.open(HOME, SCOPE, b"/?a=b", transport)
                ends.edge = transport
            else:
                ends.take(transport)
            is_there.set()

    server = await loop.create_server(Door, "127.0.0.1", 0)
    await loop.sock_connect(client, server.sockets[0].getsockname())
    await is_there.wait()
    await until(lambda: hasattr(ends, "transport"), patience(2))
    try:
        yield ends
    finally:
        client.close()
        home.close()
        edge.close()
        if not ends.protocol.lost:
            ends.transport.abort()
        server.close()
        await until(lambda: ends.protocol.lost, patience(2))
        await network.aclose()


both = pytest.mark.parametrize("is_tunnel", [False, True], ids=["socket", "tunnel"])


# What a socket's transport does, a tunnel's does


@both
async def test_bytes_pass_both_ways_in_order(is_tunnel: bool) -> None:
    async with connected(is_tunnel) as ends:
        ends.transport.write(b"one ")
        ends.transport.write(bytearray(b"two "))
        ends.transport.writelines([b"three ", memoryview(b"four")])
        ends.transport.write(b"")
        assert await ends.receive(18) == b"one two three four"
        for word in (b"a", b"b", b"c"):
            await ends.send(word)
        await until(lambda: ends.protocol.data == b"abc", patience(2))
        assert ends.protocol.calls == []
        assert ends.transport.is_reading()
        assert ends.transport.get_protocol() is ends.protocol


@both
async def test_closing_writes_everything_first_and_then_tells_the_protocol(
    is_tunnel: bool,
) -> None:
    size = 3_000_000
    async with connected(is_tunnel) as ends:
        ends.transport.write(b"x" * size)
        ends.transport.close()
        assert ends.transport.is_closing()
        assert not ends.transport.is_reading()
        assert len(await ends.receive(size)) == size
        await until(lambda: ends.protocol.lost == [None], patience(2))
        ends.transport.close()
        assert ends.protocol.calls.count("lost") == 1


@both
async def test_aborting_ends_it_at_once(is_tunnel: bool) -> None:
    async with connected(is_tunnel) as ends:
        ends.transport.write(b"x" * 9_000_000)
        ends.transport.abort()
        assert ends.transport.is_closing()
        assert ends.protocol.lost == []  # not from within the call
        await until(lambda: ends.protocol.lost == [None], patience(2))
        ends.transport.abort()
        if is_tunnel:  # uvloop's raise an error
            ends.transport.write(b"more")
        await asyncio.sleep(0)
        assert ends.protocol.calls.count("lost") == 1
        await ends.read_to_the_end()


@both
async def test_a_client_that_ends_its_half_is_heard_and_may_be_answered(is_tunnel: bool) -> None:
    async with connected(is_tunnel) as ends:
        ends.protocol.keeps_open = True
        await ends.send(b"a question")
        ends.client.shutdown(socket.SHUT_WR)
        await until(lambda: ends.protocol.calls == ["eof"], patience(2))
        assert ends.protocol.data == b"a question"
        ends.transport.write(b"an answer")
        ends.transport.close()
        assert await ends.receive(100) == b"an answer"
        await until(lambda: ends.protocol.lost == [None], patience(2))


@both
async def test_a_protocol_that_keeps_nothing_open_closes_with_the_client(is_tunnel: bool) -> None:
    async with connected(is_tunnel) as ends:
        ends.client.shutdown(socket.SHUT_WR)
        await until(lambda: ends.protocol.lost == [None], patience(2))
        assert ends.protocol.calls == ["eof", "lost"]
        assert await ends.receive(1) == b""


@both
async def test_this_half_may_end_alone(is_tunnel: bool) -> None:
    async with connected(is_tunnel) as ends:
        assert ends.transport.can_write_eof()
        ends.transport.write(b"the last word")
        ends.transport.write_eof()
        assert await ends.receive(100) == b"the last word"
        await ends.send(b"and yours?")
        await until(lambda: ends.protocol.data == b"and yours?", patience(2))
        assert ends.protocol.lost == []


@both
async def test_a_client_that_resets_is_an_error(is_tunnel: bool) -> None:
    async with connected(is_tunnel) as ends:
        ends.reset()
        await until(lambda: ends.protocol.lost, patience(2))
        assert isinstance(ends.protocol.lost[0], ConnectionResetError)
        assert ends.transport.is_closing()


@both
async def test_a_client_that_does_not_read_pauses_the_protocol_until_it_does(
    is_tunnel: bool,
) -> None:
    size = 6_000_000
    async with connected(is_tunnel) as ends:
        ends.transport.set_write_buffer_limits(high=65_536)
        assert ends.transport.get_write_buffer_limits() == (16_384, 65_536)
        ends.transport.write(b"x" * size)
        await until(lambda: ends.protocol.calls == ["pause"], patience(2))
        await asyncio.sleep(0.1)
        # What the kernel holds, and the edge, is small beside this.
        assert ends.transport.get_write_buffer_size() > 3_000_000
        assert len(await ends.receive(size)) == size
        await until(lambda: ends.protocol.calls == ["pause", "resume"], patience(2))
        await until(lambda: ends.transport.get_write_buffer_size() == 0, patience(2))


@both
async def test_a_protocol_that_does_not_read_makes_the_client_wait(is_tunnel: bool) -> None:
    size = 6_000_000
    async with connected(is_tunnel) as ends:
        ends.transport.pause_reading()
        assert not ends.transport.is_reading()
        sending = asyncio.create_task(ends.send(b"x" * size))
        await asyncio.sleep(0.2)
        assert ends.protocol.data == b""
        assert not sending.done()
        ends.transport.resume_reading()
        assert ends.protocol.data == b""  # not from within the call
        await sending
        await until(lambda: len(ends.protocol.data) == size, patience(5))


@both
async def test_reading_may_be_paused_by_what_was_read(is_tunnel: bool) -> None:
    async with connected(is_tunnel) as ends:
        ends.protocol.on_data = ends.transport.pause_reading
        await ends.send(b"first")
        await until(lambda: ends.protocol.data, patience(2))
        await ends.send(b"second")
        ends.client.shutdown(socket.SHUT_WR)
        await asyncio.sleep(0.05)
        assert (ends.protocol.data, ends.protocol.calls) == (b"first", [])
        ends.protocol.on_data = lambda: None
        ends.transport.resume_reading()
        await until(lambda: ends.protocol.calls == ["eof", "lost"], patience(2))
        assert ends.protocol.data == b"firstsecond"


@both
async def test_another_protocol_hears_what_comes_after_it_was_set(is_tunnel: bool) -> None:
    async with connected(is_tunnel) as ends:
        await ends.send(b"for the first")
        await until(lambda: ends.protocol.data, patience(2))
        first, ends.protocol = ends.protocol, Heard()
        ends.transport.set_protocol(ends.protocol)
        await ends.send(b"for the second")
        await until(lambda: ends.protocol.data == b"for the second", patience(2))
        assert first.data == b"for the first"


ON_BOTH = [
    test
    for name, test in list(globals().items())
    if name.startswith("test_") and "is_tunnel" in inspect.signature(test).parameters
]


@pytest.mark.parametrize("test", ON_BOTH, ids=lambda test: test.__name__)
def test_the_same_holds_on_the_loop_of_the_server(test: Any) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(test(is_tunnel=True))


# What is a tunnel's own


async def test_limits_that_contradict_each_other_are_refused() -> None:
    async with connected(True) as ends:
        ends.transport.set_write_buffer_limits(low=10)
        assert ends.transport.get_write_buffer_limits() == (10, 40)
        with pytest.raises(ValueError, match="high"):
            ends.transport.set_write_buffer_limits(high=1, low=2)


async def test_the_edge_keeps_no_more_than_a_window() -> None:
    async with connected(True) as ends:
        ends.transport.write(b"x" * 6_000_000)
        await asyncio.sleep(0.2)
        assert ends.edge.get_write_buffer_size() <= WINDOW_BYTES + 65_536
        assert await ends.receive(6_000_000)


async def test_the_home_keeps_no_more_than_a_window() -> None:
    async with connected(True) as ends:
        assert isinstance(ends.transport, TunnelTransport)
        ends.transport.pause_reading()
        sending = asyncio.create_task(ends.send(b"x" * 6_000_000))
        await asyncio.sleep(0.2)
        assert sum(map(len, ends.transport._unread)) <= WINDOW_BYTES
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)


async def test_peers_are_known_by_the_address_that_the_edge_sees() -> None:
    async with connected(True) as ends:
        assert ends.transport.get_extra_info("peername") == ("192.0.2.1", 4_000)
        assert ends.transport.get_extra_info("socket") is None


async def test_a_lost_home_cuts_the_client() -> None:
    async with connected(True) as ends:
        ends.network.kill(HOME)
        await ends.read_to_the_end()


async def test_a_lost_edge_ends_the_connection_at_the_home() -> None:
    async with connected(True) as ends:
        ends.network.kill(EDGE)
        await until(lambda: ends.protocol.lost, patience(2))
        assert isinstance(ends.protocol.lost[0], ConnectionResetError)


async def test_a_bug_of_the_protocol_costs_its_connection_alone() -> None:
    async with connected(True) as ends:

        def fail() -> None:
            raise ZeroDivisionError

        ends.protocol.on_data = fail
        await ends.send(b"data")
        await until(lambda: ends.protocol.lost, patience(2))
        assert await ends.receive(1) == b""


async def test_a_node_that_does_not_serve_cuts_what_it_is_left() -> None:
    async with connected(True) as ends:
        loop = asyncio.get_running_loop()
        Tunnels(ends.network.links_of(3))
        edge = Tunnels(ends.network.links_of(4))
        await ends.network.start()
        here, there = socket.socketpair()
        transport, _ = await loop.create_connection(asyncio.Protocol, sock=here)
        edge.open(3, SCOPE, b"/", transport)
        there.setblocking(False)
        assert await loop.sock_recv(there, 1) == b""
        there.close()


async def test_a_link_that_is_full_takes_no_more_tunnels() -> None:
    async with connected(True) as ends:
        loop = asyncio.get_running_loop()
        edge = Tunnels(ends.network.links_of(4))
        await ends.network.start()
        ends.network.is_up = False
        ends.network.links[4].send(HOME, Channel.CONTROL, b"x" * 17_000_000)
        here, there = socket.socketpair()
        transport, _ = await loop.create_connection(asyncio.Protocol, sock=here)
        edge.open(HOME, SCOPE, b"/", transport)
        there.setblocking(False)
        answer = await loop.sock_recv(there, 4_096)
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 503")
        assert b"retry-after: 1" in head
        assert json.loads(body)["code"] == "unavailable"
        there.close()


async def test_draining_closes_the_clients_of_other_nodes() -> None:
    async with connected(True) as ends:
        loop = asyncio.get_running_loop()
        edge = Tunnels(ends.network.links_of(4))
        await ends.network.start()
        here, there = socket.socketpair()
        transport, _ = await loop.create_connection(asyncio.Protocol, sock=here)
        taken = ends.protocol
        edge.open(HOME, SCOPE, b"/", transport)
        assert len(edge) == 1
        await edge.drain(0.01)
        there.setblocking(False)
        assert await loop.sock_recv(there, 1) == b""
        await until(lambda: taken.lost == [None], patience(2))
        there.close()
