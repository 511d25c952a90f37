"""Nodes that tell each other at once, through MessagePack as real ones do."""

from collections.abc import Callable
from typing import Any

import msgspec

from quad.identity.news import News


class Node:
    """One of them."""

    def __init__(self, nodes: "list[Node]") -> None:
        self.answerers: dict[str, Callable[[Any], object]] = {}
        self._nodes = nodes

    @property
    def nodes(self) -> int:
        return len(self._nodes)

    def on(self, name: str, heard: Callable[[Any], object]) -> None:
        assert name not in self.answerers
        self.answerers[name] = heard

    def tell_all(self, name: str, value: Any) -> None:
        data = msgspec.msgpack.encode(value)
        for node in self._nodes:
            if node is not self:
                node.answerers[name](msgspec.msgpack.decode(data))


def make_nodes(count: int) -> list[News]:
    nodes: list[Node] = []
    nodes.extend(Node(nodes) for _ in range(count))
    return list(nodes)
