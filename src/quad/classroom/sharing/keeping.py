"""Files that are counted in and not yet saved, and the edits that are recorded with them."""

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from quad.classroom.history.recording import Recorded
from quad.store import Change


class Keeping:
    """Entered while it is decided whether to save: left by an exception, nothing has happened.

    Whoever then saves says what became of it.
    """

    __slots__ = ("_put_back", "recorded")

    def __init__(self, put_back: Callable[[], None]) -> None:
        """`put_back` counts the files out again."""
        self._put_back = put_back
        self.recorded: Recorded | None = None

    @property
    def edits(self) -> Sequence[Change]:
        """What is to be saved of the history."""
        return () if self.recorded is None else self.recorded.changes

    def settle(self, *, is_saved: bool) -> None:
        """It is saved, or never will be."""
        if not is_saved:
            self._put_back()
        if self.recorded is not None:
            self.recorded.settle(is_saved=is_saved)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        if kind is not None:
            self.settle(is_saved=False)
