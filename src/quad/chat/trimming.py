"""Forgetting: messages that every member has proven to have, and those that are too old."""

import asyncio
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from quad.chat.chats import Chats
from quad.chat.live import Chat
from quad.store.mailbox import id_at, trim

_TICK_S: Final = 1.0
# A chat has up to a thousand members to look at, so a tick stays far below a millisecond each.
_CHATS_A_TICK: Final = 100


class Trimming:
    """Goes round all chats, some at a time."""

    def __init__(self, chats: Chats, kept: timedelta | None) -> None:
        self._chats = chats
        self._kept = kept
        self._round: deque[Chat] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin, or go on."""
        self._timer = asyncio.get_running_loop().call_later(_TICK_S, self._tick, self.start)

    def stop(self) -> None:
        """No timer is left."""
        if self._timer is not None:
            self._timer.cancel()

    def trim_some(self) -> None:
        """Forget what is not needed of the next chats."""
        if not self._round:
            self._round.extend(self._chats.by_name.values())
        too_old = 0
        if self._kept is not None:
            oldest = self._chats.now() - self._kept
            too_old = id_at(int(oldest.timestamp() * 1000))
        for _ in range(min(_CHATS_A_TICK, len(self._round))):
            self._trim(self._round.popleft(), too_old)

    def _tick(self, again: Callable[[], None]) -> None:
        self.trim_some()
        again()

    def _trim(self, chat: Chat, too_old: int) -> None:
        if chat.trimmed_id >= chat.last_id or not chat.members:
            return
        # Nobody needs what was proven, nor what was told before they came.
        settled = min(
            max(member.reader.proven, member.chats[chat.id][1]) for member in chat.members.values()
        )
        upto = min(chat.last_id, max(settled, too_old))
        if upto > chat.trimmed_id:
            chat.trimmed_id = upto
            self._chats.save_soon(trim(chat.box, upto))
