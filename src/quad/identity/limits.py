"""Rate limits for many clients: a `RateLimit` for each key or address."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import partial
from typing import Final

from quad.addresses import BLOCKS_OF_SITE, shares
from quad.realtime.sessions.pace import RateLimit


class KeyedRateLimit:
    """A bucket for each key, an address for instance, in bounded memory.

    Buckets that are full again are dropped as others are used. Beyond ``capacity`` the one unused
    for longest is dropped even if it is not full: its key then starts afresh. Whoever has that many
    addresses gains little by it; the server's memory is what has to hold.
    """

    def __init__(
        self,
        rate_per_s: float,
        burst: float,
        clock: Callable[[], float] = time.monotonic,
        *,
        capacity: int = 50_000,
    ) -> None:
        if capacity < 1:
            raise ValueError("a keyed rate limit needs room for at least one key")
        self._new_bucket: Callable[[], RateLimit] = partial(RateLimit, rate_per_s, burst, clock)
        self._new_bucket()  # refuses bad numbers now and not at the first client
        self._capacity = capacity
        self._buckets: OrderedDict[Hashable, RateLimit] = OrderedDict()

    def __len__(self) -> int:
        """Return how many keys are remembered at the moment."""
        return len(self._buckets)

    def take(self, key: Hashable, count: int = 1) -> float:
        """Take a permit of ``key`` and return 0.0, or take none and return the seconds until there
        is one. Several are taken together, as ``RateLimit.take`` does.
        """
        bucket = self._buckets.get(key)
        if bucket is None:
            self._drop_full()
            bucket = self._buckets[key] = self._new_bucket()
        self._buckets.move_to_end(key)
        return bucket.take(count)

    def wait(self, key: Hashable, count: int = 1) -> float:
        """Return what ``take`` would, and take nothing: to refuse before the work, and charge only
        for what failed.
        """
        bucket = self._buckets.get(key)
        return bucket.wait(count) if bucket is not None else 0.0

    def give_back(self, key: Hashable, count: int = 1) -> None:
        """Undo a ``take`` of ``key``."""
        bucket = self._buckets.get(key)
        if bucket is not None:
            bucket.give_back(count)

    def _drop_full(self) -> None:
        # Two go for each that comes, so the full ones never pile up; no sweep stops the server.
        for _ in range(2):
            if not self._buckets:
                return
            oldest = next(iter(self._buckets))
            if not self._buckets[oldest].is_full and len(self._buckets) < self._capacity:
                return
            del self._buckets[oldest]


class AddressRateLimit:
    """A bucket for each block of addresses, and above those of IPv6 a larger one for each site."""

    def __init__(
        self, rate_per_s: float, burst: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`rate_per_s` and `burst` are those of a block."""
        self.levels: Final = {
            times: KeyedRateLimit(rate_per_s * times, burst * times, clock)
            for times in (1, BLOCKS_OF_SITE)
        }
        """The buckets of blocks and of sites, by their second part in `shares`."""

    def take(self, address: str, count: int = 1) -> float:
        """Take a permit and return 0.0, or take none and return the seconds until there is one.
        Several are taken together, as ``RateLimit.take`` does.
        """
        taken: list[tuple[KeyedRateLimit, str]] = []
        # The site first: once it has none, its many blocks take no memory either.
        for counted, times in reversed(shares(address)):
            limit = self.levels[times]
            wait_s = limit.take(counted, count)
            if wait_s:
                for each, key in taken:
                    each.give_back(key, count)
                return wait_s
            taken.append((limit, counted))
        return 0.0

    def give_back(self, address: str) -> None:
        """Undo a ``take`` of this address."""
        for counted, times in shares(address):
            self.levels[times].give_back(counted)
