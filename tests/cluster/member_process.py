"""A member of a cluster as a process: prints what it is told, and does what its input says.

owned           how many shards are open here
write N         saves a row; "saved", or the error
sleep N         begins to save a row, and stops itself in the middle of the transaction
suspended       whether it is
drain           gives its shards away
"""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, CursorResult

from quad.store import Change, Procedure, StoreError, upsert
from quad.store.schema import probe
from tests.cluster.members import Member, SocketBus

SAVE = upsert(probe, key=["id"], update=["filler"])


async def serve(url: str, directory: Path, cluster: str) -> None:
    member = await Member.open_on(
        url, lambda me: SocketBus(directory, me), f"process {os.getpid()}", cluster
    )
    member.hear = say
    await member.membership.join()
    say("ready")
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async for line in reader:
        command = line.decode().strip()
        say(f"{command}: {await obey(member, command)}")
    await member.aclose()


async def obey(member: Member, command: str) -> object:
    match command.split():
        case ["owned"]:
            return len(member.owned)
        case ["suspended"]:
            return member.membership.is_suspended
        case ["drain"]:
            await member.membership.drain()
            return "drained"
        case ["write", number]:
            return await write(member, Change(SAVE, row(number)))
        case ["sleep", number]:
            return await write(member, Change(Procedure(falling_asleep(row(number)))))
        case _:
            raise AssertionError(command)


async def write(member: Member, change: Change) -> str:
    try:
        await member.store.write(change)
    except StoreError as error:
        return type(error).__name__
    return "saved"


def falling_asleep(values: dict[str, object]) -> Any:
    times = iter(range(99))

    def run(connection: Connection) -> CursorResult[Any]:
        result = connection.execute(SAVE, values)
        if next(times) == 0:
            os.kill(os.getpid(), signal.SIGSTOP)
        return result

    return run


def row(number: str) -> dict[str, object]:
    return {"id": int(number), "filler": b""}


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], Path(sys.argv[2]), sys.argv[3]))
