"""Who asks over HTTP: whoever shows a teacher's key, or the token of a place, as a bearer."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, Final

from litestar import Response

from quad.classroom.entering.keys import Keys
from quad.classroom.entering.secrets import Teacher
from quad.classroom.refusals import HTTP_STATUSES, TooLarge, TooManyFailedJoins, WrongBearerKey
from quad.http import NO_STORE, AnyRequest, Refusal, bearer_of
from quad.identity.guesses import Guesses
from quad.realtime import Refused, request_of
from quad.refusals import HttpRefused, TooManyTries


class Bearers:
    """Finds out whose key it is."""

    def __init__(self, keys: Keys, guesses: Guesses | None) -> None:
        self._keys: Final = keys
        self._guesses: Final = guesses

    async def teacher(self, request: AnyRequest) -> Teacher:
        """Whose key the request shows; raises WrongBearerKey, TooManyTries, CannotSave."""
        visit = request_of(request.scope)
        key = bearer_of(visit.headers)
        teacher = None if key is None else await self._keys.find(key)
        if teacher is None:
            raise refused(self._guesses, visit.address, WrongBearerKey())
        return teacher


def refused(guesses: Guesses | None, address: str, wrong: HttpRefused) -> HttpRefused:
    """What to raise for what is wrong: it counts as a guess."""
    try:
        with nullcontext() if guesses is None else guesses.request(address):
            raise wrong
    except TooManyFailedJoins as too_many:
        return TooManyTries(float(str(too_many.details["retry_after_s"])))
    except HttpRefused as known:
        return known


async def body_of(request: AnyRequest, limit_bytes: int, what: str) -> bytes:
    """The body, of which no more than that is ever kept; raises TooLarge."""
    chunks: list[bytes] = []
    size_bytes = 0
    if int(request.headers.get("content-length", "0")) > limit_bytes:
        raise TooLarge(f"{what} of more than {limit_bytes} bytes")
    async for chunk in request.stream():
        size_bytes += len(chunk)
        if size_bytes > limit_bytes:
            raise TooLarge(f"{what} of more than {limit_bytes} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


def explain(_request: AnyRequest, declined: Refused) -> Response[Refusal]:
    """What the classroom declines over sockets as well, in the words of HTTP."""
    headers = dict(NO_STORE)
    if "retry_after_s" in declined.details:
        headers["Retry-After"] = str(declined.details["retry_after_s"])
    status = HTTP_STATUSES.get(declined.code, 400)
    return Response(Refusal(str(declined), declined.code), status_code=status, headers=headers)


EXPLAINED: Final[dict[int | type[Exception], Callable[..., Response[Any]]]] = {Refused: explain}
"""The `exception_handlers` of a route; the router's know refusals that have a status already."""
