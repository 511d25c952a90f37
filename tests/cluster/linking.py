"""The links between nodes of one process, over a broker in memory."""

from __future__ import annotations

from quad.bus.links import Links
from quad.bus.memory import Fate, MemoryBroker, arrives

_SECRET = b"all nodes know it"


class Network:
    """Some nodes, each connected with all others; `is_up` may be changed."""

    def __init__(self, fate: Fate = arrives) -> None:
        self.links: dict[int, Links] = {}
        self._broker = MemoryBroker(fate)
        self._started: set[int] = set()

    def links_of(self, node: int) -> Links:
        self.links[node] = Links(self._broker.bus(node), node, _SECRET)
        return self.links[node]

    async def start(self) -> None:
        """Let those that are new hear the others, and be heard."""
        for node, links in self.links.items():
            if node not in self._started:
                self._started.add(node)
                await links.start()
            for other in self.links:
                links.connect(other)

    async def aclose(self) -> None:
        for links in self.links.values():
            await links.aclose()

    @property
    def is_up(self) -> bool:
        return self._broker.is_up

    @is_up.setter
    def is_up(self, is_up: bool) -> None:
        self._broker.is_up = is_up

    def kill(self, dead: int) -> None:
        """A node is silent, and all others know that it is dead."""
        self._broker.leave(dead)
        for node, links in self.links.items():
            if node != dead:
                links.forget(dead)
