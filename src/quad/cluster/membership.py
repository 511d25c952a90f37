"""Membership: which nodes there are, who of them has which shard, and what becomes of the dead.

The tables are the truth (`table`), and this node's lease is its database session (`store.session`).
One task looks at the tables, when another node says so and every second, and does what follows, one
thing after the other:

    declared dead     close everything, join as a new incarnation
    somebody silent   try its lock; free: declare it dead, share its shards
    shards of nobody  share them
    shards given us   open them
    more than others  hand over those in which nobody is seated

Beside it the pulse proves the session, and tells whether the loop has stood still.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Final, Protocol

from msgspec import Struct

from quad.bus.links import Channel, Links
from quad.cluster import notices, table
from quad.cluster.notices import Gone, Look, Moved, Moving, Notice
from quad.cluster.pulse import TICK_S, Pulse
from quad.cluster.shards import Placing, ShardMap, shard_of, spread, surplus
from quad.cluster.suspicion import FROZEN_S, SILENT_S, Signs
from quad.cluster.table import PROOF, NodeInfo
from quad.store import NodeSession, SessionLost, Store, StoreError
from quad.store.session import ALIVE, DEAD, LEAVING

log = logging.getLogger("quad.cluster")

LOOK_S: Final = 1.0
"""How often the tables are read, if nobody says that something has changed."""

_WATCH_S: Final = 0.3
_RETRY_S: Final = 1.0
# A session that was told to end does so within milliseconds.
_END_TRIES: Final = 40
_END_PAUSE_S: Final = 0.05
_MAP_TRIES: Final = 50
_MAP_PAUSE_S: Final = 0.02
_DRAIN_TRIES: Final = 20
_DRAIN_PAUSE_S: Final = 0.1
# A frozen node is gone by then; who begins without the broker does not wait for ever.
_MEET_S: Final = FROZEN_S + 1.0
_MEET_PAUSE_S: Final = 0.02


class Hooks(Protocol):
    """What the membership tells this node's systems. One coroutine of these runs at a time.

    What a coroutine raises is logged, and the same is tried again a moment later.
    """

    async def on_joined(self, me: int, links: Links) -> None:
        """The number of this node is `me` from now on. Register channels: the links start when this
        returns. Called again after `on_expelled`, with other links.
        """

    async def on_gained(self, shards: frozenset[int]) -> None:
        """They are this node's: read what is saved of them. They are open when this returns."""

    def on_opened(self, shards: frozenset[int]) -> None:
        """They are open: others may be told so."""

    async def hold(self, taker: int, shards: frozenset[int]) -> bool:
        """Whether nothing is under way for these shards any more, here or on other nodes, so that
        they can be given to another node. Until then they are open.
        """

    async def on_lost(self, shards: frozenset[int]) -> None:
        """They are closed: forget them.

        When this returns nothing may be written for them any more: another node reads it then.
        """

    def on_handed_over(self, taker: int, shards: frozenset[int]) -> None:
        """The map says that they are the taker's."""

    def on_kept(self) -> None:
        """What was lost could not be handed over: it will be gained again."""

    @property
    def started(self) -> frozenset[int]:
        """Where something is started that takes longer to move than a class does."""

    async def on_expelled(self) -> None:
        """Others have declared this node dead, and have its shards: close all clients, forget all
        homes and nodes. When this returns nothing of that may write any more, for the node joins
        as another then, which may.
        """

    def is_busy(self, shard: int) -> bool:
        """Whether somebody is seated there now."""

    def on_node_joined(self, incarnation: int) -> None:
        """There is another node, and a link to it."""

    def on_node_dead(self, incarnation: int) -> None:
        """It is gone for good, and its link; called before its shards have another owner here."""


class Counters(Struct):
    """What has happened, since the start."""

    handed_over: int = 0
    """Shards given to nodes by this one."""
    takeovers: int = 0
    """Dead nodes whose shards this one has shared."""
    ended_sessions: int = 0
    expulsions: int = 0
    unreadable: int = 0
    """Notices that were dropped: of another version, or a bug."""


