"""Everything that the chat declines, each with its stable code."""

from quad import refusals
from quad.realtime import BadPayload, Refused


class BadValue(BadPayload):
    """A key holds a value of the right type that is not allowed."""

    def __init__(self, key: str, why: str) -> None:
        super().__init__(f"'{key}' {why}")


class NotRegistered(Refused):
    """The connection has to `register` first."""

    code = "not_registered"

    def __init__(self) -> None:
        super().__init__("register first")


class TokenRequired(Refused):
    """The phone belongs to somebody who has a token."""

    code = "token_required"

    def __init__(self) -> None:
        super().__init__("this phone can be registered only with its token")


class WrongToken(Refused):
    """The token is not the one of this phone."""

    code = "wrong_token"

    def __init__(self) -> None:
        super().__init__("the token is not the one of this phone")


class PhoneInUse(Refused):
    """Original clients use the phone; the administrator can hand it over."""

    code = "phone_in_use"

    def __init__(self) -> None:
        super().__init__(
            "this phone is in use without a token: the administrator can hand it over with a code"
        )


class LoggedOut(Refused):
    """The token was reset, or the phone handed over, on another connection."""

    code = "logged_out"

    def __init__(self) -> None:
        super().__init__("this phone has a new token: log in with it")


class TooManyTries(Refused):
    """Somebody tries phones, names or tokens; `retry_after_s` says when to go on."""

    code = "rate_limited"

    def __init__(self, wait_s: float) -> None:
        retry_after_s = round(wait_s, 1)
        super().__init__(
            f"too many wrong tries: try again in {retry_after_s} s", retry_after_s=retry_after_s
        )


class UnknownPhone(Refused):
    """Nobody has registered this phone."""

    code = "unknown_phone"

    def __init__(self, phone: str) -> None:
        super().__init__(f"nobody is registered with the phone {phone}")


class NameTaken(Refused):
    """There is a chat of that name already."""

    code = "name_taken"

    def __init__(self, name: str) -> None:
        super().__init__(f"there is a chat {name!r} already")


class NotMember(Refused):
    """Whoever asks, or is asked for, is not in the chat; perhaps there is no such chat."""

    code = "not_a_member"

    def __init__(self, who: str, name: str) -> None:
        super().__init__(f"{who} not a member of a chat {name!r}")


class AlreadyMember(Refused):
    """Whoever is to be added is in the chat."""

    code = "already_a_member"

    def __init__(self, phone: str, name: str) -> None:
        super().__init__(f"{phone} is a member of the chat {name!r} already")


class NotOwner(Refused):
    """Only the owner of the chat may do this."""

    code = "not_the_owner"

    def __init__(self, name: str) -> None:
        super().__init__(f"only the owner of the chat {name!r} may do this")


class TextTooLong(Refused):
    """The text is over the limit."""

    code = "text_too_long"

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"the text has more than {limit_bytes} bytes", limit="text_limit_bytes")


class LimitReached(Refused):
    """One chat, or one user, has as many of something as is allowed."""

    code = "limit_reached"

    def __init__(self, sentence: str, setting: str) -> None:
        super().__init__(sentence, limit=setting)


class CannotSave(refusals.CannotSave):
    """The database does not answer; the chat's clients have always known it by this code."""

    code = "cannot_save"
    sentence = "this cannot be saved now, try again later"
