"""What a student's folder does while it is shared: the whole tree, then its changes."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Final, Protocol

import msgspec
from watchfiles import Change, awatch

from quad.cli.connection import ConnectionLost, Declined
from quad.cli.share.changes import File, applied, changes, parcels, settled
from quad.cli.share.folder import Files, Folder, Snapshot
from quad.cli.share.ignoring import NEVER, Ignores
from quad.cli.share.unsent import UnsentFile, refused_files, still_shown, unsent_files


class Send(Protocol):
    """Sends `sharing/code_send`, `…/code_update` or `…/left_out`."""

    def __call__(
        self,
        event: str,
        files: Sequence[File] | Sequence[UnsentFile],
        *,
        is_tree: bool = False,
    ) -> Awaitable[None]:
        """`is_tree`: nobody has written this just now. Raises ConnectionLost, Declined."""


Tell = Callable[["Report"], None]

PACE_S: Final = 1.0
# Operating systems drop events when too much happens: now and then one looks without being told.
_LOOK_ANYWAY_S: Final = 5.0
# A large tree goes in pieces, and not faster than a slow line of the teacher's takes them.
_PARCEL_BYTES: Final = 256_000
_PARCEL_PAUSE_S: Final = 0.1
# How long many small events count as one.
_QUIET_MS: Final = 50
_TOO_MUCH: Final = re.compile(r"more than (\d+) (files|bytes)")


class Report(msgspec.Struct, frozen=True):
    """What was sent just now, or why nothing was."""

    files: Sequence[File]
    snapshot: Snapshot
    is_whole: bool = False
    trouble: str = ""
    is_watched: bool = True


class Watching:
    """One time of being shared; `run` goes on until it is cancelled or the connection ends."""

    def __init__(
        self,
        folder: Folder,
        ignores: Ignores,
        send: Send,
        tell: Tell,
        *,
        pace_s: float = PACE_S,
        is_polling: bool = False,
    ) -> None:
        self._folder = folder
        self._ignores = ignores
        self._send = send
        self._tell = tell
        self._pace_s = pace_s
        self._is_polling = is_polling
        self._woken = asyncio.Event()
        self._is_anew = False
        self._is_refused = False
        # What the server did not keep of the files, until it takes some; and what the teacher was
        # told of all that does not come.
        self._refused: Sequence[UnsentFile] = ()
        self._told: Sequence[UnsentFile] = ()

    def ignore(self, ignores: Ignores) -> None:
        """The room's settings have changed: what is sent follows at once."""
        self._ignores = ignores
        self._is_anew = True
        self._woken.set()

    async def run(self) -> None:
        """Send the whole tree and then what changes, at most once a second."""
        watcher = asyncio.create_task(self._watch())
        try:
            await self._follow()
        except ConnectionLost:
            """Whoever keeps the connection knows it, too."""
        finally:
            watcher.cancel()
            await asyncio.gather(watcher, return_exceptions=True)

    async def _follow(self) -> None:
        earlier = await self._look()
        # Before the files: a teacher who hears of it keeps what was shown of them.
        await self._tell_unsent(earlier, earlier)
        sent = await self._send_tree(earlier)
        while True:
            started = asyncio.get_running_loop().time()
            is_settled = sent == earlier.files | still_shown(sent, earlier)
            await self._until_worth_looking(is_waiting=self._is_refused or is_settled)
            await asyncio.sleep(started + self._pace_s - asyncio.get_running_loop().time())
            now = await self._look()
            wanted = now.files if self._is_anew else settled(sent, earlier.files, now.files)
            wanted = wanted | still_shown(sent, now)
            self._is_anew = False
            await self._tell_unsent(now, earlier)
            if wanted == sent:
                self._refused = ()
            else:
                sent = await self._send_changes(sent, wanted, now)
            await self._tell_unsent(now, earlier)
            earlier = now

    async def _until_worth_looking(self, *, is_waiting: bool) -> None:
        """`is_waiting` for something new; otherwise something has to be seen a second time."""
        if is_waiting:
            try:
                async with asyncio.timeout(self._pace_s if self._is_polling else _LOOK_ANYWAY_S):
                    await self._woken.wait()
            except TimeoutError:
                """Look anyway."""
        self._woken.clear()

    async def _look(self) -> Snapshot:
        return await asyncio.to_thread(self._folder.snapshot, self._ignores)

    async def _send_tree(self, snapshot: Snapshot) -> Files:
        files = changes({}, snapshot.files)
        return await self._deliver({}, files, snapshot, is_whole=True)

    async def _send_changes(self, sent: Files, wanted: Files, snapshot: Snapshot) -> Files:
        return await self._deliver(sent, changes(sent, wanted), snapshot, is_whole=False)

    async def _deliver(
        self, sent: Files, files: Sequence[File], snapshot: Snapshot, *, is_whole: bool
    ) -> Files:
        """Send in parcels; returns what the teacher has seen by then."""
        event = "sharing/code_send" if is_whole else "sharing/code_update"
        trouble = ""
        delivered: list[File] = []
        self._is_refused = False
        self._refused = ()
        try:
            for parcel in parcels(files, _PARCEL_BYTES):
                if delivered:
                    await asyncio.sleep(_PARCEL_PAUSE_S)
                await self._send(event, parcel, is_tree=is_whole)
                delivered += parcel
                event = "sharing/code_update"
        except Declined as declined:
            trouble = declined.sentence
            self._make_do(declined, files[len(delivered) :])
        self._tell(Report(delivered, snapshot, is_whole, trouble))
        return applied(delivered, sent)

    def _make_do(self, declined: Declined, undelivered: Sequence[File]) -> None:
        """Share less, if the server keeps less; everything else is tried again after a while."""
        too_much = _TOO_MUCH.search(declined.sentence)
        if declined.code != "files_limit" or too_much is None:
            self._is_refused = True
            self._refused = () if declined.may_pass else refused_files(undelivered)
            return
        key = {"files": "files", "bytes": "total"}[too_much[2]]
        limits = msgspec.structs.replace(self._folder.limits, **{key: int(too_much[1])})
        self._folder.limits = limits

    async def _tell_unsent(self, now: Snapshot, earlier: Snapshot) -> None:
        """Tell the teacher of files that do not come, if that is new."""
        unsent = unsent_files(now, earlier, self._refused)
        if unsent == self._told:
            return
        try:
            await self._send("sharing/left_out", unsent)
        except Declined as declined:
            if declined.may_pass:
                return
        # What a server does not take, or does not know, is not tried again and again.
        self._told = unsent

    async def _watch(self) -> None:
        if self._is_polling:
            return
        try:
            async for _ in awatch(
                self._folder.root, watch_filter=_may_matter, step=_QUIET_MS, debounce=500
            ):
                self._woken.set()
        except (OSError, RuntimeError):
            # More directories than the system lets anybody watch, or a file system without events.
            self._is_polling = True
            self._woken.set()


def _may_matter(_change: Change, path: str) -> bool:
    return NEVER.isdisjoint(Path(path).parts)
