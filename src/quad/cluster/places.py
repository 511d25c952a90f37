"""Where a request is answered: by the id of its session, or by the thing that it is about.

?sid=AAEC…  of an engine  the node whose tag the id begins with; of a dead one: here, where nobody
                          knows the id, and the client begins anew
anything else with a key  the home of the key
the rest                  here
"""

import base64
from collections.abc import Callable
from typing import Final

from quad.realtime.http.polling import Scope
from quad.realtime.http.request import parse_query

NOWHERE: Final = -1
"""In place of a node: the thing has no home at this moment."""

_TAG_BYTES: Final = 3
_TAG_LENGTH: Final = 4


def tag_of(node: int) -> str:
    """How the ids of sessions of a node begin: four characters that stand in every URL."""
    number = node % 256**_TAG_BYTES
    return base64.urlsafe_b64encode(number.to_bytes(_TAG_BYTES, "big")).decode()


class Places:
    """Which node answers what."""

    def __init__(
        self,
        me: int,
        *,
        engine_paths: frozenset[str],
        key_of: Callable[[Scope], str | None],
        home_of: Callable[[str], int | None],
    ) -> None:
        """`key_of` says what a request is about, `home_of` where that lives; None: nowhere now."""
        self.me = me
        """This node; another one after it had to join anew."""
        self._engine_paths = frozenset(path.rstrip("/") for path in engine_paths)
        self._key_of = key_of
        self._home_of = home_of
        self._nodes: dict[str, int] = {}

    def add(self, node: int) -> None:
        """There is such a node."""
        self._nodes[tag_of(node)] = node

    def remove(self, node: int) -> None:
        """It is dead."""
        if self._nodes.get(tag_of(node)) == node:
            del self._nodes[tag_of(node)]

    def node_of(self, scope: Scope) -> int | None:
        """The other node that answers a request; None: this one does. NOWHERE: nobody, now."""
        if self._is_of_engine(scope):
            return self._node_of_session(scope["query_string"])
        key = self.key_of(scope)
        if key is None:
            return None
        home = self._home_of(key)
        if home is None:
            return NOWHERE
        return None if home == self.me else home

    def key_of(self, scope: Scope) -> str | None:
        """What a request is about; None: nothing that has a home."""
        return None if self._is_of_engine(scope) else self._key_of(scope)

    def _is_of_engine(self, scope: Scope) -> bool:
        return scope["path"].rstrip("/") in self._engine_paths

    def _node_of_session(self, query: bytes) -> int | None:
        if b"sid=" not in query:
            return None  # a new one
        sid = parse_query(query).get("sid", "")
        node = self._nodes.get(sid[:_TAG_LENGTH])
        return None if node == self.me else node
