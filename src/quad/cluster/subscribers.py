"""Clients of other nodes by the topics to which they were subscribed here."""

from collections.abc import Collection, Mapping

from quad.cluster.remote import RemoteClient

Nodes = Mapping[int, Collection[RemoteClient]]
"""Subscribers by the node that holds their connections."""


class Subscribers:
    """Who is subscribed to what, by node.

    As with topics of one node, a topic's only subscriber stands for itself: most have one.
    """

    __slots__ = ("_topics",)

    def __init__(self) -> None:
        self._topics: dict[tuple[str, str], RemoteClient | dict[int, dict[RemoteClient, None]]] = {}

    def get(self, namespace: str, topic: str) -> RemoteClient | Nodes | None:
        """Those to publish to, or None if nobody is subscribed."""
        return self._topics.get((namespace, topic))

    def all(self, namespace: str, topic: str) -> list[RemoteClient]:
        """Every subscriber."""
        there = self._topics.get((namespace, topic))
        if there is None:
            return []
        if isinstance(there, RemoteClient):
            return [there]
        return [client for clients in there.values() for client in clients]

    def add(self, client: RemoteClient, topic: str) -> None:
        """The client is subscribed, and was not."""
        place = client.namespace, topic
        there = self._topics.setdefault(place, client)
        if there is client:
            return
        if isinstance(there, RemoteClient):
            there = self._topics[place] = {there.node: {there: None}}
        there.setdefault(client.node, {})[client] = None

    def discard(self, client: RemoteClient, topic: str) -> None:
        """The client, which was subscribed, is so no longer."""
        place = client.namespace, topic
        there = self._topics[place]
        if not isinstance(there, RemoteClient):
            clients = there[client.node]
            del clients[client]
            if not clients:
                del there[client.node]
            if there:
                return
        del self._topics[place]
