"""Refusals that several systems share, and what HTTP says when one is the answer.

HttpRefused
├── BadInput         400  a value that is not allowed; nothing was changed
│   └── Unknown      400  nobody, or nothing, has this id
├── NotAllowed       401  the password is wrong or missing
├── WrongPassword    401  the same, where a page of ours has asked for it
├── CrossSite        403  a page of another site has made a browser send it
├── TooManyTries     429  too many wrong tokens or passwords
├── CannotSave       503  the database does not answer
└── Unavailable      503  the node where it belongs cannot be reached, or is moving it
"""

from typing import ClassVar, Final

from quad.realtime import Refused
from quad.store import sentence_for_clients

OTHER_SITES: Final = (
    "pages of other sites may not do this; if the page is this server's own, a proxy changes Host "
    "on the way: keep it, or set server.public_url"
)


class HttpRefused(Refused):
    """A refusal of which HTTP, too, has a word: `status`."""

    status: ClassVar[int]


class BadInput(HttpRefused):
    """A value is not allowed; the sentence names it."""

    code = "bad_input"
    status = 400


class Unknown(BadInput):
    """There is nothing, or nobody, with this id."""

    code = "unknown"

    def __init__(self, kind: str, id: str) -> None:
        super().__init__(f"there is no {kind} {id!r}")


class NotAllowed(HttpRefused):
    """The password is wrong, or missing."""

    code = "not_allowed"
    status = 401


class WrongPassword(HttpRefused):
    """The password is wrong; browsers must not ask for it themselves."""

    code = "wrong_password"
    status = 401

    def __init__(self) -> None:
        super().__init__("the password is wrong")


class CrossSite(HttpRefused):
    """A page of another site has made a browser send this."""

    code = "cross_site"
    status = 403

    def __init__(self, sentence: str = OTHER_SITES) -> None:
        super().__init__(sentence)


class TooManyTries(HttpRefused):
    """Too many wrong tokens or passwords; `retry_after_s` says when to try again."""

    code = "rate_limited"
    status = 429

    def __init__(self, retry_after_s: float) -> None:
        seconds = max(1, round(retry_after_s))
        super().__init__(f"too many wrong tries, try again in {seconds} s", retry_after_s=seconds)


class CannotSave(HttpRefused):
    """The database does not answer. Nothing was changed, if `error` is not one of doubt."""

    code = "store_unavailable"
    status = 503
    sentence: ClassVar[str] = "This cannot be saved right now, try again!"

    def __init__(self, error: BaseException | None = None) -> None:
        super().__init__(sentence_for_clients(error, self.sentence))


class Unavailable(HttpRefused):
    """The place where this is handled cannot be reached right now. Nothing was changed."""

    code = "unavailable"
    status = 503

    def __init__(self, retry_after_s: int = 1) -> None:
        super().__init__("This part of the server is away, try again!", retry_after_s=retry_after_s)
