"""Raw connections that move with what they are about; `handover` says when."""

from collections.abc import Sequence
from typing import Any, Protocol

from quad.cluster.shards import shard_of
from quad.cluster.tunnels import Tunnels
from quad.realtime import Socket

Seat = tuple[str, int, int, Any, bytes]
"""See `records.Seats.sockets`."""


class RawRules(Protocol):
    """A system with one key, which moves with its raw connections."""

    @property
    def key(self) -> str:
        """What it has all of its things under."""

    def suspend(self) -> None:
        """Hear nobody; what is at work goes on."""

    @property
    def is_at_work(self) -> bool:
        """Whether something is under way there."""

    def give_up(self) -> list[tuple[Socket, Any]]:
        """Forget everything; returns the connections, with what `take_up` needs to know."""

    def take_up(self, socket: Socket | None, seat: object) -> None:
        """A connection of another node's is here from now on; None: it has left meanwhile."""

    def resume(self) -> None:
        """Hear everybody: it is at home here, as before or anew, and all are taken up."""


class Sockets:
    """The systems whose raw connections move, and the tunnels of those connections."""

    def __init__(self, tunnels: Tunnels, rules: Sequence[RawRules]) -> None:
        """Each of the `rules` has another key."""
        self.tunnels = tunnels
        self._rules = rules
        self._given: list[tuple[str, Socket, Any]] = []

    # The old home

    def suspend(self, shards: frozenset[int]) -> None:
        """Hear nobody of these shards."""
        for rules in self._among(shards):
            rules.suspend()

    def is_at_work(self, shards: frozenset[int]) -> bool:
        """Whether something is under way there."""
        return any(rules.is_at_work for rules in self._among(shards))

    def give_up(self, shards: frozenset[int]) -> None:
        """Forget all of it; the connections are to be passed on, or abandoned."""
        for rules in self._among(shards):
            self._given += ((rules.key, socket, seat) for socket, seat in rules.give_up())

    def pass_on(self, me: int) -> list[Seat]:
        """What the new home has to know; edges hear of it behind all that was written."""
        given, self._given = self._given, []
        seats = []
        for key, socket, seat in given:
            node, number, unread = self.tunnels.give_up(socket, shard_of(key))
            seats.append((key, me if node is None else node, number, seat, unread))
        return seats

    def abandon(self) -> None:
        """It could not be passed on: clients come back."""
        given, self._given = self._given, []
        for _, socket, _ in given:
            socket.transport.close()

    # The new home

    def take_up(self, me: int, seats: Sequence[Seat]) -> None:
        """Go on with the connections of another node."""
        rules = {each.key: each for each in self._rules}
        for key, node, number, seat, unread in seats:
            socket = self.tunnels.claim(None if node == me else node, number)
            if socket is not None:
                socket = socket._replace(unread=unread + socket.unread)
            rules[key].take_up(socket, seat)

    def resume(self, shards: frozenset[int]) -> None:
        """Hear everybody."""
        for rules in self._among(shards):
            rules.resume()

    def _among(self, shards: frozenset[int]) -> list[RawRules]:
        return [rules for rules in self._rules if shard_of(rules.key) in shards]
