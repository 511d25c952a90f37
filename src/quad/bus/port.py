"""What a broker has to do for us: very little, so that many can."""

from collections.abc import Callable
from typing import Protocol

# The largest message that is ever given to a bus; NATS refuses more than 1 MiB.
MESSAGE_LIMIT_BYTES = 256 * 1024


class Bus(Protocol):
    """Sends bytes from this node to another, or to all.

    It may lose, double, delay and reorder messages, and stop for as long as it likes: what must not
    be lost goes over a `Link`. Nothing is called from another thread than the loop's.
    """

    async def start(self, receive: Callable[[bytes], object]) -> None:
        """Begin to hear. A broker that is away is looked for until `aclose`; this waits a few
        seconds for it and then returns all the same.

        `receive` gets every message to this node and every broadcast, the node's own included, by
        which it knows that it hears the broker. It must not wait, and not raise.
        """

    def send(self, node: int, data: bytes) -> None:
        """To one node; never waits, never raises. Lost when the broker is away or slow."""

    def broadcast(self, data: bytes) -> None:
        """To all nodes of the cluster, this one included, ahead of what waits for one of them.

        Meant for few and small messages; otherwise as `send`.
        """

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection to the broker, as far as is known."""

    async def aclose(self) -> None:
        """Stop hearing, and wait until what was sent has been written or given up."""
