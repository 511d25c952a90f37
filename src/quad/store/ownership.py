"""One process has a database to itself, as long as it lives.

What a Quad keeps in memory (who is online, what was proven, the last id) is true only while nobody
else writes. So the first process takes the database, and a second one is refused with a sentence
that names the first.

Several nodes of a cluster share a database instead (`session`); then this here is refused, and
they are while somebody has the database by this.

A SQLite file has a lock file beside it, which the kernel lets go of however its holder ends. A
database server has a lock of its session, held on a connection that does nothing else.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import logging
import os
import socket
from functools import partial
from pathlib import Path
from typing import Final, Protocol, Self

from sqlalchemy import URL, Connection, Table, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from . import locks
from .errors import DatabaseInUse, StoreError
from .failures import declared_errors
from .schema import nodes, owner
from .server import connect_alone
from .session import name_of_living
from .upsert import upsert
from .urls import parse_url, safe_url

log = logging.getLogger("quad.store")

WATCH_S: Final = 5.0
"""How often the lock is looked at."""

ANSWER_S: Final = 10.0
"""How long a database server may take to answer that the lock is still ours."""

# A process that was killed lets go as soon as its database server has noticed.
_PATIENCE_S: Final = 3.0
_LOOK_EVERY_S: Final = 0.1
_TELL_OWNER: Final = upsert(owner, key=["id"], update=["who"])
_NO_LOCKS: Final = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}


def owner_name(what: str) -> str:
    """How others are told of this process."""
    return f"process {os.getpid()} on {socket.gethostname()}, {what}"


class _Lock(Protocol):
    async def take(self, who: str) -> None:
        """Raises DatabaseInUse, StoreUnavailable, OSError."""

    async def look(self, who: str) -> str:
        """What is wrong with it, as a sentence; empty if nothing is. It is taken again if lost."""

    async def tell(self, who: str) -> None:
        """The tables are there, and others may be told in them who has the lock."""

    async def let_go(self) -> None:
        """Somebody else may take it."""


class Ownership:
    """The database is this process's alone."""

    def __init__(self, lock: _Lock, who: str) -> None:
        """For `take`."""
        self.trouble = ""
        """What is wrong with the lock, as a sentence; empty if nothing is."""
        self._lock = lock
        self._who = who
        self._watching: asyncio.Task[None] | None = None

    @classmethod
    async def take(cls, url: str, who: str) -> Self:
        """Take the database for this process, called `who` in what others are told.

        Raises DatabaseInUse if somebody has it, StoreUnavailable and OSError if it cannot be
        reached, ValueError for an address that is none of ours.
        """
        parsed = parse_url(url)
        is_file = parsed.get_backend_name() == "sqlite"
        lock: _Lock = FileLock(Path(parsed.database or "")) if is_file else _SessionLock(parsed)
        try:
            await lock.take(who)
        except BaseException:
            await lock.let_go()
            raise
        return cls(lock, who)

    async def watch(self) -> None:
        """Look at the lock from now on, and say in the log when it is lost or found again.

        To be called when the tables are there: from then on others are told who has them.
        """
        await self._lock.tell(self._who)
        await self.look()
        self._watching = asyncio.create_task(self._watch_forever(), name="quad-ownership")

    @property
    def troubles(self) -> dict[str, str]:
        """`trouble`, by the name of the part that has it."""
        return {"lock": self.trouble}

    @property
    def silent_nodes(self) -> list[str]:
        """There are no others."""
        return []

    async def look(self) -> str:
        """Look now; returns `trouble`."""
        trouble = await self._lock.look(self._who)
        if trouble and trouble != self.trouble:
            log.error("%s", trouble)
        elif self.trouble and not trouble:
            log.warning("the database is this server's alone again")
        self.trouble = trouble
        return trouble

    def stop_watching(self) -> None:
        """Look no more: what the store has open is about to go, as it should."""
        if self._watching is not None:
            self._watching.cancel()

    async def aclose(self) -> None:
        """Let others have the database."""
        self.stop_watching()
        if self._watching is not None:
            await asyncio.wait([self._watching])
        await self._lock.let_go()

    async def _watch_forever(self) -> None:
        while True:
            await asyncio.sleep(WATCH_S)
            await self.look()


