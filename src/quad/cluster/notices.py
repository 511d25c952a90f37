"""What nodes tell each other about the cluster: hints, for the database is the truth.

Each is one MessagePack array that begins with its tag; what another version cannot read is
dropped, and its next look at the tables says the same.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from quad.cluster.shards import SHARDS, Placing


class Look(Struct, frozen=True, array_like=True, tag=1):
    """Something has changed in the tables."""


class Moving(Struct, frozen=True, array_like=True, tag=2):
    """The sender takes nothing for these shards any more, and is about to hand them over."""

    shards: list[int]


class Moved(Struct, frozen=True, array_like=True, tag=3):
    """What is in the table now."""

    placings: list[Placing]


class Gone(Struct, frozen=True, array_like=True, tag=4):
    """A node is dead, as the table says, and this is where its shards are."""

    node: int
    placings: list[Placing]


Notice = Look | Moving | Moved | Gone

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Notice).decode


def encode(notice: Notice) -> bytes:
    """A notice as bytes."""
    return _encode(notice)


def decode(data: bytes) -> Notice | None:
    """The notice of the bytes; None for what this version cannot read."""
    try:
        notice: Notice = _decode(data)
    except (msgspec.MsgspecError, RecursionError):
        return None
    return notice if all(0 <= shard < SHARDS for shard in _shards_in(notice)) else None


def _shards_in(notice: Notice) -> list[int]:
    match notice:
        case Moving(shards):
            return shards
        case Moved(placings) | Gone(_, placings):
            return [placing.shard for placing in placings]
        case Look():
            return []
