"""What nearby declines of its own; the rest is in `quad.refusals`.

HttpRefused
├── Unknown
│   └── NobodyKnown  400  a message is for people of whom not one is known
├── WrongToken       401  the token of a session is wrong, missing, or over
└── TooOften         429  more of one person than they may in a second
"""

import math

from quad.refusals import BadInput, HttpRefused, Unknown


class NobodyKnown(Unknown):
    """A message is for people of whom not one is known."""

    def __init__(self, user_ids: list[str]) -> None:
        BadInput.__init__(self, f"Unknown: {', '.join(user_ids)}")


class WrongToken(HttpRefused):
    """The token is not one of this person's sessions, or is over."""

    code = "wrong_token"
    status = 401

    def __init__(self) -> None:
        super().__init__("the token is wrong or missing, log in again")


class TooOften(HttpRefused):
    """More than one person may in a second; `retry_after_s` says when to try again."""

    code = "rate_limited"
    status = 429

    def __init__(self, what: str, retry_after_s: float) -> None:
        seconds = max(1, math.ceil(retry_after_s))
        super().__init__(
            f"too many {what} of one person, try again in {seconds} s", retry_after_s=seconds
        )
