"""WebSockets whose engine is on another node than their connection: bytes both ways, a lane each.

    edge:  OPEN(scope, target), what the client says  ─▶  home: `Host.upgrade` with a transport
    edge:  written to the client's connection         ◀─  what the engine writes

The home's end is a transport like that of a socket, as far as the engine can see: it ends by halves
(LAST), after everything written (CLOSE) or at once (CUT), and the protocol's `connection_lost` is
called when the edge says that the client's connection has ended (GONE), or is lost itself.

When the home moves, connections stay at their edges, and their tunnels lead elsewhere;
`handover` says when.
"""

import asyncio
import struct
from collections.abc import Callable, Iterable
from typing import Final

from quad.bus.links import Channel, Links
from quad.cluster.ends import Mouth, TunnelTransport
from quad.cluster.lanes import Kind, Lane, Lanes
from quad.cluster.requests import UNAVAILABLE
from quad.cluster.scopes import decode_scope, encode_scope
from quad.realtime import Socket
from quad.realtime.ending import close_spread
from quad.realtime.http.host import last_answer
from quad.realtime.http.polling import Scope

Upgrade = Callable[[Scope, bytes, asyncio.Transport], object]

# What MOVED carries: the number by which the old home knew it, and the shard.
_MOVED: Final = struct.Struct(">QH")


class Tunnels:
    """Leaves connections to other nodes, and takes theirs."""

    def __init__(self, links: Links) -> None:
        self._lanes = Lanes(links, Channel.TUNNEL, self._opened, self._moved)
        self._upgrade: Upgrade | None = None
        # Shards on their way to another home, and those that come to this node.
        self._held: set[int] = set()
        self._expected: set[int] = set()
        # Connections at this node of a home that moves away: they have no lane yet.
        self._adopted: list[Mouth] = []
        # Those that have come with a shard, by edge and number; None: this node is the edge.
        self._arrived: dict[tuple[int | None, int], tuple[int, TunnelTransport | Mouth]] = {}

    def serve(self, upgrade: Upgrade) -> None:
        """Take the connections of other nodes: `Host.upgrade`. Until then they are cut."""
        self._upgrade = upgrade

    def open(
        self,
        node: int,
        scope: Scope,
        url: bytes,
        transport: asyncio.Transport,
        shard: int | None = None,
    ) -> None:
        """Leave a connection, whose request was read and not answered, to a node.

        If the node is lost, the connection is cut; if it is too busy, or the shard that the
        connection is about is on its way to another, the answer is 503.
        """
        if self._lanes.room.is_full(node) or shard in self._held:
            refuse_upgrade(transport)
            return
        mouth = Mouth(transport, shard)
        mouth.enter(self._lanes.open(node, encode_scope(scope, url), mouth))
        transport.set_protocol(mouth)

    def __len__(self) -> int:
        """How many connections are left to other nodes."""
        return len(self._mouths())

    async def drain(self, spread_s: float) -> None:
        """Close the connections that were left to other nodes, in random order over `spread_s`."""
        await close_spread(self._mouths(), Mouth.close, spread_s)

    def close(self) -> None:
        """Cut every connection, at either end."""
        self._upgrade = None
        self._lanes.close()
        self.settle(list(self._expected))

    # Shards that move; see `handover`. As everybody:

    def hold(self, shards: Iterable[int]) -> None:
        """Send nothing more of what clients say to the home of these shards, until `release`."""
        self._held.update(shards)
        for mouth in self._mouths():
            if mouth.shard in self._held:
                mouth.hold()

    def release(self, shards: Iterable[int]) -> None:
        """Send what was kept: by now the tunnels lead to where these shards are at home."""
        self._held.difference_update(shards)
        for mouth in self._mouths():
            if mouth.shard not in self._held:
                mouth.release()

    def move(self, shards: Iterable[int], giver: int | None, taker: int | None) -> None:
        """Tunnels of these shards that led to the giver lead to the taker; None: this node."""
        moving = frozenset(shards)
        for mouth in self._adopted if giver is None else self._mouths(giver):
            if mouth.shard in moving and not mouth.is_closing():
                self._lead(mouth, taker)
        if giver is None:
            self._adopted = []

    # As the old home:

    def give_up(self, socket: Socket, shard: int) -> tuple[int | None, int, bytes]:
        """A connection of this home moves, and its edge hears of it behind all that was written.

        Returns the edge, None for this node; its number there; and what has come from its client.
        """
        transport = socket.transport
        if isinstance(transport, TunnelTransport):
            return transport.lane.node, transport.lane.number, transport.let_go()
        # It may have written since it let go.
        is_full = socket.is_full and transport.get_write_buffer_size() > 0
        mouth = Mouth(transport, shard, is_full=is_full)
        mouth.number = self._lanes.next_number()
        mouth.hold()
        transport.set_protocol(mouth)
        self._adopted.append(mouth)
        return None, mouth.number, b""

    # As the new home:

    def expect(self, shards: Iterable[int]) -> None:
        """These shards come to this node, with their connections."""
        self._expected.update(shards)

    def claim(self, node: int | None, number: int) -> Socket | None:
        """A connection that has come; `node` is its edge, None for this one. None: it has left."""
        _, arrived = self._arrived.pop((node, number), (0, None))
        if arrived is None or arrived.is_closing():
            return None
        return arrived.socket()

    def settle(self, shards: Iterable[int]) -> None:
        """All have come, or never will: connections that nobody has claimed are closed."""
        self._expected.difference_update(shards)
        for place, (shard, arrived) in list(self._arrived.items()):
            if shard not in self._expected:
                del self._arrived[place]
                arrived.close()

    def _lead(self, mouth: Mouth, taker: int | None) -> None:
        assert mouth.shard is not None
        number = mouth.leave()
        if taker is None:
            self._arrived[None, number] = mouth.shard, mouth
        else:
            data = _MOVED.pack(number, mouth.shard)
            mouth.enter(self._lanes.open(taker, data, mouth, Kind.MOVED))

    def _moved(self, lane: Lane, data: bytes) -> None:
        number, shard = _MOVED.unpack(data)
        transport = TunnelTransport(lane, None)
        lane.user = transport
        transport.pause_reading()
        if shard in self._expected:
            self._arrived[lane.node, number] = shard, transport
        else:
            transport.close()

    def _mouths(self, node: int | None = None) -> list[Mouth]:
        """The connections that are left to any node, or to this one."""
        mouths = [user for user in self._lanes.users() if isinstance(user, Mouth)]
        return [each for each in mouths if node is None or each.node == node]

    def _opened(self, lane: Lane, data: bytes) -> None:
        if self._upgrade is None:
            lane.say(Kind.CUT)
            lane.end()
            return
        scope, url = decode_scope(data)
        transport = TunnelTransport(lane, scope["client"])
        lane.user = transport
        self._upgrade(scope, url, transport)


def refuse_upgrade(transport: asyncio.Transport) -> None:
    """Answer a request to become a WebSocket that nobody can take it."""
    answer = last_answer(503, b"application/json", UNAVAILABLE, {"retry-after": "1"})
    transport.write(answer)
    transport.close()
