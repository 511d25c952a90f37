"""Changes by HTTP that are under way where their thing is at home: what moves waits for them.

An event is waited for from the moment it comes. A request counts from the end of its body on, for a
client may take as long as it likes for that; then it is asked once more whether the thing is still
at home here.
"""

from collections import Counter
from collections.abc import Callable, MutableMapping
from typing import Any, Final

from quad.cluster.scopes import has_body
from quad.cluster.shards import shard_of
from quad.realtime.http.host import Application
from quad.realtime.http.polling import Receive, Scope, Send
from quad.refusals import Unavailable

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing (RFC 9110, section 9.2.1)."""


class Changes:
    """Counts the requests that may change something, by the shard of what they are about."""

    def __init__(
        self, key_of: Callable[[Scope], str | None], is_open: Callable[[str], bool]
    ) -> None:
        """`key_of` says what a request is about, `is_open` whether that is at home here."""
        self._key_of = key_of
        self._is_open = is_open
        self._under_way: Counter[int] = Counter()

    def counted(self, application: Application) -> Application:
        """The application, whose changes are counted. It answers Unavailable as a refusal."""

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            is_change = scope["type"] == "http" and scope["method"] not in SAFE
            key = self._key_of(scope) if is_change else None
            if key is None:
                await application(scope, receive, send)
                return
            change = _Change(self, key, receive)
            if not has_body(scope):
                change.begin()
            try:
                await application(scope, change.receive, send)
            finally:
                change.end()

        return answer

    def is_under_way(self, shards: frozenset[int]) -> bool:
        """Whether something is being changed in any of these shards."""
        return any(self._under_way[shard] for shard in shards)

    def begin(self, key: str) -> None:
        """Raises Unavailable if the thing has moved, or is moving."""
        if not self._is_open(key):
            raise Unavailable
        self._under_way[shard_of(key)] += 1

    def end(self, key: str) -> None:
        """It is done, or was not possible."""
        self._under_way[shard_of(key)] -= 1


class _Change:
    """One request."""

    def __init__(self, changes: Changes, key: str, receive: Receive) -> None:
        self._changes = changes
        self._key = key
        self._receive = receive
        self._has_begun = False

    async def receive(self) -> MutableMapping[str, Any]:
        """ASGI: the body, and that the client has left."""
        message = await self._receive()
        if message["type"] == "http.request" and not message.get("more_body"):
            self.begin()
        return message

    def begin(self) -> None:
        """All of it is here."""
        if not self._has_begun:
            self._changes.begin(self._key)
            self._has_begun = True

    def end(self) -> None:
        """It is answered."""
        if self._has_begun:
            self._changes.end(self._key)
