"""Whole servers as nodes of one cluster, in this process, on a real database and a real broker."""

from __future__ import annotations

import asyncio
import secrets
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import httpx

from quad.server import serving
from quad.settings import (
    AdminSettings,
    ClusterSettings,
    IdentitySettings,
    LimitSettings,
    NodeSettings,
    ServerSettings,
    Settings,
)
from tests.bus.brokers import broker_url
from tests.patience import patience
from tests.process import ServerProcess

PASSWORD: Final = "let me in, all of you"
_KEY: Final = "k" * 43


class Site:
    """Some nodes of one cluster; more may come."""

    def __init__(self, database_url: str, data: Path, limits: LimitSettings | None = None) -> None:
        self.urls: dict[str, str] = {}
        self.administrators: dict[str, httpx.AsyncClient] = {}
        self.drain_s = 0.2
        """Of the nodes that are started from now on."""
        self._limits = limits or LimitSettings(mode="off")
        self._database = database_url
        self._data = data
        self._bus = broker_url("nats")
        self._cluster = f"test-{secrets.token_hex(4)}"
        self._stacks: dict[str, AsyncExitStack] = {}

    async def start(self, name: str, generation: int = 0) -> str:
        """One node more, in this process; returns its URL."""
        stack = self._stacks[name] = AsyncExitStack()
        url = self.urls[name] = await stack.enter_async_context(
            serving(self._settings(name, generation))
        )
        browser = httpx.AsyncClient(base_url=url, auth=("admin", PASSWORD), timeout=patience(10))
        self.administrators[name] = await stack.enter_async_context(browser)
        return url

    async def stop(self, name: str) -> None:
        """End one of those in this process."""
        await self._stacks.pop(name).aclose()
        del self.urls[name], self.administrators[name]

    async def aclose(self) -> None:
        """End all of those in this process, as a computer does that is switched off."""
        await asyncio.gather(*map(self.stop, list(self._stacks)))

    def process(self, name: str) -> ServerProcess:
        """One node more, in a process of its own; waits for its start."""
        settings = self._settings(name, 0)
        env = {
            "QUAD_DATABASE": self._database,
            "QUAD_BUS": self._bus,
            "QUAD_CLUSTER_NAME": self._cluster,
            "QUAD_NODE_NAME": name,
            "QUAD_KEY": _KEY,
            "QUAD_DATA": str(settings.server.data),
            "QUAD_ADMIN_PASSWORD": PASSWORD,
            "QUAD_IDENTITY_LOGIN": "guest",
        }
        return ServerProcess([sys.executable, "-m", "quad", "serve", "--port", "0"], env=env)

    async def figures(self, name: str) -> Any:
        """What the administrator sees who asks this node."""
        answer = await self.administrators[name].get("/API/admin/figures")
        assert answer.status_code == 200, answer.text
        return answer.json()

    def _settings(self, name: str, generation: int) -> Settings:
        return Settings(
            server=ServerSettings(
                port=0,
                data=self._data / name,
                database=self._database,
                key_secret=_KEY,
                drain_s=self.drain_s,
            ),
            cluster=ClusterSettings(bus=self._bus, name=self._cluster),
            node=NodeSettings(name=name, generation=generation),
            admin=AdminSettings(password=PASSWORD),
            identity=IdentitySettings(login="guest"),
            limits=self._limits,
        )


async def until_all_know(site: Site, *names: str) -> None:
    """Return when each of these nodes sees all of them serving, with their share of the shards."""
    share = 256 // len(names)
    async with asyncio.timeout(patience(20)):
        for name in site.urls:
            while True:
                nodes = (await site.figures(name)).get("nodes", [])
                serving = {
                    each["name"]
                    for each in nodes
                    if each["state"] == "serving" and each["shards"] - share in {-1, 0, 1, 2}
                }
                if serving == set(names) and len(nodes) == len(names):
                    break
                await asyncio.sleep(0.05)
