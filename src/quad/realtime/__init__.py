"""The engine: a fast Socket.IO server that knows nothing of what is said over it."""

from quad.realtime.errors import AckTimeout, BadPayload, Refused, TooManyEvents, UnknownEvent
from quad.realtime.payload import Payload

__all__ = ["AckTimeout", "BadPayload", "Payload", "Refused", "TooManyEvents", "UnknownEvent"]
