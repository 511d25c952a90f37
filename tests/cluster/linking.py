"""Links between nodes of one process, for tests of what goes over them."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any

Received = Callable[[int, bytes], Any]
Reset = Callable[[int], Any]


class Network:
    """What connects them; it can be told to stand still."""

    def __init__(self) -> None:
        self.links: dict[int, MemoryLinks] = {}
        self.is_up = True
        self._under_way: dict[tuple[int, int], deque[tuple[Any, bytes]]] = defaultdict(deque)

    def links_of(self, node: int) -> "MemoryLinks":
        self.links[node] = MemoryLinks(self, node)
        return self.links[node]

    def send(self, sender: int, receiver: int, channel: Any, record: bytes) -> None:
        self._under_way[sender, receiver].append((channel, record))
        asyncio.get_running_loop().call_soon(self._deliver, sender, receiver)

    def unacknowledged_bytes(self, sender: int, receiver: int) -> int:
        return sum(len(record) for _, record in self._under_way[sender, receiver])

    def resume(self) -> None:
        self.is_up = True
        for (sender, receiver), records in list(self._under_way.items()):
            for _ in range(len(records)):
                self._deliver(sender, receiver)

    def discard(self) -> None:
        """What is under way is lost."""
        self._under_way.clear()

    def kill(self, node: int) -> None:
        """A node is dead, and all others know it."""
        self.links.pop(node)
        for pair in list(self._under_way):
            if node in pair:
                del self._under_way[pair]
        for links in self.links.values():
            links.forget(node)

    def _deliver(self, sender: int, receiver: int) -> None:
        records = self._under_way[sender, receiver]
        if self.is_up and records and receiver in self.links:
            channel, record = records.popleft()
            self.links[receiver].receive(sender, channel, record)


class MemoryLinks:
    """One node's end of all its links."""

    def __init__(self, network: Network, me: int) -> None:
        self._network = network
        self._me = me
        self._channels: dict[Any, tuple[Received, Reset]] = {}

    def on(self, channel: Any, received: Received, reset: Reset) -> None:
        self._channels[channel] = (received, reset)

    def send(self, node: int, channel: Any, record: bytes) -> None:
        if node in self._network.links:
            self._network.send(self._me, node, channel, record)
        else:
            asyncio.get_running_loop().call_soon(self.forget, node)

    def unacknowledged_bytes(self, node: int) -> int:
        return self._network.unacknowledged_bytes(self._me, node)

    def receive(self, node: int, channel: Any, record: bytes) -> None:
        self._channels[channel][0](node, record)

    def forget(self, node: int) -> None:
        for _, reset in self._channels.values():
            reset(node)
