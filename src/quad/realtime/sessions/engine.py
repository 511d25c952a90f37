"""The Engine.IO server: who may open a session, which are open, and their clocks."""

import asyncio
import logging
import secrets
from collections.abc import Callable
from typing import Protocol

from quad.addresses import shares
from quad.realtime.counters import Counters
from quad.realtime.deadlines import Deadlines
from quad.realtime.delivery import Delivery
from quad.realtime.ending import close_spread
from quad.realtime.errors import HandshakeRefused
from quad.realtime.http.door import Door
from quad.realtime.http.request import Request
from quad.realtime.options import EngineOptions
from quad.realtime.sessions.lines import Lines
from quad.realtime.sessions.listener import Listener
from quad.realtime.sessions.quirks import recognise
from quad.realtime.sessions.session import Session
from quad.realtime.sessions.websocket import WebSocket
from quad.wire.engineio import Open, Version, encode_handshake, encode_text_packet

log = logging.getLogger("quad.engine")

# A client polls, and enters, as soon as it has its session. One that has no poll open for so long
# and has not entered is none.
_UNFETCHED_S = 10.0
# What a timer is late by on an idle machine, at most.
_TIMER_LATE_S = 0.005
# A network may be slow and a server busy: nobody's place is given to others before that.
_PATIENCE_S = 5.0


class Application(Protocol):
    """What the engine carries messages for."""

    def session_opened(self, session: Session) -> Listener:
        """Somebody has connected; what arrives from now on goes to the listener.

        Called on the loop, once for each session, before anything has arrived; what is sent within
        follows the packet that opens the session. It may not wait or raise.
        """


def _refuse(code: int) -> HandshakeRefused:
    messages = {
        0: "Transport unknown",
        1: "Session ID unknown",
        2: "Bad handshake method",
        3: "Bad request",
        4: "Forbidden",
        5: "Unsupported protocol version",
    }
    return HandshakeRefused(code, messages[code], 403 if code == 4 else 400)


def shutting_down() -> HandshakeRefused:
    """The answer after which every client comes again, measured with those of `tests/clients`."""
    return HandshakeRefused(4, "Shutting down", 503)


