"""Declared refusals: what a handler may answer instead of doing what was asked.

    Refused
    ├── BadPayload         the arguments do not fit the event's payload
    ├── UnknownEvent       no handler has this name here
    ├── Internal           a bug, told as a refusal
    ├── Cancelled          the server has ended before the handler had
    └── (one per rule of an application, with its own `code`)

A `Refused` is translated to the wire once, by the server that called the handler.
Everything else that a handler raises is a bug: logged with a traceback and an id, and the
client is told the id.
"""

from collections.abc import Mapping
from typing import ClassVar

from msgspec import UNSET, Struct, UnsetType


class Refused(Exception):
    """The request was understood and is declined; nothing has changed, unless the sentence says so.

    `str(refused)` is a sentence for people. `code` is stable and for programs. `details` are
    further keys of the answer, such as the seconds after which to try again.
    """

    code: ClassVar[str] = "refused"

    def __init__(self, sentence: str, **details: object) -> None:
        super().__init__(sentence)
        self.details = details


class BadPayload(Refused):
    """The arguments of an event are not what its handler declares; the sentence names the key."""

    code = "bad_payload"


class UnknownEvent(Refused):
    """The application has no handler of that name."""

    code = "unknown_event"


class Internal(Refused):
    """A bug; `id` finds it in the log."""

    code = "internal"


class Cancelled(Refused):
    """The server ends, and the handler took longer than that may."""

    code = "cancelled"


class ErrorPayload(Struct, frozen=True):
    """What the `error` event carries, and the acknowledgement of the event that was declined.

    The keys after `code` are those of some refusals: an application may add others of its own.
    """

    message: str
    event: str
    code: str
    retry_after_s: float | UnsetType = UNSET
    limit: str | UnsetType = UNSET
    id: str | UnsetType = UNSET
    by: str | UnsetType = UNSET
    rev: int | UnsetType = UNSET


class HandshakeRefused(Exception):
    """A request that is not served: an HTTP status and a code of Engine.IO's protocol.

    `headers` belong to the answer, beside those of its body.
    """

    def __init__(
        self, code: int, message: str, status: int = 400, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.headers = headers or {}


class AckTimeout(Exception):
    """The client did not acknowledge in time, or left before it did."""
