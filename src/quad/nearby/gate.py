"""Passwords of names, given from addresses: checked slowly once, quickly for a day after that."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final, NamedTuple

from quad.identity import KeyedRateLimit, hash_token, token_matches
from quad.identity.passwords import password_matches
from quad.nearby.refusals import TooManyTries
from quad.settings import NearbySettings

PROVEN_S: Final = 86_400.0
_PROVEN_LIMIT: Final = 10_000
_MINUTE_S: Final = 60


class _Proof(NamedTuple):
    """`hashed` is a fast hash of the password, in memory only."""

    hashed: str
    until: float


class Gate:
    """Lets in who knows the password. Wrong ones are limited by address and by name.

    Whoever has proven themselves is known for a day from the last time on, from the same address.
    So an outsider who tries many passwords for a name does not lock its owner out. A name says
    of which kind it is, such as `("bot", "canteen")`: else a bot could pass for somebody else.
    """

    def __init__(
        self,
        settings: NearbySettings,
        *,
        is_limited: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._of_addresses = _limit(settings, clock) if is_limited else None
        self._of_names = _limit(settings, clock) if is_limited else None
        self._clock = clock
        self._proven: OrderedDict[tuple[str, Hashable], _Proof] = OrderedDict()

    async def admits(self, address: str, name: Hashable, password: str, hashed: str) -> bool:
        """Whether `hashed` is of this password. Raises TooManyTries."""
        # Asked first: else whoever shares an address could go on guessing by the quick way.
        self.refuse_if_limited(address)
        proof = self._proof(address, name)
        if proof is not None and token_matches(password, proof.hashed):
            self._remember(address, name, proof.hashed)
            return True
        self.take(address, name)
        if not await password_matches(password, hashed):
            return False
        self._remember(address, name, hash_token(password))
        return True

    def knows(self, address: str, name: Hashable) -> bool:
        """Whether this name was proven from this address within the last day."""
        proof = self._proof(address, name)
        if proof is None:
            return False
        self._remember(address, name, proof.hashed)
        return True

    def refuse_if_limited(self, address: str) -> None:
        """Raises TooManyTries."""
        wait_s = self._of_addresses.wait(address) if self._of_addresses is not None else 0.0
        if wait_s:
            raise TooManyTries(wait_s)

    def take(self, address: str, name: Hashable) -> None:
        """Count a try; before its outcome is known, or many at once would count as none.

        Raises TooManyTries.
        """
        if self._of_addresses is None or self._of_names is None:
            return
        wait_s = self._of_addresses.take(address) or self._of_names.take(name)
        if wait_s:
            raise TooManyTries(wait_s)

    def _proof(self, address: str, name: Hashable) -> _Proof | None:
        proof = self._proven.get((address, name))
        return proof if proof is not None and proof.until > self._clock() else None

    def _remember(self, address: str, name: Hashable, hashed: str) -> None:
        self._proven[address, name] = _Proof(hashed, self._clock() + PROVEN_S)
        self._proven.move_to_end((address, name))
        if len(self._proven) > _PROVEN_LIMIT:
            self._proven.popitem(last=False)


def _limit(settings: NearbySettings, clock: Callable[[], float]) -> KeyedRateLimit:
    rate_per_s = settings.wrong_tries_per_minute_per_address / _MINUTE_S
    return KeyedRateLimit(rate_per_s, settings.wrong_tries_burst, clock)
