"""Listening: uvicorn's HTTP under our limits, our way to WebSockets, and an end in good order."""

import asyncio
import contextlib
import gc
import logging
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from typing import cast

import uvicorn
import uvloop

from quad.realtime.http.admission import Admission
from quad.realtime.http.binding import BACKLOG, bind, url_of
from quad.realtime.http.blocks import return_large_blocks
from quad.realtime.http.front import Front, Fronts
from quad.realtime.http.host import Host

log = logging.getLogger("quad.listening")

_GARBAGE_THRESHOLD = 50_000
_HTTP_GRACE_S = 1.0  # what plain HTTP answers may still take after the sessions were drained
_DATE_EVERY_S = 1.0
_LOOK_EVERY_S = 0.005
_LEAVE_S = 0.1  # what answers may take to see that their readers have gone


@contextlib.asynccontextmanager
async def listen(
    host: Host,
    address: str | socket.socket = "127.0.0.1",
    port: int = 0,
    *,
    handshake_timeout_s: float = 10.0,
    body_bytes_per_s: float = 500.0,
    drain_s: float = 3.0,
) -> AsyncIterator[str]:
    """Serve a host while the block runs; yields the URL. Port 0 takes any free one.

    Instead of an address it may be a socket that is bound already (`bind`), which is closed then.

    At the end of the block nobody is let in any more, sessions are closed within `drain_s`
    after what is queued for them has been written, and HTTP answers get a second to finish.
    A head has to come within the handshake timeout, a body at no less than `body_bytes_per_s`
    once the same time has passed.

    Raises:
        OSError: the address cannot be used.
    """
    fronts = Fronts(
        host,
        handshake_timeout_s=handshake_timeout_s,
        body_bytes_per_s=body_bytes_per_s,
        admission=Admission(host.door, host.site),
    )
    config = uvicorn.Config(
        fronts,
        http=Front,
        ws=asyncio.Protocol,  # only its presence counts: Front upgrades by itself
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        interface="asgi3",
        backlog=BACKLOG,
    )
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    with bind(address, port) if isinstance(address, str) else address as listener:
        await server.startup([listener])
        ticking = asyncio.create_task(_keep_date(server), name="uvicorn")
        try:
            yield url_of(listener)
        finally:
            for listening in server.servers:
                listening.close()
            await host.drain(drain_s / 2)
            await _finish_answers(server, fronts)
            ticking.cancel()
            await asyncio.wait([ticking])
            fronts.stop_clocks()
            host.stop_clocks()


def run(host: Host, address: str = "127.0.0.1", port: int = 8000, **options: float) -> None:
    """Serve a host until SIGTERM or SIGINT, and print its URL."""

    async def main() -> None:
        with stop_signal() as stopped:
            async with listen(host, address, port, **options) as url:
                settle_garbage()
                print(f"Listening on {url}", flush=True)
                await stopped.wait()

    uvloop.run(main())


def settle_garbage() -> None:
    """Spare a process that has started the search for garbage among what lives as long as it.

    The collector's own numbers suit programs with few objects. Here every burst of events makes
    thousands that are freed by their reference counts; measured, the search took a fifth of the
    time of a relayed message, and ever more with the number of connections.

    What is freed goes back to the system, if it is large.
    """
    return_large_blocks()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GARBAGE_THRESHOLD, 20, 50)
    gc.enable()  # whoever starts a server may have spared it the search so far


@contextlib.contextmanager
def stop_signal() -> Iterator[asyncio.Event]:
    """An event that SIGTERM and SIGINT set; a second SIGINT ends the process at once."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()

    def stop() -> None:
        if stopped.is_set():
            loop.remove_signal_handler(signal.SIGINT)
        stopped.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        yield stopped
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def _keep_date(server: uvicorn.Server) -> None:
    """Keep the Date header right. uvicorn's own loop does it, but ends only at its next look."""
    while True:
        await server.on_tick(0)
        await asyncio.sleep(_DATE_EVERY_S)


async def _finish_answers(server: uvicorn.Server, fronts: Fronts) -> None:
    """Close what is idle and wait for answers under way.

    uvicorn's own shutdown does the same, but takes a tenth of a second with nothing to wait for.
    """
    state = server.server_state
    for connection in list(state.connections):
        connection.shutdown()
    try:
        async with asyncio.timeout(_HTTP_GRACE_S):
            while state.connections or state.tasks:  # noqa: ASYNC110 - uvicorn tells nobody
                await asyncio.sleep(_LOOK_EVERY_S)
    except TimeoutError:
        log.warning("ending %d answers that are not finished", len(state.tasks))
        await _end_answers(server, fronts)
    await server.lifespan.shutdown()


async def _end_answers(server: uvicorn.Server, fronts: Fronts) -> None:
    state = server.server_state
    # Whoever does not read has left, for all that the answer knows: it ends without an error.
    fronts.is_ending = True
    for connection in cast(set[Front], set(state.connections)):
        connection.give_up()
    if state.tasks:
        await asyncio.wait(list(state.tasks), timeout=_LEAVE_S)
    for task in state.tasks:
        task.cancel()
