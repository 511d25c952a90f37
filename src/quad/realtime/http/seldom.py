"""Log lines that strangers can cause, at a rate that fills no disk."""

import logging
import time
from collections.abc import Callable

_EVERY_S = 10.0


class Seldom:
    """Writes a line at most once in ten seconds, and with it how many were left out."""

    __slots__ = ("_clock", "_last", "_left_out", "_log")

    def __init__(self, log: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._last = float("-inf")
        self._left_out = 0

    def info(self, text: str, *values: object) -> None:
        """Write it now or leave it out."""
        self._write(logging.INFO, text, values)

    def warning(self, text: str, *values: object) -> None:
        """Write it now or leave it out."""
        self._write(logging.WARNING, text, values)

    def _write(self, level: int, text: str, values: tuple[object, ...]) -> None:
        now = self._clock()
        if now - self._last < _EVERY_S:
            self._left_out += 1
            return
        more = f" ({self._left_out} more such lines)" if self._left_out else ""
        self._last, self._left_out = now, 0
        self._log.log(level, text + more, *values)
