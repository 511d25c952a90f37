"""Everything that nearby declines, each with its stable code and its HTTP status.

NearbyRefused
├── BadInput         400  a value that is not allowed; nothing was changed
│   └── Unknown      400  nobody, or nothing, has this id
├── NotAllowed       401  the password is wrong or missing
├── WrongPassword    401  the same, where a page of ours has asked for it
├── WrongToken       401  the token of a session is wrong, missing, or over
├── TooManyTries     429  too many wrong tokens or passwords
├── TooOften         429  more of one person than they may in a second
└── CannotSave       503  the database does not answer
"""

import math
from typing import ClassVar

from quad.realtime import Refused
from quad.store import sentence_for_clients


class NearbyRefused(Refused):
    """A refusal of nearby; `status` is what HTTP says."""

    status: ClassVar[int]


class BadInput(NearbyRefused):
    """A value is not allowed; the sentence names it."""

    code = "bad_input"
    status = 400


class Unknown(BadInput):
    """There is nothing, or nobody, with this id."""

    code = "unknown"

    def __init__(self, kind: str, id: str) -> None:
        super().__init__(f"there is no {kind} {id!r}")


class NobodyKnown(Unknown):
    """A message is for people of whom not one is known."""

    def __init__(self, user_ids: list[str]) -> None:
        BadInput.__init__(self, f"Unknown: {', '.join(user_ids)}")


class NotAllowed(NearbyRefused):
    """The password is wrong, or missing."""

    code = "not_allowed"
    status = 401


class WrongPassword(NearbyRefused):
    """The password is wrong; browsers must not ask for it themselves."""

    code = "wrong_password"
    status = 401

    def __init__(self) -> None:
        super().__init__("the password is wrong")


class WrongToken(NearbyRefused):
    """The token is not one of this person's sessions, or is over."""

    code = "wrong_token"
    status = 401

    def __init__(self) -> None:
        super().__init__("the token is wrong or missing, log in again")


class TooManyTries(NearbyRefused):
    """Too many wrong tokens or passwords; `retry_after_s` says when to try again."""

    code = "rate_limited"
    status = 429

    def __init__(self, retry_after_s: float) -> None:
        seconds = max(1, round(retry_after_s))
        super().__init__(f"too many wrong tries, try again in {seconds} s", retry_after_s=seconds)


class TooOften(NearbyRefused):
    """More than one person may in a second; `retry_after_s` says when to try again."""

    code = "rate_limited"
    status = 429

    def __init__(self, what: str, retry_after_s: float) -> None:
        seconds = max(1, math.ceil(retry_after_s))
        super().__init__(
            f"too many {what} of one person, try again in {seconds} s", retry_after_s=seconds
        )


class CannotSave(NearbyRefused):
    """The database does not answer. Nothing was changed, if `error` is not one of doubt."""

    code = "store_unavailable"
    status = 503

    def __init__(self, error: BaseException | None = None) -> None:
        super().__init__(sentence_for_clients(error, "this cannot be saved right now, try again"))
