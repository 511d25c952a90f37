"""Timers for very many things that all wait equally long.

A timer of the loop for each of 100,000 heartbeats would cost memory and a heap. As everybody
waits for the same span, whoever began first is due first: a dict, which keeps the order of
insertion, is the queue, and one timer of the loop watches its head.
"""

import asyncio
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class Deadlines(Generic[Key]):
    """Calls `on_due(key)` once, `delay_s` after the last `start(key)`, unless stopped before."""

    __slots__ = ("_delay_s", "_due", "_early_s", "_on_due", "_timer", "due_at")

    def __init__(self, delay_s: float, on_due: Callable[[Key], None], early_s: float = 0.0) -> None:
        """With `early_s`, whoever is due so soon is called with the one that is due now."""
        self._delay_s = delay_s
        self._early_s = early_s
        self._on_due = on_due
        self._due: dict[Key, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self.due_at = 0.0
        """In a call of `on_due`: when it was due, by the loop's clock."""

    def __len__(self) -> int:
        return len(self._due)

    def __contains__(self, key: Key) -> bool:
        return key in self._due

    def start(self, key: Key, late_s: float = 0.0) -> None:
        """Begin to wait, or begin again; or have begun so long ago, which has to be a moment."""
        loop = asyncio.get_running_loop()
        self._due.pop(key, None)
        self._due[key] = loop.time() + self._delay_s - late_s
        if self._timer is None:
            self._timer = loop.call_later(self._delay_s, self._call_due)

    def is_over(self, key: Key) -> bool:
        """Whether it is due by now, and has not been called yet."""
        due = self._due.get(key)
        return due is not None and due <= asyncio.get_running_loop().time()

    def stop(self, key: Key) -> None:
        """Wait no longer. A key that does not wait is no error."""
        self._due.pop(key, None)

    def clear(self) -> None:
        """Forget everybody."""
        self._due.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _call_due(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        # Set before the calls: `on_due` may start keys again, which must not set a second timer.
        for key, due in self._take_due(now + self._early_s):
            self.due_at = due
            try:
                self._on_due(key)
            except Exception as error:  # noqa: BLE001
                # One broken call must not stop the clock of all the others.
                loop.call_exception_handler({"message": f"deadline of {key!r}", "exception": error})
        self._timer = None
        for due in self._due.values():
            self._timer = loop.call_later(max(0.0, due - loop.time()), self._call_due)
            break

    def _take_due(self, until: float) -> list[tuple[Key, float]]:
        taken = []
        for key, due in self._due.items():
            if due > until:
                break
            taken.append((key, due))
        for key, _ in taken:
            del self._due[key]
        return taken
