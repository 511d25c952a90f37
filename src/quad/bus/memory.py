"""A broker in this process, for tests: it does what it is told to, also to the messages."""

import asyncio
import random
from collections.abc import Callable, Sequence

# What becomes of a message from one node to another: the delay of each copy that arrives, in
# seconds. None arrives: it is lost. Copies without a delay keep their order.
Fate = Callable[[int, int, bytes], Sequence[float]]


def arrives(_sender: int, _receiver: int, _data: bytes) -> Sequence[float]:
    """Every message, once, in order."""
    return (0.0,)


def at_random(
    chance: random.Random, *, lost: float = 0.0, doubled: float = 0.0, delayed_s: float = 0.0
) -> Fate:
    """Messages are lost and doubled with these probabilities, and delayed each for itself, by
    which they change their order.
    """

    def fate(_sender: int, _receiver: int, _data: bytes) -> Sequence[float]:
        if chance.random() < lost:
            return ()
        copies = 2 if chance.random() < doubled else 1
        return [chance.uniform(0.0, delayed_s) for _ in range(copies)]

    return fate


class MemoryBroker:
    """Connects the buses of several nodes in one loop. `fate` and `is_up` may be changed."""

    def __init__(self, fate: Fate = arrives) -> None:
        self.fate = fate
        self.is_up = True
        self._receivers: dict[int, Callable[[bytes], object]] = {}

    def bus(self, node: int) -> "MemoryBus":
        """The bus of one node."""
        return MemoryBus(self, node)

    def join(self, node: int, receive: Callable[[bytes], object]) -> None:
        """A node begins to hear."""
        self._receivers[node] = receive

    def leave(self, node: int) -> None:
        """A node hears no more; also what is under way to it is lost."""
        self._receivers.pop(node, None)

    def carry(self, sender: int, receiver: int, data: bytes) -> None:
        """One message on its way, if the broker is up and the sender has joined."""
        if self.is_up and sender in self._receivers:
            for delay_s in self.fate(sender, receiver, data):
                self._deliver_later(receiver, data, delay_s)

    def carry_to_all(self, sender: int, data: bytes) -> None:
        """One message to every node, also to its sender."""
        for receiver in list(self._receivers):
            self.carry(sender, receiver, data)

    def _deliver_later(self, receiver: int, data: bytes, delay_s: float) -> None:
        loop = asyncio.get_running_loop()
        if delay_s:
            loop.call_later(delay_s, self._deliver, receiver, data)
        else:
            loop.call_soon(self._deliver, receiver, data)

    def _deliver(self, receiver: int, data: bytes) -> None:
        if self.is_up and (receive := self._receivers.get(receiver)):
            receive(data)


class MemoryBus:
    """A `Bus` over a `MemoryBroker`."""

    def __init__(self, broker: MemoryBroker, node: int) -> None:
        self._broker = broker
        self._node = node

    async def start(self, receive: Callable[[bytes], object]) -> None:
        """Begin to hear."""
        self._broker.join(self._node, receive)

    def send(self, node: int, data: bytes) -> None:
        """To one node."""
        self._broker.carry(self._node, node, data)

    def broadcast(self, data: bytes) -> None:
        """To all nodes, this one included."""
        self._broker.carry_to_all(self._node, data)

    @property
    def is_connected(self) -> bool:
        """Whether the broker is up."""
        return self._broker.is_up

    async def aclose(self) -> None:
        """Stop hearing."""
        self._broker.leave(self._node)
