"""The real server is killed in the middle of everything, and nothing that was accepted is lost."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.chat.phones import PATIENCE_S, Phone
from tests.nodes import Served, serve

CHAT = "team"
WINDOW = 64
TOKENS = {number: f"the own token of {number}, made for it" for number in ("111", "222")}


@contextmanager
def quad_process(data: Path) -> Iterator[Served]:
    process = serve("--limits", "off", data=data)
    try:
        yield process
    finally:
        process.kill()
        assert "Traceback" not in process.output, process.output


async def phone(process: Served, number: str) -> Phone:
    url = process.url.replace("http", "ws")
    made = Phone(await connect(url, compression=None), number)
    return await made.register(protocol=2, token=TOKENS[number])


async def speak_until(ann: Phone, first: int, heard: int) -> tuple[int, list[str]]:
    """Say numbers, a window of them in flight, until so many came back."""
    said, texts = first, list[str]()
    while len(texts) < heard:
        while said - first < len(texts) + WINDOW:
            await ann.send(CHAT, str(said))
            said += 1
        texts.append((await ann.expect("message"))["message"])
    return said, texts


async def rest(phone: Phone) -> list[str]:
    """What had arrived before the connection ended."""
    texts = []
    with suppress(ConnectionClosed):
        while True:
            heard: dict[str, Any] = json.loads(await phone.socket.recv())
            texts.append(heard["message"])
    return texts


@pytest.mark.slow
async def test_what_anybody_was_told_is_told_to_everybody_after_kill_9(tmp_path: Path) -> None:
    """Ann is told what Ben, who is away, gets at his first login after two kills."""
    known: list[str] = []
    said = 0
    for is_first in (True, False):
        with quad_process(tmp_path) as process:
            ann = await phone(process, "111")
            if is_first:
                ben = await phone(process, "222")
                await ann.create(CHAT, ben)
                await ben.leave()
                await ann.register(protocol=2)
            known += [text for text in ann.missed(CHAT) if text not in known]
            (chat,) = ann.state["chats"]
            dates = {each["phone"]: each["disconnection_date"] for each in chat["chat"]["members"]}
            assert dates["111"] is None
            assert dates["222"] is not None
            async with asyncio.timeout(PATIENCE_S):
                said, texts = await speak_until(ann, said, 300)
            known += texts
            process.kill()
            known += await rest(ann)
    with quad_process(tmp_path) as process:
        ann, ben = await phone(process, "111"), await phone(process, "222")
        known += [text for text in ann.missed(CHAT) if text not in known]
        assert ben.missed(CHAT) == known
        numbers = [int(text) for text in known]
        assert numbers == sorted(set(numbers))
        assert len(numbers) >= 600
        await ann.socket.close()
        await ben.socket.close()


async def test_a_stop_in_good_order_tells_everyone_and_repeats_nothing(tmp_path: Path) -> None:
    with quad_process(tmp_path) as process:
        ann = await phone(process, "111")
        await ann.create(CHAT)
        await ann.send(CHAT, "seen")
        await ann.expect_texts("seen")
        await ann.proven()
        stopping = asyncio.create_task(asyncio.to_thread(process.terminate))
        await ann.socket.wait_closed()
        assert ann.socket.close_code == 1012
        assert await stopping == 0
    with quad_process(tmp_path) as process:
        ann = await phone(process, "111")
        assert ann.missed(CHAT) == []
        await ann.socket.close()
