"""Who has logged in: random tokens of ours, in the database as hashes, for some days."""

import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from quad.identity import tables
from quad.identity.news import ALONE, News
from quad.identity.tokens import hash_token, new_token
from quad.store import Store

_NEWS: Final = "session.ended"
# A logout on another node counts here after this time at the latest, should its news be lost.
_KEPT_S: Final = 5.0
_KEPT_LIMIT: Final = 50_000


class _Known(NamedTuple):
    user: str
    expires_at: datetime
    read_at: float


def _now() -> datetime:
    return datetime.now(UTC)


class Sessions:
    """The sessions of people.

    `on_end` hears of each token that is revoked here: whose it was, and its hash.
    """

    def __init__(
        self,
        store: Store,
        lifetime_days: int,
        *,
        now: Callable[[], datetime] = _now,
        clock: Callable[[], float] = time.monotonic,
        on_end: Callable[[str, str], None] = lambda _user_id, _token_hash: None,
    ) -> None:
        self.lifetime = timedelta(days=lifetime_days)
        self.on_end = on_end
        self._store = store
        self._now = now
        self._clock = clock
        self._known: OrderedDict[str, _Known] = OrderedDict()
        # What is read while a logout is under way may be from before it.
        self._ends = 0
        self._news = ALONE

    def share(self, news: News) -> None:
        """Hear of logouts on other nodes; to be called once, before the server starts."""
        self._news = news
        news.on(_NEWS, self._forget)

    async def begin(self, user_id: str) -> str:
        """Return a new token of this person, which nobody can read here again.

        Raises StoreError.
        """
        token = new_token()
        now = self._now()
        await self._store.write(
            tables.delete_expired(now),
            tables.insert_session(hash_token(token), user_id, now + self.lifetime),
        )
        return token

    async def user_of(self, token: str) -> str | None:
        """The id of the person who holds this token; None unless it is valid now.

        Raises StoreError.
        """
        token_hash = hash_token(token)
        known = self._known.get(token_hash)
        if known is None or self._clock() - known.read_at > _KEPT_S:
            known = await self._read(token_hash)
        return known.user if known is not None and known.expires_at > self._now() else None

    async def end(self, user_id: str, token: str) -> None:
        """Revoke a token of this person: from now on it is nobody's. Raises StoreError."""
        token_hash = hash_token(token)
        await self._store.write(tables.revoke_session(token_hash, self._now()))
        self._forget(token_hash)
        self._news.tell_all(_NEWS, token_hash)
        self.on_end(user_id, token_hash)

    def _forget(self, token_hash: str) -> None:
        self._ends += 1
        self._known.pop(token_hash, None)

    async def _read(self, token_hash: str) -> _Known | None:
        ends = self._ends
        rows = await self._store.read(tables.select_session(token_hash))
        if not rows:
            self._known.pop(token_hash, None)
            return None
        known = _Known(rows[0].user_id, rows[0].expires_at, self._clock())
        if ends == self._ends:
            self._known[token_hash] = known
            self._known.move_to_end(token_hash)
            if len(self._known) > _KEPT_LIMIT:
                self._known.popitem(last=False)
        return known
