"""A bot's connection to a server: it stays while the block runs, and comes back when it breaks."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple

from quad.cli.connection import Connection, ConnectionLost, Declined, open_connection, waits
from quad.cli.failures import Failed
from quad.cli.reaching import Unreachable
from quad.cli.remote import Refusal


class Greeting(NamedTuple):
    """What is said on each new connection: `prove` first, by HTTP, then the event."""

    event: str
    payload: dict[str, Any]
    prove: Callable[[], Awaitable[None]]


@asynccontextmanager
async def linked(url: str, greeting: Greeting) -> AsyncIterator[asyncio.Task[None]]:
    """Be connected, and have said the greeting, from the beginning of the block on.

    Yields the task that keeps the connection; it ends only by failing. Raises Failed.
    """
    connection = await _open(url, greeting)
    keeper = asyncio.create_task(_keep(connection, url, greeting))
    try:
        yield keeper
    finally:
        keeper.cancel()
        with suppress(asyncio.CancelledError, Failed):
            await keeper


async def _keep(connection: Connection, url: str, greeting: Greeting) -> None:
    """Connect again whenever the connection is lost."""
    while True:
        try:
            await connection.wait_closed()
        finally:
            await connection.aclose()
        print("connection lost, trying again", file=sys.stderr, flush=True)
        connection = await _open_patiently(url, greeting)
        print("connected again", file=sys.stderr, flush=True)


async def _open_patiently(url: str, greeting: Greeting) -> Connection:
    for wait_s in waits():
        await asyncio.sleep(wait_s)
        try:
            return await _open(url, greeting)
        except Unreachable:
            pass
        except Refusal as refusal:
            if not refusal.may_pass:
                raise
    raise AssertionError("waits never end")


async def _open(url: str, greeting: Greeting) -> Connection:
    """Raises Failed if the server declines, Unreachable if there is none."""
    # A server that was started again has forgotten who proved what.
    await greeting.prove()
    connection = await open_connection(url)
    try:
        await connection.ask(greeting.event, greeting.payload)
    except BaseException as error:
        await connection.aclose()
        if isinstance(error, Declined):
            raise Failed(f"the server refuses this bot: {error.sentence}") from None
        if isinstance(error, ConnectionLost):
            raise Unreachable(url, f"it ended the connection: {error}") from None
        raise
    return connection
