"""Who has a seat in what is at home here: connections of this node and of others."""

from collections import Counter

from quad.cluster.shards import shard_of
from quad.realtime import Client


class Seats:
    """Clients by the keys in which they are seated, for those keys that are at home here."""

    def __init__(self) -> None:
        self._seats: dict[Client, dict[str, str]] = {}
        self._counts: Counter[int] = Counter()

    def __len__(self) -> int:
        """How many clients are seated."""
        return len(self._seats)

    def take(self, client: Client, system: str, key: str) -> None:
        """The client has a seat in the key, and no other one in its system."""
        self.leave(client, system)
        self._seats.setdefault(client, {})[system] = key
        self._counts[shard_of(key)] += 1

    def leave(self, client: Client, system: str) -> None:
        """The client has no seat in the system any more; it need not have had one."""
        seats = self._seats.get(client)
        key = seats.pop(system, None) if seats else None
        if key is not None:
            self._counts[shard_of(key)] -= 1
        if seats is not None and not seats:
            del self._seats[client]

    def forget(self, client: Client) -> None:
        """The client has left, and whoever seated it need not have said so."""
        for system in list(self._seats.get(client, ())):
            self.leave(client, system)

    def move_away(self, client: Client, key: str) -> None:
        """The key, in which the client has its seat, is at home elsewhere from now on."""
        for system, taken in list(self._seats.get(client, {}).items()):
            if taken == key:
                self.leave(client, system)

    def is_busy(self, shard: int) -> bool:
        """Whether somebody is seated there."""
        return self._counts[shard] > 0
