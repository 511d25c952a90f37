"""The two ends of a tunnel: the protocol of a client's connection, and what the engine takes for
that connection; see `tunnels`.
"""

import asyncio
from collections.abc import Iterable
from typing import Final

from quad.cluster.lanes import SLACK_BYTES, Kind, Lane
from quad.realtime import Socket

# As asyncio has it for sockets.
_HIGH_BYTES: Final = 65_536
# What GONE carries when the connection has not ended in good order.
_BROKEN: Final = b"\1"


class Mouth(asyncio.Protocol):
    """The edge's end: the protocol of a client's connection."""

    def __init__(
        self, transport: asyncio.Transport, shard: int | None, *, is_full: bool = False
    ) -> None:
        """`shard` is that of what the connection is about, if that can move.

        `is_full`: the transport has asked to write no more.
        """
        self.shard = shard
        self.number = 0
        """By which the other end knows the connection."""
        self._lane: Lane | None = None
        self._transport = transport
        self._unwritten_bytes = 0
        self._is_full = is_full
        self._is_reading = True
        # What the client says while the other end moves; None: it does not.
        self._kept: list[tuple[Kind, bytes]] | None = None

    @property
    def node(self) -> int | None:
        """Where the other end is."""
        return None if self._lane is None else self._lane.node

    def close(self) -> None:
        """End the connection once everything is written."""
        self._transport.close()

    def is_closing(self) -> bool:
        """Whether the connection ends, or has ended."""
        return self._transport.is_closing()

    # The other end moves

    def hold(self) -> None:
        """Keep what the client says."""
        if self._kept is None:
            self._kept = [] if self._lane is None else self._lane.take_back()
            self._read_no_more()

    def release(self) -> None:
        """Let the other end hear what was kept, and what follows."""
        kept, self._kept = self._kept, None
        for kind, data in kept or ():
            self._write_on(data, kind)
        self.written()

    def leave(self) -> int:
        """The lane leads nowhere any more; returns the number by which the other end knew it."""
        lane, self._lane = self._lane, None
        if lane is not None:
            lane.end()
        self._unwritten_bytes = 0
        return self.number

    def enter(self, lane: Lane) -> None:
        """The lane leads to the other end."""
        self._lane = lane
        self.number = lane.number

    def socket(self) -> Socket:
        """The connection, which is at home at this node from now on, with what was kept."""
        kept, self._kept = self._kept or [], []
        if any(kind is Kind.LAST for kind, _ in kept):
            self._transport.close()  # as a protocol does that keeps nothing open
        return Socket(self._transport, b"".join(data for _, data in kept), self._is_full)

    # What the client's connection says

    def data_received(self, data: bytes) -> None:
        """For the other node; no more is read than that takes."""
        self._write_on(data, Kind.DATA)
        if self._is_held_up:
            self._read_no_more()

    def eof_received(self) -> bool:
        """The client has ended its half; the home says what becomes of ours."""
        self._write_on(b"", Kind.LAST)
        return True

    def pause_writing(self) -> None:
        """The client is slower than the home."""
        self._is_full = True

    def resume_writing(self) -> None:
        """It has caught up."""
        self._is_full = False
        self._say_written()

    def connection_lost(self, exc: Exception | None) -> None:
        """Whatever did not reach the home is lost, as it is with a socket."""
        if self._lane is not None:
            self._lane.say(Kind.GONE, _BROKEN if exc else b"")
            self._lane.end()

    # What the other node says

    def received(self, kind: Kind, data: bytes) -> None:
        """Bytes for the client, or an end."""
        match kind:
            case Kind.DATA:
                self._write(data)
            case Kind.LAST:
                self._end_half()
            case Kind.CLOSE:
                self._transport.close()
            case _:
                self._transport.abort()

    def written(self) -> None:
        """The home has read: so do we."""
        if self._is_held_up or self._is_reading or self._transport.is_closing():
            return
        self._is_reading = True
        self._transport.resume_reading()

    def lost(self) -> None:
        """There is nobody any more who could say goodbye."""
        self._transport.abort()

    @property
    def _is_held_up(self) -> bool:
        """Whether what the client says waits here."""
        return self._kept is not None or (self._lane is not None and self._lane.unsent_bytes > 0)

    def _write_on(self, data: bytes, kind: Kind) -> None:
        if self._kept is not None:
            self._kept.append((kind, data))
        elif self._lane is not None:
            self._lane.write(data, kind)

    def _read_no_more(self) -> None:
        if self._is_reading and not self._transport.is_closing():
            self._is_reading = False
            self._transport.pause_reading()

    def _write(self, data: bytes) -> None:
        if not self._transport.is_closing():  # uvloop's would raise an error
            self._unwritten_bytes += len(data)
            self._transport.write(data)
            self._say_written()

    def _end_half(self) -> None:
        if not self._transport.is_closing():
            self._transport.write_eof()

    def _say_written(self) -> None:
        # What the transport keeps without complaint is as good as in the socket's own buffer.
        kept_bytes = self._transport.get_write_buffer_size() if self._is_full else 0
        written_bytes = self._unwritten_bytes - kept_bytes
        if written_bytes > 0 and self._lane is not None:
            self._unwritten_bytes -= written_bytes
            self._lane.have_read(written_bytes)