class FileLock:
    """A lock on a SQLite file: an open file beside it, which the kernel closes with the process."""

    def __init__(self, database: Path) -> None:
        self._database = database.resolve()
        self._path = self._database.with_name(f"{self._database.name}.lock")
        self._file: int | None = None
        # What SQLite keeps open as long as the server runs; others find it by these names.
        self._parts = [
            self._database.with_name(self._database.name + ending)
            for ending in ("", "-wal", "-shm")
        ]
        self._inodes: dict[Path, tuple[int, int]] = {}

    async def take(self, who: str) -> None:
        """See `_Lock`."""
        while True:
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                self._lock(file)
            except BaseException:
                os.close(file)
                raise
            # Somebody may have removed it between the opening and the locking.
            if _inode(self._path) == _inode(file):
                break
            os.close(file)
        self._file = file
        os.truncate(file, 0)
        os.write(file, who.encode())

    async def look(self, _who: str) -> str:
        """See `_Lock`."""
        assert self._file is not None, "not taken"
        if _inode(self._path) != _inode(self._file):
            return _gone(self._database)
        for part in self._parts:
            found = _inode(part)
            if found is not None:
                self._inodes.setdefault(part, found)
            if found != self._inodes.get(part):
                return _gone(part)
        return ""

    async def tell(self, who: str) -> None:
        """See `_Lock`. It is in the lock file already."""

    async def let_go(self) -> None:
        """See `_Lock`."""
        if self._file is not None:
            # The file stays: if it were removed, two others could each lock one of their own.
            with contextlib.suppress(OSError):
                os.truncate(self._file, 0)
            os.close(self._file)
            self._file = None

    def _lock(self, file: int) -> None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            who = os.read(file, 1000).decode(errors="replace").strip()
            raise _in_use(str(self._database), who) from None
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            log.warning("%s cannot be locked here: see that no second Quad uses it", self._database)


class _SessionLock:
    """A lock of a session on PostgreSQL or MySQL/MariaDB."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._engine: AsyncEngine = connect_alone(url)
        self._connection: AsyncConnection | None = None

    async def take(self, who: str) -> None:
        """See `_Lock`."""
        with declared_errors():
            async with asyncio.timeout(ANSWER_S):
                self._connection = await self._engine.connect()
                await self._wait_for(self._connection)
                await self._connection.run_sync(_tell_owner, who)

    async def look(self, who: str) -> str:
        """See `_Lock`."""
        try:
            if self._connection is not None and await self._is_alive(self._connection):
                return ""
            await self._hang_up()
            await self.take(who)
        except DatabaseInUse as error:
            await self._hang_up()
            return str(error)
        except StoreError as error:
            await self._hang_up()
            return f"The lock on the database is lost, so another Quad could start on it: {error}"
        return ""

    async def tell(self, who: str) -> None:
        """See `_Lock`."""
        with declared_errors():
            async with asyncio.timeout(ANSWER_S):
                if self._connection is not None:
                    await self._connection.run_sync(_tell_owner, who)

    async def let_go(self) -> None:
        """See `_Lock`."""
        await self._hang_up()
        await self._engine.dispose()

    async def _wait_for(self, connection: AsyncConnection) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + _PATIENCE_S
        while not await connection.scalar(locks.take_owner(connection)):
            if loop.time() > end:
                who = await connection.run_sync(_owner)
                raise _in_use(safe_url(self._url), who)
            await asyncio.sleep(_LOOK_EVERY_S)
        # Behind our lock, because nodes look for it when they have theirs.
        while cluster := await _living_cluster(connection):
            if loop.time() > end:
                raise _in_use(safe_url(self._url), f"the cluster {cluster}")
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _is_alive(self, connection: AsyncConnection) -> bool:
        try:
            with declared_errors():
                async with asyncio.timeout(ANSWER_S):
                    await connection.scalar(text("SELECT 1"))
        except StoreError:
            return False
        return True

    async def _hang_up(self) -> None:
        """The session ends, and its lock with it; a server that hangs is not waited for."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        with contextlib.suppress(Exception):
            async with asyncio.timeout(1.0):
                await connection.invalidate()
                await connection.close()


def _gone(file: Path) -> str:
    return (
        f"{file} was removed or replaced under the running server: what is saved from now on may "
        "be lost when the server stops."
    )


def _in_use(database: str, who: str) -> DatabaseInUse:
    known = f": {who}" if who else ""
    return DatabaseInUse(f"Another Quad has the database {database}{known}.")


def _tell_owner(connection: Connection, who: str) -> None:
    if _has_table(connection):
        connection.execute(_TELL_OWNER, {"id": 1, "who": who})


def _owner(connection: Connection) -> str:
    found = connection.scalar(select(owner.c.who)) if _has_table(connection) else None
    return found or ""


async def _living_cluster(connection: AsyncConnection) -> str:
    has_nodes = await connection.run_sync(partial(_has_table, table=nodes))
    return await name_of_living(connection) if has_nodes else ""


def _has_table(connection: Connection, table: Table = owner) -> bool:
    """Before the first migrations there is none."""
    return inspect(connection).has_table(table.name)


def _inode(of: Path | int) -> tuple[int, int] | None:
    try:
        found = of.stat() if isinstance(of, Path) else os.fstat(of)
    except OSError:
        return None
    return found.st_dev, found.st_ino
