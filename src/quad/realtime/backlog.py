"""What waits for a peer that does not read, and how much of it there is.

Some messages carry the same long bytes again and again: a chat as it is, with each of its messages.
Their frames keep those as one object, and what waits counts it once: that is what it costs.
"""

from collections import deque
from collections.abc import Iterable


class Shared(bytes):
    """Bytes that many frames have in common; the same object in each of them."""


class Backlog:
    """Frames, or parts of frames, in their order."""

    __slots__ = ("_parts", "_uses", "size_bytes")

    def __init__(self) -> None:
        self._parts: deque[bytes] = deque()
        # How many of the parts are the same shared object, by its id: it lives as long as they do.
        self._uses: dict[int, int] = {}
        self.size_bytes = 0
        """How many bytes wait; those that are shared count once."""

    def __bool__(self) -> bool:
        return bool(self._parts)

    def put(self, parts: Iterable[bytes]) -> None:
        """Let more wait."""
        for part in parts:
            self._parts.append(part)
            if type(part) is not Shared:
                self.size_bytes += len(part)
                continue
            uses = self._uses.get(id(part), 0)
            self._uses[id(part)] = uses + 1
            if not uses:
                self.size_bytes += len(part)

    def take(self, size_bytes: int) -> bytes:
        """The first parts, joined: so many bytes, or a little more, or what there is."""
        taken: list[bytes] = []
        left = size_bytes
        while self._parts and left > 0:
            part = self._parts.popleft()
            left -= len(part)
            taken.append(part)
            self._forget(part)
        return b"".join(taken)

    def _forget(self, part: bytes) -> None:
        if type(part) is Shared:
            uses = self._uses.pop(id(part))
            if uses > 1:
                self._uses[id(part)] = uses - 1
                return
        self.size_bytes -= len(part)
