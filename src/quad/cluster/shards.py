"""Shards: what of a key decides where it is at home, and who is to have how many. No I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Final, NamedTuple
from zlib import crc32

SHARDS: Final = 256


def shard_of(key: str) -> int:
    """The shard of a key, the same on all nodes of all versions."""
    return crc32(key.encode(errors="surrogatepass")) % SHARDS


class Placing(NamedTuple):
    """Where a shard is; of two the one with the higher epoch is the newer."""

    shard: int
    node: int
    epoch: int


class ShardMap:
    """Which node has which shard, as far as this node has heard.

    Whatever comes late or twice changes nothing: only higher epochs count.
    """

    def __init__(self) -> None:
        self._nodes = [0] * SHARDS
        self._epochs = [-1] * SHARDS

    def __getitem__(self, shard: int) -> int:
        """The shard's node; 0 if it never had one."""
        return self._nodes[shard]

    def apply(self, placings: Iterable[Placing]) -> set[int]:
        """Takes in what is newer; returns the shards that have moved."""
        moved = set()
        for shard, node, epoch in placings:
            if epoch > self._epochs[shard]:
                if node != self._nodes[shard]:
                    moved.add(shard)
                self._nodes[shard], self._epochs[shard] = node, epoch
        return moved

    def of(self, node: int) -> set[int]:
        """All shards of one node."""
        return {shard for shard, owner in enumerate(self._nodes) if owner == node}

    def without(self, nodes: Collection[int]) -> set[int]:
        """All shards that none of these nodes has."""
        return {shard for shard, owner in enumerate(self._nodes) if owner not in nodes}

    def loads(self, nodes: Iterable[int]) -> dict[int, int]:
        """How many shards each of these nodes has."""
        counted = Counter(self._nodes)
        return {node: counted[node] for node in nodes}


def spread(shards: Iterable[int], loads: Mapping[int, int]) -> dict[int, list[int]]:
    """Gives each shard to the node that has the fewest by then; equals in the order of numbers.

    Every node computes the same of the same. At least one node is needed.
    """
    totals = dict(loads)
    given: dict[int, list[int]] = {}
    for shard in sorted(shards):
        node = min(totals, key=lambda each: (totals[each], each))
        totals[node] += 1
        given.setdefault(node, []).append(shard)
    return given


def surplus(giver: int, loads: Mapping[int, int]) -> dict[int, int]:
    """How many shards `giver` owes to whom, for all to have equally many or one more.

    What all nodes give by it is the least that has to move.
    """
    quotas = _quotas(loads)
    wanting = {node: quotas[node] - load for node, load in sorted(loads.items())}
    takers = [node for node, missing in wanting.items() for _ in range(missing)]
    begin = 0
    for node, missing in wanting.items():
        if node == giver:
            return dict(Counter(takers[begin : begin + max(0, -missing)]))
        begin += max(0, -missing)
    return {}


def _quotas(loads: Mapping[int, int]) -> dict[int, int]:
    """One more for those who have the most: so the fewest have to give one away."""
    each, left = divmod(sum(loads.values()), len(loads)) if loads else (0, 0)
    ranked = sorted(loads, key=lambda node: (-loads[node], node))
    return {node: each + (rank < left) for rank, node in enumerate(ranked)}
