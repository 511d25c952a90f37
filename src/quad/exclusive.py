"""Turns by key, for what must not happen at once."""

import asyncio
from collections.abc import Hashable
from types import TracebackType


class Exclusive:
    """One operation at a time for each key, in the order in which they began to wait.

    For coroutines of one event loop, whoever runs them; whoever is cancelled while waiting gives
    the turn back. A key that nobody asks for takes no memory.

    `realtime.turns.Turns` is another thing: it lets events of one client overlap, is bounded, and
    calls back within the turn of the loop, because most events need neither coroutine nor lock.
    """

    def __init__(self) -> None:
        self._locks: dict[Hashable, tuple[asyncio.Lock, list[Turn]]] = {}

    def is_busy(self, key: Hashable) -> bool:
        """Whether somebody has the turn, or waits for it."""
        return key in self._locks

    def turn(self, key: Hashable) -> "Turn":
        """A turn, asked for now, to be waited for by `async with`."""
        if key not in self._locks:
            self._locks[key] = (asyncio.Lock(), [])
        lock, turns = self._locks[key]
        turn = Turn(self, key, lock)
        turns.append(turn)
        return turn

    def give_back(self, key: Hashable, turn: "Turn") -> None:
        """The turn is over."""
        turns = self._locks[key][1]
        turns.remove(turn)
        if not turns:
            del self._locks[key]


class Turn:
    """Made by `Exclusive.turn`."""

    __slots__ = ("_exclusive", "_key", "_lock")

    def __init__(self, exclusive: Exclusive, key: Hashable, lock: asyncio.Lock) -> None:
        self._exclusive = exclusive
        self._key = key
        self._lock = lock

    async def __aenter__(self) -> None:
        try:
            await self._lock.acquire()
        except BaseException:
            self._exclusive.give_back(self._key, self)
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._lock.release()
        self._exclusive.give_back(self._key, self)
