"""The node among the others: what its server needs of them, and what it does for them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Final

from msgspec import Struct

from quad.bus.links import Channel, Links
from quad.bus.urls import open_bus
from quad.cluster.changes import Changes
from quad.cluster.crossing import Crossing
from quad.cluster.events import Events
from quad.cluster.figures import ClusterFigures, names_of
from quad.cluster.generations import Generations
from quad.cluster.handover import Handover, Rules
from quad.cluster.membership import Keys, Membership
from quad.cluster.places import Places, tag_of
from quad.cluster.questions import Questions
from quad.cluster.requests import Requests
from quad.cluster.routes import Routes
from quad.cluster.shards import shard_of
from quad.cluster.sockets import RawRules, Sockets
from quad.cluster.suspicion import SILENT_S
from quad.cluster.tunnels import Tunnels
from quad.realtime import Host, SocketServer
from quad.realtime.http.host import Application
from quad.realtime.http.polling import Scope
from quad.store import NodeSession, Store

log = logging.getLogger("quad.cluster")

_SUSPENDED: Final = "This node is suspended: its session with the database is in doubt."
_NO_BROKER: Final = "The broker between the nodes is not heard."
_DRAINING: Final = "This node ends, and hands over what is at home here."


_OUTDATED: Final = "Nodes of a newer generation serve: no new connections are let in here."


class Part(Struct, frozen=True):
    """What is started at the home of one key, and closed there when the key moves away.

    `start` reads what is saved; when `aclose` has returned nothing of it is written any more.
    """

    name: str
    key: str
    start: Callable[[], Awaitable[None]]
    aclose: Callable[[], Awaitable[None]]


class Address(Struct, frozen=True):
    """Where the others are to be found, and what proves that it is them."""

    bus: str
    cluster: str
    secret: bytes


class Channeled:
    """One channel of the links."""

    __slots__ = ("_channel", "_links")

    def __init__(self, links: Links, channel: Channel) -> None:
        self._links = links
        self._channel = channel

    def send(self, node: int, record: bytes) -> None:
        """In order for each node; never waits."""
        self._links.send(node, self._channel, record)

    def silence_s(self, node: int) -> float:
        """Since the node was heard of."""
        return self._links.silence_s(node)


class _Asking:
    """The channel of questions, which can be registered before there are links."""

    def __init__(self, membership: Membership) -> None:
        self._membership = membership

    def send(self, node: int, record: bytes) -> None:
        self._membership.links.send(node, Channel.QUESTIONS, record)


class Member:
    """One life of a node: it joins once. A node that was declared dead is to be made anew."""

    def __init__(
        self,
        store: Store,
        session: NodeSession,
        address: Address,
        server: SocketServer,
        routes: Routes,
        key_of: Callable[[Scope], str | None],
        engine_paths: Iterable[str],
        expelled: asyncio.Event,
    ) -> None:
        """`store` was opened with `session`, and has committed once: the node has its number.

        `expelled` is set when the others have declared this node dead: nothing may be served then.
        """
        self._expelled = expelled
        self._is_draining = False
        self.membership = Membership(store, session, self._make_links, self)
        self.keys = Keys(self.membership)
        self.questions = Questions(_Asking(self.membership), self._others)
        """What other nodes may ask is to be registered before `join`."""
        self._is_listening = False
        self.generations = Generations(
            session.generation,
            lambda: self.membership.nodes,
            self.questions,
            self._is_serving,
        )
        server.engine.sid_prefix = tag_of(session.incarnation)
        self._store = store
        self._address = address
        self._server = server
        self._routes = routes
        self._places = Places(
            session.incarnation,
            engine_paths=frozenset(engine_paths),
            key_of=key_of,
            home_of=self.keys.answering,
        )
        self._changes = Changes(key_of, self.keys.is_open)
        self._parts: Sequence[Part] = ()
        self._open: list[Part] = []
        self._rules: Mapping[str, Rules] = {}
        self._raw_rules: Sequence[RawRules] = ()
        self._handover: Handover
        self.events: Events
        self._requests: Requests
        self._tunnels: Tunnels

    # What the server says

    async def join(
        self,
        parts: Sequence[Part],
        rules: Mapping[str, Rules],
        raw_rules: Sequence[RawRules] = (),
    ) -> None:
        """Become one of the nodes, and start the parts whose keys are at home here.

        `rules`, by the kind of keys, and `raw_rules` are of what moves with whoever is connected to
        it: that has to be all. Raises StoreError.
        """
        self._parts = parts
        self._rules = rules
        self._raw_rules = raw_rules
        await self.membership.join()

    def crossing(self) -> Crossing:
        """What a host asks about each request; `serve` has it answer those of other nodes."""
        return Crossing(self._places, self._requests, self._tunnels)

    def counted(self, application: Application) -> Application:
        """The application, so that what it changes is waited for before it moves."""
        return self._changes.counted(application)

    def serve(self, host: Host) -> None:
        """Answer what other nodes forward."""
        self.crossing().serve(host)

    def begin_serving(self, host: Host) -> None:
        """The host listens: clients may come, here and not any more to older nodes."""

        def let_in_or_not() -> None:
            host.refuse_newcomers(is_refusing=self.generations.is_outdated)

        self._is_listening = True
        self.generations.start(let_in_or_not)

    def owns(self, key: str) -> bool:
        """Whether the key is at home here, and its rules may run."""
        return self.keys.is_open(key)

    @property
    def troubles(self) -> dict[str, str]:
        """What is wrong with each part of being a node, as a sentence; empty: nothing is.

        Nodes that are silent are named, but they are no reason to send clients away from this one.
        """
        is_heard = self.membership.links.hears_itself
        return {
            "lock": _SUSPENDED if self.membership.is_suspended else "",
            "bus": "" if is_heard else _NO_BROKER,
            "drain": self._why_draining,
        }

    @property
    def _why_draining(self) -> str:
        if self._is_draining:
            return _DRAINING
        return _OUTDATED if self.generations.is_outdated else ""

    @property
    def silent_nodes(self) -> list[str]:
        """The names of nodes that were not heard of lately."""
        links = self.membership.links
        return [
            info.name
            for node, info in self.membership.nodes.items()
            if node != self.membership.me and links.silence_s(node) > SILENT_S
        ]

    @property
    def names(self) -> dict[int, str]:
        """What each node is called, this one among them; no two are called the same."""
        return names_of(self.membership.nodes)

    @property
    def figures(self) -> ClusterFigures:
        """What this node does for the cluster, now."""
        membership = self.membership
        links, counters = membership.links.counters, membership.counters
        unreadable = self.events.unreadable + self.questions.unreadable + counters.unreadable
        return ClusterFigures(
            shards=membership.load(membership.me),
            remote_clients=len(self.events.home),
            unacknowledged_bytes=sum(each.unacknowledged_bytes for each in links.nodes.values()),
            resends=links.resends,
            resets=links.resets,
            forged=links.forged,
            failed_records=links.failures,
            unreadable_records=unreadable,
            handed_over=counters.handed_over,
            takeovers=counters.takeovers,
            ended_sessions=counters.ended_sessions,
            is_suspended=membership.is_suspended,
            is_draining=bool(self._why_draining),
        )

    async def drain(self) -> None:
        """Hand over what is at home here; the connections stay. Raises StoreError."""
        self._is_draining = True
        # Who was declared dead has nothing left: others have it, and nothing may be written.
        if not self._expelled.is_set():
            await self.membership.drain()

    async def stop_crossing(self) -> None:
        """Answer nothing for other nodes any more."""
        await self.generations.aclose()
        self._tunnels.close()
        await self._requests.aclose()
        await self.questions.aclose()
        await self.events.aclose()

    async def close_part(self, part: Part) -> None:
        """Close a part, if it is open here."""
        if part in self._open:
            self._open.remove(part)
            await part.aclose()

    async def aclose(self) -> None:
        """Leave; nothing of this node may be written any more, but by the store itself."""
        await self.membership.aclose()

    # What the membership says

    async def on_joined(self, me: int, links: Links) -> None:
        """See `Hooks`."""
        events = Channeled(links, Channel.EVENTS)
        self.events = Events(self._server, self.keys, self._routes, events)
        links.on(Channel.EVENTS, self.events.received, self._reset)
        links.on(Channel.QUESTIONS, self.questions.received, self.questions.reset)
        self._requests, self._tunnels = Requests(links), Tunnels(links)
        self._handover = Handover(
            me,
            self.events,
            self._rules,
            Sockets(self._tunnels, self._raw_rules),
            self._others,
            events.send,
        )
        self._handover.is_changing = self._changes.is_under_way
        self.events.on_handover = self._handover.received
        self.events.start()

    async def on_gained(self, shards: frozenset[int]) -> None:
        """See `Hooks`."""
        for part in self._parts:
            if shard_of(part.key) in shards and part not in self._open:
                log.info("%s is at home here from now on", part.name)
                await part.start()
                self._open.append(part)
        await self._handover.take_up(shards)

    def on_opened(self, shards: frozenset[int]) -> None:
        """See `Hooks`."""
        self._handover.opened(shards)

    async def hold(self, taker: int, shards: frozenset[int]) -> bool:
        """See `Hooks`."""
        return await self._handover.hold(taker, shards)

    async def on_lost(self, shards: frozenset[int]) -> None:
        """See `Hooks`."""
        self._handover.give_up(shards)
        for part in reversed(self._parts):
            if shard_of(part.key) in shards:
                await self.close_part(part)
        # Whatever was decided for them is committed before this.
        await self._store.write()

    def on_handed_over(self, taker: int, shards: frozenset[int]) -> None:
        """See `Hooks`."""
        self._handover.pass_on(taker, shards)

    def on_kept(self) -> None:
        """See `Hooks`."""
        self._handover.send_away()

    @property
    def started(self) -> frozenset[int]:
        """See `Hooks`."""
        return frozenset(shard_of(part.key) for part in self._open)

    async def on_expelled(self) -> None:
        """See `Hooks`. Never returns: the server ends this life, and begins another."""
        self._expelled.set()
        await asyncio.Event().wait()

    def is_busy(self, shard: int) -> bool:
        """See `Hooks`. What is started at a home stays where it is."""
        return shard in self.started or self.events.seats.is_busy(shard)

    def on_node_joined(self, incarnation: int) -> None:
        """See `Hooks`."""
        self._places.add(incarnation)

    def on_node_dead(self, incarnation: int) -> None:
        """See `Hooks`."""
        self._places.remove(incarnation)

    def _reset(self, node: int) -> None:
        self.events.reset(node)
        self._handover.reset(node)

    def _is_serving(self) -> bool:
        return self._is_listening and not any(self.troubles.values())

    def _others(self) -> list[int]:
        return [node for node in self.membership.nodes if node != self.membership.me]

    def _make_links(self, me: int) -> Links:
        address = self._address
        return Links(open_bus(address.bus, cluster=address.cluster, me=me), me, address.secret)
