"""The WebSocket shell: an asyncio protocol between a transport and a receiver of messages.

Nearly every frame that arrives is a whole, small, masked text frame, a Ping or a Pong; those are
taken apart here. Everything else (fragments, closes, binary, compressed or broken frames) goes to
the complete implementation of `websockets`, which is created with the first such frame: an idle
connection never needs it, and its memory.
"""

import asyncio
import logging
import sys
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Protocol

from websockets.extensions import Extension
from websockets.frames import Frame, Opcode
from websockets.protocol import Protocol as FrameParser
from websockets.protocol import Side, State

from quad.realtime.backlog import Backlog, Shared
from quad.realtime.sessions.pace import BYTE_COST, FRAME_COST, Pace
from quad.realtime.sessions.unread import CROWDED_S, LOOK_S, UNREAD_BYTES, Unread
from quad.wire.websocket import PING, PONG, encode_frame, encode_part

try:
    from websockets.speedups import apply_mask
except ImportError:  # built where there was no C compiler: the same in Python, 20 times slower
    from websockets.utils import apply_mask

# Codes of RFC 6455, section 7.4.1, and of the registry it founded.
NORMAL_CLOSURE = 1000
GOING_AWAY = 1001
PROTOCOL_ERROR = 1002
UNSUPPORTED_DATA = 1003
INVALID_DATA = 1007
POLICY_VIOLATION = 1008
MESSAGE_TOO_BIG = 1009
INTERNAL_ERROR = 1011
SERVICE_RESTART = 1012
TRY_AGAIN_LATER = 1013

# How long the peer gets to answer our close frame before the connection is cut.
_CLOSE_GRACE_S = 3.0
# A control frame holds 125 bytes (RFC 6455, section 5.5), a close frame two of them as the code.
_CONTROL_BYTES = 125
_REASON_BYTES = 123
# First bytes of whole frames of the usual kinds.
_FIN_TEXT, _FIN_PING, _FIN_PONG = 0x81, 0x89, 0x8A
_USUAL = frozenset({_FIN_TEXT, _FIN_PING, _FIN_PONG})
_MESSAGE_OPCODES = frozenset({Opcode.TEXT, Opcode.BINARY, Opcode.CONT})
# How long one connection may keep the loop before the others have a turn, and how much of what
# arrived goes to the parser at once: at most 680 frames of 6 bytes, which take 3 ms.
_SLICE_S = 0.002
_SLICE_FRAMES = 32  # looking at the clock more often would cost more than it brings
_PIECE_BYTES = 4_096
# Nobody is suspended for so long.
_SUSPENDED_S = 3_600.0
# What a peer may leave unread and still move: all of it is written at once then.
_MOVED_BYTES = 262_144
# The transport's own buffer before it asks us to pause.
_WRITE_BUFFER_BYTES = UNREAD_BYTES

_parser_log = logging.getLogger("quad.websocket")
_parser_log.setLevel(logging.ERROR)


class Receiver(Protocol):
    """Who is told what arrives. No method may raise."""

    @property
    def is_crowded(self) -> bool:
        """Whether so much waits to be handled that no more should be read; see `slow_down`."""

    def text_received(self, text: str) -> None:
        """One whole text message."""

    def binary_received(self, data: bytes) -> None:
        """One whole binary message."""

    def pong_received(self, data: bytes) -> None:
        """The peer has read everything that was sent before the Ping with this data."""

    def connection_ended(self, reason: str) -> None:
        """Nothing will follow. Called exactly once."""

    def write_path_changed(self, direct: Callable[[bytes], object] | None) -> None:
        """Whole frames may be written by `direct` from now on; None: only by `WebSocket.write`."""

    def slow_reader_closed(self) -> None:
        """The connection is about to be cut because the peer does not read."""


