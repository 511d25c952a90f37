"""Clients of every kind in one chat: websockets, websocket-client, ws, and a browser's own."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest
import websocket

from tests.browser import a_chromium
from tests.chat.phones import PATIENCE_S, Phone, Station

HERE = Path(__file__).resolve().parent
CHAT = "all kinds"
TEXT = 'Olá, 😀\n\u0000"\\'


class Client(Protocol):
    """What the clients have in common: texts out, texts in."""

    async def send(self, text: str) -> None: ...

    async def recv(self) -> str: ...


class WebSocketClient:
    """websocket-client, which is synchronous: it answers Pings only while it receives."""

    def __init__(self, socket: websocket.WebSocket) -> None:
        self._socket = socket

    async def send(self, text: str) -> None:
        await asyncio.to_thread(self._socket.send, text)

    async def recv(self) -> str:
        return str(await asyncio.to_thread(self._socket.recv))


class Process:
    """A client in a process of its own, a line for each message."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def send(self, text: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(text.encode() + b"\n")
        await self._process.stdin.drain()

    async def recv(self) -> str:
        assert self._process.stdout is not None
        return (await self._process.stdout.readline()).decode()


class Page:
    """A page in Chromium, with the browser's own WebSocket."""

    def __init__(self, page: Any) -> None:
        self._page = page

    async def send(self, text: str) -> None:
        await self._page.evaluate("text => socket.send(text)", text)

    async def recv(self) -> str:
        return str(await self._page.evaluate("() => next()"))


_SCRIPT = """url => new Promise((resolve, reject) => {
    const heard = [], waiting = [];
    window.socket = new WebSocket(url);
    window.next = () => new Promise(
        done => heard.length ? done(heard.shift()) : waiting.push(done)
    );
    socket.onmessage = e => waiting.length ? waiting.shift()(e.data) : heard.push(e.data);
    socket.onopen = () => resolve();
    socket.onerror = () => reject("no connection");
})"""


@asynccontextmanager
async def on_websockets(station: Station) -> AsyncIterator[Client]:
    phone = await station.connect()
    yield phone.socket  # type: ignore[misc]  # recv gives str for text
    await phone.socket.close()


@asynccontextmanager
async def on_websocket_client(station: Station) -> AsyncIterator[Client]:
    socket = await asyncio.to_thread(websocket.create_connection, station.ws_url, PATIENCE_S)
    try:
        yield WebSocketClient(socket)
    finally:
        await asyncio.to_thread(socket.close)


@asynccontextmanager
async def on_ws(station: Station) -> AsyncIterator[Client]:
    process = await asyncio.create_subprocess_exec(
        *("node", str(HERE / "ws_phone.cjs"), station.ws_url),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    yield Process(process)
    assert process.stdin is not None
    process.stdin.close()
    assert await process.wait() == 0


@asynccontextmanager
async def in_a_browser(station: Station) -> AsyncIterator[Client]:
    async with a_chromium() as browser:
        page = await browser.new_page()
        await page.goto(station.url)
        await page.evaluate(_SCRIPT, station.ws_url)
        yield Page(page)


KINDS: dict[str, Callable[[Station], AbstractAsyncContextManager[Client]]] = {
    "websockets": on_websockets,
    "websocket-client": on_websocket_client,
    "ws": on_ws,
    "browser": in_a_browser,
}


async def hear(client: Client) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE_S):
        heard: dict[str, Any] = json.loads(await client.recv())
    return heard


async def say(client: Client, type_: str, **keys: object) -> None:
    await client.send(json.dumps({"type": type_, **keys}))


async def log_in(client: Client, number: str) -> dict[str, Any]:
    await say(client, "register", user={"name": f"Phone {number}", "phone": number})
    state = await hear(client)
    assert state["type"] == "state"
    return state


@pytest.mark.node
@pytest.mark.browser
@pytest.mark.parametrize("kind", KINDS)
async def test_a_client_of_this_kind_talks_with_another(station: Station, kind: str) -> None:
    ben = await station.phone("222")
    async with KINDS[kind](station) as ann:
        await log_in(ann, "111")
        await say(ann, "create_chat", name=CHAT)
        assert (await hear(ann))["type"] == "new_member"
        await say(ann, "add_member", chat=CHAT, phone="222")
        assert (await hear(ann))["user"]["phone"] == "222"
        await ben.expect("new_member")
        await say(ann, "send_message", chat=CHAT, message=TEXT)
        await ben.expect_texts(TEXT)
        await ben.send(CHAT, TEXT)
        for phone in ("111", "222"):
            message = await hear(ann)
            assert (message["message"], message["from"]["phone"]) == (TEXT, phone)
        await say(ann, "nonsense")
        assert (await hear(ann))["type"] == "error"
        await proven(station, "111")
    await ben.send(CHAT, "while away")
    await ben.expect_texts(TEXT, "while away")
    async with KINDS[kind](station) as ann:
        (chat,) = (await log_in(ann, "111"))["chats"]
        assert [message["message"] for message in chat["messages"]] == ["while away"]


async def proven(station: Station, number: str) -> None:
    """The client has answered the Ping after its last message."""
    reader = station.system.chats.users[number].reader
    async with asyncio.timeout(PATIENCE_S):
        while reader.position < station.system.endpoint.position:
            await asyncio.sleep(0.005)


@pytest.mark.node
@pytest.mark.browser
async def test_clients_of_all_kinds_meet_in_one_chat(station: Station) -> None:
    host: Phone = await station.phone("100")
    await host.create(CHAT)
    async with (
        on_websockets(station) as first,
        on_websocket_client(station) as second,
        on_ws(station) as third,
        in_a_browser(station) as fourth,
    ):
        clients = (first, second, third, fourth)
        for number, client in enumerate(clients):
            await log_in(client, f"20{number}")
            await host.say("add_member", chat=CHAT, phone=f"20{number}")
            assert (await hear(client))["type"] == "new_member"
            await host.expect("new_member")
        for client in clients[:3]:
            while (await hear(client))["user"]["phone"] != "203":
                pass
        for client in clients:
            await say(client, "send_message", chat=CHAT, message="from each")
        lists = [[(await hear(client))["from"]["phone"] for _ in clients] for client in clients]
        assert lists == [lists[0]] * 4
        assert sorted(lists[0]) == ["200", "201", "202", "203"]
