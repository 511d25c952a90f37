"""Bots that run: connections that have said which bot they are."""

from collections import Counter
from collections.abc import Iterator

from quad.realtime import Client


class Running:
    """Bots by connection; a bot may have several."""

    def __init__(self) -> None:
        self._bots: dict[Client, str] = {}
        self._counts: Counter[str] = Counter()

    def __contains__(self, bot_id: str) -> bool:
        """Whether a connection of this bot is open."""
        return bot_id in self._counts

    def __iter__(self) -> Iterator[Client]:
        """The connections of all bots."""
        return iter(self._bots)

    def begin(self, client: Client, bot_id: str) -> None:
        """A connection is this bot from now on, and no other one."""
        self.end(client)
        self._bots[client] = bot_id
        self._counts[bot_id] += 1

    def end(self, client: Client) -> str | None:
        """A connection is no bot any more; returns which one it was."""
        bot_id = self._bots.pop(client, None)
        if bot_id is not None:
            self._counts[bot_id] -= 1
            if not self._counts[bot_id]:
                del self._counts[bot_id]
        return bot_id