class Membership:
    """One node among the others. Tasks of its loop alone may use it."""

    def __init__(
        self,
        store: Store,
        session: NodeSession,
        make_links: Callable[[int], Links],
        hooks: Hooks,
    ) -> None:
        """`store` was opened with `session`; `make_links(me)` is called for each incarnation."""
        self.me = session.incarnation
        self.counters = Counters()
        self.nodes: Mapping[int, NodeInfo] = MappingProxyType({})
        """All that are not dead, this one among them."""
        self._store = store
        self._session = session
        self._make_links = make_links
        self._hooks = hooks
        self._links: Links | None = None
        self._map = ShardMap()
        self._open: set[int] = set()
        # Their owners have said that they are about to hand them over.
        self._moving: set[int] = set()
        self._dead: set[int] = set()
        self._is_expelled = False
        self._has_closed = False
        self._is_leaving = False
        self._is_ending = False
        self._pulse = Pulse(time.monotonic)
        # Until when nodes are tried of which this one was told that they have ended.
        self._ended: dict[int, float] = {}
        # When the broker was last not heard.
        self._deaf_at = time.monotonic()
        self._ticking: asyncio.TimerHandle | None = None
        self._proving: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._changing = asyncio.Lock()
        self._running: asyncio.Task[None] | None = None

    # What everybody asks

    @property
    def links(self) -> Links:
        """The links of this incarnation."""
        assert self._links is not None, "not joined"
        return self._links

    def owner(self, shard: int) -> int | None:
        """The node where a shard is at home; None while that is not settled."""
        if shard in self._open:
            return self.me
        node = self._map[shard]
        # Ours, but not open yet, or not any more.
        if node == self.me or shard in self._moving or node not in self.nodes:
            return None
        return node

    def is_mine(self, shard: int) -> bool:
        """Whether the shard is at home here, and open."""
        return shard in self._open

    def load(self, node: int) -> int:
        """How many shards a node has, as far as is known here."""
        return self._map.loads([node])[node]

    def is_coming(self, shard: int) -> bool:
        """Whether the shard is at home here, and about to be opened."""
        is_ours = self._map[shard] == self.me and shard not in self._open
        return is_ours and not self._is_leaving and not self.is_suspended

    @property
    def has_shards(self) -> bool:
        """Whether any shard is at home here, and open."""
        return bool(self._open)

    @property
    def is_suspended(self) -> bool:
        """Whether others may have this node's shards by now: then it refuses and says nothing."""
        return self._is_expelled or not self._session.is_held or self._pulse.is_in_doubt

    @property
    def is_leader(self) -> bool:
        """Whether this node does what is done once, from time to time, for all."""
        return 0 in self._open and not self.is_suspended

    # Coming and going

    async def join(self) -> None:
        """Returns when this node is known to the others, and the shards that nobody had are open.

        Of each other node it knows by then whether it lives, if the broker is heard: what clients
        say is sent to nobody who was killed before. Raises StoreError: it has not joined.
        """
        self._tick()
        await self._enter()
        self._running = asyncio.create_task(self._run(), name="quad-membership")
        with suppress(TimeoutError):
            async with asyncio.timeout(_MEET_S):
                while not self._has_met_all:  # noqa: ASYNC110  it depends on tables and links
                    await asyncio.sleep(_MEET_PAUSE_S)

    def has_ended(self, name: str) -> None:
        """Somebody who sees it says that a node has ended: its lock is tried without waiting.

        Nothing comes of it if that is untrue, or the next node of that name is there already.
        """
        until = time.monotonic() + SILENT_S
        self._ended = {node: until for node, info in self.nodes.items() if info.name == name}
        self._wake.set()

    async def drain(self) -> None:
        """Gives all shards to others; returns when they have them, or when there is nobody.

        The node stays a member, without shards, until `aclose`. Raises StoreError.
        """
        self._is_leaving = True
        async with self._changing:
            await table.set_state(self._store, self.me, LEAVING)
            self._tell_all(Look())
            await self._look()
            for _ in range(_DRAIN_TRIES):
                await self._open_gained()  # what could not be handed over was closed for that
                if not self._open or not (heirs := self._heirs()):
                    return
                await self._hand_over(self._legacy(heirs))
                await asyncio.sleep(_DRAIN_PAUSE_S)

    def _legacy(self, heirs: list[int]) -> dict[int, list[int]]:
        """Who gets what at a drain.

        What is started here goes to the newest node: in a rolling restart that one was started
        again already, or is the extra one, so that it does not move again with the next drain.
        """
        started = self._hooks.started & self._open
        given = spread(self._open - started, self._map.loads(heirs))
        newest = max(heirs, key=lambda node: (self.nodes[node].generation, node))
        given.setdefault(newest, []).extend(sorted(started))
        return given

    async def aclose(self) -> None:
        """Leaves. To be called when nothing of this node is to be written any more."""
        self._is_leaving = self._is_ending = True
        for task in filter(None, (self._running, self._proving)):
            task.cancel()
            await asyncio.wait([task])
        if self._ticking is not None:
            self._ticking.cancel()
        if self._links is None:
            return
        try:
            if not self._is_expelled:
                await table.set_state(self._store, self.me, DEAD)
                self._tell_all(Look())
        except StoreError as error:
            log.warning("others are not told that this node leaves: %s", error)
        finally:
            self._session.end()
            self._open.clear()
            await self._links.aclose()

    @property
    def _has_met_all(self) -> bool:
        # While it joins as another, it is the same life that goes on.
        links = self._links
        return links is None or (
            all(links.has_heard(node) for node in self.nodes if node != self.me)
            and not self._map.of(self.me) - self._open
        )

    async def _enter(self) -> None:
        self.nodes = MappingProxyType({})
        self._moving.clear()
        # The store joins with its first commit.
        await self._commit_proof()
        self.me = self._session.incarnation
        links = self._make_links(self.me)
        links.on(Channel.CONTROL, self._hear, self._reset)
        await self._hooks.on_joined(self.me, links)
        await links.start()
        self._links = links
        try:
            await self._look()
            self._tell_all(Look())
            await self._claim()
            await self._open_gained()
        except BaseException:
            await links.aclose()
            self._links = None
            # Others may have heard of it by now, and would take what comes next for its past.
            with suppress(StoreError):
                await table.set_state(self._store, self.me, DEAD)
            self._session.begin_anew()
            raise
        log.info("joined as node %d: %d nodes", self.me, len(self.nodes))

    # What is done one after the other

    async def _run(self) -> None:
        looked_at = 0.0
        # Asked for, because a driver may take a cancellation for a connection that was lost.
        while not self._is_ending:
            with suppress(TimeoutError):
                async with asyncio.timeout(_WATCH_S):
                    await self._wake.wait()
            try:
                async with self._changing:
                    await self._watch()
                    if self._wake.is_set() or time.monotonic() - looked_at > LOOK_S:
                        self._wake.clear()
                        looked_at = time.monotonic()
                        await self._turn()
            except StoreError as error:
                log.warning("the tables of the cluster: %s", error)
                await asyncio.sleep(_RETRY_S)
            except Exception:
                log.exception("a change of the cluster failed; it is tried again")
                await asyncio.sleep(_RETRY_S)

    async def _turn(self) -> None:
        if self._links is None:  # it was declared dead, and could not join again yet
            await self._enter()
            return
        await self._look()
        if self._is_expelled:
            await self._begin_anew()
            return
        if not self._is_leaving:
            await self._claim()
            await self._open_gained()
            await self._balance()

    async def _look(self) -> None:
        """Reads the tables."""
        moving = set(self._moving)
        # The map first: whoever is named in it is in what is read of the nodes later, or dead.
        placings = await table.read_map(self._store)
        found = await table.read_nodes(self._store)
        self._take_in(found)
        self._map.apply(placings)
        self._moving -= moving

    def _take_in(self, found: dict[int, NodeInfo]) -> None:
        if self.me not in found:
            self._is_expelled = True
            return
        for node in self.nodes.keys() - found.keys():
            self._bury(node)
        # What was read may be older than what was heard.
        newcomers = found.keys() - self.nodes.keys() - self._dead
        self.nodes = MappingProxyType({n: found[n] for n in found.keys() - self._dead})
        for node in sorted(newcomers - {self.me}):
            self.links.connect(node)
            self._hooks.on_node_joined(node)

    def _bury(self, node: int) -> None:
        log.warning("node %d is gone", node)
        self._dead.add(node)
        self.nodes = MappingProxyType({n: info for n, info in self.nodes.items() if n != node})
        self.links.forget(node)
        self._hooks.on_node_dead(node)

    async def _begin_anew(self) -> None:
        if not self._has_closed:
            log.error("this node was declared dead: it closes its clients and joins as another")
            self.counters.expulsions += 1
            self._open.clear()
            await self._hooks.on_expelled()
            self._has_closed = True
        if not self.links.hears_itself:
            return  # it is cut off, and would only be declared dead again
        # What is queued, or in doubt, was decided by the old one: it is refused first.
        await self._store.settle()
        await self.links.aclose()
        self._links = None
        self._session.begin_anew()
        self._is_expelled = self._has_closed = False
        await self._enter()

    # The dead

    async def _watch(self) -> None:
        if self._is_leaving or self._is_expelled or self._links is None:
            return
        for node in self._signs().suspects:
            placed = await self._take_over(node)
            if placed is None and self._signs().is_frozen(node):
                placed = await self._end_and_take_over(node)
            if placed is not None:
                self.counters.takeovers += bool(placed)
                self._bury(node)
                self._map.apply(placed)
                self._tell_all(Gone(node, placed))
                self._wake.set()

    async def _take_over(self, node: int) -> list[Placing] | None:
        def is_suspect() -> bool:
            return node in self._signs().suspects

        return await table.take_over(self._store, node, self._heirs(), is_suspect)

    async def _end_and_take_over(self, node: int) -> list[Placing] | None:
        log.error("node %d is silent and has its lock: its session is ended", node)
        self.counters.ended_sessions += 1
        await table.end_session_of(self._store, node)
        for _ in range(_END_TRIES):
            placed = await self._take_over(node)
            if placed is not None:
                return placed
            await asyncio.sleep(_END_PAUSE_S)
        return None

    def _signs(self) -> Signs:
        now = time.monotonic()
        # Behind an outage of the broker everybody has been silent, and comes back when they can.
        hearing_s = self._hearing_s()
        silence_s = {
            node: min(self.links.silence_s(node), hearing_s)
            for node in self.nodes
            if node != self.me
        }
        return Signs(
            silence_s,
            self.links.hears_itself,
            self._pulse.steady_s,
            now - self._session.retaken_at,
            [node for node, until in self._ended.items() if now < until],
        )

    def _hearing_s(self) -> float:
        """For how long this node has heard the broker; asked for by each watch."""
        now = time.monotonic()
        if not self.links.hears_itself:
            self._deaf_at = now
        return now - self._deaf_at

    def _heirs(self) -> list[int]:
        """Who may get shards: alive, and heard of."""
        return [
            node
            for node, info in self.nodes.items()
            if info.state == ALIVE and (node == self.me or self.links.silence_s(node) < SILENT_S)
        ]

    # Shards

    async def _claim(self) -> None:
        """What no living node has."""
        if self._map.without(self.nodes.keys()):
            self._place(await table.claim_free(self._store, self._heirs()))

    async def _open_gained(self) -> None:
        if not self._map.of(self.me) - self._open:
            return
        # With the session proven nothing of ours is in doubt, as a hand-over may have been; and
        # nobody else takes away what the tables say is ours, unless we are declared dead.
        await self._commit_proof()
        await self._look()
        gained = frozenset(self._map.of(self.me) - self._open)
        if gained and not self._is_expelled:
            await self._hooks.on_gained(gained)
            self._open |= gained
            self._hooks.on_opened(gained)

    async def _balance(self) -> None:
        """Gives away what is more than our share, if nobody is seated there."""
        heirs = self._heirs()
        wanted = surplus(self.me, self._map.loads(heirs))
        if not wanted:
            return
        idle = [shard for shard in sorted(self._open) if not self._hooks.is_busy(shard)]
        given: dict[int, list[int]] = {}
        for taker, count in wanted.items():
            given[taker], idle = idle[:count], idle[count:]
        if any(given.values()):
            await self._hand_over(given)

    async def _hand_over(self, given: dict[int, list[int]]) -> None:
        for taker, shards in given.items():
            if shards and taker in self.nodes:
                await self._hand_over_to(taker, frozenset(shards))

    async def _hand_over_to(self, taker: int, shards: frozenset[int]) -> None:
        """Closes shards, and gives them to another. If that fails, they are opened again later."""
        if not await self._hooks.hold(taker, shards):
            return
        self._open -= shards
        self._tell_all(Moving(sorted(shards)))
        placed: list[Placing] = []
        try:
            await self._hooks.on_lost(shards)
            placed = await self._write_in_turn({taker: sorted(shards)})
        finally:
            if len(placed) < len(shards):
                self._hooks.on_kept()
                self._wake.set()
        self.counters.handed_over += len(placed)
        self._place(placed)
        if placed:
            self._hooks.on_handed_over(taker, shards)

    async def _write_in_turn(self, given: dict[int, list[int]]) -> list[Placing]:
        """After others who are changing the map, for the shards are closed meanwhile."""
        for _ in range(_MAP_TRIES):
            placed = await table.hand_over(self._store, self.me, given)
            if placed is not None:
                return placed
            await asyncio.sleep(_MAP_PAUSE_S)
        return []

    def _place(self, placed: Iterable[Placing]) -> None:
        """What this node has written in the map."""
        told = list(placed)
        if told:
            self._map.apply(told)
            self._tell_all(Moved(told))
            self._wake.set()

    # What others say

    def _hear(self, node: int, record: bytes) -> None:
        match notices.decode(record):
            case Look():
                self._wake.set()
            case Moving(shards):
                self._moving |= {shard for shard in shards if self._map[shard] == node}
            case Moved(placings):
                self._hear_of(placings)
            case Gone(dead, placings):
                if dead in self.nodes and dead != self.me:
                    self._bury(dead)
                self._hear_of(placings)
            case None:
                self.counters.unreadable += 1
                log.warning("node %d says something that this version cannot read", node)

    def _hear_of(self, placings: list[Placing]) -> None:
        self._moving -= self._map.apply(placings)
        self._wake.set()

    def _reset(self, _: int) -> None:
        self._wake.set()

    def _tell_all(self, notice: Notice) -> None:
        record = notices.encode(notice)
        for node in self.nodes:
            if node != self.me:
                self.links.send(node, Channel.CONTROL, record)

    # The pulse

    def _tick(self) -> None:
        self._pulse.tick()
        self._ticking = asyncio.get_running_loop().call_later(TICK_S, self._tick)
        # So often, because a node whose session was ended goes on speaking until it knows.
        if self._proving is None or self._proving.done():
            self._proving = asyncio.create_task(self._prove(), name="quad-session-proof")

    async def _prove(self) -> None:
        try:
            await self._commit_proof()
        except SessionLost:
            self._wake.set()
        except StoreError as error:
            log.warning("the session of this node cannot be proven: %s", error)

    async def _commit_proof(self) -> None:
        """Returns when the session was there after this was called. Raises StoreError."""
        proof = self._pulse.begin_proof()
        await self._store.write(PROOF)
        self._pulse.proven(proof)


class Keys:
    """Who owns what by key: the face of the membership for those who route events."""

    def __init__(self, membership: Membership) -> None:
        self._membership = membership

    @property
    def me(self) -> int:
        """The number of this node."""
        return self._membership.me

    def owner(self, key: str) -> int | None:
        """The node where the key is at home; None while that is not settled, or not certain."""
        node = self._membership.owner(shard_of(key))
        # Others may have what was ours: nothing is decided here until that is known.
        is_doubtful = node == self._membership.me and self._membership.is_suspended
        return None if is_doubtful else node

    def is_coming(self, key: str) -> bool:
        """Whether the key is at home here, and its rules are about to run."""
        return self._membership.is_coming(shard_of(key))

    @property
    def has_shards(self) -> bool:
        """Whether this node is the home of anything."""
        return self._membership.has_shards

    def answering(self, key: str) -> int | None:
        """The same, and None also while the key is at home here and its rules may not run."""
        node = self.owner(key)
        return None if node == self.me and not self.is_open(key) else node

    def is_open(self, key: str) -> bool:
        """Whether the key is at home here, and its rules may run now."""
        return self._membership.is_mine(shard_of(key)) and not self._membership.is_suspended
