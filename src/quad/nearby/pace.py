"""How fast one person may ask, move and write, on whatever connections."""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final, Literal

from quad import audit
from quad.identity import KeyedRateLimit
from quad.nearby.refusals import TooOften
from quad.settings import NearbySettings

Act = Literal["query", "move", "message"]

_WORDS: Final[dict[Act, str]] = {
    "query": "questions",
    "move": "moves",
    "message": "messages",
}
_TOLD_EACH_S: Final = 60


class PersonLimits:
    """Buckets of permits for each person and kind of act."""

    def __init__(
        self,
        settings: NearbySettings,
        *,
        is_limited: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        rates: dict[Act, float] = {
            "query": settings.queries_per_s,
            "move": settings.moves_per_s,
            "message": settings.messages_per_s,
        }
        self._limits = {
            act: KeyedRateLimit(rate_per_s, settings.person_burst, clock)
            for act, rate_per_s in rates.items()
            if is_limited
        }
        self._told = KeyedRateLimit(1 / _TOLD_EACH_S, 1, clock)

    def take(self, act: Act, people: Iterable[str]) -> None:
        """Count an act of each of these, once for each time that they are named.

        All of it or, if one of them has to wait, nothing. Raises TooOften.
        """
        limit = self._limits.get(act)
        if limit is None:
            return
        counts = Counter(people)
        for user_id, count in counts.items():
            wait_s = limit.wait(user_id, count)
            if wait_s:
                self._audit(act, user_id)
                raise TooOften(_WORDS[act], wait_s)
        for user_id, count in counts.items():
            limit.take(user_id, count)

    def _audit(self, act: Act, user_id: str) -> None:
        if not self._told.take((act, user_id)):
            audit.record(f"nearby.{act}", result="refused", limit="rate", user=user_id)
