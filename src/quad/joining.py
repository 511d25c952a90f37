"""How a server becomes a node of a cluster, as its settings say."""

import asyncio
from typing import Final

from quad.cluster.member import Address, Member
from quad.homes import ROUTES, key_of
from quad.identity import Keys
from quad.realtime import SocketServer
from quad.settings import Settings
from quad.starting import node_name
from quad.store import NodeSession, Store

_NAME_LIMIT: Final = 60


def make_session(settings: Settings, url: str, worker: int | None = None) -> NodeSession:
    """The session by which a node at this address writes; the first commit joins.

    Workers share the address, and have a number each.
    """
    name = name_of(settings, url, worker)
    return NodeSession(settings.cluster.name, name, settings.node.generation)


def name_of(settings: Settings, url: str, worker: int | None) -> str:
    """What the tables of the cluster call a node at this address."""
    return node_name(settings, url, worker)[-_NAME_LIMIT:]


def make_member(
    settings: Settings,
    store: Store,
    session: NodeSession,
    keys: Keys,
    server: SocketServer,
    expelled: asyncio.Event | None,
) -> Member:
    """The node of the server, not joined yet. Raises ValueError, ModuleNotFoundError, OSError."""
    address = Address(settings.cluster.bus, settings.cluster.name, keys.key("links between nodes"))
    return Member(
        store,
        session,
        address,
        server,
        ROUTES,
        key_of,
        (settings.engine.path,),
        expelled or asyncio.Event(),
    )
