"""What all nodes of a cluster have to count, or to forget: as far as identity needs the others."""

from collections.abc import Callable
from typing import Any, Final, Protocol


class News(Protocol):
    """The way to the other nodes, if there are any."""

    @property
    def nodes(self) -> int:
        """How many nodes there are, this one among them."""

    def on(self, name: str, heard: Callable[[Any], object]) -> None:
        """Hear what others tell by this name; once for each name, before the server starts."""

    def tell_all(self, name: str, value: object) -> None:
        """Tell the others, never waiting; a node that is lost meanwhile misses it.

        The value is made of what MessagePack has: tuples arrive as lists.
        """


class _Nobody:
    """There are no others."""

    nodes: Final = 1

    def on(self, name: str, heard: Callable[[Any], object]) -> None:
        """Nothing will be heard."""

    def tell_all(self, name: str, value: object) -> None:
        """Nobody hears it."""


ALONE: Final[News] = _Nobody()
"""For a server that has its database to itself."""
