"""NATS: one subject a node, one for all."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field
from typing import Any, Final

import nats.aio.client
import nats.aio.msg
import nats.errors

from quad.bus.broker import CONNECT_TIMEOUT_S, Receive, Session, wait_briefly

# A broker that is silent for two of them is away. (Its client's default is two minutes.)
PING_S: Final = 3
FLUSH_TIMEOUT_S: Final = 2.0


@dataclass(frozen=True)
class Nats:
    """One NATS server or a cluster of them, and how to sign in."""

    servers: tuple[str, ...]  # host:port
    place: str
    cluster: str
    me: int
    tls: ssl.SSLContext | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)

    async def connect(self, receive: Receive) -> Session:
        """Sign in and subscribe."""
        session = NatsSession(f"quad.{self.cluster}", needs_tls=self.tls is not None)
        try:
            await session.open(self._options(), self.me, receive)
        except BaseException:
            await wait_briefly(session.aclose())
            raise
        return session

    def _options(self) -> dict[str, Any]:
        scheme = "nats" if self.tls is None else "tls"
        return {
            "servers": [f"{scheme}://{server}" for server in self.servers],
            "name": f"quad {self.cluster} {self.me}",
            "tls": self.tls,
            "user": self.user,
            "password": self.password,
            "token": self.token,
            # Its own way of connecting again ends at some errors, for example a server's limit.
            "allow_reconnect": False,
            "connect_timeout": int(CONNECT_TIMEOUT_S),
            "ping_interval": PING_S,
            "max_outstanding_pings": 2,
            "flush_timeout": FLUSH_TIMEOUT_S,
        }


class NatsSession:
    """One connection to NATS."""

    def __init__(self, prefix: str, *, needs_tls: bool) -> None:
        self._prefix = prefix
        self._all = f"{prefix}.all"
        self._client = _Client(needs_tls=needs_tls)
        self._closed = asyncio.Event()
        self._is_open = False

    async def open(self, options: dict[str, Any], me: int, receive: Receive) -> None:
        """Connect, and hear this node's subject and everybody's."""

        async def heard(message: nats.aio.msg.Msg) -> None:
            receive(message.data)

        await self._client.connect(
            **options, error_cb=self._note_error, closed_cb=self._note_closed
        )
        for subject in (f"{self._prefix}.{me}", self._all):
            await self._client.subscribe(subject, cb=heard)
        await self._client.flush()  # from now on the server knows
        self._is_open = True

    async def send(self, node: int | None, data: bytes) -> None:
        """Publish; waits while the client's buffer is full."""
        await self._client.publish(self._all if node is None else f"{self._prefix}.{node}", data)

    async def until_closed(self) -> None:
        """Return when the client has given up."""
        await self._closed.wait()

    async def aclose(self) -> None:
        """Write what is buffered and end the connection."""
        await self._client.close()

    async def _note_error(self, error: Exception) -> None:
        if not self._is_open:
            # Otherwise the client would try to connect for ever, and say nothing.
            raise error
        # Later, whatever it is ends the connection, or the links repair it.

    async def _note_closed(self) -> None:
        self._closed.set()


class _Client(nats.aio.client.Client):
    """A client that does not sign in without TLS, where TLS is wanted, just because the server, or
    somebody who answers in its place, says that it has none.
    """

    def __init__(self, *, needs_tls: bool) -> None:
        super().__init__()
        self._needs_tls = needs_tls

    def _connect_command(self) -> bytes:
        if self._needs_tls and not self._server_info.get("tls_required"):
            raise nats.errors.Error("the server offers no TLS")
        command: bytes = super()._connect_command()
        return command
