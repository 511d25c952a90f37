"""Whose turn it is: the events of one client, handled in order."""

from collections import deque
from collections.abc import Callable

# Handlers wait (for a commit, say) while more arrives; from here on the client is cut.
BACKLOG_EVENTS = 10_000
# When so much waits, no more should be read until less does.
CROWDED_BYTES = 262_144
# What an event costs beside its text.
_EVENT_BYTES = 500


class TooManyWaiting(Exception):
    """More events wait for their turn than memory should be spent on."""


class Turns:
    """Lets one event of a client be handled at a time, or several if all of them overlap.

    Whoever got a turn by `begin`, or was called after `wait`, has it until `end`. Not made of
    `quad.exclusive`, whose turns are coroutines' and exclude each other: see there.
    """

    __slots__ = ("_backlog", "_is_alone", "_is_resuming", "_running", "_waiting_bytes")

    def __init__(self) -> None:
        self._running = 0
        self._is_alone = False
        self._is_resuming = False
        self._backlog: deque[tuple[bool, Callable[[], object], int]] | None = None
        self._waiting_bytes = 0

    @property
    def is_crowded(self) -> bool:
        """Whether so much waits that no more should be read from the client."""
        return self._waiting_bytes > CROWDED_BYTES

    @property
    def turns_taken(self) -> int:
        """How many have a turn now."""
        return self._running

    def begin(self, *, overlaps: bool) -> bool:
        """Take a turn, unless an earlier event has to come to its end first."""
        if self._running and (self._is_alone or not overlaps or self._backlog):
            return False
        self._running += 1
        self._is_alone = not overlaps
        return True

    def wait(self, start: Callable[[], object], *, overlaps: bool, size_bytes: int = 0) -> None:
        """Have `start` called when the turn has come; it holds a text of so many bytes.

        Raises:
            TooManyWaiting: the backlog is full.
        """
        if self._backlog is None:
            self._backlog = deque()
        if len(self._backlog) >= BACKLOG_EVENTS:
            raise TooManyWaiting
        size_bytes += _EVENT_BYTES
        self._waiting_bytes += size_bytes
        self._backlog.append((overlaps, start, size_bytes))

    def part(self, start: Callable[[], object]) -> None:
        """Have `start` called alone and after everything else; there is always room for it."""
        if self.begin(overlaps=False):
            start()
            return
        if self._backlog is None:
            self._backlog = deque()
        self._backlog.append((False, start, 0))

    def end(self) -> None:
        """Give the turn back; whoever waited for it is called now."""
        self._running -= 1
        # A handler that needs no waiting ends inside the call below: the loop there goes on.
        if self._backlog and not self._is_resuming:
            self._is_resuming = True
            self._resume(self._backlog)
            self._is_resuming = False

    def _resume(self, backlog: deque[tuple[bool, Callable[[], object], int]]) -> None:
        while backlog:
            overlaps, start, size_bytes = backlog[0]
            if self._running and (self._is_alone or not overlaps):
                return
            backlog.popleft()
            self._waiting_bytes -= size_bytes
            self._running += 1
            self._is_alone = not overlaps
            start()
