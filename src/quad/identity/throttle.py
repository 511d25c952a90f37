"""What addresses do at a rate; beyond it they wait, and nobody is refused for somebody else."""

import time
from collections.abc import Callable
from typing import Final, NamedTuple

from quad import audit
from quad.addresses import shares
from quad.identity.limits import AddressRateLimit
from quad.identity.turns import Turns


class Rates(NamedTuple):
    """How fast an address block may be: `burst` at once, `rate_per_s` in the long run.

    Beyond that `turns_per_s` pass, while at most `waiting_limit` wait.
    """

    rate_per_s: float
    burst: float
    turns_per_s: float
    waiting_limit: int


class Throttle:
    """Lets an address block, and the site above it, pass at a rate; what is over it takes turns."""

    def __init__(
        self,
        action: str,
        limit: str,
        refusal: Callable[[float], Exception],
        rates: Rates,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`action` and `limit` are what the audit log says when a block begins to take turns.

        `refusal(wait_s)` makes the exception for who comes when so many of the block wait.
        """
        self.rate: Final = AddressRateLimit(rates.rate_per_s, rates.burst, clock)
        self._action = action
        self._limit = limit
        self._refusal = refusal
        self._waiting_limit = rates.waiting_limit
        self._turns = {times: Turns(rates.turns_per_s * times) for times in self.rate.levels}

    def share_turns(self, nodes: Callable[[], int]) -> None:
        """So many nodes let pass what this one does, and share its turns."""
        for turns in self._turns.values():
            turns.nodes = nodes

    async def turn(self, address: str, *, goes_first: bool = True) -> None:
        """Return when it is this one's turn; those that `goes_first` pass before the others.

        Raises the refusal.
        """
        # The block first: a single one does not fill the queue of its whole site.
        for counted, times in shares(address):
            rate, turns = self.rate.levels[times], self._turns[times]
            waiting = turns.waiting(counted)
            if not waiting and not rate.take(counted):
                continue
            if not waiting:
                audit.record(self._action, address=counted, result="refused", limit=self._limit)
            if waiting >= self._waiting_limit * times:
                raise self._refusal(turns.longest_s(counted))
            await turns.turn(counted, goes_first=goes_first)
            # A turn is paid for as well, or the block would save up for a burst meanwhile.
            rate.take(counted)