class TunnelTransport(asyncio.Transport):
    """The home's end: what the engine takes for the client's connection."""

    def __init__(self, lane: Lane, client: tuple[str, int] | None) -> None:
        super().__init__({"peername": client})
        self.lane = lane
        self._loop = asyncio.get_running_loop()
        self._protocol: asyncio.Protocol | None = None
        self._unread: list[bytes] = []
        self._has_ended_half = False  # the client has, and the protocol has not heard of it
        self._is_paused = False
        self._is_closing = False
        self._has_written_eof = False
        self._is_lost = False
        self._is_writer_paused = False
        self._high_bytes, self._low_bytes = _HIGH_BYTES, _HIGH_BYTES // 4

    # Protocols

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Who hears what the client says; until there is one, nobody does."""
        assert isinstance(protocol, asyncio.Protocol)
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Who hears what the client says."""
        assert self._protocol is not None
        return self._protocol

    # Writing

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes to the client."""
        if self._is_closing or self._has_written_eof:
            return  # as sockets do whose other end is gone
        self.lane.write(bytes(data))
        self._pause_if_full()

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview]) -> None:
        """Send several pieces."""
        self.write(b"".join(list_of_data))

    def can_write_eof(self) -> bool:
        """TCP can."""
        return True

    def write_eof(self) -> None:
        """End this half once everything is written."""
        if not self._is_closing and not self._has_written_eof:
            self._has_written_eof = True
            self.lane.write(b"", Kind.LAST)

    def get_write_buffer_size(self) -> int:
        """What the edge has not written to the client's connection, as far as is known."""
        return max(0, self.lane.unread_bytes - SLACK_BYTES)

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """When the protocol is told to go on, and when to pause."""
        return self._low_bytes, self._high_bytes

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """When the protocol is told to pause and go on, as with a socket."""
        if high is None:
            high = _HIGH_BYTES if low is None else 4 * low
        low = high // 4 if low is None else low
        if not 0 <= low <= high:
            raise ValueError(f"high ({high}) must be >= low ({low}) must be >= 0")
        self._high_bytes, self._low_bytes = high, low
        self._pause_if_full()

    # Reading

    def is_reading(self) -> bool:
        """Whether the protocol gets what arrives."""
        return not self._is_paused and not self._is_closing

    def pause_reading(self) -> None:
        """What arrives waits; the edge reads no more than the lane holds."""
        self._is_paused = True

    def resume_reading(self) -> None:
        """The protocol gets what has waited, in the loop's next turn."""
        if self._is_paused:
            self._is_paused = False
            self._loop.call_soon(self._deliver)

    # Moving

    def let_go(self) -> bytes:
        """Another home goes on with it, behind all that was written.

        Returns what has come and was not read.
        """
        unread = b"".join(self._unread)
        self._protocol = None
        self.lane.flush()
        self.lane.end()
        return unread

    def socket(self) -> Socket:
        """The connection, for whoever is its protocol from now on."""
        return Socket(self)

    # The end

    def is_closing(self) -> bool:
        """Whether the connection ends, or has ended."""
        return self._is_closing

    def close(self) -> None:
        """End the connection once everything is written."""
        if not self._is_closing:
            self._is_closing = True
            self._unread.clear()
            self.lane.write(b"", Kind.CLOSE)

    def abort(self) -> None:
        """Cut the connection now."""
        self._is_closing = True
        self.lane.say(Kind.CUT)
        self._end(None)

    # What the edge says

    def received(self, kind: Kind, data: bytes) -> None:
        """Bytes of the client, or an end."""
        match kind:
            case Kind.DATA:
                if not self._is_closing:
                    self._unread.append(data)
                    self._deliver()
            case Kind.LAST:
                self._has_ended_half = True
                self._deliver()
            case _:
                is_broken = data == _BROKEN
                self._end(ConnectionResetError("the client has gone") if is_broken else None)

    def written(self) -> None:
        """Some of what was written has reached the client's connection."""
        if self._is_writer_paused and self.get_write_buffer_size() <= self._low_bytes:
            self._is_writer_paused = False
            if self._protocol is not None:
                self._protocol.resume_writing()

    def lost(self) -> None:
        """The node with the connection is gone."""
        self._end(ConnectionResetError("the node that holds the connection is gone"))

    def _pause_if_full(self) -> None:
        if self._is_writer_paused or self.get_write_buffer_size() <= self._high_bytes:
            return
        self._is_writer_paused = True
        if self._protocol is not None:
            self._protocol.pause_writing()

    def _deliver(self) -> None:
        while self._unread and self.is_reading():
            data = self._unread.pop(0)
            self.lane.have_read(len(data))
            if self._protocol is not None:
                self._protocol.data_received(data)
        if self._has_ended_half and not self._unread and self.is_reading():
            self._has_ended_half = False
            if self._protocol is None or not self._protocol.eof_received():
                self.close()

    def _end(self, error: Exception | None) -> None:
        """Nothing comes any more: the protocol is told once, from the loop, as sockets do it."""
        self._is_closing = True
        self.lane.end()
        self._unread.clear()
        if not self._is_lost:
            self._is_lost = True
            self._loop.call_soon(self._lose, error)

    def _lose(self, error: Exception | None) -> None:
        protocol, self._protocol = self._protocol, None
        if protocol is not None:
            protocol.connection_lost(error)
