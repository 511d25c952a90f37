"""What a host leaves to other nodes: the places, and the ways there."""

import asyncio

from quad.cluster.places import NOWHERE, Places
from quad.cluster.requests import Requests, refuse
from quad.cluster.shards import shard_of
from quad.cluster.tunnels import Tunnels, refuse_upgrade
from quad.realtime import Host
from quad.realtime.http.polling import Receive, Scope, Send


class Crossing:
    """The `Elsewhere` of a host.

    crossing = Crossing(places, Requests(links), Tunnels(links))
    host = Host(..., elsewhere=crossing)
    crossing.serve(host)
    """

    def __init__(self, places: Places, requests: Requests, tunnels: Tunnels) -> None:
        self.places = places
        self.requests = requests
        self.tunnels = tunnels

    def serve(self, host: Host) -> None:
        """Answer what crosses to this node, with 503 if the thing is not at home here.

        Who has sent it may not have heard yet where it moves, and it may not be open yet.
        """

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            if self.node_of(scope) is None:
                await host(scope, receive, send)
            else:
                await refuse(send)

        def upgrade(scope: Scope, url: bytes, transport: asyncio.Transport) -> None:
            if self.node_of(scope) is None:
                host.upgrade(scope, url, transport)
            else:
                refuse_upgrade(transport)

        self.requests.serve(answer)
        self.tunnels.serve(upgrade)

    def __len__(self) -> int:
        """How many of this node's clients have something to do with other nodes right now."""
        return len(self.requests) + len(self.tunnels)

    def node_of(self, scope: Scope) -> int | None:
        """See `Places.node_of`."""
        return self.places.node_of(scope)

    async def forward(self, node: int, scope: Scope, receive: Receive, send: Send) -> None:
        """See `Requests.forward`; 503 if the thing is nowhere."""
        if node == NOWHERE:
            await refuse(send)
        else:
            await self.requests.forward(node, scope, receive, send)

    def tunnel(self, node: int, scope: Scope, url: bytes, transport: asyncio.Transport) -> None:
        """See `Tunnels.open`; 503 if the thing is nowhere."""
        if node == NOWHERE:
            refuse_upgrade(transport)
            return
        key = self.places.key_of(scope)
        shard = None if key is None else shard_of(key)
        self.tunnels.open(node, scope, url, transport, shard)

    async def drain(self, spread_s: float) -> None:
        """End all of it, over `spread_s`."""
        await asyncio.gather(self.requests.drain(spread_s), self.tunnels.drain(spread_s))
