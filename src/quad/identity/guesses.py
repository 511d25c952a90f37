"""Trying numbers and names that can be guessed: bounded, without locking out who is right.

A room's number is no secret, and a right one cannot both always pass and be safe from trying. So a
connection that was wrong too often is refused for a while, and an address block that was wrong too
often takes turns: its tries wait, drawn at random, those of connections that were never wrong
before the others. One guesser fills its own turns and delays nobody else by much; a whole address
learns no more than the turns it gets.

Secrets (tokens, passwords) are no guesses: they are looked at before any of this.

Nodes of a cluster tell each other of wrong tries, and all count them: nobody may try more because
what they try has its home in several places.
"""

import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Hashable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

from quad import audit
from quad.addresses import block
from quad.identity.limits import KeyedRateLimit
from quad.identity.news import ALONE, News
from quad.identity.throttle import Rates, Throttle

WRONG_PER_CONNECTION: Final = 10
TURNS_PER_S: Final = 20.0
_WINDOW_S: Final = 60.0
# Of one address block: as many as it may have connections.
_WAITING_LIMIT: Final = 5_000
_REMEMBERED: Final = 50_000

Refusal = Callable[[float], Exception]
Wrong = type[Exception] | tuple[type[Exception], ...]


class Guesses:
    """Counts wrong tries of one kind, by connection and by address block."""

    def __init__(
        self,
        kind: str,
        refusal: Refusal,
        *,
        rate_per_s: float,
        burst: float,
        turns_per_s: float = TURNS_PER_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`kind` names what is tried, in the audit log: `classroom.number`.

        `refusal(wait_s)` makes the exception that refuses a try for so many seconds. `rate_per_s`
        and `burst` are what an address block may be wrong before it takes turns.
        """
        self._kind = kind
        self._refusal = refusal
        self._tries = Throttle(
            kind,
            "tries take turns",
            refusal,
            Rates(rate_per_s, burst, turns_per_s, _WAITING_LIMIT),
            clock=clock,
        )
        self._told = KeyedRateLimit(1 / _WINDOW_S, 1, clock)
        self._connections: OrderedDict[Hashable, _Record] = OrderedDict()
        self._clock = clock
        self._news = ALONE

    def share(self, news: News, *, are_everywhere: bool = False) -> None:
        """Count together with other nodes; to be called once, before the server starts.

        `are_everywhere` says that all nodes let such tries pass: then they share the turns.
        """
        self._news = news
        news.on(self._topic, self._heard)
        if are_everywhere:
            self._tries.share_turns(lambda: news.nodes)

    @asynccontextmanager
    async def turn(
        self, address: str, connection: Hashable, *, wrong: Wrong
    ) -> AsyncIterator[None]:
        """Try something inside the block; exceptions of `wrong` count as a wrong try.

        Waits while the address block takes turns. `connection` is whatever lives as long as the
        connection does; a text is the same connection on all nodes.

        Raises:
            the refusal: this connection was wrong too often within a minute, or too many wait.
        """
        wait_s = self._closed_s(connection)
        if wait_s:
            raise self._refuse(address, wait_s)
        await self._tries.turn(address, goes_first=connection not in self._connections)
        try:
            yield
        except wrong:
            self._note(connection)
            self._tell(address, connection)
            raise
        except BaseException:
            self._tries.rate.give_back(address)  # declined otherwise: the guess was right
            raise
        self._tries.rate.give_back(address)

    @contextmanager
    def request(self, address: str) -> Iterator[None]:
        """The same for one HTTP request, which does not wait; any exception counts as wrong.

        Raises:
            the refusal: the address block was wrong too often.
        """
        wait_s = self._tries.rate.take(address)
        if wait_s:
            raise self._refuse(address, wait_s)
        try:
            yield
        except BaseException:
            self._tell(address, None)
            raise
        self._tries.rate.give_back(address)

    @property
    def _topic(self) -> str:
        return f"wrong.{self._kind}"

    def _tell(self, address: str, connection: Hashable) -> None:
        known = connection if isinstance(connection, str) else None
        self._news.tell_all(self._topic, [address, known])

    def _heard(self, told: list[Any]) -> None:
        """A wrong try at another node."""
        address, connection = told
        self._tries.rate.take(address)
        if connection is not None:
            self._note(connection)

    def _closed_s(self, connection: Hashable) -> float:
        record = self._connections.get(connection)
        if record is None or record.count < WRONG_PER_CONNECTION:
            return 0.0
        return max(0.0, record.until - self._clock())

    def _note(self, connection: Hashable) -> None:
        now = self._clock()
        record = self._connections.get(connection)
        if record is None or record.until <= now:
            record = self._connections[connection] = _Record(now + _WINDOW_S)
            self._connections.move_to_end(connection)
        record.count += 1
        # Windows are equally long, so they end in the order of this dict.
        while self._connections:
            oldest = next(iter(self._connections.values()))
            if oldest.until > now and len(self._connections) <= _REMEMBERED:
                return
            self._connections.popitem(last=False)

    def _refuse(self, address: str, wait_s: float) -> Exception:
        key = block(address)
        if not self._told.take(key):
            audit.record(self._kind, address=key, result="refused", limit="wrong tries")
        return self._refusal(wait_s)


class _Record:
    """How often a connection was wrong, until when that counts."""

    __slots__ = ("count", "until")

    def __init__(self, until: float) -> None:
        self.until = until
        self.count = 0
