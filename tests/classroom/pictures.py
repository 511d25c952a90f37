"""Pictures for tests, and teachers who have a key at a whole server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from quad.server import serving
from quad.settings import (
    AdminSettings,
    LimitSettings,
    ServerSettings,
    Settings,
    StoreSettings,
)
from tests import nodes
from tests.classroom.school import Peer, enter

NEW: dict[str, Any] = {"protocol": 3}
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20
GIF = b"GIF89a" + b"\x01" * 20
JPEG = b"\xff\xd8\xff\xe0" + b"\x02" * 20
WEBP = b"RIFF\x20\x00\x00\x00WEBPVP8 " + b"\x03" * 20
KINDS = {"image/png": PNG, "image/gif": GIF, "image/jpeg": JPEG, "image/webp": WEBP}


class Browser:
    """A teacher with a key, at a server: their connection, and what they ask by HTTP."""

    def __init__(self, peer: Peer, room: dict[str, Any], http: httpx.AsyncClient) -> None:
        self.peer = peer
        self.room = room
        self.key: str = room["teacher"]
        self.http = http

    async def post(self, path: str, body: bytes, key: str | None = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.key if key is None else key}"}
        return await self.http.post(path, content=body, headers=headers)

    async def get(self, path: str, key: str | None = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.key if key is None else key}"}
        return await self.http.get(path, headers=headers)

    async def upload(self, content: bytes) -> str:
        """Keep a picture; returns its address."""
        answer = await self.post("/classes/pictures", content)
        assert answer.status_code == 201, answer.text
        src: str = answer.json()["src"]
        return src

    async def is_there(self, src: str) -> bool:
        """Whether whoever asks gets the picture."""
        return (await self.http.get(src)).status_code == 200


@asynccontextmanager
async def teaching(site: str, name: str = "T") -> AsyncIterator[Browser]:
    """A teacher who opens a class, and stays while the block runs."""
    peer = await enter(site, "")
    await peer.emit("room/create", {"name": name, **NEW})
    room = await peer.expect("room/update")
    async with httpx.AsyncClient(base_url=site) as http:
        yield Browser(peer, room, http)
    await peer.close()


@asynccontextmanager
async def opened_site(data: Path, public_url: str = "") -> AsyncIterator[str]:
    """A whole server, or several nodes, while the block runs."""
    limits = LimitSettings(failed_joins_burst_per_address=5)
    if nodes.COUNT:
        whole = Settings(server=ServerSettings(public_url=public_url), limits=limits)
        with nodes.opened(data / "quad.sqlite3", whole, limits=True) as served:
            yield served.url
        return
    server = ServerSettings(port=0, data=data, drain_s=0.1, public_url=public_url)
    admin, store = AdminSettings(password="a" * 12), StoreSettings(busy_timeout_ms=20)
    async with serving(Settings(server=server, admin=admin, limits=limits, store=store)) as site:
        yield site
