"""Who is told what a session receives."""

from typing import Protocol


class Listener(Protocol):
    """The application's side of one session, which alone calls it.

    On the loop, in the order in which things arrived. No method may wait or raise. Each may send
    to the session and close it, but for the two about topics; so `session_closed` may come within
    another call.
    """

    @property
    def is_crowded(self) -> bool:
        """Whether so much waits to be handled that no more should be read. Asked at any time."""

    def text_received(self, text: str) -> None:
        """One whole text message, without Engine.IO's digit."""

    def binary_received(self, data: bytes) -> None:
        """One whole binary message."""

    def session_closed(self, reason: str) -> None:
        """The session has ended; what is sent now goes nowhere. The last call, and made once."""

    def leave_topics(self) -> None:
        """The session's `kind` is about to change: take it out of every topic, and send nothing."""

    def return_to_topics(self) -> None:
        """The kind has changed: subscribe it again. Follows `leave_topics` at once."""


class _Nobody:
    """The listener before the beginning and after the end."""

    is_crowded = False

    def text_received(self, text: str) -> None:
        pass

    def binary_received(self, data: bytes) -> None:
        pass

    def session_closed(self, reason: str) -> None:
        pass

    def leave_topics(self) -> None:
        pass

    def return_to_topics(self) -> None:
        pass


NOBODY: Listener = _Nobody()
