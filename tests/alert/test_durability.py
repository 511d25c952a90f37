"""What anybody was shown is there after kill -9."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.alert.hall import Guest
from tests.nodes import Served, serve
from tests.patience import patience

WINDOW = 32
KILLS = 3


@contextmanager
def quad_process(data: Path) -> Iterator[Served]:
    process = serve("--limits", "off", data=data, env={"QUAD_ALERT_HISTORY_LIMIT": "1000"})
    try:
        yield process
    finally:
        process.kill()
        assert "Traceback" not in process.output, process.output


async def member(process: Served, name: str) -> Guest:
    guest = Guest()
    await guest.connect(process.url, {})
    await guest.join(name, "R101")
    return guest


def messages(guest: Guest) -> list[str]:
    return [payload["msg"] for event, payload in guest.heard if event == "message"]


async def speak_until(alice: Guest, first: int, shown: int) -> int:
    """Say numbers, a window of them in flight, until so many were shown; the next number."""
    said, before = first, len(messages(alice))
    async with asyncio.timeout(patience(20)):
        while len(messages(alice)) < before + shown:
            while said - first < len(messages(alice)) - before + WINDOW:
                await alice.emit("text", {"msg": str(said)})
                said += 1
            await asyncio.sleep(0.001)
    return said


@pytest.mark.slow
async def test_nothing_that_was_shown_is_lost_and_nothing_changes_its_order(
    tmp_path: Path,
) -> None:
    known: list[str] = []
    said = 0
    for kill in range(KILLS):
        with quad_process(tmp_path) as process:
            # A newcomer hears everything, and one who comes back what is in doubt.
            alice, bob = await member(process, "alice"), await member(process, f"bob {kill}")
            assert messages(bob)[: len(known)] == known
            said = await speak_until(alice, said, 100)
            process.kill()
            for guest in (alice, bob):
                await guest.close()
            known = max(messages(alice), messages(bob), key=len)
    with quad_process(tmp_path) as process:
        newcomer = await member(process, "carol")
        replayed = messages(newcomer)
        assert replayed[: len(known)] == known
        # What was committed and not shown any more may follow.
        numbers = [int(line.removeprefix("ALICE: ")) for line in replayed]
        assert numbers == sorted(set(numbers))
        await newcomer.close()
