"""Asks the process that reads and writes folders: see `quad.folders`."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Mapping
from typing import Final

import msgspec

from quad.addresses import block
from quad.classroom.refusals import (
    BadCheck,
    BadFolder,
    BadFrontMatter,
    BadName,
    NoArchive,
    NoTasks,
    NotText,
    TooLarge,
    TooLong,
)
from quad.exclusive import Exclusive
from quad.folders.model import Answer, Asked, Declined, Pack, Packed, Unpack, Unpacked
from quad.realtime import Refused

# It bounds its own time at work; this is for a machine that lets it wait.
_DEADLINE_S: Final = 120.0
_AT_ONCE: Final = max(2, os.cpu_count() or 1)
_COMMAND: Final = (sys.executable, "-m", "quad.folders")
_KINDS: Final[Mapping[str, type[BadFolder]]] = {
    kind.code: kind for kind in (BadCheck, BadFrontMatter, BadName, NoArchive, NotText, NoTasks)
}


class Converter:
    """Folders of sets, and sets of folders: a few at once, and one for each address."""

    def __init__(self) -> None:
        self._turns: Final = Exclusive()
        self._places: Final = asyncio.Semaphore(_AT_ONCE)

    async def pack(self, asked: Pack, address: str) -> bytes:
        """The folder; raises TooLarge, TooLong."""
        answer = await self._ask(asked, address)
        assert isinstance(answer, Packed)
        return answer.archive

    async def unpack(self, archive: bytes, address: str) -> Unpacked:
        """The set; raises BadFolder, TooLarge."""
        answer = await self._ask(Unpack(archive), address)
        assert isinstance(answer, Unpacked)
        return answer

    async def _ask(self, asked: Asked, address: str) -> Answer:
        async with self._turns.turn(block(address)), self._places:
            said = await _told_by_process(msgspec.msgpack.encode(asked))
        answer: Answer = msgspec.msgpack.decode(said, type=Answer)
        if isinstance(answer, Declined):
            raise refusal_of(answer)
        return answer


async def _told_by_process(question: bytes) -> bytes:
    process = await asyncio.create_subprocess_exec(
        *_COMMAND, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(_DEADLINE_S):
            answer, _ = await process.communicate(question)
    except TimeoutError:
        raise TooLong from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode:
        # It has taken more time, or memory, than anything that is of use.
        raise TooLong
    return answer


def refusal_of(declined: Declined) -> Refused:
    """What the process has declined, in the words of HTTP."""
    if declined.code == TooLarge.code:
        return TooLarge(declined.sentence)
    return _KINDS[declined.code](declined.sentence)
