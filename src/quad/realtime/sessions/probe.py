"""The upgrade, seen from the WebSocket that wants to take over."""

from collections.abc import Callable
from typing import Protocol

from quad.realtime.sessions.liveness import QUESTION
from quad.realtime.sessions.pace import Pace
from quad.realtime.sessions.websocket import NORMAL_CLOSURE, WebSocket
from quad.wire.websocket import TEXT, encode_frame


class Movable(Protocol):
    """A polling session that a WebSocket may take over.

    Called on the loop. At most one probe is with a session, from `begin_probe` until `upgraded`,
    `probe_lost`, or the session's own call of `Probe.end`.
    """

    pace: Pace | None

    @property
    def is_probing(self) -> bool:
        """Whether a WebSocket is there that has not been probed."""

    @property
    def is_probed(self) -> bool:
        """Whether the client may move to the WebSocket."""

    def hear(self) -> None:
        """The client has said something."""

    def begin_probe(self, probe: "Probe") -> bool:
        """Let the probe begin; False if it comes too late or too often: it is none then."""

    def probed(self) -> None:
        """The probe has been answered; only while `is_probing`."""

    def upgraded(self, websocket: WebSocket) -> None:
        """Take the WebSocket over, as its receiver; only while `is_probed`."""

    def probe_lost(self) -> None:
        """Go on without: calls `Probe.end`."""


class Probe:
    """The receiver of a WebSocket that wants to take over a polling session.

    Without a WebSocket it was refused, or has ended: then the session may have another probe, and
    whatever is still heard here concerns nobody.
    """

    __slots__ = ("_session", "_websocket")

    def __init__(self, session: Movable) -> None:
        self._session = session
        self._websocket: WebSocket | None = None

    @property
    def is_crowded(self) -> bool:
        """Nothing waits to be handled."""
        return False

    def begin(self, websocket: WebSocket) -> None:
        """The handshake is done. A session that is not on long-polling keeps what it has."""
        self._websocket = websocket
        websocket.pace = self._session.pace
        if not self._session.begin_probe(self):
            self.end()

    def send_question(self) -> None:
        """Ask the client by a Ping whether it lives: it may not poll any more."""
        if self._websocket is not None:
            self._websocket.ping(QUESTION)

    def end(self) -> None:
        """Close the WebSocket, if it is not the session's own by now."""
        websocket, self._websocket = self._websocket, None
        if websocket is not None:
            websocket.close(NORMAL_CLOSURE)

    def text_received(self, text: str) -> None:
        """Only the probe and then the upgrade are expected."""
        websocket = self._websocket
        if websocket is None:
            return
        self._session.hear()
        if text == "2probe" and self._session.is_probing:
            websocket.write([encode_frame(TEXT, b"3probe")])
            self._session.probed()
        elif text == "5" and self._session.is_probed:
            self._websocket = None
            self._session.upgraded(websocket)
        else:
            self._session.probe_lost()

    def binary_received(self, _data: bytes) -> None:
        """Never expected."""
        if self._websocket is not None:
            self._session.probe_lost()

    def pong_received(self, _data: bytes) -> None:
        """The client lives."""
        if self._websocket is not None:
            self._session.hear()

    def connection_ended(self, _reason: str) -> None:
        """The WebSocket is gone, but the session is not."""
        if self._websocket is not None:
            self._websocket = None
            self._session.probe_lost()

    def slow_reader_closed(self) -> None:
        """Cannot happen: eight bytes are written."""

    def write_path_changed(self, direct: Callable[[bytes], object] | None) -> None:
        """Nothing is broadcast to a probe."""
