"""RabbitMQ: one exchange a cluster, and a queue a connection that goes with it.

Nothing is persistent or confirmed: the links at both ends acknowledge.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Final, cast

import aio_pika
import aiormq

from quad.bus.broker import CONNECT_TIMEOUT_S, Receive, Session, wait_briefly

# Of a node that does not read; the oldest is dropped then, which its links notice.
QUEUE_LIMIT_BYTES: Final = 64 * 1024 * 1024
# A broker that is silent for some three of them is away. (Its client's default is a minute.)
HEARTBEAT_S: Final = 5
# After so much, whoever sends waits until it is written.
WRITE_BYTES: Final = 256 * 1024

_ALL: Final = "all"

# It reports every attempt to connect as an error; the bus does that once.
logging.getLogger("aiormq.connection").setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class RabbitMQ:
    """A RabbitMQ server, and how to sign in."""

    url: str = field(repr=False)
    place: str
    cluster: str
    me: int

    async def connect(self, receive: Receive) -> Session:
        """Sign in, and bind a queue to this node's number and to everybody's word."""
        connection = await aio_pika.connect(
            self.url,
            timeout=CONNECT_TIMEOUT_S,
            heartbeat=HEARTBEAT_S,
            client_properties={"connection_name": f"quad {self.cluster} {self.me}"},
        )
        try:
            return await self._open(connection, receive)
        except BaseException:
            await wait_briefly(connection.close())
            raise

    async def _open(self, connection: aio_pika.abc.AbstractConnection, receive: Receive) -> Session:
        # The library's lower half: its upper one costs twice as much for each message.
        opened = await connection.channel(publisher_confirms=False)
        channel = cast(aiormq.Channel, await opened.get_underlay_channel())
        exchange = f"quad.{self.cluster}"
        await channel.exchange_declare(exchange, exchange_type="direct", durable=False)
        # Named by the server: the queue of a connection that was lost may live on for a while.
        declared = await channel.queue_declare(
            exclusive=True, auto_delete=True, arguments={"x-max-length-bytes": QUEUE_LIMIT_BYTES}
        )
        queue = str(declared.queue)
        for key in (str(self.me), _ALL):
            await channel.queue_bind(queue, exchange, key)

        async def heard(message: aiormq.abc.DeliveredMessage) -> None:
            receive(message.body)

        await channel.basic_consume(queue, heard, no_ack=True)
        return RabbitMQSession(connection, channel, exchange)


class RabbitMQSession:
    """One connection to RabbitMQ, with its one channel."""

    def __init__(
        self,
        connection: aio_pika.abc.AbstractConnection,
        channel: aiormq.Channel,
        exchange: str,
    ) -> None:
        self._connection = connection
        self._channel = channel
        self._exchange = exchange
        self._unwritten_bytes = 0

    async def send(self, node: int | None, data: bytes) -> None:
        """Publish; waits now and then, when that much was published."""
        self._unwritten_bytes += len(data)
        is_much = self._unwritten_bytes > WRITE_BYTES
        if is_much:
            self._unwritten_bytes = 0
        await self._channel.basic_publish(
            data,
            exchange=self._exchange,
            routing_key=_ALL if node is None else str(node),
            wait=is_much,
        )

    async def until_closed(self) -> None:
        """Return when the channel or the connection is closed."""
        await asyncio.wait([self._channel.closing])

    async def aclose(self) -> None:
        """End the connection."""
        await self._connection.close()
