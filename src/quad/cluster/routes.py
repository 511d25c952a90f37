"""Where an event belongs: the key of what it is about."""

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from msgspec import Struct

CAMPUS: Final = "campus"
"""The one key of chat, nearby, identity and administration: they share one sequence of ids, and
each sees all people of the server."""


def kind_of(key: str) -> str:
    """What a key is of: "class" of "class/817349"."""
    return key.partition("/")[0]


class Route(Struct, frozen=True):
    """How the key of an event is found.

    A system with one `key` has all its events there. Otherwise an event goes where the client has
    its seat in the `system`; one of a client without a seat is handled where it arrives, unless it
    is `entering`: then this tells the key from the event's payload. One that is `opening` something
    new, too, is handled where it arrives, but at the home of a key that this draws if that node is
    the home of nothing at all.
    """

    system: str
    key: str | None = None
    entering: Callable[[Any], str] | None = None
    opening: Callable[[], str] | None = None


Routes = Mapping[str, Route]
"""Routes by the names of events."""


class Owners(Protocol):
    """Who owns what, as this node knows it; asked for each event, so it answers at once."""

    @property
    def me(self) -> int:
        """The number of this node."""

    def owner(self, key: str) -> int | None:
        """The node where the key is at home; None while that is not settled."""

    def is_coming(self, key: str) -> bool:
        """Whether the key is at home here, and its rules are about to run."""

    @property
    def has_shards(self) -> bool:
        """Whether this node is the home of anything."""

    def is_open(self, key: str) -> bool:
        """Whether the key is at home here, and its rules may run now."""
