"""What a node tells of itself as one of several: for `/metrics`, and for whoever looks after it."""

from collections.abc import Mapping

from msgspec import Struct

from quad.cluster.table import NodeInfo


class ClusterFigures(Struct, frozen=True):
    """One node at one moment; totals are since it joined.

    `failed_records` came to this node, and what they were for failed; `unreadable_records` are of
    another version, or a bug.
    """

    shards: int
    remote_clients: int
    unacknowledged_bytes: int
    resends: int
    resets: int
    forged: int
    failed_records: int
    unreadable_records: int
    handed_over: int
    takeovers: int
    ended_sessions: int
    is_suspended: bool
    is_draining: bool


def names_of(nodes: Mapping[int, NodeInfo]) -> dict[int, str]:
    """What each node is called, the youngest first; no two are called the same.

    One that was started in place of another may be known before that one is gone: the older has
    its number behind the name then.
    """
    names: dict[int, str] = {}
    for number in sorted(nodes, reverse=True):
        name = nodes[number].name
        names[number] = f"{name}#{number}" if name in names.values() else name
    return names
