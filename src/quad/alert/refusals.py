"""Everything that alert declines, each with its stable code.

Refused
├── BadPayload
│   ├── BadName      missing, empty, too long, or more than one line
│   ├── BadRoom      likewise
│   ├── BadText      likewise
│   ├── BadKey       likewise
│   └── BadQuery     a parameter of an address is not what it should be
├── NotInRoom        said something, or left, before joining
└── TooManyPosts     an address has posted too much
"""

from typing import ClassVar, Literal

from quad.realtime import BadPayload, Refused
from quad.refusals import HttpRefused

Reason = Literal["empty", "long", "characters"]


class BadInput(BadPayload):
    """A value that is not allowed; `key` says which, `reason` why."""

    key: ClassVar[str]

    def __init__(self, sentence: str, *, reason: Reason) -> None:
        super().__init__(sentence)
        self.reason: Reason = reason


class BadName(BadInput):
    """No name, or not one that can be shown."""

    code = "bad_name"
    key = "name"


class BadRoom(BadInput):
    """No code of a room, or not one that can be shown."""

    code = "bad_room"
    key = "room"


class BadText(BadInput):
    """Nothing to say, or too much."""

    code = "bad_text"
    key = "msg"


class BadKey(BadInput):
    """No key for a message, or too long a one."""

    code = "bad_key"
    key = "key"


class BadQuery(BadPayload):
    """A parameter of an address that cannot be used."""


class NotInRoom(Refused):
    """The sender is in no room."""

    code = "not_in_room"

    def __init__(self) -> None:
        super().__init__("You are in no room, join one first!")


class TooManyPosts(HttpRefused):
    """An address has posted too much; `retry_after_s` says when to go on."""

    code = "rate_limited"
    status = 429

    def __init__(self, retry_after_s: float) -> None:
        seconds = max(1, round(retry_after_s))
        super().__init__(f"Too many messages, try again in {seconds} s!", retry_after_s=seconds)
