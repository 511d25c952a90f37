"""What a host leaves to other nodes: the places, and the ways there."""

import asyncio
from typing import NamedTuple

from quad.cluster.places import NOWHERE, Places
from quad.cluster.requests import Requests, refuse
from quad.cluster.tunnels import Tunnels, refuse_upgrade
from quad.realtime.polling import Receive, Scope, Send


class Crossing(NamedTuple):
    """The `Elsewhere` of a host.

    requests, tunnels = Requests(links), Tunnels(links)
    host = Host(..., elsewhere=Crossing(places, requests, tunnels))
    requests.serve(host)
    tunnels.serve(host.upgrade)
    """

    places: Places
    requests: Requests
    tunnels: Tunnels

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
        else:
            self.tunnels.open(node, scope, url, transport)
