"""The chat server of the engine's page, as it is printed there, in a process of its own."""

import asyncio
import sys
from pathlib import Path

import socketio

from tests.docs.test_docs import ROOT, blocks
from tests.process import ServerProcess
from tests.protocol.peers import Target
from tests.realtime.serving import client_of, until

PAGE = ROOT / "docs/topics/engine.md"


async def test_the_chat_server_of_the_page_serves_two_people(tmp_path: Path) -> None:
    code = next(blocks(PAGE, "python"))
    assert sum(bool(line.strip()) for line in code.splitlines()) < 30
    program = tmp_path / "chat.py"
    program.write_text(code, encoding="utf-8")
    command = [sys.executable, str(program)]
    process = await asyncio.to_thread(ServerProcess, command, cwd=tmp_path)
    try:
        await chat(Target(process.host, process.port))
        assert "Traceback" not in process.output
    finally:
        await asyncio.to_thread(process.terminate)


async def chat(target: Target) -> None:
    async with client_of(target) as ann, client_of(target) as bob:
        heard_by_ann, heard_by_bob = listen_to(ann), listen_to(bob)
        assert await ann.call("join", {"name": "Ann"}) == ["Ann"]
        refused = await bob.call("say", "too early")
        assert refused["message"] == "Error: join first"
        wrong = await bob.call("join", {"name": 5})
        assert wrong["message"] == "Error: join: Expected `str`, got `int` - at `name`"
        assert await bob.call("join", {"name": "Bob"}) == ["Ann", "Bob"]
        await ann.call("say", "hello")
        await bob.call("say", "hi")
        await until(lambda: len(heard_by_ann) == 3)
        await until(lambda: len(heard_by_bob) == 2)
        assert heard_by_bob == [("said", "Ann", "hello"), ("said", "Bob", "hi")]
        assert heard_by_ann == [("joined", "Bob"), *heard_by_bob]
        await bob.disconnect()
        await until(lambda: heard_by_ann[-1] == ("left", "Bob"))


def listen_to(client: socketio.AsyncClient) -> list[tuple[str, ...]]:
    heard: list[tuple[str, ...]] = []
    for event in ("joined", "said", "left"):
        client.on(event, lambda *args, event=event: heard.append((event, *args)))
    return heard
