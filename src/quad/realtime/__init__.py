"""The engine: a fast Socket.IO server that knows nothing of what is said over it."""

from quad.realtime.admission import raise_descriptor_limit
from quad.realtime.backlog import Shared
from quad.realtime.client import Client
from quad.realtime.counters import Counters
from quad.realtime.delivery import Message, SharedMessage, Topic
from quad.realtime.door import Door
from quad.realtime.drive import Finished
from quad.realtime.engine import Application, Engine
from quad.realtime.errors import (
    AckTimeout,
    BadPayload,
    ErrorPayload,
    HandshakeRefused,
    Refused,
    UnknownEvent,
)
from quad.realtime.host import Elsewhere, Endpoint, Host
from quad.realtime.listener import Listener
from quad.realtime.listening import listen, run, settle_garbage, stop_signal
from quad.realtime.options import EngineOptions
from quad.realtime.payload import Payload
from quad.realtime.raw import RawConnection
from quad.realtime.rawserver import RawApplication, RawServer
from quad.realtime.session import Session
from quad.realtime.site import Site, request_of
from quad.realtime.socketserver import SocketServer
from quad.realtime.streams import Streams

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
    "Payload",
    "RawApplication",
    "RawConnection",
    "RawServer",
    "Refused",
    "Session",
    "Shared",
    "SharedMessage",
    "Site",
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
