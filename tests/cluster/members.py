"""Members of a cluster: in this process over a memory bus, or in processes of their own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from sqlalchemy import select

from quad.bus.links import Links
from quad.bus.port import Bus
from quad.cluster.membership import Membership
from quad.store import NodeSession, Store
from quad.store.schema import shards
from tests.patience import patience
from tests.process import ROOT

SECRET = b"a secret of the tests, 32 bytes!"


class Member:
    """A node whose systems only note what they are told."""

    def __init__(self, store: Store, session: NodeSession, make_bus: Callable[[int], Bus]) -> None:
        self.store = store
        self.session = session
        self.notes: list[tuple[str, object]] = []
        self.busy: set[int] = set()
        self.open: set[int] = set()
        self.failures: list[Exception] = []
        """What the next calls of `on_gained` raise."""
        self.failures_to_join: list[Exception] = []
        self.hear: Callable[[str], object] = lambda line: None

        def make_links(me: int) -> Links:
            return Links(make_bus(me), me, SECRET)

        self.membership = Membership(store, session, make_links, self)

    @classmethod
    async def open_on(
        cls, url: str, make_bus: Callable[[int], Bus], name: str = "n", cluster: str = "campus"
    ) -> Member:
        session = NodeSession(cluster, name)
        return cls(await Store.open(url, session=session), session, make_bus)

    @property
    def me(self) -> int:
        return self.membership.me

    @property
    def owned(self) -> set[int]:
        return {shard for shard in range(256) if self.membership.is_mine(shard)}

    def names(self) -> list[str]:
        return [name for name, _ in self.notes]

    async def aclose(self) -> None:
        await self.membership.aclose()
        await self.store.aclose(within_s=5.0)

    async def vanish(self) -> None:
        """As a power cut: the session ends and nobody is told."""
        membership = self.membership
        membership._is_expelled = True  # so that it says nothing
        await membership.aclose()
        await self.store.aclose(within_s=5.0)

    # What the membership calls

    def _note(self, name: str, value: object) -> None:
        self.notes.append((name, value))
        self.hear(f"{name} {value}")

    async def on_joined(self, me: int, links: Links) -> None:
        if self.failures_to_join:
            raise self.failures_to_join.pop()
        self._note("joined", me)

    async def on_gained(self, shards: frozenset[int]) -> None:
        if self.failures:
            raise self.failures.pop()
        assert not self.open & shards, "gained twice"
        self.open |= shards
        self._note("gained", len(shards))

    async def on_lost(self, shards: frozenset[int]) -> None:
        assert self.open >= shards, "lost what it had not"
        self.open -= shards
        self._note("lost", len(shards))

    def on_opened(self, shards: frozenset[int]) -> None:
        assert self.open >= shards, "open, and never gained"

    async def hold(self, taker: int, shards: frozenset[int]) -> bool:
        self._note("held", len(shards))
        return taker in self.membership.nodes

    def on_handed_over(self, taker: int, shards: frozenset[int]) -> None:
        self._note("handed over", len(shards))

    def on_kept(self) -> None:
        self._note("kept", 0)

    @property
    def started(self) -> frozenset[int]:
        return frozenset(self.busy & self.open)

    async def on_expelled(self) -> None:
        self.open.clear()
        self._note("expelled", self.membership.me)

    def is_busy(self, shard: int) -> bool:
        return shard in self.busy

    def on_node_joined(self, incarnation: int) -> None:
        self._note("node", incarnation)

    def on_node_dead(self, incarnation: int) -> None:
        self._note("dead", incarnation)


async def until(what: Callable[[], bool], within_s: float = 10.0) -> None:
    """Nothing announces it: ask again."""
    async with asyncio.timeout(patience(within_s)):
        while not what():
            await asyncio.sleep(0.02)


async def owners(store: Store) -> dict[int, int]:
    """How many shards each node has, as the table says."""
    counted: dict[int, int] = {}
    for (node,) in await store.read(select(shards.c.node)):
        counted[node] = counted.get(node, 0) + 1
    return counted


class SocketBus:
    """A bus between processes of one machine: a datagram socket a node, in one directory."""

    def __init__(self, directory: Path, me: int) -> None:
        self._directory = directory
        self._path = directory / f"{me}.bus"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)

    async def start(self, receive: Callable[[bytes], object]) -> None:
        self._socket.settimeout(0.0)
        self._socket.bind(str(self._path))
        asyncio.get_running_loop().add_reader(self._socket, self._read, receive)

    def send(self, node: int, data: bytes) -> None:
        self._send(self._directory / f"{node}.bus", data)

    def broadcast(self, data: bytes) -> None:
        for path in self._directory.glob("*.bus"):
            self._send(path, data)

    @property
    def is_connected(self) -> bool:
        return True

    async def aclose(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()
        self._path.unlink(missing_ok=True)

    def _send(self, path: Path, data: bytes) -> None:
        with contextlib.suppress(OSError):  # it is full, or nobody is there: it may lose
            self._socket.sendto(data, str(path))

    def _read(self, receive: Callable[[bytes], object]) -> None:
        with contextlib.suppress(BlockingIOError):
            for _ in range(100):
                receive(self._socket.recv(1 << 20))


class MemberProcess:
    """A member in a process of its own; tells what `member_process` prints."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.lines: list[str] = []
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, url: str, directory: Path, cluster: str = "campus") -> MemberProcess:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.cluster.member_process", url, str(directory), cluster),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        member = cls(process)
        await member.wait_for("ready")
        return member

    @property
    def me(self) -> int:
        """The number of its last incarnation."""
        return int([line for line in self.lines if line.startswith("joined")][-1].split()[1])

    async def wait_for(self, line: str, within_s: float = 20.0, after: int = 0) -> None:
        """Returns when it has printed a line that begins so, behind the first `after` lines."""
        await until(
            lambda: (
                self._reading.done() or any(each.startswith(line) for each in self.lines[after:])
            ),
            within_s,
        )
        assert any(each.startswith(line) for each in self.lines[after:]), self.lines

    async def ask(self, command: str) -> str:
        """Its answer to a command."""
        before = len(self.lines)
        self.tell(command)
        await self.wait_for(f"{command}:", after=before)
        [answer] = [line for line in self.lines[before:] if line.startswith(f"{command}:")]
        return answer.removeprefix(f"{command}: ")

    def tell(self, command: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{command}\n".encode())

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    async def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()
        await self._reading

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            self.lines.append(line.decode().strip())


@contextlib.asynccontextmanager
async def processes(count: int, url: str, directory: Path) -> AsyncIterator[list[MemberProcess]]:
    """So many members that know each other and have equally many shards; killed at the end."""
    members: list[MemberProcess] = []
    try:
        for _ in range(count):
            members.append(await MemberProcess.start(url, directory))
        share = 256 // count
        for member in members:
            async with asyncio.timeout(patience(20)):
                while int(await member.ask("owned")) not in {share, share + 1}:
                    await asyncio.sleep(0.05)
        yield members
    finally:
        for member in members:
            await member.kill()
