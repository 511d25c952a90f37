"""From where bots have shown their passwords: original bots do so once, and run for weeks."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, delete, select

from quad.addresses import block
from quad.nearby.logs import Logs
from quad.nearby.tables import bot_proofs
from quad.store import Change, Store, upsert

PROVEN: Final = timedelta(days=1)
"""From the last use on."""

# A use is written down this late at most; what is lost of it ends the proof so much earlier.
_WRITTEN: Final = timedelta(minutes=1)
_ADDRESSES_LIMIT: Final = 100

_PUT: Final = upsert(bot_proofs, key=["bot_id", "address"], update=["used_at"])
_END: Final = delete(bot_proofs).where(bot_proofs.c.bot_id == bindparam("of_bot"))
_TAKE: Final = delete(bot_proofs).where(
    bot_proofs.c.bot_id == bindparam("of_bot"), bot_proofs.c.address == bindparam("at_address")
)
_FORGET: Final = delete(bot_proofs).where(bot_proofs.c.used_at < bindparam("before"))


class _Proof:
    __slots__ = ("used_at", "written_at")

    def __init__(self, used_at: datetime) -> None:
        self.used_at = self.written_at = used_at


class BotProofs:
    """Which address blocks may act as which bots without a password."""

    def __init__(self, store: Store, logs: Logs, now: Callable[[], datetime]) -> None:
        self._store = store
        self._logs = logs
        self._now = now
        self._proofs: dict[str, dict[str, _Proof]] = {}

    async def open(self) -> None:
        """Read all. Raises StoreError."""
        rows = await self._store.read(select(bot_proofs).order_by(bot_proofs.c.used_at))
        self._proofs = {}
        for row in rows:
            self._proofs.setdefault(row.bot_id, {})[row.address] = _Proof(row.used_at)

    async def add(self, address: str, bot_id: str) -> None:
        """The bot's password was shown here. Raises StoreError."""
        key, now = block(address), self._now()
        await self._store.write(_put(bot_id, key, now))
        of_bot = self._proofs.setdefault(bot_id, {})
        of_bot.pop(key, None)
        of_bot[key] = _Proof(now)
        if len(of_bot) > _ADDRESSES_LIMIT:
            oldest = min(of_bot, key=lambda each: of_bot[each].used_at)
            del of_bot[oldest]
            self._logs.save_soon(Change(_TAKE, {"of_bot": bot_id, "at_address": oldest}))

    def use(self, address: str, bot_id: str) -> bool:
        """Whether it was shown here within a day; if so, the day begins anew."""
        key, now = block(address), self._now()
        proof = self._proofs.get(bot_id, {}).get(key)
        if proof is None or proof.used_at + PROVEN <= now:
            return False
        proof.used_at = now
        if proof.written_at + _WRITTEN <= now:
            proof.written_at = now
            self._logs.save_soon(_put(bot_id, key, now))
        return True

    def ending(self, bot_id: str) -> Change:
        """What ends all proofs of a bot in the database; `end` does in memory."""
        return Change(_END, {"of_bot": bot_id})

    def end(self, bot_id: str) -> None:
        """All proofs of a bot are over."""
        self._proofs.pop(bot_id, None)

    def forget(self) -> None:
        """Forget those that are over."""
        before = self._now() - PROVEN
        for bot_id, of_bot in list(self._proofs.items()):
            for key in [key for key, proof in of_bot.items() if proof.used_at < before]:
                del of_bot[key]
            if not of_bot:
                del self._proofs[bot_id]
        self._logs.save_soon(Change(_FORGET, {"before": before}))


def _put(bot_id: str, key: str, now: datetime) -> Change:
    values = {"bot_id": bot_id, "address": key, "used_at": now}
    return Change(_PUT, values, ("nearby_bot_proof", bot_id, key))
