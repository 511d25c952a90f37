"""The engine: a fast Socket.IO server that knows nothing of what is said over it."""

from quad.realtime.backlog import Shared
from quad.realtime.counters import Counters
from quad.realtime.delivery import Message, SharedMessage, Topic
from quad.realtime.drive import Finished
from quad.realtime.errors import (
    AckTimeout,
    BadPayload,
    ErrorPayload,
    HandshakeRefused,
    Refused,
    UnknownEvent,
)
from quad.realtime.events.client import Client
from quad.realtime.events.socketserver import SocketServer
from quad.realtime.http.admission import raise_descriptor_limit
from quad.realtime.http.door import Door
from quad.realtime.http.host import Elsewhere, Endpoint, Host
from quad.realtime.http.listening import listen, run, settle_garbage, stop_signal
from quad.realtime.http.site import Site, request_of
from quad.realtime.http.streams import Streams
from quad.realtime.options import EngineOptions
from quad.realtime.payload import Payload
from quad.realtime.raw.application import RawApplication
from quad.realtime.raw.connection import RawConnection
from quad.realtime.raw.moved import MovedConnection, Socket
from quad.realtime.raw.rawserver import RawServer
from quad.realtime.sessions.engine import Application, Engine
from quad.realtime.sessions.listener import Listener
from quad.realtime.sessions.session import Session

__all__ = [
    "AckTimeout",
    "Application",
    "BadPayload",
    "Client",
    "Counters",
    "Door",
    "Elsewhere",
    "Endpoint",
    "Engine",
    "EngineOptions",
    "ErrorPayload",
    "Finished",
    "HandshakeRefused",
    "Host",
    "Listener",
    "Message",
    "MovedConnection",
    "Payload",
    "RawApplication",
    "RawConnection",
    "RawServer",
    "Refused",
    "Session",
    "Shared",
    "SharedMessage",
    "Site",
    "Socket",
    "SocketServer",
    "Streams",
    "Topic",
    "UnknownEvent",
    "listen",
    "raise_descriptor_limit",
    "request_of",
    "run",
    "settle_garbage",
    "stop_signal",
]
