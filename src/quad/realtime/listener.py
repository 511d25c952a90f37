"""Who is told what a session receives."""

from typing import Protocol


class Listener(Protocol):
    """The application's side of one session. No method may raise."""

    @property
    def is_crowded(self) -> bool:
        """Whether so much waits to be handled that no more should be read."""

    def text_received(self, text: str) -> None:
        """A text message has arrived."""

    def binary_received(self, data: bytes) -> None:
        """A binary message has arrived."""

    def session_closed(self, reason: str) -> None:
        """The session has ended; nothing arrives and nothing can be sent any more."""

    def leave_topics(self) -> None:
        """The session's kind is about to change: take it out of every topic."""

    def return_to_topics(self) -> None:
        """The kind has changed: subscribe it again."""


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