class WebSocket(asyncio.Protocol):
    """One open WebSocket connection; `receiver` may be exchanged while it is open."""

    __slots__ = (
        "_closing",
        "_ended",
        "_extensions",
        "_fragments",
        "_fragments_are_text",
        "_held",
        "_is_slowed",
        "_max_message_bytes",
        "_outbox_limit_bytes",
        "_paced_until",
        "_parser",
        "_partial",
        "_paused",
        "_reading",
        "_slow_until",
        "_transport",
        "_unread",
        "close_code",
        "last_heard",
        "pace",
        "receiver",
    )

    def __init__(
        self,
        transport: asyncio.Transport,
        receiver: Receiver,
        *,
        max_message_bytes: int,
        outbox_limit_bytes: int,
        extensions: Sequence[Extension] = (),
    ) -> None:
        self.receiver = receiver
        self.last_heard = monotonic()
        """When the peer last said or took something, by `time.monotonic`."""
        self.close_code = 0
        """Why the peer has closed the connection, if it has said so (RFC 6455, section 7.4)."""
        self._transport = transport
        self._max_message_bytes = max_message_bytes
        self._outbox_limit_bytes = outbox_limit_bytes
        self._extensions = extensions
        self._parser: FrameParser | None = None
        self.pace: Pace | None = None
        """How fast the peer may speak; None: as fast as it likes."""
        # What has arrived and is not read: the beginning of a frame, or what has to wait.
        self._partial = b""
        self._reading: asyncio.TimerHandle | None = None
        # Until when what has to wait would wait if the peer read, by the loop's clock.
        self._paced_until = 0.0
        # And until when it waits because the peer does not read.
        self._slow_until = 0.0
        # Whether the peer may have to wait for something else than its pace: one flag, because it
        # is looked at with every frame.
        self._is_slowed = False
        self._unread: Unread | None = None
        self._fragments: bytearray | None = None
        self._fragments_are_text = False
        self._paused = False
        self._held: Backlog | None = None
        self._closing: asyncio.TimerHandle | None = None
        self._ended = False
        transport.set_write_buffer_limits(high=_WRITE_BUFFER_BYTES)
        if extensions:
            self._make_parser()

    @property
    def is_open(self) -> bool:
        """Whether messages may still be written."""
        return self._closing is None and not self._ended

    @property
    def direct(self) -> Callable[[bytes], object] | None:
        """The transport's own write, while `write` would do nothing else."""
        return None if self._paused or not self.is_open else self._transport.write

    @property
    def is_compressed(self) -> bool:
        """Whether frames depend on this connection and cannot be shared with others."""
        return bool(self._extensions)

    @property
    def is_held_back(self) -> bool:
        """Whether something has arrived that is not read yet: its Pong may be behind that."""
        return self._reading is not None

    @property
    def transport(self) -> asyncio.Transport:
        """Where the frames go."""
        return self._transport

    @property
    def is_paused(self) -> bool:
        """Whether the transport has asked to write no more."""
        return self._paused

    @property
    def queued_bytes(self) -> int:
        """What the peer has not read yet, as far as this process knows."""
        held_bytes = self._held.size_bytes if self._held else 0
        return held_bytes + self._transport.get_write_buffer_size()

    # What the owner says

    def write(self, frames: list[bytes]) -> None:
        """Write whole frames at once; hold them, up to the limit, while the peer does not read."""
        if self._paused:
            self._hold(frames)
        elif self._closing is not None:
            return
        elif len(frames) == 1:
            self._transport.write(frames[0])
        elif Shared in map(type, frames):
            # The transport copies, and what it has copied is shared no more: no more than it takes.
            self._hold(frames)
            self._write_held()
        else:
            self._transport.write(b"".join(frames))

    def write_messages(self, messages: list[str | bytes]) -> None:
        """Write messages in this connection's own compression: text from str, binary from bytes."""
        parser = self._parser or self._make_parser()
        if parser.state is not State.OPEN:
            return  # a Close of the peer has been parsed, and is about to be heard
        for message in messages:
            if isinstance(message, str):
                parser.send_text(message.encode())
            else:
                parser.send_binary(message)
        self.write(parser.data_to_send())

    def write_part(self, data: bytes, *, is_first: bool, is_last: bool) -> None:
        """Write a part of one text message; only Pings may be written between its parts."""
        if not self._extensions:
            self.write([encode_part(data, is_first=is_first, is_last=is_last)])
            return
        parser = self._parser or self._make_parser()
        if is_first:
            parser.send_text(data, fin=is_last)
        else:
            parser.send_continuation(data, fin=is_last)
        self.write(parser.data_to_send())

    def allow(self, size_bytes: int) -> None:
        """Raise the limit of what may wait for the peer, for one message that needs it."""
        self._outbox_limit_bytes += size_bytes

    def slow_down(self) -> None:
        """Read no more after this message, for as long as the receiver is crowded."""
        self._is_slowed = True

    def ping(self, data: bytes) -> None:
        """Ask for a Pong with this data (at most 125 bytes)."""
        self.write([encode_frame(PING, data)])

    def close(self, code: int = NORMAL_CLOSURE, reason: str = "") -> None:
        """Say goodbye after everything written so far; without an answer, cut the connection."""
        if not self.is_open:
            return
        self._write_all_held()
        parser = self._parser or self._make_parser()
        if parser.state is State.OPEN:
            parser.send_close(code, reason.encode()[:_REASON_BYTES].decode(errors="ignore"))
        # Otherwise the peer's own Close lay behind the message that makes us close, in one segment:
        # the parser has the answer to it ready (RFC 6455, section 5.5.1).
        self._write_parsed(parser)
        self._linger()
        self._end(reason)

    def hang_up(self, reason: str) -> None:
        """End the connection after everything written so far, without saying goodbye."""
        if not self.is_open:
            return
        self._write_all_held()
        self._transport.close()
        self._end(reason)

    def abort(self, reason: str) -> None:
        """Cut the connection now."""
        self._transport.abort()
        self._end(reason)

    # Moving to another process

    def suspend(self) -> None:
        """Read nothing until `resume`: what arrives is kept as it came."""
        if self._reading is not None:
            self._reading.cancel()
        self._hold_back(_SUSPENDED_S, 0.0)

    def resume(self) -> None:
        """Read on."""
        if self._reading is not None and not self._ended:
            self._paced_until = 0.0
            self._reading.cancel()
            self._reading = asyncio.get_running_loop().call_later(0, self._read_on)

    def detach(self) -> bytes | None:
        """Let go of the transport, behind all that was written; returns what was not read.

        None, and nothing has changed, if another could not go on with it: because it ends, because
        the peer leaves too much unread, or because the parser may be in the middle of a frame.
        """
        can_move = self.is_open and self._parser is None and not self._transport.is_closing()
        if not can_move or self.queued_bytes > _MOVED_BYTES:
            return None
        if self._reading is not None:
            self._reading.cancel()
        self._write_all_held()
        self._ended = True
        unread, self._partial = self._partial, b""
        return unread

    def go_on(self, unread: bytes, *, is_full: bool) -> None:
        """Go on, suspended, with what another has let go of; `is_full`: it was paused."""
        self._partial = unread
        self._paused = self._is_slowed = is_full
        self.suspend()

    # What the transport says

    def data_received(self, data: bytes) -> None:
        """Take the usual frames apart here, and leave the rest to the parser."""
        self.last_heard = monotonic()
        if self._partial:
            data = self._partial + data
            self._partial = b""
        if self._reading is None:
            self._read(data)
        else:  # it was on its way when reading was paused
            self._partial = data

    def eof_received(self) -> bool | None:
        """Close our side too."""
        return None

    def connection_lost(self, exc: Exception | None) -> None:
        """The end, if it was not said before."""
        if self._closing is not None:
            self._closing.cancel()
        self._held = None
        self._end("transport error" if exc else "transport close")
        if self._reading is not None:
            self._reading.cancel()

    def pause_writing(self) -> None:
        """The peer is slower than we write."""
        self._paused = self._is_slowed = True
        self.receiver.write_path_changed(None)
        self._check_limit()

    def resume_writing(self) -> None:
        """The peer has caught up; what was held goes out."""
        self._paused = False
        self._unread = None
        # A peer that reads lives, also when our Ping is still behind what it has to read.
        self.last_heard = monotonic()
        self.receiver.write_path_changed(self.direct)
        self._write_held()
        if self._reading is not None and not self._ended:
            loop = asyncio.get_running_loop()
            self._reading.cancel()
            wait_s = max(0.0, self._paced_until - loop.time())
            self._reading = loop.call_later(wait_s, self._read_on)

    # Reading

    def _read(self, data: bytes) -> None:
        if self._parser is not None:
            self._parse(data)
            return
        position = self._read_usual_frames(data)
        if position == len(data):
            return
        if self._reading is not None:
            self._partial = data[position:]
            return
        if self._parser is None:
            if self._ended:
                return
            if _is_cut_usual_frame(data, position):
                self._partial = data[position:]
                return
            self._make_parser()
        # Also after our close frame: the peer's may lie behind the message that made us send it.
        self._parse(data[position:])

    def _read_usual_frames(self, data: bytes) -> int:
        """Deliver the usual frames from the start of `data`; returns where they stop."""
        pace, began = self.pace, self.last_heard
        position, end, count = 0, len(data), 0
        while end - position >= 6 and data[position] in _USUAL:
            length = data[position + 1] - 0x80
            body = position + 6
            if length == 126:
                length = data[position + 2] << 8 | data[position + 3]
                body += 2
            elif length < 0 or length == 127:
                break
            stop = body + length
            if stop > end or length > self._max_message_bytes:
                break
            payload = apply_mask(data[body:stop], data[body - 4 : body])
            if data[position] == _FIN_TEXT:
                cost = 1.0
                try:
                    text = payload.decode()
                except UnicodeDecodeError:
                    break  # the parser finds it again and closes with the right code
                self.receiver.text_received(text)
            elif length > _CONTROL_BYTES:
                break  # likewise
            else:
                cost = FRAME_COST + length * BYTE_COST
                if data[position] == _FIN_PONG:
                    self.receiver.pong_received(payload)
                else:
                    self.write([encode_frame(PONG, payload)])
            position = stop
            if self._ended or self._parser is not None:
                break
            count += 1
            wait_s = 0.0 if pace is None else pace.spend(cost)
            slow_s = self._slow_s(cost, length) if self._is_slowed else 0.0
            is_long = not count % _SLICE_FRAMES and monotonic() - began > _SLICE_S
            if wait_s or slow_s or (is_long and position < end):
                self._hold_back(wait_s, slow_s)
                break
        return position

    def _slow_s(self, cost: float, length: int) -> float:
        """How long the peer has to wait because it does not read, or is not heard as fast."""
        is_crowded = self.receiver.is_crowded
        self._is_slowed = is_crowded or self._paused
        wait_s = CROWDED_S if is_crowded else 0.0
        if not self._paused:
            return wait_s
        if self._unread is None:
            self._unread = Unread(self._transport.get_write_buffer_size())
        unread_s = self._unread.spend(cost, length)
        self._slow_until = asyncio.get_running_loop().time() + unread_s
        return max(wait_s, unread_s)

    def _hold_back(self, wait_s: float, slow_s: float) -> None:
        """Read no more for a while: the peer is too fast, or others have waited long enough.

        `slow_s` is how long it waits unless it reads meanwhile what it was sent.
        """
        if not self._transport.is_closing():
            self._transport.pause_reading()
        loop = asyncio.get_running_loop()
        self._paced_until = loop.time() + wait_s
        self._reading = loop.call_later(max(wait_s, min(slow_s, LOOK_S)), self._read_on)

    def _read_on(self) -> None:
        self._reading = None
        self.last_heard = monotonic()  # what has arrived is a sign of life, read or not
        slow_s = self._still_slow_s() if self._is_slowed and not self._ended else 0.0
        if slow_s:
            self._hold_back(0.0, slow_s)
            return
        data, self._partial = self._partial, b""
        self._read(data)
        if not self.is_held_back and not self._transport.is_closing():
            self._transport.resume_reading()

    def _still_slow_s(self) -> float:
        """How long the peer has to wait on; cuts one of whom nothing is to be hoped."""
        wait_s = CROWDED_S if self.receiver.is_crowded else 0.0
        if not self._paused or self._unread is None:
            return wait_s
        if self._unread.is_hopeless(self._transport.get_write_buffer_size()):
            self._cut_slow_reader()
            return LOOK_S
        return max(wait_s, self._slow_until - asyncio.get_running_loop().time())

    def _make_parser(self) -> FrameParser:
        parser = FrameParser(Side.SERVER, max_size=self._max_message_bytes, logger=_parser_log)
        parser.extensions = list(self._extensions)
        self._parser = parser
        if self._partial:
            parser.receive_data(self._partial)
            self._partial = b""
        return parser

    def _parse(self, data: bytes) -> None:
        parser = self._parser
        assert parser is not None
        began, count = self.last_heard, 0
        for position in range(0, len(data), _PIECE_BYTES):
            stop = position + _PIECE_BYTES
            frames, wait_s, slow_s = self._parse_piece(parser, data[position:stop])
            count += frames
            if parser.parser_exc is not None:
                self._end("parse error")
            self._check_limit()  # the answers to a flood of Pings count too
            if parser.parser_exc is not None:
                return
            is_long = count >= _SLICE_FRAMES and monotonic() - began > _SLICE_S
            if ((wait_s or slow_s) and self.is_open) or (is_long and stop < len(data)):
                self._partial = data[stop:]
                self._hold_back(wait_s, slow_s)
                return

    def _parse_piece(self, parser: FrameParser, data: bytes) -> tuple[int, float, float]:
        """Read what the parser finds: so many frames, and how long to wait before it gets more."""
        wait_s = slow_s = 0.0
        parser.receive_data(data)
        events = parser.events_received()
        for event in events:
            if isinstance(event, Frame) and not self._ended:
                self._receive_frame(event)
                if self.pace is not None:
                    wait_s = self.pace.spend(_cost(event))
                if self._is_slowed and not self._ended:
                    slow_s = self._slow_s(_cost(event), len(event.data))
        self._write_parsed(parser)
        return len(events), wait_s, slow_s

    def _receive_frame(self, frame: Frame) -> None:
        match frame.opcode:
            case Opcode.TEXT | Opcode.BINARY | Opcode.CONT:
                self._receive_data_frame(frame)
            case Opcode.PONG:
                self.receiver.pong_received(bytes(frame.data))
            case Opcode.CLOSE:
                self.close_code = int.from_bytes(frame.data[:2], "big")
                self._end("transport close")
            case _:
                pass  # a Ping is answered by the parser

    def _receive_data_frame(self, frame: Frame) -> None:
        if frame.opcode is not Opcode.CONT:
            self._fragments = bytearray()
            self._fragments_are_text = frame.opcode is Opcode.TEXT
        assert self._fragments is not None  # the parser refuses a stray continuation
        self._fragments += frame.data
        if not frame.fin:
            return
        data = bytes(self._fragments)
        self._fragments = None
        if not self._fragments_are_text:
            self.receiver.binary_received(data)
            return
        try:
            text = data.decode()
        except UnicodeDecodeError:
            self.close(INVALID_DATA, "not UTF-8")
            return
        self.receiver.text_received(text)

    def _write_parsed(self, parser: FrameParser) -> None:
        for data in parser.data_to_send():
            if data:
                self._transport.write(data)
            else:
                self._finish_writing()

    def _finish_writing(self) -> None:
        # Closing at once, with frames of the peer unread, would reset the connection, and the
        # peer would not see our close frame. So only our half ends; the peer ends the other.
        if self._transport.is_closing():
            return
        if self._transport.can_write_eof():
            self._transport.write_eof()
            self._linger()
        else:
            self._transport.close()

    def _linger(self) -> None:
        if self._closing is None:
            loop = asyncio.get_running_loop()
            self._closing = loop.call_later(_CLOSE_GRACE_S, self._transport.abort)

    # Writing

    def _hold(self, frames: list[bytes]) -> None:
        if not self.is_open:
            return
        if self._held is None:
            self._held = Backlog()
        self._held.put(frames)
        if self._paused:
            self._check_limit()

    def _write_held(self) -> None:
        """Write what was held, as much as the transport takes at once."""
        held = self._held
        while held and not self._paused and self.is_open:
            self._transport.write(held.take(_WRITE_BUFFER_BYTES))
        if not held or not self.is_open:
            self._held = None

    def _write_all_held(self) -> None:
        """Before the end: whether the transport likes it or not."""
        held, self._held = self._held, None
        if held:
            self._transport.write(held.take(sys.maxsize))

    def _check_limit(self) -> None:
        if self.queued_bytes > self._outbox_limit_bytes and not self._ended:
            self._cut_slow_reader()

    def _cut_slow_reader(self) -> None:
        self.receiver.slow_reader_closed()
        self.abort("slow reader")

    def _end(self, reason: str) -> None:
        if not self._ended:
            self._ended = True
            if self._reading is not None:  # the peer's Close may be behind what has to wait
                self._reading.cancel()
                self._reading = asyncio.get_running_loop().call_later(0, self._read_on)
            self.receiver.connection_ended(reason)


def _cost(frame: Frame) -> float:
    if frame.opcode in _MESSAGE_OPCODES:
        return 1.0 if frame.fin else FRAME_COST
    return FRAME_COST + len(frame.data) * BYTE_COST


def _is_cut_usual_frame(data: bytes, position: int) -> bool:
    """Whether a small masked frame of the usual kinds begins here and has not arrived in full."""
    arrived = len(data) - position
    if data[position] not in _USUAL:
        return False
    if arrived == 1:
        return True
    length = data[position + 1] - 0x80
    if length == 126 and data[position] == _FIN_TEXT:
        return arrived < 4 or arrived < 8 + int.from_bytes(data[position + 2 : position + 4], "big")
    return 0 <= length < 126 and arrived < 6 + length
