"""Phones: clients of the chat, and the chat that they talk to."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from quad.chat.system import ChatSystem
from quad.realtime import EngineOptions, Host, Site, listen
from quad.realtime.http.polling import Receive, Scope, Send
from quad.settings import ChatSettings, EngineSettings, Settings
from quad.store import Mailbox, Store
from tests import nodes
from tests.patience import patience

PATIENCE_S = patience(20.0)


class Phone:
    """One connection of a phone."""

    def __init__(self, socket: ClientConnection, number: str) -> None:
        self.socket = socket
        self.number = number
        self.state: dict[str, Any] = {}

    @property
    def token(self) -> str:
        return str(self.state["token"])

    async def say(self, type_: str, **keys: object) -> None:
        await self.say_text(json.dumps({"type": type_, **keys}))

    async def say_text(self, text: str) -> None:
        async with asyncio.timeout(PATIENCE_S):
            await self.socket.send(text)

    async def hear(self) -> dict[str, Any]:
        """The next thing the server says."""
        async with asyncio.timeout(PATIENCE_S):
            heard: dict[str, Any] = json.loads(await self.socket.recv())
        return heard

    async def expect(self, type_: str) -> dict[str, Any]:
        """The next thing, which is of this type, without it."""
        heard = await self.hear()
        assert heard.pop("type") == type_, heard
        return heard

    async def expect_texts(self, *texts: str) -> None:
        """Messages with these texts, and nothing between."""
        assert [(await self.expect("message"))["message"] for _ in texts] == list(texts)

    async def expect_silence(self) -> None:
        """Nothing was said to this phone until the server answers a question of ours."""
        await self.say("nothing")
        assert "'nothing'" in (await self.expect("error"))["detail"]

    async def proven(self) -> None:
        """All that was heard is proven: the server reads our Pong before our next Ping."""
        async with asyncio.timeout(PATIENCE_S):
            await (await self.socket.ping())

    async def leave(self) -> list[str]:
        """Close, with everything heard proven; returns the texts that nobody had asked for yet."""
        await self.proven()
        closing = asyncio.create_task(self.socket.close())
        texts = []
        with contextlib.suppress(ConnectionClosed):
            while True:
                heard = await self.hear()
                if heard["type"] == "message":
                    texts.append(heard["message"])
        await closing
        return texts

    async def register(self, name: str | None = None, **keys: object) -> Self:
        """Log in; `state` is the answer."""
        user = {"name": name or f"Owner of {self.number}", "phone": self.number}
        await self.say("register", user=user, **keys)
        self.state = await self.expect("state")
        return self

    async def create(self, chat: str, *members: "Phone") -> None:
        """Create a chat with these members; everybody hears of it, and nobody of anything else."""
        await self.say("create_chat", name=chat)
        await self.expect("new_member")
        for position, member in enumerate(members):
            await self.say("add_member", chat=chat, phone=member.number)
            for other in (self, *members[: position + 1]):
                await other.expect("new_member")

    async def send(self, chat: str, *texts: str) -> None:
        for text in texts:
            await self.say("send_message", chat=chat, message=text)

    def missed(self, chat: str) -> list[str]:
        """The texts that the last `state` had for a chat."""
        (messages,) = [
            each["messages"] for each in self.state["chats"] if each["chat"]["name"] == chat
        ]
        return [message["message"] for message in messages]


def _now() -> datetime:
    return datetime.now(UTC)


class Station:
    """A running chat, and the phones that tests connect to it."""

    def __init__(self, url: str, system: ChatSystem) -> None:
        self.url = url
        self.system = system
        self._phones: list[Phone] = []

    @property
    def ws_url(self) -> str:
        return self.url.replace("http", "ws") + "/chat/ws"

    async def connect(self, number: str = "", **options: Any) -> Phone:
        """A connection that has not registered."""
        options.setdefault("compression", None)
        phone = Phone(await connect(options.pop("url", self.ws_url), **options), number)
        self._phones.append(phone)
        return phone

    async def phone(self, number: str, name: str | None = None, **keys: object) -> Phone:
        """A connection that has registered."""
        return await (await self.connect(number)).register(name, **keys)

    async def hang_up(self) -> None:
        for phone in self._phones:
            phone.socket.transport.abort()
            await phone.socket.wait_closed()


@asynccontextmanager
async def open_chat(
    database: Path | str,
    settings: ChatSettings | None = None,
    options: EngineOptions | None = None,
    site: Site | None = None,
    now: Callable[[], datetime] = _now,
) -> AsyncIterator[Station]:
    """Serve a chat while the block runs, on a file or on the database of an address."""
    if nodes.COUNT and isinstance(database, Path):
        if now is not _now or site is not None:
            nodes.cannot("the test has a clock or a site of its own")
        async with _station_of_nodes(database, settings, options) as station:
            yield station
        return
    url = database if isinstance(database, str) else f"sqlite+aiosqlite:///{database}"
    store = await Store.open(url)
    mailbox = await Mailbox.open(store, now_ms=lambda: int(now().timestamp() * 1000))
    system = ChatSystem(store, mailbox, settings or ChatSettings(), options, now=now)
    await system.start()
    host = Host({}, _page, dict.fromkeys(("/", "/chat/ws"), system.endpoint), site)
    async with listen(host, drain_s=0.1) as url:
        station = Station(url, system)
        try:
            yield station
        finally:
            await station.hang_up()
    await system.aclose()
    await store.aclose()


@asynccontextmanager
async def _station_of_nodes(
    database: Path, settings: ChatSettings | None, options: EngineOptions | None
) -> AsyncIterator[Station]:
    given, usual = options or EngineOptions(), EngineOptions()
    changed = {
        name: getattr(given, name)
        for name in given.__struct_fields__
        if getattr(given, name) != getattr(usual, name)
    }
    if not changed.keys() <= set(EngineSettings.__struct_fields__):
        nodes.cannot("the test has limits of its own")
    whole = Settings(engine=EngineSettings(**changed), chat=settings or ChatSettings())
    with nodes.opened(database, whole) as served:
        station = Station(served.url, nodes.beyond("system"))
        try:
            yield station
        finally:
            await station.hang_up()


async def _page(scope: Scope, receive: Receive, send: Send) -> None:
    """An empty page, from which a browser may connect."""
    headers = [(b"content-type", b"text/html")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"<!doctype html><title>A page</title>"})
