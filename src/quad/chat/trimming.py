"""Forgetting the keys of messages: they mean something for a day."""

import asyncio
from collections.abc import Callable
from typing import Final

from quad.chat import tables
from quad.chat.chats import Chats
from quad.chat.model import KEYS_LAST_MS
from quad.store.mailbox import id_at

_TICK_S: Final = 60.0


class Trimming:
    """Forgets them minute by minute."""

    def __init__(self, chats: Chats) -> None:
        self._chats = chats
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin, or go on."""
        self._timer = asyncio.get_running_loop().call_later(_TICK_S, self._tick, self.start)

    def stop(self) -> None:
        """No timer is left."""
        if self._timer is not None:
            self._timer.cancel()

    def trim(self) -> None:
        """Forget what is older than a day."""
        day_ago = self._chats.now_ms() - KEYS_LAST_MS
        self._chats.save_soon(tables.forget_keys(id_at(day_ago)))

    def _tick(self, again: Callable[[], None]) -> None:
        self.trim()
        again()
