"""What waits for the next poll of a client on long-polling."""

import asyncio
from collections.abc import Iterable

from quad.realtime.sessions.unread import Unread
from quad.wire.engineio import AnyPacket, Binary, Close, Noop, Text

# The packets of the answer; none at all says that the server stops.
Answer = asyncio.Future[list[AnyPacket]]


class PollRefused(Exception):
    """A second request of a sort that may only be under way once; the session has ended."""


class Polling:
    """The packets that a client has not fetched, and the poll that waits for some."""

    __slots__ = (
        "_held",
        "_most",
        "_waiting",
        "held_bytes",
        "is_delivering",
        "is_posting",
        "is_slowed",
        "unread",
    )

    def __init__(self, most: int | None) -> None:
        """`most`: the packets that one answer may hold."""
        self._most = most
        self._held: list[AnyPacket] = []
        self._waiting: Answer | None = None
        self.held_bytes = 0
        self.is_posting = False
        self.is_delivering = False
        """Whether a part of the POST is not read yet."""
        self.is_slowed = False
        """Whether the session may be crowded."""
        self.unread: Unread | None = None
        """What the client says while it does not poll for what it was sent."""

    @property
    def is_waiting(self) -> bool:
        """Whether a poll is open."""
        return self._waiting is not None and not self._waiting.done()

    @property
    def is_empty(self) -> bool:
        """Whether the client has fetched everything."""
        return not self._held

    def wait(self) -> Answer:
        """A poll has arrived; its answer."""
        self._waiting = asyncio.get_running_loop().create_future()
        return self._waiting

    def hold(self, packet: AnyPacket) -> None:
        """Keep a packet for the next answer."""
        self._held.append(packet)
        self.held_bytes += size_of(packet)

    def give_back(self, packets: Iterable[AnyPacket]) -> None:
        """Keep what an answer held that nobody read, before everything else."""
        lost = [packet for packet in packets if packet != Noop()]
        self._held[:0] = lost
        self.held_bytes += sum(map(size_of, lost))

    def take_all(self) -> list[AnyPacket]:
        """Everything that is held."""
        packets, self._held = self._held, []
        self.held_bytes = 0
        return packets

    def answer(self) -> bool:
        """Answer the open poll with what is held; False if either is missing."""
        if not self._held or self._waiting is None or self._waiting.done():
            return False
        packets = self._held[: self._most]
        self._held = self._held[len(packets) :]
        self.unread = None
        self.held_bytes = sum(map(size_of, self._held))
        self._waiting.set_result(packets)
        return True

    def release(self) -> None:
        """End the open poll, if there is one, with nothing; what is held stays."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result([Noop()])

    def refuse(self) -> None:
        """End the open poll, if there is one, with no packet."""
        if self.is_waiting:
            assert self._waiting is not None
            self._waiting.set_result([])

    def end(self, packet: Close | Noop) -> None:
        """Answer the open poll, if there is one, with a last packet."""
        self._held = [packet]
        self.answer()


def size_of(packet: AnyPacket) -> int:
    """How many characters or bytes a packet holds."""
    match packet:
        case Text(data):
            return len(data)
        case Binary(data=content):
            return len(content)
        case _:
            return 1
