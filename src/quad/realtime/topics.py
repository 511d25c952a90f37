"""Topics by their names.

Most topics are somebody's own and have one subscriber. That one is then the topic, so that telling
somebody by a name costs what telling a connection does, in memory (an entry of a dict) and in time.
"""

from collections.abc import Callable

from quad.realtime.delivery import Delivery, Outbox, Subscribers, Topic


class Topics:
    """Who is subscribed to what, while somebody is."""

    __slots__ = ("_delivery", "_topics", "get")

    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery
        self._topics: dict[str, Subscribers] = {}
        # The dict's own: every message asks.
        self.get: Callable[[str], Subscribers | None] = self._topics.get
        """Those to publish to, or None if nobody is subscribed."""

    def __len__(self) -> int:
        return len(self._topics)

    def subscribers(self, name: str) -> list[Outbox]:
        """Every subscriber."""
        there = self._topics.get(name)
        if there is None:
            return []
        if not isinstance(there, Topic):
            return [there]
        return [outbox for members in there.members.values() for outbox in members]

    def subscribe(self, name: str, outbox: Outbox) -> None:
        """Everything published from now on reaches the outbox, and nothing from before."""
        there = self._topics.setdefault(name, outbox)
        if isinstance(there, Topic):
            self._delivery.subscribe(there, outbox)
        elif there is not outbox:
            topic = self._topics[name] = Topic()
            topic.add(there)
            topic.add(outbox)

    def unsubscribe(self, name: str, outbox: Outbox) -> None:
        """Everything published until now still reaches the outbox; it must be subscribed."""
        there = self._topics[name]
        if isinstance(there, Topic):
            self._delivery.unsubscribe(there, outbox)
            if there.size:
                return
        del self._topics[name]