class Engine:
    """All Engine.IO sessions of one application."""

    def __init__(
        self,
        application: Application,
        options: EngineOptions | None = None,
        counters: Counters | None = None,
        admit: Callable[[str], float] = lambda _: 0.0,
        sid_prefix: str = "",
    ) -> None:
        """`admit(address)` says in how many seconds the address may connect; 0 is now."""
        self.sid_prefix = sid_prefix
        """How the ids of new sessions begin: by it other nodes know whose they are."""
        self.options = options or EngineOptions()
        self.counters = counters or Counters()
        self.delivery = Delivery()
        self.sessions: dict[str, Session] = {}
        self._application = application
        self.door = Door(self.options, self.counters, admit)
        self.door.on_full.append(self._end_adrift)
        # Sessions that have entered no namespace, and polling ones whose client has no poll open.
        self._newcomers: Lines[Session] = Lines()
        self.adrift: Lines[Session] = Lines()
        self._is_draining = False
        self.refuses_newcomers = False
        """Whether handshakes are refused as in a drain; sessions go on."""
        interval_s = self.options.ping_interval_ms / 1000
        timeout_s = self.options.ping_timeout_ms / 1000
        self._pings = Deadlines(interval_s, self._ping, early_s=self.options.ping_early_s)
        self._pongs = Deadlines(timeout_s, self._miss_pong)
        self.silences = Deadlines(interval_s + timeout_s, self._miss_ping)
        self.upgrades = Deadlines(self.options.upgrade_timeout_ms / 1000, Session.probe_lost)
        self.closings = Deadlines(timeout_s, _fail_silent)
        self._unfetched = Deadlines(_UNFETCHED_S, self._look_for_client)

    # Handshakes

    def check(self, request: Request, *, is_upgrade: bool) -> Session | None:
        """The session that a request belongs to, or None for one that wants a new session.

        Raises:
            HandshakeRefused: the request is not served.
        """
        transport = request.query.get("transport")
        if transport not in ("polling", "websocket"):
            raise _refuse(0)
        if not request.is_allowed:
            raise _refuse(4)
        sid = request.query.get("sid")
        if sid is not None:
            return self._check_session(sid, transport, is_upgrade=is_upgrade)
        if request.method != "GET":
            raise _refuse(2)
        if (transport == "websocket") != is_upgrade:
            raise _refuse(3)
        self._check_new(request)
        return None

    def _check_session(self, sid: str, transport: str, *, is_upgrade: bool) -> Session:
        session = self.sessions.get(sid)
        if session is None:
            raise shutting_down() if self._is_draining else _refuse(1)
        if self._is_silent(session):
            _fail_silent(session)  # its clock has not been looked at yet
            raise _refuse(1)
        # A V3 client enters without a word of its own: that it comes again counts instead.
        if session.version is Version.V3 and not self.let_in(session):
            raise _refuse(1)
        if (transport == "websocket") != is_upgrade:
            raise _refuse(3)
        # A WebSocket for a session that has moved already is let in and then closed.
        if not is_upgrade and session.transport != "polling":
            raise _refuse(3)
        return session

    def _check_new(self, request: Request) -> None:
        if request.query.get("EIO") not in ("3", "4"):
            raise _refuse(5)
        if self._is_draining or self.refuses_newcomers:
            raise shutting_down()
        self.door.check(request.address)

    # Sessions

    def open_polling(self, request: Request) -> tuple[Session, Open]:
        """A new session on long-polling, and the packet that tells the client."""
        session = self._make_session(request)
        self._begin(session, None)
        return session, self._open_packet(session, ["websocket"])

    def open_websocket(
        self, request: Request, connect: Callable[[Session, str], WebSocket]
    ) -> Session:
        """A new session on a WebSocket.

        `connect` makes it, with the session as its receiver and with what is said first.
        """
        session = self._make_session(request)
        packet = encode_text_packet(self._open_packet(session, []))
        self._begin(session, connect(session, packet))
        return session

    def _make_session(self, request: Request) -> Session:
        sid = self.sid_prefix + secrets.token_urlsafe(15)
        version = Version(int(request.query["EIO"]))
        wants_base64 = request.query.get("b64") in ("1", "true")
        session = Session(
            self,
            sid,
            version,
            request.handshake(),
            wants_base64=wants_base64,
            quirks=recognise(request.query.get("t", "")),
        )
        self.sessions[sid] = session
        return session

    def _begin(self, session: Session, websocket: WebSocket | None) -> None:
        if websocket is not None:
            session.start_on(websocket)
        self.count(session, +1)
        if session.version is Version.V4:
            self._pings.start(session)
        else:
            self.silences.start(session)
        session.listen(self._application.session_opened(session))
        if session not in self._newcomers:
            self.door.enter(session.handshake.address)
        elif websocket is None:
            self._unfetched.start(session)
        if websocket is None:
            self.adrift.add(session)

    # Who counts as a connection

    def let_wait(self, session: Session) -> None:
        """A new session is no connection yet; of too many the oldest goes, and nobody else."""
        limit = self.options.newcomers_per_address
        if limit is not None:
            for counted, times in shares(session.handshake.address):
                if self._newcomers.count(counted) >= limit * times:
                    self._end_newcomer(counted)
        self._newcomers.add(session)

    def _end_newcomer(self, counted: str) -> None:
        oldest = self._newcomers.oldest(counted, _PATIENCE_S)
        if oldest is not None:
            self.counters.refused_handshakes["newcomers_per_address"] += 1
            oldest.fail("others wait to enter")

    def let_in(self, session: Session) -> bool:
        """A session is a connection from now on, unless its address has too many: that ends it."""
        if session not in self._newcomers:
            return True
        if not self.door.has_room(session.handshake.address):
            session.fail("too many connections from this address")
            return False
        self._newcomers.discard(session)
        self._unfetched.stop(session)
        self.door.enter(session.handshake.address)
        return True

    def _look_for_client(self, session: Session) -> None:
        if session not in self._newcomers:
            return
        if session in self.adrift:
            session.fail("no CONNECT in time")
        else:
            self._unfetched.start(session)

    def _end_adrift(self, counted: str) -> None:
        session = self.adrift.oldest(counted, _PATIENCE_S)
        if session is not None:
            session.fail("others need its place")

    def _open_packet(self, session: Session, upgrades: list[str]) -> Open:
        options = self.options
        return Open(
            encode_handshake(
                session.sid,
                upgrades,
                options.ping_interval_ms,
                options.ping_timeout_ms,
                options.max_payload_bytes,
            )
        )

    def forget(self, session: Session) -> None:
        """The session has ended."""
        if self.sessions.pop(session.sid, None) is None:
            return
        self.count(session, -1)
        for deadlines in self._clocks:
            deadlines.stop(session)
        self.adrift.discard(session)
        if session in self._newcomers:
            self._newcomers.discard(session)
        else:
            self.door.leave(session.handshake.address)

    def count(self, session: Session, change: int) -> None:
        """Count a session in or out, by its present transport."""
        self.counters.connections[session.transport, session.version.name] += change

    def note_slow_reader(self, session: Session) -> None:
        """A session is being closed because its client does not read."""
        self.counters.slow_readers_closed += 1
        log.warning(
            "closing %s (%s, %s): slow reader, %d bytes unread",
            session.sid[:6],
            session.handshake.address,
            session.transport,
            session.queued_bytes,
        )

    # Heartbeats

    def heard_pong(self, session: Session) -> None:
        """A V4 client lives; the next Ping is due an interval from now."""
        self._pongs.stop(session)
        self._pings.start(session)

    def _ping(self, session: Session) -> None:
        # The answer is due an interval and a timeout after the last one, and not a millisecond
        # later because two timers follow each other. A busy loop is nobody's fault.
        late_s = asyncio.get_running_loop().time() - self._pings.due_at
        self._pongs.start(session, min(late_s, _TIMER_LATE_S))
        session.ping()

    def _is_silent(self, session: Session) -> bool:
        is_over = self._pongs.is_over(session) or self.silences.is_over(session)
        return is_over and not session.is_held_back

    def _miss_pong(self, session: Session) -> None:
        if session.is_held_back:
            self._pongs.start(session)
        else:
            _fail_silent(session)

    def _miss_ping(self, session: Session) -> None:
        if session.is_held_back:
            self.silences.start(session)
        else:
            _fail_silent(session)

    # The end

    async def drain(self, spread_s: float) -> None:
        """Close every session, in random order over `spread_s`, so that not all return at once.

        New handshakes are refused with 503, and so are polls when there is nothing left to fetch.
        Clients see a closed transport and reconnect with their own backoff; whatever was queued for
        them is written first.
        """
        self._is_draining = True
        sessions = [session for session in self.sessions.values() if session.is_open]
        await close_spread(sessions, _send_away, spread_s)
        self.delivery.flush()

    def stop_clocks(self) -> None:
        """No timer of this engine outlives it."""
        for deadlines in self._clocks:
            deadlines.clear()

    @property
    def _clocks(self) -> tuple[Deadlines[Session], ...]:
        heartbeats = (self._pings, self._pongs, self.silences)
        return (*heartbeats, self.upgrades, self.closings, self._unfetched)


def _send_away(session: Session) -> None:
    session.send_away("server shutting down")


def _fail_silent(session: Session) -> None:
    session.fail("ping timeout")
