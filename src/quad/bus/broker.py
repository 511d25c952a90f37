"""What buses have in common whose broker is another process: it may be away, and it may be slow."""

import asyncio
import contextlib
import logging
import random
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, Final, Protocol

log = logging.getLogger("quad.bus")

# What waits for a broker that is slow to read. More is lost, and sent again by the links: sooner
# than it would have come out of a longer queue.
QUEUE_BYTES: Final = 8 * 1024 * 1024
QUEUE_MESSAGES: Final = 4096
BROADCASTS: Final = 16
CONNECT_TIMEOUT_S: Final = 5.0
RETRY_S: Final = 0.5  # give or take a half, so that not all nodes come at once
CLOSE_TIMEOUT_S: Final = 2.0

Receive = Callable[[bytes], object]


class Session(Protocol):
    """One connection to a broker, which hears what is for this node."""

    async def send(self, node: int | None, data: bytes) -> None:
        """To one node, or to all for None; called by one task. May wait while the broker is slow,
        and raise anything when the connection is lost.
        """

    async def until_closed(self) -> None:
        """Return when the connection is lost, or will never work."""

    async def aclose(self) -> None:
        """Write what was sent, and end the connection, also a lost one."""


class Broker(Protocol):
    """Where a broker is and how to sign in."""

    @property
    def place(self) -> str:
        """Where it is, for the log: without secrets."""

    async def connect(self, receive: Receive) -> Session:
        """A session that hears already; `receive` does not wait and does not raise.

        May raise anything, and leaves nothing open then.
        """


class BrokerBus:
    """A `Bus` over a broker, to which it connects again and again until it is closed."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self._queue: deque[tuple[int, bytes]] = deque()
        self._queued_bytes = 0
        # Signs of life: they must not wait behind megabytes, and old ones are worth nothing.
        self._broadcasts: deque[bytes] = deque(maxlen=BROADCASTS)
        self._is_wanted = asyncio.Event()
        self._is_written = asyncio.Event()
        self._connected = asyncio.Event()
        self._work: asyncio.Task[None] | None = None
        self._is_missed = False
        self.lost = 0  # messages that were not even given to the broker

    async def start(self, receive: Receive) -> None:
        """Begin to hear; waits for the broker for as long as one attempt may take."""
        self._work = asyncio.create_task(self._stay_connected(receive))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._connected.wait(), CONNECT_TIMEOUT_S)

    def send(self, node: int, data: bytes) -> None:
        """To one node."""
        # While the broker is away nothing is kept: it would be old when it returns.
        is_full = self._queued_bytes + len(data) > QUEUE_BYTES or len(self._queue) == QUEUE_MESSAGES
        if is_full or not self.is_connected:
            self.lost += 1
            return
        self._queue.append((node, data))
        self._queued_bytes += len(data)
        self._want()

    def broadcast(self, data: bytes) -> None:
        """To all nodes, this one included; it overtakes what is for one."""
        if not self.is_connected:
            self.lost += 1
            return
        self._broadcasts.append(data)
        self._want()

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection, as far as is known."""
        return self._connected.is_set()

    async def aclose(self) -> None:
        """Write what was sent, unless that takes too long, and end the connection."""
        if self._work is None:
            return
        if not self._is_written.is_set() and self.is_connected:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._is_written.wait(), CLOSE_TIMEOUT_S)
        self._work.cancel()
        await asyncio.wait([self._work])

    async def _stay_connected(self, receive: Receive) -> None:
        while True:
            try:
                session = await self._connect(receive)
            except Exception as error:  # noqa: BLE001 - whatever the client has met
                self._note_absence(error)
            else:
                await self._use(session)
            await asyncio.sleep(RETRY_S * random.uniform(0.5, 1.5))

    async def _connect(self, receive: Receive) -> Session:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            return await self.broker.connect(receive)

    async def _use(self, session: Session) -> None:
        self._note_presence()
        self._connected.set()
        works = [
            asyncio.create_task(self._write(session)),
            asyncio.create_task(session.until_closed()),
        ]
        try:
            await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._connected.clear()
            self._empty_queue()
            await _end(works)
            await wait_briefly(session.aclose())

    async def _write(self, session: Session) -> None:
        while True:
            while self._broadcasts or self._queue:
                await session.send(*self._next())
            self._is_written.set()
            self._is_wanted.clear()
            await self._is_wanted.wait()

    def _want(self) -> None:
        self._is_written.clear()
        self._is_wanted.set()

    def _next(self) -> tuple[int | None, bytes]:
        if self._broadcasts:
            return None, self._broadcasts.popleft()
        node, data = self._queue.popleft()
        self._queued_bytes -= len(data)
        return node, data

    def _empty_queue(self) -> None:
        self.lost += len(self._queue) + len(self._broadcasts)
        self._queue.clear()
        self._broadcasts.clear()
        self._queued_bytes = 0

    # The log: once when it goes, once when it comes.

    def _note_absence(self, error: Exception) -> None:
        if not self._is_missed:
            self._is_missed = True
            # The type alone for what says nothing: a time-out, for example.
            reason = str(error) or type(error).__name__
            log.error("no connection to the broker %s: %s", self.broker.place, reason)

    def _note_presence(self) -> None:
        self._is_missed = False
        log.info("connected to the broker %s", self.broker.place)


async def wait_briefly(closing: Coroutine[Any, Any, None]) -> None:
    """Wait for the end of a connection that may be broken: not for long, and it does not raise."""
    try:
        async with asyncio.timeout(CLOSE_TIMEOUT_S):
            await closing
    except Exception as error:  # noqa: BLE001 - it was lost, or is now
        log.debug("a connection to the broker did not end well: %s", error)


async def _end(works: list[asyncio.Task[None]]) -> None:
    for work in works:
        work.cancel()
    for result in await asyncio.gather(*works, return_exceptions=True):
        if isinstance(result, Exception):
            log.warning("the connection to the broker was lost: %s", result)
