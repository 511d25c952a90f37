"""Passwords of names, given from addresses: a right one always passes, wrong ones take time.

A slow hash is what keeps a password from being guessed, and what a guesser can waste. So passwords
are hashed one after the other: each address block has one at a time in the row, drawn at random
from those that it sent, and beyond its limit a pause after each wrong one. A guesser fills its own
queue only, and no bucket of a name refuses the name's owner.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

from quad import audit
from quad.addresses import block, wider_block
from quad.identity.limits import AddressRateLimit, KeyedRateLimit
from quad.identity.news import ALONE, News
from quad.identity.passwords import password_matches
from quad.identity.tokens import hash_token, token_matches
from quad.identity.turns import draw

PROVEN_S: Final = 86_400.0
PAUSE_S: Final = 0.2
"""After a wrong password beyond the limit: five a second of one address block, 432,000 a day."""

_NEWS: Final = "wrong.secret"
_PROVEN_LIMIT: Final = 10_000
_WAITING_LIMIT: Final = 500
_MINUTE_S: Final = 60
# Of the fast hash of a password that is proven: as few as of a room's number.
_FAST_TRIES_PER_S: Final = 20.0
_FAST_TRIES_BURST: Final = 200

Refusal = Callable[[float], Exception]


class _Proof(NamedTuple):
    """`hashed` is a fast hash of the password, in memory only."""

    hashed: str
    until: float


class Gate:
    """Lets in who knows the password.

    Whoever has proven themselves is known for a day from the last time on, from the same address
    block, and does not wait. A name says of which kind it is, such as `("bot", "canteen")`: else a
    bot could pass for somebody else.
    """

    def __init__(
        self,
        refusal: Refusal,
        *,
        rate_per_s: float,
        burst: float,
        is_limited: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`refusal(wait_s)` makes the exception for a wrong try beyond `rate_per_s` and `burst`,
        which count for each address block and for each name.
        """
        self._refusal = refusal
        self._of_addresses = AddressRateLimit(rate_per_s, burst, clock) if is_limited else None
        self._of_names = KeyedRateLimit(rate_per_s, burst, clock) if is_limited else None
        self._fast = KeyedRateLimit(_FAST_TRIES_PER_S, _FAST_TRIES_BURST, clock)
        self._told = KeyedRateLimit(1 / _MINUTE_S, 1, clock)
        self._clock = clock
        self._proven: OrderedDict[tuple[str, Hashable], _Proof] = OrderedDict()
        self._blocks = _Lanes()
        # Above them the /48 of IPv6, of which one site may have 65,536 blocks.
        self._sites = _Lanes()
        self._hashing = asyncio.Lock()
        self._news = ALONE

    def share(self, news: News) -> None:
        """Count together with other nodes; to be called once, before the server starts."""
        self._news = news
        news.on(_NEWS, self._heard)

    async def admits(
        self, address: str, name: Hashable, password: str, hashed: str, *, action: str
    ) -> bool:
        """Whether `hashed` is of this password; `action` is what the audit log calls it.

        Raises the refusal instead of returning False for a wrong one beyond the limit.
        """
        key = block(address)
        if self._is_proven(key, name, password):
            return True
        async with self._turn(key):
            async with self._sites.turn(wider_block(address)), self._hashing:
                is_right = await password_matches(password, hashed)
            if is_right:
                audit.record(action, address=address, name=_shown(name))
                self._remember(key, name, hash_token(password))
                return True
            try:
                self.note_wrong(address, name, action=action)
            except Exception:
                # Whoever else sits at this address waits as well, and is drawn at random.
                await asyncio.sleep(self._pause_s)
                raise
        return False

    def note_wrong(self, address: str, name: Hashable, *, action: str) -> None:
        """Count a wrong secret of a name. Raises the refusal beyond the limit."""
        key = block(address)
        if self._of_addresses is not None and self._of_names is not None:
            wait_s = self._of_addresses.take(address) or self._of_names.take(name)
            if wait_s:
                if not self._told.take((key, action)):
                    audit.record(action, address=address, result="refused", limit="wrong tries")
                raise self._refusal(wait_s)
            self._news.tell_all(_NEWS, [address, name])
        audit.record(action, address=address, result="failed", name=_shown(name))

    def _heard(self, told: list[Any]) -> None:
        """A wrong secret at another node."""
        address, name = told
        if self._of_addresses is not None and self._of_names is not None:
            self._of_addresses.take(address)
            self._of_names.take(tuple(name) if isinstance(name, list) else name)

    @property
    def _pause_s(self) -> float:
        # Every node has such a row; together they are no faster than one.
        return PAUSE_S * self._news.nodes

    def _is_proven(self, key: str, name: Hashable, password: str) -> bool:
        proof = self._proven.get((key, name))
        if proof is None or proof.until <= self._clock():
            return False
        # Else whoever shares the address could go on guessing by the quick way.
        if self._fast.wait(key):
            return False
        if not token_matches(password, proof.hashed):
            self._fast.take(key)
            return False
        self._remember(key, name, proof.hashed)
        return True

    @asynccontextmanager
    async def _turn(self, key: str) -> AsyncIterator[None]:
        try:
            async with self._blocks.turn(key):
                yield
        except _Crowded:
            raise self._refusal(_WAITING_LIMIT * self._pause_s) from None

    def _remember(self, key: str, name: Hashable, hashed: str) -> None:
        self._proven[key, name] = _Proof(hashed, self._clock() + PROVEN_S)
        self._proven.move_to_end((key, name))
        if len(self._proven) > _PROVEN_LIMIT:
            self._proven.popitem(last=False)


def _shown(name: Hashable) -> str:
    """The last part of a name, which says whose it is."""
    return str(name[-1] if isinstance(name, tuple) else name)


class _Crowded(Exception):
    """Too many wait for the same turn; by lot this one has to go."""


class _Lanes:
    """One at a time for each key; the next is drawn at random from those who wait."""

    def __init__(self) -> None:
        # Keys that somebody has the turn of, and who waits for it.
        self._waiting: dict[str, list[asyncio.Future[None]]] = {}

    @asynccontextmanager
    async def turn(self, key: str) -> AsyncIterator[None]:
        """Raises _Crowded."""
        waiting = self._waiting.get(key)
        if waiting is None:
            self._waiting[key] = []
        else:
            await self._wait(key, waiting)
        try:
            yield
        finally:
            self._pass_on(key)

    async def _wait(self, key: str, waiting: list[asyncio.Future[None]]) -> None:
        turn = asyncio.get_running_loop().create_future()
        waiting.append(turn)
        if len(waiting) > _WAITING_LIMIT:
            unlucky = draw(waiting)
            if unlucky is not None:
                unlucky.set_exception(_Crowded)
        try:
            await turn
        except asyncio.CancelledError:  # whoever waited has gone
            if turn in waiting:
                waiting.remove(turn)
            elif not turn.cancelled() and turn.exception() is None:
                self._pass_on(key)
            raise

    def _pass_on(self, key: str) -> None:
        turn = draw(self._waiting[key])
        if turn is None:
            del self._waiting[key]
        else:
            turn.set_result(None)
